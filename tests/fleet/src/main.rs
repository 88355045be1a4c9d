//! A thousand first boots at once against one metadata service that limits its rate.
//!
//! Every machine is the real program in a root of its own; all share a network namespace in which the service has the
//! addresses of a cloud's. Printed are how many machines found their instance and after what time, how many requests the
//! service got, and how these were spread. Not a test: the times are those of this machine's processors.
// A harness around real programs: effects are its business.
#![allow(clippy::disallowed_methods, clippy::print_stdout, clippy::print_stderr)]
#![allow(
    clippy::cast_possible_truncation,
    clippy::cast_precision_loss,
    clippy::cast_sign_loss,
    reason = "numbers of our own making"
)]

mod machine;
mod report;

use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};
use std::thread;

use clap::Parser;
use metadata_service::{Config, Ec2, Limit, OpenStack, Server};
use oracle::root::run_command;

use machine::{Boot, Cloud, Roots};
use report::Row;

/// Set where the namespaces are made already.
const INSIDE: &str = "FLEET_IN_NAMESPACES";

/// What can go wrong.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// A file, directory or program cannot be used, or a command of the harness failed.
    #[error(transparent)]
    Oracle(#[from] oracle::Error),
    /// The service does not start.
    #[error(transparent)]
    Service(#[from] metadata_service::Error),
}

/// Names what an input or output error was about.
fn file(what: impl Into<String>) -> impl FnOnce(std::io::Error) -> Error {
    move |source| oracle::file(what)(source).into()
}

/// Boots a thousand machines at once against one metadata service, and prints what both did.
#[derive(Parser)]
#[command(name = "fleet")]
struct Options {
    /// Our static binary
    #[arg(long, value_name = "FILE", default_value = "target/package/debian/cloud-init")]
    ours: PathBuf,
    /// How many machines
    #[arg(long, value_name = "N", default_value_t = 1000)]
    boots: usize,
    /// Requests that the service answers in a second, each for a fleet of its own; 0 is any number
    #[arg(long, value_name = "RATE", default_values_t = [0, 1000, 500])]
    rate: Vec<u32>,
}

fn main() -> ExitCode {
    let outcome = if std::env::var_os(INSIDE).is_some() { fleets(&Options::parse()) } else { enter() };
    match outcome {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("fleet: {error}");
            ExitCode::from(2)
        }
    }
}

/// Starts this program again in namespaces of its own, as root of them.
fn enter() -> Result<bool, Error> {
    Options::parse();
    let program = std::env::current_exe().map_err(file("this program"))?;
    let is_root =
        std::os::unix::fs::MetadataExt::uid(&std::fs::metadata("/proc/self").map_err(file("/proc"))?) == 0;
    // Where root may make them, users' namespaces are often switched off.
    let user: &[&str] = if is_root { &[] } else { &["--user", "--map-root-user"] };
    let error = Command::new("unshare")
        .args(user)
        .args(["--net", "--mount", "--"])
        .arg(program)
        .args(std::env::args_os().skip(1))
        .env(INSIDE, "1")
        .exec();
    Err(file("unshare (Debian: util-linux)")(error))
}

/// Each fleet in turn; whether all machines found their instance.
fn fleets(options: &Options) -> Result<bool, Error> {
    run_command(Command::new("ip").args(["link", "set", "lo", "up"]))?;
    run_command(Command::new("ip").args(["address", "add", "169.254.169.254/32", "dev", "lo"]))?;
    println!("{}", Row::HEAD);
    let mut complete = true;
    for cloud in [Cloud::Ec2, Cloud::OpenStack] {
        for rate in &options.rate {
            let row = fleet(&options.ours, cloud, *rate, options.boots)?;
            println!("{row}");
            complete &= row.found == row.boots;
        }
    }
    Ok(complete)
}

fn fleet(ours: &Path, cloud: Cloud, rate: u32, boots: usize) -> Result<Row, Error> {
    let roots = Roots::new(ours, cloud, boots)?;
    let mut config = Config { listen: vec![([169, 254, 169, 254], 80).into()], ..Config::default() };
    match cloud {
        Cloud::Ec2 => config.ec2 = Some(Ec2::example()),
        Cloud::OpenStack => config.openstack = Some(OpenStack::example()),
    }
    config.limit = (rate > 0).then(|| Limit { rate: f64::from(rate), burst: f64::from(rate) });
    let server = Server::start(config)?;
    let threads: Vec<_> = (0..boots)
        .map(|number| {
            let root = roots.of(number);
            // A thread only waits for its machine.
            thread::Builder::new()
                .stack_size(64 << 10)
                .spawn(move || Boot::run(&root))
                .map_err(file("a thread"))
        })
        .collect::<Result<_, _>>()?;
    let mut all = Vec::new();
    for thread in threads {
        match thread.join() {
            Ok(boot) => all.push(boot?),
            Err(panic) => std::panic::resume_unwind(panic),
        }
    }
    Ok(Row::new(cloud, rate, &all, &server.requests()))
}
