//! Makes new files durable in groups instead of one by one.
//!
//! A new file gets its name at once, for commands and other programs, and reaches the disk with its group: a power cut
//! before that may leave it empty or missing, like the group's other files, and nothing that records the work exists yet
//! (a semaphore is written after its group was settled). A replaced file has content that could be lost, so it is
//! synced before its rename, unless the replaced one is of the same group. A group is settled by syncfs(2), which costs
//! one commit of the file system's journal however many files it has. Where other programs keep much unwritten data,
//! syncfs would wait for theirs: then each file is synced by itself, in the order in which they were written.

use std::collections::{BTreeMap, BTreeSet};
use std::ffi::OsStr;
use std::fs::{self, File, Metadata};
use std::io;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, PoisonError};

use model::Order as _;
use rustix::fs::{Advice, OFlags, fadvise, fstatfs, syncfs};

use super::create::open_directory;
use super::place::{Handle, Place, Root, Route};

/// The number of files after which a group is settled by itself.
const LARGEST: usize = 512;
/// Up to this many files, syncing each is as quick as syncing the file system.
const FEW: usize = 1;
/// From this much unwritten data on, a disk is busy: about a tenth of a second of a slow one.
const BUSY_KIB: u64 = 16 << 10;
/// File systems in memory; see statfs(2).
const IN_MEMORY: &[u64] = &[0x0102_1994, 0x8584_58f6];

/// A file's device and inode.
type Identity = (u64, u64);

fn identity(found: &Metadata) -> Identity {
    (found.dev(), found.ino())
}

/// A file of a group.
struct Written {
    /// Its place in the order of writing.
    order: usize,
    identity: Identity,
    /// Whether its content is on the disk, and only its name may not be.
    synced: bool,
}

#[derive(Default)]
struct Group {
    /// The files by their path without links.
    files: BTreeMap<PathBuf, Written>,
    written: usize,
}

/// When a file that is written has to be on the disk.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Wait {
    /// At once.
    Now,
    /// Its content before it gets its name, which would take the place of content that exists; the name with the group.
    ForContent,
    /// With its group.
    WithGroup,
    /// A power cut takes its file system, too.
    Never,
}

/// The files that have their names and may not be on the disk yet.
#[derive(Default)]
pub(super) struct Unsettled {
    gathering: AtomicBool,
    group: Mutex<Group>,
}

