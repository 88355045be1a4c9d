//! A machine in memory for tests of the sources.

mod faked;

use std::collections::BTreeSet;
use std::path::Path;
use std::sync::{Arc, Mutex};

use model::datasource::{SourceError, SourceStage};
use model::effects::{Http, HttpError, Request, Response};
use model::{Crawl, DataSource, Identified, Instance, Node, Paths, Platform, Settled, System};
use system::Scratch;

/// A machine and its evidence.
pub(crate) struct Machine {
    pub system: System,
    pub recording: system::Recording,
    config: Node,
    paths: Paths,
    virtualization: String,
    variant: String,
}

impl Machine {
    /// Creates a machine; `http` answers its requests.
    pub fn with_http(scratch: Scratch, http: Arc<dyn Http>) -> Self {
        let (system, recording) = scratch.system_with(http);
        let virtualization = "kvm".to_owned();
        Self {
            system,
            recording,
            config: Node::default(),
            paths: Paths::default(),
            virtualization,
            variant: "debian".to_owned(),
        }
    }

    /// Uses the host's clock instead of a fixed time: for querying a real service.
    pub fn on_time(mut self) -> Self {
        self.system.clock = system::Host::system(None, self.system.http.clone()).clock;
        self
    }

    /// Sets the system configuration.
    pub fn config(mut self, yaml: &str) -> Self {
        self.config = Node::from_yaml("cloud.cfg", yaml.as_bytes()).expect("valid YAML").unwrap_or_default();
        self
    }

    /// Sets the distribution, which is Debian else.
    pub fn variant(mut self, name: &str) -> Self {
        name.clone_into(&mut self.variant);
        self
    }

    /// Sets what virtualizes the machine, which is KVM else.
    pub fn virtualization(mut self, name: &str) -> Self {
        name.clone_into(&mut self.virtualization);
        self
    }

    /// Makes the random bytes known.
    pub fn random(&mut self, bytes: Vec<u8>) {
        self.system.environment = Arc::new(system::Given::over(&self.system).random(bytes));
    }

    /// Its evidence; the kernel command line is read from /proc/cmdline.
    pub fn platform(&self) -> Platform<'_> {
        Platform {
            cmdline: self.system.files.text(Path::new("/proc/cmdline")).unwrap_or_default(),
            devices: self.system.devices.block_devices().expect("no error"),
            known_virtualization: std::sync::OnceLock::from(self.virtualization.clone()),
            ..Platform::new(&self.system, &self.paths, &self.config)
        }
    }

    /// The result of a source's detection.
    pub fn identify(&self, source: &dyn DataSource) -> Identified {
        source.identify(&self.platform())
    }

    /// Reads a source.
    pub fn crawl(
        &self,
        source: &dyn DataSource,
        stage: SourceStage,
    ) -> Result<Option<Instance>, SourceError> {
        self.crawl_again(source, stage, None)
    }

    /// Reads a source again, of which an instance is known.
    pub fn crawl_again(
        &self,
        source: &dyn DataSource,
        stage: SourceStage,
        known: Option<&Instance>,
    ) -> Result<Option<Instance>, SourceError> {
        self.with_crawl(stage, known, |crawl| source.crawl(crawl))
    }

    /// What a part of a source makes of a crawl.
    pub fn with_crawl<T>(
        &self,
        stage: SourceStage,
        known: Option<&Instance>,
        ask: impl FnOnce(&Crawl<'_>) -> T,
    ) -> T {
        let platform = self.platform();
        ask(&Crawl {
            platform: &platform,
            stage,
            known,
            fallback_link: Some("eth0".to_owned()),
            dhcp_clients: vec!["dhclient".to_owned()],
            version: "26.2".to_owned(),
            variant: &|| self.variant.clone(),
        })
    }
}

/// A service with prepared answers: for each request the first unused one for its URL, the last one again and again.
pub(crate) struct Scripted {
    answers: Mutex<Vec<(String, u16, String)>>,
    asked: Mutex<Vec<String>>,
}

impl Scripted {
    /// Answers with these statuses and bodies by URL.
    pub fn new(answers: &[(&str, u16, &str)]) -> Self {
        let own = |(url, status, body): &(&str, u16, &str)| ((*url).to_owned(), *status, (*body).to_owned());
        Self { answers: Mutex::new(answers.iter().map(own).collect()), asked: Mutex::default() }
    }

