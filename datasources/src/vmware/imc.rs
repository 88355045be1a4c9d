//! Guest customization: a specification that VMware's tools put into a directory, with a name, a network and scripts, or
//! with cloud-init's own documents.

mod events;
mod scripts;

use std::path::{Path, PathBuf};
use std::time::Duration;

use indexmap::IndexMap;
use metadata::{documents, links};
use model::datasource::SourceError;
use model::{Crawl, Node, Platform};
use serde_json::{Map, Value, json};

use super::NAME;
use super::transport::{Found, Transport};
use events::{CUSTOMIZE_FAILED, Host, NETWORK_FAILED, WRONG_METADATA};

/// Where the tools put the specification and its files.
const DIRECTORY: &str = "/var/run/vmware-imc";
const FILE: &str = "cust.cfg";
/// The plugin of the tools that does, and the directories to search for it.
const PLUGIN: &str = "libdeployPkgPlugin.so";
const PLUGIN_DIRECTORIES: &[&str] = &[
    "/usr/lib/vmware-tools",
    "/usr/lib64/vmware-tools",
    "/usr/lib/open-vm-tools",
    "/usr/lib64/open-vm-tools",
    "/usr/lib/x86_64-linux-gnu/open-vm-tools",
    "/usr/lib/aarch64-linux-gnu/open-vm-tools",
    "/usr/lib/i386-linux-gnu/open-vm-tools",
    "/usr/lib/x86_64-linux-gnu/vmware-tools",
    "/usr/lib/aarch64-linux-gnu/vmware-tools",
    "/usr/lib/i386-linux-gnu/vmware-tools",
];
/// How long to wait for the specification, and how often to look for it, in seconds.
const MAX_WAIT: i64 = 15;
const PAUSE: i64 = 5;
/// How many times the tools are looked for below a directory.
const DEPTH: usize = 4;

/// Which customizations are allowed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Customization {
    /// All.
    Enabled,
    /// Only those with cloud-init's documents.
    RawOnly,
    /// None, or the tools cannot deliver any.
    Disabled,
}

/// The keys of a specification, as `SECTION|KEY`.
pub(super) struct Specification {
    keys: IndexMap<String, String>,
    name: String,
    text: String,
}

impl Specification {
    fn read(crawl: &Crawl<'_>, path: &Path) -> Result<Self, SourceError> {
        let name = path.display().to_string();
        let text = String::from_utf8_lossy(&crawl.system().files.read(path)?).into_owned();
        let keys = netconfig::vmware::keys(&name, &text)
            .map_err(|error| broken(&name, error.to_string()))?;
        let found = Self { keys, name, text };
        for key in ["MISC|POST-GC-STATUS", "MISC|DEFAULT-RUN-POST-CUST-SCRIPT", "PASSWORD|RESET"] {
            found.yes(key)?;
        }
        Ok(found)
    }

    pub(super) fn get(&self, key: &str) -> Option<&str> {
        self.keys.get(key).map(String::as_str).filter(|value| !value.is_empty())
    }

    /// A key that is `yes` or `no`, which is the default.
    pub(super) fn yes(&self, key: &str) -> Result<bool, SourceError> {
        match self.get(key).unwrap_or("no").to_lowercase().as_str() {
            "yes" => Ok(true),
            "no" => Ok(false),
            _ => Err(broken(&self.name, format!("{key}: expected yes or no"))),
        }
    }
}

fn broken(place: &str, reason: String) -> SourceError {
    // An error with a place of its own need not be told twice where it is.
    let reason = reason.strip_prefix(&format!("{place}: ")).map(str::to_owned).unwrap_or(reason);
    SourceError::Broken { place: place.to_owned(), reason }
}

fn has_plugin(platform: &Platform<'_>) -> bool {
    PLUGIN_DIRECTORIES.iter().any(|directory| has_file(platform, Path::new(directory), DEPTH))
}

fn has_file(platform: &Platform<'_>, directory: &Path, depth: usize) -> bool {
    let names = platform.files().list(directory).unwrap_or_default();
    names.iter().any(|name| name == PLUGIN)
        || (depth > 0
            && names.iter().map(|name| directory.join(name)).any(|path| {
                platform.files().is_dir(&path) && has_file(platform, &path, depth - 1)
            }))
}

/// Whether a specification may come to this machine.
pub(super) fn may_come(platform: &Platform<'_>) -> Customization {
    let disabled = platform.config.get("disable_vmware_customization").is_none_or(Node::lenient_bool);
    let raw = platform.source_config(NAME).and_then(|config| config.get("allow_raw_data"));
    let raw = raw.is_none_or(Node::lenient_bool);
    match (disabled, raw) {
        (true, false) => Customization::Disabled,
        _ if !has_plugin(platform) => Customization::Disabled,
        (false, _) => Customization::Enabled,
        (true, true) => Customization::RawOnly,
    }
}

