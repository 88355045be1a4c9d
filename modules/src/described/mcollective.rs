//! `mcollective`: MCollective's server.

use indexmap::IndexMap;
use model::Secret;
use schema::forms::OneOfThree;
use schemars::JsonSchema;
use serde::Deserialize;

use crate::lenient::{Flag, Text};

/// The keys.
#[derive(Debug, Deserialize, JsonSchema)]
pub struct Config {
    /// The server's configuration.
    pub mcollective: Option<Mcollective>,
}

/// `mcollective`.
#[derive(Debug, Deserialize, JsonSchema)]
#[schemars(inline, deny_unknown_fields)]
pub struct Mcollective {
    /// Keys of /etc/mcollective/server.cfg, and the certificates.
    #[schemars(transform = any_setting)]
    pub conf: Option<Conf>,
}

/// `mcollective.conf`.
#[derive(Debug, Deserialize, JsonSchema)]
#[schemars(inline)]
pub struct Conf {
    /// The server's public certificate, written to /etc/mcollective/ssl/server-public.pem.
    #[serde(rename = "public-cert")]
    pub public_cert: Option<Text>,
    /// The server's private certificate, written to /etc/mcollective/ssl/server-private.pem.
    #[serde(rename = "private-cert")]
    pub private_cert: Option<Secret<Text>>,
    /// Every other key.
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
