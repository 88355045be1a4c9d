//! The init system of a root.

use std::path::Path;

use crate::effects::{FileKind, ReadFiles};

/// The program that manages services.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Init {
    /// systemd.
    Systemd,
    /// OpenRC (Alpine, Gentoo).
    OpenRc,
    /// Scripts in /etc/init.d behind `service`.
    SysV,
    /// rc.subr(8) of the BSDs.
    Bsd,
}

impl Init {
    /// The init system of a root.
    ///
    /// On a running system, systemd is the init system if sd_booted(3) says so: /run/systemd/system is a directory. In
    /// a root without a running kernel (no process 1 in /proc), the program that /sbin/init links to also counts.
    pub fn of(files: &dyn ReadFiles) -> Self {
        let directory = |path: &str| matches!(files.lstat(Path::new(path)), Ok(Some(found)) if found.kind == FileKind::Directory);
        let running = || files.exists(Path::new("/proc/1"));
        let named = || {
            let target = files.read_link(Path::new("/sbin/init")).ok();
            target.is_some_and(|target| target.file_name().is_some_and(|name| name == "systemd"))
        };
        if directory("/run/systemd/system") || (!running() && named()) {
            Self::Systemd
        } else if ["/run/openrc", "/sbin/openrc"].iter().any(|path| files.exists(Path::new(path))) {
            Self::OpenRc
        } else if files.exists(Path::new("/etc/rc.subr")) {
            Self::Bsd
        } else {
            Self::SysV
        }
    }
}
