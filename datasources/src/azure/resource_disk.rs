//! The resource disk, whose content is lost when the machine moves to another host: it is then formatted again.

use std::path::{Path, PathBuf};

use model::Settled;
use model::datasource::SourceError;
use model::effects::{DeviceError, System};

/// The name that the platform's udev rules give it.
pub(super) const PATH: &str = "/dev/disk/cloud/azure_resource";
/// A file that the platform puts on it, and a directory of Windows.
const IGNORED: &[&str] = &["dataloss_warning_readme.txt", "system volume information"];
/// The modules that partition, format and mount it.
const MODULES: &[&str] = &["disk_setup", "mounts"];

/// Lets the modules run again if the disk is fresh.
pub(super) fn prepare(settled: &Settled<'_>, preserve_ntfs: bool) -> Result<(), SourceError> {
    let system = settled.platform.system;
    if !system.files.exists(Path::new(PATH)) {
        tracing::debug!("Ephemeral resource disk '{PATH}' does not exist.");
        return Ok(());
    }
    let (fresh, why) =
        if settled.new { (true, "First instance boot.".to_owned()) } else { is_fresh(system, preserve_ntfs) };
    tracing::debug!("reformattable={fresh}: {why}");
    if !fresh {
        return Ok(());
    }
    for module in MODULES {
        let semaphore = settled.platform.paths.instance("sem").join(format!("config_{module}"));
        if system.files.exists(&semaphore) {
            system.files.remove(&semaphore)?;
            tracing::debug!("Marker {} for module {module} removed.", semaphore.display());
        }
    }
    Ok(())
}

/// The path without links.
fn real(system: &System, path: &Path) -> PathBuf {
    let mut path = path.to_owned();
    // More links than the kernel follows are a loop.
    for _ in 0..40 {
        let Ok(target) = system.files.read_link(&path) else { break };
        let mut joined = PathBuf::new();
        for part in path.parent().unwrap_or(Path::new("/")).join(target).components() {
            match part {
                std::path::Component::ParentDir => _ = joined.pop(),
                std::path::Component::CurDir => {}
                part => joined.push(part),
            }
        }
        path = joined;
    }
    path
}

/// The partitions by number.
fn partitions(system: &System) -> Vec<(u32, PathBuf)> {
    for between in ["-part", "p", ""] {
        let of = |number: u32| {
            let path = PathBuf::from(format!("{PATH}{between}{number}"));
            system.files.exists(&path).then(|| (number, real(system, &path)))
        };
        let found: Vec<_> = (1..16).filter_map(of).collect();
        if !found.is_empty() {
            return found;
        }
    }
    Vec::new()
}

/// Whether the disk is as the platform provides it: one NTFS partition, maybe after a reserved one, without files of
/// anybody.
fn is_fresh(system: &System, preserve_ntfs: bool) -> (bool, String) {
    if preserve_ntfs {
        return (false, "config says to never destroy NTFS (datasource.Azure.never_destroy_ntfs)".to_owned());
    }
    let partitions = partitions(system);
    let (number, path) = match partitions.as_slice() {
        [] => return (false, format!("device {PATH} was not partitioned")),
        [only] => only,
        [_, second] => second,
        many => return (false, format!("device {PATH} had 3 or more partitions ({})", many.len())),
    };
    let devices = system.devices.block_devices().unwrap_or_default();
    let is_ntfs = |device: &model::effects::BlockDevice| {
        device.path == *path && device.filesystem.as_deref() == Some("ntfs")
    };
    let which = format!("partition {number} ({}) on device {PATH}", path.display());
    if !devices.iter().any(is_ntfs) {
        return (false, format!("{which} was not ntfs formatted"));
    }
    let counted = system.devices.open(path).and_then(|tree| tree.list(""));
    match counted {
        Ok(names) => {
            let files = names.iter().filter(|name| !IGNORED.contains(&name.to_lowercase().as_str())).count();
            if files == 0 {
                return (true, format!("{which} was ntfs formatted and had no important files. Safe for reformatting."));
            }
            tracing::warn!(
                "it looks like you're using NTFS on the ephemeral disk, to ensure that filesystem does not get wiped, \
                 set datasource.Azure.never_destroy_ntfs in config"
            );
            (false, format!("{which} was ntfs formatted but had {files} files on it."))
        }
        Err(DeviceError::Format { reason, .. }) if reason.contains("unknown filesystem type") => (
            true,
            format!(
                "{which} was ntfs formatted but this system cannot mount NTFS, assuming there are no important files. \
                 Formatting allowed."
            ),
        ),
        Err(error) => (false, format!("{which} was ntfs formatted but mount failed: {error}")),
    }
}

