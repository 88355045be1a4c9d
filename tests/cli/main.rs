//! The command line as a user meets it: exit codes, messages, and plans of the embedded examples.
#![allow(clippy::disallowed_methods, reason = "a test reads and writes its own folder")]

mod cloud_cfg;
mod evidence;
mod explain;
mod man;
mod plan;
mod roots;
mod schema;
mod terminal;

use std::process::Output;

fn cloud_init(arguments: &[&str]) -> Output {
    tests::run(tests::program(), arguments)
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

/// The original's renderers (`NAME_TO_RENDERER`, cloudinit/net/renderers.py), and what this build's features name.
#[test]
fn all_features_are_the_members_of_each_family() {
    let text = out(&cloud_init(&["features", "--all"]));
    let of = |kind: &str| -> Vec<String> {
        let mut found: Vec<String> = text
            .lines()
            .filter_map(|line| line.strip_prefix(kind)?.strip_prefix(' '))
            .map(str::to_owned)
            .collect();
        found.sort();
        found
    };
    assert_eq!(
        of("renderer"),
        ["eni", "freebsd", "netbsd", "netplan", "network-manager", "networkd", "openbsd", "sysconfig"]
    );
    let metadata = tests::metadata();
    let packages = metadata["packages"].as_array().expect("packages");
    let program = packages.iter().find(|package| package["name"] == "cloud-init").expect("the program");
    for (kind, prefix) in [("module", "module-"), ("data-source", "source-"), ("distribution", "distro-")] {
        let features = program["features"].as_object().expect("features");
        let mut built: Vec<String> =
            features.keys().filter_map(|name| name.strip_prefix(prefix)).map(plain).collect();
        if kind == "module" {
            // No module, and the one that comes with `write_files`.
            built.retain(|name| name != "templates");
            built.push("writefilesdeferred".to_owned());
        }
        built.sort();
        let mut found: Vec<String> = of(kind).iter().map(|name| plain(name)).collect();
        found.sort();
        if kind == "distribution" {
            // A feature is a family there, named after one of its members.
            assert!(!built.is_empty() && built.iter().all(|family| found.contains(family)), "{found:?}");
        } else {
            assert_eq!(found, built, "{kind}");
        }
    }
}

/// A name without what features and names spell differently.
fn plain(name: &str) -> String {
    name.to_lowercase().replace(['-', '_'], "")
}

/// The original's `make-mime` (cloudinit/cmd/devel/make_mime.py): a type that it does not know is an error, and a warning
/// with `--force`.
#[test]
fn make_mime_takes_an_unknown_type_only_by_force() {
    let directory = tempfile::tempdir().expect("a directory");
    let file = directory.path().join("part");
    std::fs::write(&file, "text\n").expect("written");
    let attachment = format!("{}:frobnicate", file.display());
    let refused = cloud_init(&["devel", "make-mime", "--attach", &attachment]);
    assert_eq!((refused.status.code(), out(&refused).as_str()), (Some(1), ""));
    let said = "content type 'text/frobnicate' for attachment 1 may be incorrect!";
    assert!(err(&refused).contains(&format!("ERROR: {said}")), "{}", err(&refused));
    let forced = cloud_init(&["devel", "make-mime", "--force", "--attach", &attachment]);
    assert_eq!(forced.status.code(), Some(0));
    assert!(err(&forced).contains(&format!("WARNING: {said}")), "{}", err(&forced));
    assert!(out(&forced).contains("Content-Type: text/frobnicate"), "{}", out(&forced));
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
    std::fs::write(&file, "#cloud-config\nhostname: x\nwrite_files:\n  - path: /a\n    permissions: [1]\n")
        .expect("written");
    let (code, plan) = plan(&["--distro", "debian", "--user-data", &file.display().to_string()]);
    assert_eq!(code, 2);
    let messages = plan["warnings"].to_string() + &plan["errors"].to_string();
    assert!(messages.contains("user-data part-001:5:18"), "not the user's line in {messages}");
}

/// A file of a description, and what the command line says of it.
fn converted(text: &str, kind: &str, output_kind: &str, more: &[&str]) -> (Output, tempfile::TempDir) {
    let directory = tempfile::tempdir().expect("a directory");
    let file = directory.path().join("description");
    std::fs::write(&file, text).expect("written");
    let (file, target) = (file.display().to_string(), directory.path().join("out").display().to_string());
    let words =
        ["devel", "net-convert", "-p", &file, "-k", kind, "-d", &target, "-D", "debian", "-O", output_kind];
    (cloud_init(&[&words[..], more].concat()), directory)
}

#[test]
fn net_convert_reads_every_kind_and_writes_every_output() {
    let v2 = "network: {version: 2, ethernets: {eth0: {addresses: [10.0.0.5/24]}}}\n";
    let eni = "auto eth0\niface eth0 inet static\n    address 10.0.0.5/24\n";
    let openstack = r#"{"links": [{"id": "a", "type": "phy", "ethernet_mac_address": "52:54:00:12:34:56"}],
        "networks": [{"link": "a", "type": "ipv4", "ip_address": "10.0.0.5", "netmask": "255.255.255.0"}]}"#;
    let azure = r#"{"network": {"interface": [{"macAddress": "525400123456", "ipv4": {"subnet": [{"prefix": "24"}],
        "ipAddress": [{"privateIpAddress": "10.0.0.4"}, {"privateIpAddress": "10.0.0.5"}]}}]}}"#;
    let vmware = "[NIC-CONFIG]\nNICS = eth0\n[eth0]\nMACADDR = 52:54:00:12:34:56\nBOOTPROTO = static\n\
        IPADDR = 10.0.0.5\nNETMASK = 255.255.255.0\n";
    let mac = ["-m", "eth0,52:54:00:12:34:56"];
    for (kind, text) in [
        ("yaml", v2),
        ("eni", eni),
        ("network_data.json", openstack),
        ("azure-imds", azure),
        ("vmware-imc", vmware),
    ] {
        let (done, directory) = converted(text, kind, "eni", &mac);
        assert_eq!(done.status.code(), Some(0), "{kind}: {}", err(&done));
        assert!(err(&done).starts_with(&format!("Read input format '{kind}' from '")), "{}", err(&done));
        let written = directory.path().join("out/etc/network/interfaces.d/50-cloud-init");
        let written = std::fs::read_to_string(written).expect("written");
        assert!(written.contains("    address 10.0.0.5/24\n"), "{kind}: {written}");
    }
    for output_kind in
        ["eni", "netplan", "networkd", "sysconfig", "network-manager", "freebsd", "netbsd", "openbsd"]
    {
        let (done, _) = converted(v2, "yaml", output_kind, &[]);
        assert_eq!(done.status.code(), Some(0), "{output_kind}: {}", err(&done));
    }
}

