//! `chef`: the Chef client is installed, configured and run.

use model::module::{Described, Listed};
use model::{Frequency, Secret, Stage};
use schema::forms::Object;
use schemars::JsonSchema;
use serde::Deserialize;

use crate::lenient::{Flag, Text};

/// The module; what it is for is in its [`Described::SUMMARY`].
pub struct Chef;

/// The Chef client: how it is installed, the server and the keys by which it registers, and its first run list.
#[derive(Debug, Deserialize, JsonSchema)]
pub struct Config {
    /// How the client is installed and set up.
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

/// `chef`. Keys that client.rb has too are written to it.
#[derive(Debug, Deserialize, JsonSchema)]
#[schemars(inline, deny_unknown_fields, extend("minProperties" = 1))]
pub struct Settings {
    /// Directories that are made before. Default: /etc/chef, /var/log/chef, /var/lib/chef, /var/chef/backup,
    /// /var/chef/cache, /var/run/chef.
    #[schemars(extend("minItems" = 1, "uniqueItems" = true))]
    pub directories: Option<Vec<Text>>,
    /// The file of the client's configuration. Default: /etc/chef/client.rb.
    #[schemars(extend("default" = "/etc/chef/client.rb"))]
    pub config_path: Option<Text>,
    /// The validator's key, written to `validation_key`; `system` for the file that is there.
    pub validation_cert: Option<Secret<Text>>,
    /// The file of the validator's key. Default: /etc/chef/validation.pem.
    #[schemars(extend("default" = "/etc/chef/validation.pem"))]
    pub validation_key: Option<Text>,
    /// The file that `run_list` and `initial_attributes` are written to. Default: /etc/chef/firstboot.json.
    #[schemars(extend("default" = "/etc/chef/firstboot.json"))]
    pub firstboot_path: Option<Text>,
    /// Run the client. Default: false; true where it is installed as a gem.
    #[schemars(extend("default" = false))]
    pub exec: Option<Flag>,
    /// The file of the client's key. Default: /etc/chef/client.pem.
    #[schemars(extend("default" = "/etc/chef/client.pem"))]
    pub client_key: Option<Text>,
    /// The file of the secret that data bags are encrypted with. Default: Chef's own,
    /// /etc/chef/encrypted_data_bag_secret.
    pub encrypted_data_bag_secret: Option<Text>,
    /// The environment. Default: _default.
    #[schemars(extend("default" = "_default"))]
    pub environment: Option<Text>,
    /// Where files are kept that Chef replaces. Default: /var/chef/backup.
    #[schemars(extend("default" = "/var/chef/backup"))]
    pub file_backup_path: Option<Text>,
    /// Where Chef keeps what it fetched. Default: /var/chef/cache.
    #[schemars(extend("default" = "/var/chef/cache"))]
    pub file_cache_path: Option<Text>,
    /// The file of attributes that the client reads. Default: /etc/chef/firstboot.json.
    #[schemars(extend("default" = "/etc/chef/firstboot.json"))]
    pub json_attribs: Option<Text>,
    /// How much is logged: `:debug`, `:info`, `:warn`, `:error`, `:fatal`. Default: :info.
    #[schemars(extend("default" = ":info"))]
    pub log_level: Option<Text>,
    /// The log. Default: /var/log/chef/client.log.
    #[schemars(extend("default" = "/var/log/chef/client.log"))]
    pub log_location: Option<Text>,
    /// The node's name. Default: the instance's id.
    pub node_name: Option<Text>,
    /// The installer that `install_type: omnibus` fetches. Default: `https://www.chef.io/chef/install.sh`.
    #[schemars(extend("default" = "https://www.chef.io/chef/install.sh"))]
    pub omnibus_url: Option<Text>,
    /// How often fetching it is tried again. Default: 5.
    #[schemars(extend("default" = 5))]
    pub omnibus_url_retries: Option<i64>,
    /// The version that the installer is asked for. Default: its newest.
    pub omnibus_version: Option<Text>,
    /// The file of the process's number. Default: /var/run/chef/client.pid.
    #[schemars(extend("default" = "/var/run/chef/client.pid"))]
    pub pid_file: Option<Text>,
    /// The server's address.
    pub server_url: Option<Text>,
    /// Times in the log. Default: true.
    #[schemars(extend("default" = true))]
    pub show_time: Option<Flag>,
    /// Whether the server's certificate is checked: `:verify_none`, `:verify_peer`. Default: :verify_none.
    #[schemars(extend("default" = ":verify_none"))]
    pub ssl_verify_mode: Option<Text>,
    /// The validator's name.
    pub validation_name: Option<Text>,
    /// Install also where Chef is there. Default: false.
    #[schemars(extend("default" = false))]
    pub force_install: Option<Flag>,
    /// Attributes of the first run.
    #[schemars(extend("items" = {"type": "string"}))]
    pub initial_attributes: Option<Object>,
    /// How Chef is installed: packages, gems or omnibus. Default: packages.
    #[schemars(extend("default" = "packages", "enum" = ["packages", "gems", "omnibus"]))]
    pub install_type: Option<Text>,
    /// What the first run runs.
    pub run_list: Option<Vec<Text>>,
    /// Whether you agree to Chef's licence: accept, accept-silent or accept-no-persist.
    #[schemars(extend("enum" = ["accept", "accept-silent", "accept-no-persist"]))]
    pub chef_license: Option<Text>,
}
