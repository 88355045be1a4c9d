//! `write_files`: writes files early in the boot or, with `defer`, after users and packages have been set up.

use std::path::{Component, Path, PathBuf};
use std::time::Duration;

use base64::Engine as _;
use base64::alphabet::STANDARD;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use indexmap::IndexMap;
use model::distro::Init;
use model::effects::{Attributes, Owner, Reading, Request};
use model::gzip::gunzip;
use model::module::{Described, Listed, Report};
use model::{Context, DistroError, Frequency, Module, ModuleError, Node, Origin, Secret, Spanned, Value, Stage};
use schemars::JsonSchema;
use serde::Deserialize;

use crate::lenient::{Flag, Text};

/// The maximum size of an entry's content in bytes, decompressed or in a file.
const MAX_UNPACKED: u64 = 1 << 30;

/// Writes the files that are not deferred.
pub struct WriteFiles;

/// Files to write, before users and packages are set up or, if deferred, afterwards.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(default)]
pub struct Config {
    /// The files, in order.
    #[schemars(extend("minItems" = 1))]
    pub write_files: Option<Vec<Spanned<Entry>>>,
}

/// A file.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(default)]
#[schemars(inline, deny_unknown_fields, extend("required" = ["path"]))]
pub struct Entry {
    /// The path. Missing directories are created with the same owner.
    pub path: Option<Text>,
    /// The content: text or `!!binary`. Default: empty.
    #[schemars(with = "Secret<Text>", extend("default" = ""))]
    pub content: Option<Secret<Node>>,
    /// Where to fetch the content; `content` is the fallback.
    pub source: Option<Source>,
    /// The owner as `USER:GROUP`. Default: root:root; root:wheel on the BSDs.
    #[schemars(extend("default" = "root:root"))]
    pub owner: Option<Spanned<Text>>,
    /// The permissions: octal digits in a string, such as '0644'; a number is used unchanged. Default: '0644'.
    #[schemars(with = "Text", extend("default" = "0644"))]
    pub permissions: Option<Node>,
    /// The encoding of `content`: text/plain, b64, base64, gz, gzip, gz+b64, gz+base64, gzip+b64, gzip+base64. Default:
    /// text/plain.
    #[schemars(extend("default" = "text/plain", "enum" = ENCODINGS))]
    pub encoding: Option<Text>,
    /// Append to an existing file. Default: false.
    #[schemars(extend("default" = false))]
    pub append: Flag,
    /// Write in the final stage, after users and packages have been set up. Default: false.
    #[schemars(extend("default" = false))]
    pub defer: Flag,
}

/// The values of `encoding`.
const ENCODINGS: &[&str] =
    &["gz", "gzip", "gz+base64", "gzip+base64", "gz+b64", "gzip+b64", "b64", "base64", "text/plain"];

/// `source` of a file.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(default)]
#[schemars(inline, deny_unknown_fields, extend("required" = ["uri"]))]
pub struct Source {
    /// An http, https or file URL, or a path.
    #[schemars(extend("format" = "uri"))]
    pub uri: Option<Text>,
    /// HTTP headers of the request.
    pub headers: Option<IndexMap<String, Secret<Text>>>,
}

impl Described for WriteFiles {
    const NAME: &'static str = "write_files";
    const STAGE: Stage = Stage::Network;
    const FREQUENCY: Frequency = Frequency::Instance;
    const KEYS: &'static [&'static str] = &["write_files"];
    const LISTED: Listed = Listed::Everywhere;
    const TITLE: &'static str = "Files";
    const SUMMARY: &'static str = "Writes files with the given content, owner and mode.";
    const DETAILS: &'static str = "It runs before users are created, so a file owned by a new user, or below a new home directory, needs `defer: true`. Missing directories are created.";
    type Config = Config;
}

impl Module for WriteFiles {
    fn run(&self, context: &Context<'_>, config: Config, report: &mut Report) -> Result<(), ModuleError> {
        write_all(context, &config, false, report)
    }
}

/// Writes the entries with or without `defer`.
pub(crate) fn write_all(
    context: &Context<'_>,
    config: &Config,
    deferred: bool,
    report: &mut Report,
) -> Result<(), ModuleError> {
    let mut entries =
        config.write_files.iter().flatten().filter(|entry| entry.value.defer.0 == deferred).peekable();
    if entries.peek().is_none() {
        report.skip("write_files has no such files");
        return Ok(());
    }
    for entry in entries {
        let Some(path) = entry.value.path.as_ref().filter(|path| !path.0.is_empty()) else {
            report.warn(Some(&entry.origin), "the file has no path: not writing it");
            continue;
        };
        let Some(content) = content(context, entry, report)? else {
            report
                .warn(Some(&entry.origin), format!("no content for {}: not writing it", path.0));
            continue;
        };
        write(context, &normal(&path.0), &content, entry, report)?;
    }
    Ok(())
}