#[test]
fn net_convert_tells_mistakes_with_their_places() {
    let (wrong, _) =
        converted("version: 2\nethernets:\n  eth0:\n    addresses: [10.0.0.500/24]\n", "yaml", "eni", &[]);
    assert_eq!(wrong.status.code(), Some(1));
    assert!(err(&wrong).contains("description:4:17: 'address: 10.0.0.500/24'"), "{}", err(&wrong));
    let numbered =
        "version: 2\nethernets:\n  eth0:\n    match: {macaddress: 52:54:00:12:34:56}\n    dhcp4: true\n";
    let (wrong, _) = converted(numbered, "yaml", "netplan", &[]);
    assert_eq!(wrong.status.code(), Some(1));
    assert!(err(&wrong).contains("is a sexagesimal number"), "{}", err(&wrong));
    assert_eq!(converted("{}", "toml", "eni", &[]).0.status.code(), Some(2));
    assert_eq!(converted("{}", "yaml", "windows", &[]).0.status.code(), Some(2));
    let (wrong, _) = converted("{", "azure-imds", "eni", &[]);
    assert_eq!(wrong.status.code(), Some(1));
}

#[test]
fn net_render_tells_the_form_from_the_content() {
    let directory = tempfile::tempdir().expect("a directory");
    let file = directory.path().join("interfaces");
    std::fs::write(&file, "auto eth0\niface eth0 inet dhcp\n").expect("written");
    let words = ["net", "render", &file.display().to_string(), "-r", "networkd", "-r", "eni", "--json"];
    let rendered = cloud_init(&words);
    assert_eq!(rendered.status.code(), Some(0), "{}", err(&rendered));
    let documents: serde_json::Value = serde_json::from_slice(&rendered.stdout).expect("JSON");
    let network = documents
        .as_array()
        .expect("a list")
        .iter()
        .find(|file| file["path"] == "/etc/systemd/network/10-cloud-init-eth0.network");
    assert!(
        network.is_some_and(|file| file["content"].as_str().unwrap_or_default().contains("DHCP=ipv4")),
        "{documents}"
    );
}

#[test]
fn hotplug_is_not_known_before_a_boot() {
    let asked =
        cloud_init(&["devel", "hotplug-hook", "-s", "net", "handle", "-d", "/devices/x", "-u", "add"]);
    assert_eq!(asked.status.code(), Some(1));
    assert_eq!(cloud_init(&["devel", "hotplug-hook", "-s", "usb", "query"]).status.code(), Some(2));
    assert_eq!(
        cloud_init(&["devel", "hotplug-hook", "-s", "net", "handle", "-u", "remove"]).status.code(),
        Some(2)
    );
}

#[test]
fn a_plan_stays_whole_where_events_are_reported_by_print() {
    let directory = tempfile::tempdir().expect("a directory");
    let file = directory.path().join("user-data");
    std::fs::write(&file, "#cloud-config\nreporting: {here: {type: print}}\n").expect("written");
    let (code, plan) = plan(&["--distro", "debian", "--user-data", &file.display().to_string()]);
    assert_eq!(code, 0, "{:#}", plan["warnings"]);
    assert!(plan["effects"].as_array().is_some_and(|effects| !effects.is_empty()));
}
