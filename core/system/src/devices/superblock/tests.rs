//! Magic numbers and offsets of each file system, by its documentation.

use super::*;

const UUID: [u8; 16] = [0x01, 0x23, 0xab, 0xcd, 0, 0, 0x40, 0, 0x80, 0, 0x01, 0x23, 0x45, 0x67, 0x89, 0xab];
const SHOWN: &str = "0123abcd-0000-4000-8000-0123456789ab";

fn image(parts: &[(usize, &[u8])]) -> Vec<u8> {
    let mut bytes = vec![0; HEAD + 512];
    for (at, part) in parts {
        bytes[*at..at + part.len()].copy_from_slice(part);
    }
    bytes
}

fn found(parts: &[(usize, &[u8])]) -> Option<(&'static str, Option<String>, Option<String>)> {
    probe(&image(parts)).map(|found| (found.filesystem, found.label, found.uuid))
}

#[test]
fn file_systems_by_their_magic_numbers() {
    let whole = |name: &'static str| Some((name, Some("a label".to_owned()), Some(SHOWN.to_owned())));
    let bare = |name: &'static str| Some((name, None, None));
    let label = b"a label\0rest".as_slice();
    for (parts, expected) in [
        (vec![(0, b"XFSB".as_slice()), (32, &UUID), (108, b"a label\0\0\0\0\0")], whole("xfs")),
        (vec![(65536 + 64, b"_BHRfS_M"), (65536 + 32, &UUID), (65536 + 299, label)], whole("btrfs")),
        (vec![(4086, b"SWAPSPACE2"), (1036, &UUID), (1052, label)], whole("swap")),
        (vec![(65526, b"SWAPSPACE2"), (1036, &UUID), (1052, label)], whole("swap")),
        (vec![(0, b"LUKS\xba\xbe")], bare("crypto_LUKS")),
        (vec![(0, b"hsqs")], bare("squashfs")),
        (vec![(3, b"NTFS    ")], bare("ntfs")),
        (vec![(3, b"EXFAT   ")], bare("exfat")),
        (vec![(32769, b"BEA01"), (34817, b"NSR02")], bare("udf")),
        (vec![(32769, b"BEA01"), (36865, b"NSR03")], bare("udf")),
        (vec![(32769, b"BEA01")], None),
        (vec![(0, b"XFSA")], None),
        (vec![(4096, b"SWAPSPACE2")], None),
        (vec![], None),
    ] {
        assert_eq!(found(&parts), expected, "{parts:?}");
    }
}

/// blkid's rules: a journal device; ext4 by any feature that ext3 does not know; ext3 by its journal.
#[test]
fn ext_by_its_features() {
    for (compatible, incompatible, read_only, expected) in [
        (0x0_u32, 0x0_u32, 0x0_u32, "ext2"),
        (0x4, 0x0, 0x0, "ext3"),
        (0x38, 0x2, 0x3, "ext2"),
        (0x3c, 0x6, 0x3, "ext3"),
        (0x4, 0x10, 0x7, "ext3"),
        (0x4, 0x40, 0x0, "ext4"),
        (0x0, 0x0, 0x8, "ext4"),
        (0x3c, 0x2c2, 0x47b, "ext4"),
        (0x0, 0x8, 0x0, "jbd"),
        (0x4, 0x48, 0x8, "jbd"),
    ] {
        let (compatible, incompatible, read_only) =
            (compatible.to_le_bytes(), incompatible.to_le_bytes(), read_only.to_le_bytes());
        let parts: [(usize, &[u8]); 6] = [
            (1024 + 56, &[0x53, 0xef]),
            (1024 + 92, &compatible),
            (1024 + 96, &incompatible),
            (1024 + 100, &read_only),
            (1024 + 104, &UUID),
            (1024 + 120, b"root\0"),
        ];
        assert_eq!(found(&parts), Some((expected, Some("root".to_owned()), Some(SHOWN.to_owned()))));
    }
}

#[test]
fn a_label_ends_at_zero_or_at_blanks() {
    for (bytes, expected) in [
        (b"CIDATA     ".as_slice(), Some("CIDATA")),
        (b"ab\0cd", Some("ab")),
        (b"a b ", Some("a b")),
        (b"    ", None),
        (b"\0abc", None),
        (b"", None),
    ] {
        assert_eq!(label(bytes).as_deref(), expected, "{bytes:?}");
    }
    assert_eq!(uuid(Some(&UUID)).as_deref(), Some(SHOWN));
    assert_eq!(uuid(Some(&[0; 16])), None);
    assert_eq!(uuid(None), None);
}

/// A disc may start with a boot sector for disks, and is a disc all the same.
#[test]
fn a_disc_takes_precedence_over_a_boot_sector() {
    let mut boot = vec![0_u8; 64];
    for (at, byte) in
        [(0, 0xeb), (12, 2), (13, 1), (14, 1), (16, 1), (17, 16), (19, 100), (21, 0xf8), (22, 1)]
    {
        boot[at] = byte;
    }
    assert_eq!(found(&[(0, &boot)]).map(|found| found.0), Some("vfat"));
    let disc = found(&[
        (0, &boot),
        (32768, b"\x01CD001"),
        (32768 + 40, b"cidata  "),
        (32768 + 830, b"2024010203040506"),
    ]);
    assert_eq!(disc, Some(("iso9660", Some("cidata".to_owned()), Some("2024-01-02-03-04-05-06".to_owned()))));
    let created = found(&[
        (32768, b"\x01CD001"),
        (32768 + 813, b"2023010203040506"),
        (32768 + 830, b"0000000000000000"),
    ]);
    assert_eq!(created.and_then(|found| found.2).as_deref(), Some("2023-01-02-03-04-05-06"));
    assert_eq!(found(&[(32768, b"\x02CD001")]), None, "not the primary descriptor");
}
