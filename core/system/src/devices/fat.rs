//! FAT12, FAT16 and FAT32 with long names, read straight from the device.
//!
//! Source: Microsoft Extensible Firmware Initiative FAT32 File System Specification 1.03. No number in the image is
//! trusted: chains of clusters and directories are bounded.

use std::path::PathBuf;

use model::Order as _;
use model::effects::{DeviceError, Tree};

use super::blocks::{Blocks, MAX_FILE, le, too_large};
use super::superblock::{Superblock, label};

/// The maximum size of a directory in bytes: 65536 entries of 32.
const MAX_DIRECTORY: u64 = 2 << 20;
const ENTRY: usize = 32;
const VOLUME: u8 = 0x08;
const DIRECTORY: u8 = 0x10;
/// The attributes of a part of a long name.
const LONG: u8 = 0x0f;
const DELETED: u8 = 0xe5;

/// The width of the table's entries.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Width {
    Twelve,
    Sixteen,
    ThirtyTwo,
}

/// The layout, in bytes and clusters.
#[derive(Clone, Copy, Debug)]
struct Layout {
    width: Width,
    table: u64,
    cluster: u64,
    /// The number of clusters, which start at 2.
    clusters: u32,
    data: u64,
    /// FAT12 and FAT16: position and length of the root directory.
    root: (u64, u64),
    /// FAT32: its first cluster.
    root_cluster: u32,
}

/// A file or directory according to its entry.
struct Entry {
    name: String,
    short: String,
    attributes: u8,
    cluster: u32,
    size: u64,
}

/// Reads the boot sector; `None` if it is not FAT.
fn layout(boot: &[u8]) -> Option<Layout> {
    let sector = le(boot, 11, 2)?;
    let per_cluster = le(boot, 13, 1)?;
    let (reserved, tables, media) = (le(boot, 14, 2)?, le(boot, 16, 1)?, le(boot, 21, 1)?);
    let sane = matches!(sector, 512 | 1024 | 2048 | 4096)
        && per_cluster.is_power_of_two()
        && reserved > 0
        && (1..=4).contains(&tables)
        && (media == 0xf0 || media >= 0xf8)
        && matches!(le(boot, 0, 1)?, 0xeb | 0xe9);
    if !sane {
        return None;
    }
    let nonzero = |small: u32, large: u32| if small == 0 { large } else { small };
    let total = u64::from(nonzero(le(boot, 19, 2)?, le(boot, 32, 4)?));
    let small_table = le(boot, 22, 2)?;
    let table_sectors = u64::from(nonzero(small_table, le(boot, 36, 4)?));
    let root_entries = u64::from(le(boot, 17, 2)?);
    let bytes = u64::from(sector);
    let root_sectors = (root_entries * ENTRY as u64).div_ceil(bytes);
    let root_at = u64::from(reserved) + u64::from(tables) * table_sectors;
    let data_at = root_at + root_sectors;
    let clusters = total.checked_sub(data_at)? / u64::from(per_cluster);
    // Only the number of clusters determines the variant; FAT32 has no fixed root directory.
    let width = match clusters {
        _ if small_table == 0 && root_entries == 0 => Width::ThirtyTwo,
        0 => return None,
        1..4085 => Width::Twelve,
        4085..65525 => Width::Sixteen,
        _ => return None,
    };
    Some(Layout {
        width,
        table: u64::from(reserved) * bytes,
        cluster: u64::from(per_cluster) * bytes,
        clusters: u32::try_from(clusters).ok()?.min(0x0fff_fff4),
        data: data_at * bytes,
        root: (root_at * bytes, root_entries * ENTRY as u64),
        root_cluster: if width == Width::ThirtyTwo { le(boot, 44, 4)? & 0x0fff_ffff } else { 0 },
    })
}

impl Layout {
    /// The next cluster; `None` at the end of the chain, or if the number is invalid.
    fn next(&self, blocks: &dyn Blocks, cluster: u32) -> Option<u32> {
        let at = |width: u64| self.table + u64::from(cluster) * width;
        let mut bytes = [0; 4];
        let next = match self.width {
            Width::Twelve => {
                blocks.read_at(self.table + u64::from(cluster) * 3 / 2, &mut bytes[..2]).ok()?;
                let pair = u32::from(bytes[0]) | u32::from(bytes[1]) << 8;
                if cluster.is_multiple_of(2) { pair & 0xfff } else { pair >> 4 }
            }
            Width::Sixteen => {
                blocks.read_at(at(2), &mut bytes[..2]).ok()?;
                u32::from(bytes[0]) | u32::from(bytes[1]) << 8
            }
            Width::ThirtyTwo => {
                blocks.read_at(at(4), &mut bytes).ok()?;
                u32::from_le_bytes(bytes) & 0x0fff_ffff
            }
        };
        self.is_cluster(next).then_some(next)
    }

