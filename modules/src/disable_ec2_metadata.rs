//! `disable_ec2_metadata`: blocks the EC2 metadata service.

use model::module::{Described, Listed};
use model::{Frequency, Stage};
use schemars::JsonSchema;
use serde::Deserialize;

use crate::lenient::Flag;

/// The module; what it is for is in its [`Described::SUMMARY`].
pub struct DisableEc2Metadata;

/// Whether to block access to the EC2 metadata service after the boot has read it.
#[derive(Debug, Deserialize, JsonSchema)]
pub struct Config {
    /// Reject packets to 169.254.169.254 with a route, at every boot. Default: false.
    #[schemars(extend("default" = false))]
    pub disable_ec2_metadata: Option<Flag>,
}

impl Described for DisableEc2Metadata {
    const NAME: &'static str = "disable_ec2_metadata";
    const STAGE: Stage = Stage::Config;
    const FREQUENCY: Frequency = Frequency::Always;
    const KEYS: &'static [&'static str] = &["disable_ec2_metadata"];
    const LISTED: Listed = Listed::Everywhere;
    const TITLE: &'static str = "Disable EC2 metadata";
    const SUMMARY: &'static str = "Makes the EC2 metadata service unreachable.";
    type Config = Config;
}
