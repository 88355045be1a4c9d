//! What the documents say can be run is run: commands and their output, options, paths.
#![allow(clippy::disallowed_methods, reason = "a test reads the tree and writes its own folder")]

mod documents;

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::path::Path;
use std::process::{Command, Stdio};

use documents::{Claim, claims, spans};

/// The files that the commands name.
const FILES: &[(&str, &str)] = &[
    ("my-cloud-config.yaml", "#cloud-config\nhostname: web\nruncmd:\n  - [systemctl, restart, nginx]\n"),
    ("mistyped-cloud-config.yaml", "#cloud-config\nwrite_flies:\n  - path: /etc/motd\n"),
    ("network-config.yaml", "version: 2\nethernets:\n  eth0: {dhcp4: true}\n"),
    (
        "network_data.json",
        r#"{"links": [{"id": "eth0", "type": "phy", "ethernet_mac_address": "52:54:00:12:34:56"}],
            "networks": [{"id": "n0", "type": "ipv4_dhcp", "link": "eth0"}], "services": []}"#,
    ),
    ("image/etc/os-release", "ID=debian\nVERSION_ID=13\n"),
    ("tree/openstack/latest/meta_data.json", r#"{"uuid": "83679162-1378-4288-a2d4-70e13ec132aa"}"#),
];

/// Programs of other projects, which a document may name and nothing here can run.
const OTHERS: &[&str] = &["apt-get", "dnf", "sudo", "systemctl", "git", "cp", "ln", "qemu-system-x86_64"];

/// Runs the program under test as a document says.
fn cloud_init(words: &[&str], claim: &Claim) {
    let directory = tempfile::tempdir().expect("a directory");
    for (name, content) in FILES {
        let path = directory.path().join(name);
        fs::create_dir_all(path.parent().expect("a file has a directory")).expect("made");
        fs::write(path, content).expect("written");
    }
    let image = directory.path().join("image").display().to_string();
    let words: Vec<String> = words.iter().map(|word| word.replace("/mnt/image", &image)).collect();
    // Both streams into one file, as a terminal shows them.
    let output = directory.path().join("output");
    let stream = || File::options().append(true).create(true).open(&output).expect("opened");
    let status = Command::new(tests::program())
        .args(&words)
        .current_dir(directory.path())
        .stdin(Stdio::null())
        .stdout(stream())
        .stderr(stream())
        .status()
        .expect("the program was just built");
    let text = fs::read_to_string(&output).expect("read");
    match &claim.output {
        Some(expected) => assert_eq!(text.trim_end(), expected.trim_end(), "{claim}"),
        None => {
            // A plan with warnings exits with 2, and an image without programs has some.
            let warns = words[0] == "plan" && words.contains(&image);
            assert_eq!(status.code(), Some(if warns { 2 } else { 0 }), "{claim}: {text}");
        }
    }
}

/// The packages of the workspace and their folders.
fn packages() -> BTreeMap<String, String> {
    let metadata = tests::metadata();
    let packages = metadata["packages"].as_array().expect("packages").iter();
    let text = |value: &serde_json::Value| value.as_str().map(str::to_owned);
    packages.filter_map(|package| Some((text(&package["name"])?, text(&package["manifest_path"])?))).collect()
}

/// What keeps a command of cargo's from running as the document says.
fn cargo(words: &[&str], packages: &BTreeMap<String, String>, claim: &Claim) {
    let own = words.iter().position(|word| *word == "--").unwrap_or(words.len());
    let (cargos, rest) = (&words[..own], words.get(own + 1..).unwrap_or_default());
    let named = cargos.windows(2).find(|pair| ["-p", "--package"].contains(&pair[0])).map(|pair| pair[1]);
    if let Some(name) = named {
        assert!(packages.contains_key(name), "{claim}: there is no package {name}");
    }
    match (cargos.first(), named) {
        (Some(&"run"), None | Some("cloud-init")) => cloud_init(rest, claim),
        (Some(&"run"), Some(name)) => {
            // A field of the type from which clap makes the option.
            let sources = documents::sources(Path::new(&packages[name]).parent().expect("a folder"));
            for option in rest.iter().filter_map(|word| word.strip_prefix("--")) {
                let field = format!("{}:", option.replace('-', "_"));
                assert!(sources.contains(&field), "{claim}: {name} has no option --{option}");
            }
        }
        (Some(&("build" | "deb" | "doc" | "fuzz" | "generate-rpm" | "install" | "test")), _) => {}
        (other, _) => panic!("{claim}: what does cargo {other:?} show?"),
    }
}

