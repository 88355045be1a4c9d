//! A case for each distribution: its os-release, accounts and layout, upstream's cloud.cfg rendered for it, and stand-ins for
//! its tools that record how they are called. All of them get the same user-data, which touches every capability.

use std::collections::BTreeSet;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use model::distro::Release;
use oracle::root::remove;
use serde_json::Value;

use crate::{Error, file};

/// What PyYAML reads from upstream's cloud.cfg, rendered for each variant.
const CLOUD_CFG: &str = include_str!("../../cli/cloud-cfg.json");
const USER_DATA: &str = include_str!("../distributions/seed/user-data");
const META_DATA: &str = include_str!("../distributions/seed/meta-data");
const NETWORK_CONFIG: &str = include_str!("../distributions/seed/network-config");
const SETUP: &str = include_str!("../distributions/setup.sh");
/// What follows on it for an image whose root is a snapshot.
const READ_ONLY_SETUP: &str = include_str!("../distributions/read-only.sh");
const RECORD: &str = include_str!("../distributions/stand-ins/record");
const WRAP: &str = include_str!("../distributions/stand-ins/wrap");
const ADDUSER: &str = include_str!("../distributions/stand-ins/adduser");
const ADDGROUP: &str = include_str!("../distributions/stand-ins/addgroup");

/// Releases beside the first one of each distribution, whose images differ in what is configured.
const FURTHER: &[(&str, &str)] = &[
    ("amazon", "2"),
    ("centos", "9"),
    ("fedora", "42"),
    ("opensuse-leap", "16.0"),
    ("photon", "4.0"),
    ("rhel", "7.9"),
    ("sles", "12.5"),
    ("ubuntu", "20.04"),
];

/// Distributions with a transactional root, which are compared on one as well.
const READ_ONLY: &[&str] = &["opensuse-microos", "sle-micro"];

/// Tools of Debian's root that other distributions do not have, unless their image names them.
const DEBIANS: &[&str] = &[
    "/usr/bin/apt",
    "/usr/bin/apt-cache",
    "/usr/bin/apt-config",
    "/usr/bin/apt-get",
    "/usr/bin/apt-mark",
    "/usr/bin/deb-systemd-helper",
    "/usr/bin/debconf-set-selections",
    "/usr/bin/dpkg",
    "/usr/bin/dpkg-query",
    "/usr/libexec/netplan/configure",
    "/usr/sbin/add-shell",
    "/usr/sbin/dhcpcd",
    "/usr/sbin/dpkg-reconfigure",
    "/usr/sbin/invoke-rc.d",
    "/usr/sbin/locale-gen",
    "/usr/sbin/netplan",
    "/usr/sbin/service",
    "/usr/sbin/update-ca-certificates",
    "/usr/sbin/update-locale",
    "/usr/sbin/update-rc.d",
];

/// Programs of every image that only record: they would need services, devices or a network, or act at random.
const RECORDED: &[&str] = &[
    "/usr/bin/apt",
    "/usr/bin/apt-cache",
    "/usr/bin/apt-get",
    "/usr/bin/apt-mark",
    "/usr/bin/debconf-set-selections",
    "/usr/bin/growpart",
    "/usr/bin/hostnamectl",
    "/usr/bin/localectl",
    "/usr/bin/loginctl",
    "/usr/bin/mount",
    "/usr/bin/systemctl",
    "/usr/bin/timedatectl",
    "/usr/bin/udevadm",
    "/usr/bin/umount",
    "/usr/libexec/netplan/configure",
    "/usr/sbin/dpkg-reconfigure",
    "/usr/sbin/halt",
    "/usr/sbin/locale-gen",
    "/usr/sbin/netplan",
    "/usr/sbin/poweroff",
    "/usr/sbin/reboot",
    "/usr/sbin/resize2fs",
    "/usr/sbin/service",
    "/usr/sbin/shutdown",
    "/usr/sbin/swapoff",
    "/usr/sbin/swapon",
    "/usr/sbin/sysctl",
    "/usr/sbin/update-ca-certificates",
    "/usr/sbin/update-locale",
];

