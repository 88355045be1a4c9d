//! iso9660 with Rock Ridge or Joliet names, read directly from the device.
//!
//! Sources: ECMA-119 4th edition; IEEE P1281 (SUSP) and P1282 (Rock Ridge) 1.12; the Joliet Specification 1995. No
//! number in the image is trusted: directories, files and continuations are bounded.

use std::path::PathBuf;

use model::Order as _;
use model::effects::{DeviceError, Tree};

use super::blocks::{Blocks, MAX_FILE, le, too_large};
use super::iso9660_names::{self, Names};
use super::superblock::{Superblock, label};

/// Volume descriptors start after 16 sectors of this size in bytes.
const SECTOR: usize = 2048;
/// The chunk size for reading an extent, in bytes.
const AT_ONCE: usize = 1 << 20;
const FIRST_DESCRIPTOR: u64 = 16;
/// The maximum number of volume descriptors.
const MAX_DESCRIPTORS: u64 = 32;
const MAX_DIRECTORY: u64 = 8 << 20;
/// With names of the maximum length, a directory takes 16 MiB of memory.
const MAX_ENTRIES: usize = 16_384;
/// The maximum number of extents of a file.
const MAX_EXTENTS: usize = 64;
const IS_DIRECTORY: u8 = 0x02;
const CONTINUES: u8 = 0x80;

/// Whether a sector is a volume descriptor of a certain type.
fn is_descriptor(sector: &[u8], kind: u8) -> bool {
    sector.first() == Some(&kind) && sector.get(1..6) == Some(b"CD001")
}

/// The date and time of a volume, which blkid uses as its UUID; `None` if not set.
fn date(bytes: &[u8]) -> Option<String> {
    let digits = bytes.get(..16).filter(|digits| digits.iter().all(u8::is_ascii_digit))?;
    let text = std::str::from_utf8(digits).ok().filter(|text| text.bytes().any(|byte| byte != b'0'))?;
    let parts =
        [&text[..4], &text[4..6], &text[6..8], &text[8..10], &text[10..12], &text[12..14], &text[14..16]];
    Some(parts.join("-"))
}

/// The offset of a sector.
fn place(sector: u64) -> u64 {
    sector * SECTOR as u64
}

/// The data of the primary descriptor.
pub(super) fn probe(head: &[u8]) -> Option<Superblock> {
    let first = usize::try_from(place(FIRST_DESCRIPTOR)).ok()?;
    let descriptor = head.get(first..)?.get(..SECTOR)?;
    if !is_descriptor(descriptor, 1) {
        return None;
    }
    let modified = descriptor.get(830..).and_then(date);
    Some(Superblock {
        filesystem: "iso9660",
        label: descriptor.get(40..72).and_then(label),
        uuid: modified.or_else(|| descriptor.get(813..).and_then(date)),
    })
}

/// A directory record.
#[derive(Clone)]
struct Record {
    name: String,
    directory: bool,
    /// Its content: first block and length in bytes.
    extents: Vec<(u32, u32)>,
}

/// A disc.
pub(super) struct Disc {
    device: PathBuf,
    blocks: Box<dyn Blocks>,
    /// The logical block size in bytes.
    block: u64,
    root: Record,
    names: Names,
}

impl Disc {
    /// Reads the volume descriptors and determines the type of names: Rock Ridge, else Joliet, else plain ones.
    pub(super) fn open(device: PathBuf, blocks: Box<dyn Blocks>) -> Result<Self, DeviceError> {
        let (mut primary, mut joliet) = (None, None);
        for number in 0..MAX_DESCRIPTORS {
            let sector = blocks.read_some(place(FIRST_DESCRIPTOR + number), SECTOR);
            if is_descriptor(&sector, 1) && primary.is_none() {
                primary = Some(sector);
            } else if is_descriptor(&sector, 2) && is_joliet(&sector) {
                joliet = Some(sector);
            } else if is_descriptor(&sector, 255) || sector.get(1..6) != Some(b"CD001") {
                break;
            }
        }
        let broken = |reason: &str| DeviceError::Format { device: device.clone(), reason: reason.to_owned() };
        let primary = primary.ok_or_else(|| broken("no primary volume descriptor"))?;
        let block = le(&primary, 128, 2).map(u64::from).filter(|size| matches!(size, 512 | 1024 | 2048));
        let block = block.ok_or_else(|| broken("unsupported block size"))?;
        let root = root(&primary).ok_or_else(|| broken("no root directory"))?;
        let mut disc = Self { device, blocks, block, root, names: Names::Plain };
        let first = disc.extent(disc.root.extents[0], SECTOR as u64)?;
        if let Some(skip) = iso9660_names::rock_ridge(&first) {
            disc.names = Names::RockRidge { skip };
        } else if let Some(joliet) = joliet.as_deref().and_then(self::root) {
            (disc.root, disc.names) = (joliet, Names::Joliet);
        }
        Ok(disc)
    }

