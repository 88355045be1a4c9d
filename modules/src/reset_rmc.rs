//! Resets the RMC daemons of IBM's PowerVM, which must not share an id with the image's other clones.

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
    const TITLE: &'static str = "RMC of PowerVM";
    const SUMMARY: &'static str = "Gives the RMC daemons of IBM's PowerVM a node id of their own.";
    const DETAILS: &'static str = "Where /opt/rsct/bin is not there, it does nothing.";
    type Config = Config;
}
