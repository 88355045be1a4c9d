//! `mcollective`: the MCollective server.

mod ini;

use std::path::Path;

use indexmap::IndexMap;
use model::distro::PackageSpec;
use model::effects::{Attributes, Class, Command};
use model::module::{Described, Listed, Report};
use model::{Context, Frequency, Module, ModuleError, Node, Secret, Stage, Value};
use schema::forms::OneOfThree;
use schemars::JsonSchema;
use serde::Deserialize;

use crate::installers;
use crate::lenient::{Flag, Text};

/// Installs and configures the server, and restarts it.
pub struct Mcollective;

/// The MCollective server: its server.cfg and its key pair.
#[derive(Debug, Deserialize, JsonSchema)]
pub struct Config {
    /// The server configuration.
    pub mcollective: Option<Settings>,
}

impl Described for Mcollective {
    const NAME: &'static str = "mcollective";
    const STAGE: Stage = Stage::Final;
    const FREQUENCY: Frequency = Frequency::Instance;
    const KEYS: &'static [&'static str] = &["mcollective"];
    const LISTED: Listed = Listed::Everywhere;
    const TITLE: &'static str = "MCollective";
    const SUMMARY: &'static str = "Installs and configures the MCollective server.";
    type Config = Config;
}

const FILE: &str = "/etc/mcollective/server.cfg";
const PUBLIC: &str = "/etc/mcollective/ssl/server-public.pem";
const PRIVATE: &str = "/etc/mcollective/ssl/server-private.pem";

impl Module for Mcollective {
    fn run(&self, context: &Context<'_>, config: Config, report: &mut Report) -> Result<(), ModuleError> {
        let Some(settings) = config.mcollective else {
            report.skip("mcollective is not set");
            return Ok(());
        };
        let package = PackageSpec::named("mcollective");
        context.distro.packages().install(&[package])?;
        if let Some(conf) = &settings.conf {
            configure(context, conf)?;
        }
        let restart = Command::line(["service", "mcollective", "restart"]).of_class(Class::Service);
        installers::run_installed(context, &restart.inherit_output())?;
        Ok(())
    }
}

/// Merges keys into server.cfg, whose previous content is kept in server.cfg.old.
fn configure(context: &Context<'_>, conf: &Node) -> Result<(), ModuleError> {
    let invalid = |node: &Node, message: String| ModuleError::Invalid { origin: node.origin.clone(), message };
    let files = &context.system.files;
    let before = files.read_optional(Path::new(FILE))?;
    let text = before.as_deref().map(String::from_utf8_lossy).unwrap_or_default();
    let mut ini = ini::Ini::parse(&text);
    let Some(keys) = conf.as_map() else {
        return Err(invalid(conf, format!("expected a mapping, found {}", conf.value.a_kind())));
    };
    for (key, value) in keys {
        let key = key.to_string();
        let certificate = match key.as_str() {
            "public-cert" => Some(("plugin.ssl_server_public", PUBLIC, Attributes::mode(0o644))),
            "private-cert" => Some(("plugin.ssl_server_private", PRIVATE, Attributes::secret())),
            _ => None,
        };
        let set = match (certificate, &value.value) {
            (Some((option, path, attributes)), _) => {
                let found = || invalid(value, format!("{key}: expected text, found {}", value.value.a_kind()));
                let text = value.scalar_text().ok_or_else(found)?;
                files.write(Path::new(path), text.as_bytes(), &attributes)?;
                ini.set(None, option, path).and_then(|()| ini.set(None, "securityprovider", "ssl"))
            }
            (None, Value::Map(options)) => options.iter().try_for_each(|(option, item)| {
                ini.set(Some(&key), &option.to_string(), &ini::rendered(item)?)
            }),
            (None, _) => ini::rendered(value).and_then(|text| ini.set(None, &key, &text)),
        };
        set.map_err(|what| invalid(value, format!("{key}: {what}")))?;
    }
    if let Some(before) = &before {
        let mode = files.stat(Path::new(FILE))?.map(|found| found.mode);
        let attributes = Attributes { mode, ..Attributes::default() };
        files.write(Path::new(&format!("{FILE}.old")), before, &attributes)?;
    }
    Ok(files.write(Path::new(FILE), ini.to_string().as_bytes(), &Attributes::mode(0o644))?)
}

/// `mcollective`.
#[derive(Debug, Deserialize, JsonSchema)]
#[schemars(inline, deny_unknown_fields)]
pub struct Settings {
    /// Keys of /etc/mcollective/server.cfg, and the certificates.
    #[schemars(with = "Option<Conf>", transform = any_setting)]
    pub conf: Option<Node>,
}

/// `mcollective.conf`.
#[derive(Debug, Deserialize, JsonSchema)]
#[schemars(inline)]
pub struct Conf {
    /// The public certificate, written to /etc/mcollective/ssl/server-public.pem.
    #[serde(rename = "public-cert")]
    pub public_cert: Option<Text>,
    /// The private certificate, written to /etc/mcollective/ssl/server-private.pem.
    #[serde(rename = "private-cert")]
    pub private_cert: Option<Secret<Text>>,
    /// All other keys.
    #[serde(flatten)]
    #[schemars(skip)]
    pub settings: IndexMap<String, OneOfThree<Flag, i64, Text>>,
}

fn any_setting(schema: &mut schemars::Schema) {
    schema.insert("additionalProperties".to_owned(), false.into());
    let setting = serde_json::json!({"^.+$": {
        "description": "A key of server.cfg.",
        "oneOf": [{"type": "boolean"}, {"type": "integer"}, {"type": "string"}]
    }});
    schema.insert("patternProperties".to_owned(), setting);
}
