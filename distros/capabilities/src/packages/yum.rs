//! dnf, and yum where there is no dnf.

use model::distro::PackageSpec;
use model::effects::Command;
use model::{DistroError, System};

use super::Manager;

/// dnf or yum.
#[derive(Clone, Copy, Debug)]
pub struct Yum {
    /// Lists of packages are fetched by the manager itself when it needs them (Amazon Linux).
    pub lists_on_demand: bool,
}

impl Yum {
    fn run(system: &System, words: &[String]) -> Result<(), DistroError> {
        // `-t`: yum takes a package that is there for no error.
        let program: &[&str] =
            if system.commands.which("dnf").is_some() { &["dnf", "-y"] } else { &["yum", "-t", "-y"] };
        let command = Command::line(program.iter().copied()).args(words.iter().cloned()).inherit_output();
        system.commands.run(&command)?;
        Ok(())
    }
}

impl Manager for Yum {
    fn name(&self) -> &'static str {
        "yum"
    }

    fn available(&self, system: &System) -> bool {
        ["dnf", "yum"].iter().any(|program| system.commands.which(program).is_some())
    }

    fn refresh(&self, system: &System) -> Result<(), DistroError> {
        if self.lists_on_demand { Ok(()) } else { Self::run(system, &["makecache".to_owned()]) }
    }

    fn upgrade(&self, system: &System) -> Result<(), DistroError> {
        Self::run(system, &["upgrade".to_owned()])
    }

    fn install(&self, system: &System, packages: &[PackageSpec]) -> Result<Vec<PackageSpec>, DistroError> {
        let mut words = vec!["install".to_owned()];
        words.extend(packages.iter().map(|package| match &package.version {
            Some(version) => format!("{}-{version}", package.name),
            None => package.name.clone(),
        }));
        Self::run(system, &words)?;
        Ok(Vec::new())
    }
}
