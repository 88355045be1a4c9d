//! Content-Transfer-Encoding, as lenient as Python's `get_payload(decode=True)`.

use base64::Engine as _;

/// A decoded payload.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Decoded {
    /// The content; the payload itself if it could not be decoded.
    pub bytes: Vec<u8>,
    /// Whether the encoding was strictly valid.
    pub clean: bool,
}

/// Base64 in lines of 76 columns, each ended by a line feed (RFC 2045, 6.8).
pub fn encode_base64(bytes: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(bytes.len() / 57 * 77 + 77);
    for chunk in bytes.chunks(57) {
        out.extend_from_slice(base64::engine::general_purpose::STANDARD.encode(chunk).as_bytes());
        out.push(b'\n');
    }
    out
}

pub(crate) fn decode(encoding: &str, payload: &[u8]) -> Decoded {
    match encoding.to_lowercase().as_str() {
        "base64" => base64(payload),
        "quoted-printable" => Decoded { bytes: quoted_printable(payload), clean: true },
        "x-uuencode" | "uuencode" | "uue" | "x-uue" => match uuencoded(payload) {
            Some(bytes) => Decoded { bytes, clean: true },
            None => Decoded { bytes: payload.to_vec(), clean: false },
        },
        _ => Decoded { bytes: payload.to_vec(), clean: true },
    }
}

fn base64(payload: &[u8]) -> Decoded {
    let joined: Vec<u8> = payload.iter().copied().filter(|b| !matches!(b, b'\r' | b'\n')).collect();
    if let Some((bytes, clean)) = base64_skipping_junk(joined.iter().copied()) {
        return Decoded { bytes, clean };
    }
    match base64_skipping_junk(joined.iter().copied().chain(*b"==")) {
        Some((bytes, _)) => Decoded { bytes, clean: false },
        // A single sextet after a multiple of four cannot be completed: the text is returned unchanged.
        None => Decoded { bytes: joined, clean: false },
    }
}

/// `None` if the text ends inside a group of four. Padding that completes a group ends the text.
fn base64_skipping_junk(text: impl Iterator<Item = u8>) -> Option<(Vec<u8>, bool)> {
    let (mut out, mut clean) = (Vec::new(), true);
    let (mut left, mut have, mut pads) = (0_u8, 0_u8, 0_u8);
    let mut text = text;
    while let Some(byte) = text.next() {
        let six = match byte {
            b'A'..=b'Z' => byte - b'A',
            b'a'..=b'z' => byte - b'a' + 26,
            b'0'..=b'9' => byte - b'0' + 52,
            b'+' => 62,
            b'/' => 63,
            b'=' => {
                if have >= 2 {
                    pads += 1;
                    if have + pads >= 4 {
                        return Some((out, clean && text.next().is_none()));
                    }
                } else {
                    clean = false;
                }
                continue;
            }
            _ => {
                clean = false;
                continue;
            }
        };
        clean &= pads == 0;
        pads = 0;
        match have {
            0 => {}
            1 => out.push(left << 2 | six >> 4),
            2 => out.push(left << 4 | six >> 2),
            _ => out.push(left << 6 | six),
        }
        left = six;
        have = (have + 1) % 4;
    }
    (have == 0).then_some((out, clean))
}

fn quoted_printable(payload: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(payload.len());
    let mut rest = payload;
    while let Some((&byte, tail)) = rest.split_first() {
        rest = tail;
        if byte != b'=' {
            out.push(byte);
            continue;
        }
        match tail {
            [] => {}
            [b'\n' | b'\r', ..] => {
                let end = tail.iter().position(|&b| b == b'\n').map_or(tail.len(), |at| at + 1);
                rest = &tail[end..];
            }
            [b'=', after @ ..] => {
                out.push(b'=');
                rest = after;
            }
            [high, low, after @ ..] => match (hex(*high), hex(*low)) {
                (Some(high), Some(low)) => {
                    out.push(high << 4 | low);
                    rest = after;
                }
                _ => out.push(b'='),
            },
            [_] => out.push(b'='),
        }
    }
    out
}

fn hex(byte: u8) -> Option<u8> {
    char::from(byte).to_digit(16).and_then(|digit| u8::try_from(digit).ok())
}

/// `None` if there is no `begin` line, a line before `end` is empty, or a line is invalid.
fn uuencoded(payload: &[u8]) -> Option<Vec<u8>> {
    let mut lines = split_lines(payload).into_iter();
    lines.find(|line| {
        line.strip_prefix(b"begin ").is_some_and(|rest| {
            let mode = rest.split(|&b| b == b' ').next().unwrap_or_default();
            !mode.is_empty() && mode.iter().all(|b| matches!(b, b'0'..=b'7'))
        })
    })?;
    let mut out = Vec::new();
    for line in lines {
        let first = *line.first()?;
        if trim_end_marker(line) == b"end" {
            break;
        }
        // Some encoders write more characters than the length requires.
        let needed = (usize::from(first.wrapping_sub(b' ') & 63) * 4 + 5) / 3;
        let decoded = uu_line(line).or_else(|| uu_line(&line[..needed.min(line.len())]))?;
        out.extend_from_slice(&decoded);
    }
    Some(out)
}

fn trim_end_marker(line: &[u8]) -> &[u8] {
    let space = |b: &u8| matches!(b, b' ' | b'\t' | b'\r' | b'\n' | b'\x0c');
    let start = line.iter().position(|b| !space(b)).unwrap_or(line.len());
    let end = line.iter().rposition(|b| !space(b)).map_or(start, |at| at + 1);
    &line[start..end]
}

fn uu_line(line: &[u8]) -> Option<Vec<u8>> {
    let Some((&first, data)) = line.split_first() else { return Some(Vec::new()) };
    let length = usize::from(first.wrapping_sub(b' ') & 63);
    let mut out = Vec::with_capacity(length);
    let (mut bits, mut held) = (0_u32, 0_u32);
    let mut data = data.iter();
    while out.len() < length {
        // Trailing blanks of a line may have been lost.
        let value = match data.next() {
            None => 0,
            Some(&byte @ b' '..=b'`') => u32::from(byte - b' ') & 63,
            Some(_) => return None,
        };
        held = held << 6 | value;
        bits += 6;
        if bits >= 8 {
            bits -= 8;
            out.push(((held >> bits) & 0xff) as u8);
            held &= (1 << bits) - 1;
        }
    }
    data.all(|b| matches!(b, b' ' | b'`')).then_some(out)
}

/// The lines without their ends (`\n`, `\r\n` or `\r`).
pub(crate) fn split_lines(text: &[u8]) -> Vec<&[u8]> {
    let mut lines = Vec::new();
    let mut rest = text;
    while !rest.is_empty() {
        let (line, end) = crate::parse::line_and_end(rest);
        lines.push(line);
        rest = &rest[line.len() + end..];
    }
    lines
}
