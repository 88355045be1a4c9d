//! `apt_pipelining`: how many requests apt sends before it has the answers.

use schema::forms::{Either, OneOfThree};
use schema::notes::{deprecated, untyped};
use schemars::JsonSchema;
use serde::Deserialize;

use crate::lenient::{Flag, Text};

/// The keys.
#[derive(Debug, Deserialize, JsonSchema)]
pub struct Config {
    /// A number of requests (0 to 5), false for none, or `os` for apt's own choice. Default: os.
    pub apt_pipelining: Option<OneOfThree<i64, Flag, Word>>,
}

/// A word.
#[derive(Debug, Deserialize, JsonSchema)]
#[schemars(inline, extend("type" = "string"))]
#[serde(transparent)]
pub struct Word(pub Either<Os, Old>);

/// apt's own choice.
#[derive(Debug, Deserialize, JsonSchema)]
#[schemars(inline, extend("enum" = ["os"]), transform = untyped)]
#[serde(transparent)]
pub struct Os(pub Text);

/// Old words for `os`.
#[derive(Debug, Deserialize, JsonSchema)]
#[schemars(inline, extend("enum" = ["none", "unchanged"]), transform = untyped)]
#[schemars(transform = deprecated("22.4", "Write os."))]
#[serde(transparent)]
pub struct Old(pub Text);
