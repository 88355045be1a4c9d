//! Numbers, names and chains by the specification, in images that are written here.

use super::*;

/// The fields of a boot sector that decide about it.
#[derive(Clone, Copy)]
struct Boot {
    jump: u8,
    sector: u32,
    per_cluster: u32,
    reserved: u32,
    tables: u32,
    root_entries: u32,
    total: (u32, u32),
    media: u32,
    table: (u32, u32),
}

/// One sector for each cluster, one reserved, one table of 9 sectors, a root directory of one sector.
const SMALL: Boot = Boot {
    jump: 0xeb,
    sector: 512,
    per_cluster: 1,
    reserved: 1,
    tables: 1,
    root_entries: 16,
    total: (100, 0),
    media: 0xf8,
    table: (9, 0),
};

fn put(bytes: &mut [u8], at: usize, width: usize, number: u32) {
    bytes[at..at + width].copy_from_slice(&number.to_le_bytes()[..width]);
}

impl Boot {
    fn bytes(self) -> Vec<u8> {
        let mut bytes = vec![0; 512];
        bytes[0] = self.jump;
        for (at, width, number) in [
            (11, 2, self.sector),
            (13, 1, self.per_cluster),
            (14, 2, self.reserved),
            (16, 1, self.tables),
            (17, 2, self.root_entries),
            (19, 2, self.total.0),
            (21, 1, self.media),
            (22, 2, self.table.0),
            (32, 4, self.total.1),
            (36, 4, self.table.1),
            (44, 4, 0xf000_0002),
        ] {
            put(&mut bytes, at, width, number);
        }
        bytes
    }

    fn width(self) -> Option<Width> {
        layout(&self.bytes()).map(|layout| layout.width)
    }
}

/// Page 9 and following: what a boot sector may contain.
#[test]
fn a_boot_sector_is_recognized() {
    for (boot, known) in [
        (SMALL, true),
        (Boot { jump: 0xe9, ..SMALL }, true),
        (Boot { jump: 0x90, ..SMALL }, false),
        (Boot { sector: 1024, ..SMALL }, true),
        (Boot { sector: 4096, ..SMALL }, true),
        (Boot { sector: 256, ..SMALL }, false),
        (Boot { sector: 0, ..SMALL }, false),
        (Boot { per_cluster: 64, ..SMALL }, true),
        (Boot { per_cluster: 3, ..SMALL }, false),
        (Boot { per_cluster: 0, ..SMALL }, false),
        (Boot { reserved: 0, ..SMALL }, false),
        (Boot { tables: 0, ..SMALL }, false),
        (Boot { tables: 4, ..SMALL }, true),
        (Boot { tables: 5, ..SMALL }, false),
        (Boot { media: 0xf0, ..SMALL }, true),
        (Boot { media: 0xff, ..SMALL }, true),
        (Boot { media: 0xf7, ..SMALL }, false),
        (Boot { media: 0xf1, ..SMALL }, false),
        (Boot { total: (11, 0), ..SMALL }, false),
        (Boot { total: (10, 0), ..SMALL }, false),
        (Boot { total: (12, 0), ..SMALL }, true),
    ] {
        assert_eq!(boot.width().is_some(), known, "{:?}", boot.bytes());
    }
    assert!(layout(&SMALL.bytes()[..40]).is_some() && layout(&SMALL.bytes()[..20]).is_none());
}

/// Page 14: less than 4085 clusters are FAT12, less than 65525 FAT16. FAT32 has neither a small table nor a root directory
/// of fixed size.
#[test]
fn the_number_of_clusters_is_the_variant() {
    let of = |clusters: u32| Boot { total: (0, clusters + 11), ..SMALL }.width();
    assert_eq!(of(1), Some(Width::Twelve));
    assert_eq!(of(4084), Some(Width::Twelve));
    assert_eq!(of(4085), Some(Width::Sixteen));
    assert_eq!(of(65524), Some(Width::Sixteen));
    assert_eq!(of(65525), None);
    let wide = Boot { root_entries: 0, table: (0, 9), total: (0, 70_000), ..SMALL };
    assert_eq!(wide.width(), Some(Width::ThirtyTwo));
    assert_eq!(Boot { root_entries: 16, ..wide }.width(), None);
}

