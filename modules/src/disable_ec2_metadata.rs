//! `disable_ec2_metadata`: no way to the metadata service of EC2.

use model::module::{Described, Listed};
use model::{Frequency, Stage};
use schemars::JsonSchema;
use serde::Deserialize;

use crate::lenient::Flag;

/// The module; what it is for is in its [`Described::SUMMARY`].
pub struct DisableEc2Metadata;

/// Whether programs of this machine are kept from EC2's metadata service, once the boot has read it.
#[derive(Debug, Deserialize, JsonSchema)]
pub struct Config {
    /// Refuse packets to 169.254.169.254 by a route, at every boot. Default: false.
    #[schemars(extend("default" = false))]
    pub disable_ec2_metadata: Option<Flag>,
}

impl Described for DisableEc2Metadata {
    const NAME: &'static str = "disable_ec2_metadata";
    const STAGE: Stage = Stage::Config;
    const FREQUENCY: Frequency = Frequency::Always;
    const KEYS: &'static [&'static str] = &["disable_ec2_metadata"];
    const LISTED: Listed = Listed::Everywhere;
    const TITLE: &'static str = "No metadata of EC2";
    const SUMMARY: &'static str = "Makes the metadata service of EC2 unreachable.";
    type Config = Config;
}
