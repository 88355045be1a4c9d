//! Names on iso9660: plain ones, Joliet's in UCS-2, and Rock Ridge's in the system use area of each record.

/// The maximum number of continuations of a name.
const MAX_CONTINUATIONS: usize = 32;
/// The maximum length of a name in bytes.
const MAX_NAME: usize = 1024;

/// The type of names.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Names {
    /// `NAME.EXT;1`, shown in lower case.
    Plain,
    /// UCS-2.
    Joliet,
    /// POSIX names; `skip` bytes precede them in each record.
    RockRidge {
        /// The number of leading bytes of a system use area that do not belong to SUSP.
        skip: usize,
    },
}

/// Reads bytes of a block from an offset.
type Reader<'r> = dyn Fn(u32, u32, u32) -> Vec<u8> + 'r;

/// A field of the system use area: its signature, and its content after the four header bytes.
fn fields(mut area: &[u8]) -> impl Iterator<Item = ([u8; 2], &[u8])> {
    std::iter::from_fn(move || {
        let (head, _) = area.split_at_checked(4)?;
        let field = area.get(4..usize::from(head[2])).filter(|_| head[0] != 0)?;
        area = &area[usize::from(head[2])..];
        Some(([head[0], head[1]], field))
    })
}

/// The number of bytes to skip in each record, if the root directory's record follows SUSP and has Rock Ridge fields.
pub(super) fn rock_ridge(root: &[u8]) -> Option<usize> {
    let length = usize::from(*root.first()?);
    let record = root.get(..length)?;
    // Its identifier is one byte, so that the area starts at 34.
    let area = record.get(34..)?;
    let (signature, field) = fields(area).next()?;
    if signature != *b"SP" || field.get(..2) != Some(&[0xbe, 0xef]) {
        return None;
    }
    Some(usize::from(*field.get(2)?))
}

/// A 32-bit number stored in both byte orders.
fn both(field: &[u8], offset: usize) -> Option<u32> {
    super::blocks::le(field, offset, 4)
}

/// The name in Rock Ridge fields, which may continue in other blocks.
fn from_fields(area: &[u8], read: &Reader<'_>) -> Option<String> {
    let mut name: Option<Vec<u8>> = None;
    let mut area = area.to_vec();
    for _ in 0..MAX_CONTINUATIONS {
        let mut next = None;
        for (signature, field) in fields(&area) {
            match &signature {
                // Flags 2 and 4 denote the directory itself and its parent, which have no name here.
                b"NM" if field.first().is_some_and(|flags| flags & 6 == 0) => {
                    let name = name.get_or_insert_default();
                    name.extend(field.get(1..).unwrap_or_default());
                    if name.len() > MAX_NAME {
                        return None;
                    }
                }
                b"CE" => next = Some((both(field, 0)?, both(field, 8)?, both(field, 16)?)),
                b"ST" => break,
                _ => {}
            }
        }
        let Some((block, offset, length)) = next else { break };
        area = read(block, offset, length);
    }
    name.map(|bytes| String::from_utf8_lossy(&bytes).into_owned())
}

/// A name without its version, and without the dot of an empty extension.
fn without_version(name: &str) -> &str {
    let name = name.rsplit_once(';').map_or(name, |(name, _)| name);
    name.strip_suffix('.').unwrap_or(name)
}

impl Names {
    /// The name of a record.
    pub(super) fn of(self, identifier: &[u8], system_use: &[u8], read: &Reader<'_>) -> String {
        let plain = || without_version(&String::from_utf8_lossy(identifier)).to_ascii_lowercase();
        match self {
            Self::Plain => plain(),
            Self::Joliet => {
                let units = identifier.chunks_exact(2).map(|pair| u16::from_be_bytes([pair[0], pair[1]]));
                let name: String = char::decode_utf16(units).map(|unit| unit.unwrap_or('_')).collect();
                without_version(&name).to_owned()
            }
            Self::RockRidge { skip } => {
                let area = system_use.get(skip..).unwrap_or_default();
                from_fields(area, read).unwrap_or_else(plain)
            }
        }
    }

