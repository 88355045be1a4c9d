//! Machines that are provisioned before they have an owner: they report that they are ready, and wait for the devices of
//! their owner's network.

use std::time::Duration;

use model::effects::{LinkEventKind, LinkEvents};

use super::ovf::{self, Environment};
use super::report::{Failure, Report};
use super::{Provisioning, imds};

/// How the machine waits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Reuse {
    /// It does not.
    None,
    /// The device is disconnected and connected again.
    Running,
    /// The device is removed, and others are added.
    Savable,
    /// It is shut down.
    OsDisk,
    /// It has reported that it is ready, and was rebooted.
    Unknown,
}

impl Reuse {
    /// The name in reports.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::None => "None",
            Self::Running => "Running",
            Self::Savable => "Savable",
            Self::OsDisk => "PreprovisionedOSDisk",
            Self::Unknown => "Unknown",
        }
    }

    /// According to the ISO and the metadata.
    pub(super) fn of(environment: Option<&Environment>, metadata: Option<&str>) -> Self {
        let given = environment.and_then(|environment| environment.preprovisioned_type.as_deref());
        let named = |reuse: Self| given == Some(reuse.name()) || metadata == Some(reuse.name());
        if named(Self::Savable) {
            Self::Savable
        } else if named(Self::OsDisk) {
            Self::OsDisk
        } else if environment.is_some_and(|environment| environment.preprovisioned) || named(Self::Running) {
            Self::Running
        } else {
            Self::None
        }
    }
}

/// How long to wait for an event before looking at the clock.
const LISTEN: Duration = Duration::from_secs(10);
/// Longer than the platform keeps an unused machine.
const YEAR: Duration = Duration::from_secs(365 * 24 * 3600);

/// Waits for an event; an error where none will ever come, as in a plan.
fn wait_for<T>(
    azure: &Provisioning<'_>,
    events: &mut dyn LinkEvents,
    mut wanted: impl FnMut(&str, LinkEventKind) -> Option<T>,
) -> Result<T, Failure> {
    let clock = &azure.crawl.system().clock;
    loop {
        let before = clock.monotonic();
        let event = events.next(LISTEN).map_err(|error| Failure::Other(error.into()))?;
        match event {
            Some(event) => {
                if let Some(found) = wanted(&event.link, event.kind) {
                    return Ok(found);
                }
            }
            None if clock.monotonic() == before => {
                return Err(Failure::broken("the network devices", "there are no events of devices"));
            }
            None => {}
        }
    }
}

