//! Files of the real machine.

use std::fs;
use std::io::{self, Write as _};
use std::os::unix::fs::{MetadataExt, OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};

use model::effects::{Attributes, FileChanges, FileError, FileKind, Files, Metadata, Owner, ReadFiles};

use super::watch::Changes;
use crate::walk::resolve;

/// Files below a root.
pub(crate) struct HostFiles {
    /// `None` means `/`: the kernel itself follows links.
    prefix: Option<PathBuf>,
}

impl HostFiles {
    pub(crate) fn new(prefix: Option<PathBuf>) -> Self {
        Self { prefix: prefix.filter(|path| path != Path::new("/")) }
    }

    /// The path on this machine for a path in the root.
    pub(super) fn real(&self, path: &Path, follow_last: bool) -> io::Result<PathBuf> {
        let Some(prefix) = &self.prefix else { return Ok(path.to_owned()) };
        let below = |inner: &Path| prefix.join(inner.strip_prefix("/").unwrap_or(inner));
        let resolved = resolve(path, follow_last, |at| match fs::read_link(below(at)) {
            Ok(target) => Ok(Some(target)),
            Err(error) if matches!(error.kind(), io::ErrorKind::InvalidInput | io::ErrorKind::NotFound) => {
                Ok(None)
            }
            Err(error) if error.kind() == io::ErrorKind::NotADirectory => Ok(None),
            Err(error) => Err(error),
        })?;
        Ok(below(&resolved))
    }

    /// The target of a write: the target of a link is replaced, not the link.
    fn target(&self, path: &Path) -> io::Result<PathBuf> {
        let real = self.real(path, true)?;
        if self.prefix.is_some() {
            return Ok(real);
        }
        match fs::canonicalize(&real) {
            Ok(found) => Ok(found),
            // A dangling link is replaced at its target; a missing file is created at the given path.
            Err(_) => match fs::read_link(&real) {
                Ok(target) => Ok(real.parent().unwrap_or(Path::new("/")).join(target)),
                Err(_) => Ok(real),
            },
        }
    }
}

fn metadata(found: &fs::Metadata) -> Metadata {
    let kind = found.file_type();
    Metadata {
        kind: if kind.is_symlink() {
            FileKind::Link
        } else if kind.is_dir() {
            FileKind::Directory
        } else if kind.is_file() {
            FileKind::File
        } else {
            FileKind::Special
        },
        mode: found.mode() & 0o7777,
        uid: found.uid(),
        gid: found.gid(),
        len: found.len(),
        modified: found.mtime(),
    }
}

fn optional(found: io::Result<fs::Metadata>) -> io::Result<Option<Metadata>> {
    match found {
        Ok(found) => Ok(Some(metadata(&found))),
        Err(error) if matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory) => {
            Ok(None)
        }
        Err(error) => Err(error),
    }
}

fn named<T>(operation: &'static str, path: &Path, outcome: io::Result<T>) -> Result<T, FileError> {
    outcome.map_err(|source| FileError::new(operation, path, source))
}

impl ReadFiles for HostFiles {
    fn read(&self, path: &Path) -> Result<Vec<u8>, FileError> {
        named("read", path, self.real(path, true).and_then(fs::read))
    }

    fn stat(&self, path: &Path) -> Result<Option<Metadata>, FileError> {
        named("stat", path, self.real(path, true).and_then(|real| optional(fs::metadata(real))))
    }

    fn lstat(&self, path: &Path) -> Result<Option<Metadata>, FileError> {
        named("lstat", path, self.real(path, false).and_then(|real| optional(fs::symlink_metadata(real))))
    }

    fn list(&self, directory: &Path) -> Result<Vec<String>, FileError> {
        let names = || -> io::Result<Vec<String>> {
            let mut names = fs::read_dir(self.real(directory, true)?)?
                .map(|entry| entry.map(|entry| entry.file_name().to_string_lossy().into_owned()))
                .collect::<io::Result<Vec<_>>>()?;
            names.sort_unstable();
            Ok(names)
        };
        named("list", directory, names())
    }

