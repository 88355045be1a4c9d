//! The lock of the stages: two runs at once would do everything twice. It is held with flock(2), which the kernel
//! releases however its holder ends; the file's content describes the holder.

use std::fs::{File, OpenOptions, Permissions};
use std::io::{self, Read, Seek};
use std::os::unix::fs::{FileExt as _, MetadataExt as _, OpenOptionsExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use rustix::fs::{FlockOperation, flock};

/// The name of the file in the run directory.
pub const LOCK_NAME: &str = "stage.lock";

/// The polling interval: flock(2) itself has no time limit.
const POLL: Duration = Duration::from_millis(100);
/// How often a waiting run is reported, first and afterwards.
const PATIENCE: [Duration; 2] = [Duration::from_secs(3), Duration::from_secs(60)];
/// The parents of a process are not more than this.
const MAX_PARENTS: usize = 4096;

/// The holder as its file describes it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Holder {
    /// Its process ID.
    pub pid: u32,
    /// The stage, or the command's name.
    pub stage: String,
    /// The running module.
    pub module: Option<String>,
    /// The exit code of a run that has finished.
    pub done: Option<u8>,
}

impl Holder {
    /// Parses the file's content: `PID STAGE MODULE DONE`, with `-` for what there is not.
    pub fn parse(text: &str) -> Option<Self> {
        let mut words = text.lines().next()?.split(' ');
        let (pid, stage) = (words.next()?.parse().ok()?, words.next()?.to_owned());
        let mut rest = || words.next().filter(|word| *word != "-").map(str::to_owned);
        let module = rest();
        Some(Self { pid, stage, module, done: rest().and_then(|code| code.parse().ok()) })
    }

    fn line(&self) -> String {
        let module = self.module.as_deref().unwrap_or("-").replace(char::is_whitespace, "_");
        let done = self.done.map_or_else(|| "-".to_owned(), |code| code.to_string());
        format!("{} {} {module} {done}\n", self.pid, self.stage)
    }
}

impl std::fmt::Display for Holder {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "process {} ({}", self.pid, self.stage)?;
        match &self.module {
            Some(module) => write!(f, ", module {module})"),
            None => f.write_str(")"),
        }
    }
}

/// The outcome of asking for the lock.
#[derive(Debug)]
pub enum Turn {
    /// It is held from now on.
    Mine(StageLock),
    /// The holder is a parent of this process, which waits for it: waiting for the lock would never end.
    Within(Holder),
    /// While this process waited, the holder has finished the same stage, with this exit code.
    Done(Holder, u8),
    /// Another run holds it, and the time limit has passed.
    Busy(Holder),
}

/// The held lock: dropping it releases it.
#[derive(Debug)]
pub struct StageLock(());

struct Held {
    file: File,
    holder: Holder,
    /// The length of the description before: a shorter one is filled up.
    length: usize,
}

/// One per process, like its stage.
static HELD: Mutex<Option<Held>> = Mutex::new(None);

impl StageLock {
    /// Waits for the lock at `path`. `stage` is what this process runs; `same_as_ours` is whether a run of the same stage
    /// by another process makes this one unnecessary. `tell` gets a message while this takes long.
    ///
    /// # Errors
    ///
    /// If the file can be neither created nor locked: the directory is read-only or full.
    pub fn take(
        path: &Path,
        stage: &str,
        same_as_ours: bool,
        limit: Option<Duration>,
        tell: impl Fn(&str),
    ) -> io::Result<Turn> {
        let begun = Instant::now();
        let (mut told, mut awaited) = (0, Vec::new());
        loop {
            let mut file = open(path)?;
            let described = |file: &mut File| Holder::parse(&content(file));
            match flock(&file, FlockOperation::NonBlockingLockExclusive) {
                // Another run may have replaced the file meanwhile.
                Ok(()) if !is_at(&file, path) => continue,
                Ok(()) => {
                    let last = described(&mut file).filter(|last| awaited.contains(&last.pid));
                    if let Some((last, code)) = last.and_then(|last| last.done.map(|code| (last, code)))
                        && same_as_ours
                        && last.stage == stage
                    {
                        return Ok(Turn::Done(last, code));
                    }
                    return Ok(Turn::Mine(Self::hold(file, stage)));
                }
                Err(rustix::io::Errno::WOULDBLOCK) => {}
                Err(rustix::io::Errno::INTR) => continue,
                Err(error) => return Err(error.into()),
            }
            let holder = described(&mut file).unwrap_or_default();
            if is_parent(holder.pid) {
                return Ok(Turn::Within(holder));
            }
            if !awaited.contains(&holder.pid) {
                awaited.push(holder.pid);
            }
            let waited = begun.elapsed();
            if limit.is_some_and(|limit| waited >= limit) {
                return Ok(Turn::Busy(holder));
            }
            let due = PATIENCE[0] + PATIENCE[1] * told;
            if waited >= due {
                tell(&format!("{stage} is waiting for {holder} for {} s", waited.as_secs()));
                told += 1;
            }
            drop(file);
            thread::sleep(POLL);
        }
    }

