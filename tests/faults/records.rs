//! What a boot records of its instance, and what later stages and boots make of it.

use std::path::Path;
use std::sync::{Arc, Mutex};

use engine::Boot;
use engine::boot::{ModuleEntry, NoHooks};
use model::effects::FileKind;
use model::instance::{Bytes, DsMode, VendorData};
use model::{About, Crawl, DataSource, Identified, Instance, InstanceId, Platform, SourceError, Stage};

use crate::machine::{Booted, Machine, SEED, image, seeded};

const LIB: &str = "/var/lib/cloud";
const RUN: &str = "/run/cloud-init";

fn line(machine: &Machine, path: &str) -> String {
    machine.text(path).unwrap_or_else(|| panic!("{path} is there"))
}

fn logged(booted: &Booted, text: &str) -> bool {
    booted.log.iter().any(|(_, line)| line.contains(text))
}

/// Upstream's stages.py, `_reflect_cur_instance`: the files by which other programs and the next boot know the instance.
#[test]
fn the_instance_and_the_one_before_it_are_recorded() {
    let mut machine = Machine::new(seeded(image(), "i-one", "#cloud-config\n{}\n"));
    // The network stage makes the same instance current once more.
    let previous_of_local = Arc::new(Mutex::new(String::new()));
    let noted = previous_of_local.clone();
    machine.after_stage = Box::new(move |machine, stage| {
        if stage == Stage::Local {
            *noted.lock().expect("nothing panics while it is held") =
                line(machine, &format!("{LIB}/data/previous-instance-id"));
        }
    });
    let described = format!("DataSourceNoCloud: DataSourceNoCloud [seed={SEED}]\n");
    for (id, previous, is_new) in [
        ("i-one", "NO_PREVIOUS_INSTANCE_ID", true),
        ("i-one", "i-one", false),
        ("i-two", "i-one", true),
        ("i-two", "i-two", false),
    ] {
        machine.put(&format!("{SEED}/meta-data"), &format!("instance-id: {id}\n"));
        let booted = machine.boot();
        assert_eq!(booted.all_errors(), Vec::<&str>::new());
        assert_eq!(line(&machine, &format!("{LIB}/data/instance-id")), format!("{id}\n"));
        assert_eq!(line(&machine, &format!("{RUN}/.instance-id")), format!("{id}\n"));
        let noted = previous_of_local.lock().expect("nothing panics while it is held").clone();
        assert_eq!(noted, format!("{previous}\n"));
        assert_eq!(line(&machine, &format!("{LIB}/instance/datasource")), described);
        assert_eq!(line(&machine, &format!("{LIB}/data/previous-datasource")), described);
        let link = machine.powered().files.read_link(Path::new("/var/lib/cloud/instance")).expect("a link");
        assert_eq!(link, Path::new("/var/lib/cloud/instances").join(id));
        let first = machine.text(&format!("{RUN}/.new-instance-id"));
        assert_eq!(first, is_new.then(|| format!("{id}\n")));
        assert!(!machine.has(&format!("{LIB}/instance/network-pending")), "its network is configured");
        assert!(logged(
            &booted,
            &format!("init will now be targeting instance id: {id}. new={}", python(is_new))
        ));
    }
}

fn python(truth: bool) -> &'static str {
    if truth { "true" } else { "false" }
}

/// Upstream's `_initial_subdirs`, and the files of an instance, which are for root alone if they may contain secrets.
#[test]
fn directories_and_files_have_their_modes() {
    let machine = Machine::new(seeded(image(), "i-one", "#cloud-config\n{}\n"));
    machine.boot();
    for name in [
        "scripts/per-instance",
        "scripts/per-once",
        "scripts/per-boot",
        "scripts/vendor",
        "seed",
        "instances",
        "handlers",
        "sem",
        "data",
        "instance/handlers",
        "instance/scripts",
        "instance/sem",
    ] {
        let found = machine.powered().files.stat(Path::new(&format!("{LIB}/{name}"))).expect("readable");
        let found = found.unwrap_or_else(|| panic!("{name} is there"));
        assert_eq!((found.kind, found.mode), (FileKind::Directory, 0o755), "{name}");
    }
    assert!(machine.has(&format!("{RUN}/sem")));
    for (name, mode) in [
        ("instance/datasource.json", 0o400),
        ("instance/datasource", 0o644),
        ("instance/user-data.txt", 0o600),
        ("instance/user-data.txt.i", 0o600),
        ("instance/vendor-data.txt", 0o600),
        ("instance/vendor-data.txt.i", 0o600),
        ("instance/vendor-data2.txt", 0o600),
        ("instance/network-config.json", 0o600),
        ("data/instance-id", 0o644),
    ] {
        assert_eq!(machine.mode(&format!("{LIB}/{name}")), Some(mode), "{name}");
    }
    assert!(!machine.has(&format!("{LIB}/instance/manual-clean")));
    let network = machine.powered().files.read_link(Path::new("/run/cloud-init/network-config.json"));
    assert_eq!(network.expect("a link"), Path::new("/var/lib/cloud/instance/network-config.json"));
    assert_eq!(machine.json(&format!("{RUN}/network-config.json"))["version"], 2);
}

