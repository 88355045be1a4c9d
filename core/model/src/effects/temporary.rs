//! The names of the temporary files that replacements are written to: `.NAME.cloud-init.PID.tmp`.

use std::ffi::{OsStr, OsString};
use std::os::unix::ffi::OsStrExt as _;

/// The maximum length of a name is 255; this leaves room for the mark and a process ID.
const LONGEST: usize = 220;

/// What no file of a user's own has in its name.
const MARK: &str = ".cloud-init.";

/// The name that a process writes to, before it renames the file to `name`.
pub fn name(name: &OsStr, pid: u32) -> OsString {
    let kept = &name.as_bytes()[..name.len().min(LONGEST)];
    let mut fresh = OsString::from(".");
    fresh.push(OsStr::from_bytes(kept));
    fresh.push(format!("{MARK}{pid}.tmp"));
    fresh
}

/// The process that wrote a temporary file with this name; `None` if it is the name of none.
pub fn writer(name: &OsStr) -> Option<u32> {
    let name = name.to_str()?.strip_prefix('.')?.strip_suffix(".tmp")?;
    let (_, pid) = name.rsplit_once(MARK)?;
    pid.bytes().all(|byte| byte.is_ascii_digit()).then(|| pid.parse().ok())?
}
