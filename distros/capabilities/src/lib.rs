//! Shared implementations of distributions' capabilities. A family composes them and adds only what differs.

mod accounts;
mod bare;
mod composed;
mod header;
mod hostname;
mod keyboard;
mod locale;
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
pub use composed::Composed;
pub use header::header;
pub use hostname::{HostnameFile, HostnameStyle};
pub use keyboard::{ConsoleSetup, Localectl};
pub use locale::{DebianLocale, SysconfigLocale};
pub use packages::{Apt, DNF_OR_YUM, Listed, Manager, PackageManagers, Snap, Tool};
pub use repositories::YumRepositories;
pub use services::InitSystem;
pub use settings::Settings;
pub use ssh::OpenSsh;
pub use time::{Zone, ZoneStyle};
pub use time_sync::TimeClients;
pub use trust_store::{CertificateFiles, Defaults, Store};
pub use users::ShadowUtils;
