//! A distribution composed of capabilities.

use model::System;
use model::distro::{
    Distro, DistroInfo, Hostname, Init, Locale, Network, Optional, Packages, Services, Ssh, Time, Users,
};

use crate::InitSystem;
use crate::bare::Bare;

/// A distribution: its facts and capabilities. A family sets its own over [`Composed::bare`].
pub struct Composed {
    /// The facts.
    pub info: DistroInfo,
    /// Host name.
    pub hostname: Box<dyn Hostname>,
    /// Accounts and groups.
    pub users: Box<dyn Users>,
    /// Packages.
    pub packages: Box<dyn Packages>,
    /// Services.
    pub services: Box<dyn Services>,
    /// Network.
    pub network: Box<dyn Network>,
    /// Locale.
    pub locale: Box<dyn Locale>,
    /// Time zone.
    pub time: Box<dyn Time>,
    /// SSH server.
    pub ssh: Box<dyn Ssh>,
    /// Optional capabilities.
    pub optional: Optional,
}

impl Composed {
    /// A distribution with an init system only: all other operations return [`model::DistroError::Unsupported`], which
    /// names the distribution and the operation.
    pub fn bare(info: DistroInfo, system: &System, init: Init) -> Self {
        let bare = || Bare { distro: info.name.clone() };
        Self {
            hostname: Box::new(bare()),
            users: Box::new(bare()),
            packages: Box::new(bare()),
            services: Box::new(InitSystem { system: system.clone(), init }),
            network: Box::new(bare()),
            locale: Box::new(bare()),
            time: Box::new(bare()),
            ssh: Box::new(bare()),
            optional: Optional::default(),
            info,
        }
    }
}

impl Distro for Composed {
    fn info(&self) -> &DistroInfo {
        &self.info
    }

    fn hostname(&self) -> &dyn Hostname {
        self.hostname.as_ref()
    }

    fn users(&self) -> &dyn Users {
        self.users.as_ref()
    }

    fn packages(&self) -> &dyn Packages {
        self.packages.as_ref()
    }

    fn services(&self) -> &dyn Services {
        self.services.as_ref()
    }

    fn network(&self) -> &dyn Network {
        self.network.as_ref()
    }

    fn locale(&self) -> &dyn Locale {
        self.locale.as_ref()
    }

    fn time(&self) -> &dyn Time {
        self.time.as_ref()
    }

    fn ssh(&self) -> &dyn Ssh {
        self.ssh.as_ref()
    }

    fn optional(&self) -> Option<&Optional> {
        Some(&self.optional)
    }
}
