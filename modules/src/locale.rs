//! `locale`: the system's locale.

use std::path::Path;

use model::module::{Described, Listed, Report};
use model::{Context, Frequency, Module, ModuleError, Stage};
use schema::forms::Either;
use schema::notes::untyped;
use schemars::JsonSchema;
use serde::Deserialize;

use crate::lenient::{Flag, Text};

/// Sets the locale.
pub struct Locale;

/// The locale, and the file that sets it for logins.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(default)]
#[schemars(transform = untyped)]
pub struct Config {
    /// The locale, such as `de_DE.UTF-8`; false leaves it unchanged. Default: the system's current locale.
    #[schemars(with = "Either<Flag, Text>")]
    pub locale: Option<Text>,
    /// The file to write. Default: depends on the distribution.
    pub locale_configfile: Option<Text>,
}

impl Described for Locale {
    const NAME: &'static str = "locale";
    const STAGE: Stage = Stage::Config;
    const FREQUENCY: Frequency = Frequency::Instance;
    const KEYS: &'static [&'static str] = &[];
    const OWN_KEYS: &'static [&'static str] = &["locale", "locale_configfile"];
    const LISTED: Listed = Listed::Except(&["photon"]);
    const TITLE: &'static str = "Language";
    const SUMMARY: &'static str = "Sets the system's locale, and generates it if necessary.";
    type Config = Config;
}

impl Module for Locale {
    fn run(&self, context: &Context<'_>, config: Config, report: &mut Report) -> Result<(), ModuleError> {
        let distro = context.distro.locale();
        let locale = match context.args.first().cloned().or(config.locale.map(|locale| locale.0)) {
            Some(locale) => locale,
            None => distro.current()?,
        };
        if boolean::strict(&locale) == Some(false) {
            report.skip("locale is false");
            return Ok(());
        }
        distro.apply(&locale, config.locale_configfile.as_ref().map(|file| Path::new(&file.0)))?;
        Ok(())
    }
}
