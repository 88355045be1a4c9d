//! Scripts and user-data of the host's older interface, which are files in the instance.

use std::path::{Path, PathBuf};

use model::effects::Attributes;
use model::{InstanceId, Paths, System};

/// Where programs expect the files.
const LEGACY: &str = "/var/db";

/// The paths of the scripts of an instance.
pub(super) struct Scripts {
    user: PathBuf,
    operator: PathBuf,
}

impl Scripts {
    pub(super) fn of(paths: &Paths, id: &InstanceId) -> Self {
        let data = paths.instance_dir(id).join("data");
        Self { user: data.join("user-script"), operator: data.join("operator-script") }
    }

    /// Writes what the host has, and removes what it no longer has. An error does not affect the others.
    pub(super) fn write<'m>(&self, system: &System, get: impl Fn(&str) -> Option<&'m str>) {
        let link = Path::new(LEGACY).join("user-script");
        let user = get("user-script").map(with_interpreter);
        put(system, &self.user, user.as_deref(), 0o700);
        relink(system, &self.user, user.is_some(), &link);
        put(system, &self.operator, get("operator-script"), 0o700);
        put(system, &Path::new(LEGACY).join("mdata-user-data"), get("legacy-user-data"), 0o400);
    }

    /// Vendor-data if the host has none: a script for every boot that runs both scripts.
    pub(super) fn vendor_data(&self, paths: &Paths) -> String {
        let directory = paths.scripts("per-boot");
        let directory = directory.display();
        let (operator, user) = (self.operator.display(), self.user.display());
        format!(
            "#cloud-boothook\n\
             #!/bin/sh\n\
             # Installs a script that runs the scripts of SmartOS's metadata at every boot.\n\
             target=\"{directory}/01_smartos_vendor_data.sh\"\n\
             mkdir -p \"{directory}\"\n\
             cat >\"$target\" <<\"END\"\n\
             #!/bin/sh\n\
             # Written by cloud-init's data source for SmartOS. The scripts are the values of the metadata keys\n\
             # sdc:operator-script and user-script; \"mdata-get KEY\" prints them.\n\
             for script in \"{operator}\" \"{user}\"; do\n\
             \x20   if [ -x \"$script\" ]; then\n\
             \x20       echo \"executing '$script'\" 1>&2\n\
             \x20       \"$script\"\n\
             \x20   fi\n\
             done\n\
             END\n\
             chmod +x \"$target\"\n"
        )
    }
}

/// A script without an interpreter is one for bash; binary programs are left alone.
fn with_interpreter(script: &str) -> String {
    let is_text = !script.chars().any(|letter| letter.is_control() && !matches!(letter, '\t' | '\n' | '\r' | '\x1b'));
    if script.starts_with("#!") || !is_text { script.to_owned() } else { format!("#!/bin/bash\n{script}") }
}

fn put(system: &System, path: &Path, content: Option<&str>, mode: u32) {
    let outcome = match content {
        // They may contain passwords.
        Some(content) => {
            let attributes = Attributes { mode: Some(mode), ..Attributes::secret() };
            system.files.write(path, content.as_bytes(), &attributes)
        }
        None if system.files.exists(path) => system.files.remove(path),
        None => Ok(()),
    };
    if let Err(error) = outcome {
        tracing::warn!("{error}");
    }
}

fn relink(system: &System, target: &Path, exists: bool, link: &Path) {
    let files = &system.files;
    let outcome = if exists {
        let directory = link.parent().unwrap_or(Path::new("/"));
        files.create_dir(directory, None).and_then(|()| files.symlink(target, link))
    } else if files.read_link(link).is_ok() {
        files.remove(link)
    } else {
        Ok(())
    };
    if let Err(error) = outcome {
        tracing::warn!("failed establishing content link: {error}");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_without_an_interpreter_is_for_bash() {
        assert_eq!(with_interpreter("true\n"), "#!/bin/bash\ntrue\n");
        assert_eq!(with_interpreter("#!/bin/sh\ntrue\n"), "#!/bin/sh\ntrue\n");
        assert_eq!(with_interpreter("\x7fELF\x02\x01\x01\0"), "\x7fELF\x02\x01\x01\0");
    }
}
