//! Files named on the command line: `-` stands for standard input or output.

use std::path::Path;

use model::System;
use model::effects::{Attributes, FileError, FileKind, Reading};

use crate::output;

/// The content of a file or of standard input.
pub(crate) fn read(system: &System, path: &Path) -> Result<Vec<u8>, FileError> {
    if path == Path::new("-") {
        return system::standard_input().map_err(|error| FileError::new("read", path, error));
    }
    let whole = system::absolute(path).map_err(|error| FileError::new("read", path, error))?;
    // Also a descriptor of the shell, as in `schema -c <(command)`.
    system.files.read_with(&whole, &Reading::any_kind())
}

/// Writes to a file or to standard output.
pub(crate) fn write(system: &System, path: &Path, text: &str) -> Result<(), String> {
    if path == Path::new("-") {
        output::text(text);
        return Ok(());
    }
    let whole =
        system::absolute(path).map_err(|error| format!("Cannot open file {}: {error}", path.display()))?;
    // A device or a FIFO is written to, not replaced.
    let special = matches!(system.files.stat(&whole), Ok(Some(found)) if found.kind == FileKind::Special);
    let written = if special {
        system.files.append(&whole, text.as_bytes(), &Attributes::default())
    } else {
        system.files.write(&whole, text.as_bytes(), &Attributes::default())
    };
    written.map_err(|error| format!("Cannot open file {}: {}", path.display(), error.source))
}
