//! Prints the host keys and their fingerprints to the console, for verification at the first login.

use std::path::Path;

use model::effects::Command;
use model::module::{Described, Listed, Report};
use model::{Context, Frequency, Module, ModuleError, Node, Stage};
use schemars::JsonSchema;
use serde::Deserialize;

use crate::lenient::{Flag, Words};
use crate::{console, fingerprint};

/// Prints them.
pub struct KeysToConsole;

/// Whether the host keys are printed to the console, and which key types are omitted.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(default)]
pub struct Config {
    /// SSH settings that do not belong to sshd.
    pub ssh: Option<SshSettings>,
    /// Key types (such as `ssh-rsa`) whose fingerprints are not printed.
    #[schemars(extend("uniqueItems" = true))]
    pub ssh_fp_console_blacklist: Words,
    /// Key types whose public keys are not printed.
    #[schemars(extend("uniqueItems" = true, "default" = []))]
    pub ssh_key_console_blacklist: Words,
}

/// `ssh`.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(default)]
#[schemars(inline, deny_unknown_fields, extend("required" = ["emit_keys_to_console"]))]
pub struct SshSettings {
    /// Print keys and fingerprints. Default: true.
    #[schemars(with = "Flag", extend("default" = true))]
    pub emit_keys_to_console: Option<Node>,
}

/// Where distributions install upstream's helper program; an image may have its own there.
const HELPERS: &[&str] =
    &["/usr/libexec/cloud-init/write-ssh-key-fingerprints", "/usr/lib/cloud-init/write-ssh-key-fingerprints"];

impl Described for KeysToConsole {
    const NAME: &'static str = "keys_to_console";
    const STAGE: Stage = Stage::Final;
    const FREQUENCY: Frequency = Frequency::Instance;
    const KEYS: &'static [&'static str] = &[];
    const LISTED: Listed = Listed::Everywhere;
    const TITLE: &'static str = "Keys to console";
    const SUMMARY: &'static str = "Prints the SSH host keys and their fingerprints to the console.";
    const DETAILS: &'static str = "Users can compare them at their first login.";
    type Config = Config;
}

impl Module for KeysToConsole {
    fn run(&self, context: &Context<'_>, config: Config, report: &mut Report) -> Result<(), ModuleError> {
        let emit = config.ssh.and_then(|ssh| ssh.emit_keys_to_console).and_then(|node| node.scalar_text());
        if emit.is_some_and(|word| boolean::strict(&word) == Some(false)) {
            report.skip("ssh.emit_keys_to_console is false");
            return Ok(());
        }
        let (prints, keys) =
            (config.ssh_fp_console_blacklist.texts(), config.ssh_key_console_blacklist.texts());
        let text = match HELPERS.iter().copied().find(|path| context.system.files.exists(Path::new(path))) {
            Some(helper) => {
                let words = [helper.to_owned(), prints.join(","), keys.join(",")];
                context.system.commands.run(&Command::line(words))?.text()
            }
            None => shown(context, &prints, &keys)?,
        };
        let text = format!("{}\n", text.trim());
        if !console::write(context.system, &text, false) {
            context.system.environment.tell(&text);
        }
        Ok(())
    }
}

/// The helper's output: the lines that people and tools search a console for.
fn shown(
    context: &Context<'_>,
    hidden_prints: &[String],
    hidden_keys: &[String],
) -> Result<String, ModuleError> {
    let directory = context.distro.ssh().directory();
    let names = context.system.files.list(&directory).unwrap_or_default();
    let (mut prints, mut keys) = (String::new(), String::new());
    for name in names.iter().filter(|name| name.starts_with("ssh_host_") && name.ends_with("key.pub")) {
        let path = directory.join(name);
        let Some(key) = context.system.files.text(&path) else { continue };
        let kind = key.split_whitespace().next().unwrap_or_default().to_owned();
        if !hidden_prints.contains(&kind) {
            prints.push_str(&format!("{}\n", fingerprint::listed(context.system, &path, &key)?));
        }
        if !hidden_keys.contains(&kind) {
            keys.push_str(&format!("{}\n", key.trim_end()));
        }
    }
    let framed = |what: &str, lines: &str| match lines {
        "" => String::new(),
        _ => format!("-----BEGIN SSH HOST KEY {what}-----\n{lines}-----END SSH HOST KEY {what}-----\n"),
    };
    Ok(framed("FINGERPRINTS", &prints) + &framed("KEYS", &keys))
}
