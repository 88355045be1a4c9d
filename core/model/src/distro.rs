//! The contract of a distribution, composed of small capabilities.
//!
//! The engine and the modules request an operation ([`Hostname::apply`]); the distribution decides which file or
//! command performs it. `distros/capabilities` has the shared implementations, a family composes them, and a derivative
//! is a table of differences.

mod facts;
mod init;
mod optional;

use std::path::PathBuf;

pub use facts::{CloudCfg, DefaultUser, Facts, Family, Make, PackageMirrors, Release, TimeClient};
pub use init::Init;
pub use optional::{Keyboard, KeyboardLayout, Repositories, Repository, TimeSync, TrustStore};

use crate::effects::{CommandError, FileError, LinkError, Owner};
use crate::network::{NetworkConfig, Rendered};
use crate::user::{Account, UserSpec};
use crate::{ConfigError, Origin, Secret};

/// An error of a distribution.
#[derive(Debug, thiserror::Error)]
pub enum DistroError {
    /// A file could not be read or written.
    #[error(transparent)]
    File(#[from] FileError),
    /// A command failed.
    #[error(transparent)]
    Command(#[from] CommandError),
    /// The network devices could not be read.
    #[error(transparent)]
    Link(#[from] LinkError),
    /// The configuration is invalid.
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// A value is invalid.
    #[error("{origin}: {message}")]
    Invalid {
        /// Where it was written.
        origin: Origin,
        /// The reason, and how to fix it.
        message: String,
    },
    /// This distribution, or this program, does not support it.
    #[error("{what} is not supported on {distro}")]
    Unsupported {
        /// The distribution.
        distro: String,
        /// The requested operation.
        what: String,
    },
    /// A distribution that is not built in.
    #[error("{origin}: system_info.distro: unknown distribution '{name}'; this build includes {known}")]
    Unknown {
        /// Where it was written.
        origin: Origin,
        /// The name as written.
        name: String,
        /// The names of the built-in ones.
        known: String,
    },
    /// An unknown account or group.
    #[error("Unknown {kind} '{name}' in owner '{owner}'")]
    NoOwner {
        /// `user or UID`, `group or GID`.
        kind: &'static str,
        /// The missing name.
        name: String,
        /// The owner as written.
        owner: String,
    },
    /// None of the programs for it is installed.
    #[error("Unable to {action}: no tool is installed. Tried: {tried}")]
    NoTool {
        /// The requested action.
        action: String,
        /// The names of the programs.
        tried: String,
    },
    /// Packages that no package manager could install.
    #[error(
        "Failed to install the following packages: {packages}. See associated package manager logs for more details."
    )]
    NotInstalled {
        /// Names, separated by commas.
        packages: String,
    },
    /// A system file that cannot be parsed, or that a change would make invalid.
    #[error("{}: {reason}", path.display())]
    BadFile {
        /// The file.
        path: PathBuf,
        /// The reason.
        reason: String,
    },
    /// An unknown time zone.
    #[error("Invalid timezone {name}, no file found at {}", path.display())]
    NoTimeZone {
        /// The name as requested.
        name: String,
        /// Where its file would be.
        path: PathBuf,
    },
    /// The account for SSH keys does not exist.
    #[error("user {name} does not exist; add it to 'users' to set its SSH keys")]
    NoUser {
        /// Its name.
        name: String,
    },
    /// The network could not be configured; the reason is an error type of the network managers' crate.
    #[error(transparent)]
    Network(Box<dyn std::error::Error + Send + Sync>),
}

/// The facts of a distribution on this machine: its table row with the overrides of `system_info`.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct DistroInfo {
    /// The ID in cloud.cfg's `system_info.distro`: `centos`, `ubuntu`.
    pub name: String,
    /// The variant of the shipped hosts template (`hosts.debian` → `debian`).
    pub hosts_template: &'static str,
    /// The name of the SSH server's service (`ssh`, `sshd`).
    pub ssh_service: String,
    /// Whether the image configures its network itself if nothing else does.
    pub own_network: bool,
    /// `system_info.default_user` of cloud.cfg: the account that `default` in `users` refers to, and that gets the
    /// source's keys. `None` if cloud.cfg has none: there is no other default.
    pub default_user: Option<UserSpec>,
}

/// A distribution.
pub trait Distro: Send + Sync {
    /// Its facts.
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
    /// Locale.
    fn locale(&self) -> &dyn Locale;
    /// Time zone.
    fn time(&self) -> &dyn Time;
    /// SSH server.
    fn ssh(&self) -> &dyn Ssh;
    /// Optional capabilities.
    fn optional(&self) -> Option<&Optional> {
        None
    }
}

