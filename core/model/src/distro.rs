//! The contract of a distribution, made of small capabilities.
//!
//! The engine and the modules ask for a thing to be done ([`Hostname::apply`]); which file or command does it is
//! the distribution's. `distros/capabilities` has the shared implementations, a family composes them, and a derivative is
//! a table of differences.

mod facts;
mod init;
mod optional;

use std::path::PathBuf;

pub use facts::{CloudCfg, DefaultUser, Facts, Family, Make, Release, TimeClient};
pub use init::Init;
pub use optional::{Keyboard, KeyboardLayout, Repositories, Repository, TimeSync, TrustStore};

use crate::effects::{CommandError, FileError, LinkError, Owner};
use crate::network::{NetworkConfig, Rendered};
use crate::user::{Account, UserSpec};
use crate::{ConfigError, Origin, Secret};

/// Something a distribution could not do.
#[derive(Debug, thiserror::Error)]
pub enum DistroError {
    /// A file could not be read or written.
    #[error(transparent)]
    File(#[from] FileError),
    /// A command failed.
    #[error(transparent)]
    Command(#[from] CommandError),
    /// The network links could not be read.
    #[error(transparent)]
    Link(#[from] LinkError),
    /// The configuration makes no sense.
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// A value makes no sense.
    #[error("{origin}: {message}")]
    Invalid {
        /// Where it was written.
        origin: Origin,
        /// What is wrong and what to do.
        message: String,
    },
    /// This distribution has no such thing, or this program does not know it.
    #[error("{distro} has no {what}")]
    Unsupported {
        /// The distribution.
        distro: String,
        /// What was asked for.
        what: String,
    },
    /// A distribution that is not in this program.
    #[error(
        "{origin}: system_info.distro: this program has no distribution '{name}'; it was built with: {known}"
    )]
    Unknown {
        /// Where it was written.
        origin: Origin,
        /// As it was written.
        name: String,
        /// Those that are in this program.
        known: String,
    },
    /// An account or a group that is not there.
    #[error("Unknown {kind} '{name}' in owner '{owner}'")]
    NoOwner {
        /// `user or UID`, `group or GID`.
        kind: &'static str,
        /// What was not found.
        name: String,
        /// The owner as it was written.
        owner: String,
    },
    /// None of the programs that could do it is installed.
    #[error("Unable to {action}: no tool is installed. Tried: {tried}")]
    NoTool {
        /// What was to be done.
        action: String,
        /// Programs, by name.
        tried: String,
    },
    /// Packages that no package manager could install.
    #[error(
        "Failed to install the following packages: {packages}. See associated package manager logs for more details."
    )]
    NotInstalled {
        /// Names, joined by commas.
        packages: String,
    },
    /// A file of the system that cannot be understood or would become wrong.
    #[error("{}: {reason}", path.display())]
    BadFile {
        /// The file.
        path: PathBuf,
        /// Why.
        reason: String,
    },
    /// A time zone that the system does not have.
    #[error("Invalid timezone {name}, no file found at {}", path.display())]
    NoTimeZone {
        /// As it was asked for.
        name: String,
        /// Where it would be.
        path: PathBuf,
    },
    /// An account that is to get ssh keys is not there.
    #[error("there is no user {name} to give ssh keys to; describe it among 'users'")]
    NoUser {
        /// Its name.
        name: String,
    },
    /// The network could not be written or brought up, for a reason that its managers' crate has a type for.
    #[error(transparent)]
    Network(Box<dyn std::error::Error + Send + Sync>),
}

/// What is fixed about a distribution on this machine: its facts with what `system_info` overrides.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct DistroInfo {
    /// `centos`, `ubuntu`: the id in cloud.cfg's `system_info.distro`.
    pub name: String,
    /// The variant of the shipped hosts template (`hosts.debian` → `debian`).
    pub hosts_template: &'static str,
    /// Name of the ssh server's service (`ssh`, `sshd`).
    pub ssh_service: String,
    /// `system_info.default_user` of cloud.cfg: the account that `default` among `users` stands for, and that gets the
    /// source's keys. `None` where cloud.cfg names none: there is no other default.
    pub default_user: Option<UserSpec>,
}

/// A distribution.
pub trait Distro: Send + Sync {
    /// What is fixed about it.
    fn info(&self) -> &DistroInfo;
    /// Host name.
    fn hostname(&self) -> &dyn Hostname;
    /// Accounts and groups.
    fn users(&self) -> &dyn Users;
    /// Packages.
    fn packages(&self) -> &dyn Packages;
    /// Services.
    fn services(&self) -> &dyn Services;
    /// Network.
    fn network(&self) -> &dyn Network;
    /// Language.
    fn locale(&self) -> &dyn Locale;
    /// Time zone.
    fn time(&self) -> &dyn Time;
    /// The ssh server.
    fn ssh(&self) -> &dyn Ssh;
    /// What not every distribution has.
    fn optional(&self) -> Option<&Optional> {
        None
    }
}

