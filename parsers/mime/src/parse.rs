//! Parsing: headers, then the content declared by the Content-Type; enclosing boundaries end a part.

use nom::{
    IResult, Parser,
    branch::alt,
    bytes::complete::{is_not, tag, take_while},
    combinator::{eof, opt, recognize},
    sequence::terminated,
};

use crate::{Body, Defect, Error, Message, header::is_field_name_byte};

/// The limits for a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// The maximum nesting of parts; the outermost message is at depth 1.
    pub max_depth: usize,
    /// The maximum number of messages and parts.
    pub max_parts: usize,
    /// The maximum number of header lines.
    pub max_header_lines: usize,
    /// The maximum size in bytes.
    pub max_bytes: usize,
}

impl Default for Limits {
    /// 32 levels, 4096 parts, 65536 header lines, 64 MiB: far beyond any cloud's user-data, but harmless for
    /// a small machine.
    fn default() -> Self {
        Self { max_depth: 32, max_parts: 4096, max_header_lines: 1 << 16, max_bytes: 64 << 20 }
    }
}

impl Message {
    /// Parses a message. Any bytes are valid: text without headers is a leaf with a defect.
    pub fn parse(text: &[u8], limits: &Limits) -> Result<Self, Error> {
        if text.len() > limits.max_bytes {
            return Err(Error::TooLarge { size: text.len(), limit: limits.max_bytes });
        }
        let mut reader = Reader {
            rest: text,
            line: 0,
            pushed: Vec::new(),
            ends: Vec::new(),
            parts: 0,
            header_lines: 0,
            limits,
        };
        let mut message = reader.message(1, false)?;
        if message.maintype() == "multipart" && !message.is_multipart() {
            message.defects.push(Defect::MultipartInvariantViolation);
        }
        Ok(message)
    }
}

/// The end of the current part.
enum End {
    /// A boundary of an enclosing multipart, with its leading dashes.
    Boundary(Vec<u8>),
    /// A blank line, in `message/delivery-status`.
    Blank,
}

impl End {
    fn matches(&self, line: &[u8]) -> bool {
        match self {
            End::Boundary(separator) => boundary_line(separator, line).is_some(),
            End::Blank => matches!(line.first(), Some(b'\r' | b'\n')),
        }
    }
}

struct Reader<'a> {
    rest: &'a [u8],
    line: usize,
    /// Lines that were put back, the next one last.
    pushed: Vec<&'a [u8]>,
    ends: Vec<End>,
    parts: usize,
    header_lines: usize,
    limits: &'a Limits,
}

