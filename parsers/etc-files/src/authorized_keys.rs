//! sshd(8), «AUTHORIZED_KEYS FILE FORMAT»: one key per line, preceded by options.
//!
//! The rules are those of upstream's reader and writer, because the bytes of users' files depend on them.

use crate::bytes;
use crate::document::python_lines;

/// The key types that identify a key. The three short ones are from old releases.
pub const KEY_TYPES: &[&str] = &[
    "rsa",
    "ecdsa",
    "ed25519",
    "ecdsa-sha2-nistp256-cert-v01@openssh.com",
    "ecdsa-sha2-nistp256",
    "ecdsa-sha2-nistp384-cert-v01@openssh.com",
    "ecdsa-sha2-nistp384",
    "ecdsa-sha2-nistp521-cert-v01@openssh.com",
    "ecdsa-sha2-nistp521",
    "sk-ecdsa-sha2-nistp256-cert-v01@openssh.com",
    "sk-ecdsa-sha2-nistp256@openssh.com",
    "sk-ssh-ed25519-cert-v01@openssh.com",
    "sk-ssh-ed25519@openssh.com",
    "ssh-ed25519-cert-v01@openssh.com",
    "ssh-ed25519",
    "ssh-rsa-cert-v01@openssh.com",
    "ssh-rsa",
    "ssh-xmss-cert-v01@openssh.com",
    "ssh-xmss@openssh.com",
];

/// A line: a key, or just its text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeyLine {
    source: String,
    /// The key; `None` for comments, blank lines and invalid keys.
    pub key: Option<Key>,
}

/// A public key with its options.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Key {
    /// The options as written, or the ones requested instead; empty if there are none.
    pub options: String,
    /// One of [`KEY_TYPES`].
    pub kind: String,
    /// The key itself, in base64.
    pub base64: String,
    /// The rest of the line; may be empty.
    pub comment: String,
}

impl KeyLine {
    /// Parses a line. `options`, if not empty, replace the line's own.
    pub fn parse(line: &str, options: &str) -> Self {
        let source = line.to_owned();
        let content = line.trim_end_matches(['\r', '\n']);
        if content.starts_with('#') || strip(content).is_empty() {
            return Self { source, key: None };
        }
        let entry = strip(content);
        let (own, fields) = match key_fields(entry) {
            Some(fields) => ("", Some(fields)),
            None => {
                let (own, rest) = split_options(entry);
                (own, key_fields(rest))
            }
        };
        let options = if options.is_empty() { own } else { options };
        let key = fields.map(|(kind, base64, comment)| Key {
            options: options.to_owned(),
            kind: kind.to_owned(),
            base64: base64.to_owned(),
            comment: comment.to_owned(),
        });
        Self { source, key }
    }

    /// The line: its fields separated by single blanks for a key, else unchanged.
    pub fn write(&self) -> String {
        let Some(key) = &self.key else { return self.source.clone() };
        let fields = [&key.options, &key.kind, &key.base64, &key.comment];
        fields.into_iter().filter(|field| !field.is_empty()).map(String::as_str).collect::<Vec<_>>().join(" ")
    }
}

impl Key {
    /// The options, each with its value if any, without quotes.
    pub fn option_list(&self) -> Vec<(String, Option<String>)> {
        let (mut list, mut current, mut quoted) = (Vec::new(), String::new(), false);
        let mut chars = self.options.chars().peekable();
        while let Some(c) = chars.next() {
            match c {
                '\\' if chars.peek() == Some(&'"') => {
                    chars.next();
                    current.push_str("\\\"");
                }
                '"' => {
                    quoted = !quoted;
                    current.push(c);
                }
                ',' if !quoted => list.push(std::mem::take(&mut current)),
                _ => current.push(c),
            }
        }
        list.push(current);
        list.into_iter().filter(|option| !option.is_empty()).map(|option| named_option(&option)).collect()
    }
}

fn named_option(option: &str) -> (String, Option<String>) {
    match option.split_once('=') {
        Some((name, value)) => {
            let inner = value.strip_prefix('"').and_then(|value| value.strip_suffix('"')).unwrap_or(value);
            (name.to_owned(), Some(inner.replace("\\\"", "\"")))
        }
        None => (option.to_owned(), None),
    }
}

/// An authorized_keys file.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct AuthorizedKeys {
    text: String,
    lines: Vec<KeyLine>,
}

impl AuthorizedKeys {
    /// Reads a file.
    pub fn parse(bytes: &[u8]) -> Self {
        let text = bytes::decode(bytes);
        let lines = python_lines(&text).into_iter().map(|line| KeyLine::parse(line, "")).collect();
        Self { text, lines }
    }

    /// The file as it was read.
    pub fn write(&self) -> Vec<u8> {
        bytes::encode(&self.text)
    }

    /// Its lines.
    pub fn lines(&self) -> &[KeyLine] {
        &self.lines
    }

    /// Its keys.
    pub fn keys(&self) -> impl Iterator<Item = &Key> {
        self.lines.iter().filter_map(|line| line.key.as_ref())
    }

    /// Adds keys: an existing one (by its base64) is replaced, others are appended. Lines with keys are
    /// rewritten, all others are kept.
    pub fn update(&mut self, keys: &[KeyLine]) {
        let mut to_add: Vec<bool> = keys.iter().map(|line| line.key.is_some()).collect();
        for line in &mut self.lines {
            let Some(old) = line.key.as_ref().map(|key| key.base64.clone()) else { continue };
            for (new, add) in keys.iter().zip(&mut to_add) {
                if new.key.as_ref().is_some_and(|key| key.base64 == old) {
                    *line = new.clone();
                    *add = false;
                }
            }
        }
        self.lines.extend(keys.iter().zip(to_add).filter(|(_, add)| *add).map(|(line, _)| line.clone()));
        self.text = self.lines.iter().map(|line| line.write() + "\n").collect();
    }
}

/// Type, key and comment, if the text starts with a known type followed by a key.
fn key_fields(text: &str) -> Option<(&str, &str, &str)> {
    let (kind, rest) = word(text)?;
    let (base64, comment) = word(rest)?;
    KEY_TYPES.contains(&kind).then_some((kind, base64, comment))
}

/// The first word, and the rest without the white space between them.
fn word(text: &str) -> Option<(&str, &str)> {
    let text = text.trim_start_matches(is_space);
    let end = text.find(is_space).unwrap_or(text.len());
    (end > 0).then(|| (&text[..end], text[end..].trim_start_matches(is_space)))
}

/// The options end at the first blank or tab outside double quotes; `\"` is not a quote.
fn split_options(text: &str) -> (&str, &str) {
    let (mut quoted, mut escaped) = (false, false);
    let mut chars = text.char_indices().peekable();
    while let Some((at, c)) = chars.next() {
        if escaped {
            escaped = false;
            continue;
        }
        if !quoted && matches!(c, ' ' | '\t') {
            return (&text[..at], text[at..].trim_start_matches(is_space));
        }
        match c {
            '\\' => escaped = chars.peek().is_some_and(|(_, next)| *next == '"'),
            '"' => quoted = !quoted,
            _ => {}
        }
    }
    (text, "")
}

/// Unlike Rust, Python counts ASCII's four separators as white space.
fn is_space(c: char) -> bool {
    c.is_whitespace() || matches!(c, '\x1c'..='\x1f')
}

fn strip(text: &str) -> &str {
    text.trim_matches(is_space)
}
