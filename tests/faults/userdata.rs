//! Every kind of user-data in one message, and the switches around it.

use std::io::Write as _;
use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use flate2::Compression;
use flate2::write::GzEncoder;
use system::Scratch;

use crate::machine::{Machine, SEED, image, seeded};
use crate::service::Service;

fn part(headers: &str, body: &str) -> String {
    format!("--OUTER\n{headers}\n\n{body}\n")
}

fn named(content_type: &str, name: &str, body: &str) -> String {
    let headers =
        format!("Content-Type: {content_type}\nContent-Disposition: attachment; filename=\"{name}\"");
    part(&headers, body)
}

fn gzip(text: &str) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
    encoder.write_all(text.as_bytes()).expect("into memory");
    encoder.finish().expect("into memory")
}

fn message(parts: &[String]) -> String {
    format!(
        "MIME-Version: 1.0\nContent-Type: multipart/mixed; boundary=\"OUTER\"\n\n{}--OUTER--\n",
        parts.concat()
    )
}

fn everything() -> String {
    let base64 = "Content-Transfer-Encoding: base64";
    message(&[
        named("text/cloud-config", "plain.cfg", "#cloud-config\nfrom_plain: 1"),
        part(
            "Content-Type: multipart/mixed; boundary=\"INNER\"",
            "--INNER\nContent-Type: text/cloud-config\n\n#cloud-config\nfrom_nested: 1\n--INNER--",
        ),
        part(
            &format!("Content-Type: application/gzip\n{base64}"),
            &STANDARD.encode(gzip("#cloud-config\nfrom_gzip: 1\n")),
        ),
        part(
            &format!("Content-Type: text/cloud-config\n{base64}"),
            &STANDARD.encode("#cloud-config\nfrom_base64: 1\n"),
        ),
        named("text/plain", "sniffed.txt", "#cloud-config\nfrom_sniffed: 1"),
        named("text/x-shellscript", "declared.sh", "#cloud-config\nfrom_declared_script: 1"),
        named("text/x-include-url", "inc", "#include\n# a comment\nfile:///srv/included.cfg"),
        named("text/x-include-once-url", "inc1", "#include-once\nhttp://files/once.cfg"),
        named(
            "text/cloud-config-archive",
            "arch",
            "#cloud-config-archive\n- |\n  #cloud-config\n  from_archive: 1\n- {type: text/x-shellscript, filename: arch.sh, content: \"#!/bin/sh\\n\"}",
        ),
        named(
            "text/cloud-config-jsonp",
            "patch",
            "#cloud-config-jsonp\n[{\"op\": \"add\", \"path\": \"/from_patch\", \"value\": 1}]",
        ),
        named("text/jinja2", "tmpl", "## template: jinja\n#cloud-config\nfrom_jinja: {{ v1.instance_id }}"),
        named("text/cloud-boothook", "hook", "#cloud-boothook\n#!/bin/sh\n"),
        named("text/x-shellscript", "user.sh", "#!/bin/sh"),
        named("text/x-shellscript-per-boot", "boot.sh", "#!/bin/sh"),
        named("text/x-shellscript-per-instance", "instance.sh", "#!/bin/sh"),
        named("text/x-shellscript-per-once", "once.sh", "#!/bin/sh"),
        named("text/part-handler", "handler.py", "#part-handler\ndef list_types(): pass"),
        named("text/upstart-job", "job.conf", "start on boot"),
        named("text/x-martian", "mars", "greetings"),
        named("text/plain", "forgotten", "no header here"),
    ])
}

fn config(machine: &Machine) -> String {
    machine.text("/var/lib/cloud/instance/cloud-config.txt").unwrap_or_default()
}