impl<'a> Reader<'a> {
    /// The next line with its line end; `None` at the end of the text or the current part.
    fn next_line(&mut self) -> Option<&'a [u8]> {
        let line = match self.pushed.pop() {
            Some(line) => line,
            None if self.rest.is_empty() => return None,
            None => {
                let (content, end) = line_and_end(self.rest);
                let (line, rest) = self.rest.split_at(content.len() + end);
                self.rest = rest;
                self.line += 1;
                line
            }
        };
        if self.ends.iter().any(|end| end.matches(line)) {
            self.pushed.push(line);
            return None;
        }
        Some(line)
    }

    fn remaining(&mut self) -> Vec<u8> {
        let mut text = Vec::new();
        while let Some(line) = self.next_line() {
            text.extend_from_slice(line);
        }
        text
    }

    fn message(&mut self, depth: usize, in_digest: bool) -> Result<Message, Error> {
        let line = (self.line + 1).saturating_sub(self.pushed.len());
        if depth > self.limits.max_depth {
            return Err(Error::TooDeep { line, limit: self.limits.max_depth });
        }
        self.parts += 1;
        if self.parts > self.limits.max_parts {
            return Err(Error::TooManyParts { line, limit: self.limits.max_parts });
        }
        let mut message = Message::leaf(Vec::new());
        message.in_digest = in_digest;
        self.headers(&mut message)?;
        let kind = message.content_type();
        if kind == "message/delivery-status" {
            message.body = self.blocks(depth)?;
        } else if kind.starts_with("message/") {
            let inner = self.message(depth + 1, false)?;
            message.body = Body::Multipart { preamble: None, parts: vec![inner], epilogue: None };
        } else if kind.starts_with("multipart/") {
            self.multipart(&mut message, depth)?;
        } else {
            message.body = Body::Leaf(self.remaining());
        }
        Ok(message)
    }

    fn headers(&mut self, message: &mut Message) -> Result<(), Error> {
        let mut lines = Vec::new();
        while let Some(line) = self.next_line() {
            if !is_header_line(line) {
                if !matches!(line.first(), Some(b'\r' | b'\n')) {
                    message.defects.push(Defect::MissingHeaderBodySeparator);
                    self.pushed.push(line);
                }
                break;
            }
            self.header_lines += 1;
            if self.header_lines > self.limits.max_header_lines {
                return Err(Error::TooManyHeaders { line: self.line, limit: self.limits.max_header_lines });
            }
            lines.push(line);
        }
        let mut current: Option<(&[u8], Vec<u8>)> = None;
        for (index, &line) in lines.iter().enumerate() {
            if matches!(line.first(), Some(b' ' | b'\t')) {
                match &mut current {
                    Some((_, value)) => value.extend_from_slice(line),
                    None => message.defects.push(Defect::FirstHeaderLineIsContinuation),
                }
                continue;
            }
            store(message, current.take());
            if line.starts_with(b"From ") {
                if index == 0 {
                    message.unix_from = Some(line_and_end(line).0.to_vec());
                } else if index + 1 == lines.len() {
                    // Most likely the first line of a body without its blank line.
                    self.pushed.push(line);
                    return Ok(());
                } else {
                    message.defects.push(Defect::MisplacedEnvelopeHeader);
                }
                continue;
            }
            let colon = line.iter().position(|&b| b == b':').unwrap_or(0);
            if colon == 0 {
                message.defects.push(Defect::InvalidHeader);
                continue;
            }
            let value = &line[colon + 1..];
            let start = value.iter().position(|b| !matches!(b, b' ' | b'\t')).unwrap_or(value.len());
            current = Some((&line[..colon], value[start..].to_vec()));
        }
        store(message, current);
        Ok(())
    }

    /// `message/delivery-status` consists of blocks of headers separated by blank lines (RFC 3464).
    fn blocks(&mut self, depth: usize) -> Result<Body, Error> {
        let mut parts = Vec::new();
        loop {
            self.ends.push(End::Blank);
            let block = self.message(depth + 1, false);
            self.ends.pop();
            parts.push(block?);
            let _blank = self.next_line();
            match self.next_line() {
                None => break,
                Some(line) => self.pushed.push(line),
            }
        }
        Ok(Body::Multipart { preamble: None, parts, epilogue: None })
    }

    fn multipart(&mut self, message: &mut Message, depth: usize) -> Result<(), Error> {
        let Some(boundary) = message.boundary() else {
            message.defects.push(Defect::NoBoundaryInMultipart);
            message.body = Body::Leaf(self.remaining());
            return Ok(());
        };
        let encoding = message.headers.text("content-transfer-encoding").unwrap_or_else(|| "8bit".into());
        if !["7bit", "8bit", "binary"].contains(&encoding.to_lowercase().as_str()) {
            message.defects.push(Defect::InvalidMultipartContentTransferEncoding);
        }
        let separator = format!("--{boundary}").into_bytes();
        let in_digest = message.content_type() == "multipart/digest";
        let mut before = Vec::new();
        let mut parts = Vec::new();
        let (mut preamble, mut started, mut closed) = (None, false, false);
        while let Some(line) = self.next_line() {
            match boundary_line(&separator, line) {
                Some(Mark::Closing) => {
                    closed = true;
                    break;
                }
                Some(Mark::Separator) => {
                    if !started {
                        started = true;
                        if !before.is_empty() {
                            strip_line_end(&mut before);
                            preamble = Some(std::mem::take(&mut before));
                        }
                    }
                    self.skip_repeated(&separator);
                    self.ends.push(End::Boundary(separator.clone()));
                    let part = self.message(depth + 1, in_digest);
                    self.ends.pop();
                    let mut part = part?;
                    give_line_end_to_boundary(&mut part);
                    parts.push(part);
                }
                None => before.extend_from_slice(line),
            }
        }
        if !started {
            message.defects.push(Defect::StartBoundaryNotFound);
            message.body = Body::Leaf(before);
            self.remaining();
            return Ok(());
        }
        let epilogue = closed.then(|| self.remaining());
        if epilogue.is_none() {
            message.defects.push(Defect::CloseBoundaryNotFound);
        }
        message.body = Body::Multipart { preamble, parts, epilogue };
        Ok(())
    }

    /// Consecutive boundary lines have no part between them.
    fn skip_repeated(&mut self, separator: &[u8]) {
        while let Some(line) = self.next_line() {
            if boundary_line(separator, line).is_none() {
                self.pushed.push(line);
                break;
            }
        }
    }
}

