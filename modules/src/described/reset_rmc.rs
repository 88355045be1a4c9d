//! Resets the RMC daemons of IBM's PowerVM, which must not share an id with the image's other clones.

use schemars::JsonSchema;
use serde::Deserialize;

/// It has no keys.
#[derive(Debug, Deserialize, JsonSchema)]
pub struct Config {}
