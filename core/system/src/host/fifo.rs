//! The FIFO through which the udev hook reports network devices.

use std::fs::{File, OpenOptions};
use std::io::{self, BufRead as _, BufReader, Read as _, Write as _};
use std::os::fd::{FromRawFd as _, OwnedFd};
use std::os::unix::fs::{FileTypeExt as _, OpenOptionsExt as _};
use std::path::Path;

use rustix::fs::{Mode, OFlags};

/// The first file descriptor passed by systemd (SD_LISTEN_FDS_START, sd_listen_fds(3)).
const FIRST_HANDED: i32 = 3;

/// Opens both ends: opening does not block, and a reader does not see EOF when a writer closes.
fn open(path: &Path, flags: OFlags) -> io::Result<File> {
    let flags = i32::try_from((flags | OFlags::CLOEXEC | OFlags::NOFOLLOW).bits()).unwrap_or_default();
    let file = OpenOptions::new().read(true).write(true).custom_flags(flags).open(path)?;
    if file.metadata()?.file_type().is_fifo() {
        return Ok(file);
    }
    Err(io::Error::new(io::ErrorKind::InvalidInput, format!("{} is not a FIFO", path.display())))
}

/// Whether a FIFO exists.
pub fn is_fifo(path: &Path) -> bool {
    std::fs::symlink_metadata(path).is_ok_and(|found| found.file_type().is_fifo())
}

/// Writes a line to a FIFO.
///
/// # Errors
///
/// If there is no FIFO, or if it is full because nobody reads.
pub fn tell(path: &Path, line: &str) -> io::Result<()> {
    open(path, OFlags::NONBLOCK)?.write_all(format!("{line}\n").as_bytes())
}

/// The queued lines in the FIFO of the socket unit that started this process; `None` if there is no such unit.
///
/// # Errors
///
/// If reading fails.
pub fn handed_over() -> io::Result<Option<Vec<String>>> {
    let number = |name: &str| std::env::var(name).ok()?.parse::<u32>().ok();
    if number("LISTEN_FDS") != Some(1) || number("LISTEN_PID") != Some(std::process::id()) {
        return Ok(None);
    }
    // SAFETY: sd_listen_fds(3): the descriptor is open and this process's own; nothing else here takes it.
    #[allow(unsafe_code, reason = "a descriptor that systemd hands over is a bare number")]
    let handed = unsafe { OwnedFd::from_raw_fd(FIRST_HANDED) };
    // It is handed over without.
    rustix::io::fcntl_setfd(&handed, rustix::io::FdFlags::CLOEXEC)?;
    rustix::fs::fcntl_setfl(&handed, rustix::fs::fcntl_getfl(&handed)? | OFlags::NONBLOCK)?;
    let mut text = Vec::new();
    match File::from(handed).read_to_end(&mut text) {
        // Empty for now: systemd's end keeps it open.
        Err(error) if error.kind() != io::ErrorKind::WouldBlock => return Err(error),
        _ => {}
    }
    Ok(Some(String::from_utf8_lossy(&text).lines().map(str::to_owned).collect()))
}

