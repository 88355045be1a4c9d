//! The command line as a user meets it: exit codes, messages, and plans of the embedded examples.

use std::path::PathBuf;
use std::process::Output;
use std::sync::OnceLock;

fn cloud_init(arguments: &[&str]) -> Output {
    static PROGRAM: OnceLock<PathBuf> = OnceLock::new();
    tests::run(PROGRAM.get_or_init(tests::program), arguments)
}

fn out(output: &Output) -> String {
    String::from_utf8_lossy(&output.stdout).into_owned()
}

fn err(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

#[test]
fn a_wrong_command_or_option_names_the_nearest() {
    let wrong = cloud_init(&["statu"]);
    assert_eq!(wrong.status.code(), Some(2));
    assert!(err(&wrong).contains("status"), "{}", err(&wrong));
    let wrong = cloud_init(&["status", "--wai"]);
    assert_eq!(wrong.status.code(), Some(2));
    assert!(err(&wrong).contains("--wait"), "{}", err(&wrong));
    assert_eq!(cloud_init(&[]).status.code(), Some(2));
}

#[test]
fn features_are_those_of_the_original() {
    let output = cloud_init(&["features"]);
    assert_eq!(out(&output), "NETWORK_CONFIG_V1\nNETWORK_CONFIG_V2\n");
    assert_eq!(output.status.code(), Some(0));
}

#[test]
fn a_query_for_nothing_says_what_to_ask() {
    let output = cloud_init(&["query"]);
    assert_eq!(output.status.code(), Some(1));
    assert!(err(&output).contains("--list-keys"), "{}", err(&output));
}

/// The effects of an example as JSON.
fn plan(arguments: &[&str]) -> (i32, serde_json::Value) {
    let mut all = vec!["plan", "--format", "json"];
    all.extend(arguments);
    let output = cloud_init(&all);
    let code = output.status.code().expect("an exit code");
    (code, serde_json::from_slice(&output.stdout).unwrap_or_else(|_| panic!("no plan: {}", err(&output))))
}

/// The last content that a plan writes to a path, with its mode.
fn written(plan: &serde_json::Value, path: &str) -> Option<(String, String)> {
    let effects = plan["effects"].as_array()?;
    let found = effects.iter().rev().find(|effect| effect["effect"] == "write" && effect["path"] == path)?;
    Some((found["mode"].as_str()?.to_owned(), found["content"].as_str().unwrap_or("(secret)").to_owned()))
}

fn runs(plan: &serde_json::Value, line: &str) -> bool {
    let effects = plan["effects"].as_array().expect("effects");
    effects.iter().filter(|effect| effect["effect"] == "command").any(|effect| {
        let words: Vec<&str> =
            effect["words"].as_array().into_iter().flatten().filter_map(serde_json::Value::as_str).collect();
        words.join(" ") == line
    })
}

#[test]
fn openstack_on_centos_7() {
    let (code, plan) = plan(&["--example", "openstack-centos7"]);
    assert_eq!(code, 0, "{:#}", plan["warnings"]);
    // The network as CentOS 7 reads it (RHEL 7 Networking Guide, ifcfg files).
    let (mode, ifcfg) = written(&plan, "/etc/sysconfig/network-scripts/ifcfg-eth0").expect("the link's file");
    assert_eq!(mode, "0644");
    for line in [
        "BOOTPROTO=dhcp",
        "DEVICE=eth0",
        "HWADDR=fa:16:3e:00:00:01",
        "ONBOOT=yes",
        "TYPE=Ethernet",
        "USERCTL=no",
    ] {
        assert!(ifcfg.lines().any(|found| found == line), "{line} is missing in:\n{ifcfg}");
    }
    assert!(
        runs(&plan, "hostnamectl set-hostname ecs-test.novalocal"),
        "the name with its domain, RHEL's habit"
    );
    // The user's script is kept and run, unread.
    let id = "d8e02d56-2648-49a3-bf97-6be8f1204f38";
    let (mode, script) =
        written(&plan, &format!("/var/lib/cloud/instances/{id}/scripts/part-001")).expect("the script");
    assert_eq!(mode, "0700");
    assert!(script.contains("chpasswd -e"), "{script}");
    assert!(runs(&plan, "/var/lib/cloud/instance/scripts/part-001"));
    let asked: Vec<&str> = plan["effects"]
        .as_array()
        .into_iter()
        .flatten()
        .filter(|effect| effect["effect"] == "request")
        .filter_map(|effect| effect["url"].as_str())
        .collect();
    assert!(asked.iter().any(|url| url.ends_with("/openstack/2018-08-27/meta_data.json")), "{asked:?}");
    // The two addresses of OpenStack's metadata service, and no others.
    let known = ["http://169.254.169.254/", "http://[fe80::a9fe:a9fe%25eth0]/"];
    assert!(asked.iter().all(|url| known.iter().any(|base| url.starts_with(base))), "{asked:?}");
}

#[test]
fn nocloud_on_ubuntu() {
    let (code, plan) = plan(&["--example", "nocloud-ubuntu"]);
    assert_eq!(code, 0, "{:#}", plan["warnings"]);
    let (_, motd) = written(&plan, "/etc/motd").expect("write_files");
    assert_eq!(motd, "This machine was set up by cloud-init.\n");
    let (mode, index) = written(&plan, "/srv/www/index.html").expect("the deferred file");
    assert_eq!((mode.as_str(), index.as_str()), ("0640", "<h1>It works</h1>\n"));
    let (mode, netplan) = written(&plan, "/etc/netplan/50-cloud-init.yaml").expect("netplan's file");
    assert_eq!(mode, "0600");
    assert!(netplan.contains("dhcp4: true"), "{netplan}");
    let (mode, keys) = written(&plan, "/home/deploy/.ssh/authorized_keys").expect("the user's keys");
    assert_eq!(mode, "0600");
    assert!(keys.contains("deploy@example.org"), "{keys}");
    let (_, hosts) = written(&plan, "/etc/hosts").expect("manage_etc_hosts");
    assert!(hosts.contains("127.0.1.1 web-1.example.org web-1"), "{hosts}");
}

#[test]
fn a_config_drive_on_rocky() {
    let (code, plan) = plan(&["--example", "configdrive-rocky"]);
    assert_eq!(code, 0, "{:#}", plan["warnings"]);
    let effects = plan["effects"].as_array().expect("effects");
    let files: Vec<&str> = effects
        .iter()
        .filter(|effect| effect["effect"] == "write")
        .filter_map(|effect| effect["path"].as_str())
        .filter(|path| path.contains("bond0"))
        .collect();
    assert!(!files.is_empty(), "no file describes the bond");
}

#[test]
fn input_that_cannot_be_used_is_named() {
    let output = cloud_init(&["plan", "--example", "openstack-centos"]);
    assert_eq!(output.status.code(), Some(1));
    assert!(err(&output).contains("did you mean openstack-centos7?"), "{}", err(&output));
    let output = cloud_init(&["plan", "--distro", "plan9"]);
    assert_eq!(output.status.code(), Some(1));
    assert!(err(&output).contains("debian"), "{}", err(&output));
    let output = cloud_init(&["plan", "--user-data", "/nonexistent/user-data"]);
    assert_eq!(output.status.code(), Some(1));
    assert!(err(&output).contains("/nonexistent/user-data"), "{}", err(&output));
}

#[test]
fn a_mistake_is_seen_before_boot_at_its_line() {
    let directory = tempfile::tempdir().expect("a directory");
    let file = directory.path().join("user-data");
    #[allow(clippy::disallowed_methods, reason = "a test's own file")]
    std::fs::write(&file, "#cloud-config\nhostname: x\nwrite_files:\n  - path: /a\n    permissions: [1]\n")
        .expect("written");
    let (code, plan) = plan(&["--distro", "debian", "--user-data", &file.display().to_string()]);
    assert_eq!(code, 2);
    let messages = plan["warnings"].to_string() + &plan["errors"].to_string();
    assert!(messages.contains("user-data part-001:5:18"), "not the user's line in {messages}");
}
