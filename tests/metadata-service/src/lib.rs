//! Fake metadata services for tests: EC2 (IMDSv1 and v2), OpenStack, and any tree of files.
//!
//! A test starts one on a free port of the loopback address and asks afterwards which requests came in, over how many
//! connections:
//!
//! ```
//! use metadata_service::{Config, Ec2, Server};
//! let config = Config { ec2: Some(Ec2::example()), ..Config::default() };
//! let server = Server::start(config).expect("a free port");
//! assert!(server.url().starts_with("http://127.0.0.1:"));
//! assert!(server.requests().is_empty());
//! ```
//!
//! Latency and faults are part of the [`Config`]; nothing here draws random numbers, so that a run can be repeated.
// A test program: it is the other side of the wire, so the effect traits of the product do not apply to it.
#![allow(clippy::disallowed_methods)]

mod command;
mod ec2;
mod fault;
mod http;
mod limit;
mod openstack;
mod server;
mod site;
mod tree;

pub use command::command_line;
pub use ec2::{Ec2, Tokens};
pub use fault::{Fault, Kind, Moment};
pub use http::Request;
pub use limit::Limit;
pub use openstack::{OpenStack, VERSIONS as OPENSTACK_VERSIONS};
pub use server::{Config, Entry, Server, parse_address, serve_stdio};
pub use tree::Node;

use std::path::PathBuf;

/// What can go wrong before the service runs.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// A file or directory with what is to be served cannot be read.
    #[error("{path}: {source}; give a readable file or directory")]
    Read {
        /// Which file or directory.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// A document that must be JSON is not.
    #[error("{path}: not JSON: {source}; correct the document")]
    Json {
        /// Which document.
        path: PathBuf,
        /// Where in it.
        source: serde_json::Error,
    },
    /// A document is JSON but of another shape.
    #[error("{what}: {expected}")]
    Shape {
        /// Which part of which document.
        what: String,
        /// What it has to be.
        expected: &'static str,
    },
    /// An address to listen on cannot be used.
    #[error("listen on {address}: {source}; give ADDRESS:PORT of this machine with a free port")]
    Listen {
        /// The address as given.
        address: String,
        /// Why.
        source: std::io::Error,
    },
    /// An option's value is not one that is known.
    #[error("{option} {value}: {expected}")]
    Option {
        /// The option's name.
        option: &'static str,
        /// What was given.
        value: String,
        /// What it has to be.
        expected: &'static str,
    },
}
