//! Which system calls change what a machine keeps, and how to see what they change.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use nix::libc::{self, c_long};
use nix::sys::ptrace;
use nix::unistd::Pid;
use seccompiler::{
    BpfProgram, SeccompAction, SeccompCmpArgLen, SeccompCmpOp, SeccompCondition, SeccompFilter, SeccompRule,
};

use crate::{Error, clock};

/// What a system call changes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Shape {
    /// What the descriptor in its first argument is open on.
    Descriptor,
    /// The path in its first argument.
    Path,
    /// The path in its second argument, below the directory in its first.
    At,
    /// The path in its second argument; the first one's file goes there.
    Move,
    /// The same with a directory before each of the two.
    MoveAt,
    /// A new name in the second argument for what the first one says.
    Link,
    /// A new name in the fourth argument, below the directory in the third.
    LinkAt,
    /// A new name in the third argument, below the directory in the second.
    SymlinkAt,
    /// The content of the file that its first argument is open on reaches the disk.
    Sync,
    /// All of a file system reaches the disk.
    SyncAll,
    /// The destination's descriptor is the third argument.
    Third,
}

/// The calls of Linux on x86-64 that change files, and those that make changes last (syscalls(2)).
const CALLS: &[(c_long, Shape)] = &[
    (libc::SYS_write, Shape::Descriptor),
    (libc::SYS_writev, Shape::Descriptor),
    (libc::SYS_pwrite64, Shape::Descriptor),
    (libc::SYS_pwritev, Shape::Descriptor),
    (libc::SYS_pwritev2, Shape::Descriptor),
    (libc::SYS_sendfile, Shape::Descriptor),
    (libc::SYS_copy_file_range, Shape::Third),
    (libc::SYS_ftruncate, Shape::Descriptor),
    (libc::SYS_fallocate, Shape::Descriptor),
    (libc::SYS_fchmod, Shape::Descriptor),
    (libc::SYS_fchown, Shape::Descriptor),
    (libc::SYS_fsetxattr, Shape::Descriptor),
    (libc::SYS_truncate, Shape::Path),
    (libc::SYS_mkdir, Shape::Path),
    (libc::SYS_mknod, Shape::Path),
    (libc::SYS_rmdir, Shape::Path),
    (libc::SYS_unlink, Shape::Path),
    (libc::SYS_chmod, Shape::Path),
    (libc::SYS_chown, Shape::Path),
    (libc::SYS_lchown, Shape::Path),
    (libc::SYS_setxattr, Shape::Path),
    (libc::SYS_lsetxattr, Shape::Path),
    (libc::SYS_creat, Shape::Path),
    (libc::SYS_mkdirat, Shape::At),
    (libc::SYS_mknodat, Shape::At),
    (libc::SYS_unlinkat, Shape::At),
    (libc::SYS_fchmodat, Shape::At),
    (libc::SYS_fchownat, Shape::At),
    (libc::SYS_rename, Shape::Move),
    (libc::SYS_renameat, Shape::MoveAt),
    (libc::SYS_renameat2, Shape::MoveAt),
    (libc::SYS_link, Shape::Link),
    (libc::SYS_symlink, Shape::Link),
    (libc::SYS_linkat, Shape::LinkAt),
    (libc::SYS_symlinkat, Shape::SymlinkAt),
    (libc::SYS_fsync, Shape::Sync),
    (libc::SYS_fdatasync, Shape::Sync),
    (libc::SYS_syncfs, Shape::SyncAll),
    (libc::SYS_sync, Shape::SyncAll),
];

/// A filter that stops a traced process before each call that changes files, and, where wanted, before each that asks for
/// the time. Without a tracer these calls fail.
pub fn filter(clock: bool) -> Result<BpfProgram, Error> {
    let mut rules: BTreeMap<i64, Vec<SeccompRule>> =
        CALLS.iter().map(|(number, _)| (*number, Vec::new())).collect();
    // Opening changes files only where it makes one or empties one; openat2's flags are out of the filter's sight.
    let changing = |argument| -> Result<Vec<SeccompRule>, Error> {
        [libc::O_CREAT, libc::O_TRUNC]
            .into_iter()
            .map(|flag| {
                let flag = u64::from(flag.cast_unsigned());
                let condition = SeccompCondition::new(
                    argument,
                    SeccompCmpArgLen::Dword,
                    SeccompCmpOp::MaskedEq(flag),
                    flag,
                )?;
                Ok(SeccompRule::new(vec![condition])?)
            })
            .collect()
    };
    rules.insert(libc::SYS_open, changing(1)?);
    rules.insert(libc::SYS_openat, changing(2)?);
    rules.insert(libc::SYS_openat2, Vec::new());
    if clock {
        rules.extend(clock::CALLS.iter().map(|number| (*number, Vec::new())));
    }
    let architecture = std::env::consts::ARCH.try_into()?;
    let filter = SeccompFilter::new(rules, SeccompAction::Allow, SeccompAction::Trace(0), architecture)?;
    Ok(filter.try_into()?)
}

/// A call that is about to be made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Call {
    /// Its number.
    pub number: c_long,
    /// The path on this machine of what it changes; `None` for what is no file, such as a pipe.
    pub path: Option<PathBuf>,
    /// What it does to what has not reached the disk yet.
    pub effect: Effect,
    /// The first line of what it writes, where that is one buffer.
    pub line: Option<String>,
}

