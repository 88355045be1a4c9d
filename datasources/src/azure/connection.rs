//! The temporary address of the primary device: its lease has routes to the platform's services.

use std::any::Any;
use std::net::Ipv4Addr;
use std::time::Duration;

use model::Crawl;
use model::effects::{EphemeralError, Lease, Link};

use super::report::Report;
use super::wireserver;

/// The metadata service.
const IMDS: Ipv4Addr = Ipv4Addr::new(169, 254, 169, 254);
/// For each attempt.
const LEASE: Duration = Duration::from_secs(60);
const PAUSE: Duration = Duration::from_secs(1);

/// A temporary address, removed when this is dropped.
pub(super) struct Connection {
    pub link: String,
    /// The WireServer.
    pub endpoint: String,
    /// Whether the lease has a route to the metadata service.
    pub imds_routed: bool,
    wireserver_routed: bool,
    lease: Lease,
    _held: Box<dyn Any + Send>,
}

/// The address in option 245: four bytes, or how a DHCP client writes them.
fn endpoint(option: &[u8]) -> Option<String> {
    if let Ok(bytes) = <[u8; 4]>::try_from(option) {
        return Some(Ipv4Addr::from(bytes).to_string());
    }
    let text = std::str::from_utf8(option).ok()?.trim();
    if text.parse::<Ipv4Addr>().is_ok() {
        return Some(text.to_owned());
    }
    // A client may omit leading zeros of a byte.
    let digits = text.split(':').map(|byte| format!("{byte:0>2}")).collect::<Vec<_>>().concat();
    (digits.len() == 8).then(|| u32::from_str_radix(&digits, 16).ok()).flatten().map(|bits| Ipv4Addr::from(bits).to_string())
}

impl Connection {
    fn new(lease: Lease, held: Box<dyn Any + Send>) -> Self {
        let endpoint =
            lease.option_245.as_deref().and_then(endpoint).unwrap_or_else(|| wireserver::DEFAULT.to_owned());
        let routed = |address: &str| lease.static_routes.iter().any(|(network, ..)| network.to_string() == address);
        Self {
            link: lease.interface.clone(),
            imds_routed: routed(&IMDS.to_string()),
            wireserver_routed: routed(&endpoint),
            endpoint,
            lease,
            _held: held,
        }
    }

    /// Whether the device is the primary one: only its lease has routes to the services.
    pub(super) fn is_primary(&self) -> bool {
        self.imds_routed || self.wireserver_routed
    }

    /// What is reported about a device that does not look primary.
    pub(super) fn not_primary(&self, links: &[Link]) -> Report {
        let driver = links.iter().find(|link| link.name == self.link).and_then(|link| link.driver.clone());
        let routes: Vec<String> = self
            .lease
            .static_routes
            .iter()
            .map(|(network, prefix, gateway)| format!("{network}/{prefix} {gateway}"))
            .collect();
        Report::new("failure to find primary DHCP interface")
            .with("interface", &self.link)
            .with("driver", driver.unwrap_or_else(|| "None".to_owned()))
            .with("router", self.lease.router.map_or_else(|| "None".to_owned(), |router| router.to_string()))
            .with("static_routes", format!("[{}]", routes.join(", ")))
            .with("lease", format!("{}/{}", self.lease.address, self.lease.prefix))
    }
}

/// Requests a lease until there is one or the time is over, on a device or on the one that the fallback configuration
/// would use. `report` is told of each failure, once per reason.
pub(super) fn connect(
    crawl: &Crawl<'_>,
    link: Option<&str>,
    minutes: u64,
    report: &dyn Fn(&Report),
) -> Option<Connection> {
    let clock = &crawl.system().clock;
    let (start, limit) = (clock.monotonic(), Duration::from_secs(minutes * 60));
    let mut waited = Duration::ZERO;
    let mut last = String::new();
    loop {
        let elapsed = clock.monotonic().saturating_sub(start).max(waited);
        let links = crawl.system().links.links().unwrap_or_default();
        let chosen = link.map(str::to_owned).or_else(|| netconfig::fallback::link(&links));
        let failure = match &chosen {
            None => Report::new("failure to find DHCP interface").with("duration", elapsed.as_secs_f64()),
            Some(name) => match crawl.system().ephemeral.dhcp4(name, &crawl.dhcp_clients, LEASE) {
                Ok((lease, held)) => return Some(Connection::new(lease, held)),
                Err(error) => {
                    let found = links.iter().find(|link| link.name == *name);
                    no_lease(&error, found, name, elapsed)
                }
            },
        };
        if failure.reason != last {
            tracing::warn!("{}: {:?}", failure.reason, chosen.as_deref().unwrap_or("no device"));
            report(&failure);
            last.clone_from(&failure.reason);
        }
        if elapsed + PAUSE >= limit {
            return None;
        }
        clock.sleep(PAUSE);
        waited += PAUSE;
    }
}

fn no_lease(error: &EphemeralError, link: Option<&Link>, name: &str, elapsed: Duration) -> Report {
    tracing::debug!("{error}");
    let of_link = |value: Option<String>| value.unwrap_or_else(|| "None".to_owned());
    Report::new("failure to obtain DHCP lease")
        .with("driver", of_link(link.and_then(|link| link.driver.clone())))
        .with("duration", elapsed.as_secs_f64())
        .with("interface", name)
        .with("mac_address", of_link(link.map(|link| link.mac.clone())))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn option_245_in_each_form() {
        for form in [&[168, 63, 129, 16][..], b"168.63.129.16", b"a8:3f:81:10", b"a83f8110"] {
            assert_eq!(endpoint(form).as_deref(), Some("168.63.129.16"), "{form:?}");
        }
        assert_eq!(endpoint(b"nonsense").as_deref(), None);
    }
}
