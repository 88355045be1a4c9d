//! The boot stages and their parts: configuration, merging, user-data, templates, semaphores, status and instance data.
//!
//! The engine uses contracts only, never a member of a family: it queries each [`model::DataSource`] of the
//! [`Registry`] in the configured order, passes the configuration to each [`model::module::AnyModule`], and has the
//! [`model::Distro`] render the network. All effects go through [`model::System`], so that the same stages run on a
//! machine, in a plan and in a test.

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
pub mod running;
pub mod semaphore;
mod state;
pub mod status;
pub mod template;
pub mod userdata;

pub use boot::{Boot, Outcome};
pub use registry::Registry;

/// Deprecations after this release are logged at info level, so that a stable distribution does not start to warn:
/// `devel` for none, or a release such as `24.1`, which a packager sets when building.
pub const DEPRECATION_INFO_BOUNDARY: &str = match option_env!("CLOUD_INIT_DEPRECATION_INFO_BOUNDARY") {
    Some(release) => release,
    None => "devel",
};

/// Upstream's feature flags, in the order in which it prints them.
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
