//! Requests to a server in this process that misbehaves on demand.

use std::io::{BufRead, BufReader, Write};
use std::net::TcpListener;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use super::*;

/// Serves scripted responses, each on its own connection; returns the address and a counter.
fn serve(answers: &'static [&'static str]) -> (String, Arc<AtomicUsize>) {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let address = format!("http://{}", listener.local_addr().expect("bound"));
    let served = Arc::new(AtomicUsize::new(0));
    let count = served.clone();
    thread::spawn(move || {
        for answer in answers {
            let (mut stream, _) = listener.accept().expect("a connection");
            let mut reader = BufReader::new(stream.try_clone().expect("the same socket"));
            let mut line = String::new();
            while reader.read_line(&mut line).is_ok_and(|length| length > 2) {
                line.clear();
            }
            count.fetch_add(1, Ordering::SeqCst);
            if *answer == "stall" {
                thread::sleep(Duration::from_secs(5));
            }
            let _ = stream.write_all(answer.as_bytes());
        }
    });
    (address, served)
}

const OK: &str = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\nX-A: b\r\n\r\nhi";
const GONE: &str = "HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\nConnection: close\r\n\r\n";
const BUSY: &str = "HTTP/1.1 503 Busy\r\nContent-Length: 0\r\nConnection: close\r\n\r\n";

#[test]
fn an_answer_with_headers_and_body() {
    let (url, _) = serve(&[OK]);
    let response = Fetch::new().send(&Request::get(url)).expect("an answer");
    assert_eq!((response.status, response.body.as_slice()), (200, b"hi".as_slice()));
    assert!(response.headers.contains(&("x-a".into(), "b".into())));
}

#[test]
fn it_is_tried_again_as_often_as_asked() {
    let (url, served) = serve(&[BUSY, BUSY, OK]);
    let mut request = Request::get(url).retries(2);
    request.backoff = Duration::from_millis(1);
    assert_eq!(Fetch::new().send(&request).expect("the third answer").body, b"hi");
    assert_eq!(served.load(Ordering::SeqCst), 3);
}

const LATER: &str =
    "HTTP/1.1 429 Too Many Requests\r\nRetry-After: 0\r\nContent-Length: 0\r\nConnection: close\r\n\r\n";

#[test]
fn an_overloaded_service_is_asked_for_longer_than_a_broken_one() {
    let (url, served) = serve(&[LATER, LATER, LATER, OK]);
    let mut request = Request::get(url);
    (request.backoff, request.overload) = (Duration::from_millis(1), Duration::from_secs(60));
    assert_eq!(Fetch::new().send(&request).expect("the fourth answer").body, b"hi");
    assert_eq!(served.load(Ordering::SeqCst), 4);

    let (url, served) = serve(&[LATER; 100]);
    let mut request = Request::get(url);
    (request.backoff, request.overload) = (Duration::from_millis(40), Duration::from_millis(100));
    let error = Fetch::new().send(&request).expect_err("it takes too long");
    assert!(matches!(error, HttpError::Status { status: 429, .. }), "{error:?}");
    assert!((3..=4).contains(&served.load(Ordering::SeqCst)), "{served:?}");

    let (url, served) = serve(&[BUSY, OK]);
    let mut request = Request::get(url);
    request.overload = Duration::from_secs(60);
    Fetch::new().send(&request).expect_err("503 without a time is no promise");
    assert_eq!(served.load(Ordering::SeqCst), 1);
}

#[test]
fn an_overloaded_service_gets_the_time_that_it_asks_for() {
    const LATER_BY_A_SECOND: &str =
        "HTTP/1.1 429 Too Many Requests\r\nRetry-After: 1\r\nContent-Length: 0\r\nConnection: close\r\n\r\n";
    let (url, _) = serve(&[LATER_BY_A_SECOND, OK]);
    let mut request = Request::get(url).retries(1);
    request.backoff = Duration::from_millis(1);
    let start = Instant::now();
    assert_eq!(Fetch::new().send(&request).expect("the second answer").body, b"hi");
    assert!(start.elapsed() >= Duration::from_secs(1), "{:?}", start.elapsed());
}

#[test]
fn what_is_accepted_is_an_answer() {
    let (url, _) = serve(&[GONE, GONE]);
    let fetch = Fetch::new();
    assert_eq!(fetch.send(&Request::get(&url).accept(&[404])).expect("accepted").status, 404);
    assert!(matches!(fetch.send(&Request::get(&url)), Err(HttpError::Status { status: 404, .. })));
}

