use std::collections::VecDeque;
use std::path::Path;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use model::datasource::SourceStage;
use model::effects::{
    Address, BlockDevice, Body, Http, HttpError, Link, LinkChanges, LinkError, LinkEvent, LinkEventKind, LinkEvents, Links, Request,
    Response, Route,
};
use model::{DataSource as _, Settled};
use system::{Scratch, TreeHttp};

use super::Azure;
use crate::testing::{Machine, described};

const GOAL: &str = "<GoalState><Incarnation>1</Incarnation><Container><ContainerId>c</ContainerId><RoleInstanceList>\
    <RoleInstance><InstanceId>r</InstanceId></RoleInstance></RoleInstanceList></Container></GoalState>";
const POOL: &str = "/var/lib/hyperv/.kvp_pool_1";

#[test]
fn cases() {
    crate::testing::run_cases("azure", &Azure);
}

/// Records each request with its body.
struct Logged {
    inner: TreeHttp,
    log: Mutex<Vec<String>>,
}

impl Http for Logged {
    fn send(&self, request: &Request) -> Result<Response, HttpError> {
        let body = match &request.body {
            Body::Bytes(bytes, _) => String::from_utf8_lossy(bytes).into_owned(),
            Body::Empty => String::new(),
        };
        let line = format!("{} {} {body}", request.method.name(), request.url);
        self.log.lock().expect("not poisoned").push(line);
        self.inner.send(request)
    }
}

