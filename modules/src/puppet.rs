//! `puppet`: installs, configures and runs the Puppet agent.

mod agent;
mod files;
mod ini;

use schema::forms::Object;
use model::module::{Described, Listed, Report};
use model::{Context, Frequency, Module, ModuleError, Node, Stage};
use schemars::JsonSchema;
use serde::Deserialize;

use crate::lenient::{Flag, Text};

/// Installs, configures and runs the agent.
pub struct Puppet;

/// The Puppet agent: its installation, version, puppet.conf, and whether it runs.
#[derive(Debug, Deserialize, JsonSchema)]
pub struct Config {
    /// The Puppet configuration.
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

impl Module for Puppet {
    fn run(&self, context: &Context<'_>, config: Config, report: &mut Report) -> Result<(), ModuleError> {
        let Some(settings) = config.puppet else {
            report.skip("puppet is not set");
            return Ok(());
        };
        let on = |flag: Option<Flag>, default: bool| flag.map_or(default, |flag| flag.0);
        let kind = settings.install_type.as_ref().map_or("packages", |kind| kind.0.as_str());
        let agent = agent::Agent { context, aio: kind == "aio" };
        let mut exec = on(settings.exec, false);
        let place = context.config.get("puppet").map(Node::key_origin);
        if !on(settings.install, true) {
            if settings.version.as_ref().is_some_and(|version| !version.0.is_empty()) {
                let message = "Puppet install set to false but version supplied, doing nothing.";
                report.warn(place.as_ref(), message);
            }
        } else {
            match kind {
                "packages" => agent.install_package(&settings, report)?,
                "aio" => agent.install_aio(&settings)?,
                _ => {
                    report.warn(place.as_ref(), format!("Unknown puppet install type '{kind}'"));
                    exec = false;
                }
            }
        }
        let paths = agent.paths(&settings)?;
        if let Some(conf) = settings.conf.as_ref() {
            files::configure(&agent, &paths, conf)?;
        }
        if let Some(attributes) = settings.csr_attributes.as_ref() {
            files::write_attributes(context, &paths, attributes)?;
        }
        let service = on(settings.start_service, true);
        if service {
            agent.manage(model::distro::ServiceAction::Enable, "enable", report);
        }
        if exec {
            // A catalog may reboot the machine.
            (context.mark_done)()?;
            agent.exec(settings.exec_args.as_ref(), report)?;
        }
        if service {
            agent.manage(model::distro::ServiceAction::Start, "start", report);
        }
        Ok(())
    }
}

/// `puppet`.
#[derive(Debug, Deserialize, JsonSchema)]
#[schemars(inline, deny_unknown_fields)]
pub struct Settings {
    /// Install Puppet; if false, it must already be installed. Default: true.
    #[schemars(extend("default" = true))]
    pub install: Option<Flag>,
    /// The version. Default: the latest.
    pub version: Option<Text>,
    /// `packages` for the distribution's packages, or `aio` for Puppet's. Default: packages.
    #[schemars(extend("enum" = ["packages", "aio"], "default" = "packages"))]
    pub install_type: Option<Text>,
    /// With `aio`: the collection, such as puppet, puppet7, puppet8-nightly.
    pub collection: Option<Text>,
    /// With `aio`: the URL of the installer.
    pub aio_install_url: Option<Text>,
    /// With `aio`: remove Puppet's repository afterwards. Default: true.
    #[schemars(extend("default" = true))]
    pub cleanup: Option<Flag>,
    /// The configuration file. Default: depends on `install_type`.
    pub conf_file: Option<Text>,
    /// The directory of keys and certificates. Default: depends on `install_type`.
    pub ssl_dir: Option<Text>,
    /// The file for `csr_attributes`. Default: depends on `install_type`.
    pub csr_attributes_path: Option<Text>,
    /// With `packages`: the package name. Default: puppet-agent, else puppet.
    pub package_name: Option<Text>,
    /// Run the agent once. Default: false.
    #[schemars(extend("default" = false))]
    pub exec: Option<Flag>,
    /// Arguments for that run. Default: `[--test]`.
    #[schemars(with = "Option<Vec<Text>>")]
    pub exec_args: Option<Node>,
    /// Enable and start the service. Default: true.
    #[schemars(extend("default" = true))]
    pub start_service: Option<Flag>,
    /// Sections and keys of puppet.conf. In `certname`, `%i` is the instance ID and `%f` the FQDN.
    #[schemars(with = "Option<Conf>")]
    pub conf: Option<Node>,
    /// Attributes of the certificate signing request, written to csr_attributes.yaml.
    #[schemars(with = "Option<CsrAttributes>")]
    pub csr_attributes: Option<Node>,
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
    /// Not a section: the server's certificate in PEM format, written below `ssl_dir`.
    pub ca_cert: Option<Text>,
}

/// `puppet.csr_attributes`.
#[derive(Debug, Deserialize, JsonSchema)]
#[schemars(inline, deny_unknown_fields)]
pub struct CsrAttributes {
    /// Attributes by OID.
    pub custom_attributes: Option<Object>,
    /// Extensions by name or OID.
    pub extension_requests: Option<Object>,
}
