//! What a test may need beside the Rust toolchain, and where Debian has it.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::path::Path;
use std::process::{Command, Stdio};

/// The words of `#[ignore = "needs …"]` and the Debian package of each; none for what no package brings.
const NEEDS: &[(&str, Option<&str>)] = &[
    ("root", None),
    // Mounts and networks of one's own: a container's root often has neither.
    ("namespaces", None),
    // The root of the comparison with upstream.
    ("sid", None),
    ("bash", Some("bash")),
    ("dhclient", Some("isc-dhcp-client")),
    ("dnsmasq", Some("dnsmasq-base")),
    ("genisoimage", Some("genisoimage")),
    ("ifquery", Some("ifupdown")),
    ("ifup", Some("ifupdown")),
    ("ip", Some("iproute2")),
    ("kill", Some("procps")),
    ("ldd", Some("libc-bin")),
    ("mandoc", Some("mandoc")),
    ("mcopy", Some("mtools")),
    ("mke2fs", Some("e2fsprogs")),
    ("mkfs.vfat", Some("dosfstools")),
    ("mkswap", Some("util-linux")),
    ("mkudffs", Some("udftools")),
    ("netplan", Some("netplan.io")),
    ("networkctl", Some("systemd")),
    ("nmcli", Some("network-manager")),
    ("openssl", Some("openssl")),
    ("python3", Some("python3")),
    ("python3-yaml", Some("python3-yaml")),
    ("ssh-keygen", Some("openssh-client")),
    ("sshd", Some("openssh-server")),
];

/// The packages of every need.
pub fn packages() -> Vec<&'static str> {
    let mut packages: Vec<&str> = NEEDS.iter().filter_map(|(_, package)| *package).collect();
    packages.sort_unstable();
    packages.dedup();
    packages
}

/// The needs that the reason of an ignored test names; none where it names no need.
pub fn named(reason: &str) -> Vec<&str> {
    reason.strip_prefix("needs ").map(|list| list.split(", ").collect()).unwrap_or_default()
}

/// The test that runs an ignored one in a process of its own, as a part of itself.
pub fn is_part_of(reason: &str) -> Option<&str> {
    reason.strip_prefix("is run by ")
}

/// The package that brings a need.
pub fn package(need: &str) -> Option<&'static str> {
    NEEDS.iter().find(|(name, _)| *name == need).and_then(|(_, package)| *package)
}

/// What this machine has, asked once for each need.
#[derive(Debug, Default)]
pub struct Machine(RefCell<BTreeMap<String, bool>>);

impl Machine {
    /// Those of the needs that are not met here.
    pub fn missing<'n>(&self, needs: &[&'n str]) -> Vec<&'n str> {
        let met = |need: &str| *self.0.borrow_mut().entry(need.to_owned()).or_insert_with(|| is_met(need));
        needs.iter().copied().filter(|need| !met(need)).collect()
    }
}

/// The PATH of the tests: administrators' programs are not in everybody's.
pub fn path() -> String {
    std::env::var("PATH").unwrap_or_default() + ":/usr/local/sbin:/usr/sbin:/sbin"
}

fn is_met(need: &str) -> bool {
    match need {
        "root" => nix::unistd::geteuid().is_root(),
        "namespaces" => succeeds("unshare", &["--mount", "--net", "mount", "-t", "tmpfs", "tmpfs", "/mnt"]),
        "sid" => {
            Path::new(env!("CARGO_MANIFEST_DIR")).join("../../target/oracle/sid/usr/lib/udev/hwdb.d").exists()
        }
        "python3-yaml" => succeeds("python3", &["-c", "import yaml"]),
        program => which::which_in(program, Some(path()), "/").is_ok(),
    }
}

fn succeeds(program: &str, arguments: &[&str]) -> bool {
    let mut command = Command::new(program);
    command
        .args(arguments)
        .env("PATH", path())
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null());
    command.status().is_ok_and(|status| status.success())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn needs_are_read_from_the_reason() {
        assert_eq!(named("needs root, dnsmasq"), ["root", "dnsmasq"]);
        assert_eq!(named("flaky"), Vec::<&str>::new());
    }

    /// Every reason in the tree names needs that this program can look for.
    #[test]
    fn every_ignored_test_names_what_it_needs() {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
        let mut folders: Vec<_> = ["core", "datasources", "distros", "modules", "parsers", "src", "tests"]
            .map(|name| root.join(name))
            .into();
        let (mut wrong, mut seen) = (Vec::new(), 0);
        while let Some(folder) = folders.pop() {
            for entry in std::fs::read_dir(&folder).expect("a folder of the tree").flatten() {
                let path = entry.path();
                if entry.file_type().is_ok_and(|kind| kind.is_dir()) {
                    folders.push(path);
                } else if path.extension().is_some_and(|extension| extension == "rs") {
                    let text = std::fs::read_to_string(&path).expect("a source file");
                    let attributes = text.lines().filter(|line| line.trim_start().starts_with("#[ignore"));
                    for attribute in attributes {
                        seen += 1;
                        let reason = attribute.split('"').nth(1).unwrap_or_default();
                        let needs = named(reason);
                        let known = |need: &&str| NEEDS.iter().any(|(name, _)| name == need);
                        let part = is_part_of(reason)
                            .is_some_and(|test| text.contains(&format!("#[test]\n    fn {test}() {{")));
                        if !part && (needs.is_empty() || !needs.iter().all(known)) {
                            wrong.push(format!("{}: {}", path.display(), attribute.trim()));
                        }
                    }
                }
            }
        }
        assert_eq!(wrong, Vec::<String>::new(), "needs.rs lists the words after «needs»");
        assert!(seen > 5, "only {seen} ignored tests were found");
    }

    #[test]
    fn a_program_that_nobody_has_is_missing() {
        let machine = Machine::default();
        assert_eq!(machine.missing(&["sh", "no-such-program-anywhere"]), ["no-such-program-anywhere"]);
    }
}