/// Makes a path absolute, without `.` and `..`; a relative one is below `/`.
fn normal(path: &str) -> PathBuf {
    let mut whole = PathBuf::from("/");
    for part in Path::new(path).components() {
        match part {
            Component::Normal(name) => whole.push(name),
            Component::ParentDir => _ = whole.pop(),
            Component::RootDir | Component::CurDir | Component::Prefix(_) => {}
        }
    }
    whole
}

fn write(
    context: &Context<'_>,
    path: &Path,
    content: &[u8],
    entry: &Spanned<Entry>,
    report: &mut Report,
) -> Result<(), ModuleError> {
    let files = &context.system.files;
    let mode = mode(entry.value.permissions.as_ref(), report);
    // The BSDs have no group of root's name.
    let usual = if context.distro.services().init() == Init::Bsd { "root:wheel" } else { "root:root" };
    let wanted = owner(context, entry.value.owner.as_ref().map_or(usual, |owner| owner.value.0.as_str()));
    // Like upstream, a missing owner fails the module; the file is still written, unless its directory, which would be
    // the owner's, had to be created.
    let owner = wanted.as_ref().map_or_else(|_| Owner::default(), |owner| *owner);
    let parent = path.parent().filter(|parent| !files.exists(parent));
    if let Some(parent) = parent {
        files.create_dir_owned(parent, None, owner)?;
    }
    let settled = match wanted {
        Err(error) if !may_come(context, &entry.value, &error) => Err(ModuleError::Invalid {
            origin: entry.origin.clone(),
            message: format!("cannot set the owner of {}: {error}", path.display()),
        }),
        _ => Ok(()),
    };
    if parent.is_some() && settled.is_err() {
        return settled;
    }
    // Plans and logs do not show what only the owner can read.
    let secret = mode.trailing_zeros() >= 6;
    let attributes = Attributes { mode: Some(mode), owner, secret, ..Attributes::default() };
    if entry.value.append.0 && files.exists(path) {
        files.append_with(path, content, &attributes)?;
    } else {
        files.write(path, content, &attributes)?;
    }
    context.distro.ssh().restore_context(path)?;
    settled
}

/// Whether a package may create the missing owner, which a plan cannot know: it adds a note then.
fn may_come(context: &Context<'_>, entry: &Entry, error: &DistroError) -> bool {
    let (DistroError::NoOwner { name, .. }, Some(owner)) = (error, &entry.owner) else { return false };
    let note = format!(
        "{}: owner '{name}' is not in the image; a package of this plan may bring it",
        owner.origin
    );
    // Packages are installed before deferred files are written, and after all others.
    entry.defer.0
        && context.config.get("packages").is_some_and(Node::is_truthy)
        && context.system.journal.note(&note)
}

/// `USER:GROUP`; a part that is empty, -1 or none is left unchanged.
fn owner(context: &Context<'_>, text: &str) -> Result<Owner, DistroError> {
    let half = |text: &str| {
        let text = text.trim();
        if text == "-1" || text.eq_ignore_ascii_case("none") { String::new() } else { text.to_owned() }
    };
    let (user, group) = text.split_once(':').unwrap_or((text, ""));
    match (half(user), half(group)) {
        (user, group) if user.is_empty() && group.is_empty() => Ok(Owner::default()),
        (user, group) if group.is_empty() => {
            // `user` alone leaves the group unchanged, unlike chown on some distributions.
            context.distro.users().owner(&user).map(|owner| Owner { gid: None, ..owner })
        }
        (user, group) => context.distro.users().owner(&format!("{user}:{group}")),
    }
}

fn mode(permissions: Option<&Node>, report: &mut Report) -> u32 {
    const DEFAULT: u32 = 0o644;
    let Some(node) = permissions else { return DEFAULT };
    let read = match &node.value {
        Value::Int(number) => u32::try_from(*number).ok(),
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a cast saturates, and what is no mode is refused below")]
        Value::Float(number) if *number >= 0.0 => Some(*number as u32),
        _ => node.scalar_text().and_then(|text| {
            let text = text.trim().replace('_', "").to_ascii_lowercase();
            u32::from_str_radix(text.strip_prefix("0o").unwrap_or(&text), 8).ok()
        }),
    };
    read.filter(|mode| *mode <= 0o7777).unwrap_or_else(|| {
        let shown = node.scalar_text().unwrap_or_else(|| node.value.kind().to_owned());
        report.warn(Some(&node.origin), format!("permissions '{shown}' are not octal digits: using 0644"));
        DEFAULT
    })
}

