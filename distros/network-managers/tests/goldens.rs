//! Each directory in `testdata` has a configuration and the files that upstream (cloud-init 26.2, run on it) wrote with
//! each renderer. Files must be equal byte for byte, as must their modes.
//!
//! `config.yaml` is config v1 or v2, `network_data.json` OpenStack's, `interfaces.eni` that of a ConfigDrive v1;
//! `links.json` lists the machine's devices, `existing` files from before, `RENDERER.error` means that upstream rejects
//! it or crashes: ours may do better. The BSDs' files are there where both agree. `corrected` has files where upstream is wrong, as they should be; see
//! docs/differences.md.
#![allow(clippy::disallowed_methods, reason = "tests read their data from the source tree")]

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use model::effects::Link;
use model::{NetworkConfig, Node};
use netconfig::NetworkState;
use network_managers::{RenderError, RenderedFile};

/// The cases; `NETWORK_TESTDATA` names another directory in the same format.
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

/// Runs one renderer on one case; returns the differences.
fn check(case: &Path, renderer: &str) -> Result<(), String> {
    let base = case.join("expected").join(renderer);
    let rendered = render(case, renderer).map_err(|error| error.to_string());
    if let Ok(reason) = fs::read_to_string(case.join("corrected").join(format!("{renderer}.refused"))) {
        let files = rendered.map(|files| files.len());
        return if files.as_ref() == Err(&reason.trim_end().to_owned()) {
            Ok(())
        } else {
            Err(format!("{files:?} and no refusal: {reason}"))
        };
    }
    let modes = fs::read_to_string(case.join("expected").join(format!("{renderer}.modes"))).ok();
    let mut expected = BTreeMap::new();
    collect(&base, &base, &mut expected);
    let corrected = case.join("corrected").join(renderer);
    let mut right = BTreeMap::new();
    collect(&corrected, &corrected, &mut right);
    for (name, content) in right {
        assert_ne!(expected.get(&name), Some(&content), "{}: {name} needs no correction", case.display());
        expected.insert(name, content);
    }
    if modes.is_none() && expected.is_empty() {
        return Err("the original fails here, and nothing in 'corrected' says what is right".to_owned());
    }
    let files = rendered?;
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
    for line in modes.iter().flat_map(|modes| modes.lines()) {
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

/// The BSDs' renderers, for the configurations that they can express in the original. The order of variables means
/// nothing, and the original's order of name servers is that of a set.
fn check_bsd(renderer: &str) {
    let mut cases: Vec<_> =
        fs::read_dir(testdata()).expect("testdata").flatten().map(|entry| entry.path()).collect();
    cases.sort();
    let (empty, _) = system::Scratch::new().system();
    let (mut failures, mut seen) = (String::new(), 0);
    for case in cases {
        let base = case.join("expected").join(renderer);
        let mut expected = BTreeMap::new();
        collect(&base, &base, &mut expected);
        if expected.is_empty() {
            continue;
        }
        seen += 1;
        let settings = network_managers::Settings::default();
        let found = network_managers::convert::convert(
            &config(&case),
            &[],
            renderer,
            &settings,
            empty.files.as_ref(),
        );
        let actual: BTreeMap<String, String> = found
            .expect("the original can")
            .files
            .into_iter()
            .map(|file| (file.path.strip_prefix("/").expect("absolute").display().to_string(), file.content))
            .filter(|(_, content)| !content.is_empty())
            .collect();
        let sorted = |files: &BTreeMap<String, String>| -> BTreeMap<String, Vec<String>> {
            let lines = |content: &String| {
                let mut lines: Vec<String> = content.lines().map(str::to_owned).collect();
                lines.sort();
                lines
            };
            files.iter().map(|(name, content)| (name.clone(), lines(content))).collect()
        };
        if sorted(&actual) != sorted(&expected) {
            failures
                .push_str(&format!("=== {}\nexpected {expected:#?}\nrendered {actual:#?}\n", case.display()));
        }
    }
    assert!(seen >= 10, "only {seen} cases");
    assert!(failures.is_empty(), "{renderer}\n{failures}");
}

#[test]
fn freebsd() {
    check_bsd("freebsd");
}

#[test]
fn netbsd() {
    check_bsd("netbsd");
}

#[test]
fn openbsd() {
    check_bsd("openbsd");
}
