//! What Ubuntu's installer reads below `autoinstall`: the keys of its format 1, with their types.
//!
//! Only a schema is made of these types: the installer reads the document itself.

use std::collections::BTreeMap;

use schema::forms::{Either, Object};
use schema::notes::untyped;
use schemars::JsonSchema;

/// Answers for the installer.
#[derive(JsonSchema)]
#[schemars(inline, deny_unknown_fields, rename_all = "kebab-case", transform = untyped)]
pub struct Answers {
    /// The version of the format: 1.
    #[schemars(extend("minimum" = 1, "maximum" = 1), transform = untyped)]
    pub version: Option<i64>,
    /// Sections that the user is asked about; `*` is all. Default: none.
    pub interactive_sections: Option<Vec<String>>,
    /// Commands that run as soon as the installer starts.
    pub early_commands: Option<Commands>,
    /// Language and encoding of the new system. Default: en_US.UTF-8.
    pub locale: Option<String>,
    /// Whether the installer updates itself first.
    pub refresh_installer: Option<RefreshInstaller>,
    /// The keyboard's layout. Default: the US layout.
    pub keyboard: Option<Keyboard>,
    /// What is installed.
    pub source: Option<Source>,
    /// The network, as network-config of version 2, with or without its key `network`. Default: DHCP on `eth*` and `en*`.
    pub network: Option<Network>,
    /// URL of the HTTP proxy of the installer, apt and snapd.
    #[schemars(extend("type" = ["null", "string"]))]
    pub proxy: Option<String>,
    /// Package sources. Keys that are not listed here are those of curtin.
    pub apt: Option<Apt>,
    /// Disks. Keys that are not listed here are those of curtin.
    pub storage: Option<Storage>,
    /// The first user. Required unless `user-data` has one, or the section is interactive.
    pub identity: Option<Identity>,
    /// Joins a domain of Active Directory.
    pub active_directory: Option<ActiveDirectory>,
    /// Ubuntu Pro's subscription.
    pub ubuntu_pro: Option<Subscription>,
    /// The former name of `ubuntu-pro`.
    #[schemars(extend("deprecated" = true, "deprecated_description" = "Use **ubuntu-pro**."))]
    pub ubuntu_advantage: Option<Subscription>,
    /// The SSH server.
    pub ssh: Option<Ssh>,
    /// Additional codecs.
    pub codecs: Option<Installed>,
    /// Drivers from third parties.
    pub drivers: Option<Installed>,
    /// Packages of the machine's manufacturer.
    pub oem: Option<Oem>,
    /// Snaps to install.
    pub snaps: Option<Vec<Snap>>,
    /// Answers for debconf, in the format of debconf-set-selections(1).
    pub debconf_selections: Option<String>,
    /// Packages to install; a trailing `^` names a task.
    pub packages: Option<Vec<String>>,
    /// The kernel to install.
    pub kernel: Option<Kernel>,
    /// Kernel crash dumps.
    pub kernel_crash_dumps: Option<KernelCrashDumps>,
    /// The time zone; `geoip` looks it up by address.
    pub timezone: Option<String>,
    /// Updates that are installed with the system. Default: security.
    #[schemars(extend("enum" = ["security", "all"]))]
    pub updates: Option<String>,
    /// What happens after the installation. Default: reboot.
    #[schemars(extend("enum" = ["reboot", "poweroff"]))]
    pub shutdown: Option<String>,
    /// Commands that run after the installation; the new system is below /target.
    pub late_commands: Option<Commands>,
    /// Commands that run after a failure.
    pub error_commands: Option<Commands>,
    /// Where progress is reported, by a name of your own.
    pub reporting: Option<BTreeMap<String, Reporter>>,
    /// user-data for the new system.
    pub user_data: Option<Object>,
    /// Devices of IBM Z.
    pub zdevs: Option<Vec<Zdev>>,
}

/// Commands: a line for the shell, or a program and its arguments.
pub type Commands = Vec<Either<String, Vec<String>>>;

/// `refresh-installer`.
#[derive(JsonSchema)]
#[schemars(inline, deny_unknown_fields)]
pub struct RefreshInstaller {
    /// Update. Default: false.
    pub update: Option<bool>,
    /// The snap's channel.
    pub channel: Option<String>,
}

