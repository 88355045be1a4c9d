//! The container tier: systemd-nspawn over an overlay of the root, in namespaces of its own.
//!
//! For each scenario this program starts itself once more inside fresh mount, network and process namespaces. Whatever
//! it mounts, configures or starts there ends with it.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use metadata_service::{Config, Ec2, Fault, Node, OpenStack, Server, Tokens, parse_address};

use crate::cache::{Cache, remove, write};
use crate::check::{Around, check};
use crate::cloud::{self, Laid};
use crate::facts::Facts;
use crate::scenario::{Boot, Package, Scenario, Service};
use crate::wire::{self, Dhcp};
use crate::{Error, Options, command, file};

/// Longest time of a boot, in seconds: Exoscale's source waits for 120 s, which no setting changes.
const LIMIT: &str = "200";
const CGROUPS: &str = "/sys/fs/cgroup";

/// Runs a scenario from outside and returns the differences.
pub fn run(options: &Options, cache: &Cache, scenario: &Scenario) -> Result<Vec<String>, Error> {
    let machine = cache.machine(&scenario.name);
    remove(&machine)?;
    fs::create_dir_all(&machine).map_err(file(machine.display().to_string()))?;
    let log_path = cache.log(&scenario.name);
    let log = fs::File::create(&log_path).map_err(file(log_path.display().to_string()))?;
    let other = log.try_clone().map_err(file("log"))?;
    let program = std::env::current_exe().map_err(file("this program"))?;
    let mut inside = Command::new("setpriv");
    inside
        .args(["--pdeathsig", "KILL", "unshare"])
        .args([
            "--mount",
            "--net",
            "--pid",
            "--fork",
            "--kill-child",
            "--mount-proc",
            "--propagation",
            "private",
            "--",
        ])
        .arg(program)
        .args(["inside", &scenario.name, "--cache"])
        .arg(&options.cache)
        .arg("--scenarios")
        .arg(&options.scenarios);
    if let Some(subject) = &options.subject.0 {
        inside.arg("--subject").arg(subject);
    }
    let status = inside.stdin(Stdio::null()).stdout(log).stderr(other).status().map_err(file("unshare"))?;
    let differences = fs::read_to_string(machine.join("differences")).unwrap_or_default();
    let mut differences: Vec<String> = differences.lines().map(str::to_owned).collect();
    if !status.success() && differences.is_empty() {
        let log = fs::read_to_string(&log_path).unwrap_or_default();
        differences.push(log.lines().last().unwrap_or("the harness ended early").to_owned());
    }
    if options.facts {
        print!("{}", fs::read_to_string(machine.join("accounting")).unwrap_or_default());
    }
    if !options.keep {
        remove(&machine)?;
    }
    Ok(differences)
}

struct Machine<'a> {
    cache: &'a Cache,
    scenario: &'a Scenario,
    directory: PathBuf,
    cgroup: PathBuf,
    package: Option<Package>,
    /// What its cloud asks for.
    laid: Option<Laid>,
}

/// Runs a scenario's boots; this process is alone in its namespaces. Says whether there was no difference.
pub fn inside(options: &Options) -> Result<bool, Error> {
    let name = options.names.first().ok_or_else(|| Error::Usage("inside needs a scenario".into()))?;
    let scenario = Scenario::named(&options.scenarios, name)?;
    let cache = Cache::new(options)?;
    let directory = cache.machine(name);
    let cgroup = PathBuf::from(CGROUPS).join(format!("boot-{name}"));
    let mut machine =
        Machine { cache: &cache, scenario: &scenario, directory, cgroup, package: None, laid: None };
    machine.enter_cgroup()?;
    let outcome = machine.boots();
    machine.leave_cgroup();
    let differences = outcome?;
    let path = machine.directory.join("differences");
    fs::write(&path, differences.join("\n")).map_err(file(path.display().to_string()))?;
    Ok(differences.is_empty())
}

