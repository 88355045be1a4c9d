//! User-data of any form, taken apart into what the boot handles.

use std::fmt;

use engine::handlers::part_of;
use engine::userdata::{Included, Processor, UserDataError};
use model::Paths;
use model::handler::DataKind;
use system::Scratch;

/// A part of user-data: one cloud-config, one script.
#[derive(Clone)]
pub struct Part(pub(crate) model::Part);

impl fmt::Debug for Part {
    /// Name, type and length: the content may hold passwords.
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(out)
    }
}

impl Part {
    /// The name that the part's headers give it, else `part-001` and so on.
    pub fn name(&self) -> &str {
        &self.0.filename
    }

    /// What it is: `text/cloud-config`, `text/x-shellscript`, `text/jinja2`, …; by its first line where no header says
    /// it, `text/x-not-multipart` where that says nothing either.
    pub fn content_type(&self) -> &str {
        &self.0.content_type
    }

    /// The content, its transfer encoding and compression taken off.
    pub fn content(&self) -> &[u8] {
        &self.0.payload
    }
}

/// User-data that cannot be taken apart.
#[derive(Debug, thiserror::Error)]
#[error(transparent)]
pub struct ParseError(#[from] UserDataError);

/// Takes user-data apart: gzip is unpacked, MIME and cloud-config archives are opened.
///
/// ```
/// let mime = b"MIME-Version: 1.0\nContent-Type: multipart/mixed; boundary=b\n\n\
///     --b\nContent-Type: text/x-shellscript\n\n#!/bin/sh\n\
///     --b\nContent-Type: text/cloud-config\n\nhostname: web1\n--b--\n";
/// let parts = cloud_init::parse::user_data(mime)?;
/// let types: Vec<&str> = parts.iter().map(|part| part.content_type()).collect();
/// assert_eq!(types, ["text/x-shellscript", "text/cloud-config"]);
/// # Ok::<(), cloud_init::parse::ParseError>(())
/// ```
///
/// # Errors
///
/// Damaged compression, data beyond the limits, and `#include`, since nothing here asks the network.
pub fn user_data(bytes: &[u8]) -> Result<Vec<Part>, ParseError> {
    let (system, _) = Scratch::new().system();
    let paths = Paths::default();
    let whole = Processor { system: &system, paths: &paths, included: &Included::default() }
        .process("user-data", &[bytes])?;
    let parts = whole.walk().filter(|part| part.maintype() != "multipart");
    Ok(parts.enumerate().map(|(number, part)| Part(part_of(DataKind::User, part, number))).collect())
}
