//! `mcollective`: the MCollective server.

use indexmap::IndexMap;
use model::module::{Described, Listed};
use model::{Frequency, Secret, Stage};
use schema::forms::OneOfThree;
use schemars::JsonSchema;
use serde::Deserialize;

use crate::lenient::{Flag, Text};

/// The module; what it is for is in its [`Described::SUMMARY`].
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

/// `mcollective`.
#[derive(Debug, Deserialize, JsonSchema)]
#[schemars(inline, deny_unknown_fields)]
pub struct Settings {
    /// Keys of /etc/mcollective/server.cfg, and the certificates.
    #[schemars(transform = any_setting)]
    pub conf: Option<Conf>,
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
