//! `apt_pipelining`: how many requests apt sends before it has received the answers.

use schema::forms::{Either, OneOfThree};
use schema::notes::{deprecated, untyped};
use model::module::{Described, Listed};
use model::{Frequency, Stage};
use schemars::JsonSchema;
use serde::Deserialize;

use crate::lenient::{Flag, Text};

/// The module; what it is for is in its [`Described::SUMMARY`].
pub struct AptPipelining;

/// apt's HTTP pipelining, which some mirrors and proxies do not support.
#[derive(Debug, Deserialize, JsonSchema)]
pub struct Config {
    /// The pipeline depth (0 to 5), false to disable pipelining, or `os` for apt's default. Default: os.
    pub apt_pipelining: Option<OneOfThree<i64, Flag, Word>>,
}

impl Described for AptPipelining {
    const NAME: &'static str = "apt_pipelining";
    const STAGE: Stage = Stage::Config;
    const FREQUENCY: Frequency = Frequency::Instance;
    const DISTROS: &'static [&'static str] = &["ubuntu", "debian", "raspberry-pi-os"];
    const KEYS: &'static [&'static str] = &["apt_pipelining"];
    const LISTED: Listed = Listed::On(&["debian", "ubuntu"]);
    const TITLE: &'static str = "Apt pipelining";
    const SUMMARY: &'static str = "Configures apt's HTTP pipelining.";
    type Config = Config;
}

/// A word.
#[derive(Debug, Deserialize, JsonSchema)]
#[schemars(inline, extend("type" = "string"))]
#[serde(transparent)]
pub struct Word(pub Either<Os, Old>);

/// apt's default.
#[derive(Debug, Deserialize, JsonSchema)]
#[schemars(inline, extend("enum" = ["os"]), transform = untyped)]
#[serde(transparent)]
pub struct Os(pub Text);

/// Old names for `os`.
#[derive(Debug, Deserialize, JsonSchema)]
#[schemars(inline, extend("enum" = ["none", "unchanged"]), transform = untyped)]
#[schemars(transform = deprecated("22.4", "Use os."))]
#[serde(transparent)]
pub struct Old(pub Text);
