//! `write-ssh-key-fingerprints`: prints the host keys to the console, where clouds and people look for them.

use std::ffi::OsString;
use std::path::{Path, PathBuf};

use model::System;
use model::effects::Command;

use crate::output;

/// The directory of the host keys. No configuration option moves it.
const DIRECTORY: &str = "/etc/ssh";
const RULER: &str = "#############################################################";

/// Prints fingerprints (also to syslog) and keys, except for the types in the two lists.
pub(crate) fn run(arguments: &[OsString]) -> u8 {
    let hidden = |index: usize| -> Vec<String> {
        let list = arguments.get(index).map(|list| list.to_string_lossy().into_owned()).unwrap_or_default();
        list.split(',').map(str::to_owned).collect()
    };
    let system = super::host();
    let keys = keys(&system);
    let shown = |hidden: &[String]| -> Vec<&HostKey> {
        keys.iter().filter(|key| !hidden.contains(&key.kind)).collect()
    };
    let prints = shown(&hidden(0));
    if !prints.is_empty() {
        tell(&system, RULER);
        tell(&system, "-----BEGIN SSH HOST KEY FINGERPRINTS-----");
        for key in prints {
            tell(&system, &fingerprint(&system, key));
        }
        tell(&system, "-----END SSH HOST KEY FINGERPRINTS-----");
        tell(&system, RULER);
    }
    let keys = shown(&hidden(1));
    if !keys.is_empty() {
        output::line("-----BEGIN SSH HOST KEY KEYS-----");
        for key in keys {
            output::text(&key.text);
        }
        output::line("-----END SSH HOST KEY KEYS-----");
    }
    0
}

/// The public half of a host key.
struct HostKey {
    file: PathBuf,
    kind: String,
    text: String,
}

fn keys(system: &System) -> Vec<HostKey> {
    let names = system.files.list(Path::new(DIRECTORY)).unwrap_or_default();
    names
        .iter()
        .filter(|name| name.starts_with("ssh_host_") && name.ends_with("key.pub"))
        .filter_map(|name| {
            let file = Path::new(DIRECTORY).join(name);
            let text = system.files.text(&file)?;
            let kind = text.split_whitespace().next().unwrap_or_default().to_owned();
            Some(HostKey { file, kind, text })
        })
        .collect()
}

fn fingerprint(system: &System, key: &HostKey) -> String {
    modules::fingerprint::listed(system, &key.file, &key.text).unwrap_or_else(|error| error.to_string())
}

/// Prints to syslog and standard output with logger(1); without logger, in its format.
fn tell(system: &System, text: &str) {
    let command = Command::line(["logger", "-s", "-p", "user.info", "-t", "cloud-init", "--", text]);
    match system.commands.run(&command) {
        Ok(output) => output::text(&String::from_utf8_lossy(&output.stderr)),
        Err(_) => output::line(&format!("<14>cloud-init: {text}")),
    }
}
