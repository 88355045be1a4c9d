//! `plan` for the machine of any data source: what its options say counts as what a machine would show.

use std::path::Path;

use serde_json::Value;

use super::{cloud_init, err, out, plan, runs, written};

fn examples() -> std::path::PathBuf {
    tests::workspace().join("examples")
}

/// The source that a plan's boot found.
fn source(document: &Value) -> &str {
    document["assumed"]["data_source"].as_str().unwrap_or_default()
}

fn requests(document: &Value) -> Vec<(&str, &str, Option<u64>)> {
    let effects = document["effects"].as_array().expect("effects");
    let requests = effects.iter().filter(|effect| effect["effect"] == "request");
    requests
        .map(|effect| {
            let method = effect["method"].as_str().expect("a method");
            (method, effect["url"].as_str().expect("an address"), effect["status"].as_u64())
        })
        .collect()
}

fn folder(files: &[(&str, &str)]) -> tempfile::TempDir {
    let folder = tempfile::tempdir().expect("a folder");
    for (name, content) in files {
        let path = folder.path().join(name);
        std::fs::create_dir_all(path.parent().expect("below the folder")).expect("made");
        std::fs::write(path, content).expect("written");
    }
    folder
}

fn shown(path: &Path) -> String {
    path.display().to_string()
}

/// Whether the machine gets this name, by its file or by its program.
fn is_named(document: &Value, host: &str) -> bool {
    written(document, "/etc/hostname").is_some_and(|(_, text)| text.trim() == host)
        || runs(document, &format!("hostnamectl set-hostname {host}"))
}

#[test]
fn a_directory_of_documents_tells_its_source() {
    let tree = shown(&examples().join("openstack-centos7"));
    let (_, document) = plan(&["--distro", "centos", "--metadata-tree", &tree]);
    assert!(source(&document).starts_with("DataSourceOpenStack"), "{}", source(&document));
    let asked = requests(&document);
    assert!(
        asked.iter().any(|(_, url, status)| url.contains("openstack") && *status == Some(200)),
        "{asked:?}"
    );
    let empty = folder(&[("readme", "nothing")]);
    let output = cloud_init(&["plan", "--metadata-tree", &shown(empty.path())]);
    assert_eq!(output.status.code(), Some(1));
    assert!(err(&output).contains("name it with --data-source"), "{}", err(&output));
}

#[test]
fn a_named_source_reads_the_directory_by_its_own_medium() {
    let tree = shown(&examples().join("configdrive-rocky"));
    let options = ["--distro", "rocky", "--data-source", "configdrive", "--metadata-tree", &tree];
    let (_, document) = plan(&options);
    assert!(source(&document).starts_with("DataSourceConfigDrive"), "{}", source(&document));
    assert_eq!(requests(&document), [], "a device, no service");
    let seed = folder(&[("meta-data", "instance-id: i\nlocal-hostname: seeded\n"), ("user-data", "")]);
    let (_, document) = plan(&["--data-source", "NoCloud", "--metadata-tree", &shown(seed.path())]);
    assert!(
        source(&document).starts_with("DataSourceNoCloud [seed=/var/lib/cloud/seed/"),
        "{}",
        source(&document)
    );
    assert!(is_named(&document, "seeded"));
}

#[test]
fn what_a_source_cannot_use_is_refused() {
    let seed = folder(&[("meta-data", ""), ("user-data", "#cloud-config\n")]);
    let (tree, user_data) = (shown(seed.path()), shown(&seed.path().join("user-data")));
    for (options, expected) in [
        (vec!["--data-source", "Ec3"], "unknown data source 'Ec3'; this build includes "),
        (vec!["--data-source", "None", "--metadata-tree", &tree], "--metadata-tree does not apply"),
        (
            vec!["--data-source", "OpenStack", "--user-data", &user_data],
            "--user-data is part of a NoCloud seed",
        ),
        (vec!["--metadata-tree", "/no/such/directory"], "not a directory"),
        (vec!["--dmi", "no-such-key=x"], "expected KEY=VALUE"),
        (vec!["--dmi", "product_serial"], "expected KEY=VALUE"),
    ] {
        let output = cloud_init(&[vec!["plan"], options.clone()].concat());
        assert_eq!(output.status.code(), Some(1), "{options:?}: {}", out(&output));
        assert!(err(&output).contains(expected), "{options:?}: {}", err(&output));
    }
}

#[test]
fn the_firmware_and_the_kernels_command_line_are_evidence() {
    // doc/rtd/reference/datasources/nocloud.rst: `ds=nocloud;h=…;i=…` in the serial number or on the command line.
    let words = |host: &str| format!("ds=nocloud;i=iid-1;h={host}");
    let dmi = |key: &str| format!("{key}={}", words("firmware"));
    for key in ["system-serial-number", "product_serial"] {
        let (_, document) = plan(&["--dmi", &dmi(key)]);
        assert!(source(&document).starts_with("DataSourceNoCloud [seed=dmi]"), "{}", source(&document));
        assert!(is_named(&document, "firmware"));
    }
    let (_, document) = plan(&["--cmdline", &format!("root=/dev/vda1 {}", words("kernel"))]);
    assert!(source(&document).starts_with("DataSourceNoCloud [seed=cmdline]"), "{}", source(&document));
    assert!(is_named(&document, "kernel"));
}

#[test]
fn a_tree_of_addresses_answers_without_making_the_plan_another_source() {
    let files = folder(&[
        ("user-data", "#include\nhttp://example.org/more\n"),
        ("example.org/more", "#cloud-config\nwrite_files: [{path: /etc/included, content: yes-it-is}]\n"),
    ]);
    let user_data = shown(&files.path().join("user-data"));
    let (_, document) = plan(&["--user-data", &user_data, "--url-tree", &shown(files.path())]);
    assert!(source(&document).starts_with("DataSourceNoCloud"), "{}", source(&document));
    assert_eq!(written(&document, "/etc/included").map(|(_, text)| text).as_deref(), Some("yes-it-is"));
    assert!(requests(&document).contains(&("GET", "http://example.org/more", Some(200))), "{document}");
    // Without it nobody is asked, and the plan says how one would be.
    let (_, document) = plan(&["--user-data", &user_data]);
    assert!(requests(&document).iter().all(|(_, _, status)| status.is_none()), "{document}");
    assert!(document["warnings"].to_string().contains("--url-tree"), "{}", document["warnings"]);
}

#[test]
fn events_that_are_posted_are_listed() {
    let text =
        "#cloud-config\nreporting: {maas: {type: webhook, endpoint: 'http://u:SECRETWORD@maas/events'}}\n";
    let files = folder(&[("user-data", text)]);
    let (_, document) = plan(&["--user-data", &shown(&files.path().join("user-data"))]);
    let posts =
        requests(&document).into_iter().filter(|(method, url, _)| *method == "POST" && url.contains("maas"));
    assert!(posts.count() > 10, "{:?}", requests(&document));
    assert!(
        requests(&document).iter().all(|(_, url, _)| !url.contains("SECRETWORD")),
        "no password is shown"
    );
    assert!(!document["warnings"].to_string().contains("report"), "{}", document["warnings"]);
}
