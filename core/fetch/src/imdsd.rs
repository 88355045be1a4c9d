//! Metadata through systemd's service, where link-local requests are forbidden: with `systemd.imds.network=locked` only
//! its own sockets pass the route to the metadata service.
//!
//! Source: systemd-imdsd@.service(8), and the interface io.systemd.InstanceMetadata of systemd 261. A message is a JSON
//! object with a NUL behind it (<https://varlink.org/Method-Call>).

use std::io::{BufRead, BufReader, Error, ErrorKind, Read, Write};
use std::os::unix::net::UnixStream;
use std::path::Path;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use model::effects::{HttpError, Method, Request, Response};
use serde_json::{Value, json};

/// The service's socket.
pub(crate) const SOCKET: &str = "/run/systemd/io.systemd.InstanceMetadata";
const INTERFACE: &str = "io.systemd.InstanceMetadata";
/// systemd sends its own session token; a source gets this one.
const TOKEN: &str = "systemd-imdsd";
/// The version that systemd requests from EC2, where sources request a dated one.
const LATEST: &str = "/latest";

/// Whether the route to the address forbids this connection (`prohibit`).
pub(crate) fn is_forbidden(error: &(dyn std::error::Error + 'static)) -> bool {
    let mut cause = Some(error);
    while let Some(inner) = cause {
        if inner.downcast_ref::<Error>().is_some_and(|error| error.kind() == ErrorKind::PermissionDenied) {
            return true;
        }
        cause = inner.source();
    }
    false
}

/// Sends a request through the service; `None` if it is not one that the service can send.
pub(crate) fn send(request: &Request, socket: &Path) -> Option<Result<Response, HttpError>> {
    let stream = UnixStream::connect(socket).ok()?;
    let sent = exchange(request, &stream).transpose()?;
    Some(sent.map_err(|error| match error.kind() {
        ErrorKind::WouldBlock | ErrorKind::TimedOut => {
            HttpError::TimedOut { url: request.shown(), limit: request.timeout }
        }
        ErrorKind::FileTooLarge => HttpError::TooLong { url: request.shown(), limit: request.max_bytes },
        _ => {
            HttpError::Connection { url: request.shown(), reason: format!("{} ({error})", socket.display()) }
        }
    }))
}

fn exchange(request: &Request, stream: &UnixStream) -> std::io::Result<Option<Response>> {
    stream.set_read_timeout(Some(request.timeout))?;
    stream.set_write_timeout(Some(request.timeout))?;
    let Ok(vendor) = call(request, stream, "GetVendorInfo", &json!({}))? else { return Ok(None) };
    let text = |key: &str| vendor.get(key).and_then(Value::as_str).filter(|text| !text.is_empty());
    let Some(path) = path_of(&request.url) else { return Ok(None) };
    let answer = |status, body| Ok(Some(Response { status, headers: Vec::new(), body }));
    match request.method {
        Method::Put if text("tokenUrl").and_then(path_of) == Some(path) => return answer(200, TOKEN.into()),
        // The suffix asks for another format than the sources do.
        Method::Get if text("dataUrlSuffix").is_none() => {}
        _ => return Ok(None),
    }
    let Some(key) = text("dataUrl").and_then(path_of).and_then(|base| key_of(base, path)) else {
        return Ok(None);
    };
    match call(request, stream, "Get", &json!({"key": key, "cache": false}))? {
        Ok(reply) => {
            let data = reply.get("data").and_then(Value::as_str).unwrap_or_default();
            let body = STANDARD.decode(data).map_err(|_| Error::from(ErrorKind::InvalidData))?;
            if body.len() as u64 > request.max_bytes {
                return Err(ErrorKind::FileTooLarge.into());
            }
            answer(200, body)
        }
        Err(name) => match name.as_str() {
            "KeyNotFound" => answer(404, Vec::new()),
            "NotAvailable" => answer(403, Vec::new()),
            _ => Err(Error::other(name)),
        },
    }
}

/// The path and query of a URL.
fn path_of(url: &str) -> Option<&str> {
    let rest = url.strip_prefix("http://")?;
    Some(rest.find('/').map_or("", |at| &rest[at..]))
}

/// What the service appends to its base, for a path of a source.
fn key_of<'p>(base: &str, path: &'p str) -> Option<&'p str> {
    let base = base.trim_end_matches('/');
    let own = path.strip_prefix(base).or_else(|| {
        let (version, _) = path.strip_prefix('/')?.split_once('/')?;
        let dated = version.len() == 10 && version.bytes().all(|byte| byte.is_ascii_digit() || byte == b'-');
        (base == LATEST && dated).then(|| &path[1 + version.len()..])
    });
    own.filter(|key| key.starts_with('/'))
}

