//! `autoinstall`: what Ubuntu's installer reads; here it is only looked at.

use schemars::JsonSchema;
use serde::Deserialize;

/// The keys.
#[derive(Debug, Deserialize, JsonSchema)]
pub struct Config {
    /// Answers for Ubuntu's installer, which reads them itself.
    pub autoinstall: Option<Autoinstall>,
}

/// `autoinstall`. Other keys are the installer's.
#[derive(Debug, Deserialize, JsonSchema)]
#[schemars(inline)]
pub struct Autoinstall {
    /// The version of the form: 1.
    pub version: i64,
}