/// Programs of every image that record and then act.
const WRAPPED: &[&str] = &[
    "/usr/bin/chage",
    "/usr/bin/gpasswd",
    "/usr/bin/hostname",
    "/usr/bin/passwd",
    "/usr/sbin/chpasswd",
    "/usr/sbin/groupadd",
    "/usr/sbin/useradd",
    "/usr/sbin/usermod",
];

/// Files that packages leave on the images of a family.
const FILES: &[(&str, &str, &str)] = &[
    ("alpine", "/etc/ca-certificates.conf", "mozilla/A.crt\n# mozilla/B.crt\n"),
    ("debian", "/etc/ca-certificates.conf", "mozilla/A.crt\n# mozilla/B.crt\n"),
    ("suse", "/etc/zypp/zypp.conf", "[main]\n# solver.onlyRequires = false\n"),
];

/// Where upstream's packages have a helper on the images of a family, and Debian's package has it.
const LINKS: &[(&str, &str, &str)] = &[(
    "rhel",
    "/usr/libexec/cloud-init/write-ssh-key-fingerprints",
    "/usr/lib/cloud-init/write-ssh-key-fingerprints",
)];

/// A distribution that is compared.
struct Row {
    /// The name of its case.
    name: String,
    family: &'static str,
    release: &'static Release,
    /// Whether the root is a read-only snapshot.
    read_only: bool,
}

fn rows() -> Vec<Row> {
    let all: [(&str, &'static [Release]); 8] = [
        ("alpine", alpine::RELEASES),
        ("aosc", aosc::RELEASES),
        ("arch", arch::RELEASES),
        ("debian", debian::RELEASES),
        ("gentoo", gentoo::RELEASES),
        ("photon", photon::RELEASES),
        ("rhel", rhel::RELEASES),
        ("suse", suse::RELEASES),
    ];
    let mut seen = BTreeSet::new();
    let mut rows = Vec::new();
    for (family, release) in all.into_iter().flat_map(|(name, of)| of.iter().map(move |one| (name, one))) {
        let Release { distro, version, .. } = release;
        if seen.insert(distro) {
            rows.push(Row { name: (*distro).to_owned(), family, release, read_only: false });
            if READ_ONLY.contains(distro) {
                rows.push(Row { name: format!("{distro}-read-only"), family, release, read_only: true });
            }
        } else if FURTHER.contains(&(distro, version)) {
            rows.push(Row { name: format!("{distro}-{version}"), family, release, read_only: false });
        }
    }
    rows
}

/// Writes the cases to a directory: a root to lay over the original's, what is removed from it, and a seed.
pub fn write(root: &Path, directory: &Path) -> Result<(), Error> {
    remove(directory)?;
    let cloud_cfg: Value = serde_json::from_str(CLOUD_CFG)
        .map_err(|source| Error::Baseline { path: PathBuf::from("cloud-cfg.json"), source })?;
    for row in rows() {
        Case { root, place: directory.join(&row.name), removed: BTreeSet::new() }.write(&row, &cloud_cfg)?;
    }
    Ok(())
}

struct Case<'a> {
    root: &'a Path,
    place: PathBuf,
    removed: BTreeSet<String>,
}

