//! Listening, connections, the log of requests.

use std::collections::BTreeMap;
use std::fs::OpenOptions;
use std::io::{self, BufRead, BufReader, Write};
use std::net::{IpAddr, Ipv6Addr, Shutdown, SocketAddr, SocketAddrV6, TcpListener, TcpStream};
use std::os::unix::net::UnixListener;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use rustix::net;

use crate::http::{self, Manner, Request, Response};
use crate::limit::Bucket;
use crate::site::Site;
use crate::{Ec2, Error, Fault, Kind, Limit, Node, OpenStack};

/// Fields that say nothing of what is asked for.
const COMMON_FIELDS: &[&str] =
    &["host", "user-agent", "accept", "accept-encoding", "connection", "content-length", "content-type"];

/// Between the bytes of a slow answer.
const BETWEEN_BYTES: Duration = Duration::from_millis(100);

/// What to serve and how.
#[derive(Debug, Clone, Default)]
pub struct Config {
    /// Where to listen; empty means a free port of 127.0.0.1.
    pub listen: Vec<SocketAddr>,
    /// Unix sockets to listen on in addition.
    pub sockets: Vec<PathBuf>,
    /// Serve this EC2 instance.
    pub ec2: Option<Ec2>,
    /// Serve this OpenStack server.
    pub openstack: Option<OpenStack>,
    /// Serve this tree; its paths win over the others.
    pub tree: Option<Node>,
    /// Time before each answer.
    pub latency: Duration,
    /// End each connection after its answer, so that a client's port is free again at once.
    pub close: bool,
    /// What goes wrong.
    pub faults: Vec<Fault>,
    /// How many requests are answered.
    pub limit: Option<Limit>,
    /// A file to which each request is appended: method, path, status, milliseconds, connection, then the fields of its
    /// head that are not every client's, as JSON.
    pub log: Option<PathBuf>,
    /// A file to which a line for each answer is appended: when its request arrived and when it was written, both in
    /// microseconds since the service was started, connection, method and path.
    pub times: Option<PathBuf>,
}

/// A request that was served.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// The request.
    pub request: Request,
    /// The status it got; 0 when the connection was closed without an answer.
    pub status: u16,
    /// When it arrived, since the start of the service.
    pub at: Duration,
    /// Time between request and answer.
    pub took: Duration,
    /// The connection it came by, counted from 1 (a process id in [`serve_stdio`]).
    pub connection: u64,
}

#[derive(Debug)]
struct Service {
    site: Site,
    latency: Duration,
    close: bool,
    faults: Vec<Fault>,
    limit: Option<Bucket>,
    log: Option<PathBuf>,
    times: Option<PathBuf>,
    begun: Instant,
    count: AtomicU64,
    entries: Mutex<Vec<Entry>>,
    stopped: AtomicBool,
    stopping: Mutex<()>,
    wake: Condvar,
    streams: Mutex<Vec<TcpStream>>,
}

/// A running service; it stops when this is dropped.
#[derive(Debug)]
pub struct Server {
    service: Arc<Service>,
    addresses: Vec<SocketAddr>,
    threads: Vec<thread::JoinHandle<()>>,
}

impl Server {
    /// Starts to listen; requests are served by threads of this process.
    pub fn start(config: Config) -> Result<Self, Error> {
        let (mut listen, sockets) = (config.listen.clone(), config.sockets.clone());
        if listen.is_empty() {
            listen.push(SocketAddr::from(([127, 0, 0, 1], 0)));
        }
        let service = Arc::new(Service::new(config));
        let mut server = Self { service: Arc::clone(&service), addresses: Vec::new(), threads: Vec::new() };
        let connections = Arc::new(AtomicU64::new(1));
        for address in listen {
            let failed = |source| Error::Listen { address: address.to_string(), source };
            let listener = TcpListener::bind(address).map_err(failed)?;
            server.addresses.push(listener.local_addr().map_err(failed)?);
            let (service, connections) = (Arc::clone(&service), Arc::clone(&connections));
            server.threads.push(thread::spawn(move || accept(&listener, &service, &connections)));
        }
        for path in sockets {
            let failed = |source| Error::Listen { address: path.display().to_string(), source };
            let listener = UnixListener::bind(&path).map_err(failed)?;
            let (service, connections) = (Arc::clone(&service), Arc::clone(&connections));
            // It ends with the process.
            thread::spawn(move || accept_local(&listener, &service, &connections));
        }
        Ok(server)
    }

