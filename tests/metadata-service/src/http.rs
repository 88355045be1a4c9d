//! As much HTTP/1.1 as a metadata service speaks (RFC 9112).

use std::io::{self, BufRead, Read, Write};

/// Bound on a line and on the number of header fields: a client that exceeds it is broken.
const LINE: u64 = 16 * 1024;
const FIELDS: usize = 100;
/// Bound on a request body, in bytes.
const BODY: u64 = 1024 * 1024;

/// A request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Request {
    /// `GET`, `PUT`, …
    pub method: String,
    /// The target without its query.
    pub path: String,
    /// Fields in the order sent, names in lower case.
    pub headers: Vec<(String, String)>,
    /// What was sent with it.
    pub body: Vec<u8>,
    /// Whether the client wants the connection kept.
    pub keep_alive: bool,
}

impl Request {
    /// The value of a field, by its lower-case name.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(field, _)| field == name).map(|(_, value)| value.as_str())
    }
}

/// An answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Response {
    pub status: u16,
    pub headers: Vec<(&'static str, String)>,
    pub body: Vec<u8>,
}

impl Response {
    pub(crate) fn new(status: u16, body: impl Into<Vec<u8>>) -> Self {
        Self { status, headers: Vec::new(), body: body.into() }
    }

    /// An error with its reason as the body.
    pub(crate) fn error(status: u16) -> Self {
        Self::new(status, format!("{status} {}\n", reason(status)))
    }

    /// Writes it; gives whether the connection can carry more.
    pub(crate) fn write(
        &self,
        out: &mut dyn Write,
        request: &Request,
        manner: Manner,
        pause: &dyn Fn() -> bool,
    ) -> io::Result<bool> {
        let keep = if request.keep_alive && manner == Manner::Whole { "keep-alive" } else { "close" };
        let mut head = format!("HTTP/1.1 {} {}\r\n", self.status, reason(self.status));
        for (name, value) in &self.headers {
            head.push_str(&format!("{name}: {value}\r\n"));
        }
        if manner != Manner::Huge {
            head.push_str(&format!("Content-Length: {}\r\n", self.body.len()));
        }
        head.push_str(&format!("Connection: {keep}\r\n\r\n"));
        let length = if manner == Manner::Truncated { self.body.len() / 2 } else { self.body.len() };
        let body = if request.method == "HEAD" { &[] } else { &self.body[..length] };
        match manner {
            Manner::SlowHead => slowly(out, &[head.as_bytes(), body].concat(), pause)?,
            Manner::SlowBody => {
                out.write_all(head.as_bytes())?;
                slowly(out, body, pause)?;
            }
            Manner::Huge => {
                out.write_all(head.as_bytes())?;
                let block = vec![b'x'; 64 * 1024];
                // More than any client keeps; one that reads on is cut off in the end.
                for _ in 0..64 * 1024 {
                    out.write_all(&block)?;
                }
            }
            Manner::Whole | Manner::Truncated => out.write_all(&[head.as_bytes(), body].concat())?,
        }
        out.flush()?;
        Ok(manner == Manner::Whole && request.keep_alive)
    }
}

/// A byte at a time, as long as there is another pause.
fn slowly(out: &mut dyn Write, bytes: &[u8], pause: &dyn Fn() -> bool) -> io::Result<()> {
    bytes.iter().take_while(|_| pause()).try_for_each(|byte| {
        out.write_all(&[*byte])?;
        out.flush()
    })
}

/// How an answer is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Manner {
    /// At once.
    Whole,
    /// Half of the body that its length promises.
    Truncated,
    /// All of it a byte at a time.
    SlowHead,
    /// The body a byte at a time.
    SlowBody,
    /// With a body that does not end.
    Huge,
}

fn reason(status: u16) -> &'static str {
    match status {
        200 => "OK",
        302 => "Found",
        400 => "Bad Request",
        401 => "Unauthorized",
        403 => "Forbidden",
        404 => "Not Found",
        405 => "Method Not Allowed",
        429 => "Too Many Requests",
        500 => "Internal Server Error",
        503 => "Service Unavailable",
        _ => "Error",
    }
}