/// Calls a method; returns its reply, or the last part of the error's name.
fn call(
    request: &Request,
    mut stream: &UnixStream,
    method: &str,
    parameters: &Value,
) -> std::io::Result<Result<Value, String>> {
    let mut message =
        json!({"method": format!("{INTERFACE}.{method}"), "parameters": parameters}).to_string().into_bytes();
    message.push(0);
    stream.write_all(&message)?;
    // Base64, and the object around it.
    let limit = request.max_bytes.saturating_mul(2).saturating_add(64 << 10);
    let mut reply = Vec::new();
    BufReader::new(stream.take(limit)).read_until(0, &mut reply)?;
    if reply.pop() != Some(0) {
        let kind =
            if reply.len() as u64 + 1 >= limit { ErrorKind::FileTooLarge } else { ErrorKind::UnexpectedEof };
        return Err(kind.into());
    }
    let reply: Value = serde_json::from_slice(&reply).map_err(|_| Error::from(ErrorKind::InvalidData))?;
    Ok(match reply.get("error").and_then(Value::as_str) {
        Some(name) => Err(name.rsplit('.').next().unwrap_or(name).to_owned()),
        None => Ok(reply.get("parameters").cloned().unwrap_or_default()),
    })
}

#[cfg(test)]
mod tests {
    use std::os::unix::net::UnixListener;
    use std::path::PathBuf;
    use std::thread::JoinHandle;

    use super::*;

    /// The service on a socket of its own: it replies to one connection, and returns the calls.
    fn serve(name: &str, replies: &[&str]) -> (PathBuf, JoinHandle<Vec<String>>) {
        let path = std::env::temp_dir().join(format!("imdsd-{name}-{}", std::process::id()));
        let _ = std::fs::remove_file(&path);
        let listener = UnixListener::bind(&path).expect("a free path");
        let replies: Vec<String> = replies.iter().map(|reply| format!("{reply}\0")).collect();
        let calls = std::thread::spawn(move || {
            let (stream, _) = listener.accept().expect("a client");
            let mut input = BufReader::new(&stream);
            let mut calls = Vec::new();
            for reply in replies {
                let mut call = Vec::new();
                input.read_until(0, &mut call).expect("a call");
                calls.push(String::from_utf8_lossy(&call).trim_end_matches('\0').to_owned());
                (&stream).write_all(reply.as_bytes()).expect("a client that waits");
            }
            calls
        });
        (path, calls)
    }

