//! `disable_ec2_metadata`: no way to the metadata service of EC2.

use schemars::JsonSchema;
use serde::Deserialize;

use crate::lenient::Flag;

/// The keys.
#[derive(Debug, Deserialize, JsonSchema)]
pub struct Config {
    /// Refuse packets to 169.254.169.254 by a route, at every boot. Default: false.
    #[schemars(extend("default" = false))]
    pub disable_ec2_metadata: Option<Flag>,
}
