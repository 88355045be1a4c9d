//! The stages of a boot, and what they are made of: configuration, merging, user-data, templates, semaphores,
//! status and instance-data.
//!
//! The engine knows contracts, never a member of a family: it asks each [`model::DataSource`] of the [`Registry`]
//! in the order that the configuration gives, hands the configuration to each [`model::module::AnyModule`], and
//! tells the [`model::Distro`] to render a network. All effects go through [`model::System`], so the same stages
//! run on a machine, in a plan and in a test.

pub mod analyze;
pub mod boot;
pub mod clean;
pub mod config;
pub mod consume;
pub mod explain;
pub mod handlers;
pub mod health;
pub mod instance_data;
pub mod json;
pub mod logfiles;
pub mod merge;
mod netinfo;
pub mod os;
pub mod query;
pub mod registry;
pub mod report;
pub mod semaphore;
pub mod status;
pub mod template;
pub mod userdata;

pub use boot::{Boot, Outcome};
pub use registry::Registry;

/// Deprecations of later releases are information only, so that a stable distribution does not begin to complain:
/// `devel` for none, or a release such as `24.1`, which a packager sets when the program is built.
pub const DEPRECATION_INFO_BOUNDARY: &str = match option_env!("CLOUD_INIT_DEPRECATION_INFO_BOUNDARY") {
    Some(release) => release,
    None => "devel",
};

/// What the original calls feature flags, in the order in which it dumps them.
pub fn features() -> serde_json::Value {
    serde_json::json!({
        "ALLOW_EC2_MIRRORS_ON_NON_AWS_INSTANCE_TYPES": false,
        "APT_DEB822_SOURCE_LIST_FILE": true,
        "DEPRECATION_INFO_BOUNDARY": DEPRECATION_INFO_BOUNDARY,
        "ERROR_ON_USER_DATA_FAILURE": true,
        "EXPIRE_APPLIES_TO_HASHED_USERS": true,
        "MANUAL_NETWORK_WAIT": true,
        "NETPLAN_CONFIG_ROOT_READ_ONLY": true,
        "NOCLOUD_SEED_URL_APPEND_FORWARD_SLASH": true,
        "STRIP_INVALID_MTU": false,
    })
}