#[test]
fn every_command_does_what_the_document_says() {
    let packages = packages();
    let stages = fs::read_to_string(tests::workspace().join(".ci/run")).expect("the stages");
    let claims = claims();
    for claim in &claims {
        for command in claim.command.split("&&") {
            let words: Vec<&str> = command.split_whitespace().collect();
            let (Some(program), arguments) = (words.first(), words.get(1..).unwrap_or_default()) else {
                panic!("{claim}: no command")
            };
            match *program {
                "cloud-init" => cloud_init(arguments, claim),
                "cargo" => cargo(arguments, &packages, claim),
                ".ci/run" => {
                    for stage in arguments {
                        assert!(stages.contains(&format!("stage_{stage}()")), "{claim}: no stage {stage}");
                    }
                }
                script if tests::workspace().join(script).is_file() => {}
                other => assert!(OTHERS.contains(&other), "{claim}: there is no {other}"),
            }
        }
    }
    assert!(claims.len() >= 10, "only {} commands were found", claims.len());
}

#[test]
fn every_command_in_a_sentence_has_its_options() {
    let program = tests::program();
    let mut seen = 0;
    for (place, span) in spans().iter().filter(|(_, span)| span.starts_with("cloud-init ")) {
        let words: Vec<&str> = span.split_whitespace().skip(1).collect();
        // What is written in capitals stands for something else.
        let is_name = |word: &&&str| word.chars().all(|letter| letter.is_ascii_lowercase() || letter == '-');
        let command: Vec<&str> =
            words.iter().take_while(|word| !word.starts_with('-')).take_while(is_name).copied().collect();
        let help = tests::run(program, &[&command[..], &["--help"]].concat());
        assert_eq!(help.status.code(), Some(0), "{place}: there is no `{span}`");
        let help = String::from_utf8_lossy(&help.stdout).into_owned();
        for option in words.iter().filter(|word| word.starts_with("--")) {
            let option = option.split('=').next().unwrap_or(option);
            assert!(help.contains(option), "{place}: `{span}`: there is no {option}:\n{help}");
        }
        seen += 1;
    }
    assert!(seen > 10, "only {seen} commands were found");
}

#[test]
fn every_path_of_the_tree_is_there() {
    let root = tests::workspace();
    let folders: Vec<String> = fs::read_dir(&root)
        .expect("the tree")
        .flatten()
        .filter(|entry| entry.file_type().is_ok_and(|kind| kind.is_dir()))
        .map(|entry| format!("{}/", entry.file_name().to_string_lossy()))
        .filter(|name| !["target/", ".git/"].contains(&name.as_str()))
        .collect();
    // A path may start at the folder of a package.
    let packages = packages();
    let mut starts: Vec<&Path> =
        packages.values().filter_map(|manifest| Path::new(manifest).parent()).collect();
    starts.push(&root);
    let (mut seen, mut missing) = (0, Vec::new());
    for (place, span) in spans() {
        // `path: name of a test`, `path ARGUMENT`.
        let path = span.split([' ', ':']).next().unwrap_or_default();
        let is_ours = folders.iter().any(|folder| path.starts_with(folder.as_str()));
        let placeholder = path.contains(['*', '<', '{', '…']) || path.contains("NAME") || path.contains("ID");
        if is_ours && !placeholder {
            seen += 1;
            if !starts.iter().any(|start| start.join(path).exists()) {
                missing.push(format!("{place}: {path}"));
            }
        }
    }
    assert_eq!(missing, Vec::<String>::new(), "these do not exist");
    assert!(seen > 20, "only {seen} paths were found");
}
