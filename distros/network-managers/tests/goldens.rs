//! Each folder of `testdata` is a description and the files that the original (cloud-init 26.2, run over it) wrote
//! by each renderer. Files must be equal byte for byte, and their modes.
//!
//! `config.yaml` is config v1 or v2, `network_data.json` OpenStack's, `interfaces.eni` that of a ConfigDrive v1;
//! `links.json` are the machine's links, `existing` files that were there before, `RENDERER.error` says that the
//! original refuses or crashes there: ours then writes what `corrected` has, every file of it. `corrected` holds files in
//! which the original is wrong, as they have to be; docs/differences.md says why.
#![allow(clippy::disallowed_methods, reason = "tests read their data from the source tree")]

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use model::effects::Link;
use model::{NetworkConfig, Node};
use netconfig::NetworkState;
use network_managers::{RenderError, RenderedFile};

/// The cases; `NETWORK_TESTDATA` names a folder of others of the same form.
fn testdata() -> PathBuf {
    let here = || Path::new(env!("CARGO_MANIFEST_DIR")).join("testdata");
    std::env::var_os("NETWORK_TESTDATA").map_or_else(here, PathBuf::from)
}

fn links(case: &Path) -> Vec<Link> {
    let Ok(bytes) = fs::read(case.join("links.json")) else { return Vec::new() };
    let listed: Vec<serde_json::Value> = serde_json::from_slice(&bytes).expect("links.json is a list");
    let text = |link: &serde_json::Value, key: &str| link[key].as_str().unwrap_or_default().to_owned();
    listed
        .iter()
        .map(|link| Link { name: text(link, "name"), mac: text(link, "mac"), ..Link::default() })
        .collect()
}

fn config(case: &Path) -> NetworkConfig {
    if let Ok(bytes) = fs::read(case.join("config.yaml")) {
        let node = Node::from_yaml("config.yaml", &bytes).expect("YAML").expect("a document");
        return NetworkConfig::new(node);
    }
    let converted = if let Ok(bytes) = fs::read(case.join("network_data.json")) {
        let data = serde_json::from_slice(&bytes).expect("JSON");
        netconfig::openstack::convert(&data, &links(case)).expect("convertible")
    } else {
        let bytes = fs::read(case.join("interfaces.eni")).expect("a case has a description");
        netconfig::eni::convert(&bytes).expect("convertible")
    };
    let expected: serde_json::Value =
        serde_json::from_slice(&fs::read(case.join("converted.json")).expect("there")).expect("JSON");
    assert_eq!(converted.node().to_json(), expected, "{}", case.display());
    converted
}

fn render(case: &Path, renderer: &str) -> Result<Vec<RenderedFile>, RenderError> {
    let config = config(case);
    let state = if renderer == "netplan" && config.version() == Some(2) {
        NetworkState::passthrough(&config)
    } else {
        NetworkState::read(&config, &links(case))
    };
    let state = match state {
        Ok(state) => state,
        Err(error) => {
            let origin = error.origin().cloned().unwrap_or_else(model::Origin::built_in);
            return Err(RenderError::Unsupported { origin, renderer: "net", what: error.to_string() });
        }
    };
    let header = "# This file is generated from information provided by the datasource.  Changes
# to it will not persist across an instance reboot.  To disable cloud-init's
# network configuration capabilities, write a file
# /etc/cloud/cloud.cfg.d/99-disable-network-config.cfg with the following:
# network: {config: disabled}
";
    match renderer {
        "interfaces" => network_managers::interfaces::render(
            &state,
            &network_managers::interfaces::Settings {
                path: "/etc/network/interfaces.d/50-cloud-init".into(),
                header: header.into(),
                ..Default::default()
            },
        ),
        "ifcfg" | "ifcfg-suse" => {
            use network_managers::ifcfg::{Existing, Settings};
            let settings = if renderer == "ifcfg" { Settings::default() } else { Settings::suse() };
            let existing = Existing {
                resolv_conf: fs::read(case.join("existing/etc/resolv.conf")).ok(),
                control: fs::read_to_string(case.join("existing/etc/sysconfig/network")).ok(),
            };
            network_managers::ifcfg::render(&state, &settings, &existing)
        }
        "netplan" => {
            let settings =
                network_managers::netplan::Settings { header: header.into(), ..Default::default() };
            network_managers::netplan::render(&state, &settings, true)
        }
        "networkd" => {
            network_managers::networkd::render(&state, &network_managers::networkd::Settings::default())
        }
        "networkmanager" => network_managers::networkmanager::render(&state),
        other => panic!("no renderer {other}"),
    }
}

