//! Output to the machine's console.

use std::path::Path;

use model::System;
use model::effects::Attributes;

/// Writes to the console; returns false if there is none or it cannot be written. A plan hides `secret` text.
pub(crate) fn write(system: &System, text: &str, secret: bool) -> bool {
    let console = Path::new("/dev/console");
    if !system.files.exists(console) {
        return false;
    }
    let attributes = Attributes { secret, ..Attributes::default() };
    match system.files.append(console, text.as_bytes(), &attributes) {
        Ok(()) => true,
        Err(error) => {
            tracing::warn!("{error}");
            false
        }
    }
}
