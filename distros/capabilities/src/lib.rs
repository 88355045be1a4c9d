//! Shared implementations of distributions' capabilities. A family composes them and adds only what differs.

mod accounts;
mod bare;
mod busybox;
mod composed;
mod header;
mod hostname;
mod keyboard;
mod locale;
mod locale_gen;
mod packages;
mod repositories;
mod services;
mod settings;
mod ssh;
mod sudo;
mod time;
mod time_sync;
mod trust_store;
mod users;

pub use accounts::Accounts;
pub use busybox::AlpineUsers;
pub use composed::Composed;
pub use header::header;
pub use hostname::{HostnameFile, HostnameStyle, preferred_name, set_kernel_name};
pub use keyboard::{ConsoleSetup, Localectl, RaspberryKeyboard, SetupKeymap};
pub use locale::{DebianLocale, LocaleFile};
pub use locale_gen::{AlpineLocale, ArchLocale, GentooLocale, RaspberryLocale};
pub use packages::{
    APK, Apt, DNF_OR_YUM, EMERGE, Listed, Manager, OMA, PACMAN, PackageManagers, Snap, TDNF, Tool, Zypper,
};
pub use repositories::YumRepositories;
pub use services::{AlpineServices, InitSystem, Rc, RcServices};
pub use settings::Settings;
pub use ssh::OpenSsh;
pub use sudo::{RuleFiles, UserRules};
pub use time::{Zone, ZoneStyle};
pub use time_sync::TimeClients;
pub use trust_store::{CertificateFiles, Defaults, Store};
pub use users::{
    RaspberryUsers, ShadowUtils, add_group_with, create_groups, discard_with, fits_a_line, set_own_passwords,
};
