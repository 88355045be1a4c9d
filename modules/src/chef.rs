//! `chef`: installs, configures and runs the Chef client.

use model::module::{Described, Listed};
use model::{Frequency, Secret, Stage};
use schema::forms::Object;
use schemars::JsonSchema;
use serde::Deserialize;

use crate::lenient::{Flag, Text};

/// The module; what it is for is in its [`Described::SUMMARY`].
pub struct Chef;

/// The Chef client: installation, server, registration keys and first run list.
#[derive(Debug, Deserialize, JsonSchema)]
pub struct Config {
    /// The Chef configuration.
    pub chef: Option<Settings>,
}

impl Described for Chef {
    const NAME: &'static str = "chef";
    const STAGE: Stage = Stage::Final;
    const FREQUENCY: Frequency = Frequency::Always;
    const KEYS: &'static [&'static str] = &["chef"];
    const LISTED: Listed = Listed::Everywhere;
    const TITLE: &'static str = "Chef";
    const SUMMARY: &'static str = "Installs, configures and runs the Chef client.";
    type Config = Config;
}

/// `chef`. Keys that client.rb also has are written to it.
#[derive(Debug, Deserialize, JsonSchema)]
#[schemars(inline, deny_unknown_fields, extend("minProperties" = 1))]
pub struct Settings {
    /// Directories to create. Default: /etc/chef, /var/log/chef, /var/lib/chef, /var/chef/backup, /var/chef/cache,
    /// /var/run/chef.
    #[schemars(extend("minItems" = 1, "uniqueItems" = true))]
    pub directories: Option<Vec<Text>>,
    /// The client's configuration file. Default: /etc/chef/client.rb.
    #[schemars(extend("default" = "/etc/chef/client.rb"))]
    pub config_path: Option<Text>,
    /// The validation key, written to `validation_key`; `system` uses the existing file.
    pub validation_cert: Option<Secret<Text>>,
    /// The file of the validation key. Default: /etc/chef/validation.pem.
    #[schemars(extend("default" = "/etc/chef/validation.pem"))]
    pub validation_key: Option<Text>,
    /// The file for `run_list` and `initial_attributes`. Default: /etc/chef/firstboot.json.
    #[schemars(extend("default" = "/etc/chef/firstboot.json"))]
    pub firstboot_path: Option<Text>,
    /// Run the client. Default: false, or true if it is installed as a gem.
    #[schemars(extend("default" = false))]
    pub exec: Option<Flag>,
    /// The file of the client key. Default: /etc/chef/client.pem.
    #[schemars(extend("default" = "/etc/chef/client.pem"))]
    pub client_key: Option<Text>,
    /// The file of the secret for encrypted data bags. Default: /etc/chef/encrypted_data_bag_secret.
    pub encrypted_data_bag_secret: Option<Text>,
    /// The environment. Default: _default.
    #[schemars(extend("default" = "_default"))]
    pub environment: Option<Text>,
    /// The backup directory for replaced files. Default: /var/chef/backup.
    #[schemars(extend("default" = "/var/chef/backup"))]
    pub file_backup_path: Option<Text>,
    /// The cache directory. Default: /var/chef/cache.
    #[schemars(extend("default" = "/var/chef/cache"))]
    pub file_cache_path: Option<Text>,
    /// The attribute file that the client reads. Default: /etc/chef/firstboot.json.
    #[schemars(extend("default" = "/etc/chef/firstboot.json"))]
    pub json_attribs: Option<Text>,
    /// The log level: `:debug`, `:info`, `:warn`, `:error`, `:fatal`. Default: :info.
    #[schemars(extend("default" = ":info"))]
    pub log_level: Option<Text>,
    /// The log file. Default: /var/log/chef/client.log.
    #[schemars(extend("default" = "/var/log/chef/client.log"))]
    pub log_location: Option<Text>,
    /// The node name. Default: the instance ID.
    pub node_name: Option<Text>,
    /// The URL of the omnibus installer. Default: `https://www.chef.io/chef/install.sh`.
    #[schemars(extend("default" = "https://www.chef.io/chef/install.sh"))]
    pub omnibus_url: Option<Text>,
    /// The number of download retries. Default: 5.
    #[schemars(extend("default" = 5))]
    pub omnibus_url_retries: Option<i64>,
    /// The version to install. Default: the latest.
    pub omnibus_version: Option<Text>,
    /// The PID file. Default: /var/run/chef/client.pid.
    #[schemars(extend("default" = "/var/run/chef/client.pid"))]
    pub pid_file: Option<Text>,
    /// The server URL.
    pub server_url: Option<Text>,
    /// Include timestamps in the log. Default: true.
    #[schemars(extend("default" = true))]
    pub show_time: Option<Flag>,
    /// Verification of the server's certificate: `:verify_none`, `:verify_peer`. Default: :verify_none.
    #[schemars(extend("default" = ":verify_none"))]
    pub ssl_verify_mode: Option<Text>,
    /// The name of the validation client.
    pub validation_name: Option<Text>,
    /// Install even if Chef is already present. Default: false.
    #[schemars(extend("default" = false))]
    pub force_install: Option<Flag>,
    /// Attributes for the first run.
    #[schemars(extend("items" = {"type": "string"}))]
    pub initial_attributes: Option<Object>,
    /// The installation method: packages, gems or omnibus. Default: packages.
    #[schemars(extend("default" = "packages", "enum" = ["packages", "gems", "omnibus"]))]
    pub install_type: Option<Text>,
    /// The run list of the first run.
    pub run_list: Option<Vec<Text>>,
    /// Acceptance of Chef's license: accept, accept-silent or accept-no-persist.
    #[schemars(extend("enum" = ["accept", "accept-silent", "accept-no-persist"]))]
    pub chef_license: Option<Text>,
}
