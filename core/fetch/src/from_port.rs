//! A request from a source port below 1024, which proves to a metadata service that root is asking (Scaleway).
//!
//! HTTP libraries do not allow choosing the source port, so this implements the subset of HTTP/1.0 that such a service
//! needs: one request per connection, with a response until the end of the stream.

use std::io::{ErrorKind, Read, Write};
use std::net::{SocketAddr, TcpStream, ToSocketAddrs};
use std::time::Instant;

use model::effects::{Body, HttpError, Request, Response};
use rustix::net::sockopt::{Timeout, set_socket_reuseaddr, set_socket_timeout};
use rustix::net::{AddressFamily, SocketFlags, SocketType};

/// The maximum length of the response head in bytes.
const MAX_HEAD: usize = 64 << 10;

/// Sends once, from the first free port of the range.
pub(crate) fn send(request: &Request, ports: (u16, u16)) -> Result<Response, HttpError> {
    let refused = |reason: &str| HttpError::Refused { url: request.shown(), reason: reason.to_owned() };
    let rest = request
        .url
        .strip_prefix("http://")
        .ok_or_else(|| refused("a source port is only supported for http://"))?;
    let (host, path) = rest.find('/').map_or((rest, "/"), |at| rest.split_at(at));
    let named = if host.rsplit_once(':').is_some_and(|(_, port)| port.parse::<u16>().is_ok()) {
        host.to_owned()
    } else {
        format!("{host}:80")
    };
    let start = Instant::now();
    let outcome = exchange(request, host, path, &named, ports, start);
    outcome.map_err(|error| match error.kind() {
        ErrorKind::WouldBlock | ErrorKind::TimedOut => {
            HttpError::TimedOut { url: request.shown(), limit: request.timeout }
        }
        ErrorKind::FileTooLarge => HttpError::TooLong { url: request.shown(), limit: request.max_bytes },
        _ => HttpError::Connection { url: request.shown(), reason: error.to_string() },
    })
}

fn exchange(
    request: &Request,
    host: &str,
    path: &str,
    named: &str,
    ports: (u16, u16),
    start: Instant,
) -> std::io::Result<Response> {
    let to = named.to_socket_addrs()?.next().ok_or(ErrorKind::AddrNotAvailable)?;
    let mut stream = connect(to, ports, request)?;
    let (body, content_type): (&[u8], _) = match &request.body {
        Body::Empty => (&[], None),
        Body::Bytes(bytes, content_type) => (bytes, Some(*content_type)),
    };
    let mut head = format!(
        "{} {path} HTTP/1.0\r\nHost: {host}\r\nUser-Agent: Cloud-Init/{}\r\nConnection: close\r\n",
        request.method.name(),
        env!("CARGO_PKG_VERSION")
    );
    for (name, value) in &request.headers {
        head.push_str(&format!("{name}: {}\r\n", value.expose()));
    }
    if let Some(content_type) = content_type {
        head.push_str(&format!("Content-Type: {content_type}\r\n"));
    }
    head.push_str(&format!("Content-Length: {}\r\n\r\n", body.len()));
    stream.write_all(head.as_bytes())?;
    stream.write_all(body)?;
    let mut answer = Vec::new();
    let mut buffer = [0; 8192];
    loop {
        let left = request.timeout.checked_sub(start.elapsed()).filter(|left| !left.is_zero());
        stream.set_read_timeout(Some(left.ok_or(ErrorKind::TimedOut)?))?;
        match stream.read(&mut buffer)? {
            0 => break,
            length => answer.extend_from_slice(&buffer[..length]),
        }
        if answer.len() as u64 > request.max_bytes.saturating_add(MAX_HEAD as u64) {
            return Err(ErrorKind::FileTooLarge.into());
        }
    }
    let response = read(&answer).ok_or(ErrorKind::InvalidData)?;
    if response.body.len() as u64 > request.max_bytes {
        return Err(ErrorKind::FileTooLarge.into());
    }
    Ok(response)
}

