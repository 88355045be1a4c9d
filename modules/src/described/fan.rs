//! `fan`: Ubuntu's fan networking.

use schemars::JsonSchema;
use serde::Deserialize;

use crate::lenient::Text;

/// The keys.
#[derive(Debug, Deserialize, JsonSchema)]
pub struct Config {
    /// The fan's configuration.
    pub fan: Option<Fan>,
}

/// `fan`.
#[derive(Debug, Deserialize, JsonSchema)]
#[schemars(inline, deny_unknown_fields)]
pub struct Fan {
    /// The content of the file.
    pub config: Text,
    /// The file. Default: /etc/network/fan.
    #[schemars(extend("default" = "/etc/network/fan"))]
    pub config_path: Option<Text>,
}