/// Reserved sectors, tables, root directory, clusters.
#[test]
fn parts_follow_each_other() {
    let boot = Boot { per_cluster: 4, reserved: 3, tables: 2, root_entries: 17, total: (1000, 7), ..SMALL };
    let found = layout(&boot.bytes()).expect("FAT");
    assert_eq!((found.table, found.cluster), (3 * 512, 4 * 512));
    assert_eq!(found.root, (21 * 512, 17 * 32));
    // The root directory takes two sectors.
    assert_eq!((found.data, found.clusters, found.root_cluster), (23 * 512, (1000 - 23) / 4, 0));
    let found = layout(&Boot { total: (0, 1000), table: (0, 9), ..boot }.bytes()).expect("FAT");
    assert_eq!((found.data, found.clusters), (23 * 512, (1000 - 23) / 4));
    let wide = Boot { root_entries: 0, table: (0, 9), total: (0, 70_000), ..SMALL };
    let found = layout(&wide.bytes()).expect("FAT32");
    // The upper four bits of a number do not count.
    assert_eq!((found.data, found.clusters, found.root_cluster), (10 * 512, 69_990, 2));
}

fn of_width(width: Width, clusters: u32) -> Layout {
    Layout { width, table: 4, cluster: 2, clusters, data: 64, root: (40, 64), root_cluster: 3 }
}

/// Page 16: entries of 12 bits share a byte.
#[test]
fn the_next_cluster_is_in_the_table() {
    // 0xff8, 0xfff, 3, 0x456, 5, end.
    let mut table = vec![0; 4];
    table.extend([0xf8, 0xff, 0xff, 0x03, 0x60, 0x45, 0x05, 0xf0, 0xff, 0x01, 0x10, 0x00]);
    let layout = of_width(Width::Twelve, 0x455);
    let next: Vec<Option<u32>> = (2..8).map(|cluster| layout.next(&table, cluster)).collect();
    assert_eq!(next, [Some(3), Some(0x456), Some(5), None, None, None]);
    assert_eq!(of_width(Width::Twelve, 0x454).next(&table, 3), None, "beyond the last cluster");
    let mut table = vec![0; 4];
    for entry in [0xfff8_u16, 0xffff, 3, 0x1234, 0xffff, 0, 1] {
        table.extend(entry.to_le_bytes());
    }
    let layout = of_width(Width::Sixteen, 0x2000);
    let next: Vec<Option<u32>> = (2..7).map(|cluster| layout.next(&table, cluster)).collect();
    assert_eq!(next, [Some(3), Some(0x1234), None, None, None]);
    assert_eq!(layout.next(&table, 100), None, "the image ends");
    let mut table = vec![0; 4];
    for entry in [0x0fff_fff8_u32, 0x0fff_ffff, 0xf000_0003, 0x0012_3456, 0x0fff_ffff, 1] {
        table.extend(entry.to_le_bytes());
    }
    let layout = of_width(Width::ThirtyTwo, 0x0020_0000);
    let next: Vec<Option<u32>> = (2..6).map(|cluster| layout.next(&table, cluster)).collect();
    assert_eq!(next, [Some(3), Some(0x0012_3456), None, None]);
}

/// A FAT16 volume whose clusters of two bytes hold `aabbcc…`, with this table.
fn chained(table: &[u16]) -> (Layout, Vec<u8>) {
    let mut image = vec![0; 4];
    image.extend(table.iter().flat_map(|entry| entry.to_le_bytes()));
    image.resize(64, 0);
    image.extend((b'a'..=b'f').flat_map(|letter| [letter; 2]));
    (of_width(Width::Sixteen, 6), image)
}

#[test]
fn a_chain_is_followed_to_its_end() {
    let (layout, image) = chained(&[0xfff8, 0xffff, 4, 0xffff, 7, 3, 0xffff, 6]);
    let read = |first: u32, limit: u64| layout.chain(&image, first, limit).expect("within the image");
    assert_eq!(read(2, 100), b"aaccffee");
    assert_eq!(read(2, 3), b"aac");
    assert_eq!(read(2, 4), b"aacc");
    assert_eq!(read(2, 0), b"");
    assert_eq!(read(3, 100), b"bb");
    for invalid in [0, 1, 8, 100] {
        assert_eq!(read(invalid, 100), b"", "{invalid}");
    }
    // A cycle ends after as many clusters as exist.
    let (layout, image) = chained(&[0xfff8, 0xffff, 3, 2, 0, 0, 0, 0]);
    assert_eq!(layout.chain(&image, 2, 100).expect("within the image"), b"aabbaabbaabb");
}

