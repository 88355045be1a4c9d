//! MIME messages as used in cloud user-data.
//!
//! [`Message::parse`] reads any bytes like Python's `email.message_from_bytes` (compat32 policy), because
//! existing user-data was written for that reader: malformed parts become a [`Defect`], never an error. Only
//! the [`Limits`] cause errors. [`Message::write`] uses the format of Python's generator, so that a parsed
//! message can be extended and written again.
//!
//! Header text is interpreted as UTF-8 if valid; payloads are bytes.
#![forbid(unsafe_code)]

mod header;
mod params;
mod parse;
mod transfer;
mod write;

pub use header::{Header, Headers};
pub use params::{Value, format_parameter};
pub use parse::Limits;
pub use transfer::{Decoded, encode_base64};
pub use write::boundary_of;

/// A message or a part of one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Message {
    /// The `From ` line of a mailbox, if the first line is one, without its line end.
    pub unix_from: Option<Vec<u8>>,
    /// The headers in their order.
    pub headers: Headers,
    /// The content after the headers.
    pub body: Body,
    /// Defects of this part, in the order of their detection.
    pub defects: Vec<Defect>,
    /// Whether a missing Content-Type means `message/rfc822`, as in `multipart/digest` (RFC 2046, 5.1.5).
    pub in_digest: bool,
}

/// The content of a message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Body {
    /// Bytes as written, still encoded.
    Leaf(Vec<u8>),
    /// Parts: of a `multipart/*`, or the single message in a `message/*`.
    Multipart {
        /// Text before the first boundary, without the line end that belongs to the boundary.
        preamble: Option<Vec<u8>>,
        /// The parts in order.
        parts: Vec<Message>,
        /// Text after the closing boundary; `Some(empty)` if only a line end follows.
        epilogue: Option<Vec<u8>>,
    },
}

/// A deviation from the standards that parsing tolerates. The names are those of Python's `email.errors`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, thiserror::Error)]
pub enum Defect {
    /// A line that is not a header precedes the blank line.
    #[error("no blank line between the headers and the body")]
    MissingHeaderBodySeparator,
    /// The first header line starts with white space.
    #[error("the first header line is a continuation")]
    FirstHeaderLineIsContinuation,
    /// A `From ` line among the headers.
    #[error("a From line among the headers")]
    MisplacedEnvelopeHeader,
    /// A header line that starts with its colon.
    #[error("a header has no name")]
    InvalidHeader,
    /// A multipart without a boundary in its Content-Type.
    #[error("multipart without a boundary parameter")]
    NoBoundaryInMultipart,
    /// A multipart declared as base64 or quoted-printable (RFC 2045, 6.4).
    #[error("multipart with a content-transfer-encoding other than 7bit, 8bit or binary")]
    InvalidMultipartContentTransferEncoding,
    /// The boundary never occurs.
    #[error("the boundary is never used")]
    StartBoundaryNotFound,
    /// The text ends inside a part.
    #[error("the closing boundary is missing")]
    CloseBoundaryNotFound,
    /// The outermost message is declared as multipart but has no parts.
    #[error("multipart without parts")]
    MultipartInvariantViolation,
}

/// Why a message was rejected: it exceeds a limit.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// Parts nest deeper than [`Limits::max_depth`].
    #[error("line {line}: MIME parts are nested more than {limit} levels deep; flatten the message")]
    TooDeep {
        /// One-based line where the first part beyond the limit starts.
        line: usize,
        /// The limit.
        limit: usize,
    },
    /// There are more parts than [`Limits::max_parts`].
    #[error("line {line}: the message has more than {limit} parts; send fewer or larger ones")]
    TooManyParts {
        /// One-based line where the first part beyond the limit starts.
        line: usize,
        /// The limit.
        limit: usize,
    },
    /// The headers of all parts have more lines than [`Limits::max_header_lines`].
    #[error("line {line}: the headers have more than {limit} lines; this may not be a MIME message")]
    TooManyHeaders {
        /// One-based line of the first header line beyond the limit.
        line: usize,
        /// The limit.
        limit: usize,
    },
    /// The text exceeds [`Limits::max_bytes`].
    #[error("the message has {size} bytes, more than the limit of {limit}; compress it or use #include")]
    TooLarge {
        /// The size in bytes.
        size: usize,
        /// The limit.
        limit: usize,
    },
    /// A header whose name or value would be read as another header.
    #[error("cannot write header {name:?}: {why}")]
    UnwritableHeader {
        /// The name given.
        name: String,
        /// The reason.
        why: &'static str,
    },
}

impl Message {
    /// A leaf without headers.
    pub fn leaf(payload: impl Into<Vec<u8>>) -> Self {
        Self::with_body(Body::Leaf(payload.into()))
    }

    /// A part of that type with `MIME-Version`, like Python's `MIMEBase`; its payload is written unchanged.
    pub fn part(content_type: &str, payload: impl Into<Vec<u8>>) -> Result<Self, Error> {
        let mut message = Self::leaf(payload);
        message.headers.push("Content-Type", content_type)?;
        message.headers.push("MIME-Version", "1.0")?;
        Ok(message)
    }

