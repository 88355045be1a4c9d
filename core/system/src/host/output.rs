//! The output of this process: `output:` of a stage, and the log file.

use std::fs::File;
use std::io::{self, Write};
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Command, Stdio};

use model::effects::ReadFiles as _;

use super::{HostFiles, absolute};

/// Redirects standard output and error as configured in `output:`, and holds an open log.
pub struct StdioLog;

impl StdioLog {
    /// Redirects standard output (1) or error (2) to a file, which is appended to or emptied.
    pub fn to_file(stream: i32, path: &Path, append: bool) -> io::Result<()> {
        Self::onto(&opened(path, !append)?, stream)
    }

    /// Redirects standard output or error to a shell command, as in `output: {all: '| tee -a FILE'}`. The command runs
    /// until this process exits and closes its input. Its files are for root and the group `adm` only, as in upstream.
    pub fn to_command(stream: i32, command: &str) -> io::Result<()> {
        let group = administrators();
        // What a shell would only replace itself by needs none.
        let mut shell = match plain_tee(command) {
            Some(words) => {
                let mut tee = Command::new("tee");
                tee.args(words);
                tee
            }
            None => {
                let mut shell = Command::new("/bin/sh");
                shell.args(["-c", command]);
                shell
            }
        };
        shell.stdin(Stdio::piped());
        // SAFETY: umask and setgid are async-signal-safe system calls and touch no memory of ours.
        #[allow(unsafe_code, reason = "the command's files need a different umask and group")]
        unsafe {
            shell.pre_exec(move || {
                rustix::process::umask(rustix::fs::Mode::from_raw_mode(0o037));
                if let Some(group) = group {
                    // Ordinary users who run a stage manually may not, and need not, do so.
                    let _ = rustix::thread::set_thread_gid(rustix::process::Gid::from_raw(group));
                }
                Ok(())
            });
        }
        let child = shell.spawn()?;
        let pipe = child.stdin.ok_or_else(|| io::Error::other("no pipe to the command in output:"))?;
        Self::onto(&pipe, stream)
    }

    /// Redirects standard error to standard output (`&1`).
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

    /// Opens a log file for appending, 0640 if it is new.
    pub fn open(path: &Path) -> io::Result<File> {
        opened(path, false)
    }
}

fn opened(path: &Path, empty: bool) -> io::Result<File> {
    HostFiles::new(None).open_stream(&absolute(path)?, empty).map_err(io::Error::other)
}

/// The arguments of a `tee` that no shell has anything to do for: nothing is quoted, expanded or redirected.
fn plain_tee(command: &str) -> Option<Vec<&str>> {
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b"/._-+, ".contains(&byte);
    let mut words = command.split(' ').filter(|word| !word.is_empty());
    (command.bytes().all(is_plain) && words.next() == Some("tee")).then(|| words.collect())
}

/// The ID of the group `adm`, if it exists.
fn administrators() -> Option<u32> {
    let groups = HostFiles::new(None).read(Path::new("/etc/group")).ok()?;
    etc_files::accounts::Table::<etc_files::accounts::Group>::parse(&groups).get("adm").map(|group| group.gid)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_plain_tee_needs_no_shell() {
        let log = "/var/log/cloud-init-output.log";
        assert_eq!(plain_tee(&format!("tee -a {log}")), Some(vec!["-a", log]));
        assert_eq!(plain_tee(&format!("tee  {log}")), Some(vec![log]));
        for command in [
            "tee -a $LOG",
            "tee -a 'x y'",
            "tee ~/x",
            "tee x > y",
            "tee x; id",
            "cat",
            "teex y",
            "tee\tx",
            "",
        ] {
            assert_eq!(plain_tee(command), None, "{command}");
        }
    }
}
