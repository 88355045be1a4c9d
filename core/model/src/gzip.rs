//! gzip, with a limit on what comes out: a few bytes may unpack to more than the memory holds.

use std::io::{self, Read as _};

use flate2::read::MultiGzDecoder;

/// How each member of gzip begins.
const MAGIC: [u8; 2] = [0x1f, 0x8b];

/// Bytes that cannot be unpacked.
#[derive(Debug, thiserror::Error)]
pub enum GzipError {
    /// They are no gzip, or end too early, or their checksum is wrong.
    #[error(transparent)]
    Damaged(#[from] io::Error),
    /// They hold more than they may.
    #[error("it unpacks to more than {limit} bytes")]
    TooLong {
        /// The most bytes that are taken here.
        limit: u64,
    },
}

/// Whether bytes begin as gzip does.
pub fn is_gzip(bytes: &[u8]) -> bool {
    bytes.starts_with(&MAGIC)
}

/// Unpacks gzip, all its members, as Python's `gzip` does; an error where more than `limit` bytes come out.
pub fn gunzip(bytes: &[u8], limit: u64) -> Result<Vec<u8>, GzipError> {
    let mut plain = Vec::new();
    MultiGzDecoder::new(bytes).take(limit.saturating_add(1)).read_to_end(&mut plain)?;
    if plain.len() as u64 > limit {
        return Err(GzipError::TooLong { limit });
    }
    Ok(plain)
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;

    use super::*;

    fn packed(plain: &[u8]) -> Vec<u8> {
        let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
        encoder.write_all(plain).expect("written");
        encoder.finish().expect("packed")
    }

    #[test]
    fn members_follow_each_other_up_to_the_limit() {
        let two = [packed(b"one "), packed(b"two")].concat();
        assert!(is_gzip(&two));
        assert_eq!(gunzip(&two, 7).expect("seven bytes"), b"one two");
        let error = gunzip(&two, 6).expect_err("seven bytes");
        assert_eq!(error.to_string(), "it unpacks to more than 6 bytes");
    }

    #[test]
    fn what_is_damaged_is_an_error() {
        let whole = packed(b"some text");
        for bytes in [&b"text"[..], b"", &whole[..whole.len() - 1]] {
            assert!(matches!(gunzip(bytes, 100), Err(GzipError::Damaged(_))), "{bytes:?}");
        }
    }
}
