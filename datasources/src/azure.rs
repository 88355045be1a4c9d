//! Azure: the provisioning ISO, the instance metadata service and the WireServer, queried in the local stage with a
//! temporary address.
//!
//! Source: "Azure Instance Metadata Service", "What is IP address 168.63.129.16?" and "Troubleshooting Linux provisioning
//! errors", Azure documentation.

mod certificates;
mod connection;
mod imds;
mod instance;
mod media;
mod ovf;
mod report;
mod resource_disk;
mod reuse;
mod telemetry;
mod wireserver;

use std::path::PathBuf;

use metadata::{hyperv, side_by_side};
use model::datasource::{Evidence, Medium, SourceError};
use model::effects::Command;
use model::update::Event;
use model::{About, Crawl, DataSource, Identified, Instance, Node, Platform, Settled};
use serde_json::{Map, Value};

use connection::Connection;
use media::Seed;
use ovf::{Environment, PublicKey};
use report::{Failure, Report};
use reuse::Reuse;
use telemetry::Telemetry;

const NAME: &str = "Azure";
/// The instance's note that its readiness was reported: a later query of the source does not report it again.
const NEGOTIATED: &str = "negotiated";
const ASSET_TAG: &str = "7783-7084-3265-9085-8269-3286-77";

const ABOUT: About = About {
    local: Some("DataSourceAzure"),
    events: &[Event::BootNewInstance, Event::Boot],
    evidence: Evidence {
        dmi: &[("chassis_asset_tag", ASSET_TAG), ("product_uuid", "a2f00d00-0000-4000-8000-000000000000")],
        medium: Medium::Service,
        tree: &["metadata/instance"],
    },
    page: include_str!("../pages/azure.yaml"),
    ..About::named(NAME)
};

/// The data source.
pub(crate) struct Azure;

impl DataSource for Azure {
    fn about(&self) -> &'static About {
        &ABOUT
    }

    fn identify(&self, platform: &Platform<'_>) -> Identified {
        let tagged = platform.dmi("chassis_asset_tag").as_deref() == Some(ASSET_TAG);
        let seeded = platform.files().exists(&platform.paths.seed("azure").join(ovf::FILE));
        Identified::when(tagged || seeded)
    }

    fn crawl(&self, crawl: &Crawl<'_>) -> Result<Option<Instance>, SourceError> {
        if self.identify(crawl.platform) == Identified::No && !crawl.platform.is_named(NAME) {
            return Ok(None);
        }
        let mut azure = Provisioning::new(crawl);
        azure.telemetry.boot(crawl);
        match azure.provision() {
            Ok(found) => Ok(Some(found)),
            Err(failure) => {
                azure.report_failure(&failure.report());
                Err(failure.into_error())
            }
        }
    }

    /// The firmware's UUID is the ID, unless an earlier version spelled it otherwise.
    fn still_same(&self, platform: &Platform<'_>, cached: &Instance) -> bool {
        metadata::detection::is_system_uuid(platform, &cached.instance_id)
    }

    fn activate(&self, settled: &Settled<'_>) -> Result<(), SourceError> {
        let config = settled.platform.source_config(NAME);
        let preserve = config.and_then(|config| config.get("never_destroy_ntfs")).is_some_and(Node::is_truthy);
        let outcome = resource_disk::prepare(settled, preserve);
        Telemetry::open(settled.platform).kernel_log(settled.platform.system);
        outcome
    }
}

/// A machine that is being provisioned.
struct Provisioning<'c> {
    crawl: &'c Crawl<'c>,
    /// `datasource.Azure`.
    config: Node,
    telemetry: Telemetry,
    uuid: String,
    vm_id: Option<String>,
    connection: Option<Connection>,
    /// The address of the WireServer, from the last lease.
    endpoint: String,
    /// The device with the ISO, until it is ejected.
    iso: Option<PathBuf>,
    /// Whether readiness or failure was reported.
    negotiated: bool,
}

impl<'c> Provisioning<'c> {
    fn new(crawl: &'c Crawl<'c>) -> Self {
        Self {
            crawl,
            config: crawl.config(NAME),
            telemetry: Telemetry::open(crawl.platform),
            uuid: String::new(),
            vm_id: None,
            connection: None,
            endpoint: wireserver::DEFAULT.to_owned(),
            iso: None,
            negotiated: crawl.known.is_some_and(|known| known.own.contains_key(NEGOTIATED)),
        }
    }

    /// A setting that is on by default.
    fn is_on(&self, key: &str) -> bool {
        self.config.get(key).is_none_or(Node::is_truthy)
    }

    /// A setting that is off by default.
    fn is_set(&self, key: &str) -> bool {
        self.config.get(key).is_some_and(Node::is_truthy)
    }

    /// Where the documents of earlier boots are.
    fn data_directory(&self) -> PathBuf {
        self.config.get("data_dir").and_then(Node::as_str).unwrap_or("/var/lib/waagent").into()
    }