/// The devices of a machine, with these events.
struct Eventful(Arc<dyn Links>, Vec<(&'static str, LinkEventKind)>);

struct Events(VecDeque<LinkEvent>);

impl LinkEvents for Events {
    fn next(&mut self, _limit: Duration) -> Result<Option<LinkEvent>, LinkError> {
        Ok(self.0.pop_front())
    }
}

impl Links for Eventful {
    fn links(&self) -> Result<Vec<Link>, LinkError> {
        self.0.links()
    }
    fn addresses(&self, link: &str) -> Result<Vec<Address>, LinkError> {
        self.0.addresses(link)
    }
    fn routes(&self) -> Result<Vec<Route>, LinkError> {
        self.0.routes()
    }
    fn rename(&self, from: &str, to: &str) -> Result<(), LinkError> {
        self.0.rename(from, to)
    }
    fn set_up(&self, link: &str, up: bool) -> Result<(), LinkError> {
        self.0.set_up(link, up)
    }
    fn watch(&self) -> Result<Box<dyn LinkChanges>, LinkError> {
        self.0.watch()
    }
    fn events(&self) -> Result<Box<dyn LinkEvents>, LinkError> {
        let event = |(link, kind): &(&str, LinkEventKind)| LinkEvent { link: (*link).to_owned(), kind: *kind };
        Ok(Box::new(Events(self.1.iter().map(event).collect())))
    }
}

fn ovf(set: &str, platform: &str) -> String {
    let azure = "http://schemas.microsoft.com/windowsazure";
    format!(
        "<Environment xmlns=\"http://schemas.dmtf.org/ovf/environment/1\" xmlns:a=\"{azure}\"><a:ProvisioningSection>\
         <a:LinuxProvisioningConfigurationSet><a:HostName>h</a:HostName>{set}</a:LinuxProvisioningConfigurationSet>\
         </a:ProvisioningSection><a:PlatformSettingsSection><a:PlatformSettings>{platform}</a:PlatformSettings>\
         </a:PlatformSettingsSection></Environment>"
    )
}

struct Azures {
    machine: Machine,
    http: Arc<Logged>,
}

impl Azures {
    /// A machine of Azure with a document in its seed directory, and these documents of its services.
    fn new(document: &str, web: &[(&str, &str)]) -> Self {
        let mut tree = Scratch::new().directory("/web").file("/web/168.63.129.16/machine", GOAL);
        for (path, content) in web {
            tree = tree.file(&format!("/web/169.254.169.254/metadata/{path}"), *content);
        }
        let inner = TreeHttp::new(Arc::new(tree), Some("/web".into()));
        let http = Arc::new(Logged { inner, log: Mutex::default() });
        let scratch = Scratch::new()
            .file("/sys/class/dmi/id/chassis_asset_tag", format!("{}\n", super::ASSET_TAG))
            .file("/sys/class/dmi/id/product_uuid", "00112233-4455-6677-8899-aabbccddeeff\n")
            .file("/sys/class/net/eth0/address", "00:0d:3a:04:75:98\n")
            .file("/sys/class/net/eth0/type", "1\n")
            .file("/sys/class/net/eth0/carrier", "1\n")
            .file("/sys/class/net/eth0/operstate", "up\n")
            .file("/sys/class/net/eth0/device/vendor", "")
            .file("/var/lib/cloud/seed/azure/ovf-env.xml", document)
            .file(POOL, "");
        let machine = Machine::with_http(scratch, http.clone())
            .config("reporting: {telemetry: {type: hyperv}}\n");
        Self { machine, http }
    }

    fn events(mut self, events: &[(&'static str, LinkEventKind)]) -> Self {
        self.machine.system.links = Arc::new(Eventful(self.machine.system.links.clone(), events.to_vec()));
        self
    }

    /// What is found or why nothing is, and the requests.
    fn crawl(&self) -> (Result<model::Instance, String>, Vec<String>) {
        let found = self.machine.crawl(&Azure, SourceStage::Local);
        let found = found.map(|found| found.expect("this is Azure")).map_err(|error| error.to_string());
        (found, self.http.log.lock().expect("not poisoned").clone())
    }

    fn pool(&self) -> String {
        self.machine.system.files.text(Path::new(POOL)).unwrap_or_default()
    }

    fn has_marker(&self) -> bool {
        self.machine.system.files.exists(Path::new("/var/lib/cloud/data/reported_ready"))
    }
}

#[test]
fn readiness_is_reported_to_both_sides() {
    let azure = Azures::new(&ovf("", ""), &[("instance", r#"{"compute": {}, "network": {"interface": []}}"#)]);
    let (found, requests) = azure.crawl();
    found.expect("an instance");
    let [imds, goal, health] = requests.as_slice() else { panic!("{requests:?}") };
    assert!(imds.starts_with("GET http://169.254.169.254/metadata/instance?api-version=2021-08-01&extended=true"));
    assert!(goal.starts_with("GET http://168.63.129.16/machine/?comp=goalstate"), "{goal}");
    assert!(health.starts_with("POST http://168.63.129.16/machine?comp=health"), "{health}");
    assert!(health.contains("<State>Ready</State>"), "{health}");
    let pool = azure.pool();
    assert!(pool.contains("PROVISIONING_REPORT") && pool.contains("result=success|agent=Cloud-Init/26.2|"), "{pool}");
    assert!(pool.contains("vm_id=33221100-5544-7766-8899-aabbccddeeff"), "{pool}");
}

/// The original's cached object knows that it has reported (`_negotiated`): a query for the network of a later boot does
/// not report again.
#[test]
fn readiness_is_reported_once() {
    let azure = Azures::new(&ovf("", ""), &[("instance", r#"{"compute": {}, "network": {"interface": []}}"#)]);
    let known = azure.crawl().0.expect("an instance");
    let before = azure.http.log.lock().expect("not poisoned").len();
    let again = azure.machine.crawl_again(&Azure, SourceStage::Local, Some(&known));
    let again = again.expect("no failure").expect("this is Azure");
    let requests = azure.http.log.lock().expect("not poisoned").split_off(before);
    let [imds] = requests.as_slice() else { panic!("{requests:?}") };
    assert!(imds.starts_with("GET http://169.254.169.254/metadata/instance"), "{imds}");
    assert_eq!(again.own, known.own, "also at the boot after it");
}

#[test]
fn a_failure_is_reported_with_its_reason() {
    let long = format!("<a:UserPassword>{}</a:UserPassword>", "p".repeat(73));
    let azure = Azures::new(&ovf(&long, ""), &[]);
    let (found, requests) = azure.crawl();
    assert_eq!(found.expect_err("a failure"), "Azure: unsupported password length=73 max=72");
    let health = requests.last().expect("a report");
    let reason = "<State>NotReady</State><Details><SubStatus>ProvisioningFailed</SubStatus><Description>result=error|\
                  reason=unsupported password length=73 max=72|agent=Cloud-Init/26.2|length=73|max_length=72|\
                  vm_id=33221100-5544-7766-8899-aabbccddeeff|";
    assert!(health.contains(reason), "{health}");
    assert!(azure.pool().contains("reason=unsupported password"), "also to the host");
    assert!(!azure.pool().contains("ppp"), "without the password");
}

#[test]
fn a_password_is_kept_only_as_a_hash() {
    let set = "<a:UserName>bob</a:UserName><a:UserPassword>s3cret</a:UserPassword>";
    let azure = Azures::new(&ovf(set, ""), &[("instance", r#"{"network": {"interface": []}}"#)]);
    let instance = azure.crawl().0.expect("an instance");
    let config = instance.config.clone().expect("a configuration");
    let hash = config["system_info"]["default_user"]["hashed_passwd"].as_str().expect("a hash").to_owned();
    assert!(hash.starts_with("$6$"), "{hash}");
    let all = serde_json::to_string(&instance).expect("plain data");
    let kept = azure.machine.system.files.text(Path::new("/var/lib/waagent/ovf-env.xml")).expect("there");
    assert!(!all.contains("s3cret") && !kept.contains("s3cret") && kept.contains("REDACTED"), "{kept}");
}

#[test]
fn a_machine_waits_for_its_owner() {
    use LinkEventKind::{Added, Down, Removed, Up};
    let owner = ovf("<a:UserName>owner</a:UserName>", "");
    let web = [("instance", r#"{"network": {"interface": []}}"#), ("reprovisiondata", owner.as_str())];
    let kinds: [(&str, &[(&str, LinkEventKind)]); 2] = [
        ("<a:PreprovisionedVm>true</a:PreprovisionedVm>", &[("eth1", Down), ("eth1", Up), ("eth0", Down), ("eth0", Up)]),
        (
            "<a:PreprovisionedVMType>Running</a:PreprovisionedVMType>",
            &[("eth0", Up), ("eth0", Down), ("eth0", Removed), ("eth0", Added), ("eth0", Up)],
        ),
    ];
    for (platform, events) in kinds {
        let azure = Azures::new(&ovf("", platform), &web).events(events);
        let (found, requests) = azure.crawl();
        let instance = found.expect("an owner");
        assert_eq!(described(&instance), "DataSourceAzure [seed=IMDS]");
        assert_eq!(instance.config.expect("a configuration")["system_info"]["default_user"]["name"], "owner");
        let reports = requests.iter().filter(|line| line.contains("<State>Ready</State>")).count();
        assert_eq!(reports, 2, "to the pool and to the owner: {requests:?}");
        assert!(!azure.has_marker(), "removed once there is an owner");
    }
}

#[test]
fn a_machine_without_events_does_not_wait_for_ever() {
    let azure = Azures::new(&ovf("", "<a:PreprovisionedVm>true</a:PreprovisionedVm>"), &[("instance", "{}")]);
    let error = azure.crawl().0.expect_err("nobody comes");
    assert!(error.contains("there are no events of devices"), "{error}");
    assert!(azure.has_marker(), "after a reboot it does not report again");
}

#[test]
fn a_machine_that_was_rebooted_asks_for_its_owner() {
    let owner = ovf("", "");
    let web = [("instance", r#"{"network": {"interface": []}}"#), ("reprovisiondata", owner.as_str())];
    let azure = Azures::new(&ovf("", ""), &web);
    let marker = Path::new("/var/lib/cloud/data/reported_ready");
    azure.machine.system.files.write(marker, b"1: 2\n", &model::effects::Attributes::default()).expect("written");
    let (found, requests) = azure.crawl();
    found.expect("an owner");
    assert_eq!(requests.iter().filter(|line| line.contains("<State>Ready")).count(), 1, "{requests:?}");
    assert!(!azure.has_marker());
}

#[test]
fn a_disk_of_the_pool_waits_for_shutdown() {
    let kind = "<a:PreprovisionedVMType>PreprovisionedOSDisk</a:PreprovisionedVMType>";
    let azure = Azures::new(&ovf("", kind), &[("instance", "{}")]);
    let (found, requests) = azure.crawl();
    assert_eq!(found.expect_err("time does not pass"), "Azure: error waiting for host shutdown");
    assert!(requests.last().expect("a report").contains("<State>NotReady</State>"));
}

/// The original's `wait_for_media_disconnect_connect`: first down, then up, and of this device.
#[test]
fn other_events_are_no_switch() {
    use LinkEventKind::{Added, Down, Removed, Up};
    let events: &[&[(&str, LinkEventKind)]] = &[
        &[("eth0", Up)],
        &[("eth1", Up)],
        &[("eth0", Down)],
        &[("eth0", Down), ("eth1", Up)],
        &[("eth1", Down), ("eth0", Up)],
        &[("eth0", Down), ("eth0", Down)],
        &[("eth0", Down), ("eth0", Removed), ("eth0", Added)],
    ];
    let document = ovf("", "<a:PreprovisionedVMType>Running</a:PreprovisionedVMType>");
    for events in events {
        let azure = Azures::new(&document, &[("instance", "{}")]).events(events);
        let error = azure.crawl().0.expect_err("no switch");
        assert!(error.contains("there are no events of devices"), "{events:?}: {error}");
    }
}

/// The original's `_wait_for_all_nics_ready`: one device goes, and the first that comes is used for the queries.
#[test]
fn devices_are_replaced() {
    use LinkEventKind::{Added, Down, Removed, Up};
    let document = ovf("", "<a:PreprovisionedVMType>Savable</a:PreprovisionedVMType>");
    let owner = ovf("", "");
    let web = [("instance", r#"{"network": {"interface": []}}"#), ("reprovisiondata", owner.as_str())];
    let events: &[&[(&str, LinkEventKind)]] =
        &[&[], &[("eth0", Added), ("eth0", Up), ("eth0", Down)], &[("eth0", Removed)], &[("eth0", Removed), ("eth0", Removed)]];
    for events in events {
        let azure = Azures::new(&document, &web).events(events);
        let error = azure.crawl().0.expect_err("no device comes");
        assert!(error.contains("there are no events of devices"), "{events:?}: {error}");
        assert!(azure.has_marker(), "{events:?}");
    }
}

#[test]
fn an_earlier_spelling_of_the_id_is_kept() {
    let web = [("instance", r#"{"network": {"interface": []}}"#)];
    let uuid = "00112233-4455-6677-8899-aabbccddeeff";
    for (previous, id) in [
        (None, uuid),
        (Some(uuid), uuid),
        (Some("00112233-4455-6677-8899-AABBCCDDEEFF\n"), "00112233-4455-6677-8899-AABBCCDDEEFF"),
        (Some("33221100-5544-7766-8899-aabbccddeeff"), "33221100-5544-7766-8899-aabbccddeeff"),
        (Some("00112233-4455-6677-8899-aabbccddee00"), uuid),
        (Some("i-other"), uuid),
    ] {
        let azure = Azures::new(&ovf("", ""), &web);
        if let Some(previous) = previous {
            let path = Path::new("/var/lib/cloud/data/instance-id");
            azure.machine.system.files.write(path, previous.as_bytes(), &model::effects::Attributes::default()).expect("written");
        }
        assert_eq!(azure.crawl().0.expect("an instance").instance_id.as_str(), id, "{previous:?}");
    }
}

/// The original's `_get_random_seed`, of the table OEM0 of ACPI.
#[test]
fn entropy_of_the_firmware() {
    for (content, seed) in [(None, None), (Some(&b""[..]), None), (Some(b"seed"), Some("c2VlZA=="))] {
        let azure = Azures::new(&ovf("", ""), &[("instance", r#"{"network": {"interface": []}}"#)]);
        if let Some(content) = content {
            let path = Path::new("/sys/firmware/acpi/tables/OEM0");
            azure.machine.system.files.write(path, content, &model::effects::Attributes::default()).expect("written");
        }
        let metadata = azure.crawl().0.expect("an instance").metadata;
        assert_eq!(metadata.get("random_seed").and_then(serde_json::Value::as_str), seed, "{content:?}");
    }
}

/// The original's `activate`: the modules run again for a fresh disk, unless the configuration keeps NTFS.
#[test]
fn a_fresh_disk_is_prepared() {
    let semaphore = Path::new("/var/lib/cloud/instance/sem/config_disk_setup");
    for (config, new, removed) in [
        ("", true, true),
        ("", false, true),
        ("datasource: {Azure: {never_destroy_ntfs: true}}", false, false),
        ("datasource: {Azure: {never_destroy_ntfs: false}}", false, true),
    ] {
        let disk = super::resource_disk::PATH;
        let part = format!("{disk}-part1");
        let ntfs = BlockDevice { path: part.clone().into(), filesystem: Some("ntfs".into()), ..BlockDevice::default() };
        let scratch = Scratch::new().file(disk, "").file(&part, "").directory("/empty").device(ntfs, "/empty");
        let scratch = scratch.file(semaphore.to_str().expect("UTF-8"), "");
        let http = Arc::new(TreeHttp::new(Arc::new(Scratch::new()), None));
        let machine = Machine::with_http(scratch, http).config(config);
        let (platform, instance) = (machine.platform(), model::Instance::default());
        Azure.activate(&Settled { platform: &platform, instance: &instance, new }).expect("no error");
        assert_eq!(!machine.system.files.exists(semaphore), removed, "{config} {new}");
    }
}

/// The original's `ReportableErrorProxyAgentStatusFailure` and `ReportableErrorProxyAgentNotFound`.
#[test]
fn a_proxy_that_does_not_work_is_reported() {
    let proxy = "<a:ProvisionGuestProxyAgent>true</a:ProvisionGuestProxyAgent>";
    for (installed, code, reported) in [
        (true, 0, None),
        (true, 7, Some("reason=azure-proxy-agent status failure|agent=Cloud-Init/26.2|exit_code=7|stdout=|stderr=down|")),
        (false, 0, Some("reason=azure-proxy-agent not found|agent=Cloud-Init/26.2|")),
    ] {
        let mut azure = Azures::new(&ovf("", proxy), &[("instance", r#"{"network": {"interface": []}}"#)]);
        if installed {
            let mode = model::effects::Attributes::mode(0o755);
            let path = Path::new("/usr/bin/azure-proxy-agent");
            azure.machine.system.files.write(path, b"", &mode).expect("written");
        }
        let answering = system::Answering::over(&azure.machine.system).exits("azure-proxy-agent", code, "down");
        azure.machine.system.commands = Arc::new(answering);
        let (found, requests) = azure.crawl();
        found.expect("an instance");
        let failures: Vec<&String> = requests.iter().filter(|line| line.contains("<State>NotReady")).collect();
        match reported {
            None => assert!(failures.is_empty(), "{failures:?}"),
            Some(reason) => assert!(failures.len() == 1 && failures[0].contains(reason), "{reason}: {requests:?}"),
        }
    }
}

/// The original's `experimental_fail_on_missing_customdata`: the metadata says whether there should be custom data.
#[test]
fn custom_data_that_is_missing() {
    let custom = "<a:CustomData>I2Nsb3VkLWNvbmZpZwo=</a:CustomData>";
    let strict = "datasource: {Azure: {experimental_fail_on_missing_customdata: true}}";
    for (set, has, config, reported) in [
        ("", "true", strict, true),
        ("", "true", "", false),
        ("", "false", strict, false),
        ("", "null", strict, false),
        ("", "\"\"", strict, false),
        (custom, "true", strict, false),
    ] {
        let imds = format!(r#"{{"extended": {{"compute": {{"hasCustomData": {has}}}}}, "network": {{"interface": []}}}}"#);
        let mut azure = Azures::new(&ovf(set, ""), &[("instance", &imds)]);
        azure.machine = azure.machine.config(config);
        let (found, requests) = azure.crawl();
        found.expect("an instance");
        let failure = requests.iter().find(|line| line.contains("<State>NotReady"));
        assert_eq!(failure.is_some(), reported, "{set} {has} {config}");
        let whole = "failure to read customData while hasCustomData=true|agent=Cloud-Init/26.2|pps_type=None|";
        assert!(failure.is_none_or(|line| line.contains(whole)), "{failure:?}");
    }
}

/// The original's `BUILTIN_CLOUD_EPHEMERAL_DISK_CONFIG`, for a machine with such a disk.
#[test]
fn a_resource_disk_gets_a_file_system() {
    for there in [true, false] {
        let azure = Azures::new(&ovf("", ""), &[("instance", r#"{"network": {"interface": []}}"#)]);
        if there {
            let path = Path::new(super::resource_disk::PATH);
            azure.machine.system.files.write(path, b"", &model::effects::Attributes::default()).expect("written");
        }
        let config = azure.crawl().0.expect("an instance").config.expect("a configuration");
        let disk = serde_json::json!({"ephemeral0": {"table_type": "gpt", "layout": [100], "overwrite": true}});
        let system = serde_json::json!([{"filesystem": "ext4", "device": "ephemeral0.1"}]);
        assert_eq!(config.get("disk_setup"), there.then_some(&disk));
        assert_eq!(config.get("fs_setup"), there.then_some(&system));
    }
}

/// The original's `maybe_remove_ubuntu_network_config_scripts`.
#[test]
fn network_scripts_of_ubuntus_images_are_removed() {
    let files = ["/etc/netplan/90-hotplug-azure.yaml", "/usr/local/sbin/ephemeral_eth.sh"];
    for (variant, config, removed) in [
        ("ubuntu", "", true),
        ("debian", "", false),
        ("ubuntu", "datasource: {Azure: {apply_network_config: false}}", false),
    ] {
        let mut azure = Azures::new(&ovf("", ""), &[("instance", r#"{"network": {"interface": []}}"#)]);
        azure.machine = azure.machine.config(config).variant(variant);
        for file in files {
            azure.machine.system.files.write(Path::new(file), b"x", &model::effects::Attributes::default()).expect("written");
        }
        azure.crawl().0.expect("an instance");
        for file in files {
            assert_eq!(azure.machine.system.files.exists(Path::new(file)), !removed, "{variant} {config} {file}");
        }
    }
}
