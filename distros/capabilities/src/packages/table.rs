//! Package managers that a table describes: the words for refresh, upgrade and install.

use model::distro::PackageSpec;
use model::effects::Command;
use model::{DistroError, System};

use super::Manager;

/// A program of a package manager, with the options that it always gets.
#[derive(Clone, Copy, Debug)]
pub struct Tool {
    /// The program.
    pub program: &'static str,
    /// Options before every verb.
    pub options: &'static [&'static str],
}

/// A package manager as a row.
#[derive(Clone, Copy, Debug)]
pub struct Listed {
    /// The name by which `packages:` may ask for it.
    pub name: &'static str,
    /// Its programs; the first that is installed is used.
    pub tools: &'static [Tool],
    /// Words that fetch the lists; none where the manager does so itself when it needs them.
    pub refresh: Option<&'static [&'static str]>,
    /// Words that upgrade everything.
    pub upgrade: &'static [&'static str],
    /// Words before the packages to be installed.
    pub install: &'static [&'static str],
    /// What stands between a package and its version.
    pub version_separator: &'static str,
}

/// dnf, and yum where there is no dnf.
pub const DNF_OR_YUM: Listed = Listed {
    name: "yum",
    tools: &[
        Tool { program: "dnf", options: &["-y"] },
        // `-t`: a package that is there is no error.
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
        // Where none is installed the last one's absence is the error.
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
