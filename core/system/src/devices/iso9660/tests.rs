//! Images that are written here, by ECMA-119.

use super::*;

/// A sector of an image.
fn put(image: &mut Vec<u8>, sector: usize, at: usize, bytes: &[u8]) {
    let start = sector * SECTOR + at;
    image.resize(image.len().max((sector + 1) * SECTOR), 0);
    image[start..start + bytes.len()].copy_from_slice(bytes);
}

/// 9.1: a directory record.
fn record(name: &[u8], flags: u8, block: u32, length: u32) -> Vec<u8> {
    let mut raw = vec![0; 33];
    raw[2..6].copy_from_slice(&block.to_le_bytes());
    raw[10..14].copy_from_slice(&length.to_le_bytes());
    raw[25] = flags;
    raw[32] = u8::try_from(name.len()).expect("short");
    raw.extend(name);
    raw.resize(raw.len().next_multiple_of(2), 0);
    raw[0] = u8::try_from(raw.len()).expect("short");
    raw
}

/// 8.4: a volume descriptor, whose root directory has two sectors from sector 20.
fn descriptor(kind: u8, escape: &[u8], block_size: u16) -> Vec<u8> {
    let mut raw = vec![0; SECTOR];
    raw[0] = kind;
    raw[1..6].copy_from_slice(b"CD001");
    raw[40..72].copy_from_slice(b"cidata                          ");
    raw[88..88 + escape.len()].copy_from_slice(escape);
    raw[128..130].copy_from_slice(&block_size.to_le_bytes());
    let blocks = u32::try_from(SECTOR).expect("small") / u32::from(block_size.max(1));
    raw[156..190].copy_from_slice(&record(&[0], IS_DIRECTORY, 20 * blocks, 4096));
    raw
}

/// A disc with plain names: `.`, `..`, a directory, a file of two extents, and others in the second sector.
fn plain() -> Vec<u8> {
    let mut image = Vec::new();
    put(&mut image, 16, 0, &descriptor(1, b"", 2048));
    put(&mut image, 17, 0, &descriptor(255, b"", 2048));
    let own = [record(&[0], IS_DIRECTORY, 20, 4096), record(&[1], IS_DIRECTORY, 20, 4096)].concat();
    let files = [
        record(b"DIR", IS_DIRECTORY, 22, 2048),
        record(b"LONG.DAT;1", CONTINUES, 23, 2048),
        record(b"LONG.DAT;1", 0, 24, 3),
    ];
    put(&mut image, 20, 0, &[own.clone(), files.concat()].concat());
    put(&mut image, 21, 0, &record(b"META-DAT.;1", 0, 25, 5));
    put(&mut image, 22, 0, &[own, record(b"INNER.TXT;1", 0, 26, 2)].concat());
    put(&mut image, 23, 0, &[b'a'; 2048]);
    put(&mut image, 24, 0, b"bcdef");
    put(&mut image, 25, 0, b"meta-data");
    put(&mut image, 26, 0, b"inside");
    image
}

fn open(image: Vec<u8>) -> Result<Disc, DeviceError> {
    Disc::open("image".into(), Box::new(image))
}

#[test]
fn files_are_found_in_directories_and_extents() {
    let disc = open(plain()).expect("a disc");
    assert_eq!(disc.list("").expect("a directory"), ["dir", "long.dat", "meta-dat"]);
    assert_eq!(disc.list("/DIR/").expect("a directory"), ["inner.txt"]);
    assert_eq!(disc.list("long.dat").expect("no error"), [] as [String; 0]);
    let read = |path: &str| disc.read(path).expect("readable");
    let long = read("LONG.dat").expect("there");
    assert_eq!((long.len(), &long[2046..]), (2051, b"aabcd".as_slice()));
    assert_eq!(read("meta-dat").as_deref(), Some(b"meta-".as_slice()));
    assert_eq!(read("dir/inner.txt").as_deref(), Some(b"in".as_slice()));
    for missing in ["dir", "none", "long.dat/x", "dir/none"] {
        assert_eq!(read(missing), None, "{missing}");
    }
}

#[test]
fn an_extent_beyond_the_end_is_an_error() {
    let mut image = plain();
    put(&mut image, 21, 0, &record(b"META-DAT.;1", 0, 25, 5000));
    let disc = open(image).expect("a disc");
    let error = disc.read("meta-dat").expect_err("two sectors are left").to_string();
    assert!(error.contains("the image ends within the extent at block 25"), "{error}");
    let mut image = plain();
    let large = u32::try_from(MAX_FILE + 1).expect("small");
    put(&mut image, 21, 0, &record(b"META-DAT.;1", 0, 25, large));
    let error = open(image).expect("a disc").read("meta-dat").expect_err("too large").to_string();
    assert!(error.contains("larger than"), "{error}");
}

