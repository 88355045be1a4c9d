//! Reads files whose size and kind nobody guarantees.

use std::fs::{File, Metadata};
use std::io;
use std::os::unix::fs::FileTypeExt as _;
use std::path::Path;

use model::effects::Reading;
use rustix::fs::OFlags;

use super::place::{OPEN, Place, Root, Route};
use super::refusal::Refusal;
use super::trust::is_hard_linked;

/// How much is read at once of a file without a size.
const ROOM: usize = 1023;

/// What is not a regular file, as a noun.
pub(super) fn special(found: &Metadata) -> &'static str {
    let kind = found.file_type();
    if kind.is_fifo() {
        "a FIFO"
    } else if kind.is_socket() {
        "a socket"
    } else if kind.is_dir() {
        "a directory"
    } else {
        "a device"
    }
}

/// The complete content.
pub(super) fn read(root: &Root, path: &Path, reading: &Reading) -> io::Result<Vec<u8>> {
    if reading.any_kind {
        // Somebody waits for the end of a FIFO that they have named.
        let file = root.open_free(path, OFlags::RDONLY)?;
        let found = file.metadata()?;
        return bounded(&file, &found, reading.limit);
    }
    if !reading.guarded {
        // Opening a device can have effects; a FIFO without a writer would block.
        let file = root.open_free(path, OFlags::RDONLY | OPEN).map_err(socket)?;
        let found = file.metadata()?;
        if is_null(&found) {
            return Ok(Vec::new());
        }
        regular(&found)?;
        return bounded(&file, &found, reading.limit);
    }
    let place = root.place(path, Route::READ)?;
    let (file, found) = open_guarded(&place)?;
    bounded(&file, &found, reading.limit)
}

fn open_guarded(place: &Place) -> io::Result<(File, Metadata)> {
    let entry = place.entry.as_ref().ok_or(io::ErrorKind::NotFound)?;
    regular(&entry.found)?;
    let file = place.open(OFlags::RDONLY)?;
    let found = file.metadata()?;
    refuse_hard_link(place, &found)?;
    Ok((file, found))
}

/// A user's hard link to another user's file.
pub(super) fn refuse_hard_link(place: &Place, found: &Metadata) -> io::Result<()> {
    use std::os::unix::fs::MetadataExt as _;
    if is_hard_linked(&place.directory.found, found, place.exposed) {
        return Err(Refusal::HardLink { owner: found.uid(), count: found.nlink() }.into());
    }
    Ok(())
}

/// A socket cannot be opened at all.
fn socket(error: io::Error) -> io::Error {
    if error.raw_os_error() == Some(libc::ENXIO) {
        Refusal::Kind("a socket or a device").into()
    } else {
        error
    }
}

/// Whether this is /dev/null, to which links lead that hide a file.
fn is_null(found: &Metadata) -> bool {
    use std::os::unix::fs::MetadataExt as _;
    let number = found.rdev();
    found.file_type().is_char_device() && (rustix::fs::major(number), rustix::fs::minor(number)) == (1, 3)
}

fn regular(found: &Metadata) -> io::Result<()> {
    if found.is_file() {
        Ok(())
    } else if found.is_dir() {
        Err(io::ErrorKind::IsADirectory.into())
    } else {
        Err(Refusal::Kind(special(found)).into())
    }
}

fn bounded(file: &File, found: &Metadata, limit: u64) -> io::Result<Vec<u8>> {
    let size = usize::try_from(found.len()).ok().filter(|size| *size as u64 <= limit);
    let size = size.ok_or(Refusal::TooLarge { limit })?;
    // Virtual files have no size, or one that says nothing.
    let mut content = Vec::with_capacity(size.max(ROOM) + 1);
    loop {
        let read = match rustix::io::read(file, rustix::buffer::spare_capacity(&mut content)) {
            Err(rustix::io::Errno::INTR) => continue,
            read => read?,
        };
        // A regular file that gave its whole size at once, and had room for more, is at its end.
        if read == 0 || size > 0 && read == size || content.len() as u64 > limit {
            break;
        }
        content.reserve(ROOM);
    }
    if content.len() as u64 > limit {
        return Err(Refusal::TooLarge { limit }.into());
    }
    content.shrink_to_fit();
    Ok(content)
}
