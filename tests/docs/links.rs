//! Links of Markdown files to other files of the source tree.

use std::fs;
use std::path::{Path, PathBuf};

/// Every link that leads to no file or heading, as `file: link`.
pub fn broken(root: &Path) -> Vec<String> {
    let found = pages(root).into_iter().flat_map(|page| {
        let text = fs::read_to_string(&page).unwrap();
        let broken = targets(&text).into_iter().filter({
            let page = page.clone();
            move |target| !leads_somewhere(&page, target)
        });
        broken
            .map(move |target| format!("{}: {target}", page.display()))
            .collect::<Vec<_>>()
    });
    found.collect()
}

fn pages(root: &Path) -> Vec<PathBuf> {
    let mut folders = vec![root.join("docs"), root.join("charts")];
    let mut pages = in_folder(root)
        .into_iter()
        .filter(|path| path.is_file())
        .collect::<Vec<_>>();
    while let Some(folder) = folders.pop() {
        let (inner, files): (Vec<_>, Vec<_>) = in_folder(&folder)
            .into_iter()
            .partition(|path| path.is_dir());
        folders.extend(inner);
        pages.extend(files);
    }
    pages.retain(|path| path.extension().is_some_and(|extension| extension == "md"));
    pages
}

fn in_folder(folder: &Path) -> Vec<PathBuf> {
    fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .collect()
}

/// What stands in `](...)` outside of code, addresses on the web left out.
fn targets(text: &str) -> Vec<String> {
    let prose: String = text.split('`').step_by(2).collect();
    let links = prose
        .split("](")
        .skip(1)
        .filter_map(|rest| rest.split(')').next());
    links
        .filter(|target| !target.contains("://"))
        .map(str::to_owned)
        .collect()
}

fn leads_somewhere(page: &Path, target: &str) -> bool {
    let (file, heading) = target.split_once('#').unwrap_or((target, ""));
    let file = if file.is_empty() {
        page.to_owned()
    } else {
        page.with_file_name(file)
    };
    file.exists()
        && (heading.is_empty()
            || fs::read_to_string(file).is_ok_and(|text| has_heading(&text, heading)))
}

/// Whether a heading of `text` has the anchor that GitHub gives it.
fn has_heading(text: &str, anchor: &str) -> bool {
    let headings = text
        .lines()
        .filter(|line| line.starts_with('#'))
        .map(|line| line.trim_start_matches('#').trim());
    headings.map(anchor_of).any(|found| found == anchor)
}

fn anchor_of(heading: &str) -> String {
    let kept = heading
        .chars()
        .filter(|c| c.is_alphanumeric() || matches!(c, ' ' | '-' | '_'));
    kept.collect::<String>().to_lowercase().replace(' ', "-")
}

#[test]
fn a_link_is_followed_to_its_heading() {
    let folder = tempfile::tempdir().unwrap();
    fs::create_dir_all(folder.path().join("docs")).unwrap();
    fs::create_dir_all(folder.path().join("charts")).unwrap();
    fs::write(folder.path().join("docs/a.md"), "# Who may call\n").unwrap();
    fs::write(
        folder.path().join("README.md"),
        "[a](docs/a.md#who-may-call) [b](docs/b.md) [c](docs/a.md#nobody) [d](https://example.com) `[e](f)`",
    )
    .unwrap();
    let broken = broken(folder.path());
    assert_eq!(broken.len(), 2, "{broken:?}");
    assert!(
        broken[0].ends_with("docs/b.md") && broken[1].ends_with("#nobody"),
        "{broken:?}"
    );
}
