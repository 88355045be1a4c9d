//! `apt`: mirrors, sources, keys, proxies and debconf's answers.

use model::module::{Described, Listed};
use model::{Frequency, Secret, Stage};
use schema::forms::Named;
use schema::notes::untyped;
use schemars::JsonSchema;
use serde::Deserialize;

use crate::lenient::{Flag, Text};

/// The module; what it is for is in its [`Described::SUMMARY`].
pub struct AptConfigure;

/// apt: mirrors, source lists and their keys, proxies, preferences, and answers for debconf.
#[derive(Debug, Deserialize, JsonSchema)]
#[schemars(transform = untyped)]
pub struct Config {
    /// How apt is set up.
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
    const SUMMARY: &'static str = "Sets apt up: mirrors, further sources, keys, proxies, answers for debconf.";
    const DETAILS: &'static str = "It runs also without keys, since the mirrors come from the metadata then.";
    type Config = Config;
}

/// `apt`.
#[derive(Debug, Deserialize, JsonSchema)]
#[schemars(inline, deny_unknown_fields, extend("minProperties" = 1))]
pub struct Apt {
    /// Keep the image's list of sources; what `sources` adds is still added. Default: false.
    #[schemars(extend("default" = false))]
    pub preserve_sources_list: Option<Flag>,
    /// Write the lists of mirrors that apt-transport-mirror(1) reads, /etc/apt/mirrors/SUITE.list and
    /// SUITE-security.list, in the place of a list of sources. Debian's packages have it. Default: false.
    #[schemars(extend("default" = false))]
    pub generate_mirrorlists: Option<Flag>,
    /// Suites that are commented out: a name with `$RELEASE` in it, or one of updates, backports, security, proposed
    /// and release, which stand for the usual names.
    #[schemars(extend("minItems" = 1, "uniqueItems" = true))]
    pub disable_suites: Option<Vec<Text>>,
    /// Mirrors of the archive, by architecture. Default: the metadata's, else the distribution's.
    pub primary: Option<Mirrors>,
    /// Mirrors of the security updates, by architecture. Default: `primary`.
    pub security: Option<Mirrors>,
    /// Sources that match this expression are given to add-apt-repository. Default: `^[\w-]+:\w`.
    #[schemars(extend("default" = r"^[\w-]+:\w"))]
    pub add_apt_repo_match: Option<Text>,
    /// Answers for debconf-set-selections, lines `PACKAGE QUESTION TYPE ANSWER`, under names of your choice.
    #[schemars(extend("minProperties" = 1))]
    pub debconf_selections: Option<Named<Secret<Text>>>,
    /// A template for the list of sources, with `$MIRROR`, `$RELEASE`, `$PRIMARY`, `$SECURITY` and `$KEY_FILE`.
    /// Default: the distribution's.
    pub sources_list: Option<Text>,
    /// Lines of apt.conf(5).
    pub conf: Option<Text>,
    /// Proxy for https: `https://[[USER][:PASSWORD]@]HOST[:PORT]/`.
    pub https_proxy: Option<Text>,
    /// Proxy for http, in the same form.
    pub http_proxy: Option<Text>,
    /// The same as `http_proxy`.
    pub proxy: Option<Text>,
    /// Proxy for ftp, in the same form.
    pub ftp_proxy: Option<Text>,
    /// Further sources, each in a file of its name below /etc/apt/sources.list.d.
    pub sources: Option<Named<Source>>,
}

/// Mirrors.
#[derive(Debug, Deserialize, JsonSchema)]
#[schemars(rename = "apt_configure.mirror", extend("minItems" = 1))]
#[serde(transparent)]
pub struct Mirrors(pub Vec<Mirror>);

/// A mirror. The address is `uri`, else the first of `search` whose name resolves, else by `search_dns`.
#[derive(Debug, Deserialize, JsonSchema)]
#[schemars(inline, deny_unknown_fields)]
pub struct Mirror {
    /// Architectures that it is for; `default` for those that no other names.
    #[schemars(extend("minItems" = 1))]
    pub arches: Vec<Text>,
    /// Its address.
    #[schemars(extend("format" = "uri"))]
    pub uri: Option<Text>,
    /// Addresses in order of preference.
    #[schemars(extend("minItems" = 1))]
    pub search: Option<Vec<Address>>,
    /// Look for the name DISTRIBUTION-mirror (of security updates: DISTRIBUTION-security-mirror) in this host's
    /// domain, localdomain and the domains of resolv.conf.
    pub search_dns: Option<Flag>,
    /// A key's id or fingerprint, fetched from `keyserver`.
    pub keyid: Option<Text>,
    /// A key itself.
    pub key: Option<Text>,
    /// Where `keyid` is fetched from. Default: keyserver.ubuntu.com.
    pub keyserver: Option<Text>,
}

/// An address.
#[derive(Debug, Deserialize, JsonSchema)]
#[schemars(inline, extend("format" = "uri"))]
#[serde(transparent)]
pub struct Address(pub Text);

/// A further source.
#[derive(Debug, Deserialize, JsonSchema)]
#[schemars(inline, deny_unknown_fields, extend("minProperties" = 1))]
pub struct Source {
    /// A line of sources.list(5), or what add-apt-repository takes, with the same variables as `sources_list`.
    pub source: Option<Text>,
    /// A key's id or fingerprint, fetched from `keyserver`.
    pub keyid: Option<Text>,
    /// A key itself.
    pub key: Option<Text>,
    /// Where `keyid` is fetched from. Default: keyserver.ubuntu.com.
    pub keyserver: Option<Text>,
    /// The file's name. Default: the source's name with `.list`.
    pub filename: Option<Text>,
    /// Add to a file that is there rather than write it anew. Default: true.
    #[schemars(extend("default" = true))]
    pub append: Option<Flag>,
}