    fn read_link(&self, path: &Path) -> Result<PathBuf, FileError> {
        named("read the link", path, self.real(path, false).and_then(fs::read_link))
    }

    fn watch(&self, directories: &[&Path]) -> Result<Box<dyn FileChanges>, FileError> {
        let mut changes = Changes::new().map_err(|source| FileError::new("watch", Path::new("/"), source))?;
        for directory in directories {
            named("watch", directory, self.real(directory, true).and_then(|real| changes.add(&real)))?;
        }
        Ok(Box::new(changes))
    }
}

impl Files for HostFiles {
    fn write(&self, path: &Path, content: &[u8], attributes: &Attributes) -> Result<(), FileError> {
        named("write", path, self.target(path).and_then(|real| replace(&real, content, attributes)))
    }

    fn append(&self, path: &Path, content: &[u8], attributes: &Attributes) -> Result<(), FileError> {
        let append = || -> io::Result<()> {
            let real = self.target(path)?;
            make_parents(&real)?;
            let fresh = !real.exists();
            let mode = attributes.mode.unwrap_or(0o644);
            let mut file = fs::OpenOptions::new().append(true).create(true).mode(mode).open(&real)?;
            if fresh {
                file.set_permissions(fs::Permissions::from_mode(mode))?;
                chown(&real, attributes.owner)?;
            }
            file.write_all(content)
        };
        named("append to", path, append())
    }

    fn create_dir(&self, path: &Path, mode: Option<u32>) -> Result<(), FileError> {
        let make = || -> io::Result<()> {
            let real = self.real(path, true)?;
            fs::create_dir_all(&real)?;
            match mode {
                Some(mode) => fs::set_permissions(&real, fs::Permissions::from_mode(mode)),
                None => Ok(()),
            }
        };
        named("create the directory", path, make())
    }

    fn symlink(&self, target: &Path, link: &Path) -> Result<(), FileError> {
        let make = || -> io::Result<()> {
            let real = self.real(link, false)?;
            make_parents(&real)?;
            // Created beside it and renamed, so that the path always exists.
            let fresh = beside(&real);
            let _ = fs::remove_file(&fresh);
            std::os::unix::fs::symlink(target, &fresh)?;
            if real.is_dir() && !real.is_symlink() {
                fs::remove_dir_all(&real)?;
            }
            fs::rename(&fresh, &real)
        };
        named("create the link", link, make())
    }

    fn remove(&self, path: &Path) -> Result<(), FileError> {
        let remove = || -> io::Result<()> {
            let real = self.real(path, false)?;
            let found = match fs::symlink_metadata(&real) {
                Ok(found) => found,
                Err(error)
                    if matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory) =>
                {
                    return Ok(());
                }
                Err(error) => return Err(error),
            };
            if found.is_dir() { fs::remove_dir_all(real) } else { fs::remove_file(real) }
        };
        named("remove", path, remove())
    }

    fn rename(&self, from: &Path, to: &Path) -> Result<(), FileError> {
        let rename = || fs::rename(self.real(from, false)?, self.real(to, false)?);
        named("rename", from, rename())
    }

    fn set_mode(&self, path: &Path, mode: u32) -> Result<(), FileError> {
        let set = || fs::set_permissions(self.real(path, true)?, fs::Permissions::from_mode(mode));
        named("set the mode of", path, set())
    }

    fn set_owner(&self, path: &Path, owner: Owner) -> Result<(), FileError> {
        named("set the owner of", path, self.real(path, false).and_then(|real| chown(&real, owner)))
    }
}

fn chown(path: &Path, owner: Owner) -> io::Result<()> {
    if owner.uid.is_none() && owner.gid.is_none() {
        return Ok(());
    }
    std::os::unix::fs::lchown(path, owner.uid, owner.gid)
}

fn make_parents(path: &Path) -> io::Result<()> {
    path.parent().map_or(Ok(()), fs::create_dir_all)
}

