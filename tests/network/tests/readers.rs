//! What the programs that read the files say of made-up descriptions.
#![allow(clippy::disallowed_methods, reason = "a harness around real programs")]

use std::path::Path;
use std::process::{Command, Stdio};

use network_oracle::OUTPUTS;
use network_oracle::compare::{Files, ours};
use network_oracle::generate::description;
use serde_json::Value;

/// How many descriptions of each version are read.
const CASES: u64 = 60;

/// The descriptions with what ours writes of them.
fn written(renderer: &str) -> impl Iterator<Item = (u64, Value, Files)> {
    let output = OUTPUTS.iter().copied().find(|output| output.name == renderer).expect("an output");
    (0..2 * CASES).filter_map(move |case| {
        let config = description(11, case);
        ours(&config, output).ok().map(|files| (case, config, files))
    })
}

/// Puts the files below a directory with their modes.
fn put(files: &Files, root: &Path) {
    use std::os::unix::fs::PermissionsExt as _;
    for (path, (mode, content)) in files {
        let path = root.join(path.trim_start_matches('/'));
        std::fs::create_dir_all(path.parent().expect("below the root")).expect("made");
        std::fs::write(&path, content).expect("written");
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(*mode)).expect("set");
    }
}

fn output(command: &mut Command, what: &str) -> String {
    let output = command.stdin(Stdio::null()).output().expect("the program is there");
    let errors = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(output.status.success(), "{what}: {errors}{}", String::from_utf8_lossy(&output.stdout));
    String::from_utf8_lossy(&output.stdout).into_owned()
}

#[test]
#[ignore = "needs ifup, ifquery"]
fn ifupdown_lists_every_link_and_would_bring_it_up() {
    let mut seen = 0;
    for (case, config, files) in written("eni") {
        let directory = tempfile::tempdir().expect("a directory");
        put(&files, directory.path());
        let file = directory.path().join("etc/network/interfaces.d/50-cloud-init");
        let text = std::fs::read_to_string(&file).expect("written");
        let what = format!("case {case}: {config}\n{text}");
        let listed = output(Command::new("ifquery").arg("--list").arg("-i").arg(&file), &what);
        let automatic: Vec<&str> = text.lines().filter_map(|line| line.strip_prefix("auto ")).collect();
        for name in &automatic {
            assert!(listed.lines().any(|line| line == *name), "{name}: {what}");
        }
        let names: Vec<&str> = text
            .lines()
            .filter_map(|line| line.strip_prefix("iface ")?.split(' ').next())
            .filter(|name| automatic.contains(name) && *name != "lo")
            .collect();
        for name in names {
            let mut ifup = Command::new("ifup");
            ifup.args(["--no-act", "--no-scripts", "--force", "--verbose", "--state-dir"])
                .arg(directory.path());
            ifup.arg("-i").arg(&file).arg(name);
            let output = ifup.stdin(Stdio::null()).output().expect("ifup is there");
            // What it would run is told on standard error.
            let told = String::from_utf8_lossy(&output.stderr).into_owned();
            assert!(output.status.success(), "{name}: {told}\n{what}");
            let stanzas = text.split("\n\n").filter(|part| part.contains(&format!("\niface {name} ")));
            for address in stanzas.flat_map(str::lines).filter_map(|line| line.strip_prefix("    address ")) {
                let bare = address.split('/').next().unwrap_or_default();
                assert!(told.contains(bare), "{name} is not given {bare}: {told}\n{what}");
            }
            seen += 1;
        }
    }
    assert!(seen > 100, "{seen}");
}

#[test]
#[ignore = "needs netplan"]
fn netplan_generates_from_every_description() {
    let mut seen = 0;
    for (case, config, files) in written("netplan") {
        let directory = tempfile::tempdir().expect("a directory");
        put(&files, directory.path());
        let what = format!("case {case}: {config}");
        let generator = ["/usr/libexec/netplan/generate", "/lib/netplan/generate"];
        let generator = generator.into_iter().find(|path| Path::new(path).exists()).expect("part of netplan");
        let mut generate = Command::new(generator);
        generate.arg("--root-dir").arg(directory.path());
        let found = generate.stdin(Stdio::null()).output().expect("it runs");
        let told = String::from_utf8_lossy(&found.stderr).into_owned();
        assert!(found.status.success(), "{what}\n{told}");
        seen += 1;
    }
    assert!(seen > 100, "{seen}");
}

#[test]
#[ignore = "needs nmcli"]
fn networkmanager_reads_every_keyfile() {
    let mut seen = 0;
    for (case, config, files) in written("network-manager") {
        for (path, (_, content)) in files.iter().filter(|(path, _)| path.ends_with(".nmconnection")) {
            let what = format!("case {case}: {path}: {content}\n{config}");
            let directory = tempfile::tempdir().expect("a directory");
            let file = directory.path().join("connection");
            std::fs::write(&file, content).expect("written");
            let input = std::fs::File::open(&file).expect("there");
            let read = Command::new("nmcli")
                .args(["--offline", "connection", "modify", "connection.zone", "checked"])
                .stdin(input)
                .output()
                .expect("nmcli is there");
            let told = String::from_utf8_lossy(&read.stderr).into_owned();
            assert!(read.status.success() && told.trim().is_empty(), "{told}\n{what}");
            let text = String::from_utf8_lossy(&read.stdout).into_owned();
            // What it understood it writes again.
            for line in
                content.lines().filter(|line| line.starts_with("address") || line.starts_with("uuid="))
            {
                let value = line.split_once('=').map_or("", |(_, value)| value);
                assert!(text.contains(value), "{line} is lost: {text}\n{what}");
            }
            seen += 1;
        }
    }
    assert!(seen > 100, "{seen}");
}
