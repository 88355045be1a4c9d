//! Holds a lease on a link until it is ended, and prints it: what a stage does while it asks a metadata service.
#![allow(clippy::disallowed_methods, clippy::print_stdout)]

use std::sync::Arc;
use std::time::Duration;

use system::{Host, NoHttp};

fn main() {
    let link = std::env::args().nth(1).expect("a link");
    let system = Host::system(None, Arc::new(NoHttp));
    let held = system.ephemeral.dhcp4(&link, &["internal".to_owned()], Duration::from_secs(20));
    let (lease, _guard) = held.expect("a lease");
    println!("{}", serde_json::to_string(&lease).expect("plain data"));
    std::thread::sleep(Duration::from_secs(60));
}