/// The data of a specification, if there is one.
pub(super) fn customization(crawl: &Crawl<'_>) -> Result<Option<Found>, SourceError> {
    let allowed = may_come(crawl.platform);
    if allowed == Customization::Disabled {
        tracing::debug!("Customization for VMware platform is disabled");
        return Ok(None);
    }
    let Some(path) = wait_for(crawl) else {
        tracing::debug!("No VMware customization configuration file found");
        return Ok(None);
    };
    tracing::debug!("Found VMware customization configuration file at {}", path.display());
    let found = Specification::read(crawl, &path).and_then(|specification| {
        let raw_allowed = crawl.config(NAME).get("allow_raw_data").is_none_or(Node::lenient_bool);
        match specification.get("CLOUDINIT|METADATA") {
            Some(name) if raw_allowed => raw(crawl, &specification, name),
            None if allowed == Customization::Enabled => linux(crawl, &specification),
            _ => {
                tracing::debug!("No allowed customization configuration data found");
                Ok(None)
            }
        }
    });
    // It has passwords, and is for this boot only.
    if let Err(error) = crawl.system().files.remove(Path::new(DIRECTORY)) {
        tracing::warn!("{error}");
    }
    found
}

/// The specification as soon as it exists.
fn wait_for(crawl: &Crawl<'_>) -> Option<PathBuf> {
    let configured = crawl.config(NAME);
    let limit = match configured.get("vmware_cust_file_max_wait") {
        None => MAX_WAIT,
        Some(node) => {
            let text = node.scalar_text().unwrap_or_default();
            text.trim().parse().ok().filter(|seconds| *seconds >= 0).unwrap_or_else(|| {
                tracing::warn!(
                    "{}: vmware_cust_file_max_wait is not a number of seconds, using {MAX_WAIT}",
                    node.origin
                );
                MAX_WAIT
            })
        }
    };
    let pause = if limit <= PAUSE { 1 } else { PAUSE };
    let path = Path::new(DIRECTORY).join(FILE);
    let mut waited = 0;
    while waited < limit {
        if crawl.system().files.is_file(&path) {
            return Some(path);
        }
        tracing::debug!("Waiting for VMware customization configuration file");
        crawl.system().clock.sleep(Duration::from_secs(pause.unsigned_abs()));
        waited += pause;
    }
    None
}

/// Cloud-init's documents in files beside the specification.
fn raw(
    crawl: &Crawl<'_>,
    specification: &Specification,
    name: &str,
) -> Result<Option<Found>, SourceError> {
    let host = Host::new(crawl.system(), specification)?;
    host.status("Started");
    let read = |name: &str, what: &str| {
        let path = Path::new(DIRECTORY).join(name);
        crawl.system().files.read(&path).inspect_err(|_| {
            host.failed(&format!("Error loading cloud-init {what} file"), CUSTOMIZE_FAILED);
        })
    };
    let bytes = read(name, "meta data")?;
    let metadata = match documents::yaml(name, &bytes) {
        Ok(node) => documents::object(&node),
        Err(error) => {
            host.failed("Error parsing the cloud-init meta data", WRONG_METADATA);
            return Err(error);
        }
    };
    let user_data = match specification.get("CLOUDINIT|USERDATA") {
        None => None,
        // The specification is edited on Windows, too.
        Some(name) => Some(read(name, "userdata")?.into_iter().filter(|byte| *byte != b'\r').collect()),
    };
    host.done();
    Ok(Some(Found {
        transport: Transport::Imc,
        metadata,
        user_data,
        vendor_data: None,
        config: Map::new(),
    }))
}

/// A specification for any Linux: name, time zone, network, scripts and passwords.
fn linux(crawl: &Crawl<'_>, specification: &Specification) -> Result<Option<Found>, SourceError> {
    let host = Host::new(crawl.system(), specification)?;
    host.status("Started");
    let mut metadata = Map::new();
    if let Some(name) = specification.get("NETWORK|HOSTNAME") {
        let name = match specification.get("NETWORK|DOMAINNAME") {
            Some(domain) => format!("{name}.{domain}"),
            None => name.to_owned(),
        };
        metadata.insert("local-hostname".to_owned(), name.into());
    }
    if let Some(id) = specification.get("MISC|INSTANCE-ID") {
        metadata.insert("instance-id".to_owned(), id.into());
    }
    let mut config = Map::new();
    if let Some(zone) = specification.get("DATETIME|TIMEZONE") {
        config.insert("timezone".to_owned(), zone.into());
    }
    let marker = specification.get("MISC|MARKER-ID");
    if let Some(marker) = marker {
        let is_done = crawl.system().files.exists(&marker_file(crawl, marker)?);
        if !is_done {
            scripts::run(crawl, specification, &host)?;
        }
        mark(crawl, marker).inspect_err(|_| host.failed("Error creating marker files", CUSTOMIZE_FAILED))?;
    }
    let network = network(crawl, specification)
        .inspect_err(|_| host.failed("Error preparing Network Configuration", NETWORK_FAILED))?;
    metadata.insert("network".to_owned(), network);
    host.connect(&Path::new(DIRECTORY).join("nics.txt"));
    host.done();
    Ok(Some(Found {
        transport: Transport::Imc,
        metadata,
        user_data: None,
        vendor_data: None,
        config,
    }))
}

