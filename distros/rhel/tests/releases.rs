//! The roots for `plan` agree with what the distributions document.

use std::collections::{BTreeMap, BTreeSet};

use model::distro::Release;

/// The release with a name and a version.
fn release(distro: &str, version: &str) -> &'static Release {
    let found = rhel::RELEASES.iter().find(|known| known.distro == distro && known.version == version);
    found.unwrap_or_else(|| panic!("no release {distro} {version}"))
}

fn os_release(release: &Release) -> BTreeMap<&'static str, &'static str> {
    let pairs = release.os_release.lines().filter_map(|line| line.split_once('='));
    pairs.map(|(key, value)| (key, value.trim_matches('"'))).collect()
}

/// The lines of an account file, split at colons.
fn rows<'t>(text: &'t str) -> Vec<Vec<&'t str>> {
    text.lines().map(|line| line.split(':').collect::<Vec<&'t str>>()).collect()
}

/// os-release(5): ID and VERSION_ID; Amazon Linux calls itself amzn, the others by their name in lower case or as
/// cloud.cfg does.
#[test]
fn an_os_release_is_of_its_release() {
    let mut seen = BTreeSet::new();
    for release in rhel::RELEASES {
        let shown = format!("{} {}", release.distro, release.version);
        assert!(seen.insert(shown.clone()), "{shown} exists twice");
        let fields = os_release(release);
        let id = if release.distro == "amazon" { "amzn" } else { release.distro };
        assert!(fields["ID"].eq_ignore_ascii_case(id), "{shown}: {}", fields["ID"]);
        assert_eq!(fields["VERSION_ID"], release.version, "{shown}");
    }
    for (distro, version) in [
        ("centos", "7"),
        ("centos", "8"),
        ("centos", "9"),
        ("centos", "10"),
        ("rhel", "7.9"),
        ("rhel", "8.10"),
        ("rhel", "9.6"),
        ("rhel", "10.0"),
        ("rocky", "8.10"),
        ("rocky", "9.6"),
        ("rocky", "10.0"),
        ("almalinux", "8.10"),
        ("almalinux", "9.6"),
        ("almalinux", "10.0"),
        ("fedora", "41"),
        ("fedora", "42"),
        ("fedora", "43"),
        ("amazon", "2"),
        ("amazon", "2023"),
        ("azurelinux", "3.0"),
    ] {
        release(distro, version);
    }
}

/// passwd(5): the fourth field is a group of group(5).
#[test]
fn the_group_of_each_account_exists() {
    for release in rhel::RELEASES {
        let shown = format!("{} {}", release.distro, release.version);
        let group = release.group.concat();
        let groups: BTreeSet<&str> = rows(&group).iter().map(|fields| fields[2]).collect();
        let accounts = rows(release.passwd);
        assert!(accounts.iter().any(|fields| fields[0] == "root" && fields[2] == "0"), "{shown}");
        for fields in accounts {
            assert!(groups.contains(fields[3]), "{shown}: {fields:?}");
        }
    }
}

/// The package openssh: /var/empty/sshd until EL 8, /usr/share/empty.sshd afterwards; the group ssh_keys until EL 9.
/// The package filesystem: one directory for programs since Fedora 42 and EL 10. nobody is 99 until EL 7.
#[test]
fn accounts_and_groups_are_those_of_the_release() {
    for (distro, version, home, shell, ssh_keys, nobody) in [
        ("centos", "7", "/var/empty/sshd", "/sbin/nologin", true, "99"),
        ("rhel", "7.9", "/var/empty/sshd", "/sbin/nologin", true, "99"),
        ("amazon", "2", "/var/empty/sshd", "/sbin/nologin", true, "99"),
        ("centos", "8", "/var/empty/sshd", "/sbin/nologin", true, "65534"),
        ("rocky", "8.10", "/var/empty/sshd", "/sbin/nologin", true, "65534"),
        ("centos", "9", "/usr/share/empty.sshd", "/sbin/nologin", true, "65534"),
        ("almalinux", "9.6", "/usr/share/empty.sshd", "/sbin/nologin", true, "65534"),
        ("centos", "10", "/usr/share/empty.sshd", "/usr/sbin/nologin", false, "65534"),
        ("rhel", "10.0", "/usr/share/empty.sshd", "/usr/sbin/nologin", false, "65534"),
        ("fedora", "42", "/usr/share/empty.sshd", "/usr/sbin/nologin", false, "65534"),
        ("fedora", "41", "/usr/share/empty.sshd", "/sbin/nologin", false, "65534"),
    ] {
        let release = release(distro, version);
        let shown = format!("{distro} {version}");
        let accounts = rows(release.passwd);
        let account = |name: &str| accounts.iter().find(|fields| fields[0] == name).expect("an account");
        assert_eq!(account("sshd")[5..], [home, shell], "{shown}");
        assert_eq!(account("nobody")[2], nobody, "{shown}");
        let group = release.group.concat();
        assert_eq!(group.lines().any(|line| line.starts_with("ssh_keys:")), ssh_keys, "{shown}");
        assert!(group.lines().any(|line| line.starts_with("wheel:x:10:")), "{shown}");
    }
}

/// EL 7 and Amazon Linux 2 have initscripts, yum and Python 2; the others NetworkManager and dnf. Their installers
/// leave the name localhost.
#[test]
fn programs_are_those_of_the_release() {
    for release in rhel::RELEASES {
        let old =
            matches!((release.distro, release.version), ("centos", "7") | ("rhel", "7.9") | ("amazon", "2"));
        let shown = format!("{} {}", release.distro, release.version);
        let has = |path: &str| release.entries.concat().lines().any(|line| line == path);
        assert_eq!(has("/usr/bin/dnf"), !old, "{shown}");
        assert_eq!(has("/usr/sbin/NetworkManager"), !old, "{shown}");
        assert_eq!(has("/usr/sbin/ifup"), old, "{shown}");
        assert!(has("/usr/bin/yum"), "{shown}");
        assert_eq!(release.hostname, if old { "localhost.localdomain" } else { "localhost" }, "{shown}");
    }
}

/// Azure Linux builds systemd with accounts of its own.
#[test]
fn azure_linux_has_the_account_of_networkd() {
    let release = release("azurelinux", "3.0");
    assert!(release.passwd.contains("\nsystemd-network:x:76:76:"), "{}", release.passwd);
    assert!(release.group.concat().contains("\nsystemd-network:x:76:"), "{:?}", release.group);
}