/// Creates a FIFO for its owner only, and passes on each line written to it, without end.
///
/// # Errors
///
/// If creating or reading it fails.
pub fn follow(path: &Path, mut each: impl FnMut(&str)) -> io::Result<()> {
    if !is_fifo(path) {
        if let Some(parent) = path.parent() {
            std::fs::create_dir_all(parent)?;
        }
        rustix::fs::mkfifoat(rustix::fs::CWD, path, Mode::RWXU)?;
    }
    for line in BufReader::new(open(path, OFlags::empty())?).lines() {
        each(&line?);
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_go_through_a_fifo_of_its_owner_only() {
        let directory = tempfile::tempdir().expect("a directory");
        let path = directory.path().join("share/hook-hotplug-cmd");
        assert!(tell(&path, "early").is_err());
        let (sender, receiver) = std::sync::mpsc::channel();
        let followed = path.clone();
        std::thread::spawn(move || {
            let _ = follow(&followed, |line| sender.send(line.to_owned()).expect("the test listens"));
        });
        let begun = std::time::Instant::now();
        while tell(&path, "--subsystem=net query").is_err() {
            assert!(begun.elapsed().as_secs() < 10, "the FIFO was never made");
            std::thread::yield_now();
        }
        let line = receiver.recv_timeout(std::time::Duration::from_secs(10)).expect("a line");
        assert_eq!(line, "--subsystem=net query");
        let mode =
            std::os::unix::fs::PermissionsExt::mode(&std::fs::metadata(&path).expect("there").permissions());
        assert_eq!(mode & 0o077, 0, "CVE-2024-11584: nobody else may write into it");
    }

    #[test]
    fn a_plain_file_is_not_written_to() {
        let file = tempfile::NamedTempFile::new().expect("a file");
        assert!(!is_fifo(file.path()));
        assert!(tell(file.path(), "text").is_err());
        assert_eq!(std::fs::read(file.path()).expect("readable"), b"");
    }

    #[test]
    fn a_fifo_that_exists_is_used_and_a_link_is_none() {
        let directory = tempfile::tempdir().expect("a directory");
        let (path, link) = (directory.path().join("fifo"), directory.path().join("link"));
        rustix::fs::mkfifoat(rustix::fs::CWD, &path, Mode::RWXU).expect("made");
        std::os::unix::fs::symlink(&path, &link).expect("made");
        assert!(is_fifo(&path) && !is_fifo(&link));
        assert!(tell(&link, "through a link").is_err());
        let (sender, receiver) = std::sync::mpsc::channel();
        // It holds what is written until somebody reads.
        let _held = open(&path, OFlags::NONBLOCK).expect("a FIFO");
        tell(&path, "queued").expect("written");
        std::thread::spawn(move || follow(&path, |line| sender.send(line.to_owned()).expect("heard")));
        assert_eq!(receiver.recv_timeout(std::time::Duration::from_secs(10)).as_deref(), Ok("queued"));
    }

    /// What this process should have been handed over: see the test below.
    #[test]
    fn this_process_is_handed_over_what_its_environment_says() {
        let found = handed_over().map(|lines| lines.map(|lines| lines.join("|")));
        match std::env::var("HANDED_OVER").as_deref() {
            Ok("error") => assert!(found.is_err(), "{found:?}"),
            Ok(lines) => assert_eq!(found.expect("no error").as_deref(), Some(lines)),
            Err(_) => assert_eq!(found.expect("no error"), None),
        }
    }

    /// sd_listen_fds(3): the variables are for the process that LISTEN_PID names; the descriptor is a FIFO that systemd keeps
    /// open, so that its end is never reached.
    #[test]
    fn the_queued_lines_are_those_of_the_socket_unit() {
        let directory = tempfile::tempdir().expect("a directory");
        let fifo = "mkfifo fifo 2>/dev/null; exec 3<>fifo; printf 'net add\\nnet remove\\n' >&3;";
        let own = "export LISTEN_PID=$$";
        for (before, expected) in [
            (format!("{fifo} export LISTEN_FDS=1; {own}"), Some("net add|net remove")),
            (format!("mkfifo empty; exec 3<>empty; export LISTEN_FDS=1; {own}"), Some("")),
            // A directory cannot be read.
            (format!("exec 3</; export LISTEN_FDS=1; {own}"), Some("error")),
            (format!("{fifo} export LISTEN_FDS=2; {own}"), None),
            (format!("{fifo} export LISTEN_FDS=1 LISTEN_PID=1"), None),
            (format!("{fifo} export LISTEN_FDS=1; unset LISTEN_PID"), None),
            (format!("{fifo} unset LISTEN_FDS; {own}"), None),
        ] {
            let expected = expected.map(|lines| format!("; export HANDED_OVER='{lines}'"));
            let before = format!("{before}{}", expected.unwrap_or_default());
            let test = "fifo::tests::this_process_is_handed_over_what_its_environment_says";
            crate::host::alone::passes(test, directory.path(), &before);
        }
    }
}
