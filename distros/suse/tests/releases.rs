//! The roots for `plan` agree with what the distributions document.

use std::collections::BTreeSet;

/// os-release(5). The names opensuse and suse stand for the current release of each.
#[test]
fn an_os_release_is_of_its_release() {
    let mut seen = BTreeSet::new();
    for release in suse::RELEASES {
        let shown = format!("{} {}", release.distro, release.version);
        assert!(seen.insert(shown.clone()), "{shown} exists twice");
        let id = match release.distro {
            "opensuse" => "opensuse-leap",
            "suse" => "sles",
            other => other,
        };
        let field = |key: &str| {
            let line = release.os_release.lines().find_map(|line| line.strip_prefix(key)?.strip_prefix('='));
            line.unwrap_or_else(|| panic!("{shown}: no {key}")).trim_matches('"')
        };
        assert_eq!((field("ID"), field("VERSION_ID")), (id, release.version), "{shown}");
    }
    let expected = [
        "opensuse 15.6",
        "opensuse-leap 15.6",
        "opensuse-leap 16.0",
        "opensuse-microos 20251101",
        "opensuse-tumbleweed 20251101",
        "sle-micro 5.5",
        "sle_hpc 15.7",
        "sles 12.5",
        "sles 15.7",
        "sles 16.0",
        "suse 15.7",
    ];
    assert_eq!(seen, expected.map(str::to_owned).into());
}

/// The release notes: wicked until 15, NetworkManager since 16, in Tumbleweed and in the releases with a read-only root,
/// which change it by transactional-update(8).
#[test]
fn programs_and_accounts_are_those_of_the_release() {
    for release in suse::RELEASES {
        let shown = format!("{} {}", release.distro, release.version);
        let has = |path: &str| release.entries.concat().lines().any(|line| line == path);
        let old = release.version.starts_with("15.") || release.version.starts_with("12.");
        assert_eq!(has("/usr/sbin/wicked"), old, "{shown}");
        assert_eq!(has("/usr/sbin/NetworkManager"), !old, "{shown}");
        let read_only = ["opensuse-microos", "sle-micro"].contains(&release.distro);
        assert_eq!(has("/usr/sbin/transactional-update"), read_only, "{shown}");
        assert!(has("/usr/bin/zypper"), "{shown}");
        assert_eq!(release.hostname, "localhost", "{shown}");
        let group = release.group.concat();
        let groups: BTreeSet<&str> = group.lines().filter_map(|line| line.split(':').nth(2)).collect();
        assert!(release.passwd.starts_with("root:x:0:0:"), "{shown}");
        for account in release.passwd.lines() {
            let own = account.split(':').nth(3).unwrap_or_default();
            assert!(groups.contains(own), "{shown}: {account}");
        }
    }
}
