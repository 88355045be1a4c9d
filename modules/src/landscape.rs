//! `landscape`: the client of Canonical's Landscape.

use std::collections::BTreeMap;
use std::path::Path;

use model::distro::PackageSpec;
use model::effects::{Command, CommandError};
use model::module::{Described, Listed, Report};
use model::{Context, Frequency, Module, ModuleError, Node, Secret, Stage};
use schemars::JsonSchema;
use serde::Deserialize;

use crate::installers;
use crate::lenient::Text;

/// Installs the client, and registers the machine.
pub struct Landscape;

/// The Landscape client: the account and the server to register with.
#[derive(Debug, Deserialize, JsonSchema)]
pub struct Config {
    /// The client configuration.
    #[schemars(with = "Option<Settings>")]
    pub landscape: Option<Node>,
}

impl Described for Landscape {
    const NAME: &'static str = "landscape";
    const STAGE: Stage = Stage::Final;
    const FREQUENCY: Frequency = Frequency::Instance;
    const DISTROS: &'static [&'static str] = &["ubuntu"];
    const KEYS: &'static [&'static str] = &["landscape"];
    const LISTED: Listed = Listed::On(&["debian", "ubuntu", "unknown"]);
    const TITLE: &'static str = "Landscape";
    const SUMMARY: &'static str = "Installs and configures the Canonical Landscape client.";
    type Config = Config;
}

const PROGRAM: &str = "landscape-config";
const FILE: &str = "/etc/landscape/client.conf";
/// The exit code of `--is-registered` on a machine that is not registered.
const NOT_REGISTERED: i32 = 5;
/// The settings of the package's own client.conf.
const DEFAULTS: &[(&str, &str)] = &[
    ("data_path", "/var/lib/landscape/client"),
    ("log_level", "info"),
    ("ping_url", "http://landscape.canonical.com/ping"),
    ("url", "https://landscape.canonical.com/message-system"),
];

impl Module for Landscape {
    fn run(&self, context: &Context<'_>, _: Config, report: &mut Report) -> Result<(), ModuleError> {
        let Some(settings) = context.config.get("landscape") else {
            report.skip("landscape is not set");
            return Ok(());
        };
        mapping(settings, "landscape")?;
        if !settings.is_truthy() {
            report.skip("landscape is empty");
            return Ok(());
        }
        context.distro.packages().install(&[PackageSpec::named("landscape-client")])?;
        // Read after the installation: client.conf is the package's.
        let register = registration(context, settings)?;
        let failed = |error: CommandError| ModuleError::Failed(format!("Failure registering client:\n{error}"));
        let unregistered = Command::line([PROGRAM, "--silent", "--is-registered"]).accept(&[NOT_REGISTERED]);
        match installers::run_installed(context, &unregistered) {
            Err(CommandError::Failed { output, .. }) if output.code == 0 => {
                report.warn(None, "Client already registered to Landscape");
                return Ok(());
            }
            answer => answer.map_err(failed)?,
        };
        installers::run_installed(context, &register).map_err(failed)?;
        Ok(())
    }
}

fn mapping<'a>(node: &'a Node, key: &str) -> Result<&'a indexmap::IndexMap<model::Key, Node>, ModuleError> {
    node.as_map().ok_or_else(|| ModuleError::Invalid {
        origin: node.origin.clone(),
        message: format!("{key}: expected a mapping, found {}", node.value.a_kind()),
    })
}

/// The command that registers: the defaults, what client.conf replaces of them, and what cloud-config replaces of both.
fn registration(context: &Context<'_>, settings: &Node) -> Result<Command, ModuleError> {
    let mut options: BTreeMap<String, String> =
        DEFAULTS.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect();
    let before = context.system.files.read_optional(Path::new(FILE))?;
    options.extend(client_section(&String::from_utf8_lossy(&before.unwrap_or_default()))?);
    if let Some(client) = settings.get("client") {
        for (key, value) in mapping(client, "landscape.client")? {
            let text = value.scalar_text().ok_or_else(|| ModuleError::Invalid {
                origin: value.origin.clone(),
                message: format!("landscape.client.{key}: expected text, found {}", value.value.a_kind()),
            })?;
            options.insert(key.to_string(), text);
        }
    }
    let mut command = Command::line([PROGRAM, "--silent"]);
    for (key, value) in options {
        // A proxy's URL may contain a password.
        let is_secret = key == "registration_key" || (key.ends_with("_proxy") && value.contains('@'));
        command = command.arg(format!("--{}", key.replace('_', "-")));
        command = if is_secret { command.secret_arg(value) } else { command.arg(value) };
    }
    Ok(command)
}

