//! Runs a test of this crate in a process of its own, for what belongs to a process as a whole.

use std::path::Path;
use std::process::Command;
use std::sync::{Mutex, MutexGuard, PoisonError};

/// Held by tests that change what this process has once, one after the other.
pub(super) fn process() -> MutexGuard<'static, ()> {
    static PROCESS: Mutex<()> = Mutex::new(());
    PROCESS.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Runs a test by its path below `host`, in a directory, by a shell that first runs `before`; it has to pass.
pub(super) fn passes(test: &str, directory: &Path, before: &str) {
    let program = std::env::current_exe().expect("this test program");
    let output = Command::new("sh")
        .args(["-c", &format!("{before}\nexec \"$0\" \"$@\"")])
        .arg(program)
        .args(["--exact", &format!("host::{test}"), "--include-ignored", "--nocapture"])
        .current_dir(directory)
        .output()
        .expect("a shell");
    let text = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{before}: {text}{}", String::from_utf8_lossy(&output.stderr));
    assert!(text.contains("1 passed"), "{before}: {text}");
}

/// The signals that this process ignores, by their bits (proc_pid_status(5)): also what its starter ignored.
pub(super) fn ignored() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").expect("/proc is there");
    let mask = status.lines().find_map(|line| line.strip_prefix("SigIgn:")).expect("a line of signals");
    u64::from_str_radix(mask.trim(), 16).expect("a mask")
}
