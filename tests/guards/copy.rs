//! The copy in which guards can be removed.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use super::guard::Guard;

/// Names the guard that a process goes without.
pub const REMOVED: &str = "REMOVED_GUARD";

/// What the operator's crate asks; in place of `VARIABLE` goes [`REMOVED`].
const SWITCH: &str = r#"

/// Whether the guard `name` is removed from this process.
#[must_use]
pub fn guard_is_removed(name: &str) -> bool {
    static REMOVED: std::sync::LazyLock<Option<String>> =
        std::sync::LazyLock::new(|| std::env::var("VARIABLE").ok());
    REMOVED.as_deref() == Some(name)
}
"#;

/// Where the copy is and where it is built.
pub struct Place {
    root: PathBuf,
    /// The copy.
    pub tree: PathBuf,
    /// What is built of it.
    pub target: PathBuf,
    /// Where what was built of dependencies is.
    pub built: PathBuf,
}

impl Place {
    pub fn of(root: &Path, target: &Path) -> Self {
        Self {
            root: root.to_owned(),
            tree: target.join("guards/tree"),
            target: target.join("guards/target"),
            built: target.to_owned(),
        }
    }
}

/// Makes the copy what the tree is, with all `guards` rewritten. What is the same already is left as it is, so that it is not built anew.
pub fn copy(place: &Place, guards: &[Guard]) {
    let files = files(&place.root);
    for file in &files {
        let text = fs::read(place.root.join(file)).unwrap();
        write(&place.tree.join(file), &rewrite(file, text, guards));
    }
    for file in self::files(&place.tree).difference(&files) {
        fs::remove_file(place.tree.join(file)).unwrap();
    }
}

/// What is built of the copy lies beside what is built of the tree, so that both can use what is built of dependencies. Cargo tells packages in a workspace
/// apart by name and version, and with one version would build each anew after the other.
fn with_another_version(manifest: &str) -> String {
    const VERSION: &str = "[workspace.package]\nversion = \"";
    let (before, rest) = manifest
        .split_once(VERSION)
        .expect("the workspace has a version");
    let (version, after) = rest.split_once('"').expect("it ends");
    format!("{before}{VERSION}{version}-guards\"{after}")
}

fn rewrite(file: &Path, text: Vec<u8>, guards: &[Guard]) -> Vec<u8> {
    if file == Path::new("Cargo.toml") {
        let manifest = String::from_utf8(text).unwrap();
        return with_another_version(&manifest).into();
    }
    let edits = guards
        .iter()
        .flat_map(|guard| guard.edits.iter().map(move |edit| (guard.name, edit)));
    let mut edits = edits
        .filter(|(_, edit)| Path::new(edit.file) == file)
        .peekable();
    let is_root = file == Path::new("src/lib.rs");
    if edits.peek().is_none() && !is_root {
        return text;
    }
    let code = String::from_utf8(text).unwrap();
    let code = edits.fold(code, |code, (name, edit)| edit.apply(&code, name).unwrap());
    if is_root {
        (code + &SWITCH.replace("VARIABLE", REMOVED)).into()
    } else {
        code.into()
    }
}

fn write(path: &Path, text: &[u8]) {
    if fs::read(path).is_ok_and(|found| found == text) {
        return;
    }
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(path, text).unwrap();
}

/// All files under `root`, without what is built and what is hidden.
fn files(root: &Path) -> BTreeSet<PathBuf> {
    let mut files = BTreeSet::new();
    let mut folders = vec![root.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).into_iter().flatten() {
            let path = entry.unwrap().path();
            let name = path.file_name().unwrap().to_string_lossy().into_owned();
            let kind = fs::symlink_metadata(&path).unwrap().file_type();
            let is_built = name == "target" && path.parent() == Some(root);
            if name.starts_with('.') || is_built || kind.is_symlink() {
                continue;
            }
            if kind.is_dir() {
                folders.push(path);
            } else {
                files.insert(path.strip_prefix(root).unwrap().to_owned());
            }
        }
    }
    files
}
