//! The process environment.

use std::io::Write as _;

use model::effects::{Environment, Http, HttpError, Request, Response, Uname};

/// The real process.
pub(crate) struct HostEnvironment;

impl Environment for HostEnvironment {
    fn var(&self, name: &str) -> Option<String> {
        std::env::var(name).ok()
    }

    fn pid(&self) -> u32 {
        std::process::id()
    }

    fn uid(&self) -> u32 {
        rustix::process::geteuid().as_raw()
    }

    fn uname(&self) -> Uname {
        let names = rustix::system::uname();
        let text = |name: &std::ffi::CStr| name.to_string_lossy().into_owned();
        Uname {
            system: text(names.sysname()),
            node: text(names.nodename()),
            release: text(names.release()),
            version: text(names.version()),
            machine: text(names.machine()),
        }
    }

    fn random(&self, buffer: &mut [u8]) {
        super::randomness::fill(buffer)
            .expect("a Linux kernel of 3.17 or newer, or one with /dev/urandom, gives randomness");
    }

    fn print(&self, text: &str) {
        let _ = std::io::stdout().write_all(text.as_bytes());
    }

    fn tell(&self, text: &str) {
        // Errors, such as a closed standard error, must not stop a boot.
        let _ = std::io::stderr().write_all(text.as_bytes());
    }
}

/// Gives this process the umask of a boot, 022: whoever starts a stage by hand may have another one.
pub fn reset_umask() {
    rustix::process::umask(rustix::fs::Mode::from_raw_mode(0o022));
}

/// Has the threads of this process share one heap: few run at the same time, and a heap for each takes memory and system calls.
pub fn share_heap() {
    // SAFETY: sets a parameter of malloc(3), before there are threads.
    #[cfg(target_env = "gnu")]
    #[allow(unsafe_code, reason = "only the C library knows how many heaps there are")]
    unsafe {
        libc::mallopt(libc::M_ARENA_MAX, 1);
    }
}

/// HTTP in a build without it.
pub struct NoHttp;

impl Http for NoHttp {
    fn send(&self, request: &Request) -> Result<Response, HttpError> {
        Err(HttpError::Refused {
            url: request.shown(),
            reason: "not supported, this program was built without HTTP (feature `http`)".into(),
        })
    }
}

/// The command line, starting with the program's name.
pub fn arguments() -> Vec<std::ffi::OsString> {
    std::env::args_os().collect()
}

/// The number of columns of a terminal; `None` if the stream is not a terminal, or the terminal does not know.
pub fn columns(stream: impl std::os::fd::AsFd) -> Option<usize> {
    let columns = rustix::termios::tcgetwinsize(stream).ok()?.ws_col;
    (columns > 0).then_some(usize::from(columns))
}

/// The working directory, for relative paths given by users.
pub fn current_directory() -> std::io::Result<std::path::PathBuf> {
    std::env::current_dir()
}

/// The absolute form of a path given by a user.
///
/// # Errors
///
/// As [`current_directory`], for a relative path.
pub fn absolute(path: &std::path::Path) -> std::io::Result<std::path::PathBuf> {
    if path.is_absolute() { Ok(path.to_owned()) } else { Ok(current_directory()?.join(path)) }
}

/// Reads standard input to its end.
///
/// # Errors
///
/// If reading fails.
pub fn standard_input() -> std::io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    std::io::Read::read_to_end(&mut std::io::stdin().lock(), &mut bytes)?;
    Ok(bytes)
}

