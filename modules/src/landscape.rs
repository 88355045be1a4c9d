//! `landscape`: the client of Canonical's Landscape.

use model::module::{Described, Listed};
use model::{Frequency, Secret, Stage};
use schemars::JsonSchema;
use serde::Deserialize;

use crate::lenient::Text;

/// The module; what it is for is in its [`Described::SUMMARY`].
pub struct Landscape;

/// The Landscape client: the account and the server to register with.
#[derive(Debug, Deserialize, JsonSchema)]
pub struct Config {
    /// The client configuration.
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
    const SUMMARY: &'static str = "Installs and configures the Canonical Landscape client.";
    type Config = Config;
}

/// `landscape`.
#[derive(Debug, Deserialize, JsonSchema)]
#[schemars(inline, deny_unknown_fields)]
pub struct Settings {
    /// Keys of the client's configuration; unknown keys are passed on.
    pub client: Client,
}

/// `landscape.client`.
#[derive(Debug, Deserialize, JsonSchema)]
#[schemars(inline)]
pub struct Client {
    /// The server URL. Default: `https://landscape.canonical.com/message-system`.
    #[schemars(extend("default" = "https://landscape.canonical.com/message-system"))]
    pub url: Option<Text>,
    /// The URL for pings. Default: `https://landscape.canonical.com/ping`.
    #[schemars(extend("default" = "https://landscape.canonical.com/ping"))]
    pub ping_url: Option<Text>,
    /// The client's data directory. Default: /var/lib/landscape/client.
    #[schemars(extend("default" = "/var/lib/landscape/client"))]
    pub data_path: Option<Text>,
    /// The log level: debug, info, warning, error or critical. Default: info.
    #[schemars(extend("default" = "info", "enum" = ["debug", "info", "warning", "error", "critical"]))]
    pub log_level: Option<Text>,
    /// The title of the machine.
    pub computer_title: Text,
    /// The account to register with.
    pub account_name: Text,
    /// The account's registration key.
    pub registration_key: Option<Secret<Text>>,
    /// Comma-separated tags.
    #[schemars(extend("pattern" = "^[-_0-9a-zA-Z]+(,[-_0-9a-zA-Z]+)*$"))]
    pub tags: Option<Text>,
    /// The HTTP proxy.
    pub http_proxy: Option<Text>,
    /// The HTTPS proxy.
    pub https_proxy: Option<Text>,
}
