//! Time zones.

use std::path::{Path, PathBuf};

use model::distro::{Init, Time};
use model::effects::{Attributes, FileKind};
use model::{DistroError, System};

const ZONES: &str = "/usr/share/zoneinfo";
const LOCAL: &str = "/etc/localtime";

/// Where a system stores its time zone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ZoneStyle {
    /// /etc/timezone with the name, and /etc/localtime.
    Etc,
    /// /etc/localtime as a link with systemd, else `ZONE=` in /etc/sysconfig/clock and a copy.
    Sysconfig,
    /// The same with `TIMEZONE=` (SUSE).
    Suse,
    /// /etc/localtime as a link (AOSC).
    Link,
}

/// The time zone of a system.
pub struct Zone {
    /// Effects.
    pub system: System,
    /// Where it is stored.
    pub style: ZoneStyle,
    /// The init system.
    pub init: Init,
}

impl Zone {
    fn link(&self, zone: &Path) -> Result<(), DistroError> {
        Ok(self.system.files.symlink(zone, Path::new(LOCAL))?)
    }

    fn copy(&self, zone: &Path) -> Result<(), DistroError> {
        let content = self.system.files.read(zone)?;
        Ok(self.system.files.write(Path::new(LOCAL), &content, &Attributes::mode(0o644))?)
    }
}

impl Time for Zone {
    fn set_timezone(&self, name: &str) -> Result<(), DistroError> {
        let zone = PathBuf::from(ZONES).join(name.trim_start_matches('/'));
        if name.split('/').any(|part| part == "..") || !self.system.files.is_file(&zone) {
            return Err(DistroError::NoTimeZone { name: name.to_owned(), path: zone });
        }
        let text = format!("{name}\n");
        match self.style {
            ZoneStyle::Etc => {
                self.system.files.write(
                    Path::new("/etc/timezone"),
                    text.as_bytes(),
                    &Attributes::mode(0o644),
                )?;
                match self.system.files.lstat(Path::new(LOCAL))?.map(|found| found.kind) {
                    None | Some(FileKind::Link) => self.link(&zone),
                    Some(_) => self.copy(&zone),
                }
            }
            ZoneStyle::Link => self.link(&zone),
            ZoneStyle::Sysconfig | ZoneStyle::Suse if self.init == Init::Systemd => self.link(&zone),
            ZoneStyle::Sysconfig | ZoneStyle::Suse => {
                let variable = if self.style == ZoneStyle::Suse { "TIMEZONE" } else { "ZONE" };
                let path = Path::new("/etc/sysconfig/clock");
                let before = self.system.files.read_optional(path)?;
                let text =
                    super::locale::with_variable(&self.system, before.as_deref(), variable, name).map_err(
                        |error| DistroError::BadFile { path: path.to_owned(), reason: error.to_string() },
                    )?;
                self.system.files.write(path, &text, &Attributes::mode(0o644))?;
                self.copy(&zone)
            }
        }
    }
}