/// Optional capabilities. Those that a distribution does not set return an error, so that a new field requires no
/// change in the families.
/// here touches no family.
#[derive(Default)]
pub struct Optional {
    /// Package repositories.
    pub repositories: Option<Box<dyn Repositories>>,
    /// Trusted CA certificates.
    pub trust_store: Option<Box<dyn TrustStore>>,
    /// Time synchronization.
    pub time_sync: Option<Box<dyn TimeSync>>,
    /// Keyboard.
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
    /// Package repositories, or [`DistroError::Unsupported`].
    pub fn repositories(&self) -> Result<&dyn Repositories, DistroError> {
        let found = self.optional().and_then(|optional| optional.repositories.as_deref());
        offered(self, found, "configuration of package repositories")
    }

    /// Trusted CA certificates, or [`DistroError::Unsupported`].
    pub fn trust_store(&self) -> Result<&dyn TrustStore, DistroError> {
        let found = self.optional().and_then(|optional| optional.trust_store.as_deref());
        offered(self, found, "configuration of trusted certificates")
    }

    /// Time synchronization, or [`DistroError::Unsupported`].
    pub fn time_sync(&self) -> Result<&dyn TimeSync, DistroError> {
        let found = self.optional().and_then(|optional| optional.time_sync.as_deref());
        offered(self, found, "configuration of NTP clients")
    }

    /// Keyboard, or [`DistroError::Unsupported`].
    pub fn keyboard(&self) -> Result<&dyn Keyboard, DistroError> {
        let found = self.optional().and_then(|optional| optional.keyboard.as_deref());
        offered(self, found, "configuration of the keyboard")
    }
}

/// Host name.
pub trait Hostname: Send + Sync {
    /// Selects the short or the full name as host name, by the distribution's default and `prefer_fqdn_over_hostname`.
    fn choose(&self, hostname: &str, fqdn: &str, prefer_fqdn: Option<bool>) -> String;

    /// The host name in the system's file.
    fn persisted(&self) -> Result<Option<String>, DistroError>;

    /// The path of that file.
    fn file(&self) -> PathBuf;

    /// Writes the file only.
    fn persist(&self, name: &str) -> Result<(), DistroError>;

    /// Writes the file and tells the kernel.
    fn apply(&self, name: &str) -> Result<(), DistroError>;

    /// Sets it in the kernel only, until the next boot.
    fn apply_transient(&self, name: &str) -> Result<(), DistroError>;
}

/// A password to set.
#[derive(Clone, Debug)]
pub struct Password {
    /// The user.
    pub user: String,
    /// The password, plain or a crypt(3) hash.
    pub value: Secret<String>,
    /// Whether it is hashed.
    pub hashed: bool,
}

/// Accounts and groups.
pub trait Users: Send + Sync {
    /// Looks up an account, in the root's passwd and then with `getent`.
    fn find(&self, name: &str) -> Result<Option<Account>, DistroError>;

    /// Looks up a group ID.
    fn find_group(&self, name: &str) -> Result<Option<u32>, DistroError>;

    /// Creates a group with members. An existing group gets the members added.
    fn add_group(&self, name: &str, members: &[String]) -> Result<(), DistroError>;

    /// Creates an account, or changes an existing one: groups of a new account, passwords, lock, sudo and doas rules.
    /// SSH keys are set elsewhere. Returns true if the account is new.
    fn add_user(&self, spec: &UserSpec) -> Result<bool, DistroError>;

    /// Removes accounts and groups that an interrupted run may have left half made, with what it locked; those that do
    /// not exist are no error, and home directories with content stay.
    fn discard(&self, users: &[String], groups: &[String]) -> Result<(), DistroError>;

    /// Disables password login.
    fn lock_password(&self, name: &str) -> Result<(), DistroError>;

    /// Requires a password change at the next login.
    fn expire_password(&self, name: &str) -> Result<(), DistroError>;

    /// Sets passwords, all at once.
    fn set_passwords(&self, passwords: &[Password]) -> Result<(), DistroError>;

    /// The IDs for `user:group`, `user` or `:group`; numeric names are IDs.
    fn owner(&self, text: &str) -> Result<Owner, DistroError>;
}

/// A package with an optional version.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PackageSpec {
    /// The name, or a path or URL that the package manager accepts.
    pub name: String,
    /// Version.
    pub version: Option<String>,
    /// The requested manager (`apt`, `snap`), or `None` for the distribution's.
    pub manager: Option<String>,
}

impl PackageSpec {
    /// The distribution's package of this name, in any version.
    pub fn named(name: impl Into<String>) -> Self {
        Self { name: name.into(), version: None, manager: None }
    }
}

