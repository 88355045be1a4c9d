//! The keys of LUKS volumes: the kernel keeps that of LUKS2 to itself, so that growing a volume needs it once more.

use std::path::Path;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use model::effects::Command;
use model::{Context, ModuleError, Secret};
use serde::Deserialize;

/// Left by the image's maker; used once, then removed.
const KEY_FILE: &str = "/cc_growpart_keydata";

#[derive(Deserialize)]
struct KeyData {
    /// The passphrase, in base64.
    key: String,
    /// The LUKS slot that it opens.
    slot: serde_json::Value,
}

/// What opens a volume.
pub(super) enum Key {
    /// A passphrase for one use, and its slot.
    Once(Secret<Vec<u8>>, String),
    /// The options of cryptsetup(8) for a key file.
    File(Vec<String>),
    /// A token in the volume's header, such as the TPM's; LUKS1 needs none.
    Token,
}

impl Key {
    /// The command that grows a volume to the size of the device below.
    pub(super) fn resize(self, device: &str) -> Command {
        match self {
            Self::Once(key, _) => {
                Command::line(["cryptsetup", "--key-file", "-", "resize", device]).stdin(key.into_inner())
            }
            Self::File(options) => Command::line(
                ["cryptsetup"].into_iter().chain(options.iter().map(String::as_str)).chain(["resize", device]),
            ),
            Self::Token => Command::line(["cryptsetup", "--token-only", "resize", device]),
        }
    }
}

/// The key of the image's maker; `None` if it is used up or never existed.
pub(super) fn once(context: &Context<'_>) -> Result<Option<Key>, ModuleError> {
    let Some(text) = context.system.files.read_optional(Path::new(KEY_FILE))? else { return Ok(None) };
    let unreadable =
        || ModuleError::Failed(format!("{KEY_FILE} contains no key: the volume may already have been resized"));
    let data: KeyData = serde_json::from_slice(&text).map_err(|_| unreadable())?;
    let key = Secret::new(STANDARD.decode(&data.key).map_err(|_| unreadable())?);
    let slot = data.slot.as_str().map_or_else(|| data.slot.to_string(), str::to_owned);
    Ok(Some(Key::Once(key, slot)))
}

/// Removes the key of the image's maker from the machine: it is for one use, even a failed one.
pub(super) fn remove(context: &Context<'_>, below: &str, slot: &str) -> Result<(), ModuleError> {
    let kill = ["cryptsetup", "luksKillSlot", "--batch-mode", below, slot];
    if let Err(error) = context.system.commands.run(&Command::line(kill)) {
        tracing::warn!("cannot remove the key slot used for resizing: {error}");
    }
    Ok(context.system.files.remove(Path::new(KEY_FILE))?)
}

/// The key with which the machine opens the volume at every boot, by its name in /dev/mapper.
pub(super) fn lasting(context: &Context<'_>, name: &str) -> Key {
    let files = context.system.files.as_ref();
    let table = files.text(Path::new("/etc/crypttab")).unwrap_or_default();
    let entry = table.lines().find_map(|line| entry(line, name)).unwrap_or_default();
    let default = |directory: &str| format!("{directory}/cryptsetup-keys.d/{name}.key");
    let named = entry.file.map_or_else(|| vec![default("/etc"), default("/run")], |file| vec![file]);
    match named.into_iter().find(|path| files.is_file(Path::new(path))) {
        Some(path) => {
            let file = ["--key-file".to_owned(), path];
            Key::File(file.into_iter().chain(entry.options).collect())
        }
        None => Key::Token,
    }
}

/// A line of crypttab(5), as far as it concerns the key.
#[derive(Debug, Default, PartialEq, Eq)]
struct Entry {
    /// `None` if the line leaves it to the default.
    file: Option<String>,
    /// For cryptsetup(8).
    options: Vec<String>,
}

fn entry(line: &str, name: &str) -> Option<Entry> {
    let mut fields = line.split_whitespace();
    fields.next().filter(|first| *first == name)?;
    let file = fields.nth(1).filter(|file| !["none", "-"].contains(file)).map(str::to_owned);
    let options: Vec<&str> = fields.next().unwrap_or_default().split(',').collect();
    // Debian: the field is an argument of this program.
    if options.iter().any(|option| option.starts_with("keyscript=")) {
        return Some(Entry::default());
    }
    let passed = ["keyfile-offset=", "keyfile-size="];
    let options = options.into_iter().filter(|option| passed.iter().any(|start| option.starts_with(start)));
    Some(Entry { file, options: options.map(|option| format!("--{option}")).collect() })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_of_crypttab() {
        let found = |line: &str| entry(line, "data").map(|entry| (entry.file, entry.options.join(" ")));
        let file = |file: &str, options: &str| Some((Some(file.to_owned()), options.to_owned()));
        assert_eq!(found("data UUID=1 /etc/key luks"), file("/etc/key", ""));
        let options = "luks,keyfile-offset=512,keyfile-size=64,nofail";
        assert_eq!(
            found(&format!("data /dev/vdb1\t/k {options}")),
            file("/k", "--keyfile-offset=512 --keyfile-size=64")
        );
        assert_eq!(found("data /dev/vdb1 none luks"), Some((None, String::new())));
        assert_eq!(found("data /dev/vdb1"), Some((None, String::new())));
        assert_eq!(found("data /dev/vdb1 arg luks,keyscript=/bin/x"), Some((None, String::new())));
        assert_eq!(found("# data /dev/vdb1 /k"), None);
        assert_eq!(found("data2 /dev/vdb1 /k"), None);
        assert_eq!(found(""), None);
    }
}
