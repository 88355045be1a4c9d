//! `apt_pipelining`: how many requests apt sends before it has received the answers.

use schema::forms::{Either, OneOfThree};
use schema::notes::{deprecated, untyped};
use model::module::{Described, Listed, Report};
use std::path::Path;

use model::effects::Attributes;
use model::{Context, Frequency, Module, ModuleError, Node, Stage};
use schemars::JsonSchema;
use serde::Deserialize;

use crate::lenient::{Flag, Text};

/// Writes the depth.
pub struct AptPipelining;

/// apt's HTTP pipelining, which some mirrors and proxies do not support.
#[derive(Debug, Deserialize, JsonSchema)]
pub struct Config {
    /// The pipeline depth (0 to 5), false to disable pipelining, or `os` for apt's default. Default: os.
    #[schemars(with = "Option<OneOfThree<i64, Flag, Word>>")]
    pub apt_pipelining: Option<Node>,
}

impl Described for AptPipelining {
    const NAME: &'static str = "apt_pipelining";
    const STAGE: Stage = Stage::Config;
    const FREQUENCY: Frequency = Frequency::Instance;
    const DISTROS: &'static [&'static str] = &["ubuntu", "debian", "raspberry-pi-os"];
    const KEYS: &'static [&'static str] = &["apt_pipelining"];
    const LISTED: Listed = Listed::On(&["debian", "ubuntu", "unknown"]);
    const TITLE: &'static str = "Apt pipelining";
    const SUMMARY: &'static str = "Configures apt's HTTP pipelining.";
    type Config = Config;
}

const FILE: &str = "/etc/apt/apt.conf.d/90cloud-init-pipelining";
/// apt's own limit of outstanding requests.
const DEPTHS: std::ops::RangeInclusive<u8> = 0..=5;

impl Module for AptPipelining {
    fn run(&self, context: &Context<'_>, config: Config, report: &mut Report) -> Result<(), ModuleError> {
        let Some(node) = config.apt_pipelining else {
            report.skip("apt_pipelining is not set");
            return Ok(());
        };
        let value = node.scalar_text().unwrap_or_default().trim().to_lowercase();
        let depth = match value.as_str() {
            "none" | "unchanged" | "os" => {
                report.skip("apt_pipelining leaves apt's default");
                return Ok(());
            }
            "false" => 0,
            text => match text.parse().ok().filter(|depth| DEPTHS.contains(depth)) {
                Some(depth) => depth,
                None => {
                    let message = "Invalid option for apt_pipelining: expected 0 to 5, false or os";
                    report.warn(Some(&node.origin), message);
                    return Ok(());
                }
            },
        };
        let text = format!(
            "//Written by cloud-init per 'apt_pipelining'\nAcquire::http::Pipeline-Depth \"{depth}\";\n"
        );
        context.system.files.write(Path::new(FILE), text.as_bytes(), &Attributes::mode(0o644))?;
        Ok(())
    }
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