    /// The first address it listens on.
    pub fn address(&self) -> SocketAddr {
        self.addresses[0]
    }

    /// `http://ADDRESS:PORT` of [`Self::address`].
    pub fn url(&self) -> String {
        format!("http://{}", self.address())
    }

    /// All requests so far, in the order of their answers.
    pub fn requests(&self) -> Vec<Entry> {
        locked(&self.service.entries).clone()
    }

    /// How many connections carried them.
    pub fn connections(&self) -> usize {
        let mut ids: Vec<u64> = self.requests().iter().map(|entry| entry.connection).collect();
        ids.sort_unstable();
        ids.dedup();
        ids.len()
    }

    /// Serves until the process is ended.
    pub fn wait(mut self) {
        for thread in self.threads.drain(..) {
            // A listener's thread that panicked has told so on standard error.
            let _ = thread.join();
        }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        {
            // Under the lock, or a thread about to wait would miss it.
            let _guard = locked(&self.service.stopping);
            self.service.stopped.store(true, Ordering::SeqCst);
        }
        self.service.wake.notify_all();
        for address in &self.addresses {
            // Wakes the thread that waits in accept.
            let _ = TcpStream::connect_timeout(address, Duration::from_millis(200));
        }
        for stream in locked(&self.service.streams).drain(..) {
            // The client may have closed it before.
            let _ = stream.shutdown(Shutdown::Both);
        }
    }
}

fn accept(listener: &TcpListener, service: &Arc<Service>, connections: &AtomicU64) {
    for stream in listener.incoming() {
        if service.stopped.load(Ordering::SeqCst) {
            return;
        }
        let Ok(stream) = stream else { continue };
        let id = connections.fetch_add(1, Ordering::SeqCst);
        let (Ok(kept), Ok(mut output)) = (stream.try_clone(), stream.try_clone()) else { continue };
        locked(&service.streams).push(kept);
        // Answers are small: without this each would wait for the client's delayed acknowledgement.
        let _ = stream.set_nodelay(true);
        let service = Arc::clone(service);
        thread::spawn(move || {
            service.connection(&mut BufReader::new(&stream), &mut output, id);
            // The clone kept for stopping would hold the connection open.
            let _ = stream.shutdown(Shutdown::Both);
        });
    }
}

fn accept_local(listener: &UnixListener, service: &Arc<Service>, connections: &AtomicU64) {
    for stream in listener.incoming() {
        let Ok(stream) = stream else { continue };
        let id = connections.fetch_add(1, Ordering::SeqCst);
        let service = Arc::clone(service);
        thread::spawn(move || {
            let Ok(mut output) = stream.try_clone() else { return };
            service.connection(&mut BufReader::new(&stream), &mut output, id);
        });
    }
}

/// Serves one connection on standard input and output, as a host of virtual machines hands it over.
pub fn serve_stdio(config: Config) {
    let service = Service::new(config);
    service.connection(&mut io::stdin().lock(), &mut io::stdout().lock(), u64::from(std::process::id()));
}

impl Service {
    fn new(config: Config) -> Self {
        let mut root = Node::directory();
        let tokens = config.ec2.as_ref().map(|ec2| ec2.tokens);
        if let Some(ec2) = &config.ec2 {
            ec2.add_to(&mut root);
        }
        if let Some(openstack) = &config.openstack {
            openstack.add_to(&mut root);
        }
        if let Some(tree) = config.tree {
            overlay(&mut root, tree);
        }
        Self {
            site: Site::new(root, tokens),
            latency: config.latency,
            close: config.close,
            faults: config.faults,
            limit: config.limit.map(Bucket::new),
            log: config.log,
            times: config.times,
            begun: Instant::now(),
            count: AtomicU64::new(0),
            entries: Mutex::new(Vec::new()),
            stopped: AtomicBool::new(false),
            stopping: Mutex::new(()),
            wake: Condvar::new(),
            streams: Mutex::new(Vec::new()),
        }
    }

