//! The superblock's data of a UDF volume.
//!
//! Sources: ECMA-167 (parts 2 and 3: volume recognition, anchor and logical volume descriptor), OSTA UDF 2.60 (2.1.1:
//! compressed text); blkid(8) for the form of the UUID.

use super::blocks::{Blocks, le};
use super::superblock::{Superblock, has};

/// Where the volume recognition sequence begins, whose descriptors have 2048 bytes.
const RECOGNITION: usize = 32 << 10;
/// Descriptors of the recognition sequence that are looked at.
const RECOGNIZED: usize = 16;
/// The block that has the anchor.
const ANCHOR: u64 = 256;
/// Descriptors of the main sequence that are looked at: it has at least 16 blocks, of which few are used.
const DESCRIPTORS: u64 = 64;

const PRIMARY_VOLUME: u64 = 1;
const ANCHOR_POINTER: u64 = 2;
const LOGICAL_VOLUME: u64 = 6;
const TERMINATING: u64 = 8;

/// A volume's type, label and UUID, if this is one.
pub(super) fn probe(blocks: &dyn Blocks, head: &[u8]) -> Option<Superblock> {
    let is_udf = (0..RECOGNIZED).any(|number| {
        let at = RECOGNITION + number * 2048 + 1;
        has(head, at, b"NSR02") || has(head, at, b"NSR03")
    });
    is_udf.then(|| {
        // The size of blocks is not recorded: it is the one with which the anchor is where it should be.
        let names = [2048, 512, 1024, 4096].into_iter().find_map(|size| names(blocks, size));
        let (label, uuid) = names.unwrap_or_default();
        Superblock { filesystem: "udf", label, uuid }
    })
}

/// The label and the UUID of a volume with blocks of a size.
fn names(blocks: &dyn Blocks, size: u64) -> Option<(Option<String>, Option<String>)> {
    let anchor = descriptor(blocks, ANCHOR, size, ANCHOR_POINTER)?;
    let (length, start) = (u64::from(le(&anchor, 16, 4)?), u64::from(le(&anchor, 20, 4)?));
    let (mut label, mut uuid) = (None, None);
    for number in start..start + (length / size).min(DESCRIPTORS) {
        let bytes = blocks.read_some(number * size, 512);
        match tag(&bytes, number) {
            Some(PRIMARY_VOLUME) => uuid = bytes.get(72..200).and_then(text).and_then(|set| uuid_of(&set)),
            Some(LOGICAL_VOLUME) => label = bytes.get(84..212).and_then(text),
            Some(TERMINATING) | None => break,
            Some(_) => {}
        }
    }
    Some((label, uuid))
}

/// The bytes of a descriptor, if it has this tag.
fn descriptor(blocks: &dyn Blocks, number: u64, size: u64, wanted: u64) -> Option<Vec<u8>> {
    let bytes = blocks.read_some(number * size, 512);
    (tag(&bytes, number) == Some(wanted)).then_some(bytes)
}

/// The tag of a descriptor, if its checksum and its own number are right.
fn tag(bytes: &[u8], number: u64) -> Option<u64> {
    let tag = bytes.get(..16)?;
    let sum = tag
        .iter()
        .enumerate()
        .filter(|(at, _)| *at != 4)
        .fold(0_u8, |sum, (_, byte)| sum.wrapping_add(*byte));
    (sum == tag[4] && u64::from(le(tag, 12, 4)?) == number).then_some(u64::from(le(tag, 0, 2)?))
}

/// The text of a field: compressed to 8 or 16 bits for each character, with its length in the last byte.
fn text(field: &[u8]) -> Option<String> {
    let (length, field) = field.split_last()?;
    let used = field.get(1..usize::from(*length))?;
    let text: String = match field[0] {
        8 => used.iter().copied().map(char::from).collect(),
        16 => {
            let units = used.chunks_exact(2).map(|pair| u16::from_be_bytes([pair[0], pair[1]]));
            char::decode_utf16(units).map(|unit| unit.unwrap_or(char::REPLACEMENT_CHARACTER)).collect()
        }
        _ => return None,
    };
    let text = text.split('\0').next().unwrap_or_default().trim_end();
    (!text.is_empty()).then(|| text.to_owned())
}

