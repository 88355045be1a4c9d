//! The root directories of plans: a small built-in one for each distribution, or an image's.

mod bsd;

use std::path::PathBuf;
use std::sync::Arc;

use model::distro::Release;
use model::effects::ReadFiles;
use system::{Host, Scratch};

use super::PlanError;
use crate::cloud_cfg;

/// A root, and files to lay over it.
pub(super) type Root = (Arc<dyn ReadFiles>, Vec<(PathBuf, Vec<u8>)>);

/// Directories, links and programs of every image, in the format of `Release::entries`.
const ENTRIES: &str = include_str!("roots/entries.txt");

/// The time zones of the tz database (2025).
const ZONES: &str = include_str!("zones.txt");

/// The ID of a distribution in os-release, checked.
fn our_name(id: &str) -> &str {
    crate::registry::distros().find(|facts| facts.os_release_id == Some(id)).map_or(id, |facts| facts.name)
}

fn unknown(wanted: &str) -> PlanError {
    PlanError::Distro(wanted.to_owned(), crate::registry::distro_names().join(", "))
}

/// The release for `ID` or `ID:VERSION`, where the version may be the major one only; without a version, the first
/// release of the table.
fn release(wanted: &str) -> Result<&'static Release, PlanError> {
    let (id, version) = wanted.split_once(':').map_or((wanted, None), |(id, version)| (id, Some(version)));
    let id = our_name(id);
    let releases = || crate::registry::releases().filter(|release| release.distro == id);
    let first = releases().next().ok_or_else(|| unknown(wanted))?;
    let Some(version) = version else { return Ok(first) };
    let major = |release: &&Release| release.version.split('.').next() == Some(version);
    let found = releases().find(|release| release.version == version).or_else(|| releases().find(major));
    found.ok_or_else(|| {
        let versions: Vec<&str> = releases().map(|release| release.version).collect();
        PlanError::Version { wanted: wanted.to_owned(), versions: versions.join(", ") }
    })
}

/// Adds entries in the format of `Release::entries`, except for those that an earlier line excludes.
fn with_entries(root: Scratch, entries: &str, lacks: &[&str]) -> Scratch {
    let path = |line: &str| {
        let entry = line.split(" -> ").next().unwrap_or(line);
        entry.rsplit(' ').next().unwrap_or(entry).to_owned()
    };
    let lines = entries.lines().filter(|line| !line.is_empty() && !line.starts_with(['#', '-']));
    lines.filter(|line| !lacks.contains(&path(line).as_str())).fold(root, |root, line| {
        if let Some((link, target)) = line.split_once(" -> ") {
            root.link(link, target)
        } else if let Some((mode, path)) = line.split_once(' ') {
            let mode = u32::from_str_radix(mode, 8).unwrap_or(0o755);
            root.directory_mode(path.trim_end_matches('/'), mode)
        } else {
            root.program(line)
        }
    })
}

/// shadow(5) of an image: no account has a password.
fn shadow(passwd: &str) -> String {
    let names = passwd.lines().filter_map(|line| line.split(':').next());
    names.fold(String::new(), |text, name| text + name + ":*:19675:0:99999:7:::\n")
}

/// The built-in root of a distribution.
pub(super) fn built_in(wanted: &str) -> Result<Root, PlanError> {
    let release = release(wanted)?;
    let root = if crate::registry::family(release.distro) == Some("bsd") {
        bsd::root(release)
    } else {
        linux(release)
    };
    let root =
        ZONES.lines().fold(root, |root, zone| root.file(&format!("/usr/share/zoneinfo/{zone}"), "TZif"));
    let config = cloud_cfg::text(release.distro).ok_or_else(|| unknown(wanted))?;
    Ok((Arc::new(with_link(root).file("/etc/cloud/cloud.cfg", config)), Vec::new()))
}

