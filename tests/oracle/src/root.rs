//! The root with the packaged original in it.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use crate::{Error, file};

/// What the root holds, the original with it.
const PACKAGES: &str = "cloud-init,cloud-guest-utils,openssh-server,sudo,iproute2,netplan.io,procps,udev,systemd-sysv,\
    fdisk,gdisk,e2fsprogs,locales";

/// Builds the root with the original, once.
pub fn prepare(cache: &Path, suite: &str) -> Result<PathBuf, Error> {
    let root = cache.join(suite);
    if root.join("etc/os-release").exists() {
        return Ok(root);
    }
    if !Path::new("/usr/bin/mmdebstrap").exists() {
        run_command(Command::new("apt-get").args([
            "install",
            "-y",
            "--no-install-recommends",
            "mmdebstrap",
        ]))?;
    }
    println!("building the {suite} root");
    let (tar, part) = (cache.join("root.tar"), cache.join("unpacking"));
    let mut build = Command::new("mmdebstrap");
    build.args(["--mode=root", "--variant=minbase", "--aptopt=APT::Install-Recommends \"false\""]);
    if suite == "sid" {
        // Its Release file may have expired where a mirror is behind.
        build.arg("--aptopt=Acquire::Check-Valid-Until \"false\"");
    }
    build
        .arg(format!("--include={}", PACKAGES.replace(' ', "")))
        .args(["--components=main", suite])
        .arg(&tar);
    run_command(&mut build)?;
    remove(&part)?;
    fs::create_dir_all(&part).map_err(file("unpacking"))?;
    run_command(Command::new("tar").args(["--numeric-owner", "-xf"]).arg(&tar).arg("-C").arg(&part))?;
    fs::rename(&part, &root).map_err(file(root.display().to_string()))?;
    fs::remove_file(&tar).map_err(file("root.tar"))?;
    Ok(root)
}

/// Runs a command that has to succeed.
pub fn run_command(command: &mut Command) -> Result<(), Error> {
    let name = command.get_program().to_string_lossy().into_owned();
    let output = command
        .stdin(Stdio::null())
        .output()
        .map_err(|source| Error::Command { command: name.clone(), output: source.to_string() })?;
    if output.status.success() {
        return Ok(());
    }
    let text = String::from_utf8_lossy(&output.stderr).trim().to_owned();
    Err(Error::Command { command: name, output: text })
}

/// Removes a directory with all in it; nothing there is no error.
pub fn remove(path: &Path) -> Result<(), Error> {
    match fs::remove_dir_all(path) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
            Err(file(format!("remove {}", path.display()))(error))
        }
        _ => Ok(()),
    }
}