#[test]
fn every_kind_of_part_in_one_message() {
    let service = Service::default();
    service.serve(Some(Scratch::new().file("/files/once.cfg", "#cloud-config\nfrom_once: 1\n")));
    let root =
        seeded(image(), "i-one", everything()).file("/srv/included.cfg", "#cloud-config\nfrom_include: 1\n");
    let machine = Machine::with_http(root, Arc::new(service.clone()));
    let first = machine.boot();
    assert_eq!(first.all_errors(), Vec::<&str>::new());
    for source in [
        "plain",
        "nested",
        "gzip",
        "base64",
        "sniffed",
        "declared_script",
        "include",
        "once",
        "archive",
        "patch",
    ] {
        assert!(config(&machine).contains(&format!("from_{source}: 1\n")), "{source}: {}", config(&machine));
    }
    assert!(config(&machine).contains("from_jinja: i-one\n"), "{}", config(&machine));
    for script in [
        "boothooks/hook",
        "scripts/user.sh",
        "scripts/arch.sh",
        "per-boot/boot.sh",
        "per-instance/instance.sh",
        "per-once/once.sh",
    ] {
        assert!(first.ran(script), "{script}: {:#?}", first.commands);
    }
    assert!(!first.ran("declared.sh"), "it is cloud-config");
    for warning in ["needs python3", "upstart", "text/x-martian", "user-data forgotten, 14 bytes"] {
        first.warned(warning);
    }
    assert_eq!(machine.mode("/var/lib/cloud/instance/scripts/user.sh"), Some(0o700));

    // The service of the include-once is gone: the cache of the instance answers.
    service.serve(None);
    let second = machine.boot();
    assert_eq!(second.all_errors(), Vec::<&str>::new());
    assert!(config(&machine).contains("from_once: 1\n"));
    for (script, again) in [
        ("boothooks/hook", true),
        ("per-boot/boot.sh", true),
        ("scripts/user.sh", false),
        ("per-instance/instance.sh", false),
        ("per-once/once.sh", false),
    ] {
        assert_eq!(second.ran(script), again, "{script}");
    }
}

#[test]
fn a_missing_include_or_damaged_gzip_fails_the_stage() {
    for user_data in [
        message(&[named("text/x-include-url", "inc", "#include\nfile:///srv/nothing")]),
        message(&[part("Content-Type: application/gzip\nContent-Transfer-Encoding: base64", "AAAA")]),
    ] {
        let machine = Machine::new(seeded(image(), "i-one", &user_data));
        let booted = machine.boot();
        let init = booted
            .errors
            .iter()
            .find(|(stage, _)| stage.status_name() == "init")
            .map(|(_, errors)| errors.len());
        assert_eq!(init, Some(1), "{user_data}: {:?}", booted.errors);
    }
}

fn with_vendor(user_data: &str) -> Machine {
    let vendor =
        "#cloud-config-archive\n- {type: text/cloud-config, content: \"from_vendor: 1\"}\n- \"#!/bin/sh\"\n";
    Machine::new(seeded(image(), "i-one", user_data).file(&format!("{SEED}/vendor-data"), vendor))
}

fn vendor_config(machine: &Machine) -> bool {
    machine
        .text("/var/lib/cloud/instance/vendor-cloud-config.txt")
        .is_some_and(|text| text.contains("from_vendor: 1"))
}

#[test]
fn vendor_data_unless_the_user_declines() {
    for (user_data, applied, script) in [
        ("#cloud-config\n{}\n", true, true),
        ("#cloud-config\nvendor_data: {enabled: false}\n", false, false),
        (
            "#cloud-config\nvendor_data: {enabled: true, disabled_handlers: [text/x-shellscript]}\n",
            true,
            false,
        ),
        (
            "#cloud-config\nvendor_data: {enabled: true, disabled_handlers: [text/cloud-config]}\n",
            false,
            true,
        ),
    ] {
        let machine = with_vendor(user_data);
        let booted = machine.boot();
        assert_eq!(booted.all_errors(), Vec::<&str>::new(), "{user_data}");
        assert_eq!(vendor_config(&machine), applied, "{user_data}");
        assert_eq!(booted.ran("/scripts/vendor/"), script, "{user_data}: {:#?}", booted.commands);
        assert!(!config(&machine).contains("from_vendor"), "never merged into the user's file");
    }
}

#[test]
fn the_vendors_prefix_wraps_its_scripts() {
    let machine = with_vendor("#cloud-config\nvendor_data: {enabled: true, prefix: /usr/bin/getent}\n");
    assert!(machine.boot().ran("/usr/bin/getent /var/lib/cloud/instance/scripts/vendor/"));
}