fn entry(name: &[u8; 11], attributes: u8, flags: u8, cluster: u32, size: u32) -> Vec<u8> {
    let mut raw = name.to_vec();
    raw.resize(32, 0);
    raw[11] = attributes;
    raw[12] = flags;
    put(&mut raw, 20, 2, cluster >> 16);
    put(&mut raw, 26, 2, cluster & 0xffff);
    put(&mut raw, 28, 4, size);
    raw
}

/// A part of a long name; `order` with 0x40 for the last, which comes first.
fn part(order: u8, text: &str, sum: u8) -> Vec<u8> {
    let mut units: Vec<u16> = text.encode_utf16().collect();
    units.push(0);
    units.resize(13.max(units.len()), 0xffff);
    let mut raw = vec![0; 32];
    raw[0] = order;
    raw[11] = LONG;
    raw[13] = sum;
    for (unit, at) in units.iter().zip((1..11).step_by(2).chain((14..26).step_by(2)).chain([28, 30])) {
        put(&mut raw, at, 2, u32::from(*unit));
    }
    raw
}

fn names(directory: &[Vec<u8>]) -> Vec<String> {
    entries(&directory.concat()).into_iter().map(|entry| entry.name).collect()
}

/// Pages 23 to 32.
#[test]
fn names_are_short_or_long() {
    // By the formula of page 28, in another language: sum = ((sum & 1) << 7) + (sum >> 1) + byte.
    let by_formula = |name: &[u8]| {
        name.iter().fold(0_u32, |sum, byte| (((sum & 1) << 7) + (sum >> 1) + u32::from(*byte)) & 0xff)
    };
    let name = b"META-D~1   ";
    let sum = checksum(name);
    assert_eq!(u32::from(sum), by_formula(name));
    let file = || entry(name, 0x20, 0, 5, 7);
    let (last, first) = (part(0x42, "tadata", sum), part(1, "a long name, ", sum));
    assert_eq!(names(&[last.clone(), first.clone(), file()]), ["a long name, tadata"]);
    assert_eq!(names(&[part(0x41, "meta-data", sum), file()]), ["meta-data"]);
    for (what, directory) in [
        ("no long name", vec![file()]),
        ("another checksum", vec![part(0x41, "meta-data", sum.wrapping_add(1)), file()]),
        ("checksums differ", vec![last.clone(), part(1, "a long name, ", sum ^ 1), file()]),
        ("a part is missing", vec![last.clone(), file()]),
        ("the last part is missing", vec![first.clone(), file()]),
        ("parts in the other order", vec![first.clone(), last.clone(), file()]),
        ("order 0", vec![part(0x40, "x", sum), file()]),
        (
            "deleted in between",
            vec![part(0x41, "meta-data", sum), entry(&[DELETED; 11], 0x20, 0, 2, 1), file()],
        ),
    ] {
        assert_eq!(names(&directory), ["META-D~1"], "{what}");
    }
    let other = entry(b"OTHER      ", 0x20, 0, 2, 1);
    assert_eq!(names(&[part(0x41, "long", sum), other.clone(), file()]), ["OTHER", "META-D~1"]);
    assert_eq!(names(&[file(), vec![0; 32], other]), ["META-D~1"], "nothing follows the end");
}

#[test]
fn an_entry_has_its_numbers() {
    let directory = [
        entry(b".          ", DIRECTORY, 0, 2, 0),
        entry(b"..         ", DIRECTORY, 0, 0, 0),
        entry(b"CIDATA     ", VOLUME, 0, 0, 0),
        entry(b"USER    DAT", 0x20, 0x08, 0x0012_3456, 0x89ab_cdef),
        entry(b"NOTE    TXT", 0x20, 0x10, 3, 1),
        entry(b"\x05BC        ", 0x20, 0x18, 4, 2),
        entry(b"\xe5BC        ", 0x20, 0, 4, 2),
    ];
    let found = entries(&directory.concat());
    let seen: Vec<(&str, u8, u32, u64)> = found
        .iter()
        .map(|entry| (entry.name.as_str(), entry.attributes, entry.cluster, entry.size))
        .collect();
    assert_eq!(
        seen,
        [
            ("CIDATA", VOLUME, 0, 0),
            ("user.DAT", 0x20, 0x0012_3456, 0x89ab_cdef),
            ("NOTE.txt", 0x20, 3, 1),
            ("\u{e5}bc", 0x20, 4, 2),
        ]
    );
}

