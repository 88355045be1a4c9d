//! `schema`: verdicts and exit codes as the original's, and messages that lead to the mistake.

use std::path::Path;

use super::{cloud_init, err, out};

struct Judged {
    code: i32,
    out: String,
    err: String,
}

/// Judges a text as a file of this name; the folder's name is taken out of what is printed.
fn judged(name: &str, content: &[u8], options: &[&str]) -> Judged {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join(name);
    std::fs::write(&path, content).expect("written");
    let shown = path.display().to_string();
    let mut arguments = vec!["schema", "-c", &shown];
    arguments.extend(options);
    let output = cloud_init(&arguments);
    let plain = |text: String| text.replace(&format!("{}/", folder.path().display()), "");
    let code = output.status.code().expect("no signal");
    Judged { code, out: plain(out(&output)), err: plain(err(&output)) }
}

fn cloud(text: &str) -> Judged {
    judged("x.yaml", text.as_bytes(), &[])
}

#[test]
fn a_valid_file_says_so() {
    let valid = cloud("#cloud-config\nhostname: web\n");
    assert_eq!((valid.code, valid.out.as_str(), valid.err.as_str()), (0, "Valid schema x.yaml\n", ""));
}

#[test]
fn every_mistake_is_underlined_in_the_order_of_the_lines() {
    let wrong = cloud("#cloud-config\nusers:\n  - name: bob\n    nam: x\nwrite_file: 3\nruncmd: true\n");
    assert_eq!(wrong.code, 1);
    assert_eq!(wrong.out, "Invalid user-data x.yaml\n");
    assert_eq!(
        wrong.err,
        "\
Error: Cloud config schema errors:
x.yaml:4:5: users.0.nam: unknown key 'nam'; did you mean 'name'?
        nam: x
        ^^^
    see docs/reference/users_groups.md
x.yaml:5:1: write_file: unknown key 'write_file'; did you mean 'write_files'?
    write_file: 3
    ^^^^^^^^^^
    see docs/reference/write_files.md
x.yaml:6:9: runcmd: expected a list, found a boolean true; use a list: each item after '- '
    runcmd: true
            ^^^^
    see docs/reference/runcmd.md

Error: Invalid schema: user-data

"
    );
}

/// A message names a page that its reader has.
#[test]
fn an_installed_program_refers_to_the_installed_pages() {
    let prefix = tempfile::tempdir().expect("a directory");
    let pages = prefix.path().join("share/doc/cloud-init-rs/reference");
    let program = prefix.path().join("bin/cloud-init");
    let file = prefix.path().join("user-data");
    std::fs::create_dir_all(&pages).expect("made");
    std::fs::create_dir_all(prefix.path().join("bin")).expect("made");
    std::fs::copy(tests::program(), &program).expect("copied");
    std::fs::write(&file, "#cloud-config\nwrite_file: []\n").expect("written");
    let run = tests::run(&program, &["schema", "-c", &file.display().to_string()]);
    let page = format!("    see {}/write_files.md\n", pages.display());
    assert!(String::from_utf8_lossy(&run.stderr).contains(&page), "{run:?}");
}

