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