fn connect(to: SocketAddr, ports: (u16, u16), request: &Request) -> std::io::Result<TcpStream> {
    let (family, any) = match to {
        SocketAddr::V4(_) => (AddressFamily::INET, std::net::IpAddr::from([0; 4])),
        SocketAddr::V6(_) => (AddressFamily::INET6, std::net::IpAddr::from([0; 16])),
    };
    let mut last = std::io::Error::from(ErrorKind::AddrInUse);
    for port in (ports.0..=ports.1).rev() {
        let socket = rustix::net::socket_with(family, SocketType::STREAM, SocketFlags::CLOEXEC, None)?;
        set_socket_reuseaddr(&socket, true)?;
        set_socket_timeout(&socket, Timeout::Send, Some(request.timeout))?;
        match rustix::net::bind(&socket, &SocketAddr::new(any, port))
            .and_then(|()| rustix::net::connect(&socket, &to))
        {
            Ok(()) => return Ok(socket.into()),
            // Another program, or a recent connection, uses the port.
            Err(error @ (rustix::io::Errno::ADDRINUSE | rustix::io::Errno::ADDRNOTAVAIL)) => {
                last = error.into();
            }
            Err(error) => return Err(error.into()),
        }
    }
    Err(last)
}

/// A response: its head, and a body of the declared length or until the end.
fn read(answer: &[u8]) -> Option<Response> {
    let end = answer.windows(4).position(|window| window == b"\r\n\r\n").filter(|end| *end <= MAX_HEAD)?;
    let head = String::from_utf8_lossy(&answer[..end]);
    let mut lines = head.split("\r\n");
    let status_line = lines.next()?.strip_prefix("HTTP/1.")?;
    let status = status_line.split_ascii_whitespace().nth(1)?.parse().ok()?;
    let headers: Vec<(String, String)> = lines
        .filter_map(|line| line.split_once(':'))
        .map(|(name, value)| (name.trim().to_ascii_lowercase(), value.trim().to_owned()))
        .collect();
    let mut body = answer[end + 4..].to_vec();
    let length = headers.iter().find(|(name, _)| name == "content-length").map(|(_, value)| value.as_str());
    if let Some(length) = length {
        let length: usize = length.parse().ok()?;
        // The response is truncated.
        if body.len() < length {
            return None;
        }
        body.truncate(length);
    }
    Some(Response { status, headers, body })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A service that goes on sending is left at the limit, not at the end of the time.
    #[test]
    fn an_answer_without_an_end_is_cut_off() {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("a free port");
        let address = listener.local_addr().expect("bound");
        let sent = std::thread::spawn(move || {
            let (mut stream, _) = listener.accept().expect("a client");
            let mut sent = 0;
            let _ = stream.write_all(b"HTTP/1.1 200 OK\r\n\r\n");
            while sent < 64 << 20 && stream.write_all(&[b'x'; 4096]).is_ok() {
                sent += 4096;
            }
            sent
        });
        let mut request =
            Request::get(format!("http://{address}/x")).timeout(std::time::Duration::from_secs(60));
        request.max_bytes = 10_000;
        let error = send(&request, (40_000, 40_500)).expect_err("too long");
        assert!(matches!(error, HttpError::TooLong { limit: 10_000, .. }), "{error}");
        assert!(sent.join().expect("no panic") < 32 << 20, "the connection was closed early");
    }

    #[test]
    fn answers_of_each_length() {
        let read = |text: &str| read(text.as_bytes()).map(|response| (response.status, response.body));
        assert_eq!(read("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi!"), Some((200, b"hi".to_vec())));
        assert_eq!(read("HTTP/1.0 404 Not Found\r\n\r\nno"), Some((404, b"no".to_vec())));
        assert_eq!(read("HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhi"), None);
        assert_eq!(read("SSH-2.0-x\r\n\r\n"), None);
    }
}