/// Capabilities that not every distribution has. What a distribution does not set is refused by name, so that another field
/// here touches no family.
#[derive(Default)]
pub struct Optional {
    /// Where packages come from.
    pub repositories: Option<Box<dyn Repositories>>,
    /// Certificate authorities that programs trust.
    pub trust_store: Option<Box<dyn TrustStore>>,
    /// Keeping the clock.
    pub time_sync: Option<Box<dyn TimeSync>>,
    /// The keyboard of the console.
    pub keyboard: Option<Box<dyn Keyboard>>,
}

fn offered<'a, T: ?Sized>(
    distro: &dyn Distro,
    found: Option<&'a T>,
    what: &str,
) -> Result<&'a T, DistroError> {
    found
        .ok_or_else(|| DistroError::Unsupported { distro: distro.info().name.clone(), what: what.to_owned() })
}

impl dyn Distro + '_ {
    /// Where packages come from, or [`DistroError::Unsupported`].
    pub fn repositories(&self) -> Result<&dyn Repositories, DistroError> {
        let found = self.optional().and_then(|optional| optional.repositories.as_deref());
        offered(self, found, "configuration of package repositories")
    }

    /// Certificate authorities that programs trust, or [`DistroError::Unsupported`].
    pub fn trust_store(&self) -> Result<&dyn TrustStore, DistroError> {
        let found = self.optional().and_then(|optional| optional.trust_store.as_deref());
        offered(self, found, "configuration of trusted certificates")
    }

    /// Keeping the clock, or [`DistroError::Unsupported`].
    pub fn time_sync(&self) -> Result<&dyn TimeSync, DistroError> {
        let found = self.optional().and_then(|optional| optional.time_sync.as_deref());
        offered(self, found, "configuration of NTP clients")
    }

    /// The keyboard of the console, or [`DistroError::Unsupported`].
    pub fn keyboard(&self) -> Result<&dyn Keyboard, DistroError> {
        let found = self.optional().and_then(|optional| optional.keyboard.as_deref());
        offered(self, found, "configuration of the keyboard")
    }
}

/// Host name.
pub trait Hostname: Send + Sync {
    /// Which of the two is this system's host name, by its habit and `prefer_fqdn_over_hostname`.
    fn choose(&self, hostname: &str, fqdn: &str, prefer_fqdn: Option<bool>) -> String;

    /// What the system's file says now.
    fn persisted(&self) -> Result<Option<String>, DistroError>;

    /// The file that holds it.
    fn file(&self) -> PathBuf;

    /// Writes the file only.
    fn persist(&self, name: &str) -> Result<(), DistroError>;

    /// Writes the file and tells the kernel.
    fn apply(&self, name: &str) -> Result<(), DistroError>;

    /// Tells the kernel only, until the next boot.
    fn apply_transient(&self, name: &str) -> Result<(), DistroError>;
}

/// A password to be set.
#[derive(Clone, Debug)]
pub struct Password {
    /// Whose.
    pub user: String,
    /// In clear, or a hash for crypt(3).
    pub value: Secret<String>,
    /// Whether it is a hash.
    pub hashed: bool,
}

/// Accounts and groups.
pub trait Users: Send + Sync {
    /// An account, from passwd of the root and then by `getent`.
    fn find(&self, name: &str) -> Result<Option<Account>, DistroError>;

    /// A group's id.
    fn find_group(&self, name: &str) -> Result<Option<u32>, DistroError>;

    /// Makes a group and puts members into it. A group that is there gets the members.
    fn add_group(&self, name: &str, members: &[String]) -> Result<(), DistroError>;

    /// Makes an account, or sets what may be set on one that is there: groups of a new one, passwords, lock,
    /// sudo and doas rules. Keys are not its business. Gives true when the account is new.
    fn add_user(&self, spec: &UserSpec) -> Result<bool, DistroError>;

    /// No login by password.
    fn lock_password(&self, name: &str) -> Result<(), DistroError>;

    /// A password must be changed at the next login.
    fn expire_password(&self, name: &str) -> Result<(), DistroError>;

    /// Sets passwords, all at once.
    fn set_passwords(&self, passwords: &[Password]) -> Result<(), DistroError>;

    /// Numbers for `user:group`, `user` or `:group`; names that are digits are numbers.
    fn owner(&self, text: &str) -> Result<Owner, DistroError>;
}

/// A package, with the version that was asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PackageSpec {
    /// Name, or a path or URL that the package manager takes.
    pub name: String,
    /// Version.
    pub version: Option<String>,
    /// The manager that was named (`apt`, `snap`), or `None` for the distribution's own.
    pub manager: Option<String>,
}

