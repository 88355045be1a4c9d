//! Splits user-data of any format into the parts that a boot handles.

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
    /// Shows name, type and length: the content may contain passwords.
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(out)
    }
}

impl Part {
    /// The name in the part's headers, else `part-001` and so on.
    pub fn name(&self) -> &str {
        &self.0.filename
    }

    /// The content type: `text/cloud-config`, `text/x-shellscript`, `text/jinja2`, …; detected from the first line if
    /// no header gives it, `text/x-not-multipart` if that fails.
    pub fn content_type(&self) -> &str {
        &self.0.content_type
    }

    /// The content, decoded and decompressed.
    pub fn content(&self) -> &[u8] {
        &self.0.payload
    }
}

/// User-data that cannot be parsed.
#[derive(Debug, thiserror::Error)]
#[error(transparent)]
pub struct ParseError(#[from] UserDataError);

/// Parses user-data: decompresses gzip, and splits MIME messages and cloud-config archives.
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
/// Corrupt compression, data beyond the limits, and `#include`, because this function does not use the network.
pub fn user_data(bytes: &[u8]) -> Result<Vec<Part>, ParseError> {
    let (system, _) = Scratch::new().system();
    let paths = Paths::default();
    let whole = Processor { system: &system, paths: &paths, included: &Included::default() }
        .process("user-data", &[bytes])?;
    let parts = whole.walk().filter(|part| part.maintype() != "multipart");
    Ok(parts.enumerate().map(|(number, part)| Part(part_of(DataKind::User, part, number))).collect())
}