impl Machine<'_> {
    fn path(&self, name: &str) -> PathBuf {
        self.directory.join(name)
    }

    /// A view of control groups as systemd wants it, and a group for this machine alone: its processes must not meet
    /// those of another machine.
    fn enter_cgroup(&self) -> Result<(), Error> {
        command::words(&["mount", "-t", "sysfs", "sysfs", "/sys"])?;
        command::words(&["mount", "-t", "cgroup2", "cgroup2", CGROUPS])?;
        remove_groups(&self.cgroup);
        fs::create_dir_all(&self.cgroup).map_err(file("control group"))?;
        fs::write(self.cgroup.join("cgroup.procs"), "0").map_err(file("control group"))?;
        // systemd-nspawn would wait for udev to know the link; it does not where /sys cannot be written.
        command::words(&["mount", "-o", "remount,ro,bind", "/sys"]).map(drop)
    }

    fn leave_cgroup(&self) {
        // What is left behind is an empty group, which the next run removes.
        let _ = fs::write(PathBuf::from(CGROUPS).join("cgroup.procs"), "0");
        remove_groups(&self.cgroup);
    }

    fn boots(&mut self) -> Result<Vec<String>, Error> {
        for name in ["upper", "work", "root", "report"] {
            let path = self.path(name);
            fs::create_dir_all(&path).map_err(file(path.display().to_string()))?;
        }
        let mut host_keys = image_keys(&self.cache.base());
        let mut differences = Vec::new();
        for (index, boot) in self.scenario.boots.iter().enumerate() {
            self.install(boot.package)?;
            self.seed(boot)?;
            let dhcp = self.network()?;
            let service = boot.service.as_ref().map(|service| self.serve(service)).transpose()?;
            println!("##### boot {}", index + 1);
            let facts = self.boot(index);
            drop(dhcp);
            let facts = facts?;
            let requests = service.iter().flat_map(Server::requests);
            let requests = requests
                .map(|entry| format!("{} {} {}", entry.request.method, entry.request.path, entry.status))
                .collect();
            let around = Around { host_keys: std::mem::take(&mut host_keys), requests };
            let found = check(&boot.expect, &facts, &around);
            differences.extend(
                found.into_iter().map(|text| format!("boot {}: {}", index + 1, text.replace('\n', "\\n"))),
            );
            host_keys = facts.host_keys();
            for name in ["status", "failed-units", "analyze", "units", "output", "log"] {
                println!("##### {name}\n{}", facts.text(name));
            }
            self.account(index, &facts)?;
        }
        Ok(differences)
    }

    /// Mounts the root with the package in it, or upgrades the mounted one.
    fn install(&mut self, package: Package) -> Result<(), Error> {
        let root = self.path("root");
        match self.package.replace(package) {
            Some(before) if before == package => return Ok(()),
            Some(_) if package == Package::Subject => return self.cache.upgrade(&root),
            Some(_) => return Err(Error::Usage("a scenario cannot go back to the original".into())),
            None => {}
        }
        let subject = if package == Package::Subject { self.cache.subject()? } else { None };
        let packages = self.cache.packages(&self.scenario.packages);
        let layers = [Some(self.cache.guest()), subject, packages, Some(self.cache.base())];
        let layers: Vec<String> =
            layers.into_iter().flatten().map(|path| path.display().to_string()).collect();
        let (upper, work) = (self.path("upper"), self.path("work"));
        let mounted =
            format!("lowerdir={},upperdir={},workdir={}", layers.join(":"), upper.display(), work.display());
        command::run(command::command(&["mount", "-t", "overlay", "overlay", "-o", &mounted]).arg(&root))?;
        write(&root, "etc/boot-report/questions", &self.scenario.questions(), 0o644)?;
        if let Some(case) = &self.scenario.cloud {
            self.laid = Some(Laid::new(case, &root)?);
            prepare_image(&root)?;
            if let Some(config) = &self.scenario.config {
                write(&root, "etc/cloud/cloud.cfg.d/96_cloud.cfg", &cloud::lines(config), 0o644)?;
            }
        }
        if self.scenario.is_faked() {
            self.pretend(&root)?;
        }
        let Some(image) = &self.scenario.image else { return Ok(()) };
        copy(&self.scenario.directory.join(image), &root)
    }

    /// Makes the container look like a virtual machine with this DMI.
    fn pretend(&self, root: &Path) -> Result<(), Error> {
        write(root, "usr/local/sbin/machine-init", include_str!("../guest/machine-init"), 0o755)?;
        let virt = self.scenario.virt.as_deref().unwrap_or("kvm");
        for (path, content) in [
            ("usr/bin/systemd-detect-virt", include_str!("../guest/systemd-detect-virt")),
            ("usr/bin/udevadm", include_str!("../guest/udevadm")),
            (
                "etc/systemd/system-generators/cloud-init-generator",
                include_str!("../guest/cloud-init-generator"),
            ),
        ] {
            // The path may be a link into systemd's own files.
            let _ = fs::remove_file(root.join(path));
            write(root, path, &content.replace("kvm", virt), 0o755)?;
        }
        let laid = self.laid.iter().flat_map(|laid| &laid.dmi);
        for (name, value) in self.scenario.dmi.iter().chain(laid) {
            write(root, &format!("usr/local/lib/machine/dmi/id/{name}"), &format!("{value}\n"), 0o444)?;
        }
        if self.scenario.cloud.is_some() {
            return Ok(());
        }
        // A pair of virtual links has no permanent address, by which networkd would know the one that is configured.
        let wait = root.join("etc/systemd/system/systemd-networkd-wait-online.service");
        std::os::unix::fs::symlink("/dev/null", &wait).map_err(file(wait.display().to_string()))
    }

    fn seed(&self, boot: &Boot) -> Result<(), Error> {
        let Some(seed) = &boot.seed else { return Ok(()) };
        let directory = self.path("root").join("var/lib/cloud/seed/nocloud");
        remove(&directory)?;
        fs::create_dir_all(&directory).map_err(file(directory.display().to_string()))?;
        copy(&self.scenario.directory.join(seed), &directory)
    }

    /// The address of metadata services, and a link with DHCP when the scenario has one.
    fn network(&self) -> Result<Option<Dhcp>, Error> {
        match &self.laid {
            Some(laid) => wire::cloud(laid).map(Some),
            None if self.scenario.link => wire::link().map(Some),
            None => wire::loopback().map(|()| None),
        }
    }

    fn serve(&self, wanted: &Service) -> Result<Server, Error> {
        let mut config = service(self.scenario, wanted)?;
        let usual = [format!("{}:80", wire::SERVICE)];
        let listen = self.laid.as_ref().map_or(usual.as_slice(), |laid| &laid.listen);
        config.listen = listen.iter().map(|address| parse_address(address)).collect::<Result<_, _>>()?;
        Ok(Server::start(config)?)
    }

    /// One boot, from the start of the init system to the power-off after the report.
    fn boot(&self, index: usize) -> Result<Facts, Error> {
        let report = self.path("report");
        let facts = report.join("facts");
        let _ = fs::remove_file(&facts);
        let mut machine = Command::new("timeout");
        machine
            .args(["-k", "5", LIMIT, "systemd-nspawn", "--keep-unit", "--register=no", "--resolv-conf=off"])
            .args(["--console=pipe", "--quiet", &format!("--machine=boot-{}", self.scenario.name), "-D"])
            .arg(self.path("root"))
            .arg(format!("--bind={}:/mnt/report", report.display()))
            .env("UNIFIED_CGROUP_HIERARCHY", "1");
        if self.scenario.link {
            machine.arg("--network-interface=eth0");
        }
        if !self.scenario.writable.is_empty() {
            let target = self.path("root").join("mnt/report");
            fs::create_dir_all(&target).map_err(file("mount point"))?;
            machine.arg("--read-only");
        }
        for directory in &self.scenario.writable {
            let layer = self.path("layers").join(directory.replace('/', "-"));
            fs::create_dir_all(&layer).map_err(file(layer.display().to_string()))?;
            machine.arg(format!("--overlay=+{directory}:{}:{directory}", layer.display()));
        }
        if self.scenario.is_faked() {
            machine.arg("/usr/local/sbin/machine-init");
        } else {
            machine.arg("--boot");
        }
        machine.args(&self.scenario.arguments);
        let status = machine.stdin(Stdio::null()).status().map_err(file("systemd-nspawn"))?;
        let bytes = fs::read(&facts).unwrap_or_default();
        Facts::parse(&bytes).ok_or_else(|| {
            Error::Machine(format!(
                "boot {}: no whole report within {LIMIT} s; systemd-nspawn: {status}",
                index + 1
            ))
        })
    }

    fn account(&self, index: usize, facts: &Facts) -> Result<(), Error> {
        let path = self.path("accounting");
        let mut text = fs::read_to_string(&path).unwrap_or_default();
        let analyze = facts.text("analyze").lines().next().unwrap_or_default().to_owned();
        let units = facts.text("units").split("\n\n").map(|unit| unit.replace('\n', " "));
        let units: Vec<String> = units.filter(|unit| unit.contains("Id=")).collect();
        // Of the units only ours; of the chain all of it: it tells what the stage before the network waited for.
        let blame = facts.text("blame").lines().filter(|line| line.contains("cloud-"));
        let chain = facts.text("chain").lines().filter(|line| line.contains('+') || line.contains('@'));
        let lines: Vec<String> = units.into_iter().chain(blame.chain(chain).map(str::to_owned)).collect();
        text.push_str(&format!(
            "{} boot {}: {analyze}\n  {}\n",
            self.scenario.name,
            index + 1,
            lines.join("\n  ")
        ));
        fs::write(&path, text).map_err(file(path.display().to_string()))
    }
}