/// Reads one request; `None` when the client has closed the connection.
pub(crate) fn read(input: &mut dyn BufRead) -> io::Result<Option<Request>> {
    let Some(first) = line(input)? else { return Ok(None) };
    let mut words = first.split(' ');
    let (Some(method), Some(target), Some(version)) = (words.next(), words.next(), words.next()) else {
        return Err(bad("request line"));
    };
    let mut headers = Vec::new();
    loop {
        let field = line(input)?.ok_or_else(|| bad("end inside the header"))?;
        if field.is_empty() {
            break;
        }
        let (name, value) = field.split_once(':').ok_or_else(|| bad("header field"))?;
        headers.push((name.to_ascii_lowercase(), value.trim().to_owned()));
        if headers.len() > FIELDS {
            return Err(bad("number of header fields"));
        }
    }
    let path = target.split(['?', '#']).next().unwrap_or(target);
    let mut request = Request {
        method: method.to_owned(),
        path: decode(path),
        headers,
        body: Vec::new(),
        keep_alive: version == "HTTP/1.1",
    };
    match request.header("connection").map(str::to_ascii_lowercase).as_deref() {
        Some("close") => request.keep_alive = false,
        Some("keep-alive") => request.keep_alive = true,
        _ => {}
    }
    if request.header("transfer-encoding").is_some() {
        return Err(bad("transfer encoding; send Content-Length"));
    }
    if let Some(length) = request.header("content-length") {
        let length: u64 = length.parse().map_err(|_| bad("content length"))?;
        if length > BODY {
            return Err(bad("length of the body"));
        }
        let mut body = vec![0; usize::try_from(length).map_err(|_| bad("content length"))?];
        input.read_exact(&mut body)?;
        request.body = body;
    }
    Ok(Some(request))
}

fn line(input: &mut dyn BufRead) -> io::Result<Option<String>> {
    let mut bytes = Vec::new();
    input.take(LINE).read_until(b'\n', &mut bytes)?;
    if bytes.is_empty() {
        return Ok(None);
    }
    if bytes.pop() != Some(b'\n') {
        return Err(bad("length of a line"));
    }
    if bytes.last() == Some(&b'\r') {
        bytes.pop();
    }
    String::from_utf8(bytes).map(Some).map_err(|_| bad("bytes in the header"))
}

fn bad(what: &str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, format!("unacceptable {what}"))
}

/// Undoes percent encoding; what is not one is kept.
fn decode(path: &str) -> String {
    let mut bytes = Vec::new();
    let mut rest = path.as_bytes();
    while let Some((&first, tail)) = rest.split_first() {
        let code = tail.get(..2).and_then(|digits| std::str::from_utf8(digits).ok());
        match code.and_then(|digits| u8::from_str_radix(digits, 16).ok()) {
            Some(byte) if first == b'%' => {
                bytes.push(byte);
                rest = &tail[2..];
            }
            _ => {
                bytes.push(first);
                rest = tail;
            }
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_two_requests_of_one_connection() {
        let text = b"PUT /latest/api/token?x=1 HTTP/1.1\r\nX-TTL: 60\r\nContent-Length: 2\r\n\r\nhiGET /a%2fb HTTP/1.0\r\n\r\n";
        let mut input = io::BufReader::new(&text[..]);
        let first = read(&mut input).expect("valid").expect("a request");
        assert_eq!((first.method.as_str(), first.path.as_str()), ("PUT", "/latest/api/token"));
        assert_eq!((first.header("x-ttl"), first.body.as_slice()), (Some("60"), &b"hi"[..]));
        assert!(first.keep_alive);
        let second = read(&mut input).expect("valid").expect("a request");
        assert_eq!((second.path.as_str(), second.keep_alive), ("/a/b", false));
        assert_eq!(read(&mut input).expect("an end"), None);
    }

    #[test]
    fn refuses_what_it_does_not_speak() {
        for text in [
            "GET\r\n\r\n",
            "GET / HTTP/1.1\r\nno colon\r\n\r\n",
            "GET / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n",
        ] {
            assert!(read(&mut io::BufReader::new(text.as_bytes())).is_err(), "{text}");
        }
    }

    #[test]
    fn truncation_keeps_the_promised_length() {
        let request =
            read(&mut io::BufReader::new(&b"GET / HTTP/1.1\r\n\r\n"[..])).expect("valid").expect("one");
        let mut out = Vec::new();
        let more = Response::new(200, "abcdef").write(&mut out, &request, Manner::Truncated, &|| true);
        assert!(!more.expect("written"), "the connection ends");
        let text = String::from_utf8(out).expect("text");
        assert!(
            text.contains("Content-Length: 6\r\nConnection: close\r\n\r\nabc") && text.ends_with("abc"),
            "{text}"
        );
    }
}
