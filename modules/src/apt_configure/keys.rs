//! Keys that sign repositories.

use std::cell::Cell;
use std::path::{Path, PathBuf};
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use model::effects::{Attributes, Command};
use model::module::Report;
use model::{Context, ModuleError, Node, Origin};

use super::{Apt, path_text, place};
use crate::lenient::Text;

/// Keys that apt trusts for every repository.
const TRUSTED: &str = "/etc/apt/trusted.gpg.d";
/// Keys for repositories that name them with `signed-by`.
const NAMED: &str = "/etc/apt/cloud-init.gpg.d";
const KEY_SERVER: &str = "keyserver.ubuntu.com";
/// What apt reads in place of a key that could not be stored.
const NO_KEY: &str = "/dev/null";
/// The pauses between attempts to reach a key server.
const PAUSES: &[Duration] = &[Duration::from_secs(1), Duration::from_secs(1)];

/// A key as written: itself, or its ID.
#[derive(Clone, Copy)]
pub(super) struct Written<'a> {
    pub(super) key: Option<&'a Text>,
    pub(super) id: Option<&'a Text>,
    pub(super) server: Option<&'a Text>,
    pub(super) origin: &'a Origin,
}

/// Stores keys, with a key ring of gpg's for the time of this module.
pub(super) struct Keys<'a> {
    context: &'a Context<'a>,
    home: PathBuf,
    used: Cell<bool>,
}

impl<'a> Keys<'a> {
    pub(super) fn new(context: &'a Context<'a>) -> Self {
        Self { context, home: context.paths.run("tmp/gnupg"), used: Cell::new(false) }
    }

    /// Ends the daemons that gpg has started, and removes the key ring.
    pub(super) fn close(&self, report: &mut Report) {
        if !self.used.get() {
            return;
        }
        let kill = Command::line(["gpgconf", "--kill", "all"]).env("GNUPGHOME", path_text(&self.home));
        if self.context.system.commands.which("gpgconf").is_some()
            && let Err(error) = self.context.system.commands.run(&kill)
        {
            report.warn(None, format!("Failed to clean up gpg process: {error}"));
        }
        if let Err(error) = self.context.system.files.remove(&self.home) {
            report.warn(None, format!("Failed to clean up gpg process: {error}"));
        }
    }

    fn gpg(&self, words: &[&str]) -> Result<Command, ModuleError> {
        if !self.used.replace(true) {
            self.context.system.files.create_dir(&self.home, Some(0o700))?;
        }
        Ok(Command::line(["gpg"].iter().chain(words).copied()).env("GNUPGHOME", path_text(&self.home)))
    }

    /// Stores a key in the file of that name; returns its path, or `None` without a key.
    pub(super) fn add(
        &self,
        written: Written<'_>,
        name: &str,
        named: bool,
        report: &mut Report,
    ) -> Result<Option<String>, ModuleError> {
        let key = match (written.key, written.id) {
            (Some(key), _) => key.0.clone(),
            (None, Some(id)) => {
                let server = written.server.map_or(KEY_SERVER, |server| server.0.as_str());
                self.fetch(&id.0, server, written.origin, report)?
            }
            (None, None) => return Ok(None),
        };
        if name.is_empty() {
            report.warn(Some(written.origin), "filename is empty: failed to add the key");
            return Ok(Some(NO_KEY.to_owned()));
        }
        let bytes = match dearmored(&key) {
            Some(bytes) => bytes,
            None => {
                let command = self.gpg(&["--dearmor"])?.stdin(key.into_bytes());
                match self.context.system.commands.run(&command) {
                    Ok(output) => output.stdout,
                    Err(error) => {
                        report.warn(Some(written.origin), format!("Gpg error, failed to add key: {error}"));
                        return Ok(Some(NO_KEY.to_owned()));
                    }
                }
            }
        };
        let name = Path::new(name).file_stem().unwrap_or_default().to_string_lossy();
        let path = Path::new(if named { NAMED } else { TRUSTED }).join(format!("{name}.gpg"));
        self.context.system.files.write(&path, &bytes, &Attributes::mode(0o644))?;
        Ok(Some(path_text(&path)))
    }

    /// A key of a key server, in ASCII armor.
    fn fetch(&self, id: &str, server: &str, origin: &Origin, report: &mut Report) -> Result<String, ModuleError> {
        let commands = &self.context.system.commands;
        let export = self.gpg(&["--export", "--armour", id])?;
        let exported = || match commands.run(&export) {
            Ok(output) => output.text(),
            Err(error) => {
                tracing::debug!("Failed to export armoured key \"{id}\": {error}");
                String::new()
            }
        };
        let known = exported();
        if !known.is_empty() {
            return Ok(known);
        }
        let received = self.receive(id, server);
        let key = if received.is_ok() { exported() } else { String::new() };
        if let Err(error) = commands.run(&self.gpg(&["--batch", "--yes", "--delete-keys", id])?) {
            tracing::warn!("Failed delete key \"{id}\": {error}");
        }
        let invalid = |message: String| ModuleError::Invalid { origin: origin.clone(), message };
        received.map_err(|error| {
            let tries = PAUSES.len() + 1;
            invalid(format!("Failed to import key '{id}' from keyserver '{server}' after {tries} tries: {error}"))
        })?;
        if !key.is_empty() {
            return Ok(key);
        }
        if self.context.system.journal.note("keys are fetched from their key server when the machine boots") {
            return Ok(key);
        }
        report.warn(Some(origin), format!("keyserver '{server}' has no key '{id}'"));
        Err(invalid(format!("Failed to obtain gpg key {id}")))
    }