/// blkid's UUID: 16 hexadecimal digits from the beginning of the name of the volume set.
fn uuid_of(set: &str) -> Option<String> {
    let bytes = set.as_bytes();
    let hex = |bytes: &[u8]| {
        let number = bytes.iter().fold(0_u64, |number, byte| number << 8 | u64::from(*byte));
        format!("{number:0width$x}", width = 2 * bytes.len())
    };
    let digits = bytes.iter().take(16).take_while(|byte| byte.is_ascii_hexdigit()).count();
    match digits {
        16 => Some(set[..16].to_ascii_lowercase()),
        8.. => Some(set[..8].to_ascii_lowercase() + &hex(bytes.get(8..12)?)),
        _ => Some(hex(bytes.get(..8)?)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_uuid_is_what_blkid_makes_of_the_volume_set() {
        assert_eq!(uuid_of("0123ABCD00004000LinuxUDF").as_deref(), Some("0123abcd00004000"));
        assert_eq!(uuid_of("0123abcdWXYZ").as_deref(), Some("0123abcd5758595a"));
        assert_eq!(uuid_of("LinuxUDF more").as_deref(), Some("4c696e7578554446"));
        assert_eq!((uuid_of("short"), uuid_of("0123abcdW")), (None, None));
    }

    #[test]
    fn text_has_one_or_two_bytes_for_a_character() {
        let field = |bytes: &[u8]| {
            let mut field = vec![0; 32];
            field[..bytes.len()].copy_from_slice(bytes);
            field[31] = u8::try_from(bytes.len()).expect("short");
            text(&field)
        };
        assert_eq!(field(b"\x08cidata  ").as_deref(), Some("cidata"));
        assert_eq!(field(b"\x08Z\xfcrich").as_deref(), Some("Zürich"));
        assert_eq!(field(b"\x10\x03\xa9\x00a").as_deref(), Some("Ωa"));
        assert_eq!([field(b"\x07x"), field(b"\x08"), field(b"")], [None, None, None]);
    }

    /// A descriptor with its tag: ECMA-167, 3/7.2, with the sum of the other bytes at 4, and its own number at 12.
    fn descriptor_of(kind: u16, number: u32, fields: &[(usize, &[u8])]) -> Vec<u8> {
        let mut bytes = vec![0; 512];
        bytes[..2].copy_from_slice(&kind.to_le_bytes());
        bytes[12..16].copy_from_slice(&number.to_le_bytes());
        for (at, field) in fields {
            bytes[*at..*at + field.len()].copy_from_slice(field);
        }
        bytes[4] = bytes[..16].iter().fold(0, |sum: u8, byte| sum.wrapping_add(*byte));
        bytes
    }

    fn field_of(text: &str) -> Vec<u8> {
        let mut field = vec![0; 128];
        field[0] = 8;
        field[1..=text.len()].copy_from_slice(text.as_bytes());
        field[127] = u8::try_from(text.len() + 1).expect("short");
        field
    }

    /// A volume with blocks of a size, whose main sequence starts at a block and has these descriptors.
    fn volume(size: usize, start: u32, length: u32, descriptors: &[Vec<u8>]) -> Vec<u8> {
        let mut image = vec![0; 512 * size];
        let mut put = |at: usize, bytes: &[u8]| image[at..at + bytes.len()].copy_from_slice(bytes);
        put(RECOGNITION + 1, b"BEA01");
        put(RECOGNITION + 2048 + 1, b"NSR03");
        let extent = [length.to_le_bytes(), start.to_le_bytes()].concat();
        put(256 * size, &descriptor_of(2, 256, &[(16, &extent)]));
        for (number, descriptor) in descriptors.iter().enumerate() {
            put((start as usize + number) * size, descriptor);
        }
        image
    }

    fn found(image: &Vec<u8>) -> Option<(Option<String>, Option<String>)> {
        let found = probe(image, image)?;
        assert_eq!(found.filesystem, "udf");
        Some((found.label, found.uuid))
    }

    #[test]
    fn a_volume_is_named_in_its_main_sequence() {
        let set = field_of("0123ABCD00004000LinuxUDF");
        let primary = |number| descriptor_of(1, number, &[(72, &set)]);
        let logical = |number| descriptor_of(6, number, &[(84, &field_of("config-2"))]);
        let other = |number| descriptor_of(5, number, &[]);
        let end = |number| descriptor_of(8, number, &[]);
        let (label, uuid) = (Some("config-2".to_owned()), Some("0123abcd00004000".to_owned()));
        for size in [512, 1024, 2048, 4096] {
            let blocks = u32::try_from(size).expect("small");
            let all = [primary(40), other(41), logical(42), end(43)];
            // The sequence is behind the recognition sequence, which ends at 64 KiB.
            let start = if size == 512 { 140 } else { 40 };
            let all = if start == 40 {
                all.to_vec()
            } else {
                vec![primary(140), other(141), logical(142), end(143)]
            };
            let image = volume(size, start, 16 * blocks, &all);
            assert_eq!(found(&image), Some((label.clone(), uuid.clone())), "{size}");
        }
        let sequence = |length: u32, descriptors: &[Vec<u8>]| found(&volume(2048, 300, length, descriptors));
        let (primary, logical) = (primary(300), logical(301));
        assert_eq!(sequence(2 * 2048, &[primary.clone(), logical.clone()]), Some((label, uuid.clone())));
        assert_eq!(
            sequence(2048, &[primary.clone(), logical.clone()]),
            Some((None, uuid.clone())),
            "it is shorter"
        );
        assert_eq!(sequence(16 * 2048, &[primary.clone(), end(301), logical]), Some((None, uuid.clone())));
        let mut broken = descriptor_of(6, 301, &[(84, &field_of("config-2"))]);
        broken[4] ^= 1;
        assert_eq!(
            sequence(16 * 2048, &[primary.clone(), broken]),
            Some((None, uuid.clone())),
            "a wrong sum"
        );
        let moved = descriptor_of(6, 7, &[(84, &field_of("config-2"))]);
        assert_eq!(sequence(16 * 2048, &[primary, moved]), Some((None, uuid)), "another block's");
    }

    #[test]
    fn a_volume_is_recognized_by_its_revision() {
        let mut image = volume(2048, 40, 0, &[]);
        assert_eq!(found(&image), Some((None, None)));
        image[RECOGNITION + 2048 + 5] = b'2';
        assert_eq!(found(&image), Some((None, None)));
        image[RECOGNITION + 2048 + 5] = b'1';
        assert_eq!(found(&image), None);
        // Sixteen descriptors are looked at.
        for (number, known) in [(15, true), (16, false)] {
            let mut image = vec![0; 128 << 10];
            let at = RECOGNITION + number * 2048 + 1;
            image[at..at + 5].copy_from_slice(b"NSR02");
            assert_eq!(found(&image).is_some(), known, "{number}");
        }
    }
}
