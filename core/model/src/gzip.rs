//! gzip with a limit on the decompressed size.

use std::io::{self, Read as _};

use flate2::read::MultiGzDecoder;

/// The magic number of each gzip member.
const MAGIC: [u8; 2] = [0x1f, 0x8b];

/// Data that cannot be decompressed.
#[derive(Debug, thiserror::Error)]
pub enum GzipError {
    /// It is not gzip, is truncated, or has a wrong checksum.
    #[error(transparent)]
    Damaged(#[from] io::Error),
    /// It exceeds the limit.
    #[error("larger than {limit} bytes when decompressed")]
    TooLong {
        /// The limit in bytes.
        limit: u64,
    },
}

/// Whether the data starts with gzip's magic number.
pub fn is_gzip(bytes: &[u8]) -> bool {
    bytes.starts_with(&MAGIC)
}

/// Decompresses all members, like Python's `gzip`; an error if the result exceeds `limit` bytes.
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
        assert_eq!(error.to_string(), "larger than 6 bytes when decompressed");
    }

    #[test]
    fn what_is_damaged_is_an_error() {
        let whole = packed(b"some text");
        for bytes in [&b"text"[..], b"", &whole[..whole.len() - 1]] {
            assert!(matches!(gunzip(bytes, 100), Err(GzipError::Damaged(_))), "{bytes:?}");
        }
    }
}