    /// The URLs that were requested, in order.
    pub fn asked(&self) -> Vec<String> {
        self.asked.lock().expect("no panic").clone()
    }
}

impl Http for Scripted {
    fn send(&self, request: &Request) -> Result<Response, HttpError> {
        self.asked.lock().expect("no panic").push(request.url.clone());
        let mut answers = self.answers.lock().expect("no panic");
        let fitting: Vec<usize> = (0..answers.len()).filter(|at| answers[*at].0 == request.url).collect();
        let (status, body) = match fitting.as_slice() {
            [] => {
                let reason = "no route".to_owned();
                return Err(HttpError::Connection { url: request.shown(), reason });
            }
            [last] => (answers[*last].1, answers[*last].2.clone()),
            [first, ..] => {
                let (_, status, body) = answers.remove(*first);
                (status, body)
            }
        };
        let response = Response { status, headers: Vec::new(), body: body.into_bytes() };
        if response.ok() || request.accept.contains(&status) {
            Ok(response)
        } else {
            Err(HttpError::Status { url: request.shown(), status, retry_after: None })
        }
    }
}

/// The instance's description in `status --long` and `instance/datasource`.
pub(crate) fn described(instance: &Instance) -> String {
    format!("{}{}", instance.class, instance.detail)
}

/// A case in testdata/SOURCE/NAME.yaml: a machine, and the expected result of the source.
///
/// `machine` has its files (`-> TARGET` is a link, `(socket)` a socket or device, `(program)` a program); `commands` has
/// the output of programs by command line, `variables` the environment, and `serial` the answers of a port or socket to
/// each line; `devices` has their attributes and `files`; `config` the system configuration; `http` the
/// responses for URLs; `stage` is local or network. In `expect`, `identified` is no, maybe or found; `configured` whether
/// the stages query the source without detection; `described` the class and its detail; `found` is false if there is no instance; `files` lists written files, `ran` commands, `addresses` temporary ones; `instance` must be
/// contained in the instance, where user-data and vendor-data are text; `settled` is what the source does with it later.
#[derive(serde::Deserialize)]
#[serde(deny_unknown_fields)]
struct Case {
    #[serde(default)]
    machine: std::collections::BTreeMap<String, String>,
    #[serde(default)]
    devices: Vec<Device>,
    #[serde(default)]
    commands: std::collections::BTreeMap<String, String>,
    #[serde(default)]
    variables: std::collections::BTreeMap<String, String>,
    #[serde(default)]
    serial: std::collections::BTreeMap<String, faked::Lines>,
    virtualization: Option<String>,
    #[serde(default)]
    config: serde_json::Value,
    #[serde(default)]
    http: std::collections::BTreeMap<String, String>,
    stage: String,
    expect: Expect,
}

#[derive(serde::Deserialize)]
#[serde(deny_unknown_fields)]
struct Device {
    path: String,
    filesystem: String,
    label: Option<String>,
    #[serde(default)]
    partition: bool,
    #[serde(default)]
    files: std::collections::BTreeMap<String, String>,
}

#[derive(serde::Deserialize)]
#[serde(deny_unknown_fields)]
struct Expect {
    identified: String,
    #[serde(default = "yes")]
    found: bool,
    configured: Option<bool>,
    described: Option<String>,
    still_same: Option<bool>,
    #[serde(default)]
    same_anywhere: bool,
    #[serde(default)]
    given_once: bool,
    detected: Option<String>,
    #[serde(default)]
    ran: Vec<String>,
    addresses: Option<Vec<String>>,
    #[serde(default)]
    files: std::collections::BTreeMap<String, String>,
    #[serde(default)]
    absent: Vec<String>,
    #[serde(default)]
    modes: std::collections::BTreeMap<String, String>,
    #[serde(default)]
    instance: serde_json::Map<String, serde_json::Value>,
    #[serde(default)]
    settled: Settling,
}

/// What the source does with a new instance once the machine is set up with it.
#[derive(Default, serde::Deserialize)]
#[serde(default, deny_unknown_fields)]
struct Settling {
    /// All command lines.
    ran: Vec<String>,
    removed: Vec<String>,
    /// The metadata that it adds or changes.
    metadata: serde_json::Map<String, serde_json::Value>,
}

