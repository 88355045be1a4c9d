//! The host name at later boots: a changed configuration is applied, a change by the administrator is kept.

use model::effects::Attributes;
use model::module::{Described, Listed, Report};
use model::{Context, Frequency, Module, ModuleError, Stage};
use schemars::JsonSchema;
use serde::Deserialize;

use crate::hostname_keys::{self, valid_name};

/// Whether the host name is kept at later boots; the names are keys of `set_hostname`.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(transparent)]
#[schemars(transform = without_names)]
pub struct Config(pub hostname_keys::Config);

fn without_names(schema: &mut schemars::Schema) {
    if let Some(keys) = schema.get_mut("properties").and_then(serde_json::Value::as_object_mut) {
        keys.retain(|key, _| !["hostname", "fqdn"].contains(&key.as_str()));
    }
}

/// Updates the host name.
pub struct UpdateHostname;

impl Described for UpdateHostname {
    const NAME: &'static str = "update_hostname";
    const STAGE: Stage = Stage::Network;
    const FREQUENCY: Frequency = Frequency::Always;
    const KEYS: &'static [&'static str] = &[];
    const LISTED: Listed = Listed::Everywhere;
    const TITLE: &'static str = "Update hostname";
    const SUMMARY: &'static str = "Updates the host name if it changed in the configuration or the metadata.";
    const DETAILS: &'static str = "A name set by an administrator is kept.";
    type Config = Config;
}

impl Module for UpdateHostname {
    fn run(&self, context: &Context<'_>, Config(config): Config, report: &mut Report) -> Result<(), ModuleError> {
        if config.preserve_hostname.0 {
            report.skip("preserve_hostname is set");
            return Ok(());
        }
        let name = valid_name(context)?;
        if name.default && name.hostname == "localhost" {
            report.skip("the host name is localhost: left to other services");
            return Ok(());
        }
        let files = &context.system.files;
        let hostname = context.distro.hostname();
        let prefer_fqdn = config.prefer_fqdn_over_hostname.map(|flag| flag.0);
        let wanted = hostname.choose(&name.hostname, &name.fqdn, prefer_fqdn);
        let memory = context.paths.data("previous-hostname");
        let previous = files.text(&memory).and_then(|text| remembered(&text));
        let current = hostname.persisted()?.filter(|name| !name.is_empty());
        if let (Some(current), Some(previous)) = (&current, &previous)
            && current != previous
        {
            tracing::info!(
                "the host name {current} differs from the last one set, {previous}: keeping the administrator's"
            );
            return Ok(());
        }
        if previous.as_ref() != Some(&wanted) {
            files.write(&memory, format!("{wanted}\n").as_bytes(), &Attributes::mode(0o644))?;
        }
        let outdated = current.is_none() || (current == previous && current.as_ref() != Some(&wanted));
        if outdated {
            if config.create_hostname_file.0 || files.exists(&hostname.file()) {
                hostname.persist(&wanted)?;
            }
            hostname.apply_transient(&name.hostname)?;
        }
        Ok(())
    }
}

/// The name in previous-hostname: plain, with comments, or as a line of a file of shell variables, depending on the
/// distribution.
fn remembered(text: &str) -> Option<String> {
    let line = text.lines().map(str::trim).find(|line| !line.is_empty() && !line.starts_with('#'))?;
    let value = line.strip_prefix("HOSTNAME=").or_else(|| line.strip_prefix("hostname="));
    let name = value.unwrap_or(line).trim_matches(['"', '\'']);
    (!name.is_empty()).then(|| name.to_owned())
}

#[cfg(test)]
mod tests {
    use super::remembered;

    #[test]
    fn previous_hostname_is_read_in_each_distributions_form() {
        for text in ["web\n", "web", "# set\n\nweb\n", "HOSTNAME=web\n", "HOSTNAME=\"web\"\n", "hostname=\"web\"\n"] {
            assert_eq!(remembered(text).as_deref(), Some("web"), "{text}");
        }
        assert_eq!(remembered("\n"), None);
    }
}
