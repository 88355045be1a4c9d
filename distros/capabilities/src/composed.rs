//! A distribution made of capabilities.

use model::distro::{Distro, DistroInfo, Hostname, Locale, Network, Packages, Services, Ssh, Time, Users};

/// A distribution: what is fixed about it, and who does what.
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
}
