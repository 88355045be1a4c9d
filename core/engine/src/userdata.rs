//! Processes raw user-data into parts for the handlers.
//!
//! The processed form is a MIME message, which upstream stores as `user-data.txt.i`: parts are decompressed, includes
//! fetched and archives split, and every part has a content type and a name.

mod archive;
mod include;
mod launch_index;
mod sniff;

use std::cell::RefCell;
use std::collections::BTreeMap;

use mime::{Limits, Message};
use model::effects::HttpError;
use model::gzip::{gunzip, is_gzip};
use model::{Paths, System};

pub use launch_index::filter as filter_launch_index;
pub use sniff::{content_type_of, mistaken_form, needs_network};

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
/// The maximum decompressed size. The largest user-data of any cloud is 64 MiB (ConfigDrive).
const MAX_UNPACKED: u64 = 256 << 20;
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
        url: String,
        /// The reason.
        reason: String,
    },
    /// Includes are nested too deeply.
    #[error("{0}: includes are nested more than {MAX_DEPTH} levels deep; an include may refer to itself")]
    Depth(String),
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
pub struct Included(RefCell<BTreeMap<String, Vec<u8>>>);

impl Processor<'_> {
    /// Splits all pieces into a single multipart message.
    pub fn process(&self, name: &str, pieces: &[&[u8]]) -> Result<Message, UserDataError> {
        let mut random = [0_u8; 8];
        self.system.environment.random(&mut random);
        let boundary = mime::boundary_of(u64::from_le_bytes(random));
        let mut whole =
            Message::multipart("mixed", &boundary).map_err(|error| message_error(name, &error))?;
        for piece in pieces {
            let message = read(name, piece)?;
            self.take_apart(name, message, &mut whole, 0)?;
        }
        Ok(whole)
    }

    fn take_apart(
        &self,
        name: &str,
        message: Message,
        whole: &mut Message,
        depth: usize,
    ) -> Result<(), UserDataError> {
        if depth > MAX_DEPTH {
            return Err(UserDataError::Depth(name.to_owned()));
        }
        let alone = !message.is_multipart();
        for part in message.walk() {
            if part.maintype() == "multipart" {
                continue;
            }
            self.take_part(name, part, alone, whole, depth)?;
        }
        Ok(())
    }

    fn take_part(
        &self,
        name: &str,
        part: &Message,
        alone: bool,
        whole: &mut Message,
        depth: usize,
    ) -> Result<(), UserDataError> {
        let declared = part.content_type();
        let mut payload = payload(part);
        let compressed = COMPRESSED.contains(&declared.as_str());
        if compressed {
            payload = gunzip(&payload, MAX_UNPACKED).map_err(|error| UserDataError::Compressed {
                name: part.filename().unwrap_or_else(|| name.to_owned()),
                content_type: declared.clone(),
                length: payload.len(),
                reason: error.to_string(),
            })?;
        }
        let known = if compressed { "text/plain" } else { declared.as_str() };
        let sniffed = if SNIFFED.contains(&known) { sniff::content_type_of_part(&payload) } else { None };
        let content_type = sniffed.unwrap_or(known).to_owned();
        match content_type.as_str() {
            "text/x-include-url" | "text/x-include-once-url" => {
                for included in self.fetch_includes(&String::from_utf8_lossy(&payload))? {
                    let message = read(&included.url, &included.content)?;
                    self.take_apart(&included.url, message, whole, depth + 1)?;
                }
                return Ok(());
            }
            "text/cloud-config-archive" => {
                for part in archive::parts(name, &payload)? {
                    Self::attach(name, whole, part)?;
                }
                return Ok(());
            }
            _ => {}
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
            part.clone()
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

/// Decompresses gzip; everything else is returned unchanged.
pub fn maybe_gunzip(bytes: &[u8]) -> Vec<u8> {
    let plain = is_gzip(bytes).then(|| gunzip(bytes, MAX_UNPACKED).ok()).flatten();
    plain.unwrap_or_else(|| bytes.to_vec())
}

/// Parses raw data: MIME if its head contains MIME-Version, else a single part of unknown type.
fn read(name: &str, bytes: &[u8]) -> Result<Message, UserDataError> {
    let bytes = maybe_gunzip(bytes);
    let head = bytes[..bytes.len().min(4096)].to_ascii_lowercase();
    let marked = head.windows(b"mime-version:".len()).any(|window| window == b"mime-version:");
    if marked {
        Message::parse(&bytes, &Limits::default()).map_err(|error| message_error(name, &error))
    } else {
        Message::part(NOT_MULTIPART, bytes).map_err(|error| message_error(name, &error))
    }
}
