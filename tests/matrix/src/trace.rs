//! Runs a program under ptrace(2) and interferes with the calls that change files.

use std::collections::BTreeSet;
use std::fs;
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

use nix::errno::Errno;
use nix::libc::{PTRACE_EVENT_EXEC, PTRACE_EVENT_SECCOMP};
use nix::sys::ptrace::{self, Options};
use nix::sys::resource::{Resource, setrlimit};
use nix::sys::signal::{Signal, kill, raise};
use nix::sys::wait::{WaitPidFlag, WaitStatus, waitpid};
use nix::unistd::{Pid, chroot};
use serde::{Deserialize, Serialize};

use crate::calls::{self, Call, Effect};
use crate::clock::{self, Time};
use crate::machine::Boot;
use crate::{Error, file};

/// What is done to a boot.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum Strike {
    /// Nothing; calls are counted.
    #[default]
    None,
    /// The power fails right before this call, counted from 0: nothing runs any more, and content that has not reached
    /// the disk is gone.
    Cut(usize),
    /// The process that is about to make this call gets a signal, and its stage ends. The stages after it run.
    Signal(usize, i32),
    /// This call fails.
    Once(usize, i32),
    /// This call on the disk and all later ones fail, in all processes.
    From(usize, i32),
}

/// A limit to the memory of every process of a boot, in bytes.
pub type Memory = Option<u64>;

/// The call that was struck.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Struck {
    /// The name of the program that made it.
    pub program: String,
    /// Its number.
    pub call: i64,
    /// The path in the root of what it changes.
    pub path: String,
    /// The first line of what it writes.
    pub line: Option<String>,
}

impl Struck {
    /// Whether the program made it, and not a command.
    pub fn is_own(&self) -> bool {
        self.program == "cloud-init"
    }
}

impl std::fmt::Display for Struck {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}: call {} on {}", self.program, self.call, self.path)?;
        self.line.as_ref().map_or(Ok(()), |line| write!(f, " that writes '{line}'"))
    }
}

/// What a traced boot has met so far.
#[derive(Debug, Default)]
pub struct Tracer {
    /// Calls that change files of the machine, in all processes of the boot, in the order in which they were made.
    pub calls: usize,
    /// Where the strike fell.
    pub struck: Option<Struck>,
    /// Whether the power is off.
    pub off: bool,
    /// The programs that were started, by their paths in the root.
    pub programs: BTreeSet<String>,
    /// What its processes think the time is.
    pub time: Time,
    /// Files whose content is only in memory.
    unsynced: BTreeSet<PathBuf>,
}

/// How a stage ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum End {
    /// With this exit code.
    Code(i32),
    /// By this signal.
    Signal(i32),
    /// The power failed.
    Off,
    /// It did not end in time and was killed.
    Hung,
}

/// Where the machine's disk is, as this machine names it; what is a file system of its own below it is no disk.
#[derive(Debug, Clone)]
pub struct Disk {
    /// The root.
    pub root: PathBuf,
}

impl Disk {
    /// Whether a change of this path lasts beyond a reboot.
    fn keeps(&self, path: &Path) -> bool {
        let Ok(below) = path.strip_prefix(&self.root) else { return false };
        !["run", "proc", "sys", "dev", "proof"].iter().any(|passing| below.starts_with(passing))
    }

    /// Whether it is a file of the machine at all, and no device of ours.
    fn holds(&self, path: &Path) -> bool {
        self.keeps(path) || path.starts_with(self.root.join("run")) || path == Path::new("/")
    }
}

/// What replaces this process by a program that can be traced: it stops, and changes its root. The arguments are the root,
/// the limit of memory or 0, whether its clock is not the machine's, and the program with its own arguments.
pub fn launch(arguments: &[String]) -> Error {
    let [root, memory, clock, program, arguments @ ..] = arguments else {
        return Error::Usage("launch ROOT MEMORY CLOCK PROGRAM".to_owned());
    };
    let prepare = || -> Result<Command, Error> {
        raise(Signal::SIGSTOP).map_err(Error::Process)?;
        let memory = memory.parse().unwrap_or(0_u64);
        chroot(root.as_str()).map_err(Error::Process)?;
        std::env::set_current_dir("/").map_err(file("/"))?;
        seccompiler::apply_filter(&calls::filter(clock == "true")?)?;
        if memory > 0 {
            setrlimit(Resource::RLIMIT_DATA, memory, memory).map_err(Error::Process)?;
        }
        let mut command = Command::new(program);
        command.args(arguments).env_clear();
        command.envs([("PATH", "/usr/sbin:/usr/bin:/sbin:/bin"), ("LC_ALL", "C.UTF-8")]);
        Ok(command)
    };
    match prepare() {
        Ok(mut command) => file(program.clone())(command.exec()),
        Err(error) => error,
    }
}