    /// Up to `limit` bytes of an extent.
    fn extent(&self, (block, length): (u32, u32), limit: u64) -> Result<Vec<u8>, DeviceError> {
        let mut bytes = Vec::new();
        let length = u64::from(length).min(limit);
        let start = u64::from(block) * self.block;
        // Memory grows only with existing data, whatever length the record claims.
        while (bytes.len() as u64) < length {
            let wanted =
                usize::try_from(length - bytes.len() as u64).map_or(AT_ONCE, |length| length.min(AT_ONCE));
            let part = self.blocks.read_some(start + bytes.len() as u64, wanted);
            if part.is_empty() {
                let reason = format!("the image ends within the extent at block {block}");
                return Err(DeviceError::Format { device: self.device.clone(), reason });
            }
            bytes.extend(part);
        }
        Ok(bytes)
    }

    /// The records of a directory, except for itself and its parent.
    fn records(&self, directory: &Record) -> Result<Vec<Record>, DeviceError> {
        let mut found: Vec<Record> = Vec::new();
        let Some(extent) = directory.extents.first() else { return Ok(found) };
        let bytes = self.extent(*extent, MAX_DIRECTORY)?;
        let mut more = false;
        for sector in bytes.chunks(SECTOR) {
            let mut rest = sector;
            // Records do not cross sectors; a length of 0 ends the sector.
            while let Some(length) =
                rest.first().map(|length| usize::from(*length)).filter(|length| *length >= 34)
            {
                let Some(raw) = rest.get(..length) else { break };
                rest = &rest[length..];
                let Some(mut record) = self.record(raw) else { continue };
                let flags = raw[25];
                if found.len() >= MAX_ENTRIES {
                    return Ok(found);
                }
                match found.last_mut() {
                    Some(last) if more && last.name == record.name && last.extents.len() < MAX_EXTENTS => {
                        last.extents.append(&mut record.extents);
                    }
                    _ => found.push(record),
                }
                more = flags & CONTINUES != 0;
            }
        }
        Ok(found)
    }

    /// Parses a record; `None` for the directory itself, its parent, and invalid ones.
    fn record(&self, raw: &[u8]) -> Option<Record> {
        let length = usize::from(*raw.get(32)?);
        let identifier = raw.get(33..33 + length)?;
        if matches!(identifier, [0 | 1]) {
            return None;
        }
        // The system use area starts at an even offset.
        let system_use = raw.get(33 + length + (length + 1) % 2..).unwrap_or_default();
        let read = |block: u32, offset: u32, length: u32| {
            let start = u64::from(block) * self.block + u64::from(offset);
            self.blocks.read_some(start, usize::try_from(length).map_or(SECTOR, |length| length.min(SECTOR)))
        };
        let name = self.names.of(identifier, system_use, &read);
        let extent = (le(raw, 2, 4)?, le(raw, 10, 4)?);
        (!name.is_empty()).then(|| Record {
            name,
            directory: raw[25] & IS_DIRECTORY != 0,
            extents: vec![extent],
        })
    }

    /// The record at a path; `None` if it does not exist.
    fn find(&self, path: &str) -> Result<Option<Record>, DeviceError> {
        let mut at = self.root.clone();
        for name in path.split('/').filter(|name| !name.is_empty()) {
            if !at.directory {
                return Ok(None);
            }
            let records = self.records(&at)?;
            let Some(next) = records.into_iter().find(|record| self.names.equal(&record.name, name)) else {
                return Ok(None);
            };
            at = next;
        }
        Ok(Some(at))
    }
}

/// Whether a supplementary descriptor's names are in UCS-2: one of three levels.
fn is_joliet(sector: &[u8]) -> bool {
    matches!(sector.get(88..91), Some(b"%/@" | b"%/C" | b"%/E"))
}

/// The root directory of a descriptor.
fn root(descriptor: &[u8]) -> Option<Record> {
    let raw = descriptor.get(156..190)?;
    let extent = (le(raw, 2, 4)?, le(raw, 10, 4)?);
    Some(Record { name: String::new(), directory: true, extents: vec![extent] })
}

impl Tree for Disc {
    fn read(&self, path: &str) -> Result<Option<Vec<u8>>, DeviceError> {
        let Some(record) = self.find(path)?.filter(|record| !record.directory) else { return Ok(None) };
        let total: u64 = record.extents.iter().map(|(_, length)| u64::from(*length)).sum();
        if total > MAX_FILE {
            return Err(too_large(&self.device, path));
        }
        let mut bytes = Vec::new();
        for extent in record.extents {
            bytes.append(&mut self.extent(extent, MAX_FILE)?);
        }
        Ok(Some(bytes))
    }

    fn list(&self, path: &str) -> Result<Vec<String>, DeviceError> {
        let Some(directory) = self.find(path)?.filter(|record| record.directory) else {
            return Ok(Vec::new());
        };
        let mut names: Vec<String> =
            self.records(&directory)?.into_iter().map(|record| record.name).collect();
        names.order();
        Ok(names)
    }
}

#[cfg(test)]
mod tests;
