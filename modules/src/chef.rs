//! `chef`: installs, configures and runs the Chef client.

mod client;
mod install;

use model::module::{Described, Listed, Report};
use model::{Context, Frequency, Module, ModuleError, Node, Secret, Stage};
use schema::forms::Object;
use schemars::JsonSchema;
use serde::Deserialize;

use crate::lenient::{Flag, Text};

/// Installs, configures and runs the client.
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

impl Module for Chef {
    fn run(&self, context: &Context<'_>, config: Config, report: &mut Report) -> Result<(), ModuleError> {
        let (Some(settings), Some(node)) = (config.chef, context.config.get("chef")) else {
            report.skip("chef is not set");
            return Ok(());
        };
        client::create_directories(context, &settings)?;
        client::write_validation_key(context, &settings, node, report)?;
        client::write_configuration(context, &settings, node)?;
        client::write_first_boot(context, &settings, node)?;
        let exec = settings.exec.is_some_and(|exec| exec.0);
        let forced = settings.force_install.is_some_and(|forced| forced.0);
        let run = if forced || !install::is_installed(context) {
            install::install(context, &settings, node, report)?
        } else {
            exec
        };
        if run {
            install::exec(context, &settings, report)?;
        }
        Ok(())
    }
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
    #[schemars(with = "Option<i64>")]
    pub omnibus_url_retries: Option<Node>,
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
    #[schemars(with = "Option<Object>")]
    pub initial_attributes: Option<Node>,
    /// The installation method: packages, gems or omnibus. Default: packages.
    #[schemars(extend("default" = "packages", "enum" = ["packages", "gems", "omnibus"]))]
    pub install_type: Option<Text>,
    /// The run list of the first run.
    #[schemars(with = "Option<Vec<Text>>")]
    pub run_list: Option<Node>,
    /// Acceptance of Chef's license: accept, accept-silent or accept-no-persist.
    #[schemars(extend("enum" = ["accept", "accept-silent", "accept-no-persist"]))]
    pub chef_license: Option<Text>,
    /// Arguments of the client, which the schema does not have. Default: `-d -i 1800 -s 20`.
    #[schemars(skip)]
    pub exec_arguments: Option<Node>,
    /// Remove the validation key after the run; the schema does not have it.
    #[schemars(skip)]
    pub delete_validation_post_exec: Option<Flag>,
    /// The version of the gem; the schema does not have it.
    #[schemars(skip)]
    pub version: Option<Text>,
    /// The version of Ruby for the gem; the schema does not have it.
    #[schemars(skip)]
    pub ruby_version: Option<Text>,
}
