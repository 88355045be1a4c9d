//! `clean --check`: what an image still contains of an instance.

use std::path::{Path, PathBuf};

use model::{Node, Paths, System};

use super::{FSTAB, FSTAB_MARK, NETWORK_FILES, SSH_FILES, expand};
use crate::logfiles;

/// A file that machines started from the image would share.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Remain {
    /// Where it is.
    pub path: PathBuf,
    /// What it is.
    pub what: &'static str,
    /// How to remove it.
    pub advice: &'static str,
}

/// Files that cloud-init does not remove, because it may not have created them.
const OTHERS: &[(&str, &str, &str)] = &[
    (
        "/etc/ssh/ssh_host_*_key",
        "a host key, the same on every machine",
        "remove it: the first boot generates others",
    ),
    ("/var/lib/dhcp/*.leases", "a DHCP lease", "remove it"),
    ("/var/lib/dhclient/*.lease*", "a DHCP lease", "remove it"),
    ("/var/lib/dhcpcd/*.lease", "a DHCP lease", "remove it"),
    ("/var/lib/NetworkManager/*.lease", "a DHCP lease", "remove it"),
    ("/var/lib/systemd/random-seed", "a random seed, the same on every machine", "remove it"),
    ("/var/lib/systemd/credential.secret", "the key of encrypted credentials", "remove it"),
];

/// What is left of an instance, in the order in which it would be removed.
pub fn remains(system: &System, paths: &Paths, config: &Node) -> Vec<Remain> {
    const CLEAN: &str = "cloud-init clean removes it";
    let mut found = Vec::new();
    let mut add = |path: PathBuf, what, advice| {
        if system.files.exists(&path) {
            found.push(Remain { path, what, advice });
        }
    };
    for (name, what) in [
        ("instance", "the current instance"),
        ("instances", "data of instances, which may contain secrets"),
        ("data", "ids of instances and results of boots"),
        ("sem", "semaphores: modules that run once would not run"),
        ("scripts", "scripts of an instance"),
        ("handlers", "part handlers of an instance"),
    ] {
        let path = paths.cloud_dir.join(name);
        // The stages create empty directories.
        if !is_empty(system, &path) {
            add(path, what, CLEAN);
        }
    }
    for name in system.files.list(&paths.cloud_dir.join("seed")).unwrap_or_default() {
        let seed = paths.cloud_dir.join("seed").join(name);
        if !is_empty(system, &seed) {
            add(seed, "a seed, which every machine would use", "cloud-init clean --seed removes it");
        }
    }
    for log in logfiles::of(system, config).into_iter().filter(|log| !log.starts_with("/dev")) {
        add(log, "a log", "cloud-init clean --logs removes it");
    }
    for (patterns, what, advice) in [
        (
            NETWORK_FILES,
            "the network configuration of an instance",
            "cloud-init clean --configs network removes it",
        ),
        (SSH_FILES, "settings of sshd for an instance", "cloud-init clean --configs ssh_config removes it"),
    ] {
        for path in patterns.iter().flat_map(|pattern| expand(system, pattern)) {
            add(path, what, advice);
        }
    }
    if system.files.text(Path::new(FSTAB)).is_some_and(|text| text.contains(FSTAB_MARK)) {
        add(FSTAB.into(), "mounts of an instance", "cloud-init clean --configs fstab removes them");
    }
    let machine_id = system.files.text(Path::new("/etc/machine-id")).unwrap_or_default();
    if !matches!(machine_id.trim(), "" | "uninitialized") {
        add("/etc/machine-id".into(), "the id of a machine", "cloud-init clean --machine-id resets it");
    }
    for (pattern, what, advice) in OTHERS {
        for path in expand(system, pattern) {
            add(path, what, advice);
        }
    }
    let homes = system.files.list(Path::new("/home")).unwrap_or_default();
    let homes = homes.iter().map(|user| Path::new("/home").join(user));
    for home in std::iter::once("/root".into()).chain(homes) {
        let keys = home.join(".ssh/authorized_keys");
        if has_keys(system, &keys) {
            add(keys, "keys that can log in", "remove those of other instances");
        }
    }
    found
}

/// Whether sshd(8) finds a key in the file: a boot without keys leaves an empty one.
fn has_keys(system: &System, path: &Path) -> bool {
    let text = system.files.text(path).unwrap_or_default();
    text.lines().map(str::trim).any(|line| !line.is_empty() && !line.starts_with('#'))
}

/// Whether a directory contains no file, at any depth.
fn is_empty(system: &System, path: &Path) -> bool {
    if !system.files.is_dir(path) {
        return !system.files.exists(path);
    }
    let names = system.files.list(path).unwrap_or_default();
    names.into_iter().all(|name| is_empty(system, &path.join(name)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clean::{Options, run};

    #[test]
    fn clean_removes_what_it_says_it_does() {
        let (system, _) = system::Scratch::new()
            .file("/var/lib/cloud/data/instance-id", "i\n")
            .file("/var/lib/cloud/seed/nocloud/meta-data", "x")
            .file("/var/lib/cloud/sem/config_x.once", "")
            .file("/etc/netplan/50-cloud-init.yaml", "")
            .file("/etc/fstab", "/dev/vdb /mnt auto comment=cloudconfig 0 2\n")
            .file("/etc/machine-id", "0123456789abcdef0123456789abcdef\n")
            .file("/etc/ssh/ssh_host_rsa_key", "key")
            .file("/home/debian/.ssh/authorized_keys", "# a\nkey")
            .file("/home/other/.ssh/authorized_keys", "\n# none\n")
            .file("/root/.ssh/authorized_keys", "")
            .file("/var/lib/dhcp/dhclient.eth0.leases", "lease")
            .directory("/run/systemd/system")
            .system();
        let (paths, config) = (Paths::default(), Node::default());
        let left = || -> Vec<String> {
            remains(&system, &paths, &config).iter().map(|remain| remain.path.display().to_string()).collect()
        };
        assert_eq!(
            left(),
            [
                "/var/lib/cloud/data",
                "/var/lib/cloud/sem",
                "/var/lib/cloud/seed/nocloud",
                "/etc/netplan/50-cloud-init.yaml",
                "/etc/fstab",
                "/etc/machine-id",
                "/etc/ssh/ssh_host_rsa_key",
                "/var/lib/dhcp/dhclient.eth0.leases",
                "/home/debian/.ssh/authorized_keys"
            ]
        );
        let all = Options { logs: true, seed: true, machine_id: true, configs: vec!["all".into()] };
        run(&system, &paths, &config, &all).expect("cleaned");
        assert_eq!(
            left(),
            [
                "/etc/ssh/ssh_host_rsa_key",
                "/var/lib/dhcp/dhclient.eth0.leases",
                "/home/debian/.ssh/authorized_keys"
            ]
        );
    }
}