#[test]
fn suggestions_fit_the_mistake() {
    for (text, expected) in [
        ("write-files: []\n", "did you mean 'write_files'?"),
        ("RunCmd: []\n", "did you mean 'runcmd'?"),
        ("apt:\n  source: {}\n", "did you mean 'sources'?"),
        ("growpart:\n  mode: growprt\n", "did you mean 'growpart'?"),
        ("users:\n  - name: bob\n    runcmd: [ls]\n", "'runcmd' belongs to the top level"),
        ("users:\n- name: pi\n  chpasswd: {expire: false}\n", "'chpasswd' belongs to the top level"),
        ("hostname: 5\n", "use quotes"),
        ("ssh_pwauth: 1\n", "expected text or true or false, found an integer 1; use true"),
        ("disable_root: 0\n", "use false"),
        ("local-hostname: web1\n", "'local-hostname' belongs to meta-data"),
        ("network: {version: 2}\n", "'network' belongs to network-config"),
        ("users:\n  - name: x\n    uid: 1.5\n", "expected an integer or text"),
        ("power_state: {mode: now}\n", "expected 'poweroff', 'reboot' or 'halt', found 'now'"),
        ("ssh_keys: {dsa_private: x}\n", "keys must match"),
        ("phone_home: {post: all}\n", "the key 'url' is missing"),
        ("rh_subscription: {auto_attach: true, auto-attach: true}\n", "only one of these keys is allowed"),
        ("disk_setup: {5: {}}\n", "use quotes for the key"),
        ("ntp: {servers: [a, b, a]}\n", "entries 0 and 2 are equal"),
    ] {
        let wrong = cloud(&format!("#cloud-config\n{text}"));
        assert_eq!(wrong.code, 1, "{text}");
        assert!(wrong.err.contains(expected), "{text}: {}", wrong.err);
    }
}

#[test]
fn the_branch_of_a_type_speaks_for_all() {
    let text = "network:\n  version: 1\n  config:\n  - {type: bond, name: bond0, bond_interface: [a]}\n";
    let wrong = judged("n.yaml", text.as_bytes(), &["-t", "network-config"]);
    assert_eq!(wrong.code, 1);
    let findings: Vec<&str> = wrong.err.lines().filter(|line| line.starts_with("n.yaml:")).collect();
    assert_eq!(
        findings,
        [
            "n.yaml:4:31: network.config.0.bond_interface: unknown key 'bond_interface'; did you mean 'bond_interfaces'?"
        ]
    );
}

/// The marks as the original's own program sets them on the same file.
#[test]
fn annotated_lines_are_the_originals() {
    let text = "#cloud-config\nusers:\n  - name: bob\n    nam: x\nwrite_file: 3\n";
    let wrong = judged("x.yaml", text.as_bytes(), &["--annotate"]);
    assert_eq!((wrong.code, wrong.err.as_str()), (1, "Error: Invalid schema: user-data\n\n"));
    assert_eq!(
        wrong.out,
        "\
#cloud-config
users:
  - name: bob\t\t# E1
    nam: x
write_file: 3\t\t# E2

# Errors: -------------
# E1: unknown key 'nam'; did you mean 'name'?
# E2: unknown key 'write_file'; did you mean 'write_files'?


"
    );
    let old = judged("x.yaml", b"#cloud-config\napt_update: true\n", &["--annotate"]);
    assert_eq!(old.code, 0);
    assert!(old.out.contains("apt_update: true\t\t# D1\n"), "{}", old.out);
    assert!(old.out.ends_with("Valid schema x.yaml\n"), "{}", old.out);
}

#[test]
fn deprecations_are_told_and_valid() {
    let old = cloud("#cloud-config\napt_update: true\n");
    assert_eq!((old.code, old.err.as_str()), (0, ""));
    assert!(
        old.out.starts_with("Cloud config schema deprecations:\nx.yaml:2:1: apt_update: "),
        "{}",
        old.out
    );
    assert!(old.out.ends_with("\nValid schema x.yaml\n"), "{}", old.out);
}

#[test]
fn secrets_are_not_shown() {
    for text in [
        "users: [{name: bob, plain_text_passwd: [SECRET]}]\n",
        "users: [{name: bob, passwd: SECRET, nam: x}]\n",
        "password: [SECRET]\n",
        "chpasswd: {list: [SECRET]}\n",
        "ubuntu_pro: {token: [SECRET]}\n",
        "write_files: [{path: 5, content: SECRET}]\n",
    ] {
        let wrong = cloud(&format!("#cloud-config\n{text}"));
        assert_eq!(wrong.code, 1, "{text}");
        assert!(!wrong.err.contains("SECRET"), "{}", wrong.err);
    }
}

