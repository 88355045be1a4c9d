//! A Python program over many cases in one process inside the original's root: starting the original for each would
//! take an hour.

use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};

use crate::{Error, file, root};

/// The overlay over the root, in namespaces of its own: `$1` the root, `$2` the scratch directory.
pub const SETUP: &str = r#"
set -e
mount -t tmpfs tmpfs "$2/over"
mkdir "$2/over/upper" "$2/over/work"
mount -t overlay overlay -o "lowerdir=$1,upperdir=$2/over/upper,workdir=$2/over/work" "$2/root"
mkdir -p "$2/root/cases"
mount --bind "$2/cases" "$2/root/cases"
cd "$2/root"
mount -t proc proc proc
mount -t sysfs sysfs sys
mount -t tmpfs tmpfs tmp
ip link set lo up
"#;

/// The program in it, `$3`.
const RUN: &str = r#"exec chroot . env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin LC_ALL=C.UTF-8 PYTHONWARNINGS=ignore python3 -c "$3""#;

/// Gives the lines of `/cases/cases.jsonl` to a program, and its `/cases/answers.jsonl` back. Nothing that it does
/// stays in the root.
pub fn answers(at: &Path, scratch: &Path, program: &str, cases: &[String]) -> Result<String, Error> {
    root::remove(scratch)?;
    for name in ["cases", "over", "root"] {
        fs::create_dir_all(scratch.join(name)).map_err(file(scratch.display().to_string()))?;
    }
    let path = scratch.join("cases/cases.jsonl");
    fs::write(&path, cases.join("\n") + "\n").map_err(file(path.display().to_string()))?;
    let output = Command::new("unshare")
        .args(["--mount", "--net", "--propagation", "private", "--", "sh", "-c"])
        .arg(format!("{SETUP}{RUN}"))
        .arg("sh")
        .args([at, scratch])
        .arg(program)
        .stdin(Stdio::null())
        .output()
        .map_err(file("unshare"))?;
    if !output.status.success() {
        let output = String::from_utf8_lossy(&output.stderr).trim().to_owned();
        return Err(Error::Command { command: "the original (it needs root)".into(), output });
    }
    let path = scratch.join("cases/answers.jsonl");
    let text = fs::read_to_string(&path).map_err(file(path.display().to_string()))?;
    root::remove(scratch)?;
    Ok(text)
}