/// The path of this program, with links resolved.
pub fn executable() -> Option<std::path::PathBuf> {
    std::env::current_exe().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Passwords and identifiers are drawn from it.
    #[test]
    fn random_bytes_are_others_each_time() {
        let draw = || {
            let mut bytes = [0; 32];
            HostEnvironment.random(&mut bytes);
            bytes
        };
        let draws: Vec<[u8; 32]> = (0..8).map(|_| draw()).collect();
        for (number, one) in draws.iter().enumerate() {
            assert!(one.iter().any(|byte| *byte != one[0]), "{one:?}");
            assert!(draws[number + 1..].iter().all(|other| other != one), "{one:?}");
        }
    }

    /// proc_sys_kernel(5), proc_pid_status(5) and uname(1).
    #[test]
    fn the_process_and_the_kernel_are_those_of_procfs() {
        let kernel = |name: &str| {
            let text = std::fs::read_to_string(format!("/proc/sys/kernel/{name}")).expect("readable");
            text.trim_end().to_owned()
        };
        let uname = HostEnvironment.uname();
        assert_eq!(uname.system, kernel("ostype"));
        assert_eq!(uname.node, kernel("hostname"));
        assert_eq!(uname.release, kernel("osrelease"));
        assert_eq!(uname.version, kernel("version"));
        let machine = std::process::Command::new("uname").arg("-m").output().expect("uname is there");
        assert_eq!(uname.machine.as_bytes(), machine.stdout.trim_ascii_end());
        assert_eq!(HostEnvironment.pid(), std::process::id());
        let status = std::fs::read_to_string("/proc/self/status").expect("readable");
        let ids = status.lines().find_map(|line| line.strip_prefix("Uid:")).expect("it has them");
        let effective = ids.split_whitespace().nth(1).expect("the second");
        assert_eq!(HostEnvironment.uid().to_string(), effective);
    }

    #[test]
    fn words_directories_and_variables_are_those_of_this_process() {
        assert_eq!(HostEnvironment.var("CARGO_PKG_NAME"), std::env::var("CARGO_PKG_NAME").ok());
        assert_eq!(HostEnvironment.var("NO_SUCH_VARIABLE_HERE"), None);
        // Tests run with the path of their program as the first word.
        let first = arguments().into_iter().next().expect("its name");
        let program = executable().expect("/proc/self/exe");
        assert_eq!(std::fs::canonicalize(first).expect("there"), program);
        let here = std::fs::read_link("/proc/self/cwd").expect("a directory");
        assert_eq!(current_directory().expect("a directory"), here);
        for (given, expected) in [("/etc/x", "/etc/x".into()), ("a/b", here.join("a/b"))] {
            assert_eq!(absolute(std::path::Path::new(given)).expect("a directory"), expected);
        }
    }

    /// winsize of TIOCGWINSZ(2const); a new pseudoterminal has zeros.
    #[test]
    fn a_terminal_may_know_its_columns() {
        let flags = rustix::pty::OpenptFlags::RDWR | rustix::pty::OpenptFlags::NOCTTY;
        let terminal = rustix::pty::openpt(flags).expect("a pty");
        assert_eq!(columns(&terminal), None);
        for wide in [1, 132] {
            let size = rustix::termios::Winsize { ws_row: 24, ws_col: wide, ws_xpixel: 0, ws_ypixel: 0 };
            rustix::termios::tcsetwinsize(&terminal, size).expect("set");
            assert_eq!(columns(&terminal), Some(usize::from(wide)));
        }
        assert_eq!(columns(std::fs::File::open("/dev/null").expect("there")), None);
    }

    #[test]
    fn the_umask_of_a_boot_is_022() {
        let directory = tempfile::tempdir().expect("a directory");
        let test = "environment::tests::after_a_reset_new_files_are_readable";
        crate::host::alone::passes(test, directory.path(), "umask 077");
        crate::host::alone::passes(test, directory.path(), "umask 0");
    }

    #[test]
    fn after_a_reset_new_files_are_readable() {
        use std::os::unix::fs::{DirBuilderExt as _, PermissionsExt as _};
        reset_umask();
        let directory = tempfile::tempdir().expect("a directory");
        let path = directory.path().join("new");
        std::fs::DirBuilder::new().mode(0o777).create(&path).expect("made");
        let mode = std::fs::metadata(&path).expect("there").permissions().mode();
        assert_eq!(mode & 0o777, 0o755);
    }

    #[test]
    fn a_build_without_http_says_so() {
        let error = NoHttp.send(&Request::get("http://example.com/")).expect_err("refused").to_string();
        assert!(error.contains("without HTTP"), "{error}");
    }
}
