//! Man pages, as a formatter reads them.

use std::process::Command;

use crate::{cloud_init, err};

fn pages() -> (tempfile::TempDir, Vec<std::path::PathBuf>) {
    let directory = tempfile::tempdir().expect("a directory");
    let made = cloud_init(&["generate", "man", &directory.path().display().to_string()]);
    assert!(made.status.success(), "{}", err(&made));
    let entries = std::fs::read_dir(directory.path()).expect("a directory");
    let pages: Vec<_> = entries.map(|entry| entry.expect("an entry").path()).collect();
    assert!(pages.len() > 25, "{pages:?}");
    (directory, pages)
}

#[test]
#[ignore = "needs mandoc"]
fn mandoc_has_no_warning() {
    let (_directory, pages) = pages();
    let linted = Command::new("mandoc").args(["-T", "lint", "-W", "warning"]).args(pages).output();
    let linted = linted.expect("mandoc runs");
    assert!(linted.status.success(), "{}{}", String::from_utf8_lossy(&linted.stdout), err(&linted));
}

/// A page that SEE ALSO names exists, and the date of all is that of the package.
#[test]
fn pages_refer_to_each_other_and_have_the_date_of_the_release() {
    let (directory, pages) = pages();
    let changelog = tests::workspace().join("packaging/debian/changelog");
    let changelog = std::fs::read_to_string(changelog).expect("readable");
    // As in "Thu, 01 Jan 2026 00:00:00 +0000".
    let date =
        changelog.lines().find_map(|line| line.strip_prefix(" -- ")?.split(", ").nth(1)).expect("a date");
    let words: Vec<&str> = date.split(' ').collect();
    let months = "Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec";
    let month = months.split(' ').position(|month| month == words[1]).expect("a month") + 1;
    let date = format!("{}-{month:02}-{}", words[2], words[0]);
    for page in pages {
        let text = std::fs::read_to_string(&page).expect("readable");
        let title = text.lines().next().unwrap_or_default();
        assert_eq!(title.split(' ').nth(3), Some(date.as_str()), "{title}");
        let (_, related) = text.split_once(".SH \"SEE ALSO\"\n").expect("the section");
        for name in related.lines().filter_map(|line| line.strip_prefix("\\fB")?.split("\\fR(1)").next()) {
            let name = name.replace("\\-", "-");
            let exists = directory.path().join(format!("{name}.1")).exists();
            assert!(exists || name == "systemd-analyze" || name.contains("\\fR(7)"), "{title}: {name}");
        }
    }
}