/// A source whose instance the test makes, and which notes what it is given.
#[derive(Clone)]
struct Made {
    instance: Arc<Mutex<Instance>>,
    crawls: Arc<Mutex<Vec<String>>>,
    same: bool,
}

impl Made {
    fn new(instance: Instance) -> Self {
        let instance = Instance {
            source: "Made".into(),
            class: "DataSourceMade".into(),
            instance_id: InstanceId::new("made-1"),
            metadata: serde_json::json!({"instance-id": "made-1"}),
            network_events: vec!["boot-new-instance".into()],
            ..instance
        };
        Self { instance: Arc::new(Mutex::new(instance)), crawls: Arc::default(), same: true }
    }

    fn machine(&self) -> Machine {
        let mut machine = Machine::new(image());
        machine.datasource_list = "Made, None";
        machine.registry.sources.push(Box::new(self.clone()));
        machine
    }

    fn crawls(&self) -> Vec<String> {
        std::mem::take(&mut *self.crawls.lock().expect("nothing panics while it is held"))
    }
}

impl DataSource for Made {
    fn about(&self) -> &'static About {
        const ABOUT: About = About { local: Some("DataSourceMade"), ..About::named("Made") };
        &ABOUT
    }

    fn identify(&self, _platform: &Platform<'_>) -> Identified {
        Identified::Found
    }

    fn crawl(&self, crawl: &Crawl<'_>) -> Result<Option<Instance>, SourceError> {
        let link = crawl.fallback_link.as_deref().unwrap_or("none");
        let note = format!("{:?} {link} {} {}", crawl.stage, crawl.version, (crawl.variant)());
        self.crawls.lock().expect("nothing panics while it is held").push(note);
        Ok(Some(self.instance.lock().expect("nothing panics while it is held").clone()))
    }

    fn still_same(&self, _platform: &Platform<'_>, _cached: &Instance) -> bool {
        self.same
    }
}

#[test]
fn a_crawl_gets_the_stage_the_link_and_the_program() {
    let made = Made::new(Instance::default());
    let machine = made.machine();
    let booted = machine.boot();
    assert_eq!(made.crawls(), ["Local eth0 26.2 debian"]);
    for step in [
        "start: init-local/search-Made: searching for local data from DataSourceMade",
        "finish: init-local/search-Made: SUCCESS: found local data from DataSourceMade",
        "finish: init-local/check-cache: SUCCESS: no cache found",
        "Loaded datasource Made - DataSourceMade",
        "finish: init-network/check-cache: SUCCESS: restored from cache with run check",
    ] {
        assert!(logged(&booted, step), "{step}");
    }
    let second = machine.boot();
    assert_eq!(made.crawls(), [] as [String; 0], "it is still the same");
    assert!(logged(&second, "finish: init-local/check-cache: SUCCESS: restored from checked cache"));
    let other = Made { same: false, ..made };
    let machine = other.machine();
    machine.boot();
    other.crawls();
    machine.boot();
    assert_eq!(other.crawls().len(), 1, "it is asked again");
}

