//! Package managers described by a table: the arguments for update, upgrade and installation.

use model::distro::PackageSpec;
use model::effects::{Class, Command};
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
    /// A package with a version, in the manager's syntax.
    pub versioned: fn(&str, &str) -> String,
    /// Whether the lists must be updated before an instance's first installation.
    pub refresh_first: bool,
}

fn dashed(name: &str, version: &str) -> String {
    format!("{name}-{version}")
}

fn equated(name: &str, version: &str) -> String {
    format!("{name}={version}")
}

/// An ebuild's full name requires an operator in front (ebuild(5), «Atom Versions»).
fn atom(name: &str, version: &str) -> String {
    format!("={name}-{version}")
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
    versioned: dashed,
    refresh_first: false,
};

/// tdnf of Photon and Mariner.
pub const TDNF: Listed =
    Listed { name: "tdnf", tools: &[Tool { program: "tdnf", options: &["-y"] }], ..DNF_OR_YUM };

/// apk of Alpine.
pub const APK: Listed = Listed {
    name: "apk",
    tools: &[Tool { program: "apk", options: &["--quiet"] }],
    refresh: Some(&["update"]),
    upgrade: &["upgrade", "--update-cache", "--available"],
    install: &["add"],
    versioned: equated,
    refresh_first: true,
};

/// pacman of Arch.
pub const PACMAN: Listed = Listed {
    name: "pacman",
    tools: &[Tool { program: "pacman", options: &["-Sy", "--quiet", "--noconfirm"] }],
    refresh: Some(&["-y"]),
    upgrade: &["-u"],
    install: &[],
    versioned: equated,
    refresh_first: true,
};

/// emerge of Gentoo.
pub const EMERGE: Listed = Listed {
    name: "emerge",
    tools: &[Tool { program: "emerge", options: &["--quiet"] }],
    refresh: Some(&["--sync"]),
    upgrade: &["--update", "world"],
    install: &[],
    versioned: atom,
    refresh_first: true,
};

/// oma of AOSC.
pub const OMA: Listed = Listed {
    name: "oma",
    tools: &[Tool { program: "oma", options: &[] }],
    refresh: Some(&["refresh", "-y"]),
    upgrade: &["upgrade", "-y"],
    install: &["install", "-y"],
    versioned: equated,
    refresh_first: false,
};

impl Listed {
    fn run(&self, system: &System, words: &[&str], packages: &[String]) -> Result<(), DistroError> {
        let installed = self.tools.iter().find(|tool| system.commands.which(tool.program).is_some());
        // If none is installed, the last one is reported as missing.
        let Some(tool) = installed.or(self.tools.last()) else { return Ok(()) };
        let command = Command::new(tool.program)
            .args(tool.options.iter().chain(words).copied())
            .args(packages.iter().cloned())
            .of_class(Class::Package)
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

    fn refresh_before_install(&self) -> bool {
        self.refresh_first
    }

    fn install(&self, system: &System, packages: &[PackageSpec]) -> Result<Vec<PackageSpec>, DistroError> {
        let named = |package: &PackageSpec| match &package.version {
            Some(version) => (self.versioned)(&package.name, version),
            None => package.name.clone(),
        };
        self.run(system, self.install, &packages.iter().map(named).collect::<Vec<_>>())?;
        Ok(Vec::new())
    }
}