    fn is_cluster(&self, number: u32) -> bool {
        number >= 2 && number - 2 < self.clusters
    }

    /// The content of a chain, up to `limit` bytes. A cyclic chain ends at the limit, or at the number of clusters.
    fn chain(&self, blocks: &dyn Blocks, first: u32, limit: u64) -> std::io::Result<Vec<u8>> {
        let mut bytes = Vec::new();
        let mut cluster = Some(first).filter(|first| self.is_cluster(*first));
        let mut left = self.clusters;
        while let Some(number) = cluster {
            let room = limit.saturating_sub(bytes.len() as u64).min(self.cluster);
            if room == 0 || left == 0 {
                break;
            }
            left -= 1;
            let start = bytes.len();
            bytes.resize(start + usize::try_from(room).unwrap_or(0), 0);
            blocks.read_at(self.data + u64::from(number - 2) * self.cluster, &mut bytes[start..])?;
            cluster = self.next(blocks, number);
        }
        Ok(bytes)
    }

    fn root(&self, blocks: &dyn Blocks) -> std::io::Result<Vec<u8>> {
        if self.width == Width::ThirtyTwo {
            return self.chain(blocks, self.root_cluster, MAX_DIRECTORY);
        }
        let mut bytes = vec![0; usize::try_from(self.root.1.min(MAX_DIRECTORY)).unwrap_or(0)];
        blocks.read_at(self.root.0, &mut bytes)?;
        Ok(bytes)
    }
}

/// The checksum that links a long name to its short one.
fn checksum(short: &[u8]) -> u8 {
    short.iter().fold(0_u8, |sum, byte| sum.rotate_right(1).wrapping_add(*byte))
}

/// `NAME.EXT` from the 11 bytes, in the case given by the flags.
fn short_name(raw: &[u8], flags: u8) -> String {
    let text = |bytes: &[u8], lower: bool| {
        let text: String = bytes.iter().map(|byte| char::from(*byte)).collect();
        let text = text.trim_end().to_owned();
        if lower { text.to_ascii_lowercase() } else { text }
    };
    let mut bytes = raw.to_vec();
    // A first byte that would mean «deleted» is stored as another one.
    if bytes.first() == Some(&0x05) {
        bytes[0] = DELETED;
    }
    let (base, extension) = bytes.split_at(bytes.len().min(8));
    let (base, extension) = (text(base, flags & 0x08 != 0), text(extension, flags & 0x10 != 0));
    if extension.is_empty() { base } else { format!("{base}.{extension}") }
}

/// The 13 code units of a part of a long name.
fn piece(entry: &[u8]) -> Vec<u16> {
    [1..11, 14..26, 28..32]
        .into_iter()
        .filter_map(|range| entry.get(range))
        .flat_map(|bytes| bytes.chunks_exact(2).map(|pair| u16::from_le_bytes([pair[0], pair[1]])))
        .collect()
}

/// The entries of a directory, without deleted ones, `.` and `..`, but with the volume label.
fn entries(directory: &[u8]) -> Vec<Entry> {
    let mut found = Vec::new();
    // The parts of a long name precede its entry, the last part first.
    let (mut long, mut expected, mut sum) = (Vec::<Vec<u16>>::new(), 0_u8, 0_u8);
    for raw in directory.chunks_exact(ENTRY) {
        let attributes = raw[11];
        match raw[0] {
            0 => break,
            DELETED => {
                long.clear();
                continue;
            }
            _ => {}
        }
        if attributes & 0x3f == LONG {
            let order = raw[0] & 0x1f;
            if raw[0] & 0x40 != 0 {
                (long, expected, sum) = (Vec::new(), order, raw[13]);
            }
            if order == 0 || order != expected || raw[13] != sum {
                (long, expected) = (Vec::new(), 0);
                continue;
            }
            long.push(piece(raw));
            expected -= 1;
            continue;
        }
        let short = short_name(&raw[..11], raw[12]);
        let whole = !long.is_empty() && expected == 0 && sum == checksum(&raw[..11]);
        let name = if whole {
            let units: Vec<u16> =
                long.iter().rev().flatten().copied().take_while(|unit| *unit != 0).collect();
            String::from_utf16_lossy(&units)
        } else {
            short.clone()
        };
        long.clear();
        if short == "." || short == ".." {
            continue;
        }
        let cluster = le(raw, 26, 2).unwrap_or(0) | le(raw, 20, 2).unwrap_or(0) << 16;
        found.push(Entry { name, short, attributes, cluster, size: u64::from(le(raw, 28, 4).unwrap_or(0)) });
    }
    found
}

