use std::io;

use super::*;
use crate::Scratch;

/// A machine whose files below a directory cannot be changed while it refuses.
struct Full {
    files: Arc<dyn Files>,
    below: PathBuf,
    refuses: Arc<AtomicBool>,
}

impl Full {
    fn check(&self, path: &Path) -> Result<(), FileError> {
        let path = resolve(path, false, |at| Ok(self.files.read_link(at).ok())).expect("no loop");
        if self.refuses.load(Ordering::Relaxed) && path.starts_with(&self.below) {
            return Err(FileError::new("write", &path, io::Error::from_raw_os_error(libc::ENOSPC)));
        }
        Ok(())
    }
}

impl ReadFiles for Full {
    fn read(&self, path: &Path) -> Result<Vec<u8>, FileError> {
        self.files.read(path)
    }

    fn stat(&self, path: &Path) -> Result<Option<Metadata>, FileError> {
        self.files.stat(path)
    }

    fn lstat(&self, path: &Path) -> Result<Option<Metadata>, FileError> {
        self.files.lstat(path)
    }

    fn list(&self, directory: &Path) -> Result<Vec<String>, FileError> {
        self.files.list(directory)
    }

    fn read_link(&self, path: &Path) -> Result<PathBuf, FileError> {
        self.files.read_link(path)
    }
}

impl Files for Full {
    fn write(&self, path: &Path, content: &[u8], attributes: &Attributes) -> Result<(), FileError> {
        self.check(path)?;
        self.files.write(path, content, attributes)
    }

    fn append(&self, path: &Path, content: &[u8], attributes: &Attributes) -> Result<(), FileError> {
        self.check(path)?;
        self.files.append(path, content, attributes)
    }

    fn create_dir(&self, path: &Path, mode: Option<u32>) -> Result<(), FileError> {
        if self.files.is_dir(path) && mode.is_none() {
            return Ok(());
        }
        self.check(path)?;
        self.files.create_dir(path, mode)
    }

    fn sync(&self) -> Result<(), FileError> {
        self.files.sync()
    }

    fn symlink(&self, target: &Path, link: &Path) -> Result<(), FileError> {
        self.check(link)?;
        self.files.symlink(target, link)
    }

    fn remove(&self, path: &Path) -> Result<(), FileError> {
        if self.files.exists(path) {
            self.check(path)?;
        }
        self.files.remove(path)
    }

    fn rename(&self, from: &Path, to: &Path) -> Result<(), FileError> {
        self.check(to)?;
        self.files.rename(from, to)
    }

    fn set_mode(&self, path: &Path, mode: u32) -> Result<(), FileError> {
        self.check(path)?;
        self.files.set_mode(path, mode)
    }

    fn set_owner(&self, path: &Path, owner: Owner) -> Result<(), FileError> {
        self.check(path)?;
        self.files.set_owner(path, owner)
    }
}

fn machine() -> (System, Arc<AtomicBool>) {
    let (system, _) = Scratch::new()
        .file("/lib/instances/old/id", "old")
        .file("/lib/data/log", "one\n")
        .link("/lib/instance", "/lib/instances/old")
        .directory("/run/cloud-init")
        .system();
    let full = Arc::new(AtomicBool::new(true));
    let files = Full { files: system.files.clone(), below: "/lib".into(), refuses: full.clone() };
    (System { files: Arc::new(files), ..system }, full)
}

fn on(system: &System) -> System {
    keeping(system, Path::new("/lib"), Path::new("/run/cloud-init/state"))
}

#[test]
fn what_cannot_be_written_is_read_from_where_it_is_kept_and_saved_later() {
    let (below, full) = machine();
    let at = Path::new;
    let plain = Attributes::default();
    let first = on(&below).files;
    first.create_dir(at("/lib/instances/new"), None).expect("kept");
    first.symlink(at("/lib/instances/new"), at("/lib/instance")).expect("kept");
    first.write(at("/lib/instance/id"), b"new", &Attributes::secret()).expect("kept");
    first.append(at("/lib/data/log"), b"two\n", &plain).expect("kept");
    first.remove(at("/lib/instances/old/id")).expect("stays");
    // The next stage is another process.
    let second = on(&below).files;
    assert_eq!(second.read(at("/lib/instance/id")).expect("kept"), b"new");
    assert_eq!(second.stat(at("/lib/instance/id")).expect("kept").expect("there").mode, 0o600);
    assert_eq!(second.read(at("/lib/data/log")).expect("kept"), b"one\ntwo\n");
    assert_eq!(second.read_link(at("/lib/instance")).expect("kept"), at("/lib/instances/new"));
    assert_eq!(second.list(at("/lib/instances")).expect("both"), ["new", "old"]);
    assert_eq!(below.files.read(at("/lib/instance/id")).expect("on the disk"), b"old");
    for own in ["/lib/sem/x.once", "/lib/instance/sem/config_x", "/lib/data/status.json"] {
        let error = second.write(at(own), b"", &plain).expect_err("never kept");
        assert!(error.is_storage(), "{error}");
    }
    full.store(false, Ordering::Relaxed);
    let third = on(&below).files;
    assert_eq!(third.read(at("/lib/instance/id")).expect("saved"), b"new");
    assert_eq!(below.files.read(at("/lib/instance/id")).expect("on the disk"), b"new");
    assert_eq!(below.files.read(at("/lib/data/log")).expect("on the disk"), b"one\ntwo\n");
    assert_eq!(below.files.stat(at("/lib/instance/id")).expect("there").expect("there").mode, 0o600);
    assert!(!below.files.exists(at("/run/cloud-init/state")));
}