/// Packages.
pub trait Packages: Send + Sync {
    /// Fetches the lists of packages. `force` also when it was done in this boot.
    fn refresh(&self, force: bool) -> Result<(), DistroError>;

    /// Upgrades everything.
    fn upgrade(&self) -> Result<(), DistroError>;

    /// Installs; an error names the packages that could not be.
    fn install(&self, packages: &[PackageSpec]) -> Result<(), DistroError>;

    /// Files whose presence says that a restart is wanted (`/var/run/reboot-required`).
    fn reboot_markers(&self) -> Vec<PathBuf>;
}

/// What is done with a service.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ServiceAction {
    /// Start it now
    Start,
    /// Stop it now
    Stop,
    /// Restart it, or start it
    Restart,
    /// Take the new configuration: systemd reloads a service that can, restarts another, and starts one that does not
    /// run; other init systems restart it
    Reload,
    /// The same, but systemd leaves alone what does not run
    TryReload,
    /// Ask whether it runs; an error where it does not
    Status,
    /// Start it at every boot
    Enable,
    /// Start it at no boot
    Disable,
}

/// What a machine goes into from running.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PowerState {
    /// The processors stop, the power stays
    Halt,
    /// The power goes
    Poweroff,
    /// It starts anew
    Reboot,
}

/// Services.
pub trait Services: Send + Sync {
    /// Does it, and waits until it is done. What the init system cannot do is its error.
    fn manage(&self, action: ServiceAction, service: &str) -> Result<(), DistroError>;

    /// The init system, decided once for a root.
    fn init(&self) -> Init;

    /// Whether systemd is the init of this system.
    fn uses_systemd(&self) -> bool {
        self.init() == Init::Systemd
    }

    /// Whether a service runs or is about to. Only systemd knows; elsewhere [`DistroError::Unsupported`].
    fn is_active(&self, service: &str) -> Result<bool, DistroError>;

    /// Restarts a service that is ordered after the caller's own, without waiting for that order: systemd would wait for the
    /// caller, and the caller for it.
    fn restart_unordered(&self, service: &str) -> Result<(), DistroError>;

    /// Has the init system read its own configuration and /etc/fstab again. Nothing to do but for systemd.
    fn reload_configuration(&self) -> Result<(), DistroError>;

    /// The command that powers off, restarts or halts, in so many minutes or at once.
    fn shutdown_command(&self, to: PowerState, minutes: Option<i64>, message: &str) -> Vec<String>;
}

/// How a system's network is described to its network manager.
pub trait Network: Send + Sync {
    /// Reads a description, once for all that is then done with it. One that makes no sense is an error with its place.
    fn read(&self, config: &NetworkConfig) -> Result<Box<dyn DescribedNetwork + '_>, DistroError>;

    /// Brings up one link that was rendered, by the first activator that is available; none is an error.
    fn bring_up_link(&self, name: &str) -> Result<(), DistroError>;

    /// Waits until the init system says that the network is up, where the activator can.
    fn wait_online(&self) -> Result<(), DistroError>;
}

/// A network description that was read.
pub trait DescribedNetwork {
    /// Waits, for a few seconds, until every link that it names by MAC is there; one that is not is an error.
    fn wait_for_links(&mut self) -> Result<(), DistroError>;

    /// Gives links the names that it wants (`set-name` with a MAC, v1's names by MAC).
    fn rename_links(&mut self) -> Result<(), DistroError>;

    /// Writes the files of the first renderer that is available; `system_info.network.renderers` is the order.
    fn render(&mut self) -> Result<Rendered, DistroError>;

    /// Brings up what it describes, by the first activator that is available.
    fn activate(&mut self) -> Result<(), DistroError>;
}

/// Language.
pub trait Locale: Send + Sync {
    /// Sets it, in `file` instead of the system's own where given.
    fn apply(&self, locale: &str, file: Option<&std::path::Path>) -> Result<(), DistroError>;

    /// What it is now, or the distribution's default.
    fn current(&self) -> Result<String, DistroError>;
}

/// Time zone.
pub trait Time: Send + Sync {
    /// Sets it.
    fn set_timezone(&self, name: &str) -> Result<(), DistroError>;
}

/// The ssh server.
pub trait Ssh: Send + Sync {
    /// Where the host keys and sshd_config are.
    fn directory(&self) -> PathBuf;

    /// Labels files for SELinux, where that is on.
    fn restore_context(&self, path: &std::path::Path) -> Result<(), DistroError>;

    /// Key types that are generated when nothing else is said, in order.
    fn key_types(&self) -> &'static [&'static str];

    /// Owner and mode of private host keys (RHEL 8 and older: root:ssh_keys, 0640).
    fn private_key_owner(&self) -> Result<(Owner, u32), DistroError>;
}
