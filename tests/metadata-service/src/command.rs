//! The command line of the service, for its own program and for others that start themselves as one.

use std::ffi::OsString;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use crate::{Config, Ec2, Error, Fault, Limit, Node, OpenStack, Server, Tokens, parse_address, serve_stdio};
use clap::Parser;

/// Serves fake metadata services for tests
#[derive(Parser)]
#[command(name = "metadata-service")]
struct Options {
    /// Serve an EC2 instance from a JSON document; `example` is a built-in one
    #[arg(long, value_name = "FILE")]
    ec2: Option<String>,
    /// Session tokens are required (default), optional, absent or forbidden
    #[arg(long, value_name = "STAND", value_parser = Tokens::parse)]
    tokens: Option<Tokens>,
    /// The EC2 instance's user-data
    #[arg(long, value_name = "FILE", requires = "ec2")]
    user_data: Option<PathBuf>,
    /// Serve an OpenStack server from the documents in DIR; `example` is a built-in one
    #[arg(long, value_name = "DIR")]
    openstack: Option<String>,
    /// Serve a directory whose paths are URLs; it wins over the others
    #[arg(long, value_name = "DIR")]
    tree: Option<PathBuf>,
    /// Where to listen, [fe80::…%LINK]:PORT for link-local addresses; may be repeated (default: a free port of
    /// 127.0.0.1, printed)
    #[arg(long, value_name = "ADDR:PORT", value_parser = parse_address)]
    listen: Vec<SocketAddr>,
    /// Also listen on a Unix socket, which is created; may be repeated
    #[arg(long, value_name = "PATH")]
    socket: Vec<PathBuf>,
    /// Serve one connection on standard input and output
    #[arg(long)]
    stdio: bool,
    /// Time before each answer, in milliseconds
    #[arg(long, value_name = "MS", default_value_t = 0)]
    latency: u64,
    /// End each connection after its answer
    #[arg(long)]
    close: bool,
    /// KIND is drop, stall, truncate, slow-head, slow-body, huge, endless, too-many, redirect-loop, redirect-away, portal,
    /// changing, wrong-token, expire-token or a status; WHEN is the number of a request, N+ for it and all later ones, or
    /// the beginning of a path; may be repeated
    #[arg(long, value_name = "KIND@WHEN", value_parser = Fault::parse)]
    fault: Vec<Fault>,
    /// Answer only RATE requests a second, BURST at once, and others with 429
    #[arg(long, value_name = "RATE[:BURST]", value_parser = Limit::parse)]
    limit: Option<Limit>,
    /// Append a line for each request: method path status milliseconds connection fields
    #[arg(long, value_name = "FILE")]
    log: Option<PathBuf>,
    /// Append a line for each answer: microseconds of its request and of itself since the start, connection, method,
    /// path
    #[arg(long, value_name = "FILE")]
    times: Option<PathBuf>,
}

/// Serves as the arguments say, the first of which is the program's name.
#[allow(clippy::print_stderr, reason = "the command line of a test program")]
pub fn command_line(arguments: impl IntoIterator<Item = OsString>) -> ExitCode {
    match run(Options::parse_from(arguments)) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("metadata-service: {error}");
            ExitCode::from(2)
        }
    }
}

#[allow(clippy::print_stdout, reason = "the command line of a test program")]
fn run(options: Options) -> Result<(), Error> {
    let openstack = match options.openstack.as_deref() {
        Some("example") => Some(OpenStack::example()),
        Some(path) => Some(OpenStack::read(path.as_ref())?),
        None => None,
    };
    let mut config = Config {
        openstack,
        tree: options.tree.as_deref().map(Node::read).transpose()?,
        listen: options.listen,
        sockets: options.socket,
        latency: Duration::from_millis(options.latency),
        close: options.close,
        faults: options.fault,
        limit: options.limit,
        log: options.log,
        times: options.times,
        ..Config::default()
    };
    let tokens = options.tokens.unwrap_or_default();
    if let Some(file) = options.ec2 {
        let mut instance = match file.as_str() {
            "example" => Ec2 { tokens, ..Ec2::example() },
            path => Ec2::read(path.as_ref(), tokens)?,
        };
        if let Some(path) = options.user_data {
            let text = std::fs::read_to_string(&path).map_err(|source| Error::Read { path, source })?;
            instance = instance.with_user_data(&text);
        }
        config.ec2 = Some(instance);
    }
    if options.stdio {
        serve_stdio(config);
        return Ok(());
    }
    let server = Server::start(config)?;
    println!("{}", server.url());
    server.wait();
    Ok(())
}