/// `keyboard`.
#[derive(JsonSchema)]
#[schemars(inline, deny_unknown_fields)]
pub struct Keyboard {
    /// The layout, as XKBLAYOUT in keyboard(5).
    pub layout: String,
    /// The variant, as XKBVARIANT. Default: none.
    pub variant: Option<String>,
    /// The keys that switch the layout. Default: null, none.
    #[schemars(extend("type" = ["null", "string"]))]
    pub toggle: Option<String>,
}

/// `source`.
#[derive(JsonSchema)]
#[schemars(inline, deny_unknown_fields)]
pub struct Source {
    /// Look for drivers from third parties.
    pub search_drivers: Option<bool>,
    /// The variant to install, as listed on the medium.
    pub id: Option<String>,
}

/// `network`.
#[derive(JsonSchema)]
#[schemars(inline, extend("anyOf" = [{"required": ["version"]}, {"required": ["network"]}]))]
pub struct Network {
    /// The version: 2.
    #[schemars(extend("minimum" = 2, "maximum" = 2))]
    pub version: Option<i64>,
    /// Wired devices.
    pub ethernets: Option<Object>,
    /// Wireless devices.
    pub wifis: Option<Object>,
    /// Bridges.
    pub bridges: Option<Object>,
    /// Bonds.
    pub bonds: Option<Object>,
    /// Tunnels.
    pub tunnels: Option<Object>,
    /// VLANs.
    pub vlans: Option<Object>,
    /// All of it, below this key.
    #[schemars(extend("required" = ["version"]))]
    pub network: Option<Object>,
}

/// `apt`.
#[derive(JsonSchema)]
#[schemars(inline)]
pub struct Apt {
    /// Keep the sources of the installed system.
    pub preserve_sources_list: Option<bool>,
    /// Mirrors in curtin's format.
    pub primary: Option<Vec<serde_json::Value>>,
    /// Candidates for the mirror: the first that works is used.
    #[schemars(rename = "mirror-selection")]
    pub mirror_selection: Option<MirrorSelection>,
    /// Look up the country by address. Default: true.
    pub geoip: Option<bool>,
    /// Additional sources, by name.
    pub sources: Option<Object>,
    /// Components to leave out.
    pub disable_components: Option<Vec<Component>>,
    /// Pins, see apt_preferences(5).
    pub preferences: Option<Vec<Preference>>,
    /// What happens if no mirror works.
    #[schemars(extend("enum" = ["abort", "continue-anyway", "offline-install"]))]
    pub fallback: Option<String>,
}

/// A component.
#[derive(JsonSchema)]
#[schemars(inline, with = "String", extend("enum" = ["universe", "multiverse", "restricted", "contrib", "non-free"]))]
pub struct Component;

/// `apt.mirror-selection`.
#[derive(JsonSchema)]
#[schemars(inline)]
pub struct MirrorSelection {
    /// Mirrors, the preferred one first; `country-mirror` is the one of the country.
    pub primary: Option<Vec<Either<CountryMirror, Mirror>>>,
}

/// The mirror of the country.
#[derive(JsonSchema)]
#[schemars(inline, with = "String", extend("enum" = ["country-mirror"]))]
pub struct CountryMirror;

/// A mirror.
#[derive(JsonSchema)]
#[schemars(inline)]
pub struct Mirror {
    /// Its URL.
    pub uri: String,
    /// The architectures it has. Default: the machine's.
    pub arches: Option<Vec<String>>,
}

/// A pin.
#[derive(JsonSchema)]
#[schemars(inline)]
pub struct Preference {
    /// The packages.
    pub package: String,
    /// What is preferred.
    pub pin: String,
    /// The priority.
    #[schemars(rename = "pin-priority")]
    pub pin_priority: i64,
}

/// `storage`.
#[derive(JsonSchema)]
#[schemars(inline)]
pub struct Storage {
    /// A layout by name (`lvm`, `direct`, `zfs`, `hybrid`), instead of `config`.
    pub layout: Option<Object>,
    /// Actions in order, as curtin's.
    pub config: Option<Vec<Object>>,
}

