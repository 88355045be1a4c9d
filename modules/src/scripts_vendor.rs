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

/// Whether the vendor's scripts run, and the program that they are run by.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(default)]
pub struct Config {
    /// How vendor-data is taken.
    pub vendor_data: Option<VendorData>,
}

/// `vendor_data`.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(default)]
#[schemars(inline, deny_unknown_fields)]
pub struct VendorData {
    /// Whether vendor-data is taken at all; heeded where it is consumed, in the network stage. Default: true.
    #[schemars(with = "Either<Yes, OldYes>")]
    pub enabled: Option<Flag>,
    /// Content types that are not taken from vendor-data; heeded in the same place. Default: none.
    #[schemars(skip)]
    pub disabled_handlers: Words,
    /// A program and its arguments that run each script in place of the kernel. Default: none.
    #[schemars(extend("type" = ["array", "string"], "items" = {"type": ["string", "integer"]}))]
    pub prefix: Words,
}

/// A boolean.
#[derive(JsonSchema)]
#[schemars(inline, with = "Flag", extend("default" = true))]
struct Yes;

/// A boolean as a text.
#[derive(JsonSchema)]
#[schemars(inline, with = "String", transform = deprecated("22.3", "Write true or false, without quotes."))]
struct OldYes;

impl Described for ScriptsVendor {
    const NAME: &'static str = "scripts_vendor";
    const STAGE: Stage = Stage::Final;
    const FREQUENCY: Frequency = Frequency::Instance;
    const KEYS: &'static [&'static str] = &[];
    const LISTED: Listed = Listed::Everywhere;
    const TITLE: &'static str = "Vendor's scripts";
    const SUMMARY: &'static str = "Runs the scripts of the vendor-data.";
    const DETAILS: &'static str = "They are in instance/scripts/vendor and run in the order of their names.";
    type Config = Config;
}

impl Module for ScriptsVendor {
    const MARKED: Marked = Marked::Before;

    fn run(&self, context: &Context<'_>, config: Config, report: &mut Report) -> Result<(), ModuleError> {
        let prefix = config.vendor_data.unwrap_or_default().prefix.texts();
        run_parts::run(context, &context.paths.instance("scripts/vendor"), &prefix, report)
    }
}