#[test]
fn a_line_that_is_no_yaml_keeps_its_secret() {
    let wrong = cloud("#cloud-config\nusers:\n    - name: user\n    password: passw0rd\n");
    assert_eq!(wrong.code, 1);
    assert!(wrong.err.contains("x.yaml:4:5: "), "{}", wrong.err);
    assert!(wrong.err.contains("password: ********") && !wrong.err.contains("passw0rd"), "{}", wrong.err);
}

#[test]
fn the_word_that_lacks_its_colon_is_underlined() {
    let wrong = cloud("#cloud-config\nhostname: a\nTEMPLATE\n\n# comment\npackages:\n  - vim\n");
    assert!(wrong.err.contains("x.yaml:3:1: a ':' is missing after this key"), "{}", wrong.err);
    assert!(wrong.err.contains("\n    TEMPLATE\n    ^^^^^^^^\n"), "{}", wrong.err);
}

#[test]
fn gzip_is_read_as_a_boot_reads_it() {
    let zipped = |text: &str| {
        let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
        std::io::Write::write_all(&mut encoder, text.as_bytes()).expect("written");
        encoder.finish().expect("finished")
    };
    let valid = judged("x.gz", &zipped("#cloud-config\nhostname: web1\n"), &[]);
    assert_eq!((valid.code, valid.out.as_str()), (0, "Valid schema x.gz\n"));
    let wrong = judged("x.gz", &zipped("#cloud-config\nhostnam: web1\n"), &[]);
    assert!(wrong.err.contains("did you mean 'hostname'?"), "{}", wrong.err);
    let mut cut = zipped("#cloud-config\nhostname: web1\n");
    cut.truncate(12);
    let wrong = judged("x.gz", &cut, &[]);
    assert_eq!(wrong.code, 1);
    assert!(wrong.err.contains("it is corrupt gzip"), "{}", wrong.err);
    let base64 = b"I2Nsb3VkLWNvbmZpZwpob3N0bmFtZTogd2ViMQpwYWNrYWdlczogW3ZpbV0K\n";
    assert!(judged("x", base64, &[]).err.contains("it is user-data in base64"));
}

#[test]
fn advice_is_given_and_the_file_stays_valid() {
    let valid = cloud("#cloud-config\nruncmd:\n  - [ timedatectl set-timezone America/New_York ]\n");
    assert_eq!((valid.code, valid.out.as_str()), (0, "Valid schema x.yaml\n"));
    assert!(valid.err.starts_with("advice: x.yaml:3:5: runcmd.0: a list is a program"), "{}", valid.err);
    let valid = cloud("#cloud-config\nwrite_files: [{path: /x, permissions: u+rw}]\n");
    assert_eq!(valid.code, 0);
    assert!(valid.err.contains("permissions must be octal digits"), "{}", valid.err);
}

#[test]
fn what_is_no_cloud_config_is_not_judged() {
    for (text, kind) in [
        ("#!/bin/sh\n", "text/x-shellscript"),
        ("#include http://x\n", "text/x-include-url"),
        ("#cloud-config-archive\n- x\n", "text/cloud-config-archive"),
        ("#cloud-boothook\n", "text/cloud-boothook"),
        ("#part-handler\n", "text/part-handler"),
    ] {
        let other = cloud(text);
        assert_eq!(other.code, 0);
        assert_eq!(
            other.out,
            format!("User-data type '{kind}' not currently evaluated by cloud-init schema\n")
        );
    }
    let empty = cloud("");
    assert_eq!(
        (empty.code, empty.out.as_str()),
        (0, "Empty 'cloud-config' found at x.yaml. Nothing to validate.\n")
    );
    let empty = judged("n", b"network: {}\n", &["-t", "network-config"]);
    assert_eq!(
        (empty.code, empty.out.as_str()),
        (0, "Skipping network-config schema validation on empty config.\n")
    );
}

