//! Temporary addresses, for querying a metadata service.

use std::any::Any;
use std::time::Duration;

use model::Crawl;
use model::datasource::SourceError;
use model::effects::{Address, EphemeralError, Lease, Route};

/// How long to wait for a lease or an IPv6 address.
const LIMIT: Duration = Duration::from_secs(60);

/// A method to get an address.
#[derive(Clone, Copy, Debug)]
pub enum Way<'w> {
    /// IPv4 by DHCP.
    Dhcp,
    /// Link-local IPv6.
    LinkLocal,
    /// IPv6 from a router advertisement.
    Routed,
    /// A static address with its routes.
    Static(&'w Address, &'w [Route]),
}

/// How the methods are combined.
#[derive(Clone, Copy, Debug)]
pub enum How<'w> {
    /// The first that succeeds.
    FirstOf(&'w [Way<'w>]),
    /// DHCP and IPv6 together, where one is enough; router advertisements are only awaited if DHCP failed.
    BothFamilies,
}

/// A temporary address.
#[derive(Default)]
pub struct Held {
    /// The DHCP lease, if there is one.
    pub lease: Option<Lease>,
    guards: Vec<Box<dyn Any + Send>>,
}

impl Held {
    fn add(&mut self, crawl: &Crawl<'_>, link: &str, way: Way<'_>) -> Result<(), EphemeralError> {
        let ephemeral = &crawl.system().ephemeral;
        let guard = match way {
            Way::Dhcp => {
                let (lease, guard) = ephemeral.dhcp4(link, &crawl.dhcp_clients, LIMIT)?;
                self.lease = Some(lease);
                guard
            }
            Way::LinkLocal => ephemeral.ipv6(link, false, LIMIT)?,
            Way::Routed => ephemeral.ipv6(link, true, LIMIT)?,
            Way::Static(address, routes) => ephemeral.address(link, address, routes)?,
        };
        self.guards.push(guard);
        Ok(())
    }
}

/// Sets up an address on a device while `ask` runs; it is always removed. Without any address, the error of the first
/// method is returned.
pub fn asking<T>(
    crawl: &Crawl<'_>,
    link: &str,
    how: How<'_>,
    ask: impl FnOnce(&Held) -> Result<T, SourceError>,
) -> Result<T, SourceError> {
    let mut held = Held::default();
    let mut first_error = None;
    match how {
        How::FirstOf(ways) => {
            for way in ways {
                match held.add(crawl, link, *way) {
                    Ok(()) => break,
                    Err(error) => {
                        // The error of the only method is returned.
                        if ways.len() > 1 {
                            tracing::warn!("{error}");
                        }
                        first_error = first_error.or(Some(error));
                    }
                }
            }
        }
        How::BothFamilies => {
            first_error = held.add(crawl, link, Way::Dhcp).err();
            let way = if first_error.is_some() { Way::Routed } else { Way::LinkLocal };
            if let Err(error) = held.add(crawl, link, way) {
                first_error = first_error.or(Some(error));
            }
        }
    }
    match first_error {
        Some(error) if held.guards.is_empty() => Err(error.into()),
        _ => ask(&held),
    }
}

/// The device for queries of a source without its own choice.
pub fn usual_link<'c>(crawl: &'c Crawl<'_>) -> Result<&'c str, SourceError> {
    crawl.fallback_link.as_deref().ok_or_else(|| SourceError::Broken {
        place: "the network devices".to_owned(),
        reason: "none is usable for querying the metadata service".to_owned(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use model::datasource::SourceStage;
    use model::{Node, Paths, Platform};
    use system::{EffectKind, Scratch};

    #[track_caller]
    fn check(how: How<'_>, expected: &[&str]) {
        let (system, recording) = Scratch::new().system();
        let (paths, config) = (Paths::default(), Node::default());
        let platform = Platform {
            known_virtualization: std::sync::OnceLock::from(String::new()),
            ..Platform::new(&system, &paths, &config)
        };
        let crawl = Crawl {
            platform: &platform,
            known: None,
            stage: SourceStage::Local,
            fallback_link: Some("eth0".into()),
            dhcp_clients: Vec::new(),
            version: String::new(),
            variant: &String::new,
        };
        let link = usual_link(&crawl).expect("there");
        asking(&crawl, link, how, |_| Ok(())).expect("a plan's machine gets every address");
        let effects = recording.effects();
        let held: Vec<&str> = effects
            .iter()
            .filter_map(|effect| match &effect.kind {
                EffectKind::Ephemeral { what } => what.split(" on ").next(),
                _ => None,
            })
            .collect();
        assert_eq!(held, expected);
    }

    #[test]
    fn each_way_and_both() {
        let address = Address::new("169.254.1.1".parse().expect("an address"), 16);
        check(How::FirstOf(&[Way::Dhcp, Way::LinkLocal]), &["DHCP"]);
        check(How::FirstOf(&[Way::Routed]), &["IPv6"]);
        check(How::FirstOf(&[Way::Static(&address, &[])]), &["169.254.1.1/16"]);
        check(How::BothFamilies, &["DHCP", "IPv6"]);
    }
}
