//! `apt`: mirrors, sources, keys, proxies and debconf selections.

use model::module::{Described, Listed};
use model::{Frequency, Secret, Stage};
use schema::forms::Named;
use schema::notes::untyped;
use schemars::JsonSchema;
use serde::Deserialize;

use crate::lenient::{Flag, Text};

/// The module; what it is for is in its [`Described::SUMMARY`].
pub struct AptConfigure;

/// apt: mirrors, source lists and their keys, proxies, preferences, and debconf selections.
#[derive(Debug, Deserialize, JsonSchema)]
#[schemars(transform = untyped)]
pub struct Config {
    /// The apt configuration.
    pub apt: Option<Apt>,
}

impl Described for AptConfigure {
    const NAME: &'static str = "apt_configure";
    const STAGE: Stage = Stage::Config;
    const FREQUENCY: Frequency = Frequency::Instance;
    const DISTROS: &'static [&'static str] = &["ubuntu", "debian", "raspberry-pi-os"];
    const KEYS: &'static [&'static str] = &[];
    const OWN_KEYS: &'static [&'static str] = &["apt"];
    const LISTED: Listed = Listed::On(&["debian", "ubuntu"]);
    const TITLE: &'static str = "apt";
    const SUMMARY: &'static str = "Configures apt: mirrors, additional sources, keys, proxies, debconf selections.";
    const DETAILS: &'static str = "It also runs without keys, using the mirrors from the metadata.";
    type Config = Config;
}

/// `apt`.
#[derive(Debug, Deserialize, JsonSchema)]
#[schemars(inline, deny_unknown_fields, extend("minProperties" = 1))]
pub struct Apt {
    /// Keep the image's sources list; entries of `sources` are still added. Default: false.
    #[schemars(extend("default" = false))]
    pub preserve_sources_list: Option<Flag>,
    /// Write mirror lists for apt-transport-mirror(1), /etc/apt/mirrors/SUITE.list and SUITE-security.list, instead of
    /// a sources list. Available in Debian's packages. Default: false.
    #[schemars(extend("default" = false))]
    pub generate_mirrorlists: Option<Flag>,
    /// Suites to disable: a name that may contain `$RELEASE`, or one of the aliases updates, backports, security,
    /// proposed and release.
    #[schemars(extend("minItems" = 1, "uniqueItems" = true))]
    pub disable_suites: Option<Vec<Text>>,
    /// Archive mirrors, by architecture. Default: the metadata's, else the distribution's.
    pub primary: Option<Mirrors>,
    /// Mirrors for security updates, by architecture. Default: `primary`.
    pub security: Option<Mirrors>,
    /// Sources matching this regular expression are passed to add-apt-repository. Default: `^[\w-]+:\w`.
    #[schemars(extend("default" = r"^[\w-]+:\w"))]
    pub add_apt_repo_match: Option<Text>,
    /// debconf-set-selections lines `PACKAGE QUESTION TYPE ANSWER`, under names of your choice.
    #[schemars(extend("minProperties" = 1))]
    pub debconf_selections: Option<Named<Secret<Text>>>,
    /// A template for the sources list, with `$MIRROR`, `$RELEASE`, `$PRIMARY`, `$SECURITY` and `$KEY_FILE`. Default:
    /// the distribution's.
    pub sources_list: Option<Text>,
    /// Lines of apt.conf(5).
    pub conf: Option<Text>,
    /// The HTTPS proxy: `https://[[USER][:PASSWORD]@]HOST[:PORT]/`.
    pub https_proxy: Option<Text>,
    /// The HTTP proxy, in the same format.
    pub http_proxy: Option<Text>,
    /// Alias of `http_proxy`.
    pub proxy: Option<Text>,
    /// The FTP proxy, in the same format.
    pub ftp_proxy: Option<Text>,
    /// Additional sources, each in a file of that name below /etc/apt/sources.list.d.
    pub sources: Option<Named<Source>>,
}

/// Mirrors.
#[derive(Debug, Deserialize, JsonSchema)]
#[schemars(rename = "apt_configure.mirror", extend("minItems" = 1))]
#[serde(transparent)]
pub struct Mirrors(pub Vec<Mirror>);

/// A mirror: `uri`, else the first item of `search` whose host name resolves, else the result of `search_dns`.
#[derive(Debug, Deserialize, JsonSchema)]
#[schemars(inline, deny_unknown_fields)]
pub struct Mirror {
    /// The architectures it serves; `default` for those not named elsewhere.
    #[schemars(extend("minItems" = 1))]
    pub arches: Vec<Text>,
    /// The mirror's URL.
    #[schemars(extend("format" = "uri"))]
    pub uri: Option<Text>,
    /// Candidate URLs in order of preference.
    #[schemars(extend("minItems" = 1))]
    pub search: Option<Vec<Address>>,
    /// Search for the host DISTRIBUTION-mirror (for security updates: DISTRIBUTION-security-mirror) in the local
    /// domain, in localdomain and in the domains of resolv.conf.
    pub search_dns: Option<Flag>,
    /// The ID or fingerprint of a key to fetch from `keyserver`.
    pub keyid: Option<Text>,
    /// The key itself.
    pub key: Option<Text>,
    /// The key server for `keyid`. Default: keyserver.ubuntu.com.
    pub keyserver: Option<Text>,
}

/// A URL.
#[derive(Debug, Deserialize, JsonSchema)]
#[schemars(inline, extend("format" = "uri"))]
#[serde(transparent)]
pub struct Address(pub Text);

/// An additional source.
#[derive(Debug, Deserialize, JsonSchema)]
#[schemars(inline, deny_unknown_fields, extend("minProperties" = 1))]
pub struct Source {
    /// A sources.list(5) line, or an argument for add-apt-repository, with the same variables as `sources_list`.
    pub source: Option<Text>,
    /// The ID or fingerprint of a key to fetch from `keyserver`.
    pub keyid: Option<Text>,
    /// The key itself.
    pub key: Option<Text>,
    /// The key server for `keyid`. Default: keyserver.ubuntu.com.
    pub keyserver: Option<Text>,
    /// The file name. Default: the source's name with `.list`.
    pub filename: Option<Text>,
    /// Append to an existing file instead of replacing it. Default: true.
    #[schemars(extend("default" = true))]
    pub append: Option<Flag>,
}