    /// Whether a name matches; case is ignored for plain and Joliet names.
    pub(super) fn equal(self, name: &str, wanted: &str) -> bool {
        match self {
            Self::RockRidge { .. } => name == wanted,
            Self::Plain | Self::Joliet => name.to_lowercase() == wanted.to_lowercase(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A field: signature, length, version, content.
    fn field(signature: [u8; 2], content: &[u8]) -> Vec<u8> {
        let length = u8::try_from(4 + content.len()).expect("short");
        [&signature[..], &[length, 1], content].concat()
    }

    /// A number in both byte orders, as in ECMA-119, 7.3.3.
    fn number(number: u32) -> Vec<u8> {
        [number.to_le_bytes(), number.to_be_bytes()].concat()
    }

    fn continuation(block: u32, offset: u32, length: u32) -> Vec<u8> {
        field(*b"CE", &[number(block), number(offset), number(length)].concat())
    }

    const RR: Names = Names::RockRidge { skip: 0 };

    /// IEEE P1282, 4.1.4: the parts of a name; flag 1 says that it continues, 2 and 4 stand for the directories `.` and `..`.
    #[test]
    fn a_name_has_parts() {
        let of = |area: &[Vec<u8>]| RR.of(b"SHORT.TXT;1", &area.concat(), &|_, _, _| Vec::new());
        let (one, two) = (field(*b"NM", b"\x01long-"), field(*b"NM", b"\x00name"));
        assert_eq!(of(&[one.clone(), two.clone()]), "long-name");
        assert_eq!(of(&[field(*b"PX", &[0; 4]), two.clone()]), "name");
        assert_eq!(of(&[one.clone(), field(*b"ST", b""), two.clone()]), "long-", "the area ends");
        for flags in [2, 4, 6] {
            assert_eq!(of(&[field(*b"NM", &[flags])]), "short.txt");
        }
        assert_eq!(of(&[]), "short.txt");
        assert_eq!(of(&[vec![0; 8], two.clone()]), "short.txt", "a zero is filling");
        // 1024 bytes are the most; five fields of 251 are more.
        let part = field(*b"NM", &[&[1], &[b'x'; 250][..]].concat());
        assert_eq!(of(&vec![part.clone(); 4]).len(), 1000);
        assert_eq!(of(&vec![part; 5]), "short.txt");
        // What precedes the fields is skipped.
        let skipped = Names::RockRidge { skip: 3 };
        let area = [b"abc".to_vec(), two].concat();
        assert_eq!(skipped.of(b"SHORT.TXT;1", &area, &|_, _, _| Vec::new()), "name");
    }

    /// IEEE P1281, 5.1: block, offset and length of where the area continues.
    #[test]
    fn a_name_continues_elsewhere() {
        let reading = |block: u32, offset: u32, length: u32| match (block, offset, length) {
            (7, 40, 100) => [field(*b"NM", b"\x01two-"), continuation(8, 0, 9)].concat(),
            (8, 0, 9) => field(*b"NM", b"\x00three"),
            // It continues where it is: that must end.
            (9, ..) => [field(*b"NM", b"\x01x"), continuation(9, 0, 9)].concat(),
            other => panic!("{other:?}"),
        };
        let of = |next: Vec<u8>| RR.of(b"A", &[field(*b"NM", b"\x01one-"), next].concat(), &reading);
        assert_eq!(of(continuation(7, 40, 100)), "one-two-three");
        assert_eq!(of(continuation(9, 0, 9)), format!("one-{}", "x".repeat(MAX_CONTINUATIONS - 1)));
    }

    /// IEEE P1281, 5.3: the first field of the root directory's first record, with the number of bytes to skip.
    #[test]
    fn rock_ridge_is_announced_by_the_root() {
        let record = |area: &[u8]| {
            let mut record = vec![0; 34];
            record.extend(area);
            record[0] = u8::try_from(record.len()).expect("short");
            record
        };
        assert_eq!(rock_ridge(&record(&field(*b"SP", &[0xbe, 0xef, 15]))), Some(15));
        for other in [
            field(*b"SP", &[0xbe, 0xee, 0]),
            field(*b"SX", &[0xbe, 0xef, 0]),
            field(*b"SP", &[0xbe, 0xef]),
            vec![],
        ] {
            assert_eq!(rock_ridge(&record(&other)), None, "{other:?}");
        }
        let behind = [record(&[]), field(*b"SP", &[0xbe, 0xef, 0])].concat();
        assert_eq!(rock_ridge(&behind), None, "it is not the record's");
        assert_eq!(rock_ridge(&[]), None);
    }

    /// ECMA-119, 7.5: `NAME.EXT;VERSION`, where extension and version may be empty. Joliet: the same in UCS-2.
    #[test]
    fn names_lose_their_version() {
        let none = |_: u32, _: u32, _: u32| Vec::new();
        for (identifier, plain) in [
            ("META-DAT.;1", "meta-dat"),
            ("USER.DAT;1", "user.dat"),
            ("OPENSTACK", "openstack"),
            ("A;B;2", "a;b"),
        ] {
            assert_eq!(Names::Plain.of(identifier.as_bytes(), b"", &none), plain);
        }
        let wide: Vec<u8> = "User-Däta.;1".encode_utf16().flat_map(u16::to_be_bytes).collect();
        assert_eq!(Names::Joliet.of(&wide, b"", &none), "User-Däta");
        assert_eq!(Names::Joliet.of(&[0xd8, 0, 0, b'a'], b"", &none), "_a", "half of a pair");
    }

    #[test]
    fn only_rock_ridge_knows_the_case() {
        for (names, same) in [(Names::Plain, true), (Names::Joliet, true), (RR, false)] {
            assert_eq!(names.equal("User-Data", "user-data"), same);
            assert!(names.equal("user-data", "user-data") && !names.equal("user-data", "meta-data"));
        }
    }
}
