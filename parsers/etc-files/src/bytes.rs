//! Lossless conversion of bytes to text and back.
//!
//! Python uses surrogates for invalid UTF-8; Rust's strings have none, so the last 128 private code points
//! (U+10FF80 to U+10FFFF) represent the bytes 0x80 to 0xFF. These code points themselves are treated as four
//! bytes.

const BASE: u32 = 0x10_ff00;

fn stands_for_byte(c: char) -> bool {
    u32::from(c) >= BASE + 0x80
}

/// Text that [`encode`] turns back into these bytes.
pub fn decode(bytes: &[u8]) -> String {
    let mut out = String::with_capacity(bytes.len());
    for chunk in bytes.utf8_chunks() {
        for c in chunk.valid().chars() {
            if stands_for_byte(c) {
                escape(c.encode_utf8(&mut [0; 4]).as_bytes(), &mut out);
            } else {
                out.push(c);
            }
        }
        escape(chunk.invalid(), &mut out);
    }
    out
}

fn escape(bytes: &[u8], out: &mut String) {
    // Every byte of non-ASCII text is at least 0x80, so that its code point is one of the 128.
    out.extend(bytes.iter().filter_map(|byte| char::from_u32(BASE + u32::from(*byte))));
}

/// The bytes that were given to [`decode`].
pub fn encode(text: &str) -> Vec<u8> {
    let mut out = Vec::with_capacity(text.len());
    for c in text.chars() {
        if stands_for_byte(c) {
            #[expect(clippy::cast_possible_truncation, reason = "BASE is what was added to a byte")]
            out.push((u32::from(c) - BASE) as u8);
        } else {
            out.extend_from_slice(c.encode_utf8(&mut [0; 4]).as_bytes());
        }
    }
    out
}