/// Runs one program of a boot in the root. What it leaves in the background goes on.
pub fn run(
    tracer: &mut Tracer,
    disk: &Disk,
    boot: &Boot,
    output: &Path,
    arguments: &[&str],
    patience: Duration,
) -> Result<End, Error> {
    if tracer.off {
        return Ok(End::Off);
    }
    let itself = std::env::current_exe().map_err(file("this program"))?;
    let open = || fs::OpenOptions::new().create(true).append(true).open(output).map_err(file("the output"));
    let child = Command::new(itself)
        .arg("launch")
        .arg(&disk.root)
        .arg(boot.memory.unwrap_or(0).to_string())
        .arg(boot.clock.is_some().to_string())
        .args(arguments)
        .stdin(Stdio::null())
        .stdout(open()?)
        .stderr(open()?)
        .spawn()
        .map_err(file("this program"))?;
    let main = Pid::from_raw(child.id().cast_signed());
    waitpid(main, Some(WaitPidFlag::WUNTRACED)).map_err(Error::Process)?;
    let options = Options::PTRACE_O_EXITKILL
        | Options::PTRACE_O_TRACECLONE
        | Options::PTRACE_O_TRACEFORK
        | Options::PTRACE_O_TRACEVFORK
        | Options::PTRACE_O_TRACEEXEC
        | Options::PTRACE_O_TRACESECCOMP;
    ptrace::seize(main, options).map_err(Error::Process)?;
    kill(main, Signal::SIGCONT).map_err(Error::Process)?;
    // Another child ends when patience does, which ends the wait as well.
    let watch =
        Command::new("sleep").arg(patience.as_secs_f64().to_string()).spawn().map_err(file("sleep"))?;
    let watch = Pid::from_raw(watch.id().cast_signed());
    let end = follow(tracer, disk, boot, main, watch)?;
    if !matches!(end, End::Off | End::Hung) {
        let _ = kill(watch, Signal::SIGKILL);
    }
    Ok(end)
}

/// Lets a stopped process and all that it starts go on until it ends.
fn follow(tracer: &mut Tracer, disk: &Disk, boot: &Boot, main: Pid, watch: Pid) -> Result<End, Error> {
    loop {
        let status = match waitpid(None, Some(WaitPidFlag::__WALL)) {
            Ok(status) => status,
            Err(error) => return Err(Error::Process(error)),
        };
        match status {
            WaitStatus::Exited(pid, code) if pid == main => return Ok(End::Code(code)),
            WaitStatus::Signaled(pid, signal, _) if pid == main => return Ok(End::Signal(signal as i32)),
            WaitStatus::Exited(pid, _) if pid == watch => {
                kill_all()?;
                return Ok(End::Hung);
            }
            WaitStatus::PtraceEvent(pid, _, PTRACE_EVENT_SECCOMP) => {
                if !boot.clock.is_some_and(|clock| tracer.time.answer(pid, clock)) {
                    tracer.before(pid, disk, boot.strike)?;
                }
                if tracer.off {
                    kill_all()?;
                    tracer.forget(disk)?;
                    return Ok(End::Off);
                }
                resume(pid, None)?;
            }
            WaitStatus::PtraceEvent(pid, _, event) => {
                if event == PTRACE_EVENT_EXEC {
                    if boot.clock.is_some() {
                        clock::without_vdso(pid);
                    }
                    let program = fs::read_link(format!("/proc/{pid}/exe")).unwrap_or_default();
                    if let Ok(below) = program.strip_prefix(&disk.root) {
                        tracer.programs.insert(format!("/{}", below.display()));
                    }
                }
                resume(pid, None)?;
            }
            WaitStatus::Stopped(pid, signal) => resume(pid, Some(signal))?,
            _ => {}
        }
    }
}