/// The file that shows that a customization was done.
fn marker_file(crawl: &Crawl<'_>, marker: &str) -> Result<PathBuf, SourceError> {
    if marker.contains('/') {
        return Err(broken(&Path::new(DIRECTORY).join(FILE).display().to_string(), "MISC|MARKER-ID: not a name".to_owned()));
    }
    Ok(crawl.paths().data(&format!(".markerfile-{marker}.txt")))
}

/// Replaces the marker of an earlier customization.
fn mark(crawl: &Crawl<'_>, marker: &str) -> Result<(), SourceError> {
    let files = &crawl.system().files;
    let path = marker_file(crawl, marker)?;
    let directory = path.parent().unwrap_or(Path::new("/"));
    for name in files.list(directory).unwrap_or_default() {
        if name.starts_with(".markerfile") {
            files.remove(&directory.join(name))?;
        }
    }
    Ok(files.write(&path, b"", &model::effects::Attributes::mode(0o644))?)
}

/// Network config v2, with the device names of this machine.
fn network(crawl: &Crawl<'_>, specification: &Specification) -> Result<Value, SourceError> {
    let place = &specification.name;
    let config = netconfig::vmware::convert(place, &specification.text)
        .map_err(|error| broken(place, error.to_string()))?;
    forget_interfaces(crawl)?;
    let named = links::by_mac(crawl.system(), place)?;
    let mut ethernets = Map::new();
    for entry in config.node().to_json()["ethernets"].as_object().into_iter().flat_map(Map::values) {
        let mac = entry["match"]["macaddress"].as_str().unwrap_or_default();
        let name = links::name(&named, mac, place)?;
        let mut entry = entry.clone();
        entry["set-name"] = name.into();
        ethernets.insert(name.to_owned(), entry);
    }
    Ok(json!({"version": 2, "ethernets": ethernets}))
}

