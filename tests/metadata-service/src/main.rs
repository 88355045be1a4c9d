//! Serves fake metadata services; `--help` tells how.
// A test program: it is the other side of the wire, so the effect traits of the product do not apply to it.
#![allow(clippy::disallowed_methods, clippy::print_stdout, clippy::print_stderr)]

use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use metadata_service::{
    Config, Ec2, Error, Fault, Node, OpenStack, Server, Tokens, parse_address, serve_stdio,
};

const HELP: &str = "\
Serves fake metadata services for tests.

Usage: metadata-service [OPTIONS]

  --ec2 FILE           serve an EC2 instance from a JSON document; `example` is a built-in one
  --tokens STAND       session tokens are required (default), optional, absent or forbidden
  --user-data FILE     the EC2 instance's user-data
  --openstack DIR      serve an OpenStack server from the documents in DIR; `example` is a built-in one
  --tree DIR           serve a directory whose paths are URLs; it wins over the others
  --listen ADDR:PORT   where to listen; may be repeated; [fe80::…%LINK]:PORT for link-local addresses
                       (default: a free port of 127.0.0.1, printed)
  --stdio              serve one connection on standard input and output
  --latency MS         time before each answer
  --fault KIND@WHEN    KIND is drop, stall, truncate, wrong-token, expire-token or a status; WHEN is the number of a
                       request, N+ for it and all later ones, or the beginning of a path; may be repeated
  --log FILE           append a line for each request: method path status milliseconds connection
";

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    if arguments.iter().any(|argument| argument == "--help" || argument == "-h") {
        print!("{HELP}");
        return ExitCode::SUCCESS;
    }
    match run(&arguments) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("metadata-service: {error}");
            ExitCode::from(2)
        }
    }
}

fn run(arguments: &[String]) -> Result<(), Error> {
    let mut config = Config::default();
    let (mut stdio, mut tokens, mut ec2, mut user_data) = (false, Tokens::default(), None, None);
    let mut rest = arguments.iter();
    while let Some(option) = rest.next() {
        if option == "--stdio" {
            stdio = true;
            continue;
        }
        let Some(value) = rest.next() else {
            return Err(Error::Option {
                option: "option",
                value: option.clone(),
                expected: "needs a value; see --help",
            });
        };
        match option.as_str() {
            "--ec2" => ec2 = Some(value),
            "--tokens" => tokens = Tokens::parse(value)?,
            "--user-data" => user_data = Some(PathBuf::from(value)),
            "--openstack" if value == "example" => config.openstack = Some(OpenStack::example()),
            "--openstack" => config.openstack = Some(OpenStack::read(value.as_ref())?),
            "--tree" => config.tree = Some(Node::read(value.as_ref())?),
            "--listen" => config.listen.push(parse_address(value)?),
            "--latency" => config.latency = Duration::from_millis(milliseconds(value)?),
            "--fault" => config.faults.push(Fault::parse(value)?),
            "--log" => config.log = Some(PathBuf::from(value)),
            _ => {
                return Err(Error::Option {
                    option: "option",
                    value: option.clone(),
                    expected: "is unknown; see --help",
                });
            }
        }
    }
    if let Some(file) = ec2 {
        let mut instance = match file.as_str() {
            "example" => Ec2 { tokens, ..Ec2::example() },
            path => Ec2::read(path.as_ref(), tokens)?,
        };
        if let Some(path) = user_data {
            let text = std::fs::read_to_string(&path).map_err(|source| Error::Read { path, source })?;
            instance = instance.with_user_data(&text);
        }
        config.ec2 = Some(instance);
    } else if let Some(path) = user_data {
        let value = path.display().to_string();
        return Err(Error::Option { option: "--user-data", value, expected: "needs --ec2" });
    }
    if stdio {
        serve_stdio(config);
        return Ok(());
    }
    let server = Server::start(config)?;
    println!("{}", server.url());
    server.wait();
    Ok(())
}

fn milliseconds(text: &str) -> Result<u64, Error> {
    let expected = "give a number of milliseconds";
    text.parse().map_err(|_| Error::Option { option: "--latency", value: text.to_owned(), expected })
}