/// Upstream's `_store_raw_vendordata`: a list is stored as JSON; nothing is an empty file.
#[test]
fn vendor_data_is_stored_as_it_came_and_as_it_is_processed() {
    let one = |text: &str| Bytes(text.as_bytes().to_vec());
    let made = Made::new(Instance {
        user_data: Some(one("#!/bin/sh\necho user\n")),
        vendor_data: Some(VendorData::Many(vec![
            one("#cloud-config\na: 1\n"),
            one("#cloud-config\nb: \"ä\"\n"),
        ])),
        vendor_data2: Some(VendorData::One(one("#cloud-config\nc: 3\n"))),
        ..Instance::default()
    });
    let machine = made.machine();
    assert_eq!(machine.boot().all_errors(), Vec::<&str>::new());
    let text = |name: &str| line(&machine, &format!("{LIB}/instance/{name}"));
    assert_eq!(text("user-data.txt"), "#!/bin/sh\necho user\n");
    assert!(text("user-data.txt.i").contains("text/x-shellscript"));
    let list: Vec<String> = serde_json::from_str(&text("vendor-data.txt")).expect("JSON");
    assert_eq!(list, ["#cloud-config\na: 1\n", "#cloud-config\nb: \"ä\"\n"]);
    assert_eq!(text("vendor-data2.txt"), "#cloud-config\nc: 3\n");
    assert_eq!(text("vendor-data.txt.i").matches("text/cloud-config").count(), 2);
    let combined = machine.json(&format!("{RUN}/combined-cloud-config.json"));
    assert_eq!((&combined["a"], &combined["b"], &combined["c"]), (&1.into(), &"ä".into(), &3.into()));
    let without = Made::new(Instance::default()).machine();
    without.boot();
    for name in ["user-data.txt", "vendor-data.txt", "vendor-data2.txt"] {
        assert_eq!(line(&without, &format!("{LIB}/instance/{name}")), "", "{name}");
    }
}

/// Upstream's main.py: a source in local mode has its modules run in the local stage, and `init` does nothing more.
#[test]
fn a_source_in_local_mode_is_done_in_the_local_stage() {
    let made = Made::new(Instance { dsmode: DsMode::Local, ..Instance::default() });
    let mut machine = made.machine();
    let modules = Arc::new(Mutex::new(Vec::new()));
    let noted = modules.clone();
    machine.after_stage = Box::new(move |machine, stage| {
        noted.lock().expect("nothing panics while it is held").push((stage, machine.power.modules().len()));
    });
    let booted = machine.boot();
    assert_eq!(booted.all_errors(), Vec::<&str>::new());
    let counts = modules.lock().expect("nothing panics while it is held").clone();
    assert!(counts[0].1 > 3, "{counts:?}");
    assert_eq!(counts[0].1, counts[1].1, "none in the network stage");
    assert!(counts[2].1 > counts[1].1, "{counts:?}");
    assert!(logged(&booted, "datasource DataSourceMade in local mode"));
    let status = machine.json(&format!("{LIB}/data/status.json"));
    assert_eq!(status["v1"]["datasource"], "DataSourceMade");
    // Otherwise, they run in the network stage.
    let machine = Made::new(Instance::default()).machine();
    let booted = machine.boot();
    assert!(!logged(&booted, "in local mode"));
}

/// Upstream's `_should_wait_on_network`: user-data that fetches nothing lets the boot go on without a network.
#[test]
fn the_network_is_awaited_if_the_data_needs_it() {
    let one = |text: &str| Some(Bytes(text.as_bytes().to_vec()));
    let vendor = |text: &str| Some(VendorData::One(Bytes(text.as_bytes().to_vec())));
    let usual = Instance::default;
    for (instance, waits) in [
        (Instance { user_data: one("#cloud-config\nruncmd: [ls]\n"), ..usual() }, false),
        (Instance { user_data: one(""), ..usual() }, false),
        (usual(), false),
        (Instance { user_data: one("#include\nhttp://x/y\n"), ..usual() }, true),
        (Instance { vendor_data: vendor("#include\nhttp://x/y\n"), ..usual() }, true),
        (Instance { vendor_data2: vendor("#include\nhttp://x/y\n"), ..usual() }, true),
        (Instance { user_data: one("#cloud-config\nbootcmd: [ls]\n"), ..usual() }, true),
    ] {
        let machine = Made::new(instance.clone()).machine();
        let booted = machine.boot();
        assert_eq!(machine.has(&format!("{RUN}/.skip-network")), !waits, "{instance:?}");
        assert_eq!(logged(&booted, "Will wait for network connectivity"), waits, "{instance:?}");
    }
}