fn yes() -> bool {
    true
}

/// Runs all cases of a source.
#[allow(
    clippy::disallowed_methods,
    reason = "testdata is read from the source tree, not from the machine under test"
)]
pub(crate) fn run_cases(name: &str, source: &dyn DataSource) {
    let directory = Path::new(env!("CARGO_MANIFEST_DIR")).join("testdata").join(name);
    let mut paths: Vec<_> = std::fs::read_dir(&directory)
        .expect("testdata")
        .map(|entry| entry.expect("an entry").path())
        .collect();
    paths.sort();
    assert!(!paths.is_empty(), "{} has no case", directory.display());
    let (mut set, mut expected) = (BTreeSet::new(), BTreeSet::new());
    for path in paths {
        let text = std::fs::read(&path).expect("a case");
        let shown = path.display().to_string();
        let node =
            Node::from_yaml(&shown, &text).unwrap_or_else(|error| panic!("{error}")).expect("not empty");
        let case: Case =
            serde_json::from_value(node.to_json()).unwrap_or_else(|error| panic!("{shown}: {error}"));
        expected.extend(case.expect.instance.keys().cloned());
        expected.extend(case.expect.described.iter().map(|_| "detail".to_owned()));
        set.extend(check(&shown, case, source));
    }
    // The metadata is mostly the service's own document, which the comparison with upstream compares.
    expected.insert("metadata".to_owned());
    let unchecked: Vec<&String> = set.difference(&expected).collect();
    assert!(unchecked.is_empty(), "{name} sets fields of an instance that no case expects: {unchecked:?}");
}

/// The files and devices of a case.
fn root_of(case: &Case) -> Scratch {
    let mut scratch = Scratch::new();
    for (path, content) in &case.machine {
        scratch = match (content.as_str(), content.strip_prefix("-> ")) {
            (_, Some(target)) => scratch.link(path, target),
            ("(socket)", _) => scratch.node(path),
            ("(program)", _) => scratch.program(path),
            _ if path.contains("bin/") => scratch.program(path),
            _ => scratch.file(path, content),
        };
    }
    for (number, device) in case.devices.iter().enumerate() {
        let root = format!("/devices-of-the-test/{number}");
        for (path, content) in &device.files {
            scratch = scratch.file(&format!("{root}/{path}"), content);
        }
        let block = model::effects::BlockDevice {
            path: device.path.clone().into(),
            filesystem: Some(device.filesystem.clone()),
            label: device.label.clone(),
            partition: device.partition,
            ..model::effects::BlockDevice::default()
        };
        scratch = scratch.directory(&root).device(block, &root);
    }
    scratch
}