/// The content; `None` if fetching failed and there is no fallback.
fn content(
    context: &Context<'_>,
    entry: &Spanned<Entry>,
    report: &mut Report,
) -> Result<Option<Vec<u8>>, ModuleError> {
    let source = entry.value.source.as_ref();
    let uri = source
        .and_then(|source| source.uri.as_ref())
        .map(|uri| uri.0.trim_start())
        .filter(|uri| !uri.is_empty());
    if let (Some(uri), Some(source)) = (uri, source) {
        match fetch(context, uri, source) {
            Ok(bytes) => return Ok(Some(bytes)),
            Err(error) => {
                let message = format!(
                    "cannot fetch the source: {error}; falling back to the entry's content"
                );
                report.warn(Some(&entry.origin), message);
            }
        }
    }
    match &entry.value.content {
        Some(content) => {
            decode(content.expose(), entry.value.encoding.as_ref(), &entry.origin, report).map(Some)
        }
        None if uri.is_some() => Ok(None),
        None => Ok(Some(Vec::new())),
    }
}

fn fetch(context: &Context<'_>, uri: &str, source: &Source) -> Result<Vec<u8>, ModuleError> {
    if let Some(path) = uri.strip_prefix("file://").or_else(|| uri.starts_with('/').then_some(uri)) {
        return Ok(context.system.files.read_with(Path::new(path), &Reading::up_to(MAX_UNPACKED))?);
    }
    let mut request = Request::get(uri).public().retries(3);
    request.backoff = Duration::from_secs(3);
    for (name, value) in source.headers.iter().flatten() {
        request = request.header(name, value.expose().0.clone());
    }
    Ok(context.system.http.send(&request)?.body)
}

fn decode(
    content: &Node,
    encoding: Option<&Text>,
    origin: &Origin,
    report: &mut Report,
) -> Result<Vec<u8>, ModuleError> {
    let invalid = |message: String| ModuleError::Invalid { origin: origin.clone(), message };
    let bytes = match &content.value {
        Value::Binary(bytes) => bytes.clone(),
        other => {
            let kind = other.kind();
            content
                .scalar_text()
                .ok_or_else(|| invalid(format!("content must be text, found {kind}")))?
                .into_bytes()
        }
    };
    let encoding = encoding.map(|text| text.0.trim().to_lowercase()).unwrap_or_default();
    match encoding.as_str() {
        "" | "text/plain" => Ok(bytes),
        "b64" | "base64" => unbase64(&bytes).map_err(invalid),
        "gz" | "gzip" => unpacked(&bytes).map_err(invalid),
        "gz+b64" | "gz+base64" | "gzip+b64" | "gzip+base64" => {
            unbase64(&bytes).and_then(|bytes| unpacked(&bytes)).map_err(invalid)
        }
        other => {
            report.warn(Some(origin), format!("Unknown encoding type {other}, assuming text/plain"));
            Ok(bytes)
        }
    }
}

/// Like Python's `b64decode`: characters outside the alphabet are skipped.
fn unbase64(bytes: &[u8]) -> Result<Vec<u8>, String> {
    let config = GeneralPurposeConfig::new()
        .with_decode_allow_trailing_bits(true)
        .with_decode_padding_mode(DecodePaddingMode::RequireCanonical);
    let letters: Vec<u8> =
        bytes.iter().copied().filter(|byte| byte.is_ascii_alphanumeric() || b"+/=".contains(byte)).collect();
    GeneralPurpose::new(&STANDARD, config)
        .decode(letters)
        .map_err(|error| format!("content is not valid base64: {error}"))
}

fn unpacked(bytes: &[u8]) -> Result<Vec<u8>, String> {
    gunzip(bytes, MAX_UNPACKED).map_err(|error| format!("cannot decompress content: {error}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_are_made_absolute() {
        for (path, expected) in [("/a/../b/./c", "/b/c"), ("x/y", "/x/y"), ("/../..", "/"), ("//a//", "/a")] {
            assert_eq!(normal(path), Path::new(expected));
        }
    }

    #[test]
    fn permissions_are_octal_text_or_a_number() {
        for (yaml, expected, warned) in [
            ("'0600'", 0o600, false),
            ("0600", 0o600, false),
            ("'0o755'", 0o755, false),
            ("755", 755, false),
            ("'9'", 0o644, true),
            ("[1]", 0o644, true),
        ] {
            let node = Node::from_yaml("t", yaml.as_bytes()).expect("valid").expect("there");
            let mut report = Report::default();
            assert_eq!(mode(Some(&node), &mut report), expected, "{yaml}");
            assert_eq!(!report.warnings.is_empty(), warned, "{yaml}");
        }
    }
}
