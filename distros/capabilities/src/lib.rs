//! What distributions share. A family composes these and adds only what differs.

mod composed;
mod header;
mod hostname;
mod locale;
mod packages;
mod services;
mod settings;
mod ssh;
mod sudo;
mod time;
mod users;

pub use composed::Composed;
pub use header::header;
pub use hostname::{HostnameFile, HostnameStyle};
pub use locale::{DebianLocale, SysconfigLocale};
pub use packages::{Apt, Manager, PackageManagers, Snap, Yum};
pub use services::InitSystem;
pub use settings::Settings;
pub use ssh::OpenSsh;
pub use time::{Zone, ZoneStyle};
pub use users::ShadowUtils;
