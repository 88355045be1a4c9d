//! Starts programs like posix_spawn(3): the new process borrows this one's memory until it runs its program, so that none of it
//! is copied. fork(2) copies the page tables, and every page that is written afterwards.

use std::collections::HashMap;
use std::ffi::{CString, OsStr, OsString, c_char, c_int, c_void};
use std::fs::File;
use std::io;
use std::os::fd::{AsRawFd, OwnedFd};
use std::os::unix::ffi::{OsStrExt as _, OsStringExt as _};
use std::os::unix::process::ExitStatusExt as _;
use std::path::Path;
use std::process::ExitStatus;

use rustix::fs::{Mode, OFlags};
use rustix::pipe::{PipeFlags, pipe_with};
use rustix::process::{Pid, WaitOptions, WaitStatus, waitpid};

use super::shared::Slot;
use super::signals;

/// The room of the new process's stack, beside its words: it only makes system calls, but execvpe(3) copies the pointers to
/// the words for a script without interpreter.
const STACK: usize = 64 << 10;

/// Where a standard stream of a program leads.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Stream {
    /// Where this process's leads.
    #[default]
    Inherited,
    /// To /dev/null.
    Null,
    /// To this process.
    Pipe,
}

/// What the new process does before it runs its program.
#[derive(Debug, Default)]
pub(super) struct Setup {
    /// Standard input, output and error.
    pub(super) streams: [Stream; 3],
    /// Leads a process group.
    pub(super) group: bool,
    /// Leads a session.
    pub(super) session: bool,
    /// Ends with this process; otherwise a [`Slot`] has it end.
    pub(super) bound: bool,
    pub(super) root: Option<CString>,
    pub(super) directory: Option<CString>,
    pub(super) umask: Option<u32>,
    /// Failing to change to it is no error.
    pub(super) gid: Option<u32>,
}

/// A program to start.
#[derive(Debug)]
pub(super) struct Start {
    words: Vec<CString>,
    environment: Vec<CString>,
    pub(super) setup: Setup,
}

/// Text for a system call.
pub(super) fn text(text: &OsStr) -> io::Result<CString> {
    CString::new(text.as_bytes()).map_err(|_| io::ErrorKind::InvalidInput.into())
}

impl Start {
    /// A program by its path, with arguments, and this process's environment with changes.
    pub(super) fn new<'a>(
        program: &Path,
        arguments: impl IntoIterator<Item = &'a str>,
        environment: impl IntoIterator<Item = (&'a str, &'a str)>,
    ) -> io::Result<Self> {
        let arguments = arguments.into_iter().map(|word| text(OsStr::new(word)));
        let words = std::iter::once(text(program.as_os_str())).chain(arguments).collect::<io::Result<_>>()?;
        let changes: HashMap<&OsStr, &str> =
            environment.into_iter().map(|(name, value)| (OsStr::new(name), value)).collect();
        let kept = std::env::vars_os().filter(|(name, _)| !changes.contains_key(name.as_os_str()));
        let kept = kept.map(|(name, value)| variable(&name, &value));
        let changed = changes.iter().map(|(name, value)| variable(name, OsStr::new(value)));
        Ok(Self {
            words,
            environment: kept.chain(changed).collect::<io::Result<_>>()?,
            setup: Setup::default(),
        })
    }

    /// Starts it. The slot records its process ID before its program runs.
    pub(super) fn spawn(&self, slot: Option<&Slot>) -> io::Result<Child> {
        let mut child = Child { pid: rustix::process::getpid(), streams: Default::default(), status: None };
        let mut theirs: [Option<OwnedFd>; 3] = Default::default();
        for (number, stream) in self.setup.streams.iter().enumerate() {
            match stream {
                Stream::Inherited => {}
                Stream::Null => {
                    let flags = OFlags::RDWR | OFlags::CLOEXEC;
                    theirs[number] = Some(rustix::fs::open("/dev/null", flags, Mode::empty())?);
                }
                Stream::Pipe => {
                    let (reader, writer) = pipe_with(PipeFlags::CLOEXEC)?;
                    let (own, other) = if number == 0 { (writer, reader) } else { (reader, writer) };
                    child.streams[number] = Some(File::from(own));
                    theirs[number] = Some(other);
                }
            }
        }
        let null_terminated = |texts: &[CString]| -> Vec<*const c_char> {
            texts.iter().map(|text| text.as_ptr()).chain([std::ptr::null()]).collect()
        };
        let (words, environment) = (null_terminated(&self.words), null_terminated(&self.environment));
        let mut task = Task {
            setup: &self.setup,
            words: &words,
            environment: &environment,
            streams: theirs.each_ref().map(|stream| stream.as_ref().map_or(-1, AsRawFd::as_raw_fd)),
            slot,
            parent: rustix::process::getpid(),
            mask: signals::block_all(),
            error: 0,
        };
        let cloned = clone(&mut task);
        signals::restore(&task.mask);
        match cloned {
            Err(error) => Err(error),
            Ok(pid) if task.error != 0 => {
                let _ = waitpid(Some(pid), WaitOptions::empty());
                Err(io::Error::from_raw_os_error(task.error))
            }
            Ok(pid) => Ok(Child { pid, ..child }),
        }
    }
}