    /// A `text/SUBTYPE` part like Python's `MIMEText`: ASCII as 7bit, anything else as UTF-8 in base64.
    pub fn text(subtype: &str, text: &str) -> Result<Self, Error> {
        let (charset, encoding) = if text.is_ascii() { ("us-ascii", "7bit") } else { ("utf-8", "base64") };
        let payload = if text.is_ascii() { text.into() } else { encode_base64(text.as_bytes()) };
        let mut message = Self::part(&format!("text/{subtype}; charset=\"{charset}\""), payload)?;
        message.headers.push("Content-Transfer-Encoding", encoding)?;
        Ok(message)
    }

    /// A base64 part of that type, for binary data.
    pub fn base64(content_type: &str, bytes: &[u8]) -> Result<Self, Error> {
        let mut message = Self::part(content_type, encode_base64(bytes))?;
        message.headers.push("Content-Transfer-Encoding", "base64")?;
        Ok(message)
    }

    /// An empty `multipart/SUBTYPE`. `boundary` must not occur in any part; see [`Message::free_boundary`].
    pub fn multipart(subtype: &str, boundary: &str) -> Result<Self, Error> {
        let content_type = format!("multipart/{subtype}; {}", format_parameter("boundary", boundary));
        let mut message = Self::part(&content_type, Vec::new())?;
        message.body = Body::Multipart { preamble: None, parts: Vec::new(), epilogue: None };
        Ok(message)
    }

    fn with_body(body: Body) -> Self {
        Self { unix_from: None, headers: Headers::default(), body, defects: Vec::new(), in_digest: false }
    }

    /// Appends a part. A leaf becomes a multipart, and its payload is discarded.
    pub fn attach(&mut self, part: Message) {
        if let Body::Multipart { parts, .. } = &mut self.body {
            parts.push(part);
        } else {
            self.body = Body::Multipart { preamble: None, parts: vec![part], epilogue: None };
        }
    }

    /// The parts; empty for a leaf.
    pub fn parts(&self) -> &[Message] {
        match &self.body {
            Body::Leaf(_) => &[],
            Body::Multipart { parts, .. } => parts,
        }
    }

    /// Whether it has parts, regardless of its Content-Type.
    pub fn is_multipart(&self) -> bool {
        matches!(self.body, Body::Multipart { .. })
    }

    /// This message and all nested parts, outer before inner, in order.
    pub fn walk(&self) -> Walk<'_> {
        Walk { pending: vec![self] }
    }

    /// `type/subtype` in lower case. A missing header means the default for its place, a malformed one
    /// `text/plain`.
    pub fn content_type(&self) -> String {
        let Some(value) = self.headers.text("content-type") else {
            return if self.in_digest { "message/rfc822" } else { "text/plain" }.to_owned();
        };
        let head = params::strip(value.split(';').next().unwrap_or_default()).to_lowercase();
        if head.matches('/').count() == 1 { head } else { "text/plain".to_owned() }
    }

    /// The main type of [`Message::content_type`].
    pub fn maintype(&self) -> String {
        let mut kind = self.content_type();
        kind.truncate(kind.find('/').unwrap_or(kind.len()));
        kind
    }

    /// A parameter of a header, like Python's `get_param(name, header=header)`.
    pub fn param(&self, name: &str, header: &str) -> Option<Value> {
        params::lookup(&self.headers.text(header)?, name)
    }

    /// The boundary of a multipart.
    pub fn boundary(&self) -> Option<String> {
        Some(params::strip_end(&self.param("boundary", "content-type")?.collapse()).to_owned())
    }

    /// The file name: in Content-Disposition, else the `name` in Content-Type.
    pub fn filename(&self) -> Option<String> {
        let value =
            self.param("filename", "content-disposition").or_else(|| self.param("name", "content-type"))?;
        Some(params::strip(&value.collapse()).to_owned())
    }

    /// The charset of Content-Type in lower case.
    pub fn charset(&self) -> Option<String> {
        Some(self.param("charset", "content-type")?.collapse().to_lowercase())
    }

    /// The decoded payload, like `get_payload(decode=True)`; `None` if there are parts.
    pub fn decoded(&self) -> Option<Decoded> {
        let Body::Leaf(payload) = &self.body else { return None };
        let encoding = self.headers.text("content-transfer-encoding").unwrap_or_default();
        Some(transfer::decode(&encoding, payload))
    }

    /// Sets `Content-Disposition: attachment` with that file name.
    pub fn set_filename(&mut self, name: &str) -> Result<(), Error> {
        self.headers.remove("content-disposition");
        let value = format!("attachment; {}", format_parameter("filename", name));
        self.headers.push("Content-Disposition", &value)
    }
}

/// The iterator of [`Message::walk`].
#[derive(Debug, Clone)]
pub struct Walk<'a> {
    pending: Vec<&'a Message>,
}

impl<'a> Iterator for Walk<'a> {
    type Item = &'a Message;

    fn next(&mut self) -> Option<&'a Message> {
        let message = self.pending.pop()?;
        self.pending.extend(message.parts().iter().rev());
        Some(message)
    }
}