impl Case<'_> {
    fn write(mut self, row: &Row, cloud_cfg: &Value) -> Result<(), Error> {
        let release = row.release;
        for (name, text) in
            [("user-data", USER_DATA), ("meta-data", META_DATA), ("network-config", NETWORK_CONFIG)]
        {
            self.put(&format!("seed/{name}"), text, 0o644)?;
        }
        let setup = if row.read_only { format!("{SETUP}{READ_ONLY_SETUP}") } else { SETUP.to_owned() };
        self.put("setup.sh", &setup, 0o644)?;
        self.put("stages-only", "", 0o644)?;
        self.machine(release)?;
        self.settings(release, cloud_cfg)?;
        self.layout(release)?;
        for (_, path, text) in FILES.iter().filter(|(family, ..)| *family == row.family) {
            self.put(&format!("root{path}"), text, 0o644)?;
        }
        for (_, path, target) in LINKS.iter().filter(|(family, ..)| *family == row.family) {
            self.link(path, target)?;
        }
        let removed = self.removed.iter().fold(String::new(), |text, path| text + path + "\n");
        self.put("removed", &removed, 0o644)
    }

    fn put(&self, path: &str, text: &str, mode: u32) -> Result<(), Error> {
        let path = self.place.join(path);
        let failed = || path.display().to_string();
        let above = path.parent().unwrap_or(&self.place);
        fs::create_dir_all(above).map_err(file(failed()))?;
        fs::write(&path, text).map_err(file(failed()))?;
        fs::set_permissions(&path, fs::Permissions::from_mode(mode)).map_err(file(failed()))
    }

    /// os-release, names and accounts.
    fn machine(&mut self, release: &Release) -> Result<(), Error> {
        let group = release.group.concat();
        let lines = |text: &str, rest: &str| -> String {
            let names = text.lines().filter_map(|line| line.split(':').next());
            names.fold(String::new(), |text, name| text + name + rest + "\n")
        };
        self.removed.insert("/etc/os-release".to_owned());
        self.put("root/etc/os-release", release.os_release, 0o644)?;
        self.put("root/etc/hostname", &format!("{}\n", release.hostname), 0o644)?;
        self.put("root/etc/hosts", "127.0.0.1 localhost\n::1 localhost\n", 0o644)?;
        self.put("root/etc/fstab", "LABEL=root / ext4 defaults 0 1\n", 0o644)?;
        self.put("root/etc/passwd", release.passwd, 0o644)?;
        self.put("root/etc/group", &group, 0o644)?;
        self.put("root/etc/shadow", &lines(release.passwd, ":*:19675:0:99999:7:::"), 0o640)?;
        self.put("root/etc/gshadow", &lines(&group, ":!::"), 0o640)
    }

    /// Upstream's cloud.cfg.
    fn settings(&self, release: &Release, cloud_cfg: &Value) -> Result<(), Error> {
        let distro = release.distro;
        let variant = if cloud_cfg.get(distro).is_some() {
            distro
        } else if distro.starts_with("opensuse") || distro.starts_with("sle") {
            "suse"
        } else {
            "gentoo"
        };
        let mut config = cloud_cfg[variant].clone();
        config["system_info"]["distro"] = distro.into();
        self.put("root/etc/cloud/cloud.cfg", &format!("{config:#}\n"), 0o644)
    }

    /// Directories, links and programs of the image.
    fn layout(&mut self, release: &Release) -> Result<(), Error> {
        let entries = || release.entries.iter().flat_map(|entries| entries.lines());
        let programs: BTreeSet<&str> = entries().filter(|line| line.starts_with('/')).collect();
        let lacks: BTreeSet<&str> = entries().filter_map(|line| line.strip_prefix("- ")).collect();
        let of_debian = programs.contains("/usr/bin/dpkg");
        let is_removed = |path: &str| !path.ends_with('/') && !programs.contains(path);
        self.removed.extend(lacks.iter().copied().filter(|path| is_removed(path)).map(str::to_owned));
        if !of_debian {
            self.removed.extend(DEBIANS.iter().copied().filter(|path| is_removed(path)).map(str::to_owned));
        }
        let has = |path: &str| {
            programs.contains(path)
                || self.root.join(&path[1..]).exists()
                    && !lacks.contains(path)
                    && (of_debian || !DEBIANS.contains(&path))
        };
        let recorded: Vec<&str> = RECORDED.iter().copied().filter(|path| has(path)).collect();
        let wrapped: Vec<&str> = WRAPPED.iter().copied().filter(|path| has(path)).collect();
        if !lacks.contains("/run/systemd/system/") {
            self.directory("/run/systemd/system")?;
        }
        for line in entries().filter(|line| !line.is_empty() && !line.starts_with(['#', '-'])) {
            if let Some((link, target)) = line.split_once(" -> ") {
                self.link(link, target)?;
            } else if let Some((_, path)) = line.split_once(' ') {
                self.directory(path)?;
            } else if line.starts_with("/usr/") {
                if !self.root.join(&line[1..]).exists() {
                    self.stand_in(line)?;
                }
            } else {
                self.put(&format!("root{line}"), "", 0o644)?;
            }
        }
        for path in recorded {
            self.stand_in(path)?;
        }
        for path in wrapped {
            let real = fs::read(self.root.join(&path[1..])).map_err(file(path))?;
            self.stand_in_of(path, WRAP)?;
            let place = self.place.join(format!("root{path}.real"));
            fs::write(&place, real).map_err(file(path))?;
            fs::set_permissions(&place, fs::Permissions::from_mode(0o755)).map_err(file(path))?;
        }
        Ok(())
    }

    fn directory(&self, path: &str) -> Result<(), Error> {
        fs::create_dir_all(self.place.join(format!("root{path}"))).map_err(file(path))
    }

    fn link(&mut self, path: &str, target: &str) -> Result<(), Error> {
        self.removed.insert(path.to_owned());
        let place = self.place.join(format!("root{path}"));
        fs::create_dir_all(place.parent().unwrap_or(&place)).map_err(file(path))?;
        std::os::unix::fs::symlink(target, place).map_err(file(path))
    }

    fn stand_in(&mut self, path: &str) -> Result<(), Error> {
        let text = match path {
            "/usr/sbin/adduser" => ADDUSER,
            "/usr/sbin/addgroup" => ADDGROUP,
            _ => RECORD,
        };
        self.stand_in_of(path, text)
    }

    fn stand_in_of(&mut self, path: &str, text: &str) -> Result<(), Error> {
        // What stands there may be a link to something else.
        self.removed.insert(path.to_owned());
        self.put(&format!("root{path}"), text, 0o755)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_linux_distribution_is_compared() {
        let rows = rows();
        let families = [
            &alpine::FAMILY,
            &aosc::FAMILY,
            &arch::FAMILY,
            &debian::FAMILY,
            &gentoo::FAMILY,
            &photon::FAMILY,
            &rhel::FAMILY,
            &suse::FAMILY,
        ];
        for facts in families.into_iter().flat_map(|family| family.members) {
            assert!(rows.iter().any(|row| row.name == facts.name), "{}", facts.name);
        }
        let all = rows.iter().map(|row| (row.release.distro, row.release.version)).collect::<Vec<_>>();
        assert!(FURTHER.iter().all(|further| all.contains(further)), "{all:?}");
    }

    #[test]
    fn a_case_has_the_image_and_not_debians_tools() {
        let directory = tempfile::tempdir().expect("a directory");
        let root = directory.path().join("root");
        for path in ["usr/bin/systemctl", "usr/bin/apt-get", "usr/bin/hostname", "usr/bin/mount"] {
            let path = root.join(path);
            fs::create_dir_all(path.parent().expect("a parent")).expect("created");
            fs::write(path, "real").expect("written");
        }
        write(&root, &directory.path().join("cases")).expect("written");
        let text =
            |path: &str| fs::read_to_string(directory.path().join("cases").join(path)).unwrap_or_default();
        let removed = text("alpine/removed");
        assert!(
            removed.contains("/usr/bin/systemctl\n") && removed.contains("/usr/bin/apt-get\n"),
            "{removed}"
        );
        assert_eq!(text("alpine/root/usr/sbin/apk"), RECORD);
        assert_eq!(text("alpine/root/usr/sbin/adduser"), ADDUSER);
        assert_eq!(text("alpine/root/usr/bin/hostname"), WRAP);
        assert_eq!(text("alpine/root/usr/bin/hostname.real"), "real");
        assert_eq!(text("alpine/root/usr/bin/systemctl"), "");
        assert!(text("alpine/root/etc/os-release").contains("ID=alpine"));
        assert!(text("sles/root/etc/cloud/cloud.cfg").contains("\"distro\": \"sles\""));
        assert!(directory.path().join("cases/fedora/root/run/systemd/system").is_dir());
        assert_eq!(text("debian/root/usr/bin/apt-get"), RECORD);
    }
}
