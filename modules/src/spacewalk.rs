//! `spacewalk`: registers this machine with a Spacewalk server.

use model::distro::PackageSpec;
use model::effects::{Command, CommandError};
use model::hostname::host_name;
use model::module::{Described, Listed, Report};
use model::{Context, Frequency, Module, ModuleError, Node, Origin, Secret, Stage};
use schemars::JsonSchema;
use serde::Deserialize;

use crate::lenient::Text;

/// Registers the machine.
pub struct Spacewalk;

/// The Spacewalk server to register with, and the activation key.
#[derive(Debug, Deserialize, JsonSchema)]
pub struct Config {
    /// The server and the key.
    pub spacewalk: Option<Settings>,
}

impl Described for Spacewalk {
    const NAME: &'static str = "spacewalk";
    const STAGE: Stage = Stage::Config;
    const FREQUENCY: Frequency = Frequency::Instance;
    const DISTROS: &'static [&'static str] = &["rhel", "fedora", "openeuler"];
    const KEYS: &'static [&'static str] = &["spacewalk"];
    const LISTED: Listed = Listed::On(&["almalinux", "centos", "cloudlinux", "eurolinux", "miraclelinux", "rhel", "rocky", "virtuozzo", "fedora", "openeuler", "openmandriva"]);
    const TITLE: &'static str = "Spacewalk";
    const SUMMARY: &'static str = "Registers this machine with a Spacewalk server.";
    type Config = Config;
}

const CERTIFICATE: &str = "/usr/share/rhn/RHN-ORG-TRUSTED-SSL-CERT";

impl Module for Spacewalk {
    fn run(&self, context: &Context<'_>, config: Config, report: &mut Report) -> Result<(), ModuleError> {
        let settings = config.spacewalk.unwrap_or_default();
        let Some(server) = settings.server.as_ref().filter(|server| !server.0.is_empty()) else {
            report.skip("spacewalk.server is not set");
            return Ok(());
        };
        let setup = PackageSpec::named("rhn-setup");
        context.distro.packages().install(&[setup])?;
        if is_registered(context)? {
            return Ok(());
        }
        // The metadata's name, not the configured one.
        let nothing = Node::empty_map(Origin::built_in());
        let name = host_name(context.system, &nothing, context.instance).fqdn;
        tracing::info!("Registering using `rhnreg_ks` profile '{name}' into server '{}'", server.0);
        let mut command = Command::new("rhnreg_ks")
            .args(["--serverUrl", &format!("https://{}/XMLRPC", server.0)])
            .args(["--profilename", &name]);
        if let Some(proxy) = settings.proxy.filter(|proxy| !proxy.0.is_empty()) {
            command = command.arg("--proxy");
            command = if proxy.0.contains('@') { command.secret_arg(proxy.0) } else { command.arg(proxy.0) };
        }
        command = command.args(["--sslCACert", CERTIFICATE]);
        if let Some(key) = settings.activation_key.filter(|key| !key.expose().0.is_empty()) {
            command = command.arg("--activationkey").secret_arg(key.expose().0.clone());
        }
        context.system.commands.run(&command.inherit_output())?;
        Ok(())
    }
}

/// Whether the server knows this machine already. In a plan it does not.
fn is_registered(context: &Context<'_>) -> Result<bool, ModuleError> {
    let command = Command::line(["rhn-profile-sync", "--verbose"]).inherit_output();
    match context.system.commands.run(&command) {
        Ok(_) => Ok(!context.system.journal.note("the plan assumes a machine that is not registered yet")),
        Err(CommandError::Failed { output, .. }) if output.code == 1 => Ok(false),
        Err(error) => Err(error.into()),
    }
}

/// `spacewalk`.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[schemars(inline, deny_unknown_fields)]
pub struct Settings {
    /// The server.
    pub server: Option<Text>,
    /// The proxy to reach the server. Default: none.
    pub proxy: Option<Text>,
    /// The activation key.
    pub activation_key: Option<Secret<Text>>,
}