    /// Serves the requests of one connection until either side ends it.
    fn connection(&self, input: &mut dyn BufRead, output: &mut dyn Write, id: u64) {
        while let Ok(Some(mut request)) = http::read(input) {
            request.keep_alive &= !self.close;
            let start = Instant::now();
            let number = self.count.fetch_add(1, Ordering::SeqCst) + 1;
            let strikes = |fault: &&Fault| fault.strikes(number, &request.path);
            let mut faults: Vec<Kind> = self.faults.iter().filter(strikes).map(|fault| fault.kind).collect();
            if self.limit.as_ref().is_some_and(|limit| !limit.takes(start)) {
                faults.push(Kind::TooMany);
            }
            let response = self.answer(&request, &faults);
            let status = response.as_ref().map_or(0, |response| response.status);
            let at = start.saturating_duration_since(self.begun);
            let entry = Entry { request: request.clone(), status, at, took: start.elapsed(), connection: id };
            // Before the answer goes out: whoever has read it may count on being counted.
            self.record(entry);
            let Some(response) = response else { return };
            let manner = faults.iter().find_map(|fault| manner(*fault)).unwrap_or(Manner::Whole);
            let more = response.write(output, &request, manner, &|| {
                self.pause(BETWEEN_BYTES);
                !self.stopped.load(Ordering::SeqCst)
            });
            self.record_times(&request, start, id);
            if !more.unwrap_or(false) {
                return;
            }
        }
    }

    fn record_times(&self, request: &Request, arrived: Instant, id: u64) {
        let Some(path) = &self.times else { return };
        let since = |moment: Instant| moment.saturating_duration_since(self.begun).as_micros();
        let (arrived, answered) = (since(arrived), since(Instant::now()));
        append(path, &format!("{arrived} {answered} {id} {} {}\n", request.method, request.path));
    }

    /// The answer to a request, when its time has come; `None` when the connection ends without one.
    fn answer(&self, request: &Request, faults: &[Kind]) -> Option<Response> {
        self.pause(self.latency);
        if faults.contains(&Kind::Stall) {
            self.pause(Duration::from_secs(3600));
            return None;
        }
        if faults.contains(&Kind::Drop) {
            return None;
        }
        let forced = faults.iter().find_map(|fault| forced(*fault, request));
        let mut response = forced.unwrap_or_else(|| self.site.answer(request, faults));
        if faults.contains(&Kind::Changing) && response.status == 200 {
            let line = format!("-{}", self.count.load(Ordering::SeqCst));
            response.body.extend_from_slice(line.as_bytes());
        }
        Some(response)
    }

    /// Waits, but not beyond the service's end.
    fn pause(&self, time: Duration) {
        if time.is_zero() {
            return;
        }
        let guard = locked(&self.stopping);
        let running = |(): &mut ()| !self.stopped.load(Ordering::SeqCst);
        drop(self.wake.wait_timeout_while(guard, time, running));
    }

    fn record(&self, entry: Entry) {
        if let Some(path) = &self.log {
            let own = |(name, _): &&(String, String)| !COMMON_FIELDS.contains(&name.as_str());
            let fields: BTreeMap<_, _> =
                entry.request.headers.iter().filter(own).map(|(name, value)| (name, value)).collect();
            let line = format!(
                "{} {} {} {} {} {}\n",
                entry.request.method,
                entry.request.path,
                entry.status,
                entry.took.as_millis(),
                entry.connection,
                serde_json::json!(fields)
            );
            append(path, &line);
        }
        locked(&self.entries).push(entry);
    }
}

/// How a fault lets the answer be written.
fn manner(fault: Kind) -> Option<Manner> {
    match fault {
        Kind::Truncate => Some(Manner::Truncated),
        Kind::SlowHead => Some(Manner::SlowHead),
        Kind::SlowBody => Some(Manner::SlowBody),
        Kind::Huge => Some(Manner::Huge),
        _ => None,
    }
}