/// A line of the environment.
fn variable(name: &OsStr, value: &OsStr) -> io::Result<CString> {
    let mut line = OsString::with_capacity(name.len() + value.len() + 2);
    line.push(name);
    line.push("=");
    line.push(value);
    CString::new(line.into_vec()).map_err(|_| io::ErrorKind::InvalidInput.into())
}

/// What the new process reads, and where it leaves its error.
struct Task<'a> {
    setup: &'a Setup,
    words: &'a [*const c_char],
    environment: &'a [*const c_char],
    /// -1 for a stream that stays.
    streams: [c_int; 3],
    slot: Option<&'a Slot>,
    parent: Pid,
    mask: libc::sigset_t,
    error: c_int,
}

/// Starts the new process, and returns once it runs its program or has left an error. All signals are blocked: their handlers
/// would run with this process's memory.
fn clone(task: &mut Task) -> io::Result<Pid> {
    let room = STACK + size_of_val(task.words);
    let mut stack: Vec<u128> = Vec::with_capacity(room / size_of::<u128>());
    // SAFETY: the stack and the task outlive the new process's use of them, since CLONE_VFORK has this thread wait; the
    // stack is aligned, and grows from its end.
    #[allow(unsafe_code, reason = "a process that shares memory is started with its own stack")]
    let pid = unsafe {
        libc::clone(
            run,
            stack.as_mut_ptr().add(stack.capacity()).cast(),
            libc::CLONE_VM | libc::CLONE_VFORK | libc::SIGCHLD,
            std::ptr::from_mut(task).cast(),
        )
    };
    Pid::from_raw(pid).filter(|_| pid > 0).ok_or_else(io::Error::last_os_error)
}

/// The new process.
extern "C" fn run(task: *mut c_void) -> c_int {
    // SAFETY: the thread that made the task waits until this process has ended or runs its program.
    #[allow(unsafe_code, reason = "clone(2) passes a pointer")]
    let task = unsafe { &mut *task.cast::<Task>() };
    if let Err(error) = task.prepare() {
        task.error = error.raw_os_error().unwrap_or(libc::EIO);
    } else {
        // SAFETY: both lists end with null, and their texts are borrowed by the task. For a path, execvpe(3) allocates nothing.
        #[allow(unsafe_code, reason = "running a program by raw pointers")]
        let error = unsafe {
            libc::execvpe(task.words[0], task.words.as_ptr(), task.environment.as_ptr());
            *libc::__errno_location()
        };
        task.error = error;
    }
    // SAFETY: ends the process without running what belongs to the parent.
    #[allow(unsafe_code, reason = "the parent's destructors are not the child's to run")]
    unsafe {
        libc::_exit(127)
    }
}

impl Task<'_> {
    /// Makes system calls only: other threads may hold the locks of everything else.
    fn prepare(&self) -> io::Result<()> {
        let setup = self.setup;
        for (target, source) in (0..).zip(self.streams) {
            if source >= 0 {
                // SAFETY: numbers of descriptors of this process.
                #[allow(unsafe_code, reason = "the standard streams have no owner")]
                let done = unsafe { libc::dup2(source, target) };
                if done < 0 {
                    return Err(io::Error::last_os_error());
                }
            }
        }
        if let Some(umask) = setup.umask {
            rustix::process::umask(Mode::from_raw_mode(umask));
        }
        if let Some(gid) = setup.gid {
            let _ = rustix::thread::set_thread_gid(rustix::process::Gid::from_raw(gid));
        }
        if let Some(root) = &setup.root {
            rustix::process::chroot(root)?;
            rustix::process::chdir("/")?;
        }
        if let Some(directory) = &setup.directory {
            rustix::process::chdir(directory)?;
        }
        if setup.session {
            rustix::process::setsid()?;
        }
        if setup.group {
            rustix::process::setpgid(None, None)?;
        }
        if setup.bound {
            rustix::process::set_parent_process_death_signal(Some(rustix::process::Signal::TERM))?;
            // It may have been killed in between.
            if rustix::process::getppid() != Some(self.parent) {
                return Err(io::Error::from_raw_os_error(libc::EINTR));
            }
        }
        if let Some(slot) = self.slot {
            slot.record();
        }
        signals::leave_to_program();
        signals::restore(&self.mask);
        Ok(())
    }
}

/// A started program. Dropping it neither ends it nor waits for it.
#[derive(Debug)]
pub(super) struct Child {
    pub(super) pid: Pid,
    /// This process's ends of the pipes to standard input, output and error.
    pub(super) streams: [Option<File>; 3],
    status: Option<ExitStatus>,
}

impl Child {
    fn ended(&mut self, options: WaitOptions) -> io::Result<Option<ExitStatus>> {
        while self.status.is_none() {
            match waitpid(Some(self.pid), options) {
                Ok(Some((_, status))) => self.status = Some(exit_status(status)),
                Ok(None) => break,
                Err(rustix::io::Errno::INTR) => {}
                Err(error) => return Err(error.into()),
            }
        }
        Ok(self.status)
    }