/// `identity`.
#[derive(JsonSchema)]
#[schemars(inline, deny_unknown_fields)]
pub struct Identity {
    /// The full name.
    pub realname: Option<String>,
    /// The user's name.
    pub username: String,
    /// The machine's name.
    pub hostname: String,
    /// The password's hash, see crypt(5).
    #[schemars(extend("writeOnly" = true))]
    pub password: String,
    /// Groups of the user: these alone, or in addition to the usual ones.
    pub groups: Option<Either<Vec<String>, Groups>>,
}

/// `identity.groups`.
#[derive(JsonSchema)]
#[schemars(inline, deny_unknown_fields)]
pub struct Groups {
    /// These alone.
    #[schemars(rename = "override")]
    pub instead: Option<Vec<String>>,
    /// In addition to the usual ones.
    pub append: Option<Vec<String>>,
}

/// `active-directory`.
#[derive(JsonSchema)]
#[schemars(inline, deny_unknown_fields, rename_all = "kebab-case")]
pub struct ActiveDirectory {
    /// A user who may join machines; the password is asked for.
    pub admin_name: Option<String>,
    /// The domain.
    pub domain_name: Option<String>,
}

/// `ubuntu-pro`.
#[derive(JsonSchema)]
#[schemars(inline, deny_unknown_fields)]
pub struct Subscription {
    /// The token: C, and 23 to 29 characters of Base58.
    #[schemars(extend(
        "writeOnly" = true,
        "pattern" = "^C[1-9A-HJ-NP-Za-km-z]+$",
        "minLength" = 24,
        "maxLength" = 30
    ))]
    pub token: Option<String>,
}

/// `ssh`.
#[derive(JsonSchema)]
#[schemars(inline, deny_unknown_fields, rename_all = "kebab-case")]
pub struct Ssh {
    /// Install the server. Default: false.
    pub install_server: Option<bool>,
    /// Public keys of the first user. Default: none.
    pub authorized_keys: Option<Vec<String>>,
    /// Allow logins with a password. Default: only without authorized keys.
    pub allow_pw: Option<bool>,
}

/// `codecs` and `drivers`.
#[derive(JsonSchema)]
#[schemars(inline, deny_unknown_fields)]
pub struct Installed {
    /// Install them. Default: false.
    pub install: Option<bool>,
}

/// `oem`.
#[derive(JsonSchema)]
#[schemars(inline, deny_unknown_fields)]
pub struct Oem {
    /// Install them; `auto` depends on the variant.
    pub install: Either<bool, Auto>,
}

/// `auto`.
#[derive(JsonSchema)]
#[schemars(inline, with = "String", extend("enum" = ["auto"]))]
pub struct Auto;

/// A snap.
#[derive(JsonSchema)]
#[schemars(inline, deny_unknown_fields)]
pub struct Snap {
    /// Its name.
    pub name: String,
    /// Its channel. Default: stable.
    pub channel: Option<String>,
    /// With classic confinement. Default: false.
    pub classic: Option<bool>,
}

/// `kernel`.
#[derive(JsonSchema)]
#[schemars(inline, deny_unknown_fields, extend("oneOf" = [{"required": ["package"]}, {"required": ["flavor"]}]))]
pub struct Kernel {
    /// The package.
    pub package: Option<String>,
    /// The flavor, such as generic or hwe.
    pub flavor: Option<String>,
}

/// `kernel-crash-dumps`.
#[derive(JsonSchema)]
#[schemars(inline, deny_unknown_fields)]
pub struct KernelCrashDumps {
    /// Enable them; null depends on the release.
    #[schemars(required, extend("type" = ["null", "boolean"]))]
    pub enabled: Option<bool>,
}

/// A destination of reports.
#[derive(JsonSchema)]
#[schemars(inline)]
pub struct Reporter {
    /// Its kind: print, rsyslog, webhook or none. The other keys are curtin's.
    #[schemars(rename = "type")]
    pub kind: String,
}

/// A device of IBM Z.
#[derive(JsonSchema)]
#[schemars(inline, deny_unknown_fields)]
pub struct Zdev {
    /// Its number.
    pub id: Option<String>,
    /// Enable it.
    pub enabled: Option<bool>,
}