    const AMAZON: &str = r#"{"parameters": {"vendor": "amazon-ec2",
        "tokenUrl": "http://169.254.169.254/latest/api/token", "dataUrl": "http://169.254.169.254/latest"}}"#;

    fn sent(name: &str, request: &Request, replies: &[&str]) -> (Option<(u16, Vec<u8>)>, Vec<String>) {
        let (path, calls) = serve(name, replies);
        let answer = send(request, &path).map(|answer| answer.expect("an answer"));
        let _ = std::fs::remove_file(&path);
        (answer.map(|answer| (answer.status, answer.body)), calls.join().expect("no panic"))
    }

    #[test]
    fn keys_are_below_the_base_or_a_version() {
        for (base, path, wanted) in [
            ("/latest", "/latest/meta-data/x", Some("/meta-data/x")),
            ("/latest/", "/latest/meta-data/x", Some("/meta-data/x")),
            ("/latest", "/2021-03-23/meta-data/x", Some("/meta-data/x")),
            ("/latest", "/latestmeta-data/x", None),
            ("/latest", "/2021-03-2/meta-data/x", None),
            ("/latest", "/2021-03-233/meta-data/x", None),
            ("/latest", "/2021x03x23/meta-data/x", None),
            ("/latest", "/2021-03-23", None),
            ("/latest", "2021-03-23/x", None),
            ("/computeMetadata/v1", "/2021-03-23/meta-data/x", None),
            ("/computeMetadata/v1", "/computeMetadata/v1/instance/x", Some("/instance/x")),
            ("", "/x", Some("/x")),
        ] {
            assert_eq!(key_of(base, path), wanted, "{base} {path}");
        }
        for (url, wanted) in [
            ("http://h/a?b", Some("/a?b")),
            ("http://h", Some("")),
            ("http://h/", Some("/")),
            ("https://h/a", None),
        ] {
            assert_eq!(path_of(url), wanted, "{url}");
        }
    }

    #[test]
    fn a_document_is_asked_for_by_its_key() {
        let request = Request::get("http://169.254.169.254/2021-03-23/meta-data/instance-id");
        let (answer, calls) =
            sent("key", &request, &[AMAZON, r#"{"parameters": {"data": "aS0x", "interface": 2}}"#]);
        assert_eq!(answer, Some((200, b"i-1".to_vec())));
        assert_eq!(
            calls,
            [
                r#"{"method":"io.systemd.InstanceMetadata.GetVendorInfo","parameters":{}}"#,
                r#"{"method":"io.systemd.InstanceMetadata.Get","parameters":{"key":"/meta-data/instance-id","cache":false}}"#,
            ]
        );
    }

    #[test]
    fn a_document_that_does_not_exist() {
        let request = Request::get("http://169.254.169.254/latest/user-data");
        let missing = r#"{"error": "io.systemd.InstanceMetadata.KeyNotFound", "parameters": {}}"#;
        assert_eq!(sent("missing", &request, &[AMAZON, missing]).0, Some((404, Vec::new())));
    }

    #[test]
    fn a_document_has_at_most_as_many_bytes_as_asked_for() {
        let reply = r#"{"parameters": {"data": "aS0x"}}"#;
        for (limit, fits) in [(4, true), (3, true), (2, false)] {
            let mut request = Request::get("http://169.254.169.254/latest/meta-data/instance-id");
            request.max_bytes = limit;
            let (path, calls) = serve(&format!("limit{limit}"), &[AMAZON, reply]);
            let answer = send(&request, &path).expect("the service's");
            let _ = std::fs::remove_file(&path);
            calls.join().expect("no panic");
            match answer {
                Ok(answer) => assert!(fits && answer.body == b"i-1", "{limit}"),
                Err(HttpError::TooLong { limit: told, .. }) => assert!(!fits && told == limit, "{limit}"),
                Err(error) => panic!("{limit}: {error}"),
            }
        }
    }

    #[test]
    fn session_tokens_are_the_services_own() {
        let request = Request::get("http://169.254.169.254/latest/api/token").method(Method::Put);
        assert_eq!(sent("token", &request, &[AMAZON]).0, Some((200, TOKEN.into())));
    }

    #[test]
    fn another_format_is_not_asked_for() {
        let azure = r#"{"parameters": {"vendor": "microsoft-azure", "dataUrl": "http://169.254.169.254/metadata",
            "dataUrlSuffix": "?api-version=2025-04-07&format=text"}}"#;
        let request = Request::get("http://169.254.169.254/metadata/instance?api-version=2021-08-01");
        assert_eq!(sent("format", &request, &[azure]).0, None);
    }

    #[test]
    fn keys_begin_behind_the_base() {
        for (base, path, key) in [
            ("/latest", "/latest/meta-data/", Some("/meta-data/")),
            ("/latest", "/2009-04-04/meta-data/", Some("/meta-data/")),
            ("/latest", "/openstack/latest/meta_data.json", None),
            ("/latest", "/latest", None),
            (
                "/computeMetadata/v1",
                "/computeMetadata/v1/instance/?recursive=true",
                Some("/instance/?recursive=true"),
            ),
            ("/hetzner/v1/metadata", "/hetzner/v1/metadata/private-networks", Some("/private-networks")),
            ("", "/conf?format=json", Some("/conf?format=json")),
        ] {
            assert_eq!(key_of(base, path), key, "{base} {path}");
        }
    }

    /// In a network namespace of its own, with the route of systemd's `85-imds-early.network`.
    #[test]
    #[ignore = "needs root, namespaces, ip"]
    fn a_prohibited_address_is_reached_through_the_service() {
        const INSIDE: &str = "IMDSD_TEST_INSIDE";
        if std::env::var_os(INSIDE).is_none() {
            let script = "ip link set lo up && ip route add prohibit 169.254.169.254 && \
                exec \"$0\" --ignored --exact imdsd::tests::a_prohibited_address_is_reached_through_the_service";
            let program = std::env::current_exe().expect("this test");
            let mut command = std::process::Command::new("unshare");
            let inside = command.args(["--net", "sh", "-c", script]).arg(program).env(INSIDE, "1");
            let output = inside.output().expect("unshare is of util-linux");
            let printed = String::from_utf8_lossy(&output.stdout);
            assert!(output.status.success() && printed.contains("1 passed"), "{printed}");
            return;
        }
        let (path, calls) = serve("route", &[AMAZON, r#"{"parameters": {"data": "aS0x"}}"#]);
        let fetch = crate::Fetch { imdsd: path.clone(), ..crate::Fetch::new() };
        let request = Request::get("http://169.254.169.254/latest/meta-data/instance-id");
        let answer = model::effects::Http::send(&fetch, &request).expect("an answer");
        let _ = std::fs::remove_file(&path);
        assert_eq!(answer.body, b"i-1");
        assert_eq!(calls.join().expect("no panic").len(), 2);
        // Without systemd's service, the reason is in the error.
        let error = model::effects::Http::send(&fetch, &request).expect_err("forbidden");
        assert!(error.to_string().contains("Permission denied"), "{error}");
    }
}
