//! Package managers described by a table: the arguments for update, upgrade and installation.

use model::distro::PackageSpec;
use model::effects::Command;
use model::{DistroError, System};

use super::Manager;

/// A program of a package manager, with its common options.
#[derive(Clone, Copy, Debug)]
pub struct Tool {
    /// The program.
    pub program: &'static str,
    /// Options before every command.
    pub options: &'static [&'static str],
}

/// A package manager's row.
#[derive(Clone, Copy, Debug)]
pub struct Listed {
    /// The name used in `packages:`.
    pub name: &'static str,
    /// Its programs; the first installed one is used.
    pub tools: &'static [Tool],
    /// Arguments to update the lists; empty if the manager does so itself.
    pub refresh: Option<&'static [&'static str]>,
    /// Arguments to upgrade all packages.
    pub upgrade: &'static [&'static str],
    /// Arguments before the packages to install.
    pub install: &'static [&'static str],
    /// The separator of a package and its version.
    pub version_separator: &'static str,
}

/// dnf, or yum without dnf.
pub const DNF_OR_YUM: Listed = Listed {
    name: "yum",
    tools: &[
        Tool { program: "dnf", options: &["-y"] },
        // `-t`: an installed package is not an error.
        Tool { program: "yum", options: &["-t", "-y"] },
    ],
    refresh: Some(&["makecache"]),
    upgrade: &["upgrade"],
    install: &["install"],
    version_separator: "-",
};

impl Listed {
    fn run(&self, system: &System, words: &[&str], packages: &[String]) -> Result<(), DistroError> {
        let installed = self.tools.iter().find(|tool| system.commands.which(tool.program).is_some());
        // If none is installed, the last one is reported as missing.
        let Some(tool) = installed.or(self.tools.last()) else { return Ok(()) };
        let command = Command::new(tool.program)
            .args(tool.options.iter().chain(words).copied())
            .args(packages.iter().cloned())
            .inherit_output();
        system.commands.run(&command)?;
        Ok(())
    }
}

impl Manager for Listed {
    fn name(&self) -> &'static str {
        self.name
    }

    fn available(&self, system: &System) -> bool {
        self.tools.iter().any(|tool| system.commands.which(tool.program).is_some())
    }

    fn refresh(&self, system: &System) -> Result<(), DistroError> {
        self.refresh.map_or(Ok(()), |words| self.run(system, words, &[]))
    }

    fn upgrade(&self, system: &System) -> Result<(), DistroError> {
        self.run(system, self.upgrade, &[])
    }

    fn install(&self, system: &System, packages: &[PackageSpec]) -> Result<Vec<PackageSpec>, DistroError> {
        let named = |package: &PackageSpec| match &package.version {
            Some(version) => format!("{}{}{version}", package.name, self.version_separator),
            None => package.name.clone(),
        };
        self.run(system, self.install, &packages.iter().map(named).collect::<Vec<_>>())?;
        Ok(Vec::new())
    }
}