/// Upstream's `_initialize_filesystem`: the log is for its group at most, and stays for its owner if it was.
#[test]
fn the_log_is_not_for_everybody() {
    let log = "/var/log/cloud-init.log";
    let config = format!("def_log_file: {log}\nsyslog_fix_perms: []\n");
    for (before, after) in
        [(0o644, 0o640), (0o666, 0o640), (0o755, 0o640), (0o640, 0o640), (0o600, 0o600), (0o440, 0o440)]
    {
        let machine =
            Machine::new(seeded(image(), "i-one", "").file("/etc/cloud/cloud.cfg.d/50.cfg", &config));
        machine.put(log, "");
        machine.powered().files.set_mode(Path::new(log), before).expect("set");
        machine.boot();
        assert_eq!(machine.mode(log), Some(after), "{before:o}");
    }
    // A device is everyone's.
    let config = "def_log_file: /dev/console\nsyslog_fix_perms: root:adm\n";
    let root =
        seeded(image(), "i-one", "").node("/dev/console").file("/etc/cloud/cloud.cfg.d/50.cfg", config);
    let machine = Machine::new(root);
    let before = machine.mode("/dev/console");
    assert!(machine.boot().warnings().is_empty());
    assert_eq!(machine.mode("/dev/console"), before);
}

fn single(machine: &Machine, name: &str, force: bool) -> bool {
    let system = machine.powered();
    let mut boot =
        Boot::new(&system, &machine.registry, Stage::Config, Vec::new(), force).expect("a machine");
    let entry =
        ModuleEntry { name: name.to_owned(), frequency: Some(model::Frequency::Always), args: Vec::new() };
    boot.single(&entry, &mut NoHooks).expect("no error of the machine")
}

/// Upstream's `main_single`: it needs an instance, unless it is forced, and a module that runs and does not fail.
#[test]
fn a_single_module_succeeds_if_it_runs() {
    let machine = Machine::new(seeded(image(), "i-one", "#cloud-config\ntimezone: Europe/Berlin\n"));
    assert!(!single(&machine, "timezone", false), "there is no instance yet");
    assert!(!machine.has("/etc/timezone"));
    machine.boot();
    machine.remove("/etc/timezone");
    assert!(single(&machine, "timezone", false));
    assert_eq!(machine.text("/etc/timezone").as_deref(), Some("Europe/Berlin\n"));
    assert!(!single(&machine, "no_such_module", false));
    machine.put("/etc/cloud/cloud.cfg.d/50.cfg", "timezone: No/Where\n");
    machine.remove("/usr/share/zoneinfo/Europe");
    assert!(!single(&machine, "timezone", false), "it fails");
    let empty = Machine::new(image().file("/etc/cloud/cloud.cfg.d/50.cfg", "timezone: Europe/Berlin\n"));
    assert!(single(&empty, "timezone", true));
}

/// Without an instance, the later stages run nothing, unless they are forced.
#[test]
fn modules_need_an_instance() {
    for (mode, force, wanted) in [
        (
            "config",
            false,
            Some("Can not apply stage config, no datasource found! Likely bad things to come!"),
        ),
        ("final", false, Some("Can not apply stage final, no datasource found! Likely bad things to come!")),
        ("config", true, None),
    ] {
        let machine =
            Machine::new(image().file("/etc/cloud/cloud.cfg.d/50.cfg", "timezone: Europe/Berlin\n"));
        let system = machine.powered();
        let boot = Boot::new(&system, &machine.registry, Stage::Config, Vec::new(), force);
        let outcome = boot.expect("a machine").modules(mode, &mut NoHooks).expect("no error of the machine");
        assert_eq!(outcome.errors, wanted.into_iter().collect::<Vec<_>>(), "{mode} {force}");
        assert_eq!(machine.has("/etc/timezone"), force);
    }
}

/// What was looked for, what this build does not have, and seeds that nobody has read.
#[test]
fn a_search_without_result_says_what_was_looked_for() {
    let mut machine = Machine::new(image());
    machine.datasource_list = "NoCloud, Elsewhere, ConfigDrive";
    let booted = machine.boot();
    assert!(
        logged(
            &booted,
            "no data source found; looked for NoCloud, ConfigDrive; not in this build: Elsewhere"
        ),
        "{:#?}",
        booted.log
    );
    assert!(!booted.warnings().iter().any(|line| line.contains("no data source found")));
    assert!(logged(&booted, "NoCloud: not on this machine"));
    booted.warned("No instance datasource found!");
    machine.put(&format!("{LIB}/seed/elsewhere/meta-data"), "x");
    machine.powered().files.create_dir(Path::new("/var/lib/cloud/seed/empty"), None).expect("made");
    machine.datasource_list = "None";
    let booted = machine.boot();
    booted.warned("no data source found; looked for None; unused seeds: /var/lib/cloud/seed/elsewhere");
    assert!(!booted.warnings().iter().any(|line| line.contains("seed/empty")));
}