#[test]
fn bad_input_of_any_kind_is_an_error_with_a_place() {
    let deep = format!("#cloud-config\nruncmd: {}\n", "[".repeat(5000));
    let huge = format!("#cloud-config\nruncmd:\n{}", "- [1]\n".repeat(10_000));
    for (what, content, expected) in [
        (
            "no header",
            b"hostname: x\n".to_vec(),
            "x.yaml:1:1: the first line \"hostname: x\" is not a known header",
        ),
        ("a wrong header", b"#cloud-confg\na: 1\n".to_vec(), "did you mean '#cloud-config'?"),
        (
            "a byte order mark",
            b"\xef\xbb\xbf#cloud-config\na: 1\n".to_vec(),
            "the file starts with a byte order mark",
        ),
        ("no UTF-8", b"#cloud-config\n\xff\xfe".to_vec(), "x.yaml:2: not UTF-8 text"),
        ("a NUL", b"#cloud-config\nhostname: \0\n".to_vec(), "x.yaml:2:11: "),
        ("no YAML", b"#cloud-config\nhostname: [x\nb: c\n".to_vec(), "x.yaml:3:2: "),
        ("only a header", b"#cloud-config\n".to_vec(), "Error: cloud-config x.yaml is not a YAML dict."),
        ("a list", b"#cloud-config\n- a\n".to_vec(), "Error: cloud-config x.yaml is not a YAML dict."),
        ("MIME", b"Content-Type: text/plain\n\nx\n".to_vec(), "this is a MIME message"),
        ("line ends of Windows", b"#cloud-config\r\nhostnam: x\r\n".to_vec(), "x.yaml:2:1: hostnam: "),
        ("deep", deep.into_bytes(), "x.yaml:2:"),
        ("huge", huge.into_bytes(), "x.yaml:10002:4: runcmd.9999.0: "),
    ] {
        let wrong = judged("x.yaml", &content, &[]);
        assert_eq!(wrong.code, 1, "{what}");
        assert!(wrong.err.contains(expected), "{what}: {}", wrong.err.chars().take(500).collect::<String>());
        // Marks of any kind of text can be printed, too.
        assert_eq!(judged("x.yaml", &content, &["--annotate"]).code, 1, "{what}");
    }
}

#[test]
fn templates_are_rendered_with_the_instance_data() {
    let folder = tempfile::tempdir().expect("a folder");
    let data = folder.path().join("data.json");
    std::fs::write(&data, r#"{"v1": {"name": "web", "list": [1]}}"#).expect("written");
    let data = data.display().to_string();
    let template =
        |text: &str| judged("x.yaml", format!("## template: jinja\n{text}").as_bytes(), &["-i", &data]);
    let valid = template("#cloud-config\nhostname: {{ v1.name }}\n");
    assert_eq!((valid.code, valid.out.as_str()), (0, "Valid schema x.yaml\n"));
    let wrong = template("#cloud-config\nhostname: {{ v1.list }}\n");
    assert!(wrong.code == 1 && wrong.err.contains("hostname: expected text, found a list"), "{}", wrong.err);
    let wrong = template("#cloud-config\nhostname: {{ v1.\n");
    assert!(wrong.code == 1 && wrong.err.contains("Failed to render templated user-data."), "{}", wrong.err);
    let missing = judged("x.yaml", b"## template: jinja\n#cloud-config\n", &["-i", "/nowhere.json"]);
    assert_eq!(missing.code, 1);
    assert!(missing.err.contains("Instance data not yet present at /nowhere.json"), "{}", missing.err);
}

#[test]
fn usage_is_the_originals() {
    for arguments in [&["schema"][..], &["schema", "--system", "-c", "x"]] {
        let output = cloud_init(arguments);
        assert_eq!(output.status.code(), Some(1));
        assert_eq!(err(&output), "Error:\nExpected one of --config-file or --system arguments\n");
    }
    let output = cloud_init(&["schema", "-c", "/nowhere.yaml"]);
    assert_eq!(output.status.code(), Some(1));
    assert_eq!(err(&output), "Error: Config file /nowhere.yaml does not exist\n");
    assert_eq!(cloud_init(&["schema", "-t", "other", "-c", "x"]).status.code(), Some(2));
    assert!(!Path::new("/nowhere.yaml").exists());
}