/// What the image of every cloud has: a network after the local stage, whatever the source renders. networkd knows the
/// configured device by its permanent address, which a pair of virtual links has not.
fn prepare_image(root: &Path) -> Result<(), Error> {
    let settings = "resize_rootfs: false\ngrowpart: {mode: \"off\"}\n";
    write(root, "etc/cloud/cloud.cfg.d/95_root.cfg", settings, 0o644)?;
    let network = "[Match]\nName=eth0\n[Network]\nDHCP=ipv4\n[DHCPv4]\nUseHostname=no\n";
    write(root, "etc/systemd/network/05-cloud.network", network, 0o644)?;
    // A device of a bus, as sources look for one.
    write(root, "usr/local/lib/machine-nic/device/uevent", "DRIVER=virtio_net\n", 0o444)?;
    for (target, unit) in
        [("multi-user", "systemd-networkd"), ("network-online", "systemd-networkd-wait-online")]
    {
        let wants = root.join(format!("etc/systemd/system/{target}.target.wants"));
        fs::create_dir_all(&wants).map_err(file(wants.display().to_string()))?;
        let link = wants.join(format!("{unit}.service"));
        let _ = fs::remove_file(&link);
        std::os::unix::fs::symlink(format!("/usr/lib/systemd/system/{unit}.service"), &link)
            .map_err(file(link.display().to_string()))?;
    }
    Ok(())
}

