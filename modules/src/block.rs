//! Mounts and block devices, read from /proc and /sys.

use std::path::Path;

use model::effects::{FileKind, ReadFiles};
use serde_json::Value;

/// A mounted file system.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Mount {
    /// The device, or a placeholder for it.
    pub(crate) device: String,
    /// The type.
    pub(crate) kind: String,
    /// Where it is mounted.
    pub(crate) point: String,
    /// The mount's own options.
    pub(crate) options: String,
}

/// The mount of a path, which the BSDs print instead of showing it in /proc.
pub(crate) fn mount_on(context: &model::Context<'_>, path: &str) -> Option<Mount> {
    match context.distro.services().init() {
        model::distro::Init::Bsd => mounted_on_bsd(context.system, path),
        _ => mount_of(context.system.files.as_ref(), path),
    }
}

/// The mount of a path on a BSD, from `mount`: `DEVICE on POINT (TYPE, OPTION, …)`.
fn mounted_on_bsd(system: &model::System, path: &str) -> Option<Mount> {
    let output = system.commands.run(&model::effects::Command::new("mount")).ok()?;
    bsd_mount(&output.text(), path)
}

fn bsd_mount(text: &str, path: &str) -> Option<Mount> {
    text.lines().find_map(|line| {
        let (device, rest) = line.split_once(" on ")?;
        let (point, rest) = rest.split_once(" (")?;
        // NetBSD and OpenBSD: `POINT type TYPE (OPTION, …)`.
        let (point, kind) = match point.split_once(" type ") {
            Some((point, kind)) => (point, kind),
            None => (point, rest.split([',', ')']).next()?),
        };
        let options = rest.trim_end_matches(')').replace(", ", ",");
        (point == path).then(|| Mount {
            device: device.to_owned(),
            point: point.to_owned(),
            kind: kind.to_owned(),
            options,
        })
    })
}

/// The file system that contains a path.
pub(crate) fn mount_of(files: &dyn ReadFiles, path: &str) -> Option<Mount> {
    if let Some(text) = files.text(Path::new("/proc/self/mountinfo")).filter(|text| !text.is_empty()) {
        // After an unreadable line, no answer is better than a wrong one.
        let mounts = text.lines().map(mountinfo_line).collect::<Option<Vec<Mount>>>()?;
        let above = mounts.into_iter().filter(|mount| Path::new(path).starts_with(&mount.point));
        // Of two mounts at one place, the later hides the earlier.
        return above.max_by_key(|mount| Path::new(&mount.point).components().count());
    }
    let text = files.text(Path::new("/proc/mounts")).or_else(|| files.text(Path::new("/etc/mtab")))?;
    mounts(&text).into_iter().find(|mount| mount.point == path)
}

/// mountinfo in proc(5): at least ten fields, with the type and the device after a `-`.
fn mountinfo_line(line: &str) -> Option<Mount> {
    let fields: Vec<&str> = line.split_whitespace().collect();
    let dash = fields.iter().position(|field| *field == "-").filter(|_| fields.len() >= 10)?;
    Some(Mount {
        device: (*fields.get(dash + 2)?).to_owned(),
        kind: (*fields.get(dash + 1)?).to_owned(),
        point: fields[4].to_owned(),
        options: fields[5].to_owned(),
    })
}

/// The lines of /proc/mounts.
pub(crate) fn mounts(text: &str) -> Vec<Mount> {
    let line = |line: &str| {
        let mut fields = line.split_whitespace().map(str::to_owned);
        let (device, point, kind) = (fields.next()?, fields.next()?, fields.next()?);
        Some(Mount { device, kind, point, options: fields.next().unwrap_or_default() })
    };
    text.lines().filter_map(line).collect()
}

/// Resolves the links of a path, as far as it exists.
pub(crate) fn canonical(files: &dyn ReadFiles, path: &Path) -> std::path::PathBuf {
    let mut todo: Vec<std::ffi::OsString> = parts(path);
    let mut done = std::path::PathBuf::from("/");
    let mut followed = 0;
    while let Some(part) = todo.pop() {
        if part == ".." {
            done.pop();
            continue;
        }
        let next = done.join(&part);
        let link = matches!(files.lstat(&next), Ok(Some(found)) if found.kind == FileKind::Link);
        match files.read_link(&next) {
            // Linux's limit.
            Ok(target) if link && followed < 40 => {
                followed += 1;
                if target.is_absolute() {
                    done = std::path::PathBuf::from("/");
                }
                todo.extend(parts(&target));
            }
            _ => done = next,
        }
    }
    done
}

