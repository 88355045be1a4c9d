//! `puppet`: the Puppet agent is installed, configured and run.

use schema::forms::Object;
use model::module::{Described, Listed};
use model::{Frequency, Stage};
use schemars::JsonSchema;
use serde::Deserialize;

use crate::lenient::{Flag, Text};

/// The module; what it is for is in its [`Described::SUMMARY`].
pub struct Puppet;

/// The Puppet agent: from where and in which version it is installed, its puppet.conf, and whether it runs.
#[derive(Debug, Deserialize, JsonSchema)]
pub struct Config {
    /// How the agent is installed and set up.
    pub puppet: Option<Settings>,
}

impl Described for Puppet {
    const NAME: &'static str = "puppet";
    const STAGE: Stage = Stage::Final;
    const FREQUENCY: Frequency = Frequency::Instance;
    const KEYS: &'static [&'static str] = &["puppet"];
    const LISTED: Listed = Listed::Everywhere;
    const TITLE: &'static str = "Puppet";
    const SUMMARY: &'static str = "Installs, configures and starts the Puppet agent.";
    type Config = Config;
}

/// `puppet`.
#[derive(Debug, Deserialize, JsonSchema)]
#[schemars(inline, deny_unknown_fields)]
pub struct Settings {
    /// Install it; with false it has to be there. Default: true.
    #[schemars(extend("default" = true))]
    pub install: Option<Flag>,
    /// The version. Default: the newest there is.
    pub version: Option<Text>,
    /// `packages` of the distribution, or `aio` for Puppet's own. Default: packages.
    #[schemars(extend("enum" = ["packages", "aio"], "default" = "packages"))]
    pub install_type: Option<Text>,
    /// With `aio`: the collection, such as puppet, puppet7, puppet8-nightly.
    pub collection: Option<Text>,
    /// With `aio`: the address of the installer.
    pub aio_install_url: Option<Text>,
    /// With `aio`: remove Puppet's repository afterwards. Default: true.
    #[schemars(extend("default" = true))]
    pub cleanup: Option<Flag>,
    /// The file of the configuration. Default: by `install_type`.
    pub conf_file: Option<Text>,
    /// The directory of keys and certificates. Default: by `install_type`.
    pub ssl_dir: Option<Text>,
    /// The file of `csr_attributes`. Default: by `install_type`.
    pub csr_attributes_path: Option<Text>,
    /// With `packages`: the package. Default: puppet-agent, else puppet.
    pub package_name: Option<Text>,
    /// Run the agent once. Default: false.
    #[schemars(extend("default" = false))]
    pub exec: Option<Flag>,
    /// Arguments of that run. Default: `[--test]`.
    pub exec_args: Option<Vec<Text>>,
    /// Enable and start the service. Default: true.
    #[schemars(extend("default" = true))]
    pub start_service: Option<Flag>,
    /// Sections of puppet.conf and their keys. In `certname`, `%i` is the instance's id and `%f` the host's full name.
    pub conf: Option<Conf>,
    /// Attributes of the request for a certificate, written as csr_attributes.yaml.
    pub csr_attributes: Option<CsrAttributes>,
}

/// `puppet.conf`.
#[derive(Debug, Deserialize, JsonSchema)]
#[schemars(inline, deny_unknown_fields)]
pub struct Conf {
    /// Section `main`.
    pub main: Option<Object>,
    /// Section `server`.
    pub server: Option<Object>,
    /// Section `agent`.
    pub agent: Option<Object>,
    /// Section `user`.
    pub user: Option<Object>,
    /// No section: the server's certificate in PEM, written below `ssl_dir`.
    pub ca_cert: Option<Text>,
}

/// `puppet.csr_attributes`.
#[derive(Debug, Deserialize, JsonSchema)]
#[schemars(inline, deny_unknown_fields)]
pub struct CsrAttributes {
    /// Attributes by their OIDs.
    pub custom_attributes: Option<Object>,
    /// Extensions by their names or OIDs.
    pub extension_requests: Option<Object>,
}
