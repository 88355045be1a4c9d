//! Serves fake metadata services; `--help` tells how.
// A test program: it is the other side of the wire, so the effect traits of the product do not apply to it.
#![allow(clippy::disallowed_methods, clippy::print_stdout, clippy::print_stderr)]

use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use clap::Parser;
use metadata_service::{
    Config, Ec2, Error, Fault, Node, OpenStack, Server, Tokens, parse_address, serve_stdio,
};

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
    /// Serve one connection on standard input and output
    #[arg(long)]
    stdio: bool,
    /// Time before each answer, in milliseconds
    #[arg(long, value_name = "MS", default_value_t = 0)]
    latency: u64,
    /// KIND is drop, stall, truncate, wrong-token, expire-token or a status; WHEN is the number of a request, N+ for it
    /// and all later ones, or the beginning of a path; may be repeated
    #[arg(long, value_name = "KIND@WHEN", value_parser = Fault::parse)]
    fault: Vec<Fault>,
    /// Append a line for each request: method path status milliseconds connection
    #[arg(long, value_name = "FILE")]
    log: Option<PathBuf>,
}

fn main() -> ExitCode {
    match run(Options::parse()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("metadata-service: {error}");
            ExitCode::from(2)
        }
    }
}

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
        latency: Duration::from_millis(options.latency),
        faults: options.fault,
        log: options.log,
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