/// 6.2.2: blocks may be smaller than sectors.
#[test]
fn blocks_have_three_sizes() {
    for size in [512_u16, 1024] {
        let mut image = Vec::new();
        put(&mut image, 16, 0, &descriptor(1, b"", size));
        put(&mut image, 17, 0, &descriptor(255, b"", 2048));
        let blocks = 2048 / u32::from(size);
        put(&mut image, 20, 0, &record(b"FILE.;1", 0, 25 * blocks + 1, 3));
        put(&mut image, 25, usize::from(size), b"abc");
        let disc = open(image).expect("a disc");
        assert_eq!(disc.read("file").expect("readable").as_deref(), Some(b"abc".as_slice()), "{size}");
    }
    for size in [0, 4096, 2047] {
        let mut image = Vec::new();
        put(&mut image, 16, 0, &descriptor(1, b"", size));
        assert!(open(image).is_err(), "{size}");
    }
    assert!(open(vec![0; 20 * SECTOR]).is_err());
}

/// Joliet's names come from a supplementary descriptor with one of three escape sequences, in any place before the last.
#[test]
fn joliet_takes_precedence_over_plain_names() {
    for (escape, is_joliet) in [(b"%/@", true), (b"%/C", true), (b"%/E", true), (b"%/A", false)] {
        let mut image = plain();
        let mut joliet = descriptor(2, escape, 2048);
        joliet[156..190].copy_from_slice(&record(&[0], IS_DIRECTORY, 30, 2048));
        put(&mut image, 17, 0, &joliet);
        put(&mut image, 18, 0, &descriptor(255, b"", 2048));
        let name: Vec<u8> = "User-Data;1".encode_utf16().flat_map(u16::to_be_bytes).collect();
        put(&mut image, 30, 0, &record(&name, 0, 25, 9));
        let disc = open(image.clone()).expect("a disc");
        let expected: &[&str] = if is_joliet { &["User-Data"] } else { &["dir", "long.dat", "meta-dat"] };
        assert_eq!(disc.list("").expect("a directory"), expected);
        // Nothing counts behind the last descriptor.
        put(&mut image, 17, 0, &descriptor(255, b"", 2048));
        put(&mut image, 18, 0, &joliet);
        assert_eq!(open(image).expect("a disc").names, Names::Plain);
    }
}

/// IEEE P1281: the root's own record announces the fields of all records.
#[test]
fn rock_ridge_names_are_in_the_records() {
    let mut image = plain();
    let with = |mut raw: Vec<u8>, fields: &[u8]| {
        raw.extend(fields);
        raw[0] = u8::try_from(raw.len()).expect("short");
        raw
    };
    let root = with(record(&[0], IS_DIRECTORY, 20, 4096), b"SP\x07\x01\xbe\xef\x00");
    let file = with(record(b"META_DAT.;1", 0, 25, 9), b"NM\x0e\x01\x00meta-data");
    // The identifier's length is even: a byte of filling follows.
    let even = with(record(b"USER.X;1", 0, 26, 6), b"NM\x0e\x01\x00User-data");
    put(&mut image, 20, 0, &[root, file, even, vec![0; 34]].concat());
    let disc = open(image).expect("a disc");
    assert_eq!(disc.names, Names::RockRidge { skip: 0 });
    assert_eq!(disc.list("").expect("a directory"), ["User-data", "meta-dat", "meta-data"]);
    assert_eq!(disc.read("meta-data").expect("readable").as_deref(), Some(b"meta-data".as_slice()));
    assert_eq!(disc.read("User-data").expect("readable").as_deref(), Some(b"inside".as_slice()));
    assert_eq!(disc.read("user-data").expect("readable"), None, "the case counts");
}

/// 8.4.26.1: the time in digits, then hundredths; blkid shows the time of modification, else that of creation.
#[test]
fn the_time_of_a_volume_is_its_uuid() {
    let mut image = plain();
    let uuid = |image: &Vec<u8>| probe(image).expect("a disc").uuid;
    assert_eq!(uuid(&image), None);
    put(&mut image, 16, 813, b"2023111422132000\0");
    put(&mut image, 16, 830, b"0000000000000000\0");
    assert_eq!(uuid(&image).as_deref(), Some("2023-11-14-22-13-20-00"));
    put(&mut image, 16, 830, b"2024010203040506\0");
    assert_eq!(uuid(&image).as_deref(), Some("2024-01-02-03-04-05-06"));
    put(&mut image, 16, 830, b"2024-10203040506\0");
    assert_eq!(uuid(&image).as_deref(), Some("2023-11-14-22-13-20-00"));
    assert_eq!(probe(&image).expect("a disc").label.as_deref(), Some("cidata"));
    for (at, byte) in [(0, 2), (0, 0), (5, b'2')] {
        let mut other = image.clone();
        put(&mut other, 16, at, &[byte]);
        assert!(probe(&other).is_none(), "{at} {byte}");
    }
    assert!(probe(&plain()[..17 * SECTOR - 1]).is_none(), "half of a descriptor");
}
