//! The reference: its pages are what the program makes, and each example in them is valid and can be planned.
#![allow(clippy::disallowed_methods, reason = "a test reads the tree and runs the program")]

mod plans;

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use tests::{program, workspace};

/// The files below a directory by their names.
fn files(directory: &Path) -> BTreeMap<String, String> {
    let mut found = BTreeMap::new();
    let mut open = vec![directory.to_owned()];
    while let Some(next) = open.pop() {
        for entry in
            fs::read_dir(&next).unwrap_or_else(|error| panic!("{}: {error}", next.display())).flatten()
        {
            let path = entry.path();
            if path.is_dir() {
                open.push(path);
            } else {
                let name = path.strip_prefix(directory).expect("below it").display().to_string();
                found.insert(name, fs::read_to_string(&path).expect("text"));
            }
        }
    }
    found
}

#[test]
fn the_pages_are_what_the_program_makes() {
    let made = tempfile::tempdir().expect("a directory");
    let directory = made.path().to_str().expect("a name");
    let output = tests::run(program(), &["generate", "reference", directory]);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let (made, committed) = (files(made.path()), files(&workspace().join("docs/reference")));
    let stale: Vec<&String> =
        made.keys().chain(committed.keys()).filter(|name| made.get(*name) != committed.get(*name)).collect();
    assert!(
        stale.is_empty(),
        "stale pages in docs/reference: {stale:?}; run `cloud-init generate reference docs/reference`, and remove \
         those that it does not make"
    );
}

/// Links to files in Markdown.
fn links(text: &str) -> impl Iterator<Item = &str> {
    text.split("](").skip(1).filter_map(|rest| rest.split(')').next()).filter(|link| !link.contains("://"))
}

#[test]
fn every_link_between_pages_leads_somewhere() {
    let root = workspace().join("docs");
    for (name, text) in files(&root).iter().filter(|(name, _)| name.ends_with(".md")) {
        let page = root.join(name);
        for link in links(text).map(|link| link.split('#').next().unwrap_or_default()) {
            let target = page.parent().expect("a directory").join(link);
            assert!(link.is_empty() || target.exists(), "{name}: {link} is not there");
        }
    }
}

fn examples() -> Vec<PathBuf> {
    let directory = workspace().join("modules/examples");
    let mut paths: Vec<PathBuf> =
        fs::read_dir(directory).expect("examples").flatten().map(|entry| entry.path()).collect();
    paths.sort();
    paths
}

#[test]
fn every_module_has_an_example_and_every_example_a_module() {
    let schema = modules::cloud_config_schema();
    let mut shown = 0;
    for entry in modules::catalog::modules() {
        let texts: Vec<&str> = modules::catalog::examples(entry.name).collect();
        assert!(!texts.is_empty(), "no example of {}", entry.name);
        let keys = &schema["$defs"][format!("cc_{}", entry.name)]["properties"];
        let keys: Vec<&String> = keys.as_object().into_iter().flatten().map(|(key, _)| key).collect();
        for text in &texts {
            let uses = keys.iter().any(|key| text.lines().any(|line| line.starts_with(&format!("{key}:"))));
            assert!(keys.is_empty() || uses, "an example of {} has none of its keys", entry.name);
        }
        shown += texts.len();
    }
    shown += modules::catalog::examples("base").count();
    assert_eq!(shown, examples().len(), "examples that no page shows");
}

#[test]
fn every_example_is_valid_and_has_nothing_old_in_it() {
    for path in examples() {
        let output = tests::run(program(), &["schema", "-c", path.to_str().expect("a name")]);
        let told = [output.stdout, output.stderr].concat();
        let told = String::from_utf8_lossy(&told);
        assert_eq!(output.status.code(), Some(0), "{}: {told}", path.display());
        assert!(!told.to_lowercase().contains("deprecat"), "{}: {told}", path.display());
    }
}

/// What a plan of an example may warn of: what this build has not, and what only a network or the real machine has.
const EXPECTED: &[&str] = &[
    "is not in this build",
    "a plan does not use the network",
    "is not installed",
    "does not exist",
    "did not exist",
];

#[test]
fn every_example_can_be_planned() {
    for path in examples() {
        let output = tests::run(
            program(),
            &["plan", "--format", "json", "--user-data", path.to_str().expect("a name")],
        );
        let plan: serde_json::Value = serde_json::from_slice(&output.stdout)
            .unwrap_or_else(|_| panic!("{}: {}", path.display(), String::from_utf8_lossy(&output.stderr)));
        assert!(matches!(output.status.code(), Some(0 | 2)), "{}", path.display());
        assert_eq!(plan["errors"], serde_json::json!([]), "{}", path.display());
        for warning in plan["warnings"].as_array().expect("warnings") {
            let message = warning["message"].as_str().unwrap_or_default();
            assert!(EXPECTED.iter().any(|known| message.contains(known)), "{}: {message}", path.display());
        }
    }
}

/// The sources of this build, as the program's message lists them.
fn sources() -> Vec<String> {
    let output = tests::run(program(), &["plan", "--data-source", "no-such-source"]);
    let text = String::from_utf8_lossy(&output.stderr).into_owned();
    let list = text.split("this build includes ").nth(1).expect("the list").trim();
    list.split(", ").map(str::to_owned).collect()
}

#[test]
fn every_source_has_a_page_and_an_example_that_can_be_planned() {
    let sources = sources();
    assert!(sources.len() >= 10, "{sources:?}");
    for name in sources {
        let page = workspace().join(format!("docs/reference/sources/{}.md", name.to_lowercase()));
        assert!(page.exists(), "{name} has no page: see `Page` in core/model");
        let output = tests::run(program(), &["plan", "--data-source", &name, "--format", "json"]);
        let plan: serde_json::Value = serde_json::from_slice(&output.stdout).expect("a plan");
        let found = plan["assumed"]["data_source"].as_str().unwrap_or_default();
        assert!(
            found.starts_with(&format!("DataSource{name}")),
            "{name}: {found:?}, warnings {}, errors {}",
            plan["warnings"],
            plan["errors"]
        );
    }
}

/// The keys that a source reads are on its page, and the other way round: each is compared with its code.
#[test]
fn every_setting_of_a_source_is_read_by_it() {
    let directory = workspace().join("datasources");
    for (name, text) in files(&directory.join("pages")) {
        let page = model::datasource::Page::parse(&text).unwrap_or_else(|error| panic!("{name}: {error}"));
        let stem = name.trim_end_matches(".yaml");
        let mut code = fs::read_to_string(directory.join(format!("src/{stem}.rs"))).unwrap_or_default();
        let parts = directory.join("src").join(stem);
        if parts.is_dir() {
            code.extend(files(&parts).into_values());
        }
        let shared = files(&workspace().join("core/metadata/src"));
        for setting in &page.settings {
            let quoted = format!("\"{}\"", setting.key);
            let is_read = code.contains(&quoted) || shared.values().any(|text| text.contains(&quoted));
            assert!(is_read, "{name}: nothing reads {}", setting.key);
        }
    }
}
