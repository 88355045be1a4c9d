//! Files and commands on machines of different types. Command lines are those in upstream's net/activators.py,
//! net/netplan.py and net/__init__.py.

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use model::distro::Network as _;
use model::effects::{
    Address, Command, CommandError, Commands, Link, LinkChanges, LinkError, Links, Output, Route,
};
use model::{NetworkConfig, Node, System};
use network_managers::{NetworkTools, Settings};
use system::Scratch;

/// Records commands; some fail.
struct Spy {
    lines: Mutex<Vec<String>>,
    programs: Vec<&'static str>,
    failing: Vec<&'static str>,
    answers: Vec<(&'static str, &'static str)>,
}

impl Commands for Spy {
    fn run(&self, command: &Command) -> Result<Output, CommandError> {
        let line = command.shown().join(" ");
        self.lines.lock().expect("not poisoned").push(line.clone());
        let fails = self.failing.contains(&line.as_str());
        let answer = self.answers.iter().find(|(known, _)| *known == line).map_or("", |(_, answer)| answer);
        let output =
            Output { code: i32::from(fails), stdout: answer.as_bytes().to_vec(), stderr: Vec::new() };
        if fails { Err(CommandError::Failed { command: line, output }) } else { Ok(output) }
    }

    fn which(&self, program: &str) -> Option<PathBuf> {
        self.programs.contains(&program).then(|| Path::new("/usr/bin").join(program))
    }

    fn spawn_detached(&self, _command: &Command) -> Result<(), CommandError> {
        Ok(())
    }
}