/// A process may be gone by now.
fn resume(pid: Pid, signal: Option<Signal>) -> Result<(), Error> {
    gone_or(ptrace::cont(pid, signal))
}

fn gone_or(outcome: nix::Result<()>) -> Result<(), Error> {
    match outcome {
        Err(Errno::ESRCH) | Ok(()) => Ok(()),
        Err(error) => Err(Error::Process(error)),
    }
}

/// Ends every process of the machine but this one, which is its first.
pub fn kill_all() -> Result<(), Error> {
    match kill(Pid::from_raw(-1), Signal::SIGKILL) {
        Ok(()) | Err(Errno::ESRCH) => {}
        Err(error) => return Err(Error::Process(error)),
    }
    loop {
        match waitpid(None, Some(WaitPidFlag::__WALL)) {
            Err(Errno::ECHILD) => return Ok(()),
            Err(error) => return Err(Error::Process(error)),
            Ok(_) => {}
        }
    }
}

impl Tracer {
    /// Looks at a call before it is made, and strikes.
    fn before(&mut self, pid: Pid, disk: &Disk, strike: Strike) -> Result<(), Error> {
        let call = match calls::read(pid) {
            // Killed since it stopped.
            Err(Error::Process(Errno::ESRCH)) => return Ok(()),
            call => call?,
        };
        let Some(call) = call else { return Ok(()) };
        let Some(path) = call.path.as_deref().filter(|path| disk.holds(path)) else { return Ok(()) };
        let number = self.calls;
        let program = fs::read_link(format!("/proc/{pid}/exe")).unwrap_or_default();
        let told = || Struck {
            program: program.file_name().unwrap_or_default().to_string_lossy().into_owned(),
            call: call.number,
            path: format!("/{}", path.strip_prefix(&disk.root).unwrap_or(path).display()),
            line: call.line.clone(),
        };
        match strike {
            Strike::Cut(at) if at == number => {
                self.off = true;
                self.struck = Some(told());
                return Ok(());
            }
            Strike::Signal(at, signal) if at <= number && told().is_own() && self.struck.is_none() => {
                self.struck = Some(told());
                let signal = Signal::try_from(signal).map_err(Error::Process)?;
                gone_or(kill(pid, signal))?;
            }
            Strike::Once(at, error) if at == number => {
                self.struck = Some(told());
                refuse(pid, error)?;
            }
            Strike::From(at, error) if at <= number && disk.keeps(path) => {
                self.struck.get_or_insert_with(told);
                refuse(pid, error)?;
                self.calls += 1;
                return Ok(());
            }
            _ => {}
        }
        self.calls += 1;
        self.note(&call, path, disk);
        Ok(())
    }

    /// What the call does to what would be lost.
    fn note(&mut self, call: &Call, path: &Path, disk: &Disk) {
        match &call.effect {
            Effect::Content if disk.keeps(path) => {
                self.unsynced.insert(path.to_owned());
            }
            Effect::Moved(Some(from)) => {
                if self.unsynced.remove(from) {
                    self.unsynced.insert(path.to_owned());
                } else {
                    self.unsynced.remove(path);
                }
            }
            Effect::Synced => {
                self.unsynced.remove(path);
            }
            Effect::AllSynced => self.unsynced.clear(),
            _ => {}
        }
    }

    /// What a power cut takes: a file system with delayed allocation has the name of a file before its content.
    fn forget(&mut self, disk: &Disk) -> Result<(), Error> {
        for path in std::mem::take(&mut self.unsynced) {
            let found = fs::symlink_metadata(&path);
            if disk.keeps(&path) && found.is_ok_and(|found| found.is_file()) {
                let empty = fs::OpenOptions::new().write(true).truncate(true).open(&path);
                empty.map_err(file(path.display().to_string()))?;
            }
        }
        Ok(())
    }
}

/// Makes the call that a process is about to make fail.
fn refuse(pid: Pid, error: i32) -> Result<(), Error> {
    let mut registers = match ptrace::getregs(pid) {
        Err(Errno::ESRCH) => return Ok(()),
        registers => registers.map_err(Error::Process)?,
    };
    // No call has this number; the kernel then leaves the result as it is (ptrace(2), seccomp(2)).
    registers.orig_rax = u64::MAX;
    registers.rax = i64::from(-error).cast_unsigned();
    gone_or(ptrace::setregs(pid, registers))
}
