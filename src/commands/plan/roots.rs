//! Roots to plan on: a small one of each distribution, or an image's.

use std::path::PathBuf;
use std::sync::Arc;

use model::effects::ReadFiles;
use os_release::OsRelease;
use system::{Host, Scratch};

use super::PlanError;
use crate::cloud_cfg;

/// A root, and files to lay over it.
pub(super) type Root = (Arc<dyn ReadFiles>, Vec<(PathBuf, Vec<u8>)>);

/// What tells one built-in root from another.
struct Kind {
    id: &'static str,
    version: &'static str,
    os_release: &'static str,
    /// Programs beside those that all have.
    programs: &'static [&'static str],
}

/// Programs that each of the roots has.
const PROGRAMS: [&str; 31] = [
    "/usr/bin/chattr",
    "/usr/bin/dd",
    "/usr/bin/fallocate",
    "/usr/bin/stat",
    "/usr/bin/truncate",
    "/usr/sbin/mkswap",
    "/usr/sbin/swapon",
    "/usr/bin/systemd-detect-virt",
    "/usr/sbin/xfs_growfs",
    "/usr/bin/chage",
    "/usr/bin/getent",
    "/usr/bin/hostname",
    "/usr/bin/hostnamectl",
    "/usr/bin/passwd",
    "/usr/bin/ssh-keygen",
    "/usr/bin/systemctl",
    "/usr/bin/udevadm",
    "/usr/sbin/chpasswd",
    "/usr/sbin/groupadd",
    "/usr/sbin/ip",
    "/usr/sbin/resize2fs",
    "/usr/sbin/shutdown",
    "/usr/sbin/sshd",
    "/usr/sbin/useradd",
    "/usr/sbin/usermod",
    "/usr/bin/growpart",
    "/usr/bin/mount",
    "/usr/bin/sh",
    "/bin/sh",
    "/usr/sbin/blkid",
    "/usr/bin/lsblk",
];

const DEBIAN: &[&str] = &[
    "/usr/bin/apt-get",
    "/usr/bin/apt-cache",
    "/usr/sbin/netplan",
    "/usr/sbin/locale-gen",
    "/usr/sbin/update-locale",
    "/usr/sbin/dhcpcd",
];
const UBUNTU: &[&str] = &[
    "/usr/bin/apt-get",
    "/usr/bin/apt-cache",
    "/usr/sbin/netplan",
    "/usr/sbin/locale-gen",
    "/usr/sbin/update-locale",
    "/usr/sbin/dhcpcd",
    "/usr/bin/snap",
];
const CENTOS7: &[&str] = &["/usr/bin/yum", "/usr/sbin/ifup", "/usr/sbin/ifdown", "/usr/sbin/dhclient"];
const RHEL: &[&str] = &["/usr/bin/dnf", "/usr/bin/yum", "/usr/bin/nmcli", "/usr/sbin/dhclient"];

const KINDS: [Kind; 12] = [
    Kind {
        id: "debian",
        version: "13",
        os_release: "ID=debian\nVERSION_ID=\"13\"\nVERSION_CODENAME=trixie\n",
        programs: DEBIAN,
    },
    Kind {
        id: "ubuntu",
        version: "24.04",
        os_release: "ID=ubuntu\nID_LIKE=debian\nVERSION_ID=\"24.04\"\nVERSION_CODENAME=noble\n",
        programs: UBUNTU,
    },
    Kind {
        id: "centos",
        version: "7",
        os_release: "NAME=\"CentOS Linux\"\nVERSION=\"7 (Core)\"\nID=\"centos\"\nID_LIKE=\"rhel fedora\"\nVERSION_ID=\"7\"\n",
        programs: CENTOS7,
    },
    Kind {
        id: "centos",
        version: "8",
        os_release: "VERSION=\"8\"\nID=\"centos\"\nVERSION_ID=\"8\"\n",
        programs: RHEL,
    },
    Kind {
        id: "centos",
        version: "9",
        os_release: "VERSION=\"9\"\nID=\"centos\"\nVERSION_ID=\"9\"\n",
        programs: RHEL,
    },
    Kind {
        id: "rhel",
        version: "9.4",
        os_release: "VERSION=\"9.4 (Plow)\"\nID=\"rhel\"\nVERSION_ID=\"9.4\"\n",
        programs: RHEL,
    },
    Kind {
        id: "rhel",
        version: "8.10",
        os_release: "VERSION=\"8.10 (Ootpa)\"\nID=\"rhel\"\nVERSION_ID=\"8.10\"\n",
        programs: RHEL,
    },
    Kind {
        id: "rocky",
        version: "9.4",
        os_release: "VERSION=\"9.4 (Blue Onyx)\"\nID=\"rocky\"\nVERSION_ID=\"9.4\"\n",
        programs: RHEL,
    },
    Kind {
        id: "almalinux",
        version: "9.4",
        os_release: "ID=\"almalinux\"\nVERSION_ID=\"9.4\"\n",
        programs: RHEL,
    },
    Kind { id: "fedora", version: "40", os_release: "ID=fedora\nVERSION_ID=40\n", programs: RHEL },
    Kind { id: "amazon", version: "2023", os_release: "ID=\"amzn\"\nVERSION_ID=\"2023\"\n", programs: RHEL },
    Kind { id: "amazon", version: "2", os_release: "ID=\"amzn\"\nVERSION_ID=\"2\"\n", programs: CENTOS7 },
];

/// Names of time zones, those of the tz database (2025).
const ZONES: &str = include_str!("zones.txt");

/// The id of os-release and ours, where they differ.
fn our_name(id: &str) -> &str {
    if id == "amzn" { "amazon" } else { id }
}

