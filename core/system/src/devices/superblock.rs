//! Detects the file system of a device, its label and its UUID, like blkid.
//!
//! Sources: the kernel's documentation of ext4, XFS, btrfs and squashfs; ECMA-119 (iso9660);
//! Microsoft's FAT specification 1.03; mkswap(8).

use super::blocks::{Blocks, le};
use super::{fat, iso9660, udf};

/// All data is at the beginning: btrfs starts at 64 KiB.
const HEAD: usize = (64 << 10) + (4 << 10);

/// The data of a superblock.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Superblock {
    /// blkid's name for it (`vfat`, `iso9660`, `ext4`).
    pub filesystem: &'static str,
    /// The label, where there is one.
    pub label: Option<String>,
    /// The UUID as blkid spells it.
    pub uuid: Option<String>,
}

/// The text up to a NUL, without trailing blanks; `None` if empty.
pub(super) fn label(bytes: &[u8]) -> Option<String> {
    let end = bytes.iter().position(|byte| *byte == 0).unwrap_or(bytes.len());
    let text = String::from_utf8_lossy(&bytes[..end]).trim_end().to_owned();
    (!text.is_empty()).then_some(text)
}

/// 16 bytes as a UUID; `None` if they are all 0.
fn uuid(bytes: Option<&[u8]>) -> Option<String> {
    let bytes = bytes.filter(|bytes| bytes.iter().any(|byte| *byte != 0))?;
    let number = bytes.iter().fold(0_u128, |number, byte| number << 8 | u128::from(*byte));
    let hex = format!("{number:032x}");
    Some([&hex[..8], &hex[8..12], &hex[12..16], &hex[16..20], &hex[20..]].join("-"))
}

/// A file system with label and UUID at fixed offsets.
fn plain(
    head: &[u8],
    filesystem: &'static str,
    uuid_at: usize,
    label_at: usize,
    label_length: usize,
) -> Superblock {
    Superblock {
        filesystem,
        label: head.get(label_at..label_at + label_length).and_then(label),
        uuid: uuid(head.get(uuid_at..uuid_at + 16)),
    }
}

pub(super) fn has(head: &[u8], offset: usize, magic: &[u8]) -> bool {
    head.get(offset..offset + magic.len()) == Some(magic)
}

/// Distinguishes ext2, ext3 and ext4 by their features.
fn ext(head: &[u8]) -> Option<Superblock> {
    const AT: usize = 1024;
    if !has(head, AT + 56, &[0x53, 0xef]) {
        return None;
    }
    let (compatible, incompatible, read_only) =
        (le(head, AT + 92, 4)?, le(head, AT + 96, 4)?, le(head, AT + 100, 4)?);
    // The features of ext3: journal recovery and file types; sparse superblocks, large files, btree directories.
    let filesystem = if incompatible & 0x8 != 0 {
        "jbd"
    } else if incompatible & !0x16 != 0 || read_only & !0x7 != 0 {
        "ext4"
    } else if compatible & 0x4 != 0 {
        "ext3"
    } else {
        "ext2"
    };
    Some(plain(head, filesystem, AT + 104, AT + 120, 16))
}

/// The signature is at the end of the first page; the page size is that of the machine that created it.
fn swap(head: &[u8]) -> Option<Superblock> {
    let pages = [4096, 8192, 16384, 32768, 65536];
    let found = pages.iter().any(|page| has(head, page - 10, b"SWAPSPACE2"));
    found.then(|| plain(head, "swap", 1024 + 12, 1024 + 28, 16))
}

/// The file system of a device; `None` if it is unknown, or a partition table.
pub(super) fn probe(blocks: &dyn Blocks) -> Option<Superblock> {
    let head = blocks.read_some(0, HEAD);
    let named = |filesystem| Some(Superblock { filesystem, label: None, uuid: None });
    if has(&head, 0, b"LUKS\xba\xbe") {
        return named("crypto_LUKS");
    }
    if has(&head, 0, b"XFSB") {
        return Some(plain(&head, "xfs", 32, 108, 12));
    }
    if has(&head, 0, b"hsqs") {
        return named("squashfs");
    }
    if has(&head, 3, b"NTFS    ") {
        return named("ntfs");
    }
    if has(&head, 3, b"EXFAT   ") {
        return named("exfat");
    }
    if has(&head, 65536 + 64, b"_BHRfS_M") {
        return Some(plain(&head, "btrfs", 65536 + 32, 65536 + 299, 256));
    }
    // iso9660 may start with a boot sector for disks, so it is checked first.
    iso9660::probe(&head)
        .or_else(|| udf::probe(blocks, &head))
        .or_else(|| ext(&head))
        .or_else(|| swap(&head))
        .or_else(|| fat::probe(blocks, &head))
}

#[cfg(test)]
mod tests;
