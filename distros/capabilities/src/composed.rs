//! A distribution made of capabilities.

use model::System;
use model::distro::{
    Distro, DistroInfo, Hostname, Init, Locale, Network, Optional, Packages, Services, Ssh, Time, Users,
};

use crate::InitSystem;
use crate::bare::Bare;

/// A distribution: what is fixed about it, and who does what. A family sets what it has over [`Composed::bare`].
pub struct Composed {
    /// What is fixed.
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
    /// Language.
    pub locale: Box<dyn Locale>,
    /// Time zone.
    pub time: Box<dyn Time>,
    /// The ssh server.
    pub ssh: Box<dyn Ssh>,
    /// What not every distribution has.
    pub optional: Optional,
}

impl Composed {
    /// A distribution that only has an init system: everything else is refused with
    /// [`model::DistroError::Unsupported`], which names the distribution and what was asked for.
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