/// The superblock's data: the label of the root directory takes precedence over that of the boot sector.
pub(super) fn probe(blocks: &dyn Blocks, head: &[u8]) -> Option<Superblock> {
    let layout = layout(head)?;
    let wide = layout.width == Width::ThirtyTwo;
    let (serial_at, label_at, signature_at) = if wide { (67, 71, 66) } else { (39, 43, 38) };
    let root = layout.root(blocks).ok()?;
    let in_root = root
        .chunks_exact(ENTRY)
        .take_while(|raw| raw[0] != 0)
        .find(|raw| raw[0] != DELETED && raw[11] & 0x3f != LONG && raw[11] & (VOLUME | DIRECTORY) == VOLUME)
        .and_then(|raw| label(&raw[..11]));
    let extended = matches!(le(head, signature_at, 1)?, 0x28 | 0x29);
    let in_boot =
        head.get(label_at..label_at + 11).filter(|name| extended && *name != b"NO NAME    ").and_then(label);
    let serial = le(head, serial_at, 4).filter(|serial| extended && *serial != 0);
    Some(Superblock {
        filesystem: "vfat",
        label: in_root.or(in_boot),
        uuid: serial.map(|serial| format!("{:04X}-{:04X}", serial >> 16, serial & 0xffff)),
    })
}

/// A FAT file system.
pub(super) struct Volume {
    device: PathBuf,
    blocks: Box<dyn Blocks>,
    layout: Layout,
}

impl Volume {
    /// Opens a file system from its boot sector.
    pub(super) fn open(device: PathBuf, blocks: Box<dyn Blocks>) -> Result<Self, DeviceError> {
        match layout(&blocks.read_some(0, 512)) {
            Some(layout) => Ok(Self { device, blocks, layout }),
            None => Err(DeviceError::Format { device, reason: "not a FAT boot sector".into() }),
        }
    }

    fn io(&self, source: std::io::Error) -> DeviceError {
        DeviceError::Io { device: self.device.clone(), source }
    }

    /// The entries of a directory; `None` if it does not exist.
    fn directory(&self, path: &str) -> Result<Option<Vec<Entry>>, DeviceError> {
        let blocks = self.blocks.as_ref();
        let mut listed = entries(&self.layout.root(blocks).map_err(|error| self.io(error))?);
        for name in path.split('/').filter(|name| !name.is_empty()) {
            let Some(entry) = named(&listed, name).filter(|entry| entry.attributes & DIRECTORY != 0) else {
                return Ok(None);
            };
            let bytes =
                self.layout.chain(blocks, entry.cluster, MAX_DIRECTORY).map_err(|error| self.io(error))?;
            listed = entries(&bytes);
        }
        listed.retain(|entry| entry.attributes & VOLUME == 0);
        Ok(Some(listed))
    }
}

/// Names match in any case, long or short.
fn named<'e>(entries: &'e [Entry], name: &str) -> Option<&'e Entry> {
    let wanted = name.to_lowercase();
    let usable = || entries.iter().filter(|entry| entry.attributes & VOLUME == 0);
    usable()
        .find(|entry| entry.name.to_lowercase() == wanted)
        .or_else(|| usable().find(|entry| entry.short.to_lowercase() == wanted))
}

impl Tree for Volume {
    fn read(&self, path: &str) -> Result<Option<Vec<u8>>, DeviceError> {
        let path = path.trim_matches('/');
        let (parent, name) = path.rsplit_once('/').unwrap_or(("", path));
        let Some(listed) = self.directory(parent)? else { return Ok(None) };
        let Some(entry) = named(&listed, name).filter(|entry| entry.attributes & DIRECTORY == 0) else {
            return Ok(None);
        };
        if entry.size > MAX_FILE {
            return Err(too_large(&self.device, path));
        }
        let bytes = self
            .layout
            .chain(self.blocks.as_ref(), entry.cluster, entry.size)
            .map_err(|error| self.io(error))?;
        if (bytes.len() as u64) < entry.size {
            let reason = format!("{path} ends after {} of {} bytes", bytes.len(), entry.size);
            return Err(DeviceError::Format { device: self.device.clone(), reason });
        }
        Ok(Some(bytes))
    }

    fn list(&self, path: &str) -> Result<Vec<String>, DeviceError> {
        let listed = self.directory(path)?.unwrap_or_default();
        let mut names: Vec<String> = listed.into_iter().map(|entry| entry.name).collect();
        names.order();
        Ok(names)
    }
}

#[cfg(test)]
mod tests;