fn unknown(wanted: &str) -> PlanError {
    PlanError::Distro(wanted.to_owned(), crate::registry::distro_names().join(", "))
}

/// The built-in root of `ID` or `ID:VERSION`, which may be the major version alone; the first version of the table where
/// none is given.
pub(super) fn built_in(wanted: &str) -> Result<Root, PlanError> {
    let (id, version) = wanted.split_once(':').map_or((wanted, None), |(id, version)| (id, Some(version)));
    let id = our_name(id);
    if !crate::registry::distro_names().contains(&id) {
        return Err(unknown(wanted));
    }
    let fits = |kind: &&Kind| {
        let major = kind.version.split('.').next();
        version.is_none_or(|version| kind.version == version || major == Some(version))
    };
    let kinds = || KINDS.iter().filter(|kind| kind.id == id);
    let kind = kinds().find(fits).ok_or_else(|| {
        let versions: Vec<&str> = kinds().map(|kind| kind.version).collect();
        PlanError::Version { wanted: wanted.to_owned(), versions: versions.join(", ") }
    })?;
    let mut root = Scratch::new()
        .file("/etc/os-release", kind.os_release)
        .file("/etc/hostname", "localhost.localdomain\n")
        .file("/etc/hosts", "127.0.0.1 localhost\n::1 localhost\n")
        .file("/etc/fstab", "LABEL=root / ext4 defaults 0 1\n")
        .file("/etc/passwd", "root:x:0:0:root:/root:/bin/bash\n")
        .file("/etc/shadow", "root:*:19675:0:99999:7:::\n")
        .file("/etc/ssh/sshd_config", "#PermitRootLogin prohibit-password\nPasswordAuthentication yes\n")
        .file("/etc/sudoers", "root ALL=(ALL) ALL\n#includedir /etc/sudoers.d\n")
        .file("/etc/machine-id", "")
        .file("/proc/cmdline", "BOOT_IMAGE=/vmlinuz root=LABEL=root ro\n")
        .file("/proc/mounts", "/dev/vda1 / ext4 rw 0 0\n")
        .file("/proc/self/mountinfo", "22 1 252:1 / / rw shared:1 - ext4 /dev/vda1 rw\n")
        .node("/dev/vda1")
        .node("/dev/urandom")
        .directory("/var/lib")
        .directory("/run/systemd/system")
        .directory("/root")
        .directory("/home")
        .directory("/etc/sudoers.d")
        .file("/etc/group", groups(id));
    for zone in ZONES.lines() {
        root = root.file(&format!("/usr/share/zoneinfo/{zone}"), "TZif");
    }
    for (name, value) in [
        ("address", "fa:16:3e:00:00:01"),
        ("operstate", "down"),
        ("carrier", "0"),
        ("addr_assign_type", "0"),
        ("name_assign_type", "3"),
        ("type", "1"),
        ("mtu", "1500"),
        ("uevent", "INTERFACE=eth0\nIFINDEX=2\n"),
        ("device/uevent", ""),
    ] {
        root = root.file(&format!("/sys/class/net/eth0/{name}"), format!("{value}\n"));
    }
    root = root
        .link("/sys/class/net/eth0/device/driver", "/sys/bus/virtio/drivers/virtio_net")
        .file("/sys/class/net/lo/address", "00:00:00:00:00:00\n")
        .file("/sys/class/net/lo/type", "772\n");
    for program in PROGRAMS.iter().chain(kind.programs) {
        root = root.program(program);
    }
    if kind.programs == CENTOS7 {
        root = root
            .directory("/etc/sysconfig/network-scripts")
            .file("/etc/sysconfig/network", "# Created by anaconda\n")
            .program("/etc/sysconfig/network-scripts/network-functions");
    } else if kind.programs == RHEL {
        root = root.directory("/etc/NetworkManager/system-connections").program("/usr/sbin/NetworkManager");
    }
    let config = cloud_cfg::text(id).ok_or_else(|| unknown(wanted))?;
    Ok((Arc::new(root.file("/etc/cloud/cloud.cfg", config)), Vec::new()))
}

/// The groups that a minimal installation has and the default user wants.
fn groups(id: &str) -> &'static str {
    match id {
        "debian" | "ubuntu" => {
            "root:x:0:\nadm:x:4:\ndialout:x:20:\ncdrom:x:24:\nfloppy:x:25:\nsudo:x:27:\naudio:x:29:\ndip:x:30:\n\
             video:x:44:\nplugdev:x:46:\nnetdev:x:101:\n"
        }
        _ => "root:x:0:\nadm:x:4:\nwheel:x:10:\nssh_keys:x:999:\nsystemd-journal:x:190:\n",
    }
}

/// An image's root; its own cloud.cfg counts, and where it has none the one of its distribution.
pub(super) fn of_image(root: PathBuf, distro: Option<&str>) -> Result<Root, PlanError> {
    let files = Host::root(Some(root.clone()));
    let path = std::path::Path::new("/etc/cloud/cloud.cfg");
    if files.exists(path) && distro.is_none() {
        return Ok((files, Vec::new()));
    }
    let id = match distro {
        Some(named) => named.split(':').next().unwrap_or(named).to_owned(),
        None => {
            let text = files.text(std::path::Path::new("/etc/os-release")).unwrap_or_default();
            text.lines().map(str::to_owned).collect::<OsRelease>().id
        }
    };
    let id = our_name(&id);
    let config = cloud_cfg::text(id).ok_or_else(|| unknown(id))?;
    Ok((files, vec![(path.to_owned(), config.into_bytes())]))
}