#[test]
fn a_silent_service_is_left() {
    let (url, _) = serve(&["stall"]);
    let request = Request::get(url).timeout(Duration::from_millis(100));
    assert!(matches!(Fetch::new().send(&request), Err(HttpError::TimedOut { .. })));
}

#[test]
fn too_much_is_refused() {
    let (url, _) = serve(&[OK]);
    let mut request = Request::get(url);
    request.max_bytes = 1;
    assert!(matches!(Fetch::new().send(&request), Err(HttpError::TooLong { .. })));
}

#[test]
fn no_secret_is_in_an_error() {
    let request = Request::get("http://user:secret@127.0.0.1:1/x").timeout(Duration::from_secs(1));
    let message = Fetch::new().send(&request).expect_err("nobody listens").to_string();
    assert!(message.contains("127.0.0.1:1") && !message.contains("secret"), "{message}");
}

#[test]
fn a_unix_socket_answers() {
    let directory = std::env::temp_dir().join(format!("cloud-init-fetch-{}", std::process::id()));
    std::fs::create_dir_all(&directory).expect("a directory");
    let path = directory.join("sock");
    let _ = std::fs::remove_file(&path);
    let listener = std::os::unix::net::UnixListener::bind(&path).expect("a socket");
    let served = thread::spawn(move || {
        let (mut stream, _) = listener.accept().expect("a connection");
        let mut reader = BufReader::new(stream.try_clone().expect("the same socket"));
        let mut first = String::new();
        reader.read_line(&mut first).expect("a request");
        let mut line = String::new();
        while reader.read_line(&mut line).is_ok_and(|length| length > 2) {
            line.clear();
        }
        stream.write_all(OK.as_bytes()).expect("sent");
        first
    });
    let request = Request::get("http://lxd/1.0/meta-data").via(Via::UnixSocket(path));
    assert_eq!(Fetch::new().send(&request).expect("an answer").body, b"hi");
    assert!(served.join().expect("served").starts_with("GET /1.0/meta-data HTTP/1.1"));
    std::fs::remove_dir_all(&directory).expect("ours");
}

#[test]
fn the_source_port_is_one_of_the_range() {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let address = listener.local_addr().expect("bound");
    let served = thread::spawn(move || {
        let (mut stream, from) = listener.accept().expect("a connection");
        let mut reader = BufReader::new(stream.try_clone().expect("the same socket"));
        let mut line = String::new();
        while reader.read_line(&mut line).is_ok_and(|length| length > 2) {
            line.clear();
        }
        stream.write_all(OK.as_bytes()).expect("sent");
        from.port()
    });
    let mut request = Request::get(format!("http://{address}/conf"));
    request.timeout = Duration::from_secs(5);
    // Privileged ports need root; the mechanism is the same above them.
    let range = if rustix::process::geteuid().is_root() { (900, 1023) } else { (61_000, 61_100) };
    let response = Fetch::new().send(&request.via(Via::SourcePort(range.0, range.1))).expect("an answer");
    assert_eq!(response.body, b"hi");
    let port = served.join().expect("served");
    assert!((range.0..=range.1).contains(&port), "{port}");
}

/// RFC 9110, 8.6: a request whose method expects content says how long it is, also where there is none.
#[test]
fn a_request_without_content_tells_its_length() {
    for (method, told) in
        [(Method::Post, true), (Method::Put, true), (Method::Get, false), (Method::Head, false)]
    {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let mut request = Request::get(format!("http://{}", listener.local_addr().expect("bound")));
        request.method = method;
        let asked = thread::spawn(move || {
            let (mut stream, _) = listener.accept().expect("a connection");
            let reader = BufReader::new(stream.try_clone().expect("the same socket"));
            let lines = reader.lines().map_while(Result::ok).take_while(|line| !line.is_empty());
            let head: Vec<String> = lines.map(|line| line.to_lowercase()).collect();
            let _ = stream.write_all(OK.as_bytes());
            head
        });
        Fetch::new().send(&request).expect("an answer");
        let head = asked.join().expect("no panic");
        assert_eq!(head.iter().any(|line| line == "content-length: 0"), told, "{head:?}");
    }
}
