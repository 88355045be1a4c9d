//! Resets the RMC daemons of IBM PowerVM, which must not share an ID with other clones of the image.

use model::module::{Described, Listed};
use model::{Frequency, Stage};
use schemars::JsonSchema;
use serde::Deserialize;

/// The module; what it is for is in its [`Described::SUMMARY`].
pub struct ResetRmc;

/// It has no keys.
#[derive(Debug, Deserialize, JsonSchema)]
pub struct Config {}

impl Described for ResetRmc {
    const NAME: &'static str = "reset_rmc";
    const STAGE: Stage = Stage::Final;
    const FREQUENCY: Frequency = Frequency::Instance;
    const KEYS: &'static [&'static str] = &[];
    const LISTED: Listed = Listed::Everywhere;
    const TITLE: &'static str = "Reset RMC";
    const SUMMARY: &'static str = "Gives the RMC daemons of IBM PowerVM a unique node ID.";
    const DETAILS: &'static str = "It does nothing if /opt/rsct/bin does not exist.";
    type Config = Config;
}