/// Packages.
pub trait Packages: Send + Sync {
    /// Updates the package lists; `force` even if already done in this boot.
    fn refresh(&self, force: bool) -> Result<(), DistroError>;

    /// Upgrades all packages.
    fn upgrade(&self) -> Result<(), DistroError>;

    /// Installs packages; the error names those that failed.
    fn install(&self, packages: &[PackageSpec]) -> Result<(), DistroError>;

    /// Files whose existence indicates a required reboot (`/var/run/reboot-required`).
    fn reboot_markers(&self) -> Vec<PathBuf>;
}

/// An operation on a service.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ServiceAction {
    /// Start it.
    Start,
    /// Stop it.
    Stop,
    /// Restart it, or start it.
    Restart,
    /// Reload its configuration: systemd reloads a service that supports it, restarts others, and starts stopped ones;
    /// other init systems restart it.
    Reload,
    /// The same, but systemd does not start a stopped service.
    TryReload,
    /// Check that it is running; an error if not.
    Status,
    /// Enable it at boot.
    Enable,
    /// Disable it at boot.
    Disable,
}

/// A transition from the running state.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PowerState {
    /// Halt the processors.
    Halt,
    /// Power off.
    Poweroff,
    /// Reboot.
    Reboot,
}

/// Services.
pub trait Services: Send + Sync {
    /// Performs the operation and waits for it. Operations that the init system does not support are errors.
    fn manage(&self, action: ServiceAction, service: &str) -> Result<(), DistroError>;

    /// The init system of the root, determined once.
    fn init(&self) -> Init;

    /// Whether systemd is the init system.
    fn uses_systemd(&self) -> bool {
        self.init() == Init::Systemd
    }

    /// Whether a service is running or starting. [`DistroError::Unsupported`] without systemd.
    fn is_active(&self, service: &str) -> Result<bool, DistroError>;

    /// Restarts a service that is ordered after the caller's unit, without waiting for that order: systemd would wait
    /// for the caller, and the caller for it.
    fn restart_unordered(&self, service: &str) -> Result<(), DistroError>;

    /// Reloads the init system's configuration and /etc/fstab. A no-op except for systemd.
    fn reload_configuration(&self) -> Result<(), DistroError>;

    /// The command that powers off, reboots or halts after a number of minutes.
    fn shutdown_command(&self, to: PowerState, minutes: Option<i64>, message: &str) -> Vec<String>;
}

/// Network configuration through the system's network manager.
pub trait Network: Send + Sync {
    /// Reads a configuration, once for all operations on it. An invalid one is an error with its place.
    fn read(&self, config: &NetworkConfig) -> Result<Box<dyn DescribedNetwork + '_>, DistroError>;

    /// Brings up one rendered device with the first available activator; an error if there is none.
    fn bring_up_link(&self, name: &str) -> Result<(), DistroError>;

    /// Waits until the init system reports the network as up, if the activator supports it.
    fn wait_online(&self) -> Result<(), DistroError>;
}

/// A parsed network configuration.
pub trait DescribedNetwork {
    /// Waits a few seconds for all devices that it identifies by MAC; a missing one is an error.
    fn wait_for_links(&mut self) -> Result<(), DistroError>;

    /// Renames devices as configured (`set-name` with a MAC, v1 names by MAC).
    fn rename_links(&mut self) -> Result<(), DistroError>;

    /// Writes the files of the first available renderer; `system_info.network.renderers` is the order.
    fn render(&mut self) -> Result<Rendered, DistroError>;

    /// Brings up the configured devices with the first available activator.
    fn activate(&mut self) -> Result<(), DistroError>;
}

/// Locale.
pub trait Locale: Send + Sync {
    /// Sets the locale, in `file` if given instead of the system's file.
    fn apply(&self, locale: &str, file: Option<&std::path::Path>) -> Result<(), DistroError>;

    /// The current locale, or the distribution's default.
    fn current(&self) -> Result<String, DistroError>;
}

/// Time zone.
pub trait Time: Send + Sync {
    /// Sets the time zone.
    fn set_timezone(&self, name: &str) -> Result<(), DistroError>;
}

/// SSH server.
pub trait Ssh: Send + Sync {
    /// The directory of host keys and sshd_config.
    fn directory(&self) -> PathBuf;

    /// Restores SELinux labels, if SELinux is enabled.
    fn restore_context(&self, path: &std::path::Path) -> Result<(), DistroError>;

    /// The key types generated by default, in order.
    fn key_types(&self) -> &'static [&'static str];

    /// Owner and mode of private host keys (RHEL 8 and older: root:ssh_keys, 0640).
    fn private_key_owner(&self) -> Result<(Owner, u32), DistroError>;
}
