//! Processes raw user-data into parts for the handlers.
//!
//! The processed form is a MIME message, which upstream stores as `user-data.txt.i`: parts are decompressed, includes
//! fetched and archives split, and every part has a content type and a name.

mod archive;
mod budget;
mod include;
mod launch_index;
mod sniff;
mod systemd;

use std::borrow::Cow;
use std::cell::RefCell;
use std::collections::BTreeMap;

use mime::{Body, Limits, Message};
use model::effects::HttpError;
use model::gzip::{gunzip, is_gzip};
use model::{Paths, System};

use self::budget::{Budget, Requests};
use self::budget::{MAX_PARTS, MAX_TOTAL};

pub use launch_index::filter as filter_launch_index;
pub use sniff::{content_type_of, mistaken_form, needs_network};
pub use systemd::is_for_systemd;

/// The type of text without headers before its content is inspected.
pub(crate) const NOT_MULTIPART: &str = "text/x-not-multipart";
/// Types whose content is inspected regardless.
const SNIFFED: &[&str] = &["text/plain", NOT_MULTIPART, "text/x-shellscript"];
/// Types that are decompressed.
const COMPRESSED: &[&str] = &[
    "application/gzip",
    "application/gzip-compressed",
    "application/gzipped",
    "application/x-compress",
    "application/x-compressed",
    "application/x-gunzip",
    "application/x-gzip",
    "application/x-gzip-compressed",
];
/// The maximum size of a document in bytes, decompressed. Clouds accept at most 256 KiB, compressed or not.
pub(crate) const MAX_DOCUMENT: usize = 3 << 20;
/// The advice for what is too large.
const ADVICE: &str = "fetch large files with write_files (source) or runcmd";
/// The maximum nesting of includes.
const MAX_DEPTH: usize = 16;

/// User-data that cannot be processed; the stage fails, as in upstream.
#[derive(Debug, thiserror::Error)]
pub enum UserDataError {
    /// A compressed part is corrupt.
    #[error("{name}: cannot decompress {length} bytes of {content_type}: {reason}")]
    Compressed {
        /// The part.
        name: String,
        /// Its content type.
        content_type: String,
        /// The size in bytes.
        length: usize,
        /// The reason.
        reason: String,
    },
    /// An include cannot be fetched.
    #[error("cannot include {url}: {reason}")]
    Include {
        /// The URL.
        url: model::effects::Url,
        /// The reason.
        reason: String,
    },
    /// Includes are nested too deeply.
    #[error("{0}: includes are nested more than {MAX_DEPTH} levels deep; an include may refer to itself")]
    Depth(String),
    /// A document is too large.
    #[error("{0}: the document has more than {mib} MiB; {ADVICE}", mib = MAX_DOCUMENT >> 20)]
    Document(String),
    /// All parts together are too large.
    #[error("{0}: the parts have more than {mib} MiB in total; {ADVICE}", mib = MAX_TOTAL >> 20)]
    Total(String),
    /// There are too many parts.
    #[error("{0}: there are more than {MAX_PARTS} parts; send fewer or larger ones")]
    Parts(String),
    /// A cache file cannot be written.
    #[error(transparent)]
    File(#[from] model::effects::FileError),
    /// The request failed.
    #[error(transparent)]
    Http(#[from] HttpError),
    /// The message exceeds the limits.
    #[error("{name}: {reason}")]
    Message {
        /// The name of the data.
        name: String,
        /// The exceeded limit.
        reason: String,
    },
}

/// Processes raw data.
pub struct Processor<'a> {
    /// Effects.
    pub system: &'a System,
    /// The location of the include-once cache.
    pub paths: &'a Paths,
    /// Documents included so far.
    pub included: &'a Included,
}

/// Documents included in this run, by URL: a stage processes its data twice, to store and to consume it, and both must
/// see the same.
#[derive(Default)]
pub struct Included {
    contents: RefCell<BTreeMap<String, Vec<u8>>>,
    requests: Requests,
}

impl Processor<'_> {
    /// Splits all pieces into a single multipart message.
    pub fn process(&self, name: &str, pieces: &[&[u8]]) -> Result<Message, UserDataError> {
        let mut random = [0_u8; 8];
        self.system.environment.random(&mut random);
        let boundary = mime::boundary_of(u64::from_le_bytes(random));
        let mut whole =
            Message::multipart("mixed", &boundary).map_err(|error| message_error(name, &error))?;
        let mut budget = Budget::default();
        for piece in pieces {
            let message = read(name, piece, &budget)?;
            self.take_apart(name, message, &mut whole, &mut budget, 0)?;
        }
        Ok(whole)
    }

    fn take_apart(
        &self,
        name: &str,
        message: Message,
        whole: &mut Message,
        budget: &mut Budget,
        depth: usize,
    ) -> Result<(), UserDataError> {
        if depth > MAX_DEPTH {
            return Err(UserDataError::Depth(name.to_owned()));
        }
        let alone = !message.is_multipart();
        // Parts are moved, not copied: they may be large.
        let mut pending = vec![message];
        while let Some(mut message) = pending.pop() {
            let inner = match &mut message.body {
                Body::Multipart { parts, .. } => std::mem::take(parts),
                Body::Leaf(_) => Vec::new(),
            };
            if message.maintype() != "multipart" {
                if !inner.is_empty() {
                    // A message/rfc822 is a part itself, and so is the message in it.
                    message.body = Body::Multipart { preamble: None, parts: inner.clone(), epilogue: None };
                }
                self.take_part(name, message, alone, whole, budget, depth)?;
            }
            pending.extend(inner.into_iter().rev());
        }
        Ok(())
    }