/// What a metadata service of a scenario serves.
pub fn service(scenario: &Scenario, service: &Service) -> Result<Config, Error> {
    let at = |name: &String| scenario.directory.join(name);
    let mut ec2 = match &service.ec2 {
        Some(name) if name == "example" => Some(Ec2::example()),
        Some(name) => Some(Ec2::read(&at(name), Tokens::default())?),
        None => None,
    };
    if let Some(path) = service.user_data.as_ref().map(at) {
        let text = fs::read_to_string(&path).map_err(file(path.display().to_string()))?;
        ec2 = ec2.map(|ec2| ec2.with_user_data(&text));
    }
    if let (Some(ec2), Some(tokens)) = (&mut ec2, &service.tokens) {
        ec2.tokens = Tokens::parse(tokens)?;
    }
    let openstack = service.openstack.as_ref().map(|name| OpenStack::read(&at(name))).transpose()?;
    let faults = service.faults.iter().map(|fault| Fault::parse(fault)).collect::<Result<_, _>>()?;
    let tree = service.tree.as_ref().map(|name| Node::read(&at(name))).transpose()?;
    Ok(Config { ec2, openstack, tree, faults, ..Config::default() })
}

/// Copies the content of a directory over another.
pub fn copy(from: &Path, to: &Path) -> Result<(), Error> {
    let mut content = from.as_os_str().to_owned();
    content.push("/.");
    command::run(command::command(&["cp", "-r", "--preserve=mode,links"]).arg(content).arg(to)).map(drop)
}

/// Host keys that the image has before its first boot.
pub fn image_keys(root: &Path) -> BTreeMap<String, String> {
    let mut keys = BTreeMap::new();
    for kind in ["dsa", "ecdsa", "ed25519", "rsa"] {
        let path = root.join(format!("etc/ssh/ssh_host_{kind}_key.pub"));
        let printed = command::run(command::command(&["ssh-keygen", "-l", "-f"]).arg(path));
        if let Some(print) = printed.ok().as_deref().and_then(|text| text.split(' ').nth(1)) {
            keys.insert(kind.to_owned(), print.to_owned());
        }
    }
    keys
}

fn remove_groups(directory: &Path) {
    let Ok(entries) = fs::read_dir(directory) else { return };
    for entry in entries.flatten() {
        if entry.path().is_dir() {
            remove_groups(&entry.path());
        }
    }
    // A group with a process in it stays; it belongs to a machine that still runs.
    let _ = fs::remove_dir(directory);
}
