//! Semaphore files for steps that have run, named as upstream names them, so that an instance set up by upstream and
//! taken over by this program runs nothing twice.

use std::path::{Path, PathBuf};

use model::effects::{Attributes, FileError};
use model::module::Semaphores;
use model::{Frequency, Paths, System};

/// The semaphores of the current instance and of the image.
#[derive(Clone)]
pub struct FileSemaphores {
    system: System,
    instance: PathBuf,
    image: PathBuf,
}

impl FileSemaphores {
    /// The semaphores below these paths.
    pub fn new(system: &System, paths: &Paths) -> Self {
        Self { system: system.clone(), instance: paths.instance("sem"), image: paths.cloud_dir.join("sem") }
    }

    /// The semaphores in one directory, for steps that run once per boot (`/run/cloud-init/sem`).
    pub fn at(system: &System, directory: &Path) -> Self {
        Self { system: system.clone(), instance: directory.to_owned(), image: directory.to_owned() }
    }

    /// Records a step whose work is on the disk. The record itself gets there with the next group of files: losing it only
    /// means to run the step again.
    pub(crate) fn note(&self, name: &str, frequency: Frequency) -> Result<(), FileError> {
        let Some(file) = self.file(&canonical(name), frequency) else { return Ok(()) };
        let content = format!("{}: {}\n", self.system.environment.pid(), self.system.clock.now().seconds());
        self.system.files.write(&file, content.as_bytes(), &Attributes::mode(0o644))
    }

    fn file(&self, name: &str, frequency: Frequency) -> Option<PathBuf> {
        match frequency {
            Frequency::Always => None,
            Frequency::Instance => Some(self.instance.join(name)),
            Frequency::Once => Some(self.image.join(format!("{name}.once"))),
        }
    }
}

/// The file name: `-` becomes `_`.
fn canonical(name: &str) -> String {
    name.replace('-', "_")
}

impl Semaphores for FileSemaphores {
    fn has_run(&self, name: &str, frequency: Frequency) -> bool {
        // The original spelling counts too: releases before 0.7 did not replace `-`.
        [canonical(name), name.to_owned()]
            .iter()
            .filter_map(|name| self.file(name, frequency))
            .any(|file| self.system.files.exists(&file))
    }

    fn mark(&self, name: &str, frequency: Frequency) -> Result<(), FileError> {
        if self.file(name, frequency).is_none() {
            return Ok(());
        }
        self.system.files.settle()?;
        self.note(name, frequency)?;
        self.system.files.settle()
    }

    fn clear(&self, name: &str, frequency: Frequency) -> Result<(), FileError> {
        for name in [canonical(name), name.to_owned()] {
            if let Some(file) = self.file(&name, frequency) {
                self.system.files.remove(&file)?;
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_semaphore_of_the_python_program_counts() {
        let (machine, _) = system::Scratch::new()
            .file("/var/lib/cloud/instance/sem/config_scripts_user", "123: 1.5\n")
            .file("/var/lib/cloud/sem/config_scripts_per_once.once", "")
            .system();
        let semaphores = FileSemaphores::new(&machine, &Paths::default());
        assert!(semaphores.has_run("config-scripts-user", Frequency::Instance));
        assert!(semaphores.has_run("config-scripts_per_once", Frequency::Once));
        assert!(!semaphores.has_run("config-scripts-user", Frequency::Always));
        semaphores.mark("config-ssh", Frequency::Instance).expect("written");
        let text = machine.files.text(Path::new("/var/lib/cloud/instance/sem/config_ssh")).expect("there");
        assert_eq!(text, "1: 1700000000\n");
        semaphores.clear("config-ssh", Frequency::Instance).expect("removed");
        assert!(!semaphores.has_run("config-ssh", Frequency::Instance));
    }
}
