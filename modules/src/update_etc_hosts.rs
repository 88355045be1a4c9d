//! `manage_etc_hosts`: /etc/hosts from a template, or only the entry of this host.

use std::net::IpAddr;
use std::path::Path;

use etc_files::hosts::Hosts;
use model::effects::Attributes;
use model::module::{Described, Listed, Report};
use model::{Context, Frequency, Module, ModuleError, Node, Spanned, Stage};
use schema::forms::Either;
use schema::notes::changed;
use schemars::JsonSchema;
use serde::Deserialize;

use crate::hostname_keys::valid_name;
use crate::lenient::Text;
use crate::timestamp::rfc2822;

/// Writes /etc/hosts.
pub struct UpdateEtcHosts;

/// Whether /etc/hosts is managed, completely or only the entry of this host, and the names in it.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(default)]
pub struct Config {
    /// true: write the file from the template `hosts.FAMILY.tmpl` at every boot (`template` is the deprecated name for
    /// it). `localhost`: only ensure an entry for the host name. Default: false.
    #[schemars(with = "Either<Manage, OldManage>", extend("default" = false))]
    pub manage_etc_hosts: Option<Spanned<Text>>,
    /// The host name. Default: the metadata's.
    pub hostname: Option<Text>,
    /// The fully qualified domain name.
    pub fqdn: Option<Text>,
}

/// The values of `manage_etc_hosts`.
#[derive(JsonSchema)]
#[schemars(inline, with = "Node", extend("enum" = [true, false, "localhost"]))]
struct Manage;

/// The deprecated name for true.
#[derive(JsonSchema)]
#[schemars(inline, with = "Node", extend("enum" = ["template"]), transform = changed("22.3", "Use true."))]
struct OldManage;

const HOSTS: &str = "/etc/hosts";

impl Described for UpdateEtcHosts {
    const NAME: &'static str = "update_etc_hosts";
    const STAGE: Stage = Stage::Network;
    const FREQUENCY: Frequency = Frequency::Always;
    const KEYS: &'static [&'static str] = &["manage_etc_hosts"];
    const LISTED: Listed = Listed::Everywhere;
    const TITLE: &'static str = "/etc/hosts";
    const SUMMARY: &'static str = "Keeps /etc/hosts consistent with the host name.";
    const DETAILS: &'static str = "Either the complete file is written from a template at every boot, or only the entry of this host is updated.";
    type Config = Config;
}

impl Module for UpdateEtcHosts {
    fn run(&self, context: &Context<'_>, config: Config, report: &mut Report) -> Result<(), ModuleError> {
        let Some(manage) = config.manage_etc_hosts else {
            report.skip("manage_etc_hosts is not set");
            return Ok(());
        };
        let word = manage.value.0.as_str();
        let template = boolean::lenient(word) || word.trim().eq_ignore_ascii_case("template");
        if !template && word != "localhost" {
            report.skip("manage_etc_hosts is not true, template or localhost");
            return Ok(());
        }
        if word == "template" {
            let message = "'template' for manage_etc_hosts is deprecated since 22.2: use true";
            report.deprecate(Some(&manage.origin), message);
        }
        let name = valid_name(context)?;
        if name.hostname.is_empty() {
            report.warn(Some(&manage.origin), "manage_etc_hosts is set, but no host name is known");
            return Ok(());
        }
        let variant = format!("hosts.{}", context.distro.info().hosts_template);
        let shipped = context.templates.shipped(&variant);
        if template {
            let text = shipped.ok_or_else(|| {
                ModuleError::Failed(format!(
                    "template {variant}.tmpl not found in {}",
                    context.paths.templates_dir.display()
                ))
            })?;
            let variables = serde_json::json!({"hostname": name.hostname, "fqdn": name.fqdn});
            let rendered = context.templates.render(&variant, &text, &variables)?;
            context.system.files.write(Path::new(HOSTS), rendered.as_bytes(), &Attributes::mode(0o644))?;
        } else {
            let address = shipped.as_deref().and_then(own_address).unwrap_or_else(|| "127.0.0.1".to_owned());
            add_line(context, &address, &name.hostname, &name.fqdn)?;
        }
        Ok(())
    }
}

/// The loopback address for the host name in the distribution's template: 127.0.1.1 for the Debian family.
fn own_address(template: &str) -> Option<String> {
    let line = template.lines().find(|line| line.contains("{{fqdn}}"))?;
    let address: IpAddr = line.split_whitespace().next()?.parse().ok()?;
    (address.is_ipv4() && address.is_loopback()).then(|| address.to_string())
}

/// Adds the host's entry if no line with that address has both names.
fn add_line(context: &Context<'_>, address: &str, hostname: &str, fqdn: &str) -> Result<(), ModuleError> {
    let path = Path::new(HOSTS);
    let before = context.system.files.read_optional(path)?;
    let mut hosts = match &before {
        Some(bytes) => Hosts::parse(bytes),
        None => {
            let now = rfc2822(context.system.clock.now());
            Hosts::parse(format!("# Added by cloud-init v. {} on {now}\n", context.version).as_bytes())
        }
    };
    let mut lines: Vec<Vec<String>> = hosts.get(address).into_iter().map(<[String]>::to_vec).collect();
    let known = |names: &Vec<String>| {
        names.first().is_some_and(|name| name == fqdn) && names[1..].iter().any(|name| name == hostname)
    };
    if lines.iter().any(known) {
        return Ok(());
    }
    lines.push(vec![fqdn.to_owned(), hostname.to_owned()]);
    hosts.remove(address);
    for names in &lines {
        let names: Vec<&str> = names.iter().map(String::as_str).collect();
        hosts.add(address, &names).map_err(|error| ModuleError::Failed(format!("{HOSTS}: {error}")))?;
    }
    // Upstream ends the file with an empty line.
    let text = [hosts.write().as_slice(), b"\n"].concat();
    context.system.files.write(path, &text, &Attributes::mode(0o644))?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::own_address;

    /// The original's `update_etc_hosts` in distros/debian.py: 127.0.1.1 there, 127.0.0.1 elsewhere.
    #[test]
    fn only_a_loopback_address_of_version_4_is_the_hosts() {
        for (template, address) in [
            ("127.0.0.1 localhost\n127.0.1.1 {{fqdn}} {{hostname}}\n", Some("127.0.1.1")),
            ("::1 {{fqdn}} {{hostname}}\n", None),
            ("192.0.2.1 {{fqdn}} {{hostname}}\n", None),
            ("# {{fqdn}} is the name\n127.0.1.1 {{hostname}}\n", None),
            ("127.0.0.1 localhost\n", None),
        ] {
            assert_eq!(own_address(template).as_deref(), address, "{template}");
        }
    }
}