/// A unique name in the same directory.
fn beside(path: &Path) -> PathBuf {
    let mut name = std::ffi::OsString::from(".");
    name.push(path.file_name().unwrap_or_default());
    name.push(format!(".{}.tmp", std::process::id()));
    path.with_file_name(name)
}

/// Writes a temporary file, then fsync, rename, fsync of the directory: after a power cut the content is either the old
/// or the new one.
fn replace(path: &Path, content: &[u8], attributes: &Attributes) -> io::Result<()> {
    make_parents(path)?;
    let before = fs::metadata(path).ok();
    if before.as_ref().is_some_and(|found| !found.is_file() && !found.is_dir()) {
        // A device or a FIFO (/dev/console, /dev/kmsg) is written to, never replaced.
        return fs::OpenOptions::new().write(true).open(path)?.write_all(content);
    }
    let mode = attributes.mode.or(before.as_ref().map(|found| found.mode() & 0o7777)).unwrap_or(0o644);
    let fresh = beside(path);
    let _ = fs::remove_file(&fresh);
    let written = (|| {
        let mut file = fs::OpenOptions::new().write(true).create_new(true).mode(0o600).open(&fresh)?;
        file.write_all(content)?;
        let keep = before.as_ref().map(|found| Owner::new(found.uid(), found.gid())).unwrap_or_default();
        let owner = Owner { uid: attributes.owner.uid.or(keep.uid), gid: attributes.owner.gid.or(keep.gid) };
        let own = fs::metadata(&fresh)?;
        if owner.uid.is_some_and(|uid| uid != own.uid()) || owner.gid.is_some_and(|gid| gid != own.gid()) {
            chown(&fresh, owner)?;
        }
        file.set_permissions(fs::Permissions::from_mode(mode))?;
        if before.is_some() {
            keep_label(path, &fresh);
        }
        file.sync_all()?;
        fs::rename(&fresh, path)?;
        path.parent().map_or(Ok(()), |directory| fs::File::open(directory)?.sync_all())
    })();
    if written.is_err() {
        let _ = fs::remove_file(&fresh);
    }
    written
}

