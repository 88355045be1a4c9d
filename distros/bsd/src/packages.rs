//! pkg(8) of FreeBSD, and pkgin(1) or pkg_add(1) of NetBSD and OpenBSD.

use std::path::Path;

use capabilities::Manager;
use model::distro::PackageSpec;
use model::effects::{Class, Command};
use model::{DistroError, System};

use crate::facts::Packages;

/// The package manager of a BSD.
pub(crate) struct BsdPackages {
    pub(crate) manager: Packages,
    /// The system's name.
    pub(crate) system: &'static str,
}

const PKGIN: &str = "/usr/pkg/bin/pkgin";

impl BsdPackages {
    fn has_pkgin(&self, system: &System) -> bool {
        self.manager == Packages::Pkgin && system.files.exists(Path::new(PKGIN))
    }

    fn run(&self, system: &System, words: &[&str], packages: &[String]) -> Result<(), DistroError> {
        let mut command = Command::line(words.iter().copied()).args(packages.iter().cloned());
        if self.manager == Packages::Pkg {
            command = command.env("ASSUME_ALWAYS_YES", "YES");
        } else if self.system == "netbsd" {
            let uname = system.environment.uname();
            let repository = "http://cdn.netbsd.org/pub/pkgsrc/packages/NetBSD";
            command =
                command.env("PKG_PATH", format!("{repository}/{}/{}/All", uname.machine, uname.release));
        }
        system.commands.run(&command.of_class(Class::Package).inherit_output())?;
        Ok(())
    }
}

impl Manager for BsdPackages {
    fn name(&self) -> &'static str {
        if self.manager == Packages::Pkg { "pkg" } else { "pkgin" }
    }

    fn available(&self, _system: &System) -> bool {
        // /usr/sbin/pkg bootstraps itself; pkg_add is part of the system.
        true
    }

    fn refresh(&self, system: &System) -> Result<(), DistroError> {
        match self.manager {
            Packages::Pkg => self.run(system, &["pkg", "update"], &[]),
            // Installation and upgrade read the lists again.
            Packages::Pkgin => Ok(()),
        }
    }

    fn upgrade(&self, system: &System) -> Result<(), DistroError> {
        if self.manager == Packages::Pkg {
            return self.run(system, &["pkg", "upgrade"], &[]);
        }
        if self.has_pkgin(system) {
            return self.run(system, &["pkgin", "-y", "full-upgrade"], &[]);
        }
        tracing::warn!("package_upgrade: {} has no package manager that upgrades all packages", self.system);
        Ok(())
    }

    fn install(&self, system: &System, packages: &[PackageSpec]) -> Result<Vec<PackageSpec>, DistroError> {
        let named = |package: &PackageSpec| match &package.version {
            Some(version) => format!("{}-{version}", package.name),
            None => package.name.clone(),
        };
        let words: &[&str] = match self.manager {
            Packages::Pkg => &["pkg", "install"],
            Packages::Pkgin if self.has_pkgin(system) => &["pkgin", "-y", "install"],
            Packages::Pkgin => &["pkg_add", "-U"],
        };
        self.run(system, words, &packages.iter().map(named).collect::<Vec<_>>())?;
        Ok(Vec::new())
    }

    fn refresh_before_install(&self) -> bool {
        self.manager == Packages::Pkg
    }
}
