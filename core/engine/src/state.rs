//! The files of our own state, which something else may have damaged or replaced: a boot finishes all the same.

use std::path::{Path, PathBuf};

use model::System;
use model::effects::{Attributes, FileError, FileKind};

/// The largest file that is read back.
const MAX: u64 = 32 << 20;

/// Reads a file; `None` if it is missing, no regular file or far too large.
pub(crate) fn read(system: &System, path: &Path) -> Option<Vec<u8>> {
    let found = system.files.stat(path).ok()??;
    if found.kind != FileKind::File || found.len > MAX {
        tracing::warn!("ignoring {}: expected a file of at most {} MiB", path.display(), MAX >> 20);
        return None;
    }
    system.files.read(path).ok()
}

/// The text of a file without white space around it; `None` like [`read`].
pub(crate) fn line(system: &System, path: &Path) -> Option<String> {
    Some(String::from_utf8_lossy(&read(system, path)?).trim().to_owned())
}

/// Writes a file, unless it is as wanted already: flash memory wears out.
pub(crate) fn write(
    system: &System,
    path: &Path,
    content: &[u8],
    attributes: &Attributes,
) -> Result<(), FileError> {
    make_room(system, path)?;
    system.files.ensure(path, content, attributes)
}

/// Moves a directory out of the way of a file or a link.
pub(crate) fn make_room(system: &System, path: &Path) -> Result<(), FileError> {
    let found = system.files.lstat(path)?;
    if found.is_none_or(|found| found.kind != FileKind::Directory) {
        return Ok(());
    }
    let aside = |number: u32| PathBuf::from(format!("{}.unexpected{number}", path.display()));
    let free = (1..1000).map(aside).find(|aside| !system.files.exists(aside)).unwrap_or_else(|| aside(1000));
    tracing::warn!("{}: unexpected directory, moving it to {}", path.display(), free.display());
    system.files.rename(path, &free)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_directory_makes_room() {
        let (system, _) = system::Scratch::new().file("/d/x/y", "z").system();
        let path = Path::new("/d/x");
        assert_eq!(read(&system, path), None);
        write(&system, path, b"1\n", &Attributes::mode(0o644)).expect("written");
        assert_eq!(line(&system, path).as_deref(), Some("1"));
        assert_eq!(system.files.text(Path::new("/d/x.unexpected1/y")).as_deref(), Some("z"));
    }

    #[test]
    fn a_file_without_end_is_not_read() {
        let large = vec![b' '; usize::try_from(MAX).expect("small") + 1];
        let (system, _) = system::Scratch::new().file("/x", large).node("/zero").system();
        assert_eq!(read(&system, Path::new("/x")), None);
        assert_eq!(read(&system, Path::new("/zero")), None);
    }
}
