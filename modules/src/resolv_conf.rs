//! `resolv_conf`: the resolver configuration, if no network manager writes it.

use schema::forms::Object;
use model::module::{Described, Listed, Report};
use std::path::Path;

use model::effects::Attributes;
use model::{Context, Frequency, Module, ModuleError, Node, Stage, Value};
use schemars::JsonSchema;
use serde::Deserialize;

use crate::lenient::{Flag, Text};

/// Renders the file.
pub struct ResolvConf;

/// Name servers, search domains and options in /etc/resolv.conf, on systems where no network manager writes it; on Photon,
/// Mariner and Azure Linux in systemd-resolved's resolved.conf, which has name servers and search domains only.
#[derive(Debug, Deserialize, JsonSchema)]
pub struct Config {
    /// Write resolv.conf; required for `resolv_conf` to have an effect. Default: false.
    #[schemars(extend("default" = false))]
    pub manage_resolv_conf: Option<Flag>,
    /// The content of resolv.conf.
    pub resolv_conf: Option<Settings>,
}

impl Described for ResolvConf {
    const NAME: &'static str = "resolv_conf";
    const STAGE: Stage = Stage::Network;
    const FREQUENCY: Frequency = Frequency::Instance;
    const DISTROS: &'static [&'static str] = &["alpine", "azurelinux", "fedora", "mariner", "opensuse", "opensuse-leap", "opensuse-microos", "opensuse-tumbleweed", "photon", "rhel", "sle_hpc", "sle-micro", "sles", "openeuler"];
    const KEYS: &'static [&'static str] = &["manage_resolv_conf"];
    const OWN_KEYS: &'static [&'static str] = &["manage_resolv_conf", "resolv_conf"];
    const LISTED: Listed = Listed::On(&["alpine", "photon"]);
    const TITLE: &'static str = "resolv.conf";
    const SUMMARY: &'static str = "Writes resolv.conf, on systems where nothing else manages it.";
    const DETAILS: &'static str = "Prefer name servers in a network-config where the distribution supports it.";
    type Config = Config;
}

/// The file that the C library reads, and its template.
const LIBRARY: (&str, &str) = ("/etc/resolv.conf", "resolv.conf");

/// The file of systemd-resolved, and its template.
const RESOLVED: (&str, &str) = ("/etc/systemd/resolved.conf", "systemd.resolved.conf");

/// Distributions whose name servers are those of systemd-resolved.
const WITH_RESOLVED: &[&str] = &["azurelinux", "mariner", "photon"];

impl Module for ResolvConf {
    fn run(&self, context: &Context<'_>, config: Config, report: &mut Report) -> Result<(), ModuleError> {
        if !config.manage_resolv_conf.unwrap_or_default().0 {
            report.skip("manage_resolv_conf is not true");
            return Ok(());
        }
        let Some(settings) = config.resolv_conf else {
            report.warn(None, "manage_resolv_conf True but no parameters provided!");
            return Ok(());
        };
        let with_resolved = WITH_RESOLVED.contains(&context.distro.info().name.as_str());
        let (file, name) = if with_resolved { RESOLVED } else { LIBRARY };
        let Some(template) = context.templates.shipped(name) else {
            report.warn(None, "No template found, not rendering resolve configs");
            return Ok(());
        };
        let text = context.templates.render(name, &template, &settings.variables())?;
        context.system.files.write(Path::new(file), text.as_bytes(), &Attributes::mode(0o644))?;
        Ok(())
    }
}

impl Settings {
    /// The template's variables; those that are not set are undefined.
    fn variables(&self) -> serde_json::Value {
        let mut variables = serde_json::Map::new();
        let texts = |list: &List| list.0.iter().map(|text| text.0.clone()).collect::<Vec<_>>();
        for (name, list) in [
            ("nameservers", &self.nameservers),
            ("searchdomains", &self.searchdomains),
            ("sortlist", &self.sortlist),
        ] {
            if let Some(list) = list {
                variables.insert(name.to_owned(), texts(list).into());
            }
        }
        if let Some(domain) = &self.domain {
            variables.insert("domain".to_owned(), domain.0.clone().into());
        }
        let (mut flags, mut options) = (Vec::new(), serde_json::Map::new());
        for (name, value) in self.options.as_ref().and_then(Node::as_map).into_iter().flatten() {
            match &value.value {
                Value::Bool(true) => flags.push(name.to_string()),
                Value::Bool(false) => {}
                _ => _ = options.insert(name.to_string(), value.to_json()),
            }
        }
        variables.insert("flags".to_owned(), flags.into());
        variables.insert("options".to_owned(), options.into());
        variables.into()
    }
}

/// `resolv_conf`.
#[derive(Debug, Deserialize, JsonSchema)]
#[schemars(inline, deny_unknown_fields)]
pub struct Settings {
    /// Addresses of name servers.
    pub nameservers: Option<List>,
    /// Search domains.
    pub searchdomains: Option<List>,
    /// The local domain.
    pub domain: Option<Text>,
    /// The preferred networks for address sorting.
    pub sortlist: Option<List>,
    /// Options by name; true for an option without a value.
    #[schemars(with = "Option<Object>")]
    pub options: Option<Node>,
}

/// A list of strings, not validated further.
#[derive(Debug, Deserialize, JsonSchema)]
#[schemars(inline, with = "model::Node", extend("type" = "array"))]
#[serde(transparent)]
pub struct List(pub Vec<Text>);

#[cfg(test)]
mod tests {
    use super::*;

    /// Expectations: upstream's cc_resolv_conf.py, generate_resolv_conf: a true option is a flag, a false one is left out.
    #[test]
    fn the_template_gets_what_is_set() {
        let yaml = "{nameservers: [192.0.2.1, 192.0.2.2], searchdomains: [a.example], domain: b.example, \
                    options: {rotate: true, debug: false, timeout: 1}}";
        let node = Node::from_yaml("resolv_conf", yaml.as_bytes()).expect("valid").expect("there");
        let settings: Settings = model::config::from_node(&node).expect("settings");
        assert_eq!(
            settings.variables(),
            serde_json::json!({
                "nameservers": ["192.0.2.1", "192.0.2.2"],
                "searchdomains": ["a.example"],
                "domain": "b.example",
                "flags": ["rotate"],
                "options": {"timeout": 1},
            })
        );
    }
}