fn collect(directory: &Path, below: &Path, into: &mut BTreeMap<String, String>) {
    for entry in fs::read_dir(directory).into_iter().flatten().flatten() {
        let path = entry.path();
        if path.is_dir() {
            collect(&path, below, into);
        } else {
            let name = path.strip_prefix(below).expect("below").to_string_lossy().into_owned();
            into.insert(name, fs::read_to_string(&path).expect("text"));
        }
    }
}

/// What differs from what is set down by hand where the original fails: all files in `corrected`.
fn check_without_original(case: &Path, renderer: &str) -> Result<(), String> {
    let corrected = case.join("corrected").join(renderer);
    let mut expected = BTreeMap::new();
    collect(&corrected, &corrected, &mut expected);
    if expected.is_empty() {
        return Err(format!("the original fails by {renderer}, and corrected/{renderer} has no file"));
    }
    let files = render(case, renderer).map_err(|error| error.to_string())?;
    let name = |file: &RenderedFile| file.path.strip_prefix("/").expect("absolute").display().to_string();
    let actual: BTreeMap<String, String> =
        files.iter().map(|file| (name(file), file.content.clone())).collect();
    if actual == expected { Ok(()) } else { Err(format!("expected {expected:#?}\nrendered {actual:#?}")) }
}

/// One renderer over one case; what differs.
fn check(case: &Path, renderer: &str) -> Result<(), String> {
    let base = case.join("expected").join(renderer);
    let Ok(modes) = fs::read_to_string(case.join("expected").join(format!("{renderer}.modes"))) else {
        return check_without_original(case, renderer);
    };
    let mut expected = BTreeMap::new();
    collect(&base, &base, &mut expected);
    let corrected = case.join("corrected").join(renderer);
    let mut right = BTreeMap::new();
    collect(&corrected, &corrected, &mut right);
    for (name, content) in right {
        assert_ne!(expected.get(&name), Some(&content), "{}: {name} needs no correction", case.display());
        expected.insert(name, content);
    }
    let files = render(case, renderer).map_err(|error| error.to_string())?;
    let actual: BTreeMap<String, String> = files
        .iter()
        .map(|file| {
            (file.path.strip_prefix("/").expect("absolute").display().to_string(), file.content.clone())
        })
        .collect();
    let mut wrong = String::new();
    for name in expected.keys().chain(actual.keys()).collect::<std::collections::BTreeSet<_>>() {
        if expected.get(name) != actual.get(name) {
            wrong.push_str(&format!(
                "--- {name}: expected\n{}\n+++ {name}: rendered\n{}\n",
                expected.get(name).map_or("(nothing)", String::as_str),
                actual.get(name).map_or("(nothing)", String::as_str)
            ));
        }
    }
    for line in modes.lines() {
        let (mode, name) = line.split_once(' ').expect("MODE PATH");
        let file = files.iter().find(|file| file.path.ends_with(name));
        if file.is_some_and(|file| format!("{:04o}", file.mode) != mode) {
            wrong.push_str(&format!("{name} must have mode {mode}\n"));
        }
    }
    if wrong.is_empty() { Ok(()) } else { Err(wrong) }
}

fn check_all(renderer: &str) {
    let mut failures = Vec::new();
    let mut seen = 0;
    let mut cases: Vec<_> =
        fs::read_dir(testdata()).expect("testdata").flatten().map(|entry| entry.path()).collect();
    cases.sort();
    for case in cases {
        seen += 1;
        if let Err(wrong) = check(&case, renderer) {
            failures.push(format!("=== {}\n{wrong}", case.file_name().expect("named").to_string_lossy()));
        }
    }
    assert!(seen >= 25, "only {seen} cases");
    assert!(failures.is_empty(), "{renderer}: {} of {seen} differ\n{}", failures.len(), failures.join("\n"));
}

#[test]
fn interfaces() {
    check_all("interfaces");
}

#[test]
fn ifcfg() {
    check_all("ifcfg");
}

#[test]
fn ifcfg_of_suse() {
    check_all("ifcfg-suse");
}

#[test]
fn netplan() {
    check_all("netplan");
}

#[test]
fn networkd() {
    check_all("networkd");
}

#[test]
fn networkmanager() {
    check_all("networkmanager");
}
