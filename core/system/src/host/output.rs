//! The output of this process: `output:` of a stage, and the log file.

use std::fs::File;
use std::io::{self, Write};
use std::path::Path;

use model::effects::ReadFiles as _;

use super::spawn::{Start, Stream};
use super::{HostFiles, absolute};
use crate::programs;

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
        // What a shell would only replace itself by needs none.
        let mut start = match plain_tee(command).zip(programs::find(None, "tee")) {
            Some((words, tee)) => Start::new(&tee, words, None)?,
            None => Start::new(Path::new("/bin/sh"), ["-c", command], None)?,
        };
        start.setup.streams[0] = Stream::Pipe;
        start.setup.umask = Some(0o037);
        // Ordinary users who run a stage manually may not, and need not, change it.
        start.setup.gid = administrators();
        let [pipe, ..] = start.spawn(None)?.streams;
        let pipe = pipe.ok_or_else(|| io::Error::other("no pipe to the command in output:"))?;
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

    /// getent(1): the third field of a group.
    #[test]
    fn the_group_of_logs_is_adm() {
        let output = std::process::Command::new("getent").args(["group", "adm"]).output();
        let text = String::from_utf8(output.expect("getent is there").stdout).expect("text");
        assert_eq!(administrators(), text.split(':').nth(2).and_then(|gid| gid.parse().ok()));
    }

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