    /// How it ended, if it has.
    pub(super) fn try_wait(&mut self) -> io::Result<Option<ExitStatus>> {
        self.ended(WaitOptions::NOHANG)
    }

    /// Waits for its end, with its input closed.
    pub(super) fn wait(&mut self) -> io::Result<ExitStatus> {
        self.streams[0] = None;
        self.ended(WaitOptions::empty())?.ok_or_else(|| io::ErrorKind::WouldBlock.into())
    }
}

fn exit_status(status: WaitStatus) -> ExitStatus {
    ExitStatus::from_raw(status.as_raw())
}

#[cfg(test)]
mod tests {
    use std::io::{Read as _, Write as _};

    use super::*;

    fn started(words: &[&str], setup: Setup) -> io::Result<Child> {
        let mut start = Start::new(Path::new(words[0]), words[1..].iter().copied(), [("WORD", "changed")])?;
        start.setup = setup;
        start.spawn(None)
    }

    fn output(words: &[&str], setup: Setup) -> String {
        let streams = [Stream::Pipe, Stream::Pipe, Stream::Inherited];
        let mut child = started(words, Setup { streams, ..setup }).expect("it starts");
        child.streams[0].take().expect("a pipe").write_all(b"given\n").expect("it reads");
        let mut text = String::new();
        child.streams[1].take().expect("a pipe").read_to_string(&mut text).expect("it writes");
        assert_eq!(child.wait().expect("it ends").code(), Some(3));
        assert_eq!(child.try_wait().expect("known").and_then(|status| status.code()), Some(3));
        text
    }

    #[test]
    fn a_program_gets_streams_words_environment_and_setup() {
        let script = "read -r line; echo \"$line $1 $WORD $PWD\"; umask; exit 3";
        let setup = Setup { directory: Some(c"/usr".to_owned()), umask: Some(0o037), ..Setup::default() };
        assert_eq!(output(&["/bin/sh", "-c", script, "sh", "a b"], setup), "given a b changed /usr\n0037\n");
    }

    /// proc_pid_stat(5): parent, group, session. SIGPIPE is ignored in this process, and blocked signals would stay so.
    #[test]
    fn a_group_and_a_session_are_its_own_and_its_signals_are_as_usual() {
        let script = "read -r line; read -r _ _ _ parent group session _ </proc/$$/stat; echo $parent; \
                      [ $group = $$ ] && echo group; [ $session = $$ ] && echo session; \
                      grep -E 'Sig(Blk|Ign)' /proc/self/status | grep -o '....$'; exit 3";
        let own = std::process::id();
        // The first sixteen signals; what nohup(1) or a shell in the background ignores stays ignored.
        let none = "0000";
        let mask = crate::host::alone::ignored() & 0xffff & !(1 << (libc::SIGPIPE - 1));
        let ignored = format!("{mask:04x}");
        let text = output(&["/bin/sh", "-c", script], Setup { group: true, ..Setup::default() });
        assert_eq!(text, format!("{own}\ngroup\n{none}\n{ignored}\n"));
        let text = output(&["/bin/sh", "-c", script], Setup { session: true, ..Setup::default() });
        assert_eq!(text, format!("{own}\ngroup\nsession\n{none}\n{ignored}\n"));
    }

    #[test]
    fn what_cannot_start_is_an_error_and_leaves_no_process() {
        let missing = started(&["/no/such/program"], Setup::default()).expect_err("missing");
        assert_eq!(missing.kind(), io::ErrorKind::NotFound);
        let setup = Setup { directory: Some(c"/no/such/directory".to_owned()), ..Setup::default() };
        assert_eq!(started(&["/bin/true"], setup).expect_err("missing").kind(), io::ErrorKind::NotFound);
        let error = started(&["/bin/true", "a\0b"], Setup::default()).expect_err("no text for the kernel");
        assert_eq!(error.kind(), io::ErrorKind::InvalidInput);
    }

    /// Like a shell, and like std's.
    #[test]
    fn a_script_without_interpreter_is_the_shells() {
        use std::os::unix::fs::PermissionsExt as _;
        let directory = tempfile::tempdir().expect("a directory");
        let path = directory.path().join("script");
        std::fs::write(&path, "read -r line; echo \"<$line $1>\"; exit 3\n").expect("written");
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o700)).expect("set");
        let path = path.display().to_string();
        assert_eq!(output(&[&path, "one"], Setup::default()), "<given one>\n");
        let many = vec!["x"; 50_000];
        let words: Vec<&str> = [&path, "one"].into_iter().chain(many).collect();
        assert_eq!(output(&words, Setup::default()), "<given one>\n");
    }

    #[test]
    fn many_start_at_once() {
        std::thread::scope(|scope| {
            for number in 0..8_i32 {
                scope.spawn(move || {
                    for _ in 0..50 {
                        let code = format!("exit {number}");
                        let mut child =
                            started(&["/bin/sh", "-c", &code], Setup::default()).expect("it starts");
                        assert_eq!(child.wait().expect("it ends").code(), Some(number));
                    }
                });
            }
        });
    }
}
