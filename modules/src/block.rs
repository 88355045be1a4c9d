//! Mounts and block devices, read from /proc and /sys.

use std::path::Path;

use model::effects::{FileKind, ReadFiles};

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

/// Whether a path is a block device; other special files count too, because BSD's disks are character devices.
pub(crate) fn is_device(system: &model::System, path: &Path) -> bool {
    let special = matches!(system.files.stat(path), Ok(Some(found)) if found.kind == FileKind::Special);
    special || system.devices.block_devices().is_ok_and(|all| all.iter().any(|device| device.path == path))
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