/// The components in reverse order.
fn parts(path: &Path) -> Vec<std::ffi::OsString> {
    let name = |part: std::path::Component<'_>| match part {
        std::path::Component::Normal(name) => Some(name.to_owned()),
        std::path::Component::ParentDir => Some("..".into()),
        _ => None,
    };
    path.components().rev().filter_map(name).collect()
}

/// Whether a path is a block device; other special files count too, because BSD's disks are character devices. The
/// kernel's list counts where nothing is mounted on /dev, as in the root of a plan: a container sees its host's list, but
/// has only its own devices.
pub(crate) fn is_device(system: &model::System, path: &Path) -> bool {
    let special =
        |path: &Path| matches!(system.files.stat(path), Ok(Some(found)) if found.kind == FileKind::Special);
    let listed =
        || system.devices.block_devices().is_ok_and(|all| all.iter().any(|device| device.path == path));
    special(path) || (!special(Path::new("/dev/null")) && listed())
}

/// The device that `root=` of the kernel command line names.
pub(crate) fn root_device(files: &dyn ReadFiles) -> Option<String> {
    let command_line = files.text(Path::new("/proc/cmdline"))?;
    let root = command_line.split_whitespace().find_map(|word| word.strip_prefix("root="))?;
    Some(if root.starts_with("/dev/") {
        root.to_owned()
    } else if let Some(label) = root.strip_prefix("LABEL=") {
        format!("/dev/disk/by-label/{label}")
    } else if let Some(id) = root.strip_prefix("UUID=") {
        format!("/dev/disk/by-uuid/{}", id.to_lowercase())
    } else if let Some(id) = root.strip_prefix("PARTUUID=") {
        format!("/dev/disk/by-partuuid/{}", id.to_lowercase())
    } else {
        format!("/dev/{root}")
    })
}

/// The data source's device for a name, or the entry of EC2's block-device-mapping, if it exists under this or the
/// hypervisor's prefix.
pub(crate) fn cloud_device(context: &model::Context<'_>, name: &str) -> Option<String> {
    let instance = context.instance;
    let exists = |path: &str| context.system.files.exists(Path::new(path));
    if let Some(device) = instance.disk_aliases.get(name).and_then(Value::as_str) {
        return Some(device.to_owned());
    }
    let mapping = [&instance.metadata, instance.extra.get("ec2_metadata").unwrap_or(&Value::Null)]
        .into_iter()
        .find_map(|data| data.get("meta-data").unwrap_or(data).get("block-device-mapping"))?
        .as_object()?;
    // Eucalyptus calls the first one `ephemeral`.
    let found = mapping.get(name).or_else(|| mapping.get("ephemeral").filter(|_| name == "ephemeral0"))?;
    let found = found.as_str()?;
    let device = if found.starts_with('/') { found.to_owned() } else { format!("/dev/{found}") };
    if exists(&device) {
        return Some(device);
    }
    let rest = device.rsplit('/').next()?.strip_prefix("sd")?;
    ["vd", "xvd", "vtb"].into_iter().map(|prefix| format!("/dev/{prefix}{rest}")).find(|path| exists(path))
}

#[cfg(test)]
mod tests {
    use model::effects::BlockDevice;

    use super::*;

    #[test]
    fn a_containers_devices_are_its_own() {
        let vda = || BlockDevice { path: "/dev/vda".into(), ..BlockDevice::default() };
        let root = || system::Scratch::new().device(vda(), "/nothing");
        let is_device = |root: system::Scratch| is_device(&root.system().0, Path::new("/dev/vda"));
        assert!(is_device(root()));
        assert!(is_device(root().node("/dev/null").node("/dev/vda")));
        assert!(!is_device(root().node("/dev/null")));
        let other = system::Scratch::new().node("/dev/null").node("/dev/vdb").file("/dev/vda", "");
        assert!(!is_device(other), "a file is none");
    }

    /// The original's `rootdev_from_cmdline`; names of IDs are in lower case in /dev/disk.
    #[test]
    fn devices_of_the_kernel_command_line() {
        for (command_line, expected) in [
            ("ro root=/dev/vda1 quiet", Some("/dev/vda1")),
            ("root=LABEL=cloudimg-rootfs", Some("/dev/disk/by-label/cloudimg-rootfs")),
            ("root=UUID=5B2E-AA", Some("/dev/disk/by-uuid/5b2e-aa")),
            ("root=PARTUUID=5B2E-AA", Some("/dev/disk/by-partuuid/5b2e-aa")),
            ("root=sda1", Some("/dev/sda1")),
            ("ro nfsroot=x", None),
        ] {
            let (system, _) = system::Scratch::new().file("/proc/cmdline", command_line).system();
            assert_eq!(root_device(system.files.as_ref()).as_deref(), expected, "{command_line}");
        }
        assert_eq!(root_device(system::scratch().0.files.as_ref()), None);
    }