/// A FAT12 volume of one sector per part: boot sector, table, root directory, then clusters.
fn volume(root: &[Vec<u8>], table: &[u8], clusters: &[Vec<u8>], change: impl Fn(&mut Vec<u8>)) -> Vec<u8> {
    let mut image = Boot { table: (1, 0), ..SMALL }.bytes();
    change(&mut image);
    for part in std::iter::once(table.to_vec()).chain([root.concat()]).chain(clusters.iter().cloned()) {
        let start = image.len();
        image.extend(part);
        image.resize(start + 512, 0);
    }
    image
}

/// Page 11: with the signature 0x28 or 0x29, the boot sector has a serial number and a label.
#[test]
fn a_label_of_the_root_directory_takes_precedence() {
    let boot = |signature: u8, label: &[u8; 11], serial: u32| {
        let label = *label;
        move |image: &mut Vec<u8>| {
            image[38] = signature;
            put(image, 39, 4, serial);
            image[43..54].copy_from_slice(&label);
        }
    };
    let in_root = || entry(b"ROOT LABEL ", VOLUME, 0, 0, 0);
    for (root, change, label, uuid) in [
        (vec![in_root()], boot(0x29, b"BOOT       ", 0x1234_abcd), Some("ROOT LABEL"), Some("1234-ABCD")),
        (vec![], boot(0x29, b"BOOT       ", 0x0000_00ff), Some("BOOT"), Some("0000-00FF")),
        (vec![], boot(0x28, b"BOOT       ", 1), Some("BOOT"), Some("0000-0001")),
        (vec![], boot(0x00, b"BOOT       ", 1), None, None),
        (vec![], boot(0x29, b"NO NAME    ", 0), None, None),
        (
            vec![entry(b"DIR        ", DIRECTORY | VOLUME, 0, 0, 0)],
            boot(0x29, b"BOOT       ", 1),
            Some("BOOT"),
            Some("0000-0001"),
        ),
        (
            vec![entry(b"FILE       ", 0x20, 0, 0, 0), in_root()],
            boot(0, b"BOOT       ", 1),
            Some("ROOT LABEL"),
            None,
        ),
        (vec![entry(b"\xe5OOT       ", VOLUME, 0, 0, 0)], boot(0, b"BOOT       ", 1), None, None),
        (vec![part(0x41, "long", 0)], boot(0, b"BOOT       ", 1), None, None),
        (vec![vec![0; 32], in_root()], boot(0, b"BOOT       ", 1), None, None),
    ] {
        let image = volume(&root, &[], &[], change);
        let found = probe(&image, &image[..512]).expect("FAT");
        assert_eq!((found.label.as_deref(), found.uuid.as_deref()), (label, uuid), "{root:?}");
    }
}

#[test]
fn files_and_directories_are_found_in_any_case() {
    let sum = checksum(b"LONGNA~1TXT");
    let inside = [entry(b"INNER   TXT", 0x20, 0, 3, 3)];
    let image = volume(
        &[
            entry(b"DIR        ", DIRECTORY, 0, 2, 0),
            part(0x41, "Long Name.txt", sum),
            entry(b"LONGNA~1TXT", 0x20, 0, 4, 2),
            entry(b"SHORT      ", 0x20, 0, 5, 600),
            entry(b"LABEL      ", VOLUME, 0, 0, 0),
        ],
        &[0xf8, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff],
        &[inside.concat(), b"abc".to_vec(), b"xy".to_vec(), vec![b'z'; 512]],
        |_| {},
    );
    let volume = Volume::open("image".into(), Box::new(image)).expect("FAT");
    let read = |path: &str| volume.read(path).expect("readable");
    assert_eq!(read("DIR/INNER.TXT").as_deref(), Some(b"abc".as_slice()));
    assert_eq!(read("/dir/inner.txt").as_deref(), Some(b"abc".as_slice()));
    assert_eq!(read("long name.TXT").as_deref(), Some(b"xy".as_slice()));
    assert_eq!(read("longna~1.txt").as_deref(), Some(b"xy".as_slice()));
    for missing in ["DIR", "LABEL", "nothing", "nothing/x", "SHORT/x", "LABEL/x"] {
        assert_eq!(read(missing), None, "{missing}");
    }
    let error = volume.read("SHORT").expect_err("a chain that ends early").to_string();
    assert!(error.contains("SHORT ends after 512 of 600 bytes"), "{error}");
    assert_eq!(volume.list("").expect("a directory"), ["DIR", "Long Name.txt", "SHORT"]);
    assert_eq!(volume.list("dir").expect("a directory"), ["INNER.TXT"]);
    assert!(Volume::open("image".into(), Box::new(vec![0; 512])).is_err());
}
