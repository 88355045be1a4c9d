//! Machines of one thread: a network namespace with a link `eth0`, and namespaces at its other end.
// A harness around real programs: effects are its business.
#![allow(clippy::disallowed_methods)]

use std::fs::File;
use std::io::Read as _;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::thread::sleep;
use std::time::{Duration, Instant};

use model::System;
use nix::mount::{MsFlags, mount};
use nix::sched::{CloneFlags, setns, unshare};
use serde_json::Value;
use system::{Host, NoHttp};

/// Runs a command that has to succeed; gives its output.
///
/// # Panics
///
/// It fails.
pub fn run(words: &[&str]) -> String {
    let output = Command::new(words[0]).args(&words[1..]).output().expect("the program is there");
    let errors = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(output.status.success(), "{words:?}: {errors}");
    String::from_utf8_lossy(&output.stdout).into_owned()
}

/// A process that runs until it is dropped.
pub struct Running(Child);

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// A network namespace that a process holds.
pub struct Place(Running);

impl Place {
    fn new() -> Self {
        let mut child = Command::new("unshare")
            .args(["--net", "sh", "-c", "echo; exec sleep 120"])
            .stdout(Stdio::piped())
            .spawn();
        let child_of = child.as_mut().expect("unshare is there");
        let mut byte = [0];
        child_of.stdout.as_mut().expect("piped").read_exact(&mut byte).expect("it has begun");
        let place = Self(Running(child.expect("started")));
        place.run(&["ip", "link", "set", "lo", "up"]);
        place
    }

    fn id(&self) -> String {
        self.0.0.id().to_string()
    }

    /// A command inside.
    pub fn command(&self, words: &[&str]) -> Command {
        let mut command = Command::new("nsenter");
        command.args(["--net", "--target", &self.id()]).args(words);
        command
    }

    /// Runs a command inside; it has to succeed.
    pub fn run(&self, words: &[&str]) -> String {
        let id = self.id();
        run(&[&["nsenter", "--net", "--target", id.as_str()], words].concat())
    }

    /// Brings this thread inside.
    pub fn enter(&self) {
        let file = File::open(format!("/proc/{}/ns/net", self.id())).expect("it runs");
        setns(file, CloneFlags::CLONE_NEWNET).expect("as root");
    }

    /// Takes a link of the thread.
    pub fn take(&self, link: &str) {
        run(&["ip", "link", "set", link, "netns", &self.id()]);
    }

    /// One end of a new cable gets a name and addresses here; the other end stays with the thread, named `eth0` or so.
    pub fn plug(&self, here: &str, addresses: &[&str], there: &str) {
        run(&["ip", "link", "add", there, "type", "veth", "peer", "name", here, "netns", &self.id()]);
        for address in addresses {
            self.run(&["ip", "addr", "add", address, "dev", here]);
        }
        self.run(&["ip", "link", "set", here, "up"]);
    }
}

/// Starts dnsmasq in a place.
pub fn dnsmasq(place: &Place, options: &[&str]) -> Running {
    let mut words = vec![
        "dnsmasq",
        "--no-daemon",
        "--conf-file=/dev/null",
        "--port=0",
        "--user=root",
        "--no-ping",
        "--leasefile-ro",
        "--pid-file",
        "--dhcp-authoritative",
    ];
    words.extend(options);
    // `nsenter` becomes dnsmasq, so that ending it ends the server.
    let child = place.command(&words).stdout(Stdio::null()).stderr(Stdio::null()).spawn();
    Running(child.expect("nsenter is there"))
}

/// Makes this thread a machine without links; its /sys shows them.
pub fn machine() -> System {
    machine_with(MsFlags::empty())
}

/// The same whose /sys cannot be written to: by this systemd knows that no udev is there to wait for.
pub fn machine_without_udev() -> System {
    machine_with(MsFlags::MS_RDONLY)
}

fn machine_with(sys: MsFlags) -> System {
    unshare(CloneFlags::CLONE_NEWNET | CloneFlags::CLONE_NEWNS).expect("as root");
    let none: Option<&str> = None;
    mount(none, "/", none, MsFlags::MS_REC | MsFlags::MS_PRIVATE, none).expect("as root");
    mount(Some("sysfs"), "/sys", Some("sysfs"), sys, none).expect("as root");
    mount(Some("tmpfs"), "/run", Some("tmpfs"), MsFlags::empty(), none).expect("as root");
    run(&["ip", "link", "set", "lo", "up"]);
    Host::system(None, Arc::new(NoHttp))
}

/// A place with a cable to this thread's `eth0`.
pub fn cable(addresses: &[&str]) -> Place {
    let place = Place::new();
    place.plug("srv0", addresses, "eth0");
    place
}

/// A further place, without cables.
pub fn place() -> Place {
    Place::new()
}

/// What the kernel has: links that are up or down, addresses and routes, without what changes by itself.
pub fn state() -> Value {
    let mut links: Value = serde_json::from_str(&run(&["ip", "-j", "addr"])).expect("JSON");
    for link in links.as_array_mut().expect("a list") {
        let object = link.as_object_mut().expect("an object");
        object.retain(|key, _| ["ifname", "mtu", "addr_info"].contains(&key.as_str()));
        let up = std::fs::read_to_string(format!(
            "/sys/class/net/{}/flags",
            object["ifname"].as_str().expect("named")
        ));
        object.insert("flags".into(), Value::from(up.expect("there").trim()));
        for address in object["addr_info"].as_array_mut().expect("a list") {
            let address = address.as_object_mut().expect("an object");
            address.retain(|key, _| ["local", "prefixlen", "broadcast"].contains(&key.as_str()));
        }
    }
    let routes: Value = serde_json::from_str(&run(&["ip", "-j", "route"])).expect("JSON");
    serde_json::json!({"links": links, "routes": routes})
}

/// Waits, for a few seconds, until the kernel's state is this again.
///
/// # Panics
///
/// It is not.
pub fn is_again(before: &Value) {
    let begun = Instant::now();
    while state() != *before {
        assert!(begun.elapsed() < Duration::from_secs(5), "{:#}\nis not\n{before:#}", state());
        sleep(Duration::from_millis(20));
    }
}
