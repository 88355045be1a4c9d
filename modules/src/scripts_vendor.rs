//! Scripts of the vendor-data.

use model::module::{Described, Listed, Marked, Report};
use model::{Context, Frequency, Module, ModuleError, Stage};
use schema::forms::Either;
use schema::notes::deprecated;
use schemars::JsonSchema;
use serde::Deserialize;

use crate::lenient::{Flag, Words};
use crate::run_parts;

/// Runs them in the order of their names.
pub struct ScriptsVendor;

/// Whether the vendor's scripts run, and the program that runs them.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(default)]
pub struct Config {
    /// How vendor-data is handled.
    pub vendor_data: Option<VendorData>,
}

/// `vendor_data`.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(default)]
#[schemars(inline, deny_unknown_fields)]
pub struct VendorData {
    /// Process vendor-data; applied when it is consumed, in the network stage. Default: true.
    #[schemars(with = "Either<Yes, OldYes>")]
    pub enabled: Option<Flag>,
    /// Content types to ignore in vendor-data; applied at the same time. Default: none.
    #[schemars(skip)]
    pub disabled_handlers: Words,
    /// A program with arguments that runs each script. Default: none.
    #[schemars(extend("type" = ["array", "string"], "items" = {"type": ["string", "integer"]}))]
    pub prefix: Words,
}

/// A boolean.
#[derive(JsonSchema)]
#[schemars(inline, with = "Flag", extend("default" = true))]
struct Yes;

/// A boolean as a string.
#[derive(JsonSchema)]
#[schemars(inline, with = "String", transform = deprecated("22.3", "Use a boolean without quotes."))]
struct OldYes;

impl Described for ScriptsVendor {
    const NAME: &'static str = "scripts_vendor";
    const STAGE: Stage = Stage::Final;
    const FREQUENCY: Frequency = Frequency::Instance;
    const KEYS: &'static [&'static str] = &[];
    const LISTED: Listed = Listed::Everywhere;
    const TITLE: &'static str = "Scripts vendor";
    const SUMMARY: &'static str = "Runs the scripts of the vendor-data.";
    const DETAILS: &'static str = "They are stored in instance/scripts/vendor and run in the order of their names.";
    type Config = Config;
}

impl Module for ScriptsVendor {
    const MARKED: Marked = Marked::Before;

    fn run(&self, context: &Context<'_>, config: Config, report: &mut Report) -> Result<(), ModuleError> {
        let prefix = config.vendor_data.unwrap_or_default().prefix.texts();
        run_parts::run(context, &context.paths.instance("scripts/vendor"), &prefix, report)
    }
}
