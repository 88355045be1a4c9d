//! The systemd generator: makes multi-user.target want cloud-init.target if a data source was found.

use std::ffi::OsString;
use std::path::{Path, PathBuf};

use model::System;
use model::effects::{Attributes, FileError};

use crate::output;

const TARGET: &str = "cloud-init.target";
/// Unit directories of the distributions; the link points into the first that exists.
const UNIT_DIRECTORIES: &[&str] = &["/usr/lib/systemd/system", "/lib/systemd/system"];

fn apply(system: &System, early: &Path, code: u8) -> Result<(), FileError> {
    let run = Path::new("/run/cloud-init");
    let (enabled, disabled) = (run.join("enabled"), run.join("disabled"));
    let link = early.join("multi-user.target.wants").join(TARGET);
    let plain = Attributes::mode(0o644);
    if code == 0 {
        let unit = UNIT_DIRECTORIES.iter().map(|directory| PathBuf::from(directory).join(TARGET));
        let unit = unit
            .clone()
            .find(|unit| system.files.exists(unit))
            .unwrap_or_else(|| PathBuf::from(UNIT_DIRECTORIES[0]).join(TARGET));
        system.files.symlink(&unit, &link)?;
        system.files.remove(&disabled)?;
        return system.files.write(&enabled, b"", &plain);
    }
    system.files.remove(&link)?;
    system.files.remove(&enabled)?;
    system.files.write(&disabled, b"", &plain)
}

/// Called as `cloud-init-generator NORMAL EARLY LATE`, see systemd.generator(7).
pub(crate) fn run(directories: &[OsString]) -> u8 {
    let [_, early, ..] = directories else {
        output::error("usage: cloud-init-generator NORMAL EARLY LATE");
        return 2;
    };
    let system = super::host();
    let code = super::ds_identify::verdict(&system, false);
    match apply(&system, Path::new(early), code) {
        Ok(()) => 0,
        Err(error) => {
            output::error(&format!("cloud-init-generator: {error}"));
            1
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_verdict_makes_or_removes_the_link() {
        let (system, _) =
            system::Scratch::new().file("/usr/lib/systemd/system/cloud-init.target", "").system();
        let early = Path::new("/run/systemd/generator.early");
        apply(&system, early, 0).expect("written");
        let link = early.join("multi-user.target.wants/cloud-init.target");
        let target = system.files.read_link(&link).expect("a link");
        assert_eq!(target, PathBuf::from("/usr/lib/systemd/system/cloud-init.target"));
        assert!(system.files.exists(Path::new("/run/cloud-init/enabled")));
        apply(&system, early, 1).expect("removed");
        assert!(!system.files.exists(&link) && !system.files.exists(Path::new("/run/cloud-init/enabled")));
        assert!(system.files.exists(Path::new("/run/cloud-init/disabled")));
    }
}
