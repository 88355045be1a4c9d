//! The invariants of the house that the compiler does not hold.
#![allow(clippy::disallowed_methods, reason = "these tests read the sources")]

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use tests::{metadata, workspace};

/// Crates of the house and which of its other crates each uses, no more and no less. Arrows run downward only; the families
/// (distros, datasources, modules) never know each other.
const ARROWS: &[(&str, &[&str])] = &[
    ("boolean", &[]),
    ("yaml", &["boolean"]),
    ("mime", &[]),
    ("dhcp", &[]),
    ("smbios", &[]),
    ("ifcfg", &[]),
    ("interfaces", &[]),
    ("etc-files", &[]),
    ("model", &["boolean", "yaml"]),
    ("system", &["model", "etc-files", "dhcp"]),
    ("fetch", &["model"]),
    ("netconfig", &["model", "boolean", "yaml", "etc-files", "interfaces", "ifcfg"]),
    ("schema", &["model", "yaml"]),
    ("engine", &["model", "metadata", "netconfig", "schema", "yaml", "mime"]),
    ("capabilities", &["model", "boolean", "ifcfg", "etc-files"]),
    ("network-managers", &["model", "netconfig", "boolean", "yaml", "ifcfg", "etc-files"]),
    ("debian", &["model", "capabilities", "network-managers"]),
    ("rhel", &["model", "capabilities", "network-managers"]),
    ("bsd", &["model", "capabilities", "network-managers", "ifcfg"]),
    ("alpine", &["model", "capabilities", "network-managers"]),
    ("aosc", &["model", "capabilities", "network-managers"]),
    ("arch", &["model", "capabilities", "network-managers"]),
    ("gentoo", &["model", "capabilities", "network-managers"]),
    ("photon", &["model", "capabilities", "network-managers"]),
    ("suse", &["model", "capabilities", "network-managers"]),
    ("metadata", &["model", "netconfig", "smbios", "etc-files"]),
    ("datasources", &["model", "metadata", "netconfig", "yaml", "etc-files", "ifcfg"]),
    ("modules", &["model", "schema", "boolean", "yaml", "etc-files"]),
    (
        "cloud-init",
        &[
            "model",
            "system",
            "fetch",
            "metadata",
            "netconfig",
            "schema",
            "engine",
            "mime",
            "yaml",
            "debian",
            "rhel",
            "bsd",
            "alpine",
            "aosc",
            "arch",
            "gentoo",
            "photon",
            "suse",
            "network-managers",
            "datasources",
            "modules",
        ],
    ),
];

/// Crates that only test; they may use anything, and nothing may use them.
const TEST_CRATES: &[&str] = &[
    "tests",
    "metadata-service",
    "boot",
    "ephemeral",
    "module-oracle",
    "network-oracle",
    "schema-oracle",
    "userdata-oracle",
    "oracle",
    "bench",
    "suite",
    "matrix",
    "fleet",
    "mutants",
];

/// What a package of the house is called inside: its published name is `cloud-init-` and that.
fn short(package: &str) -> &str {
    package.strip_prefix("cloud-init-").unwrap_or(package)
}