/// Devices that can be renamed; those in the last list have an address.
struct Cables(Mutex<Vec<Link>>, Mutex<Vec<String>>, Vec<&'static str>);

impl Links for Cables {
    fn links(&self) -> Result<Vec<Link>, LinkError> {
        Ok(self.0.lock().expect("not poisoned").clone())
    }

    fn addresses(&self, link: &str) -> Result<Vec<Address>, LinkError> {
        let address = Address::new([10, 0, 0, 2].into(), 24);
        Ok(if self.2.contains(&link) { vec![address] } else { Vec::new() })
    }

    fn routes(&self) -> Result<Vec<Route>, LinkError> {
        Ok(Vec::new())
    }

    fn rename(&self, from: &str, to: &str) -> Result<(), LinkError> {
        self.1.lock().expect("not poisoned").push(format!("{from}>{to}"));
        Ok(())
    }

    fn set_up(&self, link: &str, up: bool) -> Result<(), LinkError> {
        self.1.lock().expect("not poisoned").push(format!("{link} {}", if up { "up" } else { "down" }));
        Ok(())
    }

    fn watch(&self) -> Result<Box<dyn LinkChanges>, LinkError> {
        Ok(Box::new(Coming(0)))
    }
}

/// The number of devices that have appeared; none appears after the second.
struct Coming(usize);

impl LinkChanges for Coming {
    fn wait(&mut self, _limit: Duration) -> Result<bool, LinkError> {
        self.0 += 1;
        Ok(self.0 <= 2)
    }
}

#[derive(Default)]
struct Machine {
    programs: Vec<&'static str>,
    failing: Vec<&'static str>,
    answers: Vec<(&'static str, &'static str)>,
    links: Vec<Link>,
    addressed: Vec<&'static str>,
}

struct Built {
    system: System,
    spy: Arc<Spy>,
    cables: Arc<Cables>,
}

impl Machine {
    fn on(self, root: Scratch) -> Built {
        let (mut system, _) = root.system();
        let Self { programs, failing, answers, links, addressed } = self;
        let spy = Arc::new(Spy { lines: Mutex::default(), programs, failing, answers });
        let cables = Arc::new(Cables(Mutex::new(links), Mutex::default(), addressed));
        system.commands = spy.clone();
        system.links = cables.clone();
        Built { system, spy, cables }
    }
}

impl Built {
    fn tools(&self, distro: &str, renderers: &[&str], activators: &[&str]) -> NetworkTools {
        let names =
            |all: &[&str]| (!all.is_empty()).then(|| all.iter().map(|name| (*name).to_owned()).collect());
        let settings = Settings {
            distro: distro.to_owned(),
            renderers: names(renderers),
            activators: names(activators),
            waits_for_network: true,
            has_sysconfig: Settings::of(distro).has_sysconfig,
            ..Settings::default()
        };
        NetworkTools::new(self.system.clone(), settings)
    }

    fn ran(&self) -> Vec<String> {
        std::mem::take(&mut *self.spy.lines.lock().expect("not poisoned"))
    }

    fn text(&self, path: &str) -> Option<String> {
        self.system.files.text(Path::new(path))
    }
}

fn config(yaml: &str) -> NetworkConfig {
    NetworkConfig::new(Node::from_yaml("net.yaml", yaml.as_bytes()).expect("YAML").expect("a document"))
}

const DHCP: &str = "version: 1\nconfig:\n- {type: physical, name: eth0, subnets: [{type: dhcp4}]}\n";

fn link(name: &str, mac: &str, operstate: &str) -> Link {
    Link {
        name: name.into(),
        mac: mac.into(),
        operstate: operstate.into(),
        physical: true,
        ..Link::default()
    }
}

fn centos7() -> Scratch {
    Scratch::new()
        .program("/usr/sbin/ifup")
        .program("/usr/sbin/ifdown")
        .file("/etc/sysconfig/network-scripts/network-functions", "")
        .file("/etc/sysconfig/network", "NOZEROCONF=yes\n")
}

fn debian() -> Scratch {
    ["ifquery", "ifup", "ifdown"]
        .into_iter()
        .fold(Scratch::new(), |root, name| root.program(&format!("/usr/sbin/{name}")))
        .file("/etc/network/interfaces", "source /etc/network/interfaces.d/*\n")
}

#[test]
fn centos_writes_sysconfig_and_has_nothing_to_bring_it_up() {
    let machine = Machine::default().on(centos7());
    let tools = machine.tools("centos", &["eni", "netplan", "network-manager", "sysconfig", "networkd"], &[]);
    let rendered = tools.read(&config(DHCP)).expect("read").render().expect("renders");
    assert_eq!(rendered.renderer, "sysconfig");
    let ifcfg = machine.text("/etc/sysconfig/network-scripts/ifcfg-eth0").expect("written");
    assert!(ifcfg.contains("\nBOOTPROTO=dhcp\n"), "{ifcfg}");
    let network = machine.text("/etc/sysconfig/network").expect("written");
    assert!(network.ends_with("NETWORKING=yes\nNOZEROCONF=yes\n"), "{network}");
    tools.read(&config(DHCP)).expect("read").activate().expect("no activator is no failure");
    assert_eq!(machine.ran(), [] as [&str; 0]);
}

#[test]
fn another_distribution_with_the_same_files_has_no_sysconfig() {
    let machine = Machine::default().on(centos7());
    let error = machine
        .tools("debian", &["sysconfig"], &[])
        .read(&config(DHCP))
        .expect("read")
        .render()
        .expect_err("none");
    assert!(error.to_string().contains("No available network renderers found"), "{error}");
}

#[test]
fn an_unknown_renderer_is_named() {
    let machine = Machine::default().on(debian());
    let error = machine
        .tools("debian", &["netplam", "eni"], &[])
        .read(&config(DHCP))
        .expect("read")
        .render()
        .expect_err("unknown");
    assert!(error.to_string().contains("unknown renderer 'netplam'"), "{error}");
    assert!(error.to_string().contains("network-manager"), "{error}");
}

#[test]
fn ifupdown_brings_each_link_up_until_one_fails() {
    let two = "version: 1\nconfig:\n- {type: physical, name: eth0}\n- {type: physical, name: eth1}\n";
    let machine = Machine::default().on(debian());
    machine.tools("debian", &[], &[]).read(&config(two)).expect("read").activate().expect("up");
    assert_eq!(machine.ran(), ["ifup eth0", "ifup eth1"]);
    let machine = Machine { failing: vec!["ifup eth0"], ..Machine::default() }.on(debian());
    machine.tools("debian", &[], &[]).read(&config(two)).expect("read").activate().expect_err("down");
    assert_eq!(machine.ran(), ["ifup eth0"]);
}

#[test]
fn netplan_generates_once_and_keeps_a_stricter_mode() {
    let root = debian()
        .program("/usr/sbin/netplan")
        .link("/sys/class/net/eth0", "../../devices/eth0")
        .file("/proc/cmdline", "ro quiet\n")
        .file(network_managers::netplan::SNAPD_PATH, network_managers::netplan::SNAPD_CONFIG)
        .file("/run/systemd/generator/netplan.stamp", "");
    let machine = Machine::default().on(root);
    let settings = Settings {
        distro: "ubuntu".into(),
        renderers: Some(vec!["netplan".into(), "eni".into()]),
        activators: Some(vec!["netplan".into(), "eni".into()]),
        waits_for_network: true,
        netplan: network_managers::netplan::Settings { postcmds: true, ..Default::default() },
        ..Settings::default()
    };
    let tools = NetworkTools::new(machine.system.clone(), settings);
    let v2 = config("version: 2\ntunnels: {t0: {mode: sit}}\nethernets: {eth0: {dhcp4: true}}\n");
    assert_eq!(tools.read(&v2).expect("read").render().expect("renders").renderer, "netplan");
    let setup = "udevadm test-builtin net_setup_link /sys/class/net/eth0";
    assert_eq!(machine.ran(), ["netplan generate", setup]);
    let path = Path::new("/etc/netplan/50-cloud-init.yaml");
    let mode = |machine: &Built| machine.system.files.stat(path).expect("readable").expect("there").mode;
    assert_eq!(mode(&machine), 0o600);
    assert!(
        machine.text(network_managers::netplan::SNAPD_PATH).is_none(),
        "snapd's first config is taken away"
    );
    assert!(machine.text("/run/systemd/generator/netplan.stamp").is_none(), "and what netplan made of it");
    machine.system.files.set_mode(path, 0o400).expect("settable");
    tools.read(&v2).expect("read").render().expect("renders");
    assert_eq!(machine.ran(), [setup], "the same config is not generated again");
    assert_eq!(mode(&machine), 0o400);
    tools.read(&v2).expect("read").activate().expect("up");
    assert_eq!(machine.ran(), ["netplan apply"]);
    tools.wait_online().expect("waits");
    assert_eq!(machine.ran(), ["systemctl start systemd-networkd-wait-online.service"]);
}

/// netplan's commands are Python programs, which would take a tenth of a second before the network is up.
#[test]
fn netplan_is_configured_without_its_command_line() {
    let generated = |root: Scratch, failing: &[&'static str]| {
        let machine = Machine { failing: failing.to_vec(), ..Machine::default() }
            .on(root.program("/usr/sbin/netplan").file("/proc/cmdline", "net.ifnames=0\n"));
        let settings = Settings {
            distro: "ubuntu".into(),
            renderers: Some(vec!["netplan".into()]),
            netplan: network_managers::netplan::Settings { postcmds: true, ..Default::default() },
            ..Settings::default()
        };
        let tools = NetworkTools::new(machine.system.clone(), settings);
        let mtu = "version: 1\nconfig:\n- {type: physical, name: eth0, subnets: [{type: static, \
                   address: 2001:db8::1/64, mtu: 1400}]}\n";
        let rendered = tools.read(&config(mtu)).expect("read").render().is_ok();
        let file = machine.text("/etc/netplan/50-cloud-init.yaml").expect("written");
        (rendered, file.contains("ipv6-mtu: 1400"), machine.ran())
    };
    let (udev, systemd) = ("udevadm control --reload", "systemctl daemon-reload --no-ask-password");
    let (generate, configure) = ("/usr/libexec/netplan/generate", "/usr/libexec/netplan/configure");
    let features =
        "# Generated file\nNETPLAN_FEATURE_FLAGS = [\n    \"auth-phase2\",\n    \"ipv6-mtu\",\n]\n";
    let old = || debian().program(generate).file("/usr/share/netplan/netplan/_features.py", features);
    let new = || {
        let root = debian().program(generate).program(configure);
        root.file("/usr/share/netplan/netplan_cli/_features.py", features)
    };
    assert_eq!(generated(old(), &[]), (true, true, vec![generate.to_owned(), udev.into(), systemd.into()]));
    assert_eq!(generated(new(), &[]), (true, true, vec![systemd.to_owned(), configure.into(), udev.into()]));
    assert_eq!(generated(new(), &[systemd]), (false, true, vec![systemd.to_owned()]));
    let failed = generated(new(), &[configure, udev]);
    assert_eq!(failed, (false, true, vec![systemd.to_owned(), configure.into(), udev.into()]));
    let trying = new().file("/run/netplan/netplan-try.ready", "");
    assert_eq!(generated(trying, &[]), (true, true, vec!["netplan generate".to_owned()]));
    let (_, _, unknown) = generated(debian(), &[]);
    assert_eq!(
        (unknown.first(), unknown.last()),
        (Some(&"netplan info".into()), Some(&"netplan generate".into()))
    );
}

#[test]
fn network_manager_loads_each_connection() {
    let root = Scratch::new().directory("/run/systemd/system");
    let machine = Machine {
        programs: vec!["nmcli"],
        answers: vec![("systemctl show --property=SubState NetworkManager.service", "SubState=running\n")],
        ..Machine::default()
    }
    .on(root);
    let tools = machine.tools("fedora", &["network-manager"], &["network-manager"]);
    assert_eq!(
        tools.read(&config(DHCP)).expect("read").render().expect("renders").renderer,
        "network-manager"
    );
    machine.ran();
    tools.read(&config(DHCP)).expect("read").activate().expect("up");
    let file = "/etc/NetworkManager/system-connections/cloud-init-eth0.nmconnection";
    let expected = [
        "systemctl is-enabled NetworkManager.service".to_owned(),
        "systemctl is-enabled NetworkManager.service".to_owned(),
        "systemctl show --property=SubState NetworkManager.service".to_owned(),
        "systemctl try-reload-or-restart NetworkManager.service".to_owned(),
        format!("nmcli connection load {file}"),
        format!("nmcli connection up filename {file}"),
    ];
    assert_eq!(machine.ran(), expected);
}

#[test]
fn networkd_is_restarted_and_its_files_belong_to_it() {
    let root = Scratch::new()
        .program("/bin/ip")
        .program("/bin/systemctl")
        .file("/etc/passwd", "systemd-network:x:101:103::/:/sbin/nologin\n")
        .file("/etc/group", "systemd-network:x:103:\n");
    let machine = Machine::default().on(root);
    let tools = machine.tools("photon", &["networkd"], &["networkd"]);
    tools.read(&config(DHCP)).expect("read").render().expect("renders");
    let path = Path::new("/etc/systemd/network/10-cloud-init-eth0.network");
    let found = machine.system.files.stat(path).expect("readable").expect("there");
    assert_eq!((found.uid, found.gid, found.mode), (101, 103, 0o644));
    tools.read(&config(DHCP)).expect("read").activate().expect("up");
    assert_eq!(machine.ran(), ["systemctl restart systemd-networkd systemd-resolved"]);
}

#[test]
fn one_link_is_brought_up_by_each_activator() {
    let networkd = Scratch::new().program("/bin/ip").program("/bin/systemctl");
    let machine = Machine::default().on(networkd);
    machine.tools("photon", &["networkd"], &["networkd"]).bring_up_link("eth1").expect("up");
    assert_eq!(machine.ran(), ["networkctl reload"]);
    assert_eq!(machine.cables.1.lock().expect("not poisoned").clone(), ["eth1 up"]);

    let machine = Machine::default().on(debian().program("/usr/sbin/netplan"));
    machine.tools("debian", &["netplan"], &["netplan"]).bring_up_link("eth1").expect("up");
    assert_eq!(machine.ran(), ["netplan apply"]);

    let ifupdown = ["ifquery", "ifup", "ifdown"]
        .into_iter()
        .fold(debian(), |root, name| root.program(&format!("/sbin/{name}")));
    let machine = Machine::default().on(ifupdown.file("/etc/network/interfaces", ""));
    machine.tools("debian", &["eni"], &["eni"]).bring_up_link("eth1").expect("up");
    assert_eq!(machine.ran(), ["ifup eth1"]);

    let nothing = Machine::default().on(Scratch::new());
    assert!(nothing.tools("debian", &["eni"], &["eni"]).bring_up_link("eth1").is_err());
}

#[test]
fn files_of_links_that_are_described_no_more_are_removed_and_nobody_elses() {
    let mine = "# Created by cloud-init automatically, do not edit.\n#\nDEVICE=eth9\n";
    let scripts = "/etc/sysconfig/network-scripts";
    let root = centos7()
        .file(&format!("{scripts}/ifcfg-eth9"), mine)
        .file(&format!("{scripts}/route-eth9"), mine)
        .file(&format!("{scripts}/ifcfg-eth8"), "DEVICE=eth8\n");
    let machine = Machine::default().on(root);
    machine
        .tools("centos", &["sysconfig"], &[])
        .read(&config(DHCP))
        .expect("read")
        .render()
        .expect("renders");
    assert_eq!(machine.text(&format!("{scripts}/ifcfg-eth9")), None);
    assert_eq!(machine.text(&format!("{scripts}/route-eth9")), None);
    assert!(machine.text(&format!("{scripts}/ifcfg-eth8")).is_some());
    assert!(machine.text(&format!("{scripts}/ifcfg-eth0")).is_some());

    let directory = "/etc/systemd/network";
    let root = Scratch::new()
        .program("/bin/ip")
        .program("/bin/systemctl")
        .file(&format!("{directory}/10-cloud-init-eth9.network"), "[Match]\nName=eth9\n")
        .file(&format!("{directory}/20-mine.network"), "[Match]\nName=eth8\n");
    let machine = Machine::default().on(root);
    machine
        .tools("photon", &["networkd"], &["networkd"])
        .read(&config(DHCP))
        .expect("read")
        .render()
        .expect("renders");
    assert_eq!(machine.text(&format!("{directory}/10-cloud-init-eth9.network")), None);
    assert!(machine.text(&format!("{directory}/20-mine.network")).is_some());
}

const CROSSED: &str = "version: 2
ethernets:
  a: {match: {macaddress: '52:54:00:00:00:0A'}, set-name: ens5}
  b: {match: {macaddress: '52:54:00:00:00:0b'}, set-name: ens3}
";

#[test]
fn crossed_names_are_exchanged_and_links_in_use_are_not_touched() {
    let links = vec![link("ens3", "52:54:00:00:00:0a", "down"), link("ens5", "52:54:00:00:00:0b", "up")];
    let machine = Machine { links: links.clone(), ..Machine::default() }.on(Scratch::new());
    machine.tools("debian", &[], &[]).read(&config(CROSSED)).expect("read").rename_links().expect("renames");
    let done = machine.cables.1.lock().expect("not poisoned").clone();
    assert_eq!(done, ["ens5 down", "ens5>cirename0", "ens3>ens5", "cirename0>ens3", "ens3 up"]);

    let machine = Machine { links, addressed: vec!["ens5"], ..Machine::default() }.on(Scratch::new());
    let error = machine
        .tools("debian", &[], &[])
        .read(&config(CROSSED))
        .expect("read")
        .rename_links()
        .expect_err("in use");
    assert!(error.to_string().contains("[busy-target]"), "{error}");
    assert!(machine.cables.1.lock().expect("not poisoned").is_empty());
}

#[test]
fn a_link_that_never_comes_is_named_after_udev_was_done_with_each_that_came() {
    let links = vec![link("ens3", "52:54:00:00:00:0a", "down")];
    let machine = Machine { links, programs: vec!["udevadm"], ..Machine::default() }.on(Scratch::new());
    let error = machine
        .tools("debian", &[], &[])
        .read(&config(CROSSED))
        .expect("read")
        .wait_for_links()
        .expect_err("absent");
    assert!(error.to_string().contains("52:54:00:00:00:0b (ens3)"), "{error}");
    assert_eq!(machine.ran(), vec!["udevadm settle --exit-if-exists=/sys/class/net/ens3"; 3]);
}

#[test]
fn a_mac_that_yaml_took_for_a_number_is_explained_at_its_place() {
    let machine = Machine::default().on(debian().program("/usr/sbin/netplan"));
    let v2 = config(
        "version: 2\nethernets:\n  eth0:\n    match:\n      macaddress: 52:54:00:12:34:56\n    dhcp4: true\n",
    );
    for renderer in ["netplan", "eni"] {
        let tools = machine.tools("debian", &[renderer], &[]);
        let error = tools.read(&v2).err().expect("a number").to_string();
        assert!(error.starts_with("net.yaml:5:19: 'macaddress' was read as the number"), "{error}");
        assert!(error.contains("52:54:00:12:34:56") && error.contains("quotes"), "{error}");
    }
}

#[test]
fn netplans_generator_is_run_without_its_command() {
    let root = debian().program("/usr/sbin/netplan").program("/usr/libexec/netplan/generate");
    let machine = Machine::default().on(root);
    let settings = Settings {
        distro: "debian".into(),
        renderers: Some(vec!["netplan".into()]),
        netplan: network_managers::netplan::Settings { postcmds: true, ..Default::default() },
        ..Settings::default()
    };
    let tools = NetworkTools::new(machine.system.clone(), settings);
    tools
        .read(&config("version: 2\nethernets: {eth0: {dhcp4: true}}\n"))
        .expect("read")
        .render()
        .expect("renders");
    // What `netplan generate` of netplan 1.1 does itself.
    let ran = machine.ran();
    assert_eq!(
        ran[..3],
        [
            "/usr/libexec/netplan/generate",
            "udevadm control --reload",
            "systemctl daemon-reload --no-ask-password",
        ]
    );
}
