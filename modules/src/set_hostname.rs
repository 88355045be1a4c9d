//! `hostname` and `fqdn`: the host name of a new instance.

use model::effects::Attributes;
use model::hostname::is_named;
use model::module::{Described, Listed, Report};
use model::{Context, Frequency, Instance, Module, ModuleError, Node, Stage};

use crate::hostname_keys::{Config, valid_name};

/// Sets the host name if it differs from the one set before.
pub struct SetHostname;

impl Described for SetHostname {
    const NAME: &'static str = "set_hostname";
    const STAGE: Stage = Stage::Network;
    const FREQUENCY: Frequency = Frequency::Instance;
    const KEYS: &'static [&'static str] = &[];
    const OWN_KEYS: &'static [&'static str] = &["hostname", "fqdn"];
    const LISTED: Listed = Listed::Everywhere;
    const TITLE: &'static str = "Set hostname";
    const SUMMARY: &'static str = "Sets the host name of a new instance.";
    const DETAILS: &'static str = "The name is taken from the configuration, else from the metadata.";
    type Config = Config;
}

impl Module for SetHostname {
    // So that a DHCP client sends it.
    fn is_early(&self, config: &Node, instance: &Instance) -> bool {
        is_named(config, instance)
    }

    fn run(&self, context: &Context<'_>, config: Config, report: &mut Report) -> Result<(), ModuleError> {
        if config.preserve_hostname.0 {
            report.skip("preserve_hostname is set");
            return Ok(());
        }
        let name = valid_name(context)?;
        // Upstream uses the same format and path: both names, sorted, indented by one.
        let artifact = context.paths.data("set-hostname");
        let known = serde_json::json!({"fqdn": name.fqdn, "hostname": name.hostname});
        let before = context.system.files.text(&artifact).and_then(|text| serde_json::from_str(&text).ok());
        if before == Some(known) {
            report.skip("the host name has not changed");
            return Ok(());
        }
        if name.default && name.hostname == "localhost" {
            report.skip("the host name is localhost: left to other services");
            return Ok(());
        }
        let hostname = context.distro.hostname();
        let prefer_fqdn = config.prefer_fqdn_over_hostname.map(|flag| flag.0);
        let chosen = hostname.choose(&name.hostname, &name.fqdn, prefer_fqdn);
        if config.create_hostname_file.0 || context.system.files.exists(&hostname.file()) {
            hostname.apply(&chosen)?;
        } else {
            hostname.apply_transient(&chosen)?;
        }
        let quoted = |text: &str| serde_json::Value::from(text).to_string();
        let text = format!(
            "{{\n \"fqdn\": {},\n \"hostname\": {}\n}}\n",
            quoted(&name.fqdn),
            quoted(&name.hostname)
        );
        context.system.files.write(&artifact, text.as_bytes(), &Attributes::mode(0o644))?;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The original's `SetHostname` in the local stage: only a name that somebody gave is set before the network.
    #[test]
    fn a_given_name_is_set_early() {
        let config =
            |text: &str| Node::from_yaml("t", text.as_bytes()).expect("valid").unwrap_or_default();
        for (text, name, early) in [
            ("{}", None, false),
            ("hostname: web", None, true),
            ("fqdn: web.example.org", None, true),
            ("{}", Some("web"), true),
            ("{}", Some(""), false),
        ] {
            let instance = Instance { hostname: name.map(str::to_owned), ..Instance::default() };
            assert_eq!(SetHostname.is_early(&config(text), &instance), early, "{text} {name:?}");
        }
    }
}
