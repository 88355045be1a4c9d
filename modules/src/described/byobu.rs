//! `byobu_by_default`: whether logins are within byobu.

use schemars::JsonSchema;
use serde::Deserialize;

use crate::lenient::Text;

/// The keys.
#[derive(Debug, Deserialize, JsonSchema)]
pub struct Config {
    /// enable-user (or user) for the default user, enable-system (or system, enable) for all; disable-user,
    /// disable-system and disable (for both) take it back. Default: nothing is done.
    #[schemars(extend("enum" = [
        "enable-system", "enable-user", "disable-system", "disable-user", "enable", "disable", "user", "system",
    ]))]
    pub byobu_by_default: Option<Text>,
}