fn store(message: &mut Message, header: Option<(&[u8], Vec<u8>)>) {
    if let Some((name, mut value)) = header {
        while matches!(value.last(), Some(b'\r' | b'\n')) {
            value.pop();
        }
        message.headers.push_raw(name, value);
    }
}

/// The line end before a boundary belongs to the boundary (RFC 2046, 5.1.1): it is removed from the message
/// read last.
fn give_line_end_to_boundary(part: &mut Message) {
    let multipart = part.maintype() == "multipart";
    match &mut part.body {
        Body::Multipart { epilogue, .. } if multipart => match epilogue {
            Some(text) if text.is_empty() => *epilogue = None,
            Some(text) => strip_line_end(text),
            None => {}
        },
        Body::Multipart { parts, .. } => {
            if let Some(last) = parts.last_mut() {
                give_line_end_to_boundary(last);
            }
        }
        Body::Leaf(_) if multipart => {}
        Body::Leaf(payload) => strip_line_end(payload),
    }
}

fn strip_line_end(text: &mut Vec<u8>) {
    if text.ends_with(b"\r\n") {
        text.truncate(text.len() - 2);
    } else if matches!(text.last(), Some(b'\r' | b'\n')) {
        text.pop();
    }
}

fn is_header_line(line: &[u8]) -> bool {
    fn name(input: &[u8]) -> IResult<&[u8], &[u8]> {
        let field = recognize((take_while(is_field_name_byte), tag(":")));
        alt((tag("From "), tag(" "), tag("\t"), field)).parse(input)
    }
    name(line).is_ok()
}

/// The type of a boundary line.
enum Mark {
    /// It starts a part.
    Separator,
    /// It ends the multipart.
    Closing,
}

type Tail<'a> = (Option<&'a [u8]>, &'a [u8], Option<&'a [u8]>);

fn boundary_line(separator: &[u8], line: &[u8]) -> Option<Mark> {
    fn tail(input: &[u8]) -> IResult<&[u8], Tail<'_>> {
        let blank = take_while(|b| matches!(b, b' ' | b'\t'));
        terminated((opt(tag("--")), blank, opt(line_end)), eof).parse(input)
    }
    let (_, (closing, _, _)) = tail(line.strip_prefix(separator)?).ok()?;
    Some(if closing.is_some() { Mark::Closing } else { Mark::Separator })
}

fn line_end(input: &[u8]) -> IResult<&[u8], &[u8]> {
    alt((tag("\r\n"), tag("\n"), tag("\r"))).parse(input)
}

/// The first line without its end, and the length of that end.
pub(crate) fn line_and_end(text: &[u8]) -> (&[u8], usize) {
    fn content(input: &[u8]) -> IResult<&[u8], Option<&[u8]>> {
        opt(is_not("\r\n")).parse(input)
    }
    match (content, opt(line_end)).parse(text) {
        Ok((_, (content, end))) => (content.unwrap_or_default(), end.map_or(0, <[u8]>::len)),
        // Both parts are optional, so that the grammar matches any text.
        Err(_) => (text, 0),
    }
}