/// On Debian, devices in interfaces(5) of the image would be configured twice: the file is replaced by one that only
/// includes others, and old leases are removed.
fn forget_interfaces(crawl: &Crawl<'_>) -> Result<(), SourceError> {
    if !["debian", "ubuntu", "raspberry-pi-os"].contains(&(crawl.variant)().as_str()) {
        return Ok(());
    }
    let files = &crawl.system().files;
    let file = Path::new("/etc/network/interfaces");
    let kept = Path::new("/etc/network/interfaces.before_vmware_customization");
    if !files.exists(kept) && files.exists(file) {
        files.rename(file, kept)?;
    }
    let text = "# DO NOT EDIT THIS FILE BY HAND -- AUTOMATICALLY GENERATED BY cloud-init\n\
                source /etc/network/interfaces.d/*\n\
                source-directory /etc/network/interfaces.d";
    files.write(file, text.as_bytes(), &model::effects::Attributes::mode(0o644))?;
    for directory in ["/var/lib/dhcp", "/var/lib/dhclient"] {
        for name in files.list(Path::new(directory)).unwrap_or_default() {
            if name.contains("lease") {
                files.remove(&Path::new(directory).join(name))?;
            }
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn machine(scratch: system::Scratch, config: &str) -> crate::testing::Machine {
        let http = system::TreeHttp::new(std::sync::Arc::new(system::Scratch::new()), None);
        crate::testing::Machine::with_http(scratch, std::sync::Arc::new(http)).config(config)
    }

    /// The original's documentation of `disable_vmware_customization` and `allow_raw_data`.
    #[test]
    fn which_customizations_may_come() {
        let tools = || system::Scratch::new().file("/usr/lib/vmware-tools/plugins/libdeployPkgPlugin.so", "");
        for (config, expected) in [
            ("{}", Customization::RawOnly),
            ("disable_vmware_customization: true", Customization::RawOnly),
            ("disable_vmware_customization: false", Customization::Enabled),
            ("datasource: {VMware: {allow_raw_data: false}}", Customization::Disabled),
            ("{disable_vmware_customization: true, datasource: {VMware: {allow_raw_data: false}}}", Customization::Disabled),
            ("{disable_vmware_customization: false, datasource: {VMware: {allow_raw_data: false}}}", Customization::Enabled),
            ("{disable_vmware_customization: true, datasource: {VMware: {allow_raw_data: true}}}", Customization::RawOnly),
        ] {
            assert_eq!(may_come(&machine(tools(), config).platform()), expected, "{config}");
            let without = machine(system::Scratch::new(), config);
            assert_eq!(may_come(&without.platform()), Customization::Disabled, "{config}");
        }
    }

    #[test]
    fn the_plugin_is_looked_for_in_subdirectories() {
        for (path, found) in [
            ("/usr/lib/vmware-tools/libdeployPkgPlugin.so", true),
            ("/usr/lib/open-vm-tools/a/b/c/d/libdeployPkgPlugin.so", true),
            ("/usr/lib/open-vm-tools/a/b/c/d/e/libdeployPkgPlugin.so", false),
            ("/usr/lib/open-vm-tools/a/other.so", false),
            ("/opt/libdeployPkgPlugin.so", false),
        ] {
            let machine = machine(system::Scratch::new().file(path, ""), "{}");
            assert_eq!(has_plugin(&machine.platform()), found, "{path}");
        }
    }

    /// The original's `wait_for_cust_cfg_file`: it looks every five seconds, every second if that is all it may wait.
    #[test]
    fn the_specification_is_waited_for() {
        for (limit, seconds) in [
            ("", 15),
            ("vmware_cust_file_max_wait: 0", 0),
            ("vmware_cust_file_max_wait: 3", 3),
            ("vmware_cust_file_max_wait: ' 5 '", 5),
            ("vmware_cust_file_max_wait: 7", 10),
            ("vmware_cust_file_max_wait: -1", 15),
            ("vmware_cust_file_max_wait: soon", 15),
        ] {
            let config = format!("datasource: {{VMware: {{{limit}}}}}");
            let empty = machine(system::Scratch::new(), &config);
            assert_eq!(empty.with_crawl(model::datasource::SourceStage::Local, None, wait_for), None);
            assert_eq!(empty.system.clock.monotonic().as_secs(), seconds, "{limit}");
        }
        let there = machine(system::Scratch::new().file("/var/run/vmware-imc/cust.cfg", ""), "{}");
        let found = there.with_crawl(model::datasource::SourceStage::Local, None, wait_for);
        assert_eq!(found.as_deref(), Some(Path::new("/var/run/vmware-imc/cust.cfg")));
        assert_eq!(there.system.clock.monotonic().as_secs(), 0);
    }

    /// The original's config.py: `yes` and `no` in any case, and nothing else.
    #[test]
    fn yes_and_no() {
        let specification = |value: &str| Specification {
            keys: [("K".to_owned(), value.to_owned())].into_iter().collect(),
            name: "cust.cfg".to_owned(),
            text: String::new(),
        };
        for (value, expected) in [("yes", Some(true)), ("YES", Some(true)), ("no", Some(false)), ("No", Some(false)), ("", Some(false)), ("1", None)] {
            assert_eq!(specification(value).yes("K").ok(), expected, "{value}");
            assert!(!specification(value).yes("OTHER").expect("no is the default"), "{value}");
        }
    }

    /// The original's `clean_interfaces` of Debian: the first file of the image is kept.
    #[test]
    fn interfaces_of_the_image_are_replaced() {
        let (file, kept) = ("/etc/network/interfaces", "/etc/network/interfaces.before_vmware_customization");
        for (variant, files, expected) in [
            ("debian", &[(file, "old")][..], Some("old")),
            ("ubuntu", &[(file, "new"), (kept, "first")], Some("first")),
            ("debian", &[], None),
            ("fedora", &[(file, "old")], None),
        ] {
            let mut scratch = system::Scratch::new().file("/var/lib/dhcp/dhclient.leases", "x").file("/var/lib/dhcp/other", "x");
            for (path, text) in files {
                scratch = scratch.file(path, text);
            }
            let machine = machine(scratch, "{}").variant(variant);
            machine.with_crawl(model::datasource::SourceStage::Local, None, forget_interfaces).expect("no error");
            let text = |path: &str| machine.system.files.text(Path::new(path));
            assert_eq!(text(kept).as_deref(), expected, "{variant} {files:?}");
            let replaced = text(file).is_some_and(|text| text.starts_with("# DO NOT EDIT"));
            assert_eq!(replaced, variant != "fedora", "{variant}");
            assert_eq!(text("/var/lib/dhcp/dhclient.leases").is_none(), variant != "fedora", "{variant}");
            assert!(text("/var/lib/dhcp/other").is_some(), "{variant}");
        }
    }
}
