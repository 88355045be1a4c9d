//! Vulnerabilities of the original, each shown absent. Those not here have their test where the fault would be:
//! docs/vulnerabilities.md lists all of them.

use crate::machine::{Machine, image, seeded};
use crate::service::{cloud, ec2, openstack};

/// CVE-2012-6639: metadata was taken from whatever host a name of the local domain led to. Whoever answers has to be
/// the platform: nothing but its link-local addresses is asked.
#[test]
fn metadata_comes_from_the_platforms_own_addresses_only() {
    let ids = [
        ("product_uuid", "ec2f00d0-0000-4000-8000-000000000000"),
        ("product_serial", "ec2f00d0-0000-4000-8000-000000000000"),
    ];
    let nova = [("product_name", "OpenStack Nova")];
    for (list, dmi, documents) in [
        ("Ec2, None", &ids[..], ec2("i-0abc", "#cloud-config\n")),
        ("OpenStack, None", &nova[..], openstack("nova-1", "#cloud-config\n")),
    ] {
        let (machine, service) = cloud(list, dmi, documents);
        machine.boot();
        let asked = service.asked();
        assert!(!asked.is_empty(), "{list}: the service was found");
        let own = ["http://169.254.169.254/", "http://[fd00:ec2::254]/", "http://[fe80::a9fe:a9fe"];
        let strange: Vec<&String> =
            asked.iter().filter(|url| !own.iter().any(|own| url.starts_with(own))).collect();
        assert_eq!(strange, Vec::<&String>::new(), "{list}");
    }
}

/// CVE-2019-0816: every certificate that Azure's fabric held was made a key that may log in. What Azure's own source takes is
/// tested beside its code; other metadata's certificates are not keys either.
#[test]
fn no_certificate_of_a_fabric_is_authorized() {
    let documents = openstack("nova-1", "#cloud-config\n").file(
        "/openstack/latest/meta_data.json",
        r#"{"uuid": "nova-1", "hostname": "h", "public_keys": {"mine": "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIMINE me"},
            "keys": [{"type": "x509", "name": "fabric", "data": "CERTIFICATE-MARKER"}]}"#,
    );
    let (machine, _) = cloud("OpenStack, None", &[("product_name", "OpenStack Nova")], documents);
    machine.boot();
    let keys = machine.text("/home/debian/.ssh/authorized_keys").unwrap_or_default();
    assert_eq!(keys, "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIMINE me\n");
}

/// CVE-2020-8631: random passwords came from a generator that is not cryptographic. Every letter of ours takes bytes
/// of the kernel's (`core/system` has no other; tests/house looks that no crate brings one).
#[test]
fn a_random_password_is_the_kernels_randomness() {
    let taken = |kind: &str| {
        let user_data = format!(
            "#cloud-config\nusers: [{{name: bob}}]\nchpasswd: {{users: [{{name: bob, type: {kind}}}]}}\n"
        );
        let machine = Machine::new(seeded(image(), "i-one", user_data));
        machine.boot();
        machine.power.randomness()
    };
    let (fixed, random) = (taken("hash, password: $6$x$y"), taken("RANDOM"));
    assert!(random >= fixed + 20, "{random} bytes of randomness with a random password, {fixed} without");
}

/// CVE-2024-11584: everybody could write into the FIFO of the hot-plug hook. What is made by hand has its test in
/// core/system; this is the unit that makes it on a machine. systemd.socket(5): without `SocketMode=` of its section the mode is
/// 0666, and the last of several counts.
#[test]
fn the_hotplug_socket_is_roots_alone() {
    let unit = include_str!("../../packaging/systemd/cloud-init-hotplugd.socket");
    let section = unit.split("\n[").find_map(|part| part.strip_prefix("Socket]\n")).expect("a section");
    let of = |key: &str| -> Vec<&str> {
        let settings = section.lines().filter_map(|line| line.split_once('='));
        settings.filter(|(name, _)| *name == key).map(|(_, value)| value).collect()
    };
    assert_eq!(of("SocketMode"), ["0600"], "{unit}");
    // Whom it belongs to if not root, and further sockets that it would open.
    assert_eq!((of("SocketUser"), of("SocketGroup")), (Vec::new(), Vec::new()), "{unit}");
    let listened: Vec<&str> = section.lines().filter(|line| line.starts_with("Listen")).collect();
    assert_eq!(listened, ["ListenFIFO=/run/cloud-init/share/hook-hotplug-cmd"], "{unit}");
}

/// Without a number: files of networks hold passwords of access points, and were for everybody to read.
#[test]
fn network_files_that_may_hold_secrets_are_roots_alone() {
    let machine = Machine::new(seeded(image(), "i-one", "#cloud-config\n"));
    machine.boot();
    assert_eq!(machine.mode("/etc/netplan/50-cloud-init.yaml"), Some(0o600));
}
