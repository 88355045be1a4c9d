//! OEM strings of SMBIOS (DMTF DSP0134, structure type 11): the texts that a host gives its virtual machine.
//!
//! The kernel shows each structure in `/sys/firmware/dmi/entries/11-N/raw`. Parsing is total: any bytes give strings or
//! an [`Error`].

use nom::bytes::complete::{tag, take, take_till};
use nom::number::complete::{le_u16, u8};
use nom::{IResult, Parser as _};

/// The type of a structure with OEM strings.
pub const OEM_STRINGS: u8 = 11;
/// The length of the header: type, length and handle.
const HEADER: u8 = 4;

/// Bytes that are not a structure with OEM strings.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// The structure ends before its header or its formatted area does.
    #[error("the structure ends at byte {0}, within its formatted area")]
    Truncated(usize),
    /// The structure has another type.
    #[error("the structure has type {0} instead of 11")]
    Type(u8),
    /// The formatted area is too short for a count of strings.
    #[error("the formatted area has {0} bytes, at least 5 are required")]
    Length(u8),
    /// A string has no end.
    #[error("the string at byte {0} is not terminated")]
    Unterminated(usize),
    /// There are fewer strings than announced.
    #[error("the structure has {found} strings instead of {announced}")]
    Missing {
        /// The announced number.
        announced: u8,
        /// The number of strings.
        found: usize,
    },
}

/// Type, length of the formatted area and number of strings, and what follows the formatted area.
fn formatted(input: &[u8]) -> IResult<&[u8], (u8, u8, Option<u8>)> {
    let (rest, (kind, length, _handle)) = (u8, u8, le_u16).parse(input)?;
    let (rest, area) = take(length.saturating_sub(HEADER))(rest)?;
    Ok((rest, (kind, length, area.first().copied())))
}

/// A string up to its NUL.
fn string(input: &[u8]) -> IResult<&[u8], &[u8]> {
    let (rest, text) = take_till(|byte| byte == 0)(input)?;
    let (rest, _) = tag(&[0][..])(rest)?;
    Ok((rest, text))
}

/// The strings of a structure, in order. They are usually UTF-8, but may have any bytes except NUL.
///
/// # Errors
///
/// The bytes are no such structure, or the structure is incomplete.
pub fn oem_strings(raw: &[u8]) -> Result<Vec<&[u8]>, Error> {
    let (mut rest, (kind, length, count)) = formatted(raw).map_err(|_| Error::Truncated(raw.len()))?;
    if kind != OEM_STRINGS {
        return Err(Error::Type(kind));
    }
    let announced = count.ok_or(Error::Length(length))?;
    let mut found = Vec::new();
    // An empty string would be the end of the structure.
    while found.len() < usize::from(announced) && rest.first().is_some_and(|byte| *byte != 0) {
        let at = raw.len() - rest.len();
        let (after, text) = string(rest).map_err(|_| Error::Unterminated(at))?;
        found.push(text);
        rest = after;
    }
    if found.len() < usize::from(announced) {
        return Err(Error::Missing { announced, found: found.len() });
    }
    Ok(found)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// A structure as QEMU writes it.
    fn structure(strings: &[&[u8]]) -> Vec<u8> {
        let mut raw = vec![11, 5, 0x00, 0x0e, u8::try_from(strings.len()).expect("few")];
        for text in strings {
            raw.extend_from_slice(text);
            raw.push(0);
        }
        raw.push(0);
        raw
    }

    #[test]
    fn strings_in_order() {
        let raw = structure(&[b"cloud-init:ds=nocloud", b"a\xff=b"]);
        assert_eq!(oem_strings(&raw), Ok(vec![&b"cloud-init:ds=nocloud"[..], b"a\xff=b"]));
        assert_eq!(oem_strings(&[11, 5, 0, 0, 0, 0, 0]), Ok(Vec::new()));
        // A later version of the specification may have a longer formatted area.
        assert_eq!(oem_strings(b"\x0b\x07\0\0\x01??x\0\0"), Ok(vec![&b"x"[..]]));
    }

    #[test]
    fn what_is_wrong_is_said() {
        for (raw, expected) in [
            (&b""[..], Error::Truncated(0)),
            (b"\x0b\x05\0\0", Error::Truncated(4)),
            (b"\x0c\x05\0\0\x01x\0\0", Error::Type(12)),
            (b"\x0b\x04\0\0\0\0", Error::Length(4)),
            (b"\x0b\x05\0\0\x01xyz", Error::Unterminated(5)),
            (b"\x0b\x05\0\0\x02x\0\0", Error::Missing { announced: 2, found: 1 }),
        ] {
            assert_eq!(oem_strings(raw), Err(expected), "{raw:?}");
        }
    }

    proptest! {
        #[test]
        fn any_bytes_are_read_or_refused(raw: Vec<u8>) {
            let _ = oem_strings(&raw);
        }

        #[test]
        fn what_was_written_is_read(strings in proptest::collection::vec("[^\0]{1,40}", 0..20)) {
            let bytes: Vec<&[u8]> = strings.iter().map(String::as_bytes).collect();
            let raw = structure(&bytes);
            prop_assert_eq!(oem_strings(&raw), Ok(bytes));
        }
    }
}
