//! Prints the fingerprints of authorized keys to the console.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use etc_files::authorized_keys::{AuthorizedKeys, Key};
use md5::Md5;
use model::module::{Described, Listed, Report};
use model::{Context, Frequency, Module, ModuleError, Stage};
use schemars::JsonSchema;
use serde::Deserialize;
use sha2::{Digest as _, Sha256, Sha384, Sha512};

use crate::accounts::Accounts;
use crate::lenient::{Flag, Text};
use crate::{authorized_keys, console};

/// Prints a table for each user.
pub struct SshAuthkeyFingerprints;

/// Whether the fingerprints of users' authorized keys are printed to the console, and the hash to use.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(default)]
pub struct Config {
    /// Do not print fingerprints. Default: false.
    #[schemars(extend("default" = false))]
    pub no_ssh_fingerprints: Flag,
    /// The hash: sha256, sha384, sha512 or md5. Default: sha256.
    #[schemars(extend("default" = "sha256"))]
    pub authkey_hash: Option<Text>,
}

const PREFIX: &str = "ci-info: ";

impl Described for SshAuthkeyFingerprints {
    const NAME: &'static str = "ssh_authkey_fingerprints";
    const STAGE: Stage = Stage::Final;
    const FREQUENCY: Frequency = Frequency::Instance;
    const KEYS: &'static [&'static str] = &[];
    const LISTED: Listed = Listed::Everywhere;
    const TITLE: &'static str = "SSH authkey fingerprints";
    const SUMMARY: &'static str = "Prints the fingerprints of users' authorized keys to the console.";
    type Config = Config;
}

impl Module for SshAuthkeyFingerprints {
    fn run(&self, context: &Context<'_>, config: Config, report: &mut Report) -> Result<(), ModuleError> {
        if config.no_ssh_fingerprints.0 {
            report.skip("logging of SSH fingerprints disabled");
            return Ok(());
        }
        let hash = config.authkey_hash.map_or_else(|| "sha256".to_owned(), |hash| hash.0);
        // users_groups reports anomalies of users.
        let accounts = Accounts::read(context, &mut Report::default())?;
        for user in &accounts.users {
            if user.spec.no_create_home || user.spec.system {
                continue;
            }
            let name = &user.spec.name;
            let path = authorized_keys::file(context, &authorized_keys::account(context, name)?)?;
            let bytes = context.system.files.read_optional(&path)?.unwrap_or_default();
            let keys = AuthorizedKeys::parse(&bytes);
            let text = if keys.lines().is_empty() {
                format!("{PREFIX}no authorized SSH keys fingerprints found for user {name}.\n")
            } else {
                table(&format!("Authorized keys from {} for user {name}", path.display()), &hash, keys.keys())
            };
            if !console::write(context.system, &text, false) {
                context.system.environment.tell(&text);
            }
        }
        Ok(())
    }
}

/// The table with its title between plus signs; log readers look for the prefix of each line.
fn table<'k>(title: &str, hash: &str, keys: impl Iterator<Item = &'k Key>) -> String {
    let or_dash = |text: &str| if text.is_empty() { "-".to_owned() } else { text.to_owned() };
    let head =
        ["Keytype".to_owned(), format!("Fingerprint ({hash})"), "Options".to_owned(), "Comment".to_owned()];
    let row = |key: &Key| {
        [or_dash(&key.kind), fingerprint(&key.base64, hash), or_dash(&key.options), or_dash(&key.comment)]
    };
    let rows: Vec<[String; 4]> = std::iter::once(head).chain(keys.map(row)).collect();
    let width = |column: usize| rows.iter().map(|row| row[column].chars().count()).max().unwrap_or(0) + 2;
    let widths = [0, 1, 2, 3].map(width);
    let rule = format!("+{}+", widths.map(|width| "-".repeat(width)).join("+"));
    let cells = |row: &[String; 4]| {
        let cells: Vec<String> = row.iter().zip(widths).map(|(cell, width)| centred(cell, width)).collect();
        format!("|{}|", cells.join("|"))
    };
    let title_pad = rule.len().saturating_sub(title.chars().count());
    let left = title_pad / 2;
    let mut lines =
        vec![format!("{}{title}{}", "+".repeat(left), "+".repeat(title_pad - left)), rule.clone()];
    lines.push(cells(&rows[0]));
    lines.push(rule.clone());
    lines.extend(rows[1..].iter().map(cells));
    lines.push(rule);
    format!("{PREFIX}{}\n", lines.join(&format!("\n{PREFIX}")))
}

/// Like Python's `str.center`: an odd rest goes to the left if the width is odd, else to the right.
fn centred(text: &str, width: usize) -> String {
    let pad = width.saturating_sub(text.chars().count());
    let left = pad / 2 + (pad & width & 1);
    format!("{}{text}{}", " ".repeat(left), " ".repeat(pad - left))
}

/// Hexadecimal with colons; `?` for an unknown hash or a key that is not valid base64.
fn fingerprint(base64: &str, hash: &str) -> String {
    let Ok(key) = STANDARD.decode(base64) else { return "?".to_owned() };
    let digest: Vec<u8> = match hash.to_lowercase().replace('-', "").as_str() {
        "sha256" => Sha256::digest(key).to_vec(),
        "sha384" => Sha384::digest(key).to_vec(),
        "sha512" => Sha512::digest(key).to_vec(),
        "md5" => {
            use md5::Digest as _;
            Md5::digest(key).to_vec()
        }
        _ => return "?".to_owned(),
    };
    digest.iter().map(|byte| format!("{byte:02x}")).collect::<Vec<_>>().join(":")
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Expectations: `printf hello | sha256sum`, and the other sums; Python's `'ab'.center(5)` and `'abc'.center(6)`.
    #[test]
    fn fingerprints_and_centring() {
        for (hash, start, length) in [
            ("sha256", "2c:f2:4d:ba:5f:b0:a3:0e:", 32),
            ("SHA-256", "2c:f2:4d:ba:5f:b0:a3:0e:", 32),
            ("sha384", "59:e1:74:87:77:44:8c:69:", 48),
            ("sha512", "9b:71:d2:24:bd:62:f3:78:", 64),
        ] {
            let shown = fingerprint("aGVsbG8=", hash);
            assert!(shown.starts_with(start), "{hash} {shown}");
            assert_eq!(shown.len(), length * 3 - 1, "{hash}");
        }
        assert_eq!(fingerprint("aGVs!G8=", "sha256"), "?");
        assert_eq!(fingerprint("aGVsbG8=", "md5"), "5d:41:40:2a:bc:4b:2a:76:b9:71:9d:91:10:17:c5:92");
        assert_eq!(fingerprint("aGVsbG8=", "crc"), "?");
        assert_eq!(centred("ab", 5), "  ab ");
        assert_eq!(centred("abc", 6), " abc  ");
        assert_eq!(centred("abc", 3), "abc");
        assert_eq!(centred("abc", 2), "abc");
    }
}
