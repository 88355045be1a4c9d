//! Which functions of a program a command calls: each has a breakpoint, which its first call removes.

use std::collections::HashMap;
use std::fs::{self, File};
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};
use std::process::Command;

use nix::errno::Errno;
use nix::libc::PTRACE_EVENT_EXEC;
use nix::sys::ptrace::{self, Options};
use nix::sys::signal::{Signal, kill};
use nix::sys::wait::{WaitPidFlag, WaitStatus, waitpid};
use nix::unistd::Pid;
use serde::{Deserialize, Serialize};

use crate::measure::{Traced, launch};
use crate::{Error, file};

/// The instruction of a breakpoint, int3.
const BREAKPOINT: u8 = 0xCC;

/// The functions of a program, by the script that the linker's wrapper uses.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub struct Functions {
    /// Names by address, without the place at which the kernel loads the program.
    pub names: HashMap<u64, Vec<String>>,
    /// Its entry.
    entry: u64,
}

impl Functions {
    /// Reads a program with symbols.
    pub fn read(program: &Path) -> Result<Self, Error> {
        let script = PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../../packaging/order/symbols.sh"));
        let output =
            Command::new(&script).arg(program).output().map_err(file(script.display().to_string()))?;
        let mut names: HashMap<u64, Vec<String>> = HashMap::new();
        for line in String::from_utf8_lossy(&output.stdout).lines() {
            let mut fields = line.split('\t');
            if let (Some(address), Some(_), Some(name)) = (fields.next(), fields.next(), fields.next())
                && let Ok(address) = u64::from_str_radix(address, 16)
            {
                names.entry(address).or_default().push(name.to_owned());
            }
        }
        if names.is_empty() {
            return Err(Error::Usage(format!("{} has no symbols", program.display())));
        }
        let mut entry = [0; 8];
        // `e_entry` of the ELF header (elf(5)).
        let read = File::open(program).and_then(|program| program.read_exact_at(&mut entry, 24));
        read.map_err(file(program.display().to_string()))?;
        Ok(Self { names, entry: u64::from_le_bytes(entry) })
    }
}

impl Functions {
    /// Reads what [`Functions::keep`] wrote.
    pub fn load(table: &Path) -> Result<Self, Error> {
        let text = fs::read(table).map_err(file(table.display().to_string()))?;
        serde_json::from_slice(&text).map_err(Error::Told)
    }

    /// Writes them to a file for the part in the namespaces.
    pub fn keep(&self, table: &Path) -> Result<(), Error> {
        let text = serde_json::to_string(self).map_err(Error::Told)?;
        fs::write(table, text).map_err(file(table.display().to_string()))
    }
}

/// Runs a command of the program to its end, and returns the addresses of the functions that it called, in this order.
pub fn called(program: &str, arguments: &[&str], functions: &Functions) -> Result<Vec<u64>, Error> {
    let main = launch(
        program,
        arguments,
        Options::PTRACE_O_TRACEEXEC
            | Options::PTRACE_O_TRACEFORK
            | Options::PTRACE_O_TRACEVFORK
            | Options::PTRACE_O_TRACECLONE,
    )?;
    kill(main, Signal::SIGCONT).map_err(Error::Process)?;
    let mut trace = Trace { program, functions, bytes: HashMap::new(), called: Vec::new() };
    let mut traced = Traced::new(main);
    while traced.any() {
        let status = waitpid(None, Some(WaitPidFlag::__WALL)).map_err(Error::Process)?;
        traced.note(&status);
        let answered = match status {
            WaitStatus::PtraceEvent(pid, _, PTRACE_EVENT_EXEC) if pid == main => {
                trace.begin(pid)?;
                ptrace::cont(pid, None)
            }
            WaitStatus::PtraceEvent(pid, _, PTRACE_EVENT_EXEC) => {
                traced.end(pid);
                ptrace::detach(pid, None)
            }
            WaitStatus::PtraceEvent(pid, ..) => ptrace::cont(pid, None),
            WaitStatus::Stopped(pid, Signal::SIGTRAP) if trace.hit(pid)? => ptrace::cont(pid, None),
            WaitStatus::Stopped(pid, signal) => ptrace::cont(pid, Some(signal)),
            _ => continue,
        };
        // A process that was killed meanwhile needs no answer.
        match answered {
            Ok(()) | Err(Errno::ESRCH) => {}
            Err(error) => return Err(Error::Process(error)),
        }
    }
    Ok(trace.called)
}

struct Trace<'t> {
    program: &'t str,
    functions: &'t Functions,
    /// What the breakpoints replace.
    bytes: HashMap<u64, u8>,
    called: Vec<u64>,
}

impl Trace<'_> {
    /// Sets the breakpoints in a process that has just become the program; nothing in another one.
    fn begin(&mut self, pid: Pid) -> Result<(), Error> {
        let (Some(first), Some(last)) =
            (self.functions.names.keys().min(), self.functions.names.keys().max())
        else {
            return Ok(());
        };
        let Some(bias) = self.bias(pid) else { return Ok(()) };
        let memory = memory(pid)?;
        let span = usize::try_from(last - first + 1).unwrap_or_default();
        let mut text = vec![0; span];
        memory.read_exact_at(&mut text, first + bias).map_err(file("the program's memory"))?;
        for address in self.functions.names.keys() {
            let byte = &mut text[usize::try_from(address - first).unwrap_or_default()];
            self.bytes.insert(*address, *byte);
            *byte = BREAKPOINT;
        }
        memory.write_all_at(&text, first + bias).map_err(file("the program's memory"))
    }

    /// Whether a process stopped at a breakpoint; then it is removed, and the process goes on with the function.
    fn hit(&mut self, pid: Pid) -> Result<bool, Error> {
        let Some(bias) = self.bias(pid) else { return Ok(false) };
        let mut registers = ptrace::getregs(pid).map_err(Error::Process)?;
        let at = registers.rip - 1;
        let address = at.wrapping_sub(bias);
        let Some(byte) = self.bytes.get(&address) else { return Ok(false) };
        memory(pid)?.write_all_at(&[*byte], at).map_err(file("the program's memory"))?;
        registers.rip = at;
        ptrace::setregs(pid, registers).map_err(Error::Process)?;
        if !self.called.contains(&address) {
            self.called.push(address);
        }
        Ok(true)
    }

    /// Where the kernel loaded the program, if the process runs it: `AT_ENTRY` of getauxval(3) says it.
    fn bias(&self, pid: Pid) -> Option<u64> {
        let exe = fs::read_link(format!("/proc/{pid}/exe")).ok()?;
        if exe != Path::new(self.program) {
            return None;
        }
        let auxiliary = fs::read(format!("/proc/{pid}/auxv")).ok()?;
        let (words, _) = auxiliary.as_chunks::<8>();
        let words: Vec<u64> = words.iter().map(|word| u64::from_le_bytes(*word)).collect();
        let entry = words.chunks(2).find(|pair| pair[0] == nix::libc::AT_ENTRY)?.get(1)?;
        Some(entry - self.functions.entry)
    }
}

fn memory(pid: Pid) -> Result<File, Error> {
    let path = format!("/proc/{pid}/mem");
    File::options().read(true).write(true).open(&path).map_err(file(path))
}