    /// Exists after a machine without an owner has reported that it is ready.
    fn marker(&self) -> PathBuf {
        self.crawl.paths().data("reported_ready")
    }

    fn provision(&mut self) -> Result<Instance, Failure> {
        self.identify_machine()?;
        let mut found = media::find(self)?;
        if let Some(Seed::Device(device)) = found.as_ref().map(|found| &found.seed) {
            self.iso = Some(device.clone());
        }
        // Without an ISO the metadata is all there is, and with one this is the first boot: both need the network.
        let minutes = if self.iso.is_some() || found.is_none() { 20 } else { 5 };
        self.connect(None, minutes, true);
        let mut imds = Map::new();
        if self.connection.is_some() {
            self.wait_for_proxy(found.as_ref().map(|found| &found.environment));
            imds = self.metadata();
        }
        if imds.is_empty() && found.is_none() {
            return Err(Failure::broken("Azure", "No OVF or IMDS available"));
        }
        let reuse = self.reuse(found.as_ref().map(|found| &found.environment), &imds);
        tracing::info!("PPS type: {}", reuse.name());
        if reuse != Reuse::None {
            let (content, environment) = self.wait_for_owner(reuse)?;
            self.wait_for_proxy(Some(&environment));
            found = Some(media::Found { seed: Seed::Imds, content, environment });
            imds = self.metadata();
            let kind = instance::text(&imds, &["extended", "compute", "ppsType"]);
            if let Some(kind) = kind.filter(|kind| kind != Reuse::None.name()) {
                let report = Report::new("invalid IMDS metadata for key=extended.compute.ppsType");
                self.report_failure(
                    &report.with("key", "extended.compute.ppsType").with("value", kind).with("type", "str"),
                );
            }
        }
        self.validate_network(&imds);
        let made = instance::make(self, found, imds, reuse)?;
        self.finish(made)
    }

    /// Reports that the machine is ready, and writes its documents.
    fn finish(&mut self, made: instance::Made) -> Result<Instance, Failure> {
        let instance::Made { mut instance, content, wanted_keys } = made;
        if !self.negotiated && self.connection.is_some() {
            if self.is_set("experimental_skip_ready_report") {
                tracing::debug!("Skipping final health report as experimental_skip_ready_report is enabled.");
            } else {
                match self.report_ready(wanted_keys.as_deref()) {
                    Ok(keys) => instance::add_keys(&mut instance, keys),
                    Err(error) => tracing::warn!(
                        "Error communicating with Azure fabric; You may experience connectivity issues: {error}"
                    ),
                }
            }
            self.crawl.system().files.remove(&self.marker()).map_err(|error| Failure::Other(error.into()))?;
        } else if wanted_keys.is_some() {
            // The keys of certificates come with the report.
            let known = self.crawl.known.map(|known| known.public_keys.clone());
            instance::add_keys(&mut instance, known.unwrap_or_default());
        }
        if self.negotiated {
            instance.own.insert(NEGOTIATED.to_owned(), true.into());
        }
        self.connection = None;
        media::keep(self, &content)?;
        instance::remove_other_network_scripts(self)?;
        Ok(instance)
    }

    fn identify_machine(&mut self) -> Result<(), Failure> {
        let unknown = |reason: &str| Report::new("failure to identify Azure VM ID").with("exception", reason);
        let uuid = self.crawl.platform.dmi("product_uuid").map(|uuid| uuid.to_lowercase());
        let uuid = uuid.ok_or_else(|| unknown("failed to read system-uuid").with("system_uuid", "None"))?;
        self.vm_id = hyperv::vm_id(self.crawl.system(), &uuid);
        if self.vm_id.is_none() {
            return Err(unknown("the system UUID is not valid").with("system_uuid", uuid).into());
        }
        tracing::info!("Azure VM ID: {} System UUID: {uuid}", self.vm_id.as_deref().unwrap_or_default());
        self.uuid = uuid;
        Ok(())
    }

    /// Sets up the temporary address.
    fn connect(&mut self, link: Option<&str>, minutes: u64, primary: bool) {
        let tell = |report: &Report| self.report_to_host(report);
        let Some(connection) = connection::connect(self.crawl, link, minutes, &tell) else { return };
        if primary && !connection.is_primary() {
            let links = self.crawl.system().links.links().unwrap_or_default();
            self.report_to_host(&connection.not_primary(&links));
        }
        self.endpoint.clone_from(&connection.endpoint);
        self.connection = Some(connection);
    }

    /// The instance's metadata; empty if it cannot be read, which is reported.
    fn metadata(&mut self) -> Map<String, Value> {
        let routed = self.connection.as_ref().is_some_and(|connection| connection.imds_routed);
        match imds::metadata(self.crawl.system(), routed) {
            Ok(metadata) => metadata,
            Err(unread) => {
                tracing::warn!("Ignoring IMDS metadata due to: {}", unread.report.reason);
                // Azure Stack may have no such service.
                if unread.connection && !routed {
                    self.report_to_host(&unread.report);
                } else {
                    self.report_failure(&unread.report);
                }
                Map::new()
            }
        }
    }

