//! User-data that would take all memory or time: the stage ends, its peak of memory is bounded, and the message names
//! the part.
#![allow(clippy::disallowed_methods, reason = "a test of the program prepares its files")]

use std::io::Write as _;

use base64::Engine as _;

use crate::stage::Stage;

/// The bound for every process of a stage. This build needs more than a release: its program is four times as large.
const MEMORY: u64 = 64 << 10;

/// Runs the network stage on this user-data; one of its errors or warnings must contain `expected`.
#[track_caller]
fn survives(user_data: &[u8], expected: &str) {
    let stage = Stage::new(user_data, "cloud_init_modules: []\n");
    let ended = stage.run(&["init"]);
    let status = stage.status();
    let init = &status["init"];
    assert!(init["finished"].is_f64(), "not finished (exit code {:?}): {status}", ended.code);
    let said = init.to_string();
    assert!(said.contains(expected), "no {expected:?} in {}", said.chars().take(2000).collect::<String>());
    assert!(ended.peak < MEMORY, "{} KiB for {expected:?}", ended.peak);
}

fn gzip(plain: &[u8], repeated: usize) -> Vec<u8> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
    for _ in 0..repeated {
        encoder.write_all(plain).expect("written");
    }
    encoder.finish().expect("packed")
}

fn mime(part: &str, count: usize) -> Vec<u8> {
    let head = "Content-Type: multipart/mixed; boundary=b\nMIME-Version: 1.0\n\n";
    format!("{head}{}--b--\n", format!("--b\n{part}\n").repeat(count)).into_bytes()
}

fn template(body: &str) -> Vec<u8> {
    format!("## template: jinja\n#cloud-config\n{body}\n").into_bytes()
}

#[test]
fn templates() {
    for (body, expected) in [
        (
            "{% set ns = namespace(s='xxxxxxxx') %}{% for i in range(60) %}{% set ns.s = ns.s ~ ns.s %}{% endfor %}",
            "part-001: the template takes too much memory (limit 32 MiB)",
        ),
        (
            "x: {{ range(99999)|join('x'*100000) }}",
            "part-001:3: invalid operation: join: the result is larger than",
        ),
        ("{% set ns = namespace() %}{% set ns.a = ns %}x: {{ ns }}", "a namespace may contain itself"),
        ("{% set ns = namespace() %}{% set ns.a = ns %}x: {{ ns|tojson }}", "a namespace may contain itself"),
        ("x: {{ '%.65536f'|format(1.5) }}", "a width or precision is larger than 65000"),
        (
            "{% set ns = namespace(a=[]) %}{% for i in range(32812) %}{% set ns.a = [ns.a] %}{% endfor %}{{ ns.a }}",
            "part-001",
        ),
        (
            "{% set ns = namespace() %}{% set ns.a = ns %}{% set o = namespace() %}{% set o.a = o %}x: {{ ns == o }}",
            "part-001: the template nests too deeply",
        ),
    ] {
        survives(&template(body), expected);
    }
    let chain = format!("x: {{{{ 1{} }}}}", "+1".repeat(200_000));
    survives(&template(&chain), "part-001: the template nests too deeply");
    // What is only large is rendered.
    survives(&template("hostname: h{{ range(99999)|unique|list|length }}"), "{}");
}

#[test]
fn compressed_documents() {
    survives(&gzip(&vec![b'#'; 1 << 20], 200), "user-data: the document has more than 3 MiB");
    let part = base64::engine::general_purpose::STANDARD.encode(gzip(&vec![b'#'; 1 << 20], 3));
    let part = format!(
        "Content-Type: application/gzip\nContent-Disposition: attachment; filename=\"seven.gz\"\n\
         Content-Transfer-Encoding: base64\n\n{part}\n"
    );
    survives(&mime(&part, 50), "seven.gz: the parts have more than 3 MiB in total");
}

#[test]
fn documents_at_the_limit() {
    let size = (3 << 20) - 100;
    survives(format!("#cloud-config\nx: {}\n", "a".repeat(size)).as_bytes(), "unknown key 'x'");
    survives(format!("#!/bin/sh\n{}\n", "#".repeat(size)).as_bytes(), "[]");
    let numbers = "1,".repeat(39_000);
    let both = format!("#cloud-config\nx: [{numbers}]\ny: {}\n", "a".repeat(size - 2 * 39_000));
    survives(both.as_bytes(), "unknown key 'x'");
    let part = base64::engine::general_purpose::STANDARD.encode(vec![b'#'; 2_200_000]);
    let part = format!("Content-Type: text/x-shellscript\nContent-Transfer-Encoding: base64\n\n{part}\n");
    survives(&mime(&part, 1), "[]");
}

#[test]
fn documents_of_many_values() {
    survives(
        format!("#cloud-config\nx: [{}]\n", "1,".repeat(1_000_000)).as_bytes(),
        "too many values (limit 40000)",
    );
    survives(format!("#cloud-config\nx: {}\n", "[".repeat(100_000)).as_bytes(), "nested too deeply");
    survives(
        format!("#cloud-config\n{}", "- a\n".repeat(700_000)).as_bytes(),
        "too many values (limit 40000)",
    );
    let appended = format!(
        "Content-Type: text/cloud-config\n\n#cloud-config\nmerge_how: 'list(append)+dict(recurse_list)'\nx: [{}]\n",
        "1,".repeat(15_000)
    );
    survives(&mime(&appended, 5), "part-003: the merged cloud-config would have more than 40000 values");
    let copies = r#",{"op": "copy", "from": "/a", "path": "/a/0"}"#.repeat(60);
    let patch =
        format!("#cloud-config-jsonp\n[{{\"op\": \"add\", \"path\": \"/a\", \"value\": [1]}}{copies}]");
    survives(patch.as_bytes(), "(copy /a/0): the result has more than 40000 values");
}