impl Provisioning<'_> {
    /// Waits until the machine has an owner, and returns the owner's document.
    pub(super) fn wait_for_owner(&mut self, reuse: Reuse) -> Result<(Vec<u8>, Environment), Failure> {
        if self.connection.is_none() {
            return Err(Failure::broken("Azure", "DHCP failed while in source PPS"));
        }
        match reuse {
            Reuse::Running => self.wait_for_switch()?,
            Reuse::Savable => self.wait_for_devices()?,
            Reuse::OsDisk => {
                self.ready_for_reuse(false, false)?;
                tracing::info!("Waiting for host to shutdown VM...");
                self.crawl.system().clock.sleep(YEAR);
                return Err(Report::new("error waiting for host shutdown").into());
            }
            Reuse::Unknown | Reuse::None => {
                if !self.crawl.system().files.is_file(&self.marker()) {
                    self.ready_for_reuse(true, false)?;
                    self.connection = None;
                }
            }
        }
        let content = self.owner_document()?;
        let environment = ovf::parse(&content)?;
        let environment = environment.ok_or_else(|| Failure::broken(ovf::FILE, "ProvisioningSection not found"))?;
        Ok((content, environment))
    }

    /// Reports that the machine is ready for an owner; the network may go while it is answered.
    fn ready_for_reuse(&mut self, mark: bool, may_break: bool) -> Result<(), Failure> {
        if let Err(error) = self.report_ready(None) {
            if !(may_break && matches!(error, model::SourceError::Http(_))) {
                return Err(Failure::broken(
                    "Azure",
                    format!("Failed reporting ready while in the preprovisioning pool: {error}"),
                ));
            }
            tracing::debug!("Ignoring http call failure, it was expected: {error}");
            self.iso = None;
        }
        // It is reported again to the owner.
        self.negotiated = false;
        if mark {
            let environment = &self.crawl.system().environment;
            let text = format!("{}: {}\n", environment.pid(), self.crawl.system().clock.now().seconds());
            let attributes = model::effects::Attributes::mode(0o644);
            let files = &self.crawl.system().files;
            files.write(&self.marker(), text.as_bytes(), &attributes).map_err(|error| Failure::Other(error.into()))?;
        }
        Ok(())
    }

    fn events(&self) -> Result<Box<dyn LinkEvents>, Failure> {
        self.crawl.system().links.events().map_err(|error| Failure::Other(error.into()))
    }

    fn wait_for_switch(&mut self) -> Result<(), Failure> {
        let mut events = self.events()?;
        let link = self.connection.as_ref().map(|connection| connection.link.clone()).unwrap_or_default();
        self.ready_for_reuse(true, false)?;
        tracing::debug!("Wait for vnetswitch to happen on {link}");
        let mut was_down = false;
        wait_for(self, events.as_mut(), |name, kind| {
            let own = name == link;
            let switched = own && was_down && kind == LinkEventKind::Up;
            was_down |= own && kind == LinkEventKind::Down;
            switched.then_some(())
        })?;
        self.connection = None;
        Ok(())
    }

    fn wait_for_devices(&mut self) -> Result<(), Failure> {
        let mut events = self.events()?;
        self.ready_for_reuse(true, true)?;
        self.connection = None;
        let gone = wait_for(self, events.as_mut(), |name, kind| {
            (kind == LinkEventKind::Removed).then(|| name.to_owned())
        })?;
        tracing::debug!("The preprovisioned nic {gone} is detached");
        let mut seen = Vec::new();
        loop {
            let link = wait_for(self, events.as_mut(), |name, kind| {
                let new = kind != LinkEventKind::Removed && !seen.iter().any(|seen| seen == name);
                new.then(|| name.to_owned())
            })?;
            tracing::info!("Detected nic {link} attached.");
            seen.push(link.clone());
            if let Err(error) = self.crawl.system().links.set_up(&link, true) {
                tracing::info!("{error}");
            }
            self.connect(Some(&link), 20, false);
            if self.connection.as_ref().is_some_and(super::connection::Connection::is_primary) {
                return Ok(());
            }
            self.connection = None;
        }
    }

    /// The owner's document, from the metadata service.
    fn owner_document(&mut self) -> Result<Vec<u8>, Failure> {
        let clock = self.crawl.system().clock.clone();
        loop {
            let before = clock.monotonic();
            if self.connection.is_none() {
                self.connect(None, 5, true);
            }
            if self.connection.is_some() {
                match imds::reprovision_data(self.crawl.system()) {
                    Ok(content) if !content.is_empty() => return Ok(content),
                    Ok(_) => {}
                    Err(error) => {
                        tracing::debug!("{error}");
                        self.connection = None;
                    }
                }
            }
            if clock.monotonic() == before {
                return Err(Failure::broken("the metadata service", "it has no reprovisiondata"));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_kind_of_reuse() {
        let with = |preprovisioned: bool, kind: Option<&str>| Environment {
            preprovisioned,
            preprovisioned_type: kind.map(str::to_owned),
            ..Environment::default()
        };
        for (environment, metadata, expected) in [
            (with(false, None), None, Reuse::None),
            (with(false, None), Some("None"), Reuse::None),
            (with(true, None), None, Reuse::Running),
            (with(true, Some("Savable")), None, Reuse::Savable),
            (with(false, Some("Running")), Some("Savable"), Reuse::Savable),
            (with(false, None), Some("PreprovisionedOSDisk"), Reuse::OsDisk),
            (with(false, None), Some("Running"), Reuse::Running),
        ] {
            assert_eq!(Reuse::of(Some(&environment), metadata), expected, "{environment:?} {metadata:?}");
        }
        assert_eq!(Reuse::of(None, None), Reuse::None);
    }
}
