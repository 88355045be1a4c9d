//! What is written besides the content: owners, and what plans hide.

use model::distro::Network as _;
use model::{NetworkConfig, Node};
use network_managers::{NetworkTools, Settings};
use system::{EffectKind, Recording, Scratch};

/// The mode, the owner and the secrecy of each written file.
fn written(root: Scratch, renderer: &str, yaml: &str) -> Vec<(String, u32, (u32, u32), bool)> {
    let (system, recording): (_, Recording) = root.system();
    let settings = Settings { renderers: Some(vec![renderer.to_owned()]), ..Settings::of("arch") };
    let tools = NetworkTools::new(system, settings);
    let node = Node::from_yaml("net.yaml", yaml.as_bytes()).expect("YAML").expect("a document");
    tools.read(&NetworkConfig::new(node)).expect("read").render().expect("renders");
    let effects = recording.effects().into_iter();
    effects
        .filter_map(|effect| match effect.kind {
            EffectKind::Write { path, mode, owner, secret, .. } => {
                Some((path.display().to_string(), mode, owner, secret))
            }
            _ => None,
        })
        .collect()
}

/// Passwords are those of access points and of 802.1x; a file that everyone can read has none.
#[test]
fn files_with_passwords_are_secret() {
    let netplan = || Scratch::new().program("/usr/sbin/netplan");
    let points = |settings: &str| {
        format!("version: 2\nwifis: {{wlan0: {{dhcp4: true, access-points: {{home: {settings}}}}}}}\n")
    };
    for (config, secret) in [
        (points("{password: s3cret}"), true),
        (points("{auth: {key-management: eap, password: s3cret}}"), true),
        (points("{}"), false),
        ("version: 2\nethernets: {eth0: {dhcp4: true}}\n".to_owned(), false),
    ] {
        let files = written(netplan(), "netplan", &config);
        let [(path, mode, owner, found)] = files.as_slice() else { panic!("{files:?}") };
        assert_eq!((path.as_str(), *mode, *owner), ("/etc/netplan/50-cloud-init.yaml", 0o600, (0, 0)));
        assert_eq!(*found, secret, "{config}");
    }
    let networkd = Scratch::new().programs(&["/usr/sbin/ip", "/bin/systemctl"]);
    let search = "version: 2\nethernets: {eth0: {dhcp4: true, nameservers: {search: [password]}}}\n";
    for (path, _, _, secret) in written(networkd, "networkd", search) {
        assert!(!secret, "{path} can be read by everyone");
    }
}

/// The original's `create_network_file`: the user and the group systemd-network, if both exist.
#[test]
fn files_of_networkd_have_its_owner() {
    let config = "version: 2\nethernets: {eth0: {dhcp4: true}}\n";
    let user = "systemd-network:x:998:997::/:/usr/sbin/nologin\n";
    let group = "systemd-network:x:997:\n";
    for (passwd, groups, owner) in [(user, group, (998, 997)), ("", "", (0, 0))] {
        let root = Scratch::new()
            .programs(&["/usr/sbin/ip", "/bin/systemctl"])
            .file("/etc/passwd", passwd)
            .file("/etc/group", groups);
        let files = written(root, "networkd", config);
        assert!(!files.is_empty());
        for (path, mode, found, _) in files {
            assert_eq!((mode, found), (0o644, owner), "{path}");
        }
    }
}

/// The original's `available` of networkd: both programs must be executable.
#[test]
fn networkd_needs_its_programs() {
    let config = || {
        NetworkConfig::new(Node::from_yaml("net.yaml", b"{version: 2}").expect("YAML").expect("a document"))
    };
    for (root, available) in [
        (Scratch::new().programs(&["/usr/sbin/ip", "/bin/systemctl"]), true),
        (Scratch::new().program("/usr/sbin/ip"), false),
        (Scratch::new().program("/bin/systemctl"), false),
        (Scratch::new().program("/usr/sbin/ip").file("/bin/systemctl", "not executable"), false),
        (Scratch::new().program("/usr/sbin/ip").directory("/bin/systemctl"), false),
        (Scratch::new().program("/usr/sbin/ip").program("/opt/systemctl"), false),
    ] {
        let settings = Settings { renderers: Some(vec!["networkd".to_owned()]), ..Settings::of("arch") };
        let tools = NetworkTools::new(root.system().0, settings);
        assert_eq!(tools.read(&config()).expect("read").render().is_ok(), available);
    }
}
