//! File systems that only the kernel can read, mounted read-only until dropped.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use model::effects::{Command, Commands, DeviceError, FileError, ReadFiles, Reading, Tree};

use super::blocks::{MAX_FILE, too_large};
use crate::host::HostFiles;

/// The parent directory of mount points.
const DIRECTORY: &str = "/run/cloud-init/tmp";

/// A mounted file system. Links on it do not lead out of it.
struct Mounted {
    device: PathBuf,
    files: HostFiles,
    /// The mount point to unmount; `None` if it was already mounted.
    own: Option<(PathBuf, Arc<dyn Commands>)>,
}

/// The existing mount point of a device.
fn existing(device: &Path, files: &dyn ReadFiles) -> Option<PathBuf> {
    let mounts = files.text(Path::new("/proc/mounts"))?;
    mounts.lines().find_map(|line| {
        let mut words = line.split(' ');
        let (source, target) = (words.next()?, words.next()?);
        // The kernel escapes blanks in octal.
        (Path::new(source) == device).then(|| PathBuf::from(target.replace("\\040", " ")))
    })
}

/// A file system that is already mounted, and stays so.
pub(super) fn at(device: &Path, place: &Path) -> Box<dyn Tree> {
    let files = HostFiles::new(Some(place.to_owned()));
    Box::new(Mounted { device: device.to_owned(), files, own: None })
}

/// Mounts a device, or uses an existing mount.
pub(super) fn open(
    device: &Path,
    files: &dyn ReadFiles,
    commands: &Arc<dyn Commands>,
) -> Result<Box<dyn Tree>, DeviceError> {
    if let Some(place) = existing(device, files) {
        return Ok(at(device, &place));
    }
    static NUMBER: AtomicU64 = AtomicU64::new(0);
    let number = NUMBER.fetch_add(1, Ordering::Relaxed);
    let place = Path::new(DIRECTORY).join(format!("mount-{}-{number}", std::process::id()));
    let io = |source| DeviceError::Io { device: device.to_owned(), source };
    std::fs::create_dir_all(&place).map_err(io)?;
    let target = place.display().to_string();
    let mount =
        Command::line(["mount", "-o", "ro", "-t", "auto"]).arg(device.display().to_string()).arg(&target);
    if let Err(error) = commands.run(&mount) {
        std::fs::remove_dir(&place).ok();
        return Err(DeviceError::Format {
            device: device.to_owned(),
            reason: format!("cannot mount: {error}"),
        });
    }
    let own = Some((place.clone(), commands.clone()));
    Ok(Box::new(Mounted { device: device.to_owned(), files: HostFiles::new(Some(place)), own }))
}

impl Drop for Mounted {
    fn drop(&mut self) {
        let Some((place, commands)) = &self.own else { return };
        match commands.run(&Command::new("umount").arg(place.display().to_string())) {
            Ok(_) => {
                std::fs::remove_dir(place).ok();
            }
            Err(error) => tracing::warn!("cannot unmount {}: {error}", place.display()),
        }
    }
}

impl Mounted {
    fn error(&self, error: FileError) -> DeviceError {
        DeviceError::Io { device: self.device.clone(), source: error.source }
    }
}

impl Tree for Mounted {
    fn read(&self, path: &str) -> Result<Option<Vec<u8>>, DeviceError> {
        let inside = Path::new("/").join(path.trim_start_matches('/'));
        if !self.files.is_file(&inside) {
            return Ok(None);
        }
        match self.files.read_with(&inside, &Reading::up_to(MAX_FILE)) {
            Ok(bytes) => Ok(Some(bytes)),
            Err(error) if error.is_not_found() => Ok(None),
            Err(error) if error.source.kind() == io::ErrorKind::FileTooLarge => {
                Err(too_large(&self.device, path))
            }
            Err(error) => Err(self.error(error)),
        }
    }

    fn list(&self, path: &str) -> Result<Vec<String>, DeviceError> {
        let path = Path::new("/").join(path.trim_start_matches('/'));
        if !self.files.is_dir(&path) {
            return Ok(Vec::new());
        }
        self.files.list(&path).map_err(|error| self.error(error))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// proc_mounts(5): device, mount point and more; a blank is an octal escape.
    #[test]
    fn a_device_that_is_mounted_is_used_where_it_is() {
        let mounts = "/dev/sda1 / ext4 rw 0 0\n/dev/sr0 /media/a\\040b iso9660 ro 0 0\nbroken\n";
        let (system, _) = crate::Scratch::new().file("/proc/mounts", mounts).system();
        let found = |device: &str| existing(Path::new(device), system.files.as_ref());
        assert_eq!(found("/dev/sr0"), Some(PathBuf::from("/media/a b")));
        assert_eq!(found("/dev/sda1"), Some(PathBuf::from("/")));
        assert_eq!((found("/dev/sda"), found("/")), (None, None));
        assert_eq!(existing(Path::new("/dev/sr0"), &crate::Scratch::new()), None);
    }

    #[test]
    fn a_mounted_tree_lists_its_directories_and_reads_its_files() {
        let root = tempfile::tempdir().expect("a directory");
        std::fs::create_dir(root.path().join("openstack")).expect("created");
        std::fs::write(root.path().join("openstack/file"), "x").expect("written");
        let files = HostFiles::new(Some(root.path().to_owned()));
        let tree = Mounted { device: "/dev/sr0".into(), files, own: None };
        assert_eq!(tree.list("").expect("there"), ["openstack"]);
        assert_eq!(tree.list("/openstack").expect("there"), ["file"]);
        assert_eq!(tree.list("openstack/file").expect("no directory"), Vec::<String>::new());
        assert_eq!(tree.read("openstack/file").expect("there").as_deref(), Some(b"x".as_slice()));
        assert_eq!(tree.read("openstack").expect("no file"), None);
    }
}
