//! The search for a data source: what one of them may get wrong, and what each is given.

use std::sync::{Arc, Mutex};

use model::datasource::SourceError;
use model::{About, Crawl, DataSource, Identified, Instance, Platform};

use crate::machine::{Machine, image, seeded};

/// A source that panics, or notes in which order it may ask the DHCP clients.
#[derive(Clone, Default)]
struct Broken {
    while_identified: bool,
    while_crawled: bool,
    dhcp_clients: Arc<Mutex<Vec<String>>>,
}

impl DataSource for Broken {
    fn about(&self) -> &'static About {
        const ABOUT: About = About { local: Some("DataSourceBroken"), ..About::named("Broken") };
        &ABOUT
    }

    fn identify(&self, _platform: &Platform<'_>) -> Identified {
        assert!(!self.while_identified, "a fault of the source");
        Identified::Maybe
    }

    fn crawl(&self, crawl: &Crawl<'_>) -> Result<Option<Instance>, SourceError> {
        self.dhcp_clients.lock().expect("nothing panics while it is held").clone_from(&crawl.dhcp_clients);
        assert!(!self.while_crawled, "a fault of the source");
        Ok(None)
    }

    fn still_same(&self, _platform: &Platform<'_>, _cached: &Instance) -> bool {
        false
    }
}

fn machine(broken: &Broken, config: &str) -> Machine {
    let root = seeded(image(), "i-one", "#cloud-config\n").file("/etc/cloud/cloud.cfg.d/50.cfg", config);
    let mut machine = Machine::new(root);
    machine.datasource_list = "Broken, NoCloud, None";
    machine.registry.sources.push(Box::new(broken.clone()));
    machine
}

/// The original's `find_source` takes any exception of a source for a failure of that source alone: it is logged, and
/// the next of the list is asked (cloudinit/sources/__init__.py).
#[test]
fn the_next_source_is_asked_after_one_that_panics() {
    let faults = [
        Broken { while_crawled: true, ..Broken::default() },
        Broken { while_identified: true, ..Broken::default() },
    ];
    for broken in faults {
        let machine = machine(&broken, "{}");
        let booted = machine.boot();
        assert_eq!(machine.id(), "i-one", "NoCloud is next in the list");
        booted.warned("Getting data from Broken failed");
        let status = &machine.json("/run/cloud-init/status.json")["v1"];
        let reported = status["init-local"]["recoverable_errors"].to_string();
        assert!(reported.contains("Getting data from Broken failed"), "{status:#}");
        assert_eq!(booted.all_errors(), Vec::<&str>::new());
    }
}

/// The original's documentation of base configuration: `network: {dhcp_client_priority: …}` of `system_info` is the
/// order in which DHCP clients are tried. Without it this program's own client is used (docs/differences.md).
#[test]
fn the_order_of_dhcp_clients_is_the_configurations() {
    let asked = |config: &str| {
        let broken = Broken::default();
        machine(&broken, config).boot();
        broken.dhcp_clients.lock().expect("nothing panics while it is held").join(" ")
    };
    let config = "system_info: {network: {dhcp_client_priority: [udhcpc, dhclient]}}\n";
    assert_eq!(asked(config), "udhcpc dhclient");
    assert_eq!(asked("{}"), "internal");
}

/// `init --force` goes on without a data source (the original's `main_init`: «if not args.force: return»); without it
/// the stage ends, and its modules do not run.
#[test]
fn only_force_goes_on_without_a_source() {
    for (force, ran) in [(false, false), (true, true)] {
        let mut machine = Machine::new(image().file("/etc/cloud/cloud.cfg.d/50.cfg", "bootcmd: [early]\n"));
        machine.force = force;
        machine.datasource_list = "NoCloud";
        let booted = machine.boot();
        let modules = booted.modules.iter().any(|name| name == "bootcmd");
        assert_eq!(modules, ran, "force {force}: {:?}", booted.modules);
    }
}