    /// mountinfo in proc(5); the original's `parse_mount_info` refuses a line with fewer than ten fields.
    #[test]
    fn the_mount_of_a_path() {
        let line = |point: &str, device: &str| {
            format!("20 1 8:1 / {point} rw,noatime shared:1 - ext4 {device} rw\n")
        };
        let info = [
            line("/", "/dev/a"),
            line("/srv", "/dev/b"),
            line("/srv", "/dev/c"),
            line("/srv/data", "/dev/d"),
        ]
        .concat();
        let found = |path: &str, files: &[(&str, &str)]| {
            let root = files.iter().fold(system::Scratch::new(), |root, (path, text)| root.file(path, text));
            mount_of(root.system().0.files.as_ref(), path).map(|mount| mount.device)
        };
        for (path, device) in
            [("/", "/dev/a"), ("/srv", "/dev/c"), ("/srv/data/x", "/dev/d"), ("/srvdata", "/dev/a")]
        {
            assert_eq!(found(path, &[("/proc/self/mountinfo", &info)]).as_deref(), Some(device), "{path}");
        }
        for broken in [
            "20 1 8:1 / / rw - ext4 /dev/a\n",
            "20 1 8:1 / / rw,noatime a b c ext4 /dev/a rw\n",
            "1 2 3 4 5 6 7 8 9 - ext4\n",
        ] {
            assert_eq!(found("/", &[("/proc/self/mountinfo", &format!("{info}{broken}"))]), None, "{broken}");
        }
        let table = "/dev/a / ext4 rw 0 0\n/dev/b /srv ext4 rw 0 0\n";
        for file in ["/proc/mounts", "/etc/mtab"] {
            assert_eq!(found("/srv", &[(file, table)]).as_deref(), Some("/dev/b"), "{file}");
            assert_eq!(found("/srv/x", &[(file, table), ("/proc/self/mountinfo", "")]), None, "{file}");
        }
        assert_eq!(found("/", &[]), None);
    }

    #[test]
    fn mounts_have_four_fields() {
        let all = mounts("/dev/a / ext4 rw,noatime 0 0\n\nproc /proc\ntmpfs /run tmpfs\n");
        let all: Vec<[&str; 4]> =
            all.iter().map(|mount| [&*mount.device, &*mount.point, &*mount.kind, &*mount.options]).collect();
        assert_eq!(all, [["/dev/a", "/", "ext4", "rw,noatime"], ["tmpfs", "/run", "tmpfs", ""]]);
    }

    /// realpath(3), of which the last parts may be missing.
    #[test]
    fn links_are_followed() {
        let root = (0..45).fold(system::Scratch::new(), |root, at| {
            root.link(&format!("/loop/{at}"), &format!("{}", at + 1))
        });
        let root = root
            .file("/dev/vda", "")
            .link("/dev/disk/by-label/root", "../../vda")
            .link("/dev/root", "/dev/disk/by-label/root")
            .link("/there", "/dev/disk")
            .link("/a/self", "self");
        let (system, _) = root.system();
        for (path, expected) in [
            ("/dev/vda", "/dev/vda"),
            ("/dev/disk/by-label/root", "/dev/vda"),
            ("/dev/root", "/dev/vda"),
            ("/there/by-label/root", "/dev/vda"),
            ("/there/../x/./y", "/dev/x/y"),
            ("/missing/../dev/vdz", "/dev/vdz"),
            ("/../dev/vda", "/dev/vda"),
            ("/a/self", "/a/self"),
            ("/loop/4", "/loop/44"),
            ("/loop/5", "/loop/45"),
        ] {
            assert_eq!(canonical(system.files.as_ref(), Path::new(path)), Path::new(expected), "{path}");
        }
    }
}

#[cfg(all(test, feature = "growpart"))]
mod bsd_tests {
    use super::*;

    /// mount(8) of FreeBSD, and of NetBSD and OpenBSD.
    #[test]
    fn mounts_of_a_bsd() {
        let text = "/dev/gpt/rootfs on / (ufs, local, soft-updates)\ndevfs on /dev (devfs)\n/dev/wd0a on /usr type ffs (local)\n";
        let found = |path: &str| bsd_mount(text, path).map(|mount| (mount.device, mount.kind, mount.options));
        let owned = |device: &str, kind: &str, options: &str| {
            Some((device.to_owned(), kind.to_owned(), options.to_owned()))
        };
        assert_eq!(found("/"), owned("/dev/gpt/rootfs", "ufs", "ufs,local,soft-updates"));
        assert_eq!(found("/dev"), owned("devfs", "devfs", "devfs"));
        assert_eq!(found("/usr"), owned("/dev/wd0a", "ffs", "local"));
        assert_eq!(found("/home"), None);
    }
}
