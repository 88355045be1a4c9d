//! A container's network: the host at the other end of its link, with a DHCP server.

use std::process::{Child, Command, Stdio};

use crate::cloud::Laid;
use crate::{Error, command, file};

const HARDWARE: &str = "52:54:00:12:34:56";
/// Where metadata services are unless the cloud says otherwise.
pub const SERVICE: &str = "169.254.169.254";

/// The loopback link with the address of metadata services, for a machine without a link of its own.
pub fn loopback() -> Result<(), Error> {
    command::words(&["ip", "link", "set", "lo", "up"])?;
    let address = format!("{SERVICE}/32");
    command::words(&["ip", "address", "replace", &address, "dev", "lo"]).map(drop)
}

/// A link `eth0` whose other end has the metadata service's address and a DHCP server.
pub fn link() -> Result<Dhcp, Error> {
    pair(&["169.254.169.254/32", "10.0.0.1/24"])?;
    let lease = format!("--dhcp-host={HARDWARE},10.0.0.15");
    Dhcp::start(&[
        &lease,
        "--dhcp-range=10.0.0.15,10.0.0.20,1h",
        "--dhcp-option=121,169.254.169.254/32,10.0.0.1,0.0.0.0/0,10.0.0.1",
    ])
}

/// The link of a cloud.
pub fn cloud(laid: &Laid) -> Result<Dhcp, Error> {
    let mut addresses = vec!["192.0.2.1/24".to_owned()];
    let prefix = |address: &String| if address.contains(':') { 64 } else { 16 };
    addresses.extend(laid.addresses.iter().map(|address| format!("{address}/{}", prefix(address))));
    pair(&addresses.iter().map(String::as_str).collect::<Vec<_>>())?;
    let mut options =
        vec!["--dhcp-range=192.0.2.10,192.0.2.10,1h", "--dhcp-option=option:domain-name,cloud.test"];
    options.extend(laid.dhcp.iter().map(String::as_str));
    Dhcp::start(&options)
}

fn pair(addresses: &[&str]) -> Result<(), Error> {
    command::words(&["ip", "link", "set", "lo", "up"])?;
    // The machine's end vanishes with its namespace, and the pair with it.
    let _ = command::words(&["ip", "link", "delete", "host0"]);
    command::words(&[
        "ip",
        "link",
        "add",
        "host0",
        "address",
        "52:54:00:00:00:01",
        "type",
        "veth",
        "peer",
        "name",
        "eth0",
        "address",
        HARDWARE,
    ])?;
    command::words(&["ip", "link", "set", "host0", "up"])?;
    for address in addresses {
        let mut words = vec!["ip", "address", "add", address, "dev", "host0"];
        if address.contains(':') {
            words.push("nodad");
        }
        command::words(&words)?;
    }
    Ok(())
}

/// A DHCP server on the other end of the link.
pub struct Dhcp(Child);

impl Dhcp {
    fn start(options: &[&str]) -> Result<Self, Error> {
        let child = Command::new("dnsmasq")
            .args(["--keep-in-foreground", "--conf-file=/dev/null", "--port=0", "--interface=host0"])
            .args(["--bind-interfaces", "--leasefile-ro", "--no-ping", "--log-facility=/dev/null"])
            .args(["--pid-file=", "--user=root"])
            .args(options)
            .stdin(Stdio::null())
            .spawn()
            .map_err(file("dnsmasq"))?;
        Ok(Self(child))
    }
}

impl Drop for Dhcp {
    fn drop(&mut self) {
        // It may have ended by itself; the namespace's end would end it too.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}
