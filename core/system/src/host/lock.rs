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

    #[test]
    fn a_process_is_within_its_parents_only() {
        assert!(is_parent(std::process::id()));
        assert!(is_parent(std::os::unix::process::parent_id()));
        assert!(!is_parent(0));
        assert!(!is_parent(u32::MAX));
    }
}