    /// Imports a key. Key servers are unreliable.
    fn receive(&self, id: &str, server: &str) -> Result<(), ModuleError> {
        let server = format!("--keyserver={server}");
        let command = self.gpg(&["--no-tty", &server, "--recv-keys", id])?;
        for pause in PAUSES {
            match self.context.system.commands.run(&command) {
                Ok(_) => return Ok(()),
                Err(error) => tracing::debug!("Import failed, will try again in {} s: {error}", pause.as_secs()),
            }
            self.context.system.clock.sleep(*pause);
        }
        self.context.system.commands.run(&command)?;
        Ok(())
    }
}

/// Stores the keys of mirrors; returns the files by their names in templates.
pub(super) fn of_mirrors(
    apt: &Apt,
    keys: &Keys<'_>,
    node: &Node,
    report: &mut Report,
) -> Result<Vec<(&'static str, String)>, ModuleError> {
    let mut found = Vec::new();
    for (name, variable, mirrors) in
        [("primary", "primary_key", &apt.primary), ("security", "security_key", &apt.security)]
    {
        let places = node.get(name).and_then(Node::as_list).unwrap_or_default();
        for (index, mirror) in mirrors.iter().flat_map(|mirrors| &mirrors.0).enumerate() {
            let written = Written {
                key: mirror.key.as_ref(),
                id: mirror.keyid.as_ref(),
                server: mirror.keyserver.as_ref(),
                origin: places.get(index).map_or_else(|| place(node, &[name]), |item| &item.origin),
            };
            found.extend(keys.add(written, name, false, report)?.map(|path| (variable, path)));
        }
    }
    Ok(found)
}

const BEGIN: &str = "-----BEGIN PGP PUBLIC KEY BLOCK-----";
const END: &str = "-----END PGP PUBLIC KEY BLOCK-----";

/// The content of a key in ASCII armor (RFC 9580, section 6.2). `None` for anything unusual, which gpg may understand.
pub(super) fn dearmored(key: &str) -> Option<Vec<u8>> {
    let mut lines = key.lines().map(str::trim_end).skip_while(|line| *line != BEGIN);
    lines.next()?;
    let headers = lines.by_ref().take_while(|line| !line.is_empty());
    if !headers.into_iter().all(|line| line.contains(": ") || line.ends_with(':')) {
        return None;
    }
    let (mut text, mut checksum) = (String::new(), None);
    loop {
        match lines.next()? {
            END => break,
            line => match line.strip_prefix('=') {
                Some(sum) => checksum = Some(STANDARD.decode(sum).ok()?),
                None if checksum.is_none() => text.push_str(line),
                None => return None,
            },
        }
    }
    if lines.any(|line| line.starts_with("-----")) {
        return None;
    }
    let bytes = STANDARD.decode(text).ok().filter(|bytes| !bytes.is_empty())?;
    match checksum {
        Some(sum) if sum != crc24(&bytes) => None,
        _ => Some(bytes),
    }
}

/// The checksum of ASCII armor (RFC 9580, section 6.1.1).
fn crc24(bytes: &[u8]) -> [u8; 3] {
    let mut crc: u32 = 0x00B7_04CE;
    for byte in bytes {
        crc ^= u32::from(*byte) << 16;
        for _ in 0..8 {
            crc <<= 1;
            if crc & 0x0100_0000 != 0 {
                crc ^= 0x0186_4CFB;
            }
        }
    }
    let [_, a, b, c] = crc.to_be_bytes();
    [a, b, c]
}

#[cfg(test)]
mod tests {
    use super::*;

    /// `printf abc | gpg --enarmor`, with the marks of a key: its checksum is gpg's.
    #[test]
    fn armor_is_removed_as_gpg_does() {
        let key = |body: &str| format!("{BEGIN}\nComment: x\n\n{body}\n{END}\n");
        assert_eq!(dearmored(&key("YWJj\n=uhx7")), Some(b"abc".to_vec()));
        assert_eq!(dearmored(&key("YWJj")), Some(b"abc".to_vec()));
        assert_eq!(dearmored(&key("YWJj\n=AAAA")), None);
        assert_eq!(dearmored(&key("YW!j")), None);
        assert_eq!(dearmored(&key("YWJj").replace("\n\n", "\n")), None);
        assert_eq!(dearmored(&key("YWJj").repeat(2)), None);
        assert_eq!(dearmored("a key"), None);
        assert_eq!(dearmored(BEGIN), None);
    }
}