#[test]
fn many_parts() {
    survives(&mime("Content-Type: text/cloud-config\n\na: 1", 60_000), "more than 4096 parts");
    survives(
        format!("#cloud-config-archive\n{}", "- 'a: 1'\n".repeat(20_000)).as_bytes(),
        "more than 4096 parts",
    );
}

#[test]
fn wrong_values_without_number() {
    let runcmd = format!("#cloud-config\nruncmd:\n{}", "- 1\n".repeat(10_000));
    survives(runcmd.as_bytes(), "runcmd.0");
    let users = format!("#cloud-config\nusers:\n{}", "- {nmae: x}\n".repeat(5_000));
    survives(users.as_bytes(), "users.0");
}

/// A new instance with these documents; the local stage must have warned of `expected`.
#[track_caller]
fn survives_seed(documents: &[(&str, String)], expected: &str) {
    let stage = Stage::new(b"", "cloud_init_modules: []\n");
    for name in ["lib/instance", "run/.instance-id", "lib/instances/i-1/datasource.json"] {
        std::fs::remove_file(stage.path(name)).expect("it was made");
    }
    std::fs::create_dir_all(stage.path("lib/seed/nocloud")).expect("made");
    for (name, content) in documents {
        stage.put(&format!("lib/seed/nocloud/{name}"), content);
    }
    for arguments in [&["init", "--local"][..], &["init"]] {
        let ended = stage.run(arguments);
        assert!(ended.peak < MEMORY, "{} KiB in {arguments:?} for {expected:?}", ended.peak);
    }
    let log = stage.text("log");
    assert!(log.contains(expected), "no {expected:?} in {}", log.chars().take(2000).collect::<String>());
}

#[test]
fn documents_of_a_data_source() {
    let document = |size: usize| format!("#cloud-config\nx: {}\n", "a".repeat(size));
    let meta_data = |size: usize| format!("instance-id: i-new\nx: {}\n", "a".repeat(size));
    let mib = 1 << 20;
    let large = [("meta-data", meta_data(10)), ("user-data", document(65 * mib))];
    survives_seed(&large, "user-data: it is larger than 4 MiB");
    let many =
        [("meta-data", meta_data(3 * mib)), ("user-data", document(2 * mib)), ("vendor-data", document(mib))];
    survives_seed(&many, "meta-data: all documents of the data source have more than 6 MiB in total");
    let most =
        [("meta-data", meta_data(2 * mib)), ("user-data", document(2 * mib)), ("vendor-data", document(mib))];
    survives_seed(&most, "unknown key 'x'");
}

/// A list of ones takes eight times the memory of its text.
#[test]
fn json_of_many_values() {
    let stage = Stage::new(b"", "cloud_init_modules: []\ndatasource_list: [ConfigDrive, None]\n");
    for name in ["lib/instance", "run/.instance-id", "lib/instances/i-1/datasource.json"] {
        std::fs::remove_file(stage.path(name)).expect("it was made");
    }
    let place = "lib/seed/config_drive/openstack/latest";
    std::fs::create_dir_all(stage.path(place)).expect("made");
    let document = format!("{{\"uuid\": \"i-new\", \"x\": [{}1]}}", "1,".repeat(2_000_000));
    stage.put(&format!("{place}/meta_data.json"), &document);
    for arguments in [&["init", "--local"][..], &["init"]] {
        let ended = stage.run(arguments);
        assert!(ended.peak < MEMORY, "{} KiB in {arguments:?}", ended.peak);
    }
    let log = stage.text("log");
    let expected = "more than 40000 values";
    assert!(log.contains(expected), "no {expected:?} in {}", log.chars().take(2000).collect::<String>());
}

/// Data that may be for systemd is only looked at.
#[test]
fn other_json_of_many_values() {
    let user_data = format!("{{\"x\": [{}1]}}", "1,".repeat(1_400_000));
    survives(user_data.as_bytes(), "Unhandled non-multipart (text/x-not-multipart)");
}

#[test]
fn includes() {
    let stage = Stage::new(b"", "cloud_init_modules: []\n");
    let itself = stage.path("again");
    let line = format!("#include\n{0}\n{0}\n", itself.display());
    stage.put("again", &line);
    survives(line.as_bytes(), "includes are nested more than 16 levels deep");
    for path in ["/dev/zero", "/proc/kmsg", "/sys"] {
        survives(format!("#include\n{path}\n").as_bytes(), "not a regular file");
    }
    let mut others = String::new();
    for number in 0..101 {
        let name = number.to_string();
        stage.put(&name, "#!/bin/true\n");
        others.push_str(&format!("file://{}\n", stage.path(&name).display()));
    }
    survives(format!("#include\n{others}").as_bytes(), "more than 100 documents are included");
}