    fn hold(file: File, stage: &str) -> Self {
        let holder = Holder { pid: std::process::id(), stage: stage.to_owned(), ..Holder::default() };
        let mut held = Held { file, holder, length: 0 };
        held.describe();
        *HELD.lock().unwrap_or_else(PoisonError::into_inner) = Some(held);
        Self(())
    }

    /// Records the exit code, for runs of the same stage that wait.
    pub fn finish(self, code: u8) {
        change(|holder| {
            holder.module = None;
            holder.done = Some(code);
        });
    }
}

impl Drop for StageLock {
    fn drop(&mut self) {
        *HELD.lock().unwrap_or_else(PoisonError::into_inner) = None;
    }
}

impl Held {
    /// Writes the description. It helps others, but without it the lock still holds: a full disk is no error.
    fn describe(&mut self) {
        let mut line = self.holder.line();
        let written = if self.length == 0 {
            // An earlier holder's may be longer.
            self.file.set_len(0).and_then(|()| self.file.write_all_at(line.as_bytes(), 0))
        } else {
            let missing = self.length.saturating_sub(line.len());
            line.insert_str(line.len() - 1, &" ".repeat(missing));
            self.file.write_all_at(line.as_bytes(), 0)
        };
        self.length = line.len();
        if let Err(error) = written {
            tracing::debug!("cannot describe the running stage in its lock: {error}");
        }
    }
}

fn change(act: impl FnOnce(&mut Holder)) {
    if let Some(held) = HELD.lock().unwrap_or_else(PoisonError::into_inner).as_mut() {
        act(&mut held.holder);
        held.describe();
    }
}

/// Records the running module.
pub(super) fn note_module(module: Option<&str>) {
    change(|holder| holder.module = module.map(str::to_owned));
}

fn open(path: &Path) -> io::Result<File> {
    if let Some(parent) = path.parent() {
        std::fs::create_dir_all(parent)?;
    }
    let file = OpenOptions::new()
        .read(true)
        .write(true)
        .create(true)
        .truncate(false)
        .mode(0o644)
        .custom_flags(libc::O_NOFOLLOW | libc::O_NONBLOCK)
        .open(path)?;
    if !file.metadata()?.is_file() {
        return Err(io::Error::other("it is not a regular file"));
    }
    // Whatever the umask is: `status` reads it for everybody.
    let _ = file.set_permissions(Permissions::from_mode(0o644));
    Ok(file)
}

fn content(file: &mut File) -> String {
    let mut text = String::new();
    let _ = file.rewind();
    let _ = file.take(4096).read_to_string(&mut text);
    text
}

/// Whether a path still names this file.
fn is_at(file: &File, path: &Path) -> bool {
    let same = |file: &std::fs::Metadata, named: &std::fs::Metadata| {
        (file.dev(), file.ino()) == (named.dev(), named.ino())
    };
    file.metadata().is_ok_and(|file| path.symlink_metadata().is_ok_and(|named| same(&file, &named)))
}

