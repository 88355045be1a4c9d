//! Writes a message in the format of Python's `email.generator`: without folding, with line feeds as line
//! ends.

use base64::Engine as _;

use crate::{Body, Header, Message, transfer::split_lines};

impl Message {
    /// The message as bytes, like `as_bytes()` with unlimited header lines.
    ///
    /// A multipart without a boundary parameter gets a free one, see [`Message::free_boundary`].
    pub fn write(&self) -> Vec<u8> {
        let parts: Vec<Vec<u8>> = self.parts().iter().map(Message::write).collect();
        let framed = self.is_multipart() && self.maintype() == "multipart";
        let known = self.boundary().filter(|boundary| !boundary.is_empty());
        let invented = (framed && known.is_none()).then(|| free_boundary(0, &parts));
        let mut out = Vec::new();
        for header in &self.headers {
            match &invented {
                Some(boundary) if header.name.eq_ignore_ascii_case("content-type") => {
                    let mut value = header.value.clone();
                    value.extend_from_slice(format!("; boundary=\"{boundary}\"").as_bytes());
                    write_header(&Header { name: header.name.clone(), value }, &mut out);
                }
                _ => write_header(header, &mut out),
            }
        }
        out.push(b'\n');
        match &self.body {
            Body::Leaf(payload) if ["multipart", "message"].contains(&self.maintype().as_str()) => {
                out.extend_from_slice(payload);
            }
            Body::Leaf(payload) => write_lines(payload, &mut out),
            Body::Multipart { preamble, epilogue, .. } => match known.or(invented) {
                Some(boundary) if framed => {
                    write_parts(&boundary, preamble.as_deref(), &parts, epilogue.as_deref(), &mut out);
                }
                _ => self.write_embedded(parts, &mut out),
            },
        }
        out
    }

    /// The message in a `message/*`, or the blocks of a `message/delivery-status`.
    fn write_embedded(&self, parts: Vec<Vec<u8>>, out: &mut Vec<u8>) {
        if self.content_type() != "message/delivery-status" {
            out.extend_from_slice(parts.first().map_or(&[], Vec::as_slice));
            return;
        }
        for (index, mut text) in parts.into_iter().enumerate() {
            // A block ends with the blank line after its headers; joining adds a line end.
            if text.ends_with(b"\n") {
                text.pop();
            }
            if index > 0 {
                out.push(b'\n');
            }
            out.extend_from_slice(&text);
        }
    }

    /// A boundary in Python's format, from `token` and, if a part already contains that line, a counter.
    ///
    /// Use a random token below 2^63, so that senders of text cannot guess the boundary.
    pub fn free_boundary(&self, token: u64) -> String {
        let parts: Vec<Vec<u8>> = self.parts().iter().map(Message::write).collect();
        free_boundary(token, &parts)
    }
}

/// A boundary of Python's length and format that no part may contain: for parts that do not exist yet.
pub fn boundary_of(random: u64) -> String {
    form(random % 10_u64.pow(19))
}

fn form(token: u64) -> String {
    format!("==============={token:019}==")
}

fn free_boundary(token: u64, parts: &[Vec<u8>]) -> String {
    let base = form(token);
    let taken = |candidate: &str| {
        let open = format!("--{candidate}").into_bytes();
        let close = format!("--{candidate}--").into_bytes();
        parts.iter().flat_map(|part| part.split(|&b| b == b'\n')).any(|line| line == open || line == close)
    };
    let numbered = (0_u64..).map(|counter| format!("{base}.{counter}"));
    std::iter::once(base.clone()).chain(numbered).find(|candidate| !taken(candidate)).unwrap_or(base)
}

fn write_parts(
    boundary: &str,
    preamble: Option<&[u8]>,
    parts: &[Vec<u8>],
    epilogue: Option<&[u8]>,
    out: &mut Vec<u8>,
) {
    if let Some(preamble) = preamble {
        write_lines(preamble, out);
        out.push(b'\n');
    }
    out.extend_from_slice(format!("--{boundary}\n").as_bytes());
    for (index, part) in parts.iter().enumerate() {
        if index > 0 {
            out.extend_from_slice(format!("\n--{boundary}\n").as_bytes());
        }
        out.extend_from_slice(part);
    }
    out.extend_from_slice(format!("\n--{boundary}--\n").as_bytes());
    if let Some(epilogue) = epilogue {
        write_lines(epilogue, out);
    }
}

fn write_lines(text: &[u8], out: &mut Vec<u8>) {
    let lines = split_lines(text);
    let ended = matches!(text.last(), Some(b'\n' | b'\r'));
    for (index, line) in lines.iter().enumerate() {
        out.extend_from_slice(line);
        if index + 1 < lines.len() || ended {
            out.push(b'\n');
        }
    }
}

fn write_header(header: &Header, out: &mut Vec<u8>) {
    out.extend_from_slice(header.name.as_bytes());
    out.extend_from_slice(b": ");
    match std::str::from_utf8(&header.value) {
        Ok(value) if value.is_ascii() => write_lines(&header.value, out),
        Ok(value) => out.extend_from_slice(encoded_word(value).as_bytes()),
        // Bytes in an unknown charset are kept.
        Err(_) => out.extend_from_slice(&header.value),
    }
    out.push(b'\n');
}

/// RFC 2047, with the shorter one of Q and B.
fn encoded_word(value: &str) -> String {
    let mut q = String::new();
    for byte in value.bytes() {
        match byte {
            b' ' => q.push('_'),
            b'-' | b'!' | b'*' | b'+' | b'/' => q.push(char::from(byte)),
            _ if byte.is_ascii_alphanumeric() => q.push(char::from(byte)),
            _ => q.push_str(&format!("={byte:02X}")),
        }
    }
    let b = base64::engine::general_purpose::STANDARD.encode(value);
    if b.len() < q.len() { format!("=?utf-8?b?{b}?=") } else { format!("=?utf-8?q?{q}?=") }
}