/// Runs a case; returns the fields of the instance that the source set.
fn check(shown: &str, case: Case, source: &dyn DataSource) -> BTreeSet<String> {
    let scratch = root_of(&case);
    let mut web = Scratch::new().directory("/web");
    for (url, content) in &case.http {
        let (_, path) = url.split_once("://").expect("an address");
        web = web.file(&format!("/web/{path}"), content);
    }
    let http = system::TreeHttp::new(Arc::new(web), Some("/web".into()));
    let mut machine = Machine::with_http(scratch, Arc::new(http));
    machine.config = Node::from_json(case.config, &model::config::Origin::whole("case"));
    machine.virtualization = case.virtualization.unwrap_or(machine.virtualization);
    let ran = faked::lay_over(&mut machine.system, case.commands, case.variables, case.serial);
    let identified = format!("{:?}", machine.identify(source)).to_lowercase();
    assert_eq!(identified, case.expect.identified, "{shown}: identified");
    if let Some(expected) = case.expect.configured {
        assert_eq!(source.is_configured(&machine.platform()), expected, "{shown}: configured");
    }
    if let Some(expected) = &case.expect.detected {
        assert_eq!(source.detected(&machine.platform()).as_ref(), Some(expected), "{shown}: detected");
    }
    let stage = if case.stage == "local" { SourceStage::Local } else { SourceStage::Network };
    let found = machine.crawl(source, stage).unwrap_or_else(|error| panic!("{shown}: {error}"));
    let before = ran.lock().expect("no panic").clone();
    for line in &case.expect.ran {
        assert!(before.contains(line), "{shown}: {line} did not run: {before:#?}");
    }
    if let Some(expected) = &case.expect.addresses {
        let what = |effect: system::Effect| match effect.kind {
            system::EffectKind::Ephemeral { what } => Some(what),
            _ => None,
        };
        let held: Vec<String> = machine.recording.effects().into_iter().filter_map(what).collect();
        assert_eq!(&held, expected, "{shown}: addresses");
    }
    for (path, content) in &case.expect.files {
        assert_eq!(
            machine.system.files.text(Path::new(path)).as_deref(),
            Some(content.as_str()),
            "{shown}: {path}"
        );
    }
    for path in &case.expect.absent {
        assert!(!machine.system.files.exists(Path::new(path)), "{shown}: {path}");
    }
    for (path, mode) in &case.expect.modes {
        let found = machine.system.files.stat(Path::new(path)).expect("no error").expect("a file");
        assert_eq!(&format!("{:04o}", found.mode), mode, "{shown}: {path}");
    }
    assert_eq!(found.is_some(), case.expect.found, "{shown}: found");
    let Some(instance) = found else { return BTreeSet::new() };
    if let Some(expected) = &case.expect.described {
        assert_eq!(&described(&instance), expected, "{shown}: described");
    }
    let elsewhere = Machine::with_http(Scratch::new(), machine.system.http.clone());
    let same = source.still_same(&elsewhere.platform(), &instance);
    assert_eq!(same, case.expect.same_anywhere, "{shown}: still_same on an empty machine");
    let once = source.is_given_once(&machine.platform(), &instance);
    assert_eq!(once, case.expect.given_once, "{shown}: is_given_once");
    if let Some(expected) = case.expect.still_same {
        let same = source.still_same(&machine.platform(), &instance);
        assert_eq!(same, expected, "{shown}: still_same");
    }
    let mut document = serde_json::to_value(&instance).expect("plain data");
    let text = |bytes: &model::instance::Bytes| String::from_utf8_lossy(&bytes.0).into_owned();
    let vendor = |data: &model::instance::VendorData| match data {
        model::instance::VendorData::One(bytes) => text(bytes).into(),
        model::instance::VendorData::Many(pieces) => pieces.iter().map(text).collect::<serde_json::Value>(),
    };
    document["user_data"] = instance.user_data.as_ref().map(text).into();
    document["vendor_data"] = instance.vendor_data.as_ref().map(vendor).unwrap_or_default();
    document["vendor_data2"] = instance.vendor_data2.as_ref().map(vendor).unwrap_or_default();
    for (key, expected) in &case.expect.instance {
        assert_eq!(&document[key], expected, "{shown}: {key}");
    }
    settle(shown, &machine, &ran, source, &instance, &case.expect.settled);
    let plain = metadata::standard::instance(source.about(), stage, serde_json::Map::new());
    let plain = serde_json::to_value(plain).expect("plain data");
    let document = document.as_object().expect("fields").iter();
    document.filter(|(key, value)| plain.get(*key) != Some(*value)).map(|(key, _)| key.clone()).collect()
}

/// Has the source complete and activate a new instance.
fn settle(
    shown: &str,
    machine: &Machine,
    ran: &faked::Ran,
    source: &dyn DataSource,
    instance: &Instance,
    expect: &Settling,
) {
    let platform = machine.platform();
    let settled = Settled { platform: &platform, instance, new: true };
    ran.lock().expect("no panic").clear();
    for path in &expect.removed {
        assert!(machine.system.files.exists(Path::new(path)), "{shown}: {path} is not there before");
    }
    let completed = source.complete(&settled).unwrap_or_else(|error| panic!("{shown}: complete: {error}"));
    let metadata = completed.map(|completed| completed.metadata).unwrap_or_default();
    for (key, value) in &expect.metadata {
        assert_eq!(metadata.get(key), Some(value), "{shown}: {key} of the complete metadata");
    }
    source.activate(&settled).unwrap_or_else(|error| panic!("{shown}: activate: {error}"));
    assert_eq!(*ran.lock().expect("no panic"), expect.ran, "{shown}: commands of a settled machine");
    for path in &expect.removed {
        assert!(!machine.system.files.exists(Path::new(path)), "{shown}: {path} is still there");
    }
}
