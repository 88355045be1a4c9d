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
    /// The directory that `instance` leads to by a link, and where its targets are.
    link: Option<(PathBuf, PathBuf)>,
}

impl FileSemaphores {
    /// The semaphores below these paths.
    pub fn new(system: &System, paths: &Paths) -> Self {
        let link = Some((paths.instance_link(), paths.cloud_dir.join("instances")));
        Self {
            system: system.clone(),
            instance: paths.instance("sem"),
            image: paths.cloud_dir.join("sem"),
            link,
        }
    }

    /// The semaphores in one directory, for steps that run once per boot (`/run/cloud-init/sem`).
    pub fn at(system: &System, directory: &Path) -> Self {
        Self {
            system: system.clone(),
            instance: directory.to_owned(),
            image: directory.to_owned(),
            link: None,
        }
    }

    /// Records a step whose work is on the disk. The record itself gets there with the next group of files: losing it only
    /// means to run the step again.
    pub(crate) fn note(&self, name: &str, frequency: Frequency) -> Result<(), FileError> {
        let Some(file) = self.file(&canonical(name), frequency) else { return Ok(()) };
        let content = format!("{}: {}\n", self.system.environment.pid(), self.system.clock.now().seconds());
        self.system.files.write(&self.without_link(file), content.as_bytes(), &Attributes::mode(0o644))
    }

    /// The path in the instance's own directory: a path without links is walked in one step.
    fn without_link(&self, file: PathBuf) -> PathBuf {
        let direct = || {
            let (link, targets) = self.link.as_ref()?;
            let rest = file.strip_prefix(link).ok()?;
            let target = self.system.files.read_link(link).ok()?;
            (target.parent() == Some(targets)).then(|| target.join(rest))
        };
        direct().unwrap_or(file)
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
    fn a_semaphore_is_the_instances_own() {
        let (machine, _) = system::Scratch::new()
            .file("/var/lib/cloud/instances/i-1/x", "")
            .link("/var/lib/cloud/instance", "/var/lib/cloud/instances/i-1")
            .system();
        let semaphores = FileSemaphores::new(&machine, &Paths::default());
        semaphores.mark("config-ssh", Frequency::Instance).expect("written");
        assert!(semaphores.has_run("config-ssh", Frequency::Instance));
        let direct = "/var/lib/cloud/instances/i-1/sem/config_ssh";
        assert_eq!(
            semaphores.without_link("/var/lib/cloud/instance/sem/config_ssh".into()),
            Path::new(direct)
        );
        assert!(machine.files.exists(Path::new(direct)));
        // A link to elsewhere is left to the walk that checks it.
        machine.files.symlink(Path::new("/tmp/x"), Path::new("/var/lib/cloud/instance")).expect("written");
        let by_link = PathBuf::from("/var/lib/cloud/instance/sem/x");
        assert_eq!(semaphores.without_link(by_link.clone()), by_link);
    }

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