#[test]
fn allow_userdata_false_discards_it() {
    let root = seeded(image(), "i-one", "#cloud-config\nruncmd: ['echo']\n")
        .file("/etc/cloud/cloud.cfg.d/50.cfg", "allow_userdata: false\n");
    let booted = Machine::new(root).boot();
    assert_eq!(booted.all_errors(), Vec::<&str>::new());
    assert!(!booted.ran("/scripts/runcmd"), "{:#?}", booted.commands);
}

#[test]
fn a_launch_index_chooses_parts_when_the_metadata_has_one() {
    let indexed = |index: &str, key: &str| {
        part(
            &format!("Content-Type: text/cloud-config\nLaunch-Index: {index}"),
            &format!("#cloud-config\n{key}: 1"),
        )
    };
    let plain = named("text/cloud-config", "c", "#cloud-config\nfor_all: 1");
    let user_data = message(&[indexed("0", "for_zero"), indexed("1", "for_one"), plain]);
    for (metadata, expected) in
        [("instance-id: i\nlaunch-index: 1\n", [false, true, true]), ("instance-id: i\n", [true, true, true])]
    {
        let root = seeded(image(), "i", &user_data).file(&format!("{SEED}/meta-data"), metadata);
        let machine = Machine::new(root);
        machine.boot();
        let found = ["for_zero", "for_one", "for_all"].map(|key| config(&machine).contains(key));
        assert_eq!(found, expected, "{metadata:?}");
    }
}

#[test]
fn a_broken_part_is_passed_over_and_named() {
    let user_data = message(&[
        named("text/cloud-config", "good.cfg", "#cloud-config\nfrom_good: 1"),
        named("text/cloud-config", "bad.cfg", "#cloud-config\na: [unclosed"),
    ]);
    let machine = Machine::new(seeded(image(), "i-one", user_data));
    let booted = machine.boot();
    assert_eq!(booted.all_errors(), Vec::<&str>::new());
    assert!(config(&machine).contains("from_good: 1"));
    assert!(config(&machine).contains("bad.cfg"), "cloud-config.txt says so: {}", config(&machine));
    booted.warned("bad.cfg");
}

#[test]
fn a_later_part_replaces_whole_keys_unless_it_says_otherwise() {
    let parts = |header: &str| {
        message(&[
            named("text/cloud-config", "a", "#cloud-config\nruncmd: [one]"),
            part(&format!("Content-Type: text/cloud-config{header}"), "#cloud-config\nruncmd: [two]"),
        ])
    };
    for (header, expected) in
        [("", ("two", false)), ("\nMerge-Type: list(append)+dict(recurse_list)+str()", ("two", true))]
    {
        let machine = Machine::new(seeded(image(), "i-one", parts(header)));
        machine.boot();
        let script = machine.text("/var/lib/cloud/instance/scripts/runcmd").unwrap_or_default();
        assert!(script.contains(expected.0), "{header:?}: {script}");
        assert_eq!(script.contains("one"), expected.1, "{header:?}: {script}");
    }
}

/// systemd has the same user-data, by systemd-imds(1): an object with its keys, or with its first line. Before, every boot
/// was degraded by the warning about an unknown type.
#[test]
fn data_for_systemd_is_left_to_it() {
    let credentials = r#"{"systemd.credentials": [{"name": "motd", "text": "hello"}]}"#;
    let marked = format!("#systemd-userdata\n{credentials}");
    let beside = message(&[
        named("application/json", "credentials.json", credentials),
        named("text/cloud-config", "plain.cfg", "#cloud-config\nfrom_plain: 1"),
    ]);
    for user_data in [credentials, marked.as_str(), beside.as_str()] {
        let machine = Machine::new(seeded(image(), "i-one", user_data));
        let booted = machine.boot();
        let warnings = booted.warnings();
        assert!(warnings.iter().all(|warning| !warning.contains("Unhandled")), "{user_data}: {warnings:?}");
        assert_eq!(config(&machine).contains("from_plain: 1"), user_data == beside, "{user_data}");
        let kept = machine.text("/var/lib/cloud/instance/user-data.txt");
        assert_eq!(kept.as_deref(), Some(user_data), "the bytes are not changed");
    }
}
