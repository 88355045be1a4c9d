//! Base64 as used by clouds and their users.

use base64::alphabet::STANDARD as ALPHABET;
use base64::engine::general_purpose::{GeneralPurpose, GeneralPurposeConfig, STANDARD};
use base64::{DecodeError, Engine as _};

/// Decodes like Python's `base64.b64decode`: characters outside the alphabet are skipped, including line breaks, and
/// excess bits are ignored.
pub fn base64_lenient(text: &str) -> Result<Vec<u8>, DecodeError> {
    let is_letter = |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'/' | b'=');
    let letters: Vec<u8> = text.bytes().filter(is_letter).collect();
    engine().decode(letters)
}

/// Decodes data that may have an additional base64 encoding; data that is not pure base64 is returned unchanged.
pub fn base64_at_most(data: Vec<u8>) -> Vec<u8> {
    engine().decode(&data).unwrap_or(data)
}

/// Encodes without line breaks.
pub fn base64(bytes: &[u8]) -> String {
    STANDARD.encode(bytes)
}

/// Bytes in the format of instance data: base64 with a prefix.
pub fn marked(bytes: &[u8]) -> String {
    format!("ci-b64:{}", base64(bytes))
}

fn engine() -> GeneralPurpose {
    GeneralPurpose::new(&ALPHABET, GeneralPurposeConfig::new().with_decode_allow_trailing_bits(true))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_vectors_of_rfc_4648() {
        for (plain, encoded) in [("", ""), ("f", "Zg=="), ("fo", "Zm8="), ("foobar", "Zm9vYmFy")] {
            assert_eq!(base64_lenient(encoded).as_deref(), Ok(plain.as_bytes()));
            assert_eq!(base64_at_most(encoded.as_bytes().to_vec()), plain.as_bytes());
        }
        assert_eq!(base64_lenient("Zm9v\n YmFy\n").as_deref(), Ok(&b"foobar"[..]));
        assert!(base64_lenient("Zm9vY").is_err());
        assert_eq!(base64_at_most(b"#cloud-config\n".to_vec()), b"#cloud-config\n");
        assert_eq!(marked(b"fo"), "ci-b64:Zm8=");
    }
}