/// Copies the SELinux label of a replaced file; a new file gets its directory's by policy.
fn keep_label(from: &Path, to: &Path) {
    let mut label = [0_u8; 256];
    if let Ok(length) = rustix::fs::getxattr(from, "security.selinux", &mut label[..]) {
        let _ =
            rustix::fs::setxattr(to, "security.selinux", &label[..length], rustix::fs::XattrFlags::empty());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_root_is_never_left() {
        let outside = tempfile::tempdir().expect("a directory");
        let root = tempfile::tempdir().expect("a directory");
        std::os::unix::fs::symlink(outside.path(), root.path().join("out")).expect("a link");
        let files = HostFiles::new(Some(root.path().to_owned()));
        files.write(Path::new("/out/file"), b"x", &Attributes::mode(0o640)).expect("inside the root");
        assert!(!outside.path().join("file").exists());
        let inside = root.path().join(outside.path().strip_prefix("/").expect("absolute")).join("file");
        assert_eq!(fs::read(&inside).expect("written below the root"), b"x");
        assert_eq!(fs::metadata(&inside).expect("written").mode() & 0o7777, 0o640);
    }

    #[test]
    fn replacing_keeps_mode_and_link_and_leaves_nothing_behind() {
        let root = tempfile::tempdir().expect("a directory");
        let files = HostFiles::new(Some(root.path().to_owned()));
        let real = Path::new("/etc/real");
        files.write(real, b"old", &Attributes::mode(0o600)).expect("written");
        files.symlink(Path::new("real"), Path::new("/etc/link")).expect("linked");
        files.write(Path::new("/etc/link"), b"new", &Attributes::default()).expect("written");
        assert_eq!(files.read(real).expect("there"), b"new");
        assert_eq!(files.stat(real).expect("there").expect("there").mode, 0o600);
        assert_eq!(files.lstat(Path::new("/etc/link")).expect("there").expect("there").kind, FileKind::Link);
        assert_eq!(files.list(Path::new("/etc")).expect("there"), ["link", "real"]);
    }

    /// open(2): `O_APPEND` writes at the end, `O_CREAT` gives a mode to a new file only. Nothing but the directory's umask may
    /// take from the mode that is asked for.
    #[test]
    fn appending_adds_to_the_end_and_makes_what_is_missing() {
        let root = tempfile::tempdir().expect("a directory");
        let files = HostFiles::new(Some(root.path().to_owned()));
        let (path, mode) = (Path::new("/new/directory/file"), Attributes::mode(0o466));
        files.append(path, b"one\n", &mode).expect("made with its directories");
        assert_eq!(files.stat(path).expect("there").expect("there").mode, 0o466, "whatever the umask");
        files.append(path, b"two\n", &Attributes::mode(0o777)).expect("appended");
        assert_eq!(files.read(path).expect("there"), b"one\ntwo\n");
        assert_eq!(files.stat(path).expect("there").expect("there").mode, 0o466, "it keeps its own");
        files.symlink(Path::new("file"), Path::new("/new/directory/link")).expect("linked");
        files.append(Path::new("/new/directory/link"), b"three\n", &mode).expect("appended");
        assert_eq!(files.read(path).expect("there"), b"one\ntwo\nthree\n");
        assert!(files.append(Path::new("/new"), b"x", &mode).is_err_and(|error| !error.is_not_found()));
    }

    /// chown(2) is root's alone.
    #[test]
    #[ignore = "needs root"]
    fn owners_are_those_of_what_is_made_and_kept_by_what_is_replaced() {
        let root = tempfile::tempdir().expect("a directory");
        let files = HostFiles::new(Some(root.path().to_owned()));
        let owner = |path: &Path| {
            let found = files.stat(path).expect("there").expect("there");
            (found.uid, found.gid)
        };
        let (path, bob) =
            (Path::new("/file"), Attributes { owner: Owner::new(1234, 5678), ..Attributes::default() });
        files.append(path, b"x", &bob).expect("made");
        assert_eq!(owner(path), (1234, 5678));
        files
            .append(path, b"y", &Attributes { owner: Owner::ROOT, ..Attributes::default() })
            .expect("appended");
        assert_eq!(owner(path), (1234, 5678), "only a new file gets an owner");
        files.write(path, b"z", &Attributes::default()).expect("replaced");
        assert_eq!(owner(path), (1234, 5678));
    }

    /// A file that is replaced keeps the label that the policy or an administrator gave it (selinux(8): a new file gets that
    /// of its directory). The attribute is written as setfiles(8) does; a kernel without SELinux keeps it as it is.
    #[test]
    #[ignore = "needs root"]
    fn a_replaced_file_keeps_its_selinux_label() {
        let root = tempfile::tempdir().expect("a directory");
        let files = HostFiles::new(Some(root.path().to_owned()));
        let (path, label) = (Path::new("/file"), b"system_u:object_r:shadow_t:s0\0");
        files.write(path, b"old", &Attributes::default()).expect("written");
        let real = root.path().join("file");
        rustix::fs::setxattr(&real, "security.selinux", label, rustix::fs::XattrFlags::empty())
            .expect("root may label a file");
        files.write(path, b"new", &Attributes::default()).expect("replaced");
        let mut found = [0_u8; 256];
        let length = rustix::fs::getxattr(&real, "security.selinux", &mut found[..]).expect("it has a label");
        assert_eq!(&found[..length], label);
        assert_eq!(files.read(path).expect("there"), b"new");
    }

    #[test]
    fn what_is_missing_is_told_apart_from_what_fails() {
        let root = tempfile::tempdir().expect("a directory");
        let files = HostFiles::new(Some(root.path().to_owned()));
        assert_eq!(files.read_optional(Path::new("/none/x")).expect("no error"), None);
        assert_eq!(files.stat(Path::new("/none")).expect("no error"), None);
        files.remove(Path::new("/none")).expect("nothing to remove");
        assert!(files.read(Path::new("/")).is_err_and(|error| !error.is_not_found()));
    }
}