impl Unsettled {
    fn with<T>(&self, act: impl FnOnce(&mut Group) -> T) -> T {
        act(&mut self.group.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// From now on, files are gathered.
    pub(super) fn gather(&self) {
        self.gathering.store(true, Ordering::Relaxed);
    }

    /// What the file that is to be written to a place waits for.
    pub(super) fn wait(&self, place: &Place) -> Wait {
        if is_in_memory(&place.directory.file) {
            return Wait::Never;
        }
        if !self.gathering.load(Ordering::Relaxed) {
            return Wait::Now;
        }
        let can_be_lost = place.entry.as_ref().is_none_or(|entry| {
            self.with(|group| {
                let file = group.files.get(&place.path);
                file.is_some_and(|file| file.identity == identity(&entry.found) && !file.synced)
            })
        });
        if can_be_lost { Wait::WithGroup } else { Wait::ForContent }
    }

    /// Adds the file that was written to a place, or found there as it is wanted: a process that was killed may have
    /// written that. Returns whether the group is large enough to be settled.
    pub(super) fn add(&self, place: &Place, file: &Metadata, synced: bool) -> bool {
        self.with(|group| {
            group.written += 1;
            let written = Written { order: group.written, identity: identity(file), synced };
            group.files.insert(place.path.clone(), written);
            group.files.len() >= LARGEST
        })
    }

    /// What was removed needs no sync.
    pub(super) fn removed(&self, place: &Place) {
        self.with(|group| group.files.retain(|path, _| !path.starts_with(&place.path)));
    }

    /// Everything is on the disk, by other means.
    pub(super) fn forget(&self) {
        self.with(|group| *group = Group::default());
    }

    /// Waits until the group is on the disk. Returns false if a file is not where it was written: only a sync of all file
    /// systems reaches it, after which the group can be forgotten.
    pub(super) fn settle(&self, root: &Root) -> io::Result<bool> {
        let group = self.with(std::mem::take);
        let settled = group.settle(root);
        if !matches!(settled, Ok(true)) {
            // Nothing may take it for durable.
            self.with(|later| later.join(group));
        }
        settled
    }
}

impl Group {
    fn settle(&self, root: &Root) -> io::Result<bool> {
        let mut files: Vec<_> = self.files.iter().collect();
        files.order_by_key(|(_, file)| file.order);
        let mut open = Vec::with_capacity(files.len());
        for (path, file) in files {
            match opened(root, path, file.identity)? {
                Some(found) => open.push(found),
                None => return Ok(false),
            }
        }
        if open.len() <= FEW || is_busy() { sync_each(&open) } else { sync_all(&open) }?;
        Ok(true)
    }

    /// Adds the files of an earlier group.
    fn join(&mut self, earlier: Self) {
        self.written = self.written.max(earlier.written);
        for (path, file) in earlier.files {
            self.files.entry(path).or_insert(file);
        }
    }
}

/// A file and its directory, if it is still the same.
fn opened(root: &Root, path: &Path, expected: Identity) -> io::Result<Option<(File, Handle)>> {
    let place = match root.place(path, Route::NAME) {
        Ok(place) => place,
        Err(error) if super::is_missing(&error) => return Ok(None),
        Err(error) => return Err(error),
    };
    if place.entry.as_ref().is_none_or(|entry| identity(&entry.found) != expected) {
        return Ok(None);
    }
    match place.open(OFlags::RDONLY) {
        Ok(file) => Ok(Some((file, place.directory))),
        // Replaced meanwhile, or its owner may not read it.
        Err(error)
            if matches!(error.kind(), io::ErrorKind::Interrupted | io::ErrorKind::PermissionDenied) =>
        {
            Ok(None)
        }
        Err(error) => Err(error),
    }
}

fn is_in_memory(file: &File) -> bool {
    fstatfs(file).is_ok_and(|found| IN_MEMORY.contains(&found.f_type.cast_unsigned()))
}

/// Whether much unwritten data waits for the disks.
fn is_busy() -> bool {
    fs::read_to_string("/proc/meminfo").is_ok_and(|text| unwritten(&text) >= BUSY_KIB)
}

/// The unwritten data in KiB, from proc_meminfo(5).
fn unwritten(text: &str) -> u64 {
    let of = |name: &str| {
        let line = text.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(':'));
        line.and_then(|value| value.trim().strip_suffix("kB")?.trim().parse::<u64>().ok()).unwrap_or(0)
    };
    of("Dirty") + of("Writeback")
}

/// Syncs the file systems.
fn sync_all(files: &[(File, Handle)]) -> io::Result<()> {
    let mut synced = BTreeSet::new();
    for (file, _) in files {
        if synced.insert(file.metadata()?.dev()) {
            syncfs(file)?;
        }
    }
    Ok(())
}

/// Syncs each file, then each directory. The kernel starts to write all of them before the first is waited for.
fn sync_each(files: &[(File, Handle)]) -> io::Result<()> {
    if files.len() > 1 {
        for (file, _) in files {
            // Of pages that are not written yet, this starts the writing; failing to only costs time.
            let _ = fadvise(file, 0, None, Advice::DontNeed);
        }
    }
    for (file, _) in files {
        file.sync_all()?;
    }
    let mut synced = BTreeSet::new();
    for (_, directory) in files {
        if synced.insert(identity(&directory.found)) {
            open_directory(directory, OsStr::new("."))?.sync_all()?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use model::effects::{Attributes, Files as _, ReadFiles as _};

    use super::super::HostFiles;
    use super::*;

    fn gathering() -> (tempfile::TempDir, HostFiles) {
        // On a disk, unlike /tmp on many machines.
        let root = tempfile::tempdir_in("/var/tmp").expect("a directory");
        let files = HostFiles::new(Some(root.path().to_owned()));
        files.gather();
        (root, files)
    }

    fn waiting(files: &HostFiles) -> Vec<String> {
        files.unsettled.with(|group| {
            let files = group.files.iter().filter(|(_, file)| !file.synced);
            files.map(|(path, _)| path.display().to_string()).collect()
        })
    }

    fn put(files: &HostFiles, path: &str, content: &str) {
        files.write(Path::new(path), content.as_bytes(), &Attributes::default()).expect("written");
    }

    /// What is new can wait, and what would lose the content of an earlier group cannot.
    #[test]
    fn new_files_wait_for_their_group() {
        let (_root, files) = gathering();
        put(&files, "/d/new", "1");
        put(&files, "/d/new", "2");
        put(&files, "/other", "3");
        assert_eq!(waiting(&files), ["/d/new", "/other"]);
        assert_eq!(files.read(Path::new("/d/new")).expect("visible at once"), b"2");
        assert!(files.unsettled.settle(&files.root).expect("a disk"), "all are where they were written");
        assert!(waiting(&files).is_empty());
        for content in ["4", "5"] {
            put(&files, "/d/new", content);
            assert!(waiting(&files).is_empty(), "it has replaced a durable one, so its content was synced");
        }
    }

    #[test]
    fn nothing_waits_unless_it_is_asked_for() {
        let root = tempfile::tempdir_in("/var/tmp").expect("a directory");
        let files = HostFiles::new(Some(root.path().to_owned()));
        put(&files, "/new", "1");
        assert!(waiting(&files).is_empty());
    }

    #[test]
    fn what_is_written_again_at_the_next_boot_is_not_waited_for() {
        let (_root, files) = gathering();
        let fleeting = Attributes { fleeting: true, ..Attributes::mode(0o644) };
        for content in ["1", "2"] {
            files.write(Path::new("/status"), content.as_bytes(), &fleeting).expect("written");
            assert!(waiting(&files).is_empty());
        }
        assert_eq!(files.read(Path::new("/status")).expect("there"), b"2");
        // A file of the state that replaces a fleeting one has nothing durable below it, and says so by a sync.
        put(&files, "/status", "3");
        assert!(waiting(&files).is_empty());
    }

    #[test]
    fn a_file_that_was_removed_is_not_missed_and_one_that_was_moved_is() {
        let (_root, files) = gathering();
        put(&files, "/d/removed", "1");
        files.remove(Path::new("/d")).expect("removed");
        assert!(waiting(&files).is_empty());
        put(&files, "/moved", "1");
        files.rename(Path::new("/moved"), Path::new("/elsewhere")).expect("moved");
        assert!(!files.unsettled.settle(&files.root).expect("no error"), "only a full sync reaches it");
        assert_eq!(waiting(&files), ["/moved"]);
        files.settle().expect("which this is");
        assert!(waiting(&files).is_empty());
    }

    #[test]
    fn a_large_group_settles_by_itself() {
        let (_root, files) = gathering();
        for number in 0..LARGEST + 3 {
            put(&files, &format!("/{number}"), "x");
        }
        assert_eq!(waiting(&files).len(), 3);
    }

    #[test]
    fn a_file_as_wanted_is_not_written_again() {
        let (root, files) = gathering();
        let ensure = |content: &str, mode: u32| {
            files.ensure(Path::new("/x"), content.as_bytes(), &Attributes::mode(mode)).expect("written");
            fs::metadata(root.path().join("x")).expect("there").ino()
        };
        let first = ensure("one", 0o600);
        files.settle().expect("synced");
        assert_eq!(ensure("one", 0o600), first);
        // Whoever wrote it may have been killed before it was on the disk.
        assert_eq!(waiting(&files), ["/x"]);
        assert_ne!(ensure("two", 0o600), first);
        let second = ensure("one", 0o600);
        assert_ne!(ensure("one", 0o644), second);
        assert_eq!(fs::metadata(root.path().join("x")).expect("there").mode() & 0o7777, 0o644);
    }

    /// A script can be run at once: execve(2) refuses a file that is open for writing.
    #[test]
    fn a_file_that_waits_is_not_open() {
        let (root, files) = gathering();
        let script = Attributes::mode(0o700);
        files.write(Path::new("/script"), b"#!/bin/sh\nexit 7\n", &script).expect("written");
        let ended = std::process::Command::new(root.path().join("script")).status().expect("it runs");
        assert_eq!(ended.code(), Some(7));
        assert_eq!(waiting(&files), ["/script"]);
        let mut changes = files.watch(&[Path::new("/")]).expect("watched");
        files.settle().expect("synced");
        assert!(!changes.wait(std::time::Duration::ZERO).expect("no error"), "nobody sees a settlement");
    }

    #[test]
    fn each_way_of_syncing_works_on_a_disk() {
        let (_root, files) = gathering();
        put(&files, "/a/1", "x");
        put(&files, "/b/2", "x");
        let group = files.unsettled.with(std::mem::take);
        let open: Vec<_> = group
            .files
            .iter()
            .map(|(path, file)| opened(&files.root, path, file.identity).expect("read").expect("there"))
            .collect();
        sync_each(&open).expect("synced");
        sync_all(&open).expect("synced");
        assert!(opened(&files.root, Path::new("/a/1"), (0, 0)).expect("no error").is_none());
        assert!(opened(&files.root, Path::new("/a/none"), (0, 0)).expect("no error").is_none());
    }

    /// stat(1) names the file system of a path.
    #[test]
    fn file_systems_in_memory_are_known() {
        for path in ["/", "/proc", "/sys", "/dev", "/dev/shm", "/run"] {
            let output = std::process::Command::new("stat").args(["-f", "-c", "%T", path]).output();
            let kind = String::from_utf8(output.expect("stat is there").stdout).expect("text");
            let Ok(directory) = File::open(path) else { continue };
            assert_eq!(is_in_memory(&directory), matches!(kind.trim(), "tmpfs" | "ramfs"), "{path}: {kind}");
        }
    }

    /// proc_meminfo(5): what is changed, and what is being written.
    #[test]
    fn unwritten_data_is_counted() {
        let text = "MemTotal:  8000000 kB\nDirty:     300 kB\nWriteback:   45 kB\nWritebackTmp:  7 kB\n";
        assert_eq!(unwritten(text), 345);
        assert_eq!(unwritten("Dirty: 300\nWriteback: x kB\n"), 0);
        assert_eq!(unwritten(""), 0);
    }

    #[test]
    fn what_is_on_the_disk_by_other_means_is_forgotten() {
        let (_root, files) = gathering();
        put(&files, "/one", "1");
        assert_eq!(waiting(&files), ["/one"]);
        files.sync().expect("a disk");
        assert!(waiting(&files).is_empty());
    }

    /// A file that was written again meanwhile waits as it was written last.
    #[test]
    fn an_earlier_group_joins_a_later_one() {
        let group = |written: usize, files: &[(&str, usize, u64)]| Group {
            files: files
                .iter()
                .map(|(path, order, inode)| {
                    (PathBuf::from(path), Written { order: *order, identity: (1, *inode), synced: false })
                })
                .collect(),
            written,
        };
        let mut later = group(2, &[("/b", 1, 20), ("/c", 2, 30)]);
        later.join(group(7, &[("/a", 6, 10), ("/b", 7, 11)]));
        let found: Vec<_> = later.files.iter().map(|(path, file)| (path.to_str(), file.identity.1)).collect();
        assert_eq!(found, [(Some("/a"), 10), (Some("/b"), 20), (Some("/c"), 30)]);
        assert_eq!(later.written, 7);
    }
}