    fn take_part(
        &self,
        name: &str,
        part: Message,
        alone: bool,
        whole: &mut Message,
        budget: &mut Budget,
        depth: usize,
    ) -> Result<(), UserDataError> {
        let declared = part.content_type();
        let shown =
            || part.filename().filter(|filename| !filename.is_empty()).unwrap_or_else(|| name.to_owned());
        let mut payload = payload(&part);
        let compressed = COMPRESSED.contains(&declared.as_str());
        if compressed {
            payload = budget.unpack(&shown(), &declared, &payload)?;
        }
        let known = if compressed { "text/plain" } else { declared.as_str() };
        let sniffed = if SNIFFED.contains(&known) { sniff::content_type_of_part(&payload) } else { None };
        let content_type = sniffed.unwrap_or(known).to_owned();
        match content_type.as_str() {
            "text/x-include-url" | "text/x-include-once-url" => {
                for included in self.fetch_includes(&String::from_utf8_lossy(&payload))? {
                    let shown = model::effects::Url::new(included.url).to_string();
                    let message = read(&shown, &included.content, budget)?;
                    self.take_apart(&shown, message, whole, budget, depth + 1)?;
                }
                return Ok(());
            }
            "text/cloud-config-archive" => {
                for part in archive::parts(name, &payload)? {
                    budget.spend(&shown(), length_of(&part))?;
                    Self::attach(name, whole, part)?;
                }
                return Ok(());
            }
            _ => budget.spend(&shown(), payload.len())?,
        }
        let error = |error: mime::Error| message_error(name, &error);
        let mut attached = if compressed {
            let mut fresh = Message::part(&content_type, payload).map_err(error)?;
            if let Some(filename) = part.filename() {
                fresh.set_filename(&filename).map_err(error)?;
            }
            if let Some(index) = part.headers.text("Launch-Index") {
                fresh.headers.replace("Launch-Index", &index).map_err(error)?;
            }
            fresh
        } else {
            drop(payload);
            part
        };
        // Upstream sets the header of a single-part message again, which moves it after the others.
        if content_type != known || (alone && !compressed) {
            attached.headers.replace("Content-Type", &content_type).map_err(error)?;
        }
        Self::attach(name, whole, attached)
    }

    fn attach(name: &str, whole: &mut Message, mut part: Message) -> Result<(), UserDataError> {
        let number = whole.parts().len() + 1;
        let error = |error: mime::Error| message_error(name, &error);
        if part.filename().is_none_or(|filename| filename.is_empty()) {
            part.set_filename(&format!("part-{number:03}")).map_err(error)?;
        }
        launch_index::note(&mut part).map_err(error)?;
        whole.attach(part);
        whole.headers.replace("Number-Attachments", &number.to_string()).map_err(error)
    }
}

fn message_error(name: &str, error: &mime::Error) -> UserDataError {
    UserDataError::Message { name: name.to_owned(), reason: error.to_string() }
}

/// The content of a part, decoded.
pub(crate) fn payload(part: &Message) -> Vec<u8> {
    part.decoded().map(|decoded| decoded.bytes).unwrap_or_default()
}

/// The size of a part's content, still encoded.
fn length_of(part: &Message) -> usize {
    match &part.body {
        Body::Leaf(bytes) => bytes.len(),
        Body::Multipart { .. } => 0,
    }
}

/// Decompresses gzip; everything else is returned unchanged.
pub fn maybe_gunzip(bytes: &[u8]) -> Vec<u8> {
    let plain = is_gzip(bytes).then(|| gunzip(bytes, MAX_DOCUMENT as u64).ok()).flatten();
    plain.unwrap_or_else(|| bytes.to_vec())
}

/// Parses raw data: MIME if its head contains MIME-Version, else a single part of unknown type.
fn read(name: &str, bytes: &[u8], budget: &Budget) -> Result<Message, UserDataError> {
    let bytes = if is_gzip(bytes) {
        match budget.unpack(name, "application/gzip", bytes) {
            Ok(plain) => Cow::Owned(plain),
            // Like upstream, damaged data is passed on as it is.
            Err(UserDataError::Compressed { .. }) => Cow::Borrowed(bytes),
            Err(error) => return Err(error),
        }
    } else {
        Cow::Borrowed(bytes)
    };
    if bytes.len() > MAX_DOCUMENT {
        return Err(UserDataError::Document(name.to_owned()));
    }
    let head = bytes[..bytes.len().min(4096)].to_ascii_lowercase();
    let marked = head.windows(b"mime-version:".len()).any(|window| window == b"mime-version:");
    if marked {
        Message::parse(&bytes, &Limits::default()).map_err(|error| message_error(name, &error))
    } else {
        Message::part(NOT_MULTIPART, bytes).map_err(|error| message_error(name, &error))
    }
}