    fn reuse(&self, environment: Option<&Environment>, imds: &Map<String, Value>) -> Reuse {
        if self.crawl.system().files.is_file(&self.marker()) {
            return Reuse::Unknown;
        }
        Reuse::of(environment, instance::text(imds, &["extended", "compute", "ppsType"]).as_deref())
    }

    /// Waits for the proxy that the platform's services require, if they do.
    fn wait_for_proxy(&mut self, environment: Option<&Environment>) {
        if !environment.is_some_and(|environment| environment.proxy_agent) {
            return;
        }
        let command = Command::line(["azure-proxy-agent", "--status", "--wait", "120"])
            .timeout(std::time::Duration::from_secs(180));
        let report = match self.crawl.system().commands.run(&command) {
            Ok(_) => return,
            Err(model::effects::CommandError::NotFound(_)) => Report::new("azure-proxy-agent not found"),
            Err(error) => {
                let report = Report::new("azure-proxy-agent status failure");
                match &error {
                    model::effects::CommandError::Failed { output, .. } => report
                        .with("exit_code", output.code)
                        .with("stdout", output.text())
                        .with("stderr", String::from_utf8_lossy(&output.stderr)),
                    _ => report.with("exception", &error),
                }
            }
        };
        tracing::error!("Failed to activate Azure Guest Proxy Agent: {}", report.reason);
        self.report_failure(&report);
    }

    /// Reports devices that the metadata does not describe.
    fn validate_network(&self, imds: &Map<String, Value>) {
        let described = imds.get("network").and_then(|network| network.get("interface")).and_then(Value::as_array);
        let Some(described) = described else {
            tracing::warn!("IMDS network metadata has incomplete configuration: {:?}", imds.get("network"));
            return;
        };
        let plain = |mac: &str| mac.replace(':', "").to_lowercase();
        let known: Vec<String> =
            described.iter().filter_map(|nic| nic.get("macAddress")?.as_str().map(plain)).collect();
        let links = self.crawl.system().links.links().unwrap_or_default();
        let own = links.iter().filter(|link| link.driver.as_deref() == Some("hv_netvsc"));
        let missing: Vec<&str> = own.map(|link| link.mac.as_str()).filter(|mac| !known.contains(&plain(mac))).collect();
        if !missing.is_empty() {
            tracing::warn!("IMDS network metadata is missing configuration for NICs {missing:?}");
        }
    }

    /// Reports to the host what may still succeed.
    fn report_to_host(&self, report: &Report) {
        let line = report.encoded(self.crawl, self.vm_id.as_deref());
        tracing::error!("Azure datasource failure occurred: {line}");
        self.telemetry.kernel_log(self.crawl.system());
        self.telemetry.provisioning(self.crawl.system(), &line);
    }

    /// Reports to the host and the WireServer that provisioning has failed.
    fn report_failure(&mut self, report: &Report) {
        self.report_to_host(report);
        let line = report.encoded(self.crawl, self.vm_id.as_deref());
        let system = self.crawl.system();
        if self.connection.is_some() {
            match wireserver::report_failure(system, &self.endpoint, &line) {
                Ok(()) => {
                    self.negotiated = true;
                    return;
                }
                Err(error) => {
                    tracing::error!("Failed to report failure using cached ephemeral dhcp context: {error}");
                }
            }
        }
        self.connection = None;
        self.connect(None, 20, true);
        match wireserver::report_failure(system, &self.endpoint, &line) {
            Ok(()) => self.negotiated = true,
            Err(error) => tracing::debug!("Failed to report failure using new ephemeral dhcp: {error}"),
        }
    }

    /// Reports that the machine is ready, and ejects the ISO; returns the keys that only the WireServer has.
    fn report_ready(&mut self, wanted: Option<&[PublicKey]>) -> Result<Vec<String>, SourceError> {
        let system = self.crawl.system();
        let line = report::success(self.crawl, self.vm_id.as_deref().unwrap_or("None"));
        self.telemetry.provisioning(system, &line);
        let directory = self.crawl.paths().run("azure-transport");
        let iso = self.iso.clone();
        let eject = || {
            if let Some(device) = &iso {
                media::eject(system, device);
            }
        };
        let report = || wireserver::report_ready(system, &self.endpoint, wanted, &directory, eject);
        let telemetry = &self.telemetry;
        let keys = if side_by_side::workers_at_first(system) == 1 {
            telemetry.kernel_log(system);
            report()
        } else {
            // The service answers meanwhile.
            let (keys, log) = side_by_side::beside(|| telemetry.kernel_log(system), report);
            if log.is_none() {
                tracing::warn!("cannot report the kernel's log");
            }
            keys
        }?;
        self.iso = None;
        self.negotiated = true;
        Ok(keys)
    }
}

#[cfg(test)]
mod tests;