/// The answer that a fault puts in the place of the right one.
fn forced(fault: Kind, request: &Request) -> Option<Response> {
    let with = |mut response: Response, name, value: &str| {
        response.headers.push((name, value.to_owned()));
        Some(response)
    };
    match fault {
        Kind::Status(status) => Some(Response::error(status)),
        Kind::TooMany => with(Response::error(429), "Retry-After", "1"),
        Kind::RedirectLoop => with(Response::error(302), "Location", &request.path),
        // TEST-NET-1 (RFC 5737): nobody answers there.
        Kind::RedirectAway => with(Response::error(302), "Location", "http://192.0.2.1/elsewhere"),
        Kind::Portal => {
            let page = "<!DOCTYPE html>\n<html><body>Please log in.</body></html>\n";
            with(Response::new(200, page), "Content-Type", "text/html")
        }
        Kind::Endless if request.method == "GET" => Some(Response::new(200, "first/\nsecond/\n")),
        _ => None,
    }
}

/// Appends a line. A file that cannot be written shows as missing lines in the test that reads it.
fn append(path: &Path, line: &str) {
    let file = OpenOptions::new().create(true).append(true).open(path);
    let _ = file.and_then(|mut file| file.write_all(line.as_bytes()));
}

fn overlay(root: &mut Node, tree: Node) {
    match (root, tree) {
        (Node::Directory { entries, .. }, Node::Directory { entries: above, .. }) => {
            for (name, node) in above {
                match entries.get_mut(&name) {
                    Some(below) => overlay(below, node),
                    None => drop(entries.insert(name, node)),
                }
            }
        }
        (root, tree) => *root = tree,
    }
}

fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    // What the lock guards stays whole even when its holder panicked.
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The number of a link. The kernel is asked, as `/sys` may show the links of another network namespace.
fn index_of(link: &str) -> io::Result<u32> {
    let socket = net::socket(net::AddressFamily::INET, net::SocketType::DGRAM, None)?;
    Ok(net::netdevice::name_to_index(&socket, link)?)
}

/// Reads `ADDRESS:PORT`, where a link-local IPv6 address may name its link: `[fe80::a9fe:a9fe%eth0]:80`.
pub fn parse_address(text: &str) -> Result<SocketAddr, Error> {
    let refused = || Error::Option {
        option: "--listen",
        value: text.to_owned(),
        expected: "give ADDRESS:PORT, an IPv6 address in brackets and with %LINK when it is link-local",
    };
    let scoped = text.strip_prefix('[').and_then(|rest| rest.split_once("]:"));
    let Some((address, port)) = scoped else { return text.parse().map_err(|_| refused()) };
    let port = port.parse().map_err(|_| refused())?;
    let Some((address, link)) = address.split_once('%') else {
        return Ok(SocketAddr::new(IpAddr::V6(address.parse().map_err(|_| refused())?), port));
    };
    let address: Ipv6Addr = address.parse().map_err(|_| refused())?;
    let index = link
        .parse()
        .or_else(|_| index_of(link))
        .map_err(|source| Error::Listen { address: text.to_owned(), source })?;
    Ok(SocketAddr::V6(SocketAddrV6::new(address, port, 0, index)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_addresses() {
        let read = |text| parse_address(text).ok().map(|address| address.to_string());
        assert_eq!(read("169.254.169.254:80").as_deref(), Some("169.254.169.254:80"));
        assert_eq!(read("[fd00:ec2::254]:80").as_deref(), Some("[fd00:ec2::254]:80"));
        assert_eq!(read("[fe80::a9fe:a9fe%3]:80").as_deref(), Some("[fe80::a9fe:a9fe%3]:80"));
        // The loopback link is the first of every network namespace.
        assert_eq!(read("[fe80::a9fe:a9fe%lo]:80").as_deref(), Some("[fe80::a9fe:a9fe%1]:80"));
        for bad in ["", "80", "[::1]", "[::1%nosuch]:80", "[x]:80", "1.2.3.4:x"] {
            assert_eq!(read(bad), None, "{bad}");
        }
    }
}