/// What a call does to the content that a power cut would take.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Effect {
    /// Nothing: names and modes.
    Names,
    /// The file's content is new and only in memory.
    Content,
    /// The file gets another name.
    Moved(Option<PathBuf>),
    /// The file's content reaches the disk.
    Synced,
    /// All content reaches the disk.
    AllSynced,
}

/// Reads the call before which a process was stopped; `None` where it changes nothing.
pub fn read(pid: Pid) -> Result<Option<Call>, Error> {
    let registers = ptrace::getregs(pid).map_err(Error::Process)?;
    let number = registers.orig_rax.cast_signed();
    let [first, second, third, fourth] = [registers.rdi, registers.rsi, registers.rdx, registers.r10];
    let line =
        [libc::SYS_write, libc::SYS_pwrite64].contains(&number).then(|| line(pid, second, third)).flatten();
    let call = move |path, effect| Ok(Some(Call { number, path, effect, line }));
    if number == libc::SYS_open {
        return call(at(pid, CURRENT, first), Effect::Content);
    }
    if number == libc::SYS_openat {
        return call(at(pid, first, second), Effect::Content);
    }
    if number == libc::SYS_openat2 {
        // The flags are the first field of struct open_how.
        let flags = word(pid, third).unwrap_or_default();
        let wanted = u64::from((libc::O_CREAT | libc::O_TRUNC).cast_unsigned());
        return if flags & wanted == 0 { Ok(None) } else { call(at(pid, first, second), Effect::Content) };
    }
    let Some((_, shape)) = CALLS.iter().find(|(known, _)| *known == number) else { return Ok(None) };
    let content = [
        libc::SYS_write,
        libc::SYS_writev,
        libc::SYS_pwrite64,
        libc::SYS_pwritev,
        libc::SYS_pwritev2,
        libc::SYS_sendfile,
        libc::SYS_ftruncate,
        libc::SYS_truncate,
        libc::SYS_creat,
    ];
    let effect = if content.contains(&number) { Effect::Content } else { Effect::Names };
    match shape {
        Shape::Descriptor => call(descriptor(pid, first), effect),
        Shape::Third => call(descriptor(pid, third), Effect::Content),
        Shape::Path => call(at(pid, CURRENT, first), effect),
        Shape::At => call(at(pid, first, second), effect),
        Shape::Move => call(at(pid, CURRENT, second), Effect::Moved(at(pid, CURRENT, first))),
        Shape::MoveAt => call(at(pid, third, fourth), Effect::Moved(at(pid, first, second))),
        Shape::Link => call(at(pid, CURRENT, second), Effect::Names),
        Shape::LinkAt => call(at(pid, third, fourth), Effect::Names),
        Shape::SymlinkAt => call(at(pid, second, third), Effect::Names),
        Shape::Sync => call(descriptor(pid, first), Effect::Synced),
        Shape::SyncAll => call(Some(PathBuf::from("/")), Effect::AllSynced),
    }
}

/// `AT_FDCWD` as a register holds it.
const CURRENT: u64 = libc::AT_FDCWD as u32 as u64;

/// The path of what a descriptor is open on; `None` for pipes, sockets and the like.
fn descriptor(pid: Pid, number: u64) -> Option<PathBuf> {
    let path = fs::read_link(format!("/proc/{pid}/fd/{}", number as u32)).ok()?;
    path.is_absolute().then_some(path)
}

/// A path in a process's memory, below a directory of its own, as this machine names it.
fn at(pid: Pid, directory: u64, address: u64) -> Option<PathBuf> {
    let path = text(pid, address)?;
    let base = if let Ok(below) = path.strip_prefix("/") {
        return Some(fs::read_link(format!("/proc/{pid}/root")).ok()?.join(below));
    } else if directory as u32 == CURRENT as u32 {
        fs::read_link(format!("/proc/{pid}/cwd")).ok()?
    } else {
        descriptor(pid, directory)?
    };
    Some(if path == Path::new("") { base } else { base.join(path) })
}

/// Eight bytes of a process's memory.
fn word(pid: Pid, address: u64) -> Option<u64> {
    ptrace::read(pid, address as ptrace::AddressType).ok().map(i64::cast_unsigned)
}

/// The first line of a buffer in a process's memory, if it is text.
fn line(pid: Pid, address: u64, length: u64) -> Option<String> {
    let mut bytes = Vec::new();
    for offset in (0..length.min(80)).step_by(8) {
        bytes.extend(word(pid, address + offset)?.to_ne_bytes());
    }
    bytes.truncate(usize::try_from(length).unwrap_or(usize::MAX));
    Some(String::from_utf8(bytes).ok()?.lines().next()?.trim_end().to_owned())
}

/// A path in a process's memory.
fn text(pid: Pid, address: u64) -> Option<PathBuf> {
    use std::os::unix::ffi::OsStringExt as _;
    let mut bytes = Vec::new();
    for offset in (0..4096).step_by(8) {
        let word = word(pid, address + offset)?.to_ne_bytes();
        if let Some(end) = word.iter().position(|byte| *byte == 0) {
            bytes.extend_from_slice(&word[..end]);
            return Some(std::ffi::OsString::from_vec(bytes).into());
        }
        bytes.extend_from_slice(&word);
    }
    None
}
