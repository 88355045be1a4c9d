//! This process's own output: the `output:` of a stage, and the log file.

use std::fs::{File, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::{OpenOptionsExt, PermissionsExt};
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Command, Stdio};

/// Redirection of standard output and error as `output:` asks for it, and an open log.
pub struct StdioLog;

impl StdioLog {
    /// Sends standard output (1) or error (2) to a file, which is appended to or begun anew.
    pub fn to_file(stream: i32, path: &Path, append: bool) -> io::Result<()> {
        if let Some(parent) = path.parent() {
            std::fs::create_dir_all(parent)?;
        }
        let fresh = !path.exists();
        let file = OpenOptions::new()
            .write(true)
            .create(true)
            .append(append)
            .truncate(!append)
            .mode(0o640)
            .open(path)?;
        if fresh {
            file.set_permissions(std::fs::Permissions::from_mode(0o640))?;
        }
        Self::onto(&file, stream)
    }

    /// Sends standard output or error into a shell command, as `output: {all: '| tee -a FILE'}` asks.
    /// The command lives until this process's end closes its input.
    /// What it writes is for root and the group `adm` only, as the original sees to.
    pub fn to_command(stream: i32, command: &str) -> io::Result<()> {
        let group = administrators();
        let mut shell = Command::new("/bin/sh");
        shell.args(["-c", command]).stdin(Stdio::piped());
        // SAFETY: umask and setgid are async-signal-safe system calls and touch no memory of ours.
        #[allow(
            unsafe_code,
            reason = "the files that the command makes need another umask and group than ours"
        )]
        unsafe {
            shell.pre_exec(move || {
                rustix::process::umask(rustix::fs::Mode::from_raw_mode(0o037));
                if let Some(group) = group {
                    // An ordinary user who runs a stage by hand may not, and need not.
                    let _ = rustix::thread::set_thread_gid(rustix::process::Gid::from_raw(group));
                }
                Ok(())
            });
        }
        let child = shell.spawn()?;
        let pipe = child.stdin.ok_or_else(|| io::Error::other("no pipe to the command of output:"))?;
        Self::onto(&pipe, stream)
    }

    /// Sends standard error where standard output goes (`&1`).
    pub fn error_to_output() -> io::Result<()> {
        rustix::stdio::dup2_stderr(io::stdout())?;
        Ok(())
    }

    fn onto(file: &impl std::os::fd::AsFd, stream: i32) -> io::Result<()> {
        io::stdout().flush()?;
        match stream {
            1 => rustix::stdio::dup2_stdout(file)?,
            _ => rustix::stdio::dup2_stderr(file)?,
        }
        Ok(())
    }

    /// Opens a log file for appending, 0640 when it is new.
    pub fn open(path: &Path) -> io::Result<File> {
        if let Some(parent) = path.parent() {
            std::fs::create_dir_all(parent)?;
        }
        OpenOptions::new().create(true).append(true).mode(0o640).open(path)
    }
}

/// The number of the group `adm`, where there is one.
fn administrators() -> Option<u32> {
    let groups = std::fs::read("/etc/group").ok()?;
    etc_files::accounts::Table::<etc_files::accounts::Group>::parse(&groups).get("adm").map(|group| group.gid)
}
