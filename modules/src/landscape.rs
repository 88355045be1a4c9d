//! `landscape`: the client of Canonical's Landscape.

use model::module::{Described, Listed};
use model::{Frequency, Secret, Stage};
use schemars::JsonSchema;
use serde::Deserialize;

use crate::lenient::Text;

/// The module; what it is for is in its [`Described::SUMMARY`].
pub struct Landscape;

/// The client of Landscape: the account and the server that it registers with.
#[derive(Debug, Deserialize, JsonSchema)]
pub struct Config {
    /// The client's configuration.
    pub landscape: Option<Settings>,
}

impl Described for Landscape {
    const NAME: &'static str = "landscape";
    const STAGE: Stage = Stage::Final;
    const FREQUENCY: Frequency = Frequency::Instance;
    const DISTROS: &'static [&'static str] = &["ubuntu"];
    const KEYS: &'static [&'static str] = &["landscape"];
    const LISTED: Listed = Listed::On(&["debian", "ubuntu"]);
    const TITLE: &'static str = "Landscape";
    const SUMMARY: &'static str = "Installs and configures the client of Canonical's Landscape.";
    type Config = Config;
}

/// `landscape`.
#[derive(Debug, Deserialize, JsonSchema)]
#[schemars(inline, deny_unknown_fields)]
pub struct Settings {
    /// Keys of landscape-client's configuration; others than these are passed on too.
    pub client: Client,
}

/// `landscape.client`.
#[derive(Debug, Deserialize, JsonSchema)]
#[schemars(inline)]
pub struct Client {
    /// The server. Default: `https://landscape.canonical.com/message-system`.
    #[schemars(extend("default" = "https://landscape.canonical.com/message-system"))]
    pub url: Option<Text>,
    /// The address of the short exchanges. Default: `https://landscape.canonical.com/ping`.
    #[schemars(extend("default" = "https://landscape.canonical.com/ping"))]
    pub ping_url: Option<Text>,
    /// Where the client keeps its data. Default: /var/lib/landscape/client.
    #[schemars(extend("default" = "/var/lib/landscape/client"))]
    pub data_path: Option<Text>,
    /// How much is logged: debug, info, warning, error or critical. Default: info.
    #[schemars(extend("default" = "info", "enum" = ["debug", "info", "warning", "error", "critical"]))]
    pub log_level: Option<Text>,
    /// The name under which the machine is shown.
    pub computer_title: Text,
    /// The account that it belongs to.
    pub account_name: Text,
    /// The account's key for new machines.
    pub registration_key: Option<Secret<Text>>,
    /// Tags with commas between them.
    #[schemars(extend("pattern" = "^[-_0-9a-zA-Z]+(,[-_0-9a-zA-Z]+)*$"))]
    pub tags: Option<Text>,
    /// Proxy for http.
    pub http_proxy: Option<Text>,
    /// Proxy for https.
    pub https_proxy: Option<Text>,
}