/// The root of a Linux distribution.
fn linux(release: &Release) -> Scratch {
    // What the distribution does not have of every image.
    let lacks: Vec<&str> = release
        .entries
        .iter()
        .flat_map(|entries| entries.lines().filter_map(|line| line.strip_prefix("- ")))
        .collect();
    let mut root = with_entries(Scratch::new(), ENTRIES, &lacks);
    root = release.entries.iter().fold(root, |root, entries| with_entries(root, entries, &[]));
    root = root
        .file("/etc/os-release", release.os_release)
        .file("/etc/hostname", format!("{}\n", release.hostname))
        .file("/etc/hosts", "127.0.0.1 localhost\n::1 localhost\n")
        .file("/etc/fstab", "LABEL=root / ext4 defaults 0 1\n")
        .file("/etc/passwd", release.passwd)
        .file("/etc/group", release.group.concat())
        .file("/etc/shadow", shadow(release.passwd))
        .file("/etc/ssh/sshd_config", "#PermitRootLogin prohibit-password\nPasswordAuthentication yes\n")
        .file("/etc/sudoers", "root ALL=(ALL) ALL\n#includedir /etc/sudoers.d\n")
        .directory_mode("/etc/sudoers.d", 0o750)
        .file("/etc/machine-id", "")
        .file("/proc/cmdline", "BOOT_IMAGE=/vmlinuz root=LABEL=root ro\n")
        .file("/proc/mounts", "/dev/vda1 / ext4 rw 0 0\n")
        .file("/proc/self/mountinfo", "22 1 252:1 / / rw shared:1 - ext4 /dev/vda1 rw\n")
        .node("/dev/vda1")
        .node("/dev/urandom");
    if release.entries.iter().any(|entries| entries.contains("/ifup\n")) {
        root = root.file("/etc/sysconfig/network", "# Created by anaconda\n");
    }
    root
}

/// Adds the loopback device and one network device that is down.
fn with_link(root: Scratch) -> Scratch {
    let attributes = [
        ("address", "fa:16:3e:00:00:01"),
        ("operstate", "down"),
        ("carrier", "0"),
        ("addr_assign_type", "0"),
        ("name_assign_type", "3"),
        ("type", "1"),
        ("mtu", "1500"),
        ("uevent", "INTERFACE=eth0\nIFINDEX=2\n"),
        ("device/uevent", ""),
    ];
    let root = attributes.iter().fold(root, |root, (name, value)| {
        root.file(&format!("/sys/class/net/eth0/{name}"), format!("{value}\n"))
    });
    root.link("/sys/class/net/eth0/device/driver", "/sys/bus/virtio/drivers/virtio_net")
        .file("/sys/class/net/lo/address", "00:00:00:00:00:00\n")
        .file("/sys/class/net/lo/type", "772\n")
}

/// The root of an image; if it has no cloud.cfg, the distribution's is used.
pub(super) fn of_image(root: PathBuf, distro: Option<&str>) -> Result<Root, PlanError> {
    let files = Host::root(Some(root.clone()));
    let path = std::path::Path::new("/etc/cloud/cloud.cfg");
    if files.exists(path) && distro.is_none() {
        return Ok((files, Vec::new()));
    }
    let id = match distro {
        Some(named) => named.split(':').next().unwrap_or(named).to_owned(),
        None => engine::os::release(&*files).id,
    };
    let id = our_name(&id);
    let config = cloud_cfg::text(id).ok_or_else(|| unknown(id))?;
    Ok((files, vec![(path.to_owned(), config.into_bytes())]))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// os-release(5): a release's file names the distribution and the version that it is listed for.
    #[test]
    fn releases_are_what_their_os_release_says() {
        let mut seen = 0;
        for release in crate::registry::releases().filter(|release| !release.os_release.is_empty()) {
            let value = |key: &str| {
                let line =
                    release.os_release.lines().find_map(|line| line.strip_prefix(key)?.strip_prefix('='));
                line.map(|value| value.trim_matches(['"', '\'']).to_owned())
            };
            let named = format!("{} {}", release.distro, release.version);
            let id = value("ID").unwrap_or_default();
            // SUSE's and openSUSE's products share a name in cloud.cfg.
            let is_shared = release.distro == "suse" && id.starts_with("sle");
            assert!(is_shared || our_name(&id).starts_with(release.distro), "{named}: {id}");
            // Rolling distributions have none.
            if let Some(version) = value("VERSION_ID") {
                assert!(version.starts_with(release.version), "{named}: {version}");
            }
            seen += 1;
        }
        assert!(seen > 20, "{seen} releases");
    }
}
