//! The tests that docs/faults.md names.

use std::fs;
use std::path::Path;

/// Names of tests and files in the page that are not there.
pub fn missing(root: &Path) -> Vec<String> {
    let page = fs::read_to_string(root.join("docs/faults.md")).unwrap();
    let code = ["src", "tests"].map(|folder| source(&root.join(folder)));
    let code = code.concat();
    let named = page.split('`').skip(1).step_by(2);
    let is_there = |name: &str| {
        if name.contains('/') {
            root.join(name).exists()
        } else {
            !name.contains('_') || code.contains(&format!("fn {name}("))
        }
    };
    named
        .filter(|&name| !is_there(name))
        .map(str::to_owned)
        .collect()
}

/// Everything that is written in Rust below `folder`.
fn source(folder: &Path) -> String {
    let mut text = String::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            text += &source(&path);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            text += &fs::read_to_string(path).unwrap();
        }
    }
    text
}
