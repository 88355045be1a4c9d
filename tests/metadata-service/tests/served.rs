//! Over the wire: what a client sees, in the library's form and in the program's.
// A client needs real sockets.
#![allow(clippy::disallowed_methods)]

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use metadata_service::{Config, Ec2, Fault, Node, OpenStack, Server};

struct Client {
    stream: BufReader<TcpStream>,
}

impl Client {
    fn new(server: &Server) -> Self {
        Self { stream: BufReader::new(TcpStream::connect(server.address()).expect("connected")) }
    }

    fn send(&mut self, request: &str) {
        self.stream.get_mut().write_all(request.as_bytes()).expect("sent");
    }

    /// Status and body; status 0 when the connection ended first.
    fn answer(&mut self) -> (u16, String) {
        let mut line = String::new();
        let (mut status, mut length) = (0, 0);
        while self.stream.read_line(&mut line).is_ok_and(|count| count > 0) {
            match line.trim_end() {
                "" => break,
                text if text.starts_with("HTTP/1.1 ") => status = text[9..12].parse().expect("a status"),
                text => {
                    if let Some(value) = text.strip_prefix("Content-Length: ") {
                        length = value.parse().expect("a length");
                    }
                }
            }
            line.clear();
        }
        let mut body = Vec::new();
        (&mut self.stream).take(length).read_to_end(&mut body).expect("a body");
        (status, String::from_utf8(body).expect("text"))
    }

    fn get(&mut self, path: &str) -> (u16, String) {
        self.send(&format!("GET {path} HTTP/1.1\r\nHost: x\r\n\r\n"));
        self.answer()
    }
}

fn start(config: Config, faults: &[&str]) -> Server {
    let faults = faults.iter().map(|fault| Fault::parse(fault).expect("a fault")).collect();
    Server::start(Config { faults, ..config }).expect("started")
}

fn openstack() -> Config {
    Config { openstack: Some(OpenStack::example()), ..Config::default() }
}

#[test]
fn one_connection_carries_many_requests() {
    let server = start(Config { ec2: Some(Ec2::example()), ..openstack() }, &[]);
    let mut client = Client::new(&server);
    client.send("PUT /latest/api/token HTTP/1.1\r\nX-aws-ec2-metadata-token-ttl-seconds: 60\r\nContent-Length: 0\r\n\r\n");
    let (status, token) = client.answer();
    assert_eq!(status, 200);
    client.send(&format!(
        "GET /latest/meta-data/public-keys/ HTTP/1.1\r\nX-aws-ec2-metadata-token: {token}\r\n\r\n"
    ));
    assert_eq!(client.answer(), (200, "0=example".to_owned()));
    assert_eq!(client.get("/latest/meta-data/").0, 401);
    assert_eq!(client.get("/openstack/latest/user_data").0, 404);
    let mut other = Client::new(&server);
    assert!(other.get("/openstack").1.ends_with("latest"));
    let seen: Vec<_> = server.requests().iter().map(|entry| (entry.status, entry.connection)).collect();
    assert_eq!(seen, [(200, 1), (200, 1), (401, 1), (404, 1), (200, 2)]);
    assert_eq!(server.connections(), 2);
}

#[test]
fn faults_strike_the_request_they_name() {
    let server = start(openstack(), &["500@1", "truncate@2", "drop@3", "404@/openstack/latest"]);
    let path = "/openstack/2012-08-10/meta_data.json";
    let mut client = Client::new(&server);
    assert_eq!(client.get(path).0, 500);
    let (status, half) = client.get(path);
    assert_eq!((status, half.len()), (200, include_str!("../examples/meta_data.json").len() / 2));
    assert_eq!(Client::new(&server).get(path).0, 0);
    let mut client = Client::new(&server);
    assert_eq!(client.get(path), (200, include_str!("../examples/meta_data.json").to_owned()));
    assert_eq!(client.get("/openstack/latest/meta_data.json").0, 404);
    let statuses: Vec<_> = server.requests().iter().map(|entry| entry.status).collect();
    assert_eq!(statuses, [500, 200, 0, 200, 404]);
}

#[test]
fn latency_holds_answers_and_stalling_ends_with_the_service() {
    let config = Config { latency: Duration::from_millis(50), ..openstack() };
    let server = start(config, &["stall@2"]);
    let begin = Instant::now();
    assert_eq!(Client::new(&server).get("/openstack").0, 200);
    assert!(begin.elapsed() >= Duration::from_millis(50));
    let mut client = Client::new(&server);
    client.send("GET /openstack HTTP/1.1\r\n\r\n");
    drop(server);
    assert_eq!(client.answer().0, 0);
}

#[test]
fn a_tree_wins_and_old_clients_are_closed() {
    let mut tree = Node::directory();
    tree.insert("openstack/latest/meta_data.json", Node::text("{}"));
    let server = start(Config { tree: Some(tree), ..openstack() }, &[]);
    let mut client = Client::new(&server);
    client.send("GET /openstack/latest/meta_data.json HTTP/1.0\r\n\r\n");
    assert_eq!(client.answer(), (200, "{}".to_owned()));
    assert_eq!(client.answer().0, 0);
}

#[test]
fn the_program_serves_standard_input_and_logs() {
    let directory = tempfile::tempdir().expect("a directory");
    std::fs::write(directory.path().join("hello"), "world").expect("written");
    let log = directory.path().join("log");
    let mut child = Command::new(env!("CARGO_BIN_EXE_metadata-service"))
        .args(["--stdio", "--tree"])
        .arg(directory.path())
        .arg("--log")
        .arg(&log)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("started");
    let mut input = child.stdin.take().expect("a pipe");
    input.write_all(b"GET /hello HTTP/1.1\r\n\r\nGET /none HTTP/1.1\r\n\r\n").expect("sent");
    drop(input);
    let id = child.id();
    let output = child.wait_with_output().expect("ended");
    let text = String::from_utf8(output.stdout).expect("text");
    assert!(text.contains("\r\n\r\nworldHTTP/1.1 404 Not Found\r\n"), "{text}");
    let log = std::fs::read_to_string(&log).expect("a log");
    let lines: Vec<Vec<&str>> = log.lines().map(|line| line.split(' ').collect()).collect();
    let id = id.to_string();
    assert_eq!(
        lines.iter().map(|line| [line[0], line[1], line[2], line[4]]).collect::<Vec<_>>(),
        [["GET", "/hello", "200", id.as_str()], ["GET", "/none", "404", id.as_str()]]
    );
}

#[test]
fn the_program_refuses_what_it_does_not_know() {
    for (arguments, hint) in [
        (&["--fault", "melt@1"][..], "--fault melt@1: give KIND@N"),
        (&["--listen"], "a value is required"),
        (&["--cloud", "x"], "unexpected argument '--cloud'"),
        (&["--user-data", "/x"], "--ec2 <FILE>"),
        (&["--openstack", "/nonexistent"], "meta_data.json"),
    ] {
        let program = env!("CARGO_BIN_EXE_metadata-service");
        let output = Command::new(program).args(arguments).output().expect("ran");
        let text = String::from_utf8(output.stderr).expect("text");
        assert!(text.contains(hint), "{arguments:?}: {text}");
        assert_eq!(output.status.code(), Some(2), "{arguments:?}");
    }
}