#[test]
fn other_failures_and_other_places_are_not_hidden() {
    let (below, _) = machine();
    let kept = on(&below).files;
    kept.write(Path::new("/etc/file"), b"x", &Attributes::default()).expect("not full");
    assert!(kept.read(Path::new("/lib/none")).is_err_and(|error| error.is_not_found()));
    assert!(!below.files.exists(Path::new("/run/cloud-init/state/none")));
}

/// What a stage changes while the disk is full is changed where it is kept, or passed over where it is not.
#[test]
fn modes_owners_and_names_of_what_is_kept() {
    let (below, full) = machine();
    let at = Path::new;
    let files = on(&below).files;
    // Before anything is kept: mode and owner of the state matter less than the boot.
    files.set_mode(at("/lib/instances/old/id"), 0o640).expect("passed over");
    files.set_owner(at("/lib/instances/old/id"), Owner { uid: Some(1), gid: None }).expect("passed over");
    let stat = |path: &str| files.stat(at(path)).expect("no error").expect("there");
    assert_ne!(stat("/lib/instances/old/id").mode, 0o640);
    files.write(at("/etc/file"), b"", &Attributes::default()).expect("not full");
    files.set_mode(at("/etc/file"), 0o600).expect("not full");
    assert_eq!(stat("/etc/file").mode, 0o600);
    files.write(at("/lib/kept"), b"x", &Attributes::mode(0o644)).expect("kept");
    files.set_mode(at("/lib/kept"), 0o600).expect("kept");
    files.set_owner(at("/lib/kept"), Owner { uid: Some(7), gid: Some(8) }).expect("kept");
    let found = stat("/lib/kept");
    assert_eq!((found.mode, found.uid, found.gid), (0o600, 7, 8));
    files.rename(at("/lib/kept"), at("/run/elsewhere")).expect("from where it is kept");
    assert_eq!(files.read(at("/run/elsewhere")).expect("there"), b"x");
    assert!(!files.exists(at("/lib/kept")));
    files.write(at("/lib/again"), b"x", &Attributes::default()).expect("kept");
    files.remove(at("/lib/again")).expect("kept");
    assert!(!files.exists(at("/lib/again")));
    assert!(files.set_mode(at("/etc/none"), 0o600).is_err(), "another error is one");
    full.store(false, Ordering::Relaxed);
}

/// A disk that has room again within a stage: what is written then is on it, and the kept copy is gone.
#[test]
fn what_is_written_later_replaces_what_is_kept() {
    let (below, full) = machine();
    let at = Path::new;
    let files = on(&below).files;
    files.write(at("/lib/data/id"), b"kept", &Attributes::mode(0o644)).expect("kept");
    files.create_dir(at("/lib/data/more"), None).expect("kept");
    files.ensure(at("/lib/data/log"), b"ensured", &Attributes::mode(0o644)).expect("kept");
    assert_eq!(files.read(at("/lib/data/log")).expect("kept"), b"ensured");
    assert!(below.files.exists(at("/run/cloud-init/state/data/id")));
    full.store(false, Ordering::Relaxed);
    files.write(at("/lib/data/id"), b"new", &Attributes::mode(0o644)).expect("on the disk");
    assert_eq!(files.read(at("/lib/data/id")).expect("there"), b"new");
    assert_eq!(below.files.read(at("/lib/data/id")).expect("on the disk"), b"new");
    assert!(!below.files.exists(at("/run/cloud-init/state/data/id")));
    files.create_dir(at("/lib/data/more"), None).expect("on the disk");
    assert!(below.files.is_dir(at("/run/cloud-init/state/data/more")), "it may have other entries");
    files.write(at("/lib/data/more/x"), b"x", &Attributes::default()).expect("on the disk");
    assert_eq!(files.list(at("/lib/data")).expect("both"), ["id", "log", "more"]);
    files.remove(at("/lib/data/log")).expect("removed");
    assert!(!files.exists(at("/lib/data/log")) && !below.files.exists(at("/run/cloud-init/state/data/log")));
    assert!(files.list(at("/lib/none")).is_err_and(|error| error.is_not_found()));
}

/// The state's own directory, files with a place of their own, and semaphores: see the head of `kept.rs`.
#[test]
fn only_the_state_is_kept_and_no_semaphore() {
    let (below, _) = machine();
    let kept = Kept {
        files: below.files,
        state: "/lib".into(),
        place: "/run/cloud-init/state".into(),
        active: AtomicBool::new(false),
        told: Mutex::default(),
    };
    for (path, expected) in [
        ("/lib", Some("/run/cloud-init/state")),
        ("/lib/data/x", Some("/run/cloud-init/state/data/x")),
        ("/lib/data/result.json", None),
        ("/lib/sem", Some("/run/cloud-init/state/sem")),
        ("/lib/sem/x", None),
        ("/lib/instances/i/sem/x", None),
        ("/lib/instances/sem", Some("/run/cloud-init/state/instances/sem")),
        ("/library", None),
        ("/etc/x", None),
    ] {
        assert_eq!(kept.kept(Path::new(path)).as_deref(), expected.map(Path::new), "{path}");
    }
}
