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

    /// Gives a lease at some attempt, or none.
    struct Late {
        at: u32,
        attempts: std::sync::atomic::AtomicU32,
    }

    impl model::effects::Ephemeral for Late {
        fn dhcp4(
            &self,
            interface: &str,
            _clients: &[String],
            _limit: Duration,
        ) -> Result<(Lease, Box<dyn Any + Send>), EphemeralError> {
            let attempt = self.attempts.fetch_add(1, std::sync::atomic::Ordering::Relaxed) + 1;
            if attempt < self.at {
                let reason = "no offer".to_owned();
                return Err(EphemeralError::NoLease { interface: interface.to_owned(), reason });
            }
            Ok((lease(interface, &[Ipv4Addr::new(10, 0, 0, 0)]), Box::new(())))
        }
        fn ipv6(&self, _: &str, _: bool, _: Duration) -> Result<Box<dyn Any + Send>, EphemeralError> {
            Ok(Box::new(()))
        }
        fn address(
            &self,
            _: &str,
            _: &model::effects::Address,
            _: &[model::effects::Route],
        ) -> Result<Box<dyn Any + Send>, EphemeralError> {
            Ok(Box::new(()))
        }
    }

    fn lease(interface: &str, networks: &[Ipv4Addr]) -> Lease {
        let router = Ipv4Addr::new(10, 0, 0, 1);
        Lease {
            interface: interface.to_owned(),
            address: Ipv4Addr::new(10, 0, 0, 4),
            prefix: 24,
            router: Some(router),
            static_routes: networks.iter().map(|network| (*network, 32, router)).collect(),
            server: None,
            mtu: None,
            option_245: None,
            options: Vec::new(),
        }
    }

    fn link(name: &str) -> Link {
        Link {
            name: name.to_owned(),
            mac: "00:0d:3a:04:75:98".to_owned(),
            driver: Some("hv_netvsc".to_owned()),
            ..Link::default()
        }
    }

    /// The original's `_setup_ephemeral_networking`: an attempt each second until the time is over, and a report for each
    /// new reason.
    #[test]
    fn a_lease_is_requested_until_the_time_is_over() {
        for (at, minutes, attempts, reports) in [(1, 1, 1, 0), (3, 1, 3, 1), (60, 1, 60, 1), (61, 1, 60, 1), (121, 2, 120, 1)] {
            let late = std::sync::Arc::new(Late { at, attempts: 0.into() });
            let http = std::sync::Arc::new(crate::testing::Scripted::new(&[]));
            let mut machine = crate::testing::Machine::with_http(system::Scratch::new(), http);
            machine.system.ephemeral = late.clone();
            let seen = std::cell::RefCell::new(Vec::new());
            let stage = model::datasource::SourceStage::Local;
            let connection = machine.with_crawl(stage, None, |crawl| {
                connect(crawl, Some("eth0"), minutes, &|report| seen.borrow_mut().push(report.reason.clone()))
            });
            assert_eq!(connection.is_some(), at <= attempts, "{at}");
            assert_eq!(late.attempts.load(std::sync::atomic::Ordering::Relaxed), attempts, "{at}");
            assert_eq!(seen.into_inner(), vec!["failure to obtain DHCP lease".to_owned(); reports], "{at}");
        }
    }

    /// Without a device, the fallback's is used; there may be none.
    #[test]
    fn a_missing_device_is_reported() {
        let http = std::sync::Arc::new(crate::testing::Scripted::new(&[]));
        let machine = crate::testing::Machine::with_http(system::Scratch::new(), http);
        let seen = std::cell::RefCell::new(Vec::new());
        let stage = model::datasource::SourceStage::Local;
        let connection = machine.with_crawl(stage, None, |crawl| {
            connect(crawl, None, 1, &|report| seen.borrow_mut().push(report.reason.clone()))
        });
        assert!(connection.is_none());
        assert_eq!(seen.into_inner(), ["failure to find DHCP interface"]);
    }

    /// The original's `_check_if_nic_is_primary`, and the reports of errors.py.
    #[test]
    fn the_primary_device_has_routes_to_the_services() {
        let wireserver = Ipv4Addr::new(168, 63, 129, 16);
        let of = |networks: &[Ipv4Addr]| Connection::new(lease("eth0", networks), Box::new(()));
        assert!(of(&[IMDS]).is_primary() && of(&[IMDS]).imds_routed);
        assert!(of(&[wireserver]).is_primary() && !of(&[wireserver]).imds_routed);
        let other = of(&[Ipv4Addr::new(10, 1, 0, 0)]);
        assert!(!other.is_primary());
        let report = format!("{:?}", other.not_primary(&[link("eth1"), link("eth0")]).data);
        for part in [
            r#"("interface", "eth0")"#,
            r#"("driver", "hv_netvsc")"#,
            r#"("router", "10.0.0.1")"#,
            r#"("static_routes", "[10.1.0.0/32 10.0.0.1]")"#,
            r#"("lease", "10.0.0.4/24")"#,
        ] {
            assert!(report.contains(part), "{report}");
        }
        assert!(format!("{:?}", other.not_primary(&[link("eth1")]).data).contains(r#"("driver", "None")"#));
        let error = EphemeralError::NoLease { interface: "eth0".to_owned(), reason: "no offer".to_owned() };
        let report = no_lease(&error, Some(&link("eth0")), "eth0", Duration::from_millis(1500));
        let expected = [
            ("driver", "hv_netvsc".to_owned()),
            ("duration", "1.5".to_owned()),
            ("interface", "eth0".to_owned()),
            ("mac_address", "00:0d:3a:04:75:98".to_owned()),
        ];
        assert_eq!(report.data, expected);
        assert_eq!(no_lease(&error, None, "eth0", Duration::ZERO).data[0], ("driver", "None".to_owned()));
    }
}