#[cfg(test)]
mod tests {
    use model::effects::{BlockDevice, Devices, Tree};
    use model::{Instance, Node, Paths, Platform};
    use system::Scratch;

    use super::*;

    /// A machine whose second partition has these files.
    fn machine(filesystem: &str, files: &[&str]) -> Scratch {
        let mut scratch = Scratch::new()
            .file("/dev/sdb", "")
            .file("/dev/sdb1", "")
            .file("/dev/sdb2", "")
            .link(PATH, "../../sdb")
            .link(&format!("{PATH}-part1"), "../../sdb1")
            .link(&format!("{PATH}-part2"), "../../sdb2")
            .directory("/tree");
        for file in files {
            scratch = scratch.file(&format!("/tree/{file}"), "");
        }
        let device =
            BlockDevice { path: "/dev/sdb2".into(), filesystem: Some(filesystem.into()), ..BlockDevice::default() };
        scratch.device(device, "/tree")
    }

    #[test]
    fn only_a_disk_without_files_is_fresh() {
        let fresh = |filesystem: &str, files: &[&str], preserve: bool| {
            is_fresh(&machine(filesystem, files).system().0, preserve).0
        };
        assert!(fresh("ntfs", &["DATALOSS_WARNING_README.txt", "System Volume Information"], false));
        assert!(!fresh("ntfs", &["data"], false));
        assert!(!fresh("ext4", &[], false));
        assert!(!fresh("ntfs", &[], true));
        let (system, _) = Scratch::new().file(PATH, "").system();
        assert_eq!(is_fresh(&system, false), (false, format!("device {PATH} was not partitioned")));
    }

    /// Devices of which none can be opened, for this reason.
    struct Unreadable(Vec<BlockDevice>, &'static str);

    impl Devices for Unreadable {
        fn block_devices(&self) -> Result<Vec<BlockDevice>, DeviceError> {
            Ok(self.0.clone())
        }
        fn open(&self, device: &Path) -> Result<Box<dyn Tree>, DeviceError> {
            Err(DeviceError::Format { device: device.to_owned(), reason: self.1.to_owned() })
        }
    }

    /// The original's `can_dev_be_reformatted`: a system that cannot mount NTFS has no files of its own there.
    #[test]
    fn a_disk_that_cannot_be_read() {
        for (reason, fresh) in [("unknown filesystem type 'ntfs'", true), ("the superblock is damaged", false)] {
            let (mut system, _) = machine("ntfs", &["data"]).system();
            let devices = system.devices.block_devices().expect("no error");
            system.devices = std::sync::Arc::new(Unreadable(devices, reason));
            assert_eq!(is_fresh(&system, false).0, fresh, "{reason}");
        }
    }

    /// The original's `can_dev_be_reformatted`: with two partitions, the second one counts.
    #[test]
    fn the_partition_that_counts() {
        let disk = |names: &[&str]| {
            let scratch = names.iter().fold(Scratch::new().file(PATH, ""), |root, name| root.file(&format!("{PATH}{name}"), ""));
            let device = |root: Scratch, name: &&str| {
                let path = format!("{PATH}{name}").into();
                let device = BlockDevice { path, filesystem: Some("ntfs".into()), ..BlockDevice::default() };
                root.device(device, "/nothing")
            };
            let scratch = names.last().into_iter().fold(scratch.directory("/nothing"), device);
            is_fresh(&scratch.system().0, false).0
        };
        assert!(disk(&["-part1"]));
        assert!(disk(&["1", "2"]));
        assert!(disk(&["p1", "p15"]));
        assert!(!disk(&["-part1", "-part2", "-part3"]));
        assert!(!disk(&["-part16"]), "beyond the kernel's numbers");
    }

    #[test]
    fn the_modules_run_again_at_the_first_boot() {
        let semaphore = "/var/lib/cloud/instance/sem/config_mounts";
        let (system, _) = machine("ext4", &[]).file(semaphore, "").system();
        let (paths, config, instance) = (Paths::default(), Node::default(), Instance::default());
        let platform = Platform {
            known_virtualization: std::sync::OnceLock::from(String::new()),
            ..Platform::new(&system, &paths, &config)
        };
        let settled = |new| Settled { platform: &platform, instance: &instance, new };
        prepare(&settled(false), false).expect("no error");
        assert!(system.files.exists(Path::new(semaphore)));
        prepare(&settled(true), false).expect("no error");
        assert!(!system.files.exists(Path::new(semaphore)));
    }
}