/// Whether a process is this one or one of its parents, according to proc_pid_stat(5).
fn is_parent(wanted: u32) -> bool {
    let mut pid = std::process::id();
    for _ in 0..MAX_PARENTS {
        if pid == wanted {
            return wanted != 0;
        }
        let stat = std::fs::read_to_string(PathBuf::from(format!("/proc/{pid}/stat"))).unwrap_or_default();
        // The name, in parentheses, may contain anything.
        let parent = stat.rsplit(") ").next().and_then(|rest| rest.split(' ').nth(1)?.parse().ok());
        match parent {
            Some(parent) if parent != 0 => pid = parent,
            _ => return false,
        }
    }
    false
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_holder_is_described_in_a_line() {
        for (line, holder) in [
            ("12 init - -\n", Holder { pid: 12, stage: "init".into(), ..Holder::default() }),
            (
                "12 init runcmd 3\n",
                Holder { pid: 12, stage: "init".into(), module: Some("runcmd".into()), done: Some(3) },
            ),
        ] {
            assert_eq!(holder.line(), line);
            assert_eq!(Holder::parse(line), Some(holder));
        }
        assert_eq!(Holder::parse(""), None);
        assert_eq!(Holder::parse("x y"), None);
    }

    /// A process that has a number, and is no parent of this one.
    struct Other(std::process::Child);

    impl Other {
        fn new() -> Self {
            Self(std::process::Command::new("sleep").arg("600").spawn().expect("sleep is there"))
        }

        fn line(&self, rest: &str) -> String {
            format!("{} {rest}\n", self.0.id())
        }
    }

    impl Drop for Other {
        fn drop(&mut self) {
            let _ = self.0.kill();
            let _ = self.0.wait();
        }
    }

    /// A lock that somebody holds, who is described like this.
    fn held(path: &Path, line: &str) -> File {
        let file = open(path).expect("made");
        flock(&file, FlockOperation::NonBlockingLockExclusive).expect("free");
        file.set_len(0).and_then(|()| file.write_all_at(line.as_bytes(), 0)).expect("written");
        file
    }

    fn never(message: &str) {
        panic!("{message}");
    }

    #[test]
    fn a_lock_that_is_held_is_awaited_and_its_holder_named() {
        let directory = tempfile::tempdir().expect("a directory");
        let (path, other) = (directory.path().join("run/stage.lock"), Other::new());
        let file = held(&path, &other.line("init runcmd -"));
        let holder = Holder {
            pid: other.0.id(),
            stage: "init".to_owned(),
            module: Some("runcmd".to_owned()),
            done: None,
        };
        let told = Mutex::new(Vec::new());
        let tell = |message: &str| told.lock().expect("not poisoned").push(message.to_owned());
        // The first message comes after three seconds.
        let limit = Some(Duration::from_millis(3300));
        let begun = Instant::now();
        let turn = StageLock::take(&path, "modules-final", true, limit, tell).expect("a file");
        assert!(begun.elapsed() >= Duration::from_millis(3300));
        assert!(matches!(turn, Turn::Busy(found) if found == holder));
        let pid = other.0.id();
        let message = format!("modules-final is waiting for process {pid} (init, module runcmd) for 3 s");
        assert_eq!(*told.lock().expect("not poisoned"), [message]);
        assert_eq!(Holder { module: None, ..holder }.to_string(), format!("process {pid} (init)"));
        drop(file);
        let none = Some(Duration::ZERO);
        // A parent waits for this process.
        let file = held(&path, &format!("{} init - -\n", std::process::id()));
        let turn = StageLock::take(&path, "init", true, none, never).expect("a file");
        assert!(matches!(turn, Turn::Within(holder) if holder.pid == std::process::id()));
        drop(file);
    }

    #[test]
    fn a_run_of_the_same_stage_that_ended_meanwhile_counts() {
        let _process = crate::host::alone::process();
        let directory = tempfile::tempdir().expect("a directory");
        let (path, other) = (directory.path().join("stage.lock"), Other::new());
        for (end, same_as_ours, awaited, expected) in [
            ("init - 7", true, true, Some(7)),
            ("init - -", true, true, None),
            ("modules-config - 7", true, true, None),
            ("init - 7", false, true, None),
            ("init - 7", true, false, None),
        ] {
            let file = held(&path, &other.line("init - -"));
            let take = || StageLock::take(&path, "init", same_as_ours, None, never).expect("a file");
            let finish = || {
                file.set_len(0)
                    .and_then(|()| file.write_all_at(other.line(end).as_bytes(), 0))
                    .expect("written");
                flock(&file, FlockOperation::Unlock).expect("held");
            };
            let turn = thread::scope(|scope| {
                if !awaited {
                    finish();
                    return take();
                }
                let taking = scope.spawn(take);
                // It has asked by then, and asks again every tenth of a second.
                thread::sleep(Duration::from_millis(250));
                finish();
                taking.join().expect("no panic")
            });
            match (turn, expected) {
                (Turn::Done(holder, code), Some(wanted)) => {
                    assert_eq!((code, holder.pid, holder.stage.as_str()), (wanted, other.0.id(), "init"));
                }
                (Turn::Mine(_), None) => {}
                (turn, _) => panic!("{end} {same_as_ours} {awaited}: {turn:?}"),
            }
        }
    }

    #[test]
    fn a_held_lock_describes_what_runs_until_it_is_dropped() {
        let _process = crate::host::alone::process();
        let directory = tempfile::tempdir().expect("a directory");
        let path = directory.path().join("stage.lock");
        std::fs::write(&path, "1 a-very-long-description-of-an-earlier-holder - -\n").expect("written");
        let turn = StageLock::take(&path, "init", true, Some(Duration::ZERO), never).expect("a file");
        let Turn::Mine(lock) = turn else { panic!("{turn:?}") };
        let pid = std::process::id();
        let text = || std::fs::read_to_string(&path).expect("readable");
        assert_eq!(text(), format!("{pid} init - -\n"));
        note_module(Some("ssh import id"));
        assert_eq!(text(), format!("{pid} init ssh_import_id -\n"));
        // What is shorter than before is filled up: another process may read at the same time.
        note_module(None);
        assert_eq!(text(), format!("{pid} init - -            \n"));
        let another = File::open(&path).expect("readable");
        assert!(flock(&another, FlockOperation::NonBlockingLockExclusive).is_err(), "it is held");
        assert_eq!(std::fs::metadata(&path).expect("there").permissions().mode() & 0o777, 0o644);
        note_module(Some("runcmd"));
        lock.finish(3);
        assert_eq!(
            Holder::parse(&text()).and_then(|holder| Some((holder.module, holder.done?))),
            Some((None, 3))
        );
        flock(&another, FlockOperation::NonBlockingLockExclusive).expect("free");
        note_module(Some("nobody"));
        assert!(!text().contains("nobody"));
    }

    #[test]
    fn what_is_no_file_is_no_lock() {
        let directory = tempfile::tempdir().expect("a directory");
        let path = directory.path().join("fifo");
        rustix::fs::mkfifoat(rustix::fs::CWD, &path, rustix::fs::Mode::RWXU).expect("made");
        let error = StageLock::take(&path, "init", true, None, never).expect_err("a FIFO");
        assert_eq!(error.to_string(), "it is not a regular file");
        let (file, other) = (directory.path().join("file"), directory.path().join("other"));
        let opened = open(&file).expect("made");
        assert!(is_at(&opened, &file) && !is_at(&opened, &other));
        std::fs::rename(&file, &other).expect("renamed");
        open(&file).expect("another one");
        assert!(!is_at(&opened, &file) && is_at(&opened, &other));
    }

    #[test]
    fn a_process_is_within_its_parents_only() {
        assert!(is_parent(std::process::id()));
        assert!(is_parent(std::os::unix::process::parent_id()));
        // init(1) is a parent of everything.
        assert!(is_parent(1));
        assert!(!is_parent(Other::new().0.id()));
        assert!(!is_parent(0));
        assert!(!is_parent(u32::MAX));
    }
}
