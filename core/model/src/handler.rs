//! The contract of a handler, which processes parts of user-data.

use std::collections::BTreeMap;

use crate::config::Origin;
use crate::effects::System;
use crate::{Frequency, Instance, Node, Paths};

/// A part of user-data or vendor-data, decoded.
#[derive(Clone, PartialEq, Eq)]
pub struct Part {
    /// Content type (`text/cloud-config`).
    pub content_type: String,
    /// The name, from the part's headers or `part-001`.
    pub filename: String,
    /// The content, decoded.
    pub payload: Vec<u8>,
    /// The part's headers, with names as written; the first of several with the same name is used.
    pub headers: BTreeMap<String, String>,
    /// Where it came from.
    pub origin: Origin,
}

impl std::fmt::Debug for Part {
    /// Payloads contain passwords: only the size is shown.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} ({}, {} bytes)", self.filename, self.content_type, self.payload.len())
    }
}

impl Part {
    /// The payload as text, with invalid UTF-8 replaced.
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.payload).into_owned()
    }
}

/// The data that a handler processes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DataKind {
    /// User-data.
    User,
    /// Vendor-data.
    Vendor,
    /// The second vendor-data.
    Vendor2,
}

/// The context of a handler.
pub struct HandlerContext<'a> {
    /// Effects.
    pub system: &'a System,
    /// Where state is kept.
    pub paths: &'a Paths,
    /// The instance.
    pub instance: &'a Instance,
    /// The kind of data.
    pub kind: DataKind,
    /// The configuration before this data.
    pub config: &'a Node,
    /// The frequency of this run: handlers of another frequency are skipped.
    pub frequency: Frequency,
}

/// A part that could not be handled. The other parts are.
#[derive(Debug, thiserror::Error)]
#[error("{origin}: {reason}")]
pub struct HandlerError {
    /// The part, and the place in it.
    pub origin: Origin,
    /// The reason, and how to fix it.
    pub reason: String,
}

/// A handler for certain content types.
pub trait Handler {
    /// The name in the log.
    fn name(&self) -> &'static str;

    /// Its content types.
    fn accepts(&self) -> &'static [&'static str];

    /// Its frequency; all built-in handlers always run.
    fn frequency(&self) -> Frequency {
        Frequency::Always
    }

    /// Called before the first part.
    fn begin(&mut self, _context: &HandlerContext<'_>) -> Result<(), HandlerError> {
        Ok(())
    }

    /// Handles a part.
    fn part(&mut self, context: &HandlerContext<'_>, part: &Part) -> Result<(), HandlerError>;

    /// Called after the last part.
    fn end(&mut self, _context: &HandlerContext<'_>) -> Result<(), HandlerError> {
        Ok(())
    }
}