#[test]
fn arrows_run_downward() {
    let metadata = metadata();
    let packages = metadata["packages"].as_array().expect("a list of packages");
    let ours: BTreeSet<&str> =
        packages.iter().filter_map(|package| package["name"].as_str()).map(short).collect();
    let allowed: BTreeMap<&str, &[&str]> = ARROWS.iter().copied().collect();
    let mut wrong = Vec::new();
    for package in packages {
        let name = short(package["name"].as_str().expect("a name"));
        if TEST_CRATES.contains(&name) {
            continue;
        }
        let Some(may) = allowed.get(name) else {
            wrong.push(format!("{name} is not in the table of arrows"));
            continue;
        };
        let dependencies = package["dependencies"].as_array().expect("a list of dependencies");
        let used: BTreeSet<&str> = dependencies
            .iter()
            .filter(|dependency| dependency["kind"].is_null())
            .map(|dependency| short(dependency["name"].as_str().expect("a name")))
            .filter(|uses| ours.contains(uses))
            .collect();
        wrong.extend(
            used.iter().filter(|uses| !may.contains(uses)).map(|uses| format!("{name} must not use {uses}")),
        );
        wrong.extend(
            may.iter().filter(|may| !used.contains(*may)).map(|may| format!("{name} does not use {may}")),
        );
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

fn sources(directory: &Path, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(directory).expect("a directory of the workspace") {
        let path = entry.expect("an entry").path();
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        if path.is_dir() && !name.starts_with('.') && name != "target" {
            sources(&path, found);
        } else if path.extension().is_some_and(|ending| ending == "rs") {
            found.push(path);
        }
    }
}

#[test]
fn unsafe_and_effects_stay_in_their_rooms() {
    let root = workspace();
    let mut found = Vec::new();
    sources(&root, &mut found);
    let mut wrong = Vec::new();
    for path in found {
        let relative = path.strip_prefix(&root).expect("below the workspace").to_string_lossy().into_owned();
        let text = fs::read_to_string(&path).expect("readable source");
        let may_act =
            ["core/system/", "core/fetch/", "tests/", "fuzz/"].iter().any(|room| relative.starts_with(room))
                || relative.contains("/tests/")
                || relative.ends_with("/tests.rs")
                || relative == "datasources/src/testing.rs";
        // `allow` and `expect` both lift a lint, and the attribute may span several lines.
        let lifts = |lint: &str| text.lines().any(|line| line.contains(lint) && !line.contains("forbid("));
        if lifts("unsafe_code") && !relative.starts_with("core/system/") && relative != "tests/house/main.rs"
        {
            wrong.push(format!("{relative}: unsafe outside core/system"));
        }
        if lifts("disallowed_methods") && !may_act {
            wrong.push(format!("{relative}: effects outside core/system and core/fetch"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn no_room_is_called_after_nothing() {
    let root = workspace();
    let mut found = Vec::new();
    sources(&root, &mut found);
    let wrong: Vec<String> = found
        .iter()
        .filter(|path| {
            let stem = path.file_stem().unwrap_or_default().to_string_lossy();
            ["util", "utils", "helper", "helpers", "misc"].contains(&stem.as_ref())
        })
        .map(|path| path.display().to_string())
        .collect();
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// What is not a key of a cloud-config as well: keys belong to the language that core reads.
#[test]
fn core_names_no_module() {
    let members = modules::all();
    let keys: BTreeSet<&str> = modules::catalog::modules()
        .flat_map(|entry| entry.keys.iter().chain(entry.own_keys))
        .copied()
        .collect();
    let names: Vec<String> = members
        .iter()
        .map(|module| module.name())
        .filter(|name| !keys.contains(name) && name.contains('_'))
        .map(|name| format!("\"{name}\""))
        .collect();
    assert!(names.len() > 15, "{names:?}");
    let (root, mut found) = (workspace(), Vec::new());
    sources(&root.join("core"), &mut found);
    for path in found.iter().filter(|path| path.components().any(|part| part.as_os_str() == "src")) {
        let text = fs::read_to_string(path).expect("a source file");
        let code = text.split("#[cfg(test)]").next().unwrap_or_default();
        for name in &names {
            assert!(!code.contains(name.as_str()), "{} names the module {name}", path.display());
        }
    }
}

#[test]
fn every_feature_of_a_family_reaches_the_program() {
    let metadata = metadata();
    let features = |name: &str| -> BTreeMap<String, Vec<String>> {
        let packages = metadata["packages"].as_array().expect("a list of packages");
        let package = packages
            .iter()
            .find(|package| package["name"].as_str().is_some_and(|full| short(full) == name))
            .expect("a package of ours");
        serde_json::from_value(package["features"].clone()).expect("features")
    };
    let program = features("cloud-init");
    for (family, prefix) in [("datasources", "source-"), ("modules", "module-")] {
        let other = ["default", "derive"];
        let group = if family == "modules" { "all-modules" } else { "all-sources" };
        let mut all = BTreeSet::new();
        for feature in features(family).keys().filter(|feature| !other.contains(&feature.as_str())) {
            let ours = format!("{prefix}{}", feature.replace('_', "-"));
            let reached =
                program.get(&ours).is_some_and(|enables| enables.contains(&format!("{family}/{feature}")));
            assert!(reached, "{family}/{feature} needs the feature {ours} of the program");
            all.insert(ours);
        }
        // And the other way round: each feature of the program has its member, and the group has no other.
        let of_program: BTreeSet<String> =
            program.keys().filter(|name| name.starts_with(prefix)).cloned().collect();
        assert_eq!(all, of_program, "{family}");
        assert_eq!(all, program[group].iter().cloned().collect(), "{group}");
    }
}

/// Those that the original has had.
const VULNERABILITIES: &[&str] = &[
    "CVE-2012-6639",
    "CVE-2018-10896",
    "CVE-2019-0816",
    "CVE-2020-8631",
    "CVE-2020-8632",
    "CVE-2021-3429",
    "CVE-2022-2084",
    "CVE-2023-1786",
    "CVE-2024-6174",
    "CVE-2024-11584",
];

#[test]
fn every_vulnerability_of_the_original_has_its_test() {
    let root = workspace();
    let page = fs::read_to_string(root.join("docs/vulnerabilities.md")).expect("the page");
    let rows = page.lines().filter_map(|line| line.strip_prefix("| ")?.split(' ').next());
    let numbered: Vec<&str> = rows.filter(|number| number.starts_with("CVE-")).collect();
    assert_eq!(numbered, VULNERABILITIES, "the page's rows");
    for &name in VULNERABILITIES {
        let row =
            page.lines().find(|line| line.contains(name)).unwrap_or_else(|| panic!("{name} has no row"));
        check_tests(row);
    }
}

#[test]
fn every_boundary_has_its_test() {
    let page = fs::read_to_string(workspace().join("docs/security.md")).expect("the page");
    let (_, boundaries) = page.split_once("## Boundaries").expect("the section");
    let (boundaries, _) = boundaries.split_once("\n## ").expect("the next section");
    let rows: Vec<&str> = boundaries.lines().filter(|line| line.contains(".rs: ")).collect();
    let all = boundaries.lines().filter(|line| line.starts_with("| ")).count();
    assert_eq!(rows.len() + 1, all, "each row but the heading has a test");
    rows.into_iter().for_each(check_tests);
}

/// The last column of a row: `file: test`, more than one with commas between. Each exists and runs.
fn check_tests(row: &str) {
    let tests = row.trim_end_matches('|').rsplit('|').next().unwrap_or_default();
    for test in tests.split(',') {
        let (file, name) = test.trim().trim_matches('`').split_once(": ").expect("file: test");
        let text =
            fs::read_to_string(workspace().join(file)).unwrap_or_else(|error| panic!("{file}: {error}"));
        let place = text.find(&format!("fn {name}(")).unwrap_or_else(|| panic!("{file} has no test {name}"));
        // The attributes stand between it and the end of what is before it.
        let attributes = text[..place].rsplit(['}', ';']).next().unwrap_or_default();
        let lines: Vec<&str> = attributes.lines().map(str::trim).collect();
        assert!(lines.contains(&"#[test]"), "{file}: {name} is no test");
        // What needs more than any machine has is run by the suite where it is there.
        let ignored = lines.iter().find(|line| line.starts_with("#[ignore"));
        assert!(
            ignored.is_none_or(|line| line.contains("\"needs ")),
            "{file}: {name} does not run by itself"
        );
    }
}

#[test]
fn no_crate_brings_a_generator_of_its_own() {
    let metadata = metadata();
    let packages = metadata["packages"].as_array().expect("a list of packages");
    for package in packages {
        let name = package["name"].as_str().expect("a name");
        let dependencies = package["dependencies"].as_array().expect("a list of dependencies");
        let of_program = !TEST_CRATES.contains(&name);
        for dependency in dependencies.iter().filter(|dependency| of_program && dependency["kind"].is_null())
        {
            let uses = dependency["name"].as_str().expect("a name");
            assert!(
                !["rand", "fastrand", "oorandom", "nanorand", "rand_core"].contains(&uses),
                "{name} must take randomness from the kernel, not from {uses}"
            );
        }
    }
}
