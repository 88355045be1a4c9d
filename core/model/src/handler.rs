//! The contract of a handler: what is done with a part of the user-data.

use std::collections::BTreeMap;

use crate::config::Origin;
use crate::effects::System;
use crate::{Frequency, Instance, Node, Paths};

/// A part of user-data or vendor-data after everything was unpacked.
#[derive(Clone, PartialEq, Eq)]
pub struct Part {
    /// Content type (`text/cloud-config`).
    pub content_type: String,
    /// Name, from the part's headers or `part-001`.
    pub filename: String,
    /// The content, decoded.
    pub payload: Vec<u8>,
    /// The part's headers, by their names as they are written; of several with one name the first counts.
    pub headers: BTreeMap<String, String>,
    /// Where it came from.
    pub origin: Origin,
}

impl std::fmt::Debug for Part {
    /// Payloads hold passwords: only the length is shown.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} ({}, {} bytes)", self.filename, self.content_type, self.payload.len())
    }
}

impl Part {
    /// The payload as text, bytes that are no UTF-8 replaced.
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.payload).into_owned()
    }
}

/// Which of the data a handler is working on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DataKind {
    /// What the user gave.
    User,
    /// What the vendor gave.
    Vendor,
    /// What the vendor gave as the second.
    Vendor2,
}

/// What a handler works with.
pub struct HandlerContext<'a> {
    /// Effects.
    pub system: &'a System,
    /// Where state is kept.
    pub paths: &'a Paths,
    /// The instance.
    pub instance: &'a Instance,
    /// Whose data this is.
    pub kind: DataKind,
    /// The configuration as it is before this data.
    pub config: &'a Node,
    /// How often the data is consumed in this run: handlers of another frequency are passed over.
    pub frequency: Frequency,
}

/// A part that could not be handled. The other parts are.
#[derive(Debug, thiserror::Error)]
#[error("{origin}: {reason}")]
pub struct HandlerError {
    /// Which part, and where in it.
    pub origin: Origin,
    /// What is wrong and what to do.
    pub reason: String,
}

/// Something that takes parts of some content types.
pub trait Handler {
    /// For the log.
    fn name(&self) -> &'static str;

    /// The content types it takes.
    fn accepts(&self) -> &'static [&'static str];

    /// How often; all built-in handlers run always.
    fn frequency(&self) -> Frequency {
        Frequency::Always
    }

    /// Before the first part.
    fn begin(&mut self, _context: &HandlerContext<'_>) -> Result<(), HandlerError> {
        Ok(())
    }

    /// A part.
    fn part(&mut self, context: &HandlerContext<'_>, part: &Part) -> Result<(), HandlerError>;

    /// After the last part.
    fn end(&mut self, _context: &HandlerContext<'_>) -> Result<(), HandlerError> {
        Ok(())
    }
}
