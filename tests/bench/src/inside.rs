//! One machine: a fresh overlay of the root in namespaces of its own, one program, its commands measured one by one.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use metadata_service::{Config, Ec2, Server, parse_address};
use serde::{Deserialize, Serialize};

use crate::calls::{Functions, called};
use crate::measure::{Cost, measure, measure_beside, unit_command};
use crate::workload::{CLOUD_CONFIG, COMMANDS, CONVERSIONS, LARGE, PROGRAM, SCHEMAS, STAGES, cloud_config};
use crate::{Error, file};

/// The name of a whole boot's cost among the others.
pub const UNITS: &str = "units";
/// The stages by the names of the sockets on which the original's single process listens.
const SOCKETS: [&str; 4] = ["local", "network", "config", "final"];
/// How long the single process may take until it listens.
const PATIENCE: Duration = Duration::from_secs(30);

/// What ends with a boot.
const RUN: &str = "/run/cloud-init";
/// How often each of the short commands is run in a machine.
const REPEAT: usize = 5;

/// What is done before the program is the root's: `$1` is the root, `$2` the scratch directory, `$3` ours or nothing,
/// `$4` the seed of a first boot or nothing, `$5` the folder of programs that make it look like a virtual machine,
/// `$6` a file of the configuration that names the modules to run.
const MACHINE: &str = r#"
set -e
mount -t overlay overlay -o "lowerdir=$1,upperdir=$2/upper,workdir=$2/work" "$2/root"
cd "$2/root"
mount -t proc proc proc
mount -t sysfs sysfs sys
rm -rf run/*
mkdir -p run/cloud-init run/lock var/lib/cloud/seed/nocloud
: >run/cloud-init/enabled
: >etc/machine-id
# The host's own console may be a slow serial line, on which writing counts as CPU.
rm -f dev/console
mknod dev/console c 1 3
if [ -n "$3" ]; then
    rm -f usr/bin/cloud-init
    cp "$3" usr/bin/cloud-init
    # A boot reads it from the disk. What was just written is in larger folios, which Linux 6.18 maps as a whole.
    sync usr/bin/cloud-init
    dd if=usr/bin/cloud-init iflag=nocache count=0 status=none
fi
hostname localhost
ip link set lo up
if [ -n "$4" ]; then
    cp -r "$4/." var/lib/cloud/seed/nocloud
    echo 'datasource_list: [ NoCloud, None ]' >run/cloud-init/cloud.cfg
    cp "$6" etc/cloud/cloud.cfg.d/98-modules.cfg
else
    ip address add 169.254.169.254/32 dev lo
    ip link add host0 type veth peer name eth0 address 52:54:00:12:34:56
    ip link set host0 up
    ip link set eth0 up
    mkdir -p "$2/class/dmi/id"
    echo 'Amazon EC2' >"$2/class/dmi/id/sys_vendor"
    echo ec2e1916-9099-7caf-fd21-012345abcdef >"$2/class/dmi/id/product_uuid"
    cp "$2/class/dmi/id/product_uuid" "$2/class/dmi/id/product_serial"
    mount -t overlay overlay -o "lowerdir=$2/class:$2/root/sys/class" sys/class
    rm -f usr/bin/systemd-detect-virt usr/bin/udevadm
    cp "$5/systemd-detect-virt" "$5/udevadm" usr/bin
    chmod 755 usr/bin/systemd-detect-virt usr/bin/udevadm
    echo 'datasource_list: [ Ec2, None ]' >run/cloud-init/cloud.cfg
    cat >etc/cloud/cloud.cfg.d/99-bench.cfg <<END
datasource_list: [ Ec2, None ]
datasource: {Ec2: {strict_id: false, max_wait: 10, metadata_urls: ["http://169.254.169.254"]}}
network: {config: disabled}
cloud_init_modules: []
END
fi
"#;

/// What is measured.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Work {
    /// A first boot with this NoCloud seed as its units start it: the original's one process for all stages with a
    /// client for each, our four processes.
    Units(PathBuf),
    /// The four stages of a first boot with this NoCloud seed, a process each, then the commands.
    FirstBoot(PathBuf),
    /// Only those stages.
    Stages(PathBuf),
    /// A large machine's network as the files of each renderer, with this NoCloud seed.
    Conversions(PathBuf),
    /// The first two stages with this NoCloud seed, whose user-data has many parts and no modules to run.
    Parts(PathBuf),
    /// The network stage on EC2 without its modules, whose service takes so many milliseconds for each answer.
    Ec2(u64),
    /// Which functions the stages and commands of a first boot with this NoCloud seed call, or those of EC2 without one;
    /// the functions of the program are in this file.
    Calls(PathBuf, Option<PathBuf>),
}

/// One machine.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Machine {
    /// The root with the original in it.
    pub root: PathBuf,
    /// An empty directory on a file system that can be an overlay's upper layer.
    pub scratch: PathBuf,
    /// Our program, in the place of the original.
    pub ours: Option<PathBuf>,
    /// A file of the configuration with the modules that both programs have.
    pub modules: PathBuf,
    /// What is measured.
    pub work: Work,
}

/// What a machine's commands cost, by the names of [`STAGES`] and [`COMMANDS`].
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub struct Told {
    /// Each run's cost.
    pub costs: BTreeMap<String, Vec<Cost>>,
    /// Requests that the metadata service answered.
    pub requests: usize,
    /// Connections that carried them.
    pub connections: usize,
    /// Addresses of the functions that a command called, in this order.
    pub called: BTreeMap<String, Vec<u64>>,
}

/// Runs a machine in namespaces of its own.
pub fn run(machine: &Machine) -> Result<Told, Error> {
    for name in ["upper", "work", "root"] {
        let path = machine.scratch.join(name);
        fs::create_dir_all(&path).map_err(file(path.display().to_string()))?;
    }
    let program = std::env::current_exe().map_err(file("this program"))?;
    let mut inside = oracle::root::in_namespaces();
    inside.arg(program).arg("inside").arg(serde_json::to_string(machine).map_err(Error::Told)?);
    let told = output(&mut inside)?;
    fs::remove_dir_all(&machine.scratch).map_err(file(machine.scratch.display().to_string()))?;
    serde_json::from_slice(&told).map_err(Error::Told)
}

/// The part within the namespaces; what it returns goes to standard output.
pub fn inside(machine: &str) -> Result<String, Error> {
    let machine: Machine = serde_json::from_str(machine).map_err(Error::Told)?;
    let seed = match &machine.work {
        Work::Units(seed)
        | Work::FirstBoot(seed)
        | Work::Stages(seed)
        | Work::Conversions(seed)
        | Work::Parts(seed) => seed.as_path(),
        Work::Calls(_, Some(seed)) => seed.as_path(),
        Work::Ec2(_) | Work::Calls(_, None) => Path::new(""),
    };
    let mut setup = Command::new("sh");
    setup.args(["-c", MACHINE, "sh"]).args([&machine.root, &machine.scratch]);
    setup.arg(machine.ours.as_deref().unwrap_or(Path::new(""))).arg(seed);
    setup.arg(Path::new(env!("CARGO_MANIFEST_DIR")).with_file_name("boot").join("guest"));
    setup.arg(&machine.modules);
    output(&mut setup)?;
    let service = match machine.work {
        Work::Ec2(latency) => Some(serve(latency)?),
        Work::Calls(_, None) => Some(serve(0)?),
        _ => None,
    };
    // It is outside of the root.
    let functions = match &machine.work {
        Work::Calls(table, _) => Functions::load(table)?,
        _ => Functions::default(),
    };
    let root = machine.scratch.join("root");
    nix::unistd::chroot(&root).map_err(Error::Process)?;
    std::env::set_current_dir("/").map_err(file("/"))?;
    let mut told = Told::default();
    let expected = told.work(&machine, &functions)?;
    if let Some(service) = service {
        told.requests = service.requests().len();
        told.connections = service.connections();
    }
    // A program that did not find the source has measured nothing.
    let path = "/var/lib/cloud/instance/datasource";
    let found = fs::read_to_string(path).map_err(file(path))?;
    if !found.starts_with(expected) {
        return Err(Error::Source { expected, found: found.trim().to_owned() });
    }
    serde_json::to_string(&told).map_err(Error::Told)
}

impl Told {
    /// Does the work, and names the data source that it should have taken.
    fn work(&mut self, machine: &Machine, functions: &Functions) -> Result<&'static str, Error> {
        let source = match &machine.work {
            Work::Units(_) => {
                self.costs.insert(UNITS.to_owned(), vec![units(machine.ours.is_some())?]);
                "DataSourceNoCloud"
            }
            Work::Stages(_) => {
                for (name, arguments) in STAGES {
                    self.add(name, arguments)?;
                }
                "DataSourceNoCloud"
            }
            Work::FirstBoot(_) => {
                for (name, arguments) in STAGES {
                    self.add(name, arguments)?;
                }
                for (name, arguments) in COMMANDS {
                    for _ in 0..REPEAT {
                        self.add(name, arguments)?;
                    }
                }
                for (name, lines) in SCHEMAS {
                    fs::write(CLOUD_CONFIG, cloud_config(*lines)).map_err(file(CLOUD_CONFIG))?;
                    self.add(&format!("schema {name}"), &["schema", "-c", CLOUD_CONFIG])?;
                }
                "DataSourceNoCloud"
            }
            Work::Conversions(_) => {
                self.conversions()?;
                "DataSourceNoCloud"
            }
            Work::Parts(_) => {
                for (name, arguments) in &STAGES[..2] {
                    self.add(name, arguments)?;
                }
                "DataSourceNoCloud"
            }
            Work::Ec2(_) => {
                self.add("init", &["init"])?;
                "DataSourceEc2"
            }
            Work::Calls(_, Some(_)) => {
                self.calls(functions)?;
                "DataSourceNoCloud"
            }
            Work::Calls(_, None) => {
                self.called.insert("init".to_owned(), called(PROGRAM, &["init"], functions)?);
                "DataSourceEc2"
            }
        };
        Ok(source)
    }

    fn conversions(&mut self) -> Result<(), Error> {
        // Only so that the source is known.
        self.add(STAGES[0].0, STAGES[0].1)?;
        let large = network_oracle::generate::large(1, 200, 2000);
        fs::write(LARGE, large.to_string()).map_err(file(LARGE))?;
        for (renderer, distro) in CONVERSIONS {
            let words =
                ["devel", "net-convert", "-p", LARGE, "-k", "yaml", "-d", "/converted", "-D", distro, "-O"];
            self.add(&format!("net-convert {renderer}"), &[&words[..], &[*renderer]].concat())?;
        }
        Ok(())
    }

    /// The functions that two boots and the commands after them call.
    fn calls(&mut self, functions: &Functions) -> Result<(), Error> {
        for (name, arguments) in STAGES.iter().chain(COMMANDS) {
            self.called.insert((*name).to_owned(), called(PROGRAM, arguments, functions)?);
        }
        reboot()?;
        for (name, arguments) in STAGES {
            self.called.insert(second(name), called(PROGRAM, arguments, functions)?);
        }
        Ok(())
    }

    fn add(&mut self, name: &str, arguments: &[&str]) -> Result<(), Error> {
        let cost = measure(PROGRAM, arguments)?;
        self.costs.entry(name.to_owned()).or_default().push(cost);
        Ok(())
    }
}

/// The name of a stage of the second boot.
pub fn second(stage: &str) -> String {
    format!("{stage}, second boot")
}

/// Removes what a reboot removes, and leaves what the generator writes.
fn reboot() -> Result<(), Error> {
    for entry in fs::read_dir(RUN).map_err(file(RUN))? {
        let entry = entry.map_err(file(RUN))?;
        let path = entry.path();
        if path.is_dir() {
            fs::remove_dir_all(&path).map_err(file(RUN))?;
        } else if entry.file_name() != "enabled" && entry.file_name() != "cloud.cfg" {
            fs::remove_file(&path).map_err(file(RUN))?;
        }
    }
    Ok(())
}

/// What the processes of a boot cost, as the units of each program start them.
fn units(ours: bool) -> Result<Cost, Error> {
    if !ours {
        return measure_beside(PROGRAM, &["--all-stages"], || {
            SOCKETS.iter().try_for_each(|stage| client(stage))
        });
    }
    STAGES.iter().try_fold(Cost::default(), |sum, (_, arguments)| Ok(sum.then(measure(PROGRAM, arguments)?)))
}

/// What the unit of a stage runs: it asks the one process for the stage and waits for its end.
fn client(stage: &str) -> Result<(), Error> {
    let socket = format!("/run/cloud-init/share/{stage}.sock");
    let begun = Instant::now();
    while !Path::new(&socket).exists() {
        if begun.elapsed() > PATIENCE {
            return Err(Error::Command {
                command: "cloud-init --all-stages".into(),
                output: format!("no {socket}"),
            });
        }
        thread::sleep(Duration::from_millis(1));
    }
    let script = format!("echo start | nc -U {socket} | sh");
    unit_command("/bin/sh").args(["-c", &script]).status().map(drop).map_err(file("/bin/sh"))
}

fn serve(latency: u64) -> Result<Server, Error> {
    let config = Config {
        listen: vec![parse_address("169.254.169.254:80")?],
        ec2: Some(Ec2::example()),
        latency: Duration::from_millis(latency),
        ..Config::default()
    };
    Ok(Server::start(config)?)
}

fn output(command: &mut Command) -> Result<Vec<u8>, Error> {
    let name = command.get_program().to_string_lossy().into_owned();
    let output = command.stdin(Stdio::null()).output().map_err(file(name.clone()))?;
    if output.status.success() {
        return Ok(output.stdout);
    }
    Err(Error::Command { command: name, output: String::from_utf8_lossy(&output.stderr).trim().to_owned() })
}
