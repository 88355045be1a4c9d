//! Runs every test of the workspace that this machine can run, and ends with how many passed, how many were skipped,
//! and what the skipped ones need.
//!
//! A test that needs more than the Rust toolchain is `#[ignore = "needs root, dnsmasq"]`: it fails where that is
//! missing, so `cargo test` leaves it out and names it. This program runs it where every need is met.
// A harness around real programs: effects are its business.
#![allow(clippy::disallowed_methods, clippy::print_stdout, clippy::print_stderr)]

mod binary;
mod needs;
mod total;

use std::process::ExitCode;

use clap::Parser;

use binary::Binary;
use needs::Machine;
use total::Total;

/// Run all tests that this machine can run.
#[derive(Debug, Parser)]
#[command(version)]
struct Arguments {
    /// Fail when a test has to be skipped (also: CLOUD_INIT_REQUIRE_ORACLE in the environment)
    #[arg(long)]
    all: bool,
    /// Print the Debian packages that the tests need, and run none
    #[arg(long)]
    packages: bool,
    /// Test only these packages of the workspace
    #[arg(short, long, value_name = "PACKAGE")]
    package: Vec<String>,
}

/// What prevents the tests from running.
#[derive(Debug, thiserror::Error)]
enum Error {
    #[error("{program} cannot be run: {source}")]
    Start { program: String, source: std::io::Error },
    #[error("the tests cannot be built: cargo ended with {0}")]
    Build(std::process::ExitStatus),
    #[error("cargo reported something that is no JSON: {0}")]
    Report(serde_json::Error),
}

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    if arguments.packages {
        println!("{}", needs::packages().join(" "));
        return ExitCode::SUCCESS;
    }
    let required = arguments.all || std::env::var_os("CLOUD_INIT_REQUIRE_ORACLE").is_some();
    match run(&arguments.package) {
        Ok(total) => {
            print!("{}", total.report());
            let complete = total.skipped.is_empty() || !required;
            if !complete {
                println!("Every test was required to run.");
            }
            if total.failed.is_empty() && complete { ExitCode::SUCCESS } else { ExitCode::FAILURE }
        }
        Err(error) => {
            eprintln!("suite: {error}");
            ExitCode::FAILURE
        }
    }
}

fn run(packages: &[String]) -> Result<Total, Error> {
    let machine = Machine::default();
    let mut total = Total::default();
    for binary in Binary::build(packages)? {
        binary.run(&machine, &mut total)?;
    }
    binary::documentation(packages, &mut total)?;
    Ok(total)
}