/// The section `client` of client.conf, which is in the format of Python's ConfigObj. Lists stay the text they are.
fn client_section(text: &str) -> Result<Vec<(String, String)>, ModuleError> {
    let (mut found, mut inside, mut lines) = (Vec::new(), false, text.lines().enumerate());
    while let Some((at, line)) = lines.next() {
        let wrong = |what: &str| ModuleError::Failed(format!("{FILE}:{}: {what}", at + 1));
        let line = line.trim();
        if line.is_empty() || line.starts_with('#') {
            continue;
        }
        if line.starts_with('[') {
            let name = line.split('#').next().unwrap_or_default().trim();
            let name = name.strip_prefix('[').and_then(|name| name.strip_suffix(']'));
            // A nested section, such as [[a]], is not this one either.
            inside = name.map(|name| name.trim().trim_matches(['"', '\''])) == Some("client");
            continue;
        }
        let (key, value) = line.split_once('=').ok_or_else(|| wrong("expected key = value"))?;
        let value = value.trim();
        let value = match ["\"\"\"", "'''"].iter().find(|quotes| value.starts_with(**quotes)) {
            Some(quotes) => {
                let mut whole = value[quotes.len()..].to_owned();
                while !whole.contains(quotes) {
                    let (_, next) = lines.next().ok_or_else(|| wrong("the quotes are not closed"))?;
                    whole = format!("{whole}\n{next}");
                }
                whole.split(quotes).next().unwrap_or_default().to_owned()
            }
            None => plain(value).ok_or_else(|| wrong("the quotes are not closed"))?,
        };
        if inside {
            found.push((key.trim().trim_matches(['"', '\'']).to_owned(), value));
        }
    }
    Ok(found)
}

/// A value on one line without its quotes and the comment after it; `None` if the quotes are not closed.
fn plain(value: &str) -> Option<String> {
    let uncommented = || value.split('#').next().unwrap_or_default().trim_end();
    let Some(quote) = value.chars().next().filter(|first| ['"', '\''].contains(first)) else {
        return Some(uncommented().to_owned());
    };
    let (inner, rest) = value[1..].split_once(quote)?;
    let rest = rest.trim_start();
    Some(if rest.is_empty() || rest.starts_with('#') { inner.to_owned() } else { uncommented().to_owned() })
}

/// `landscape`.
#[derive(Debug, Deserialize, JsonSchema)]
#[schemars(inline, deny_unknown_fields)]
pub struct Settings {
    /// Keys of the client's configuration; unknown keys are passed on.
    pub client: Client,
}

/// `landscape.client`.
#[derive(Debug, Deserialize, JsonSchema)]
#[schemars(inline)]
pub struct Client {
    /// The server URL. Default: `https://landscape.canonical.com/message-system`.
    #[schemars(extend("default" = "https://landscape.canonical.com/message-system"))]
    pub url: Option<Text>,
    /// The URL for pings. Default: `https://landscape.canonical.com/ping`.
    #[schemars(extend("default" = "https://landscape.canonical.com/ping"))]
    pub ping_url: Option<Text>,
    /// The client's data directory. Default: /var/lib/landscape/client.
    #[schemars(extend("default" = "/var/lib/landscape/client"))]
    pub data_path: Option<Text>,
    /// The log level: debug, info, warning, error or critical. Default: info.
    #[schemars(extend("default" = "info", "enum" = ["debug", "info", "warning", "error", "critical"]))]
    pub log_level: Option<Text>,
    /// The title of the machine.
    pub computer_title: Text,
    /// The account to register with.
    pub account_name: Text,
    /// The account's registration key.
    pub registration_key: Option<Secret<Text>>,
    /// Comma-separated tags.
    #[schemars(extend("pattern" = "^[-_0-9a-zA-Z]+(,[-_0-9a-zA-Z]+)*$"))]
    pub tags: Option<Text>,
    /// The HTTP proxy.
    pub http_proxy: Option<Text>,
    /// The HTTPS proxy.
    pub https_proxy: Option<Text>,
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Expectations: `ConfigObj(FILE)["client"]` of ConfigObj 5.0.9, except for the list, which it splits.
    #[test]
    fn client_conf_is_read_like_configobj() {
        let text = "a = 0\n# c\n[client]\nurl = https://a/b # c\nb = \"x # y\" # z\n'c' = it\n\
                    d = '''one\ntwo'''\ne =\ntags = a, b\n[[sub]]\nurl = sub\n[other]\nurl = other\n";
        let expected = [
            ("url", "https://a/b"),
            ("b", "x # y"),
            ("c", "it"),
            ("d", "one\ntwo"),
            ("e", ""),
            ("tags", "a, b"),
        ];
        let found = client_section(text).expect("valid");
        let found: Vec<(&str, &str)> = found.iter().map(|(key, value)| (&**key, &**value)).collect();
        assert_eq!(found, expected);
        for wrong in ["[client]\nurl\n", "[client]\na = \"b\n", "[client]\na = '''b\n"] {
            assert!(client_section(wrong).is_err(), "{wrong}");
        }
    }
}
