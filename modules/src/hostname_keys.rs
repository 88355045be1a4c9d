//! The host name keys, shared by `set_hostname` and `update_hostname`.

use model::hostname::{HostName, host_name};
use model::{Context, ModuleError, Node, Origin};
use schemars::JsonSchema;
use serde::Deserialize;

use crate::lenient::{Flag, Text};

/// The host name according to configuration and metadata. One that would be more than a word in /etc/hosts and
/// /etc/hostname, or an option of hostname(1), is an error.
pub(crate) fn valid_name(context: &Context<'_>) -> Result<HostName, ModuleError> {
    let name = host_name(context.system, context.config, context.instance);
    for (key, value) in [("hostname", &name.hostname), ("fqdn", &name.fqdn)] {
        let breaks = |letter: char| letter.is_whitespace() || letter.is_control() || "#/".contains(letter);
        if !value.contains(breaks) && !value.starts_with('-') {
            continue;
        }
        let written = ["fqdn", "hostname"].iter().filter_map(|key| context.config.get(key));
        let place = written
            .filter(|node| node.scalar_text().is_some_and(|text| text.contains(value.as_str())))
            .map(|node: &Node| node.origin.clone())
            .next();
        return Err(ModuleError::Invalid {
            origin: place.unwrap_or_else(|| Origin::whole("meta-data")),
            message: format!(
                "invalid {key} '{}': it starts with '-', or contains white space, a control character, '#' or '/'; the host name \
                 is unchanged",
                value.escape_default()
            ),
        });
    }
    Ok(name)
}

/// The host name, with and without its domain, and whether it follows configuration and metadata.
#[derive(Debug, Deserialize, JsonSchema)]
#[schemars(inline)]
pub struct Config {
    /// Leave the host name unchanged. Default: false.
    #[serde(default)]
    #[schemars(extend("default" = false))]
    pub preserve_hostname: Flag,
    /// The host name. Default: the metadata's.
    pub hostname: Option<Text>,
    /// The fully qualified domain name.
    pub fqdn: Option<Text>,
    /// Use the fully qualified name as the host name. Default: depends on the distribution.
    pub prefer_fqdn_over_hostname: Option<Flag>,
    /// Create the host name file if it is missing. Default: true.
    #[serde(default = "Flag::yes")]
    #[schemars(extend("default" = true))]
    pub create_hostname_file: Flag,
}
