//! An address that a link has only while its metadata service is asked.

use std::any::Any;
use std::time::Duration;

use model::Crawl;
use model::datasource::SourceError;
use model::effects::{Address, EphemeralError, Lease, Route};

/// How long a lease or an address of IPv6 is waited for.
const LIMIT: Duration = Duration::from_secs(60);

/// A way to an address.
#[derive(Clone, Copy, Debug)]
pub enum Way<'w> {
    /// IPv4 by DHCP.
    Dhcp,
    /// IPv6 within the link.
    LinkLocal,
    /// IPv6 of a network that a router advertises.
    Routed,
    /// An address that is known, with its routes.
    Static(&'w Address, &'w [Route]),
}

/// Which of the ways count.
#[derive(Clone, Copy, Debug)]
pub enum How<'w> {
    /// The first that leads to an address.
    FirstOf(&'w [Way<'w>]),
    /// DHCP and IPv6 together, of which one is enough; a router of IPv6 is only waited for where DHCP failed.
    BothFamilies,
}

/// What is held.
#[derive(Default)]
pub struct Held {
    /// What the DHCP server granted, where there was one.
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

/// Holds an address on a link while `ask` asks; it is taken back in every case. Without any address the first way's
/// error counts.
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
                        tracing::warn!("{error}");
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

/// The link that a source asks over where it has no opinion.
pub fn usual_link<'c>(crawl: &'c Crawl<'_>) -> Result<&'c str, SourceError> {
    crawl.fallback_link.as_deref().ok_or_else(|| SourceError::Broken {
        place: "the network links".to_owned(),
        reason: "none can be used to ask the metadata service".to_owned(),
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
            system: &system,
            paths: &paths,
            config: &config,
            cmdline: String::new(),
            devices: Vec::new(),
            virtualization: String::new(),
            container: false,
        };
        let crawl = Crawl {
            platform: &platform,
            stage: SourceStage::Local,
            fallback_link: Some("eth0".into()),
            dhcp_clients: Vec::new(),
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
