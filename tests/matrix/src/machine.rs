//! One machine: an overlay of a prepared root in namespaces of its own, and the boots that it goes through.

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

use metadata_service::{Config, Ec2, Fault, Server, parse_address};
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use serde::{Deserialize, Serialize};

use crate::clock::Clock;
use crate::trace::{self, Disk, End, Memory, Strike, Struck, Tracer};
use crate::{Error, file};

/// The stages as their units start them.
pub const STAGES: [&[&str]; 4] = [
    &["/usr/bin/cloud-init", "init", "--local"],
    &["/usr/bin/cloud-init", "init"],
    &["/usr/bin/cloud-init", "modules", "--mode=config"],
    &["/usr/bin/cloud-init", "modules", "--mode=final"],
];

/// How long a stage may take here; it takes less than a second undisturbed, and a minute where nobody answers to
/// DHCP.
const PATIENCE: Duration = Duration::from_secs(150);

/// What the layer above the root with the original holds, once for all machines: `$1` is the layer, `$2` our program,
/// `$3` the seed.
const PREPARE: &str = r#"
set -e
mkdir -p "$1/usr/bin" "$1/etc/cloud/cloud.cfg.d" "$1/var/lib/cloud/seed" "$1/proof" "$1/home"
cp "$2" "$1/usr/bin/cloud-init"
cp -r "$3" "$1/var/lib/cloud/seed/nocloud"
: >"$1/etc/machine-id"
cat >"$1/etc/cloud/cloud.cfg.d/99-matrix.cfg" <<END
datasource_list: [ NoCloud, None ]
system_info: {network: {renderers: [networkd], activators: [networkd]}}
END
# What takes long and is not ours: nothing that is looked for depends on it.
for program in netplan udevadm systemctl growpart resize2fs; do
    printf '#!/bin/sh\nexit 0\n' >"$1/usr/bin/$program"
    chmod 755 "$1/usr/bin/$program"
done
"#;

/// `$1` is the root with the original, `$2` the layer, `$3` the scratch directory.
const MACHINE: &str = r#"
set -e
mount -t proc proc /proc
mount -t tmpfs -o size=64m tmpfs "$3"
mkdir "$3/upper" "$3/work" "$3/root"
mount -t overlay overlay -o "lowerdir=$2:$1,upperdir=$3/upper,workdir=$3/work" "$3/root"
cd "$3/root"
mount -t proc proc proc
mount -t tmpfs tmpfs proof
mkdir -p dev
mount -t tmpfs tmpfs dev
mknod -m 666 dev/null c 1 3
mknod -m 666 dev/zero c 1 5
mknod -m 666 dev/console c 1 3
mknod -m 666 dev/random c 1 8
mknod -m 666 dev/urandom c 1 9
hostname localhost
ip link set lo up
ip link add veth0 type veth peer name eth0 address 52:54:00:12:34:56
ip link set veth0 up
"#;

/// What the kernel and the generator leave before the first stage.
const START: &str = r"
set -e
umount sys/class 2>/dev/null || :
umount run 2>/dev/null || :
mount -t tmpfs tmpfs run
mkdir -p run/cloud-init run/lock
: >run/cloud-init/enabled
echo 'datasource_list: [ NoCloud, None ]' >run/cloud-init/cloud.cfg
";

/// What a machine on EC2 has besides.
const EC2: &str = r#"
set -e
echo 'datasource_list: [ Ec2, None ]' >run/cloud-init/cloud.cfg
cat >etc/cloud/cloud.cfg.d/99-ec2.cfg <<END
datasource_list: [ Ec2, None ]
datasource: {Ec2: {strict_id: false, timeout: 1, max_wait: 3, metadata_urls: ["http://169.254.169.254"]}}
END
ip address replace 169.254.169.254/32 dev lo
mkdir -p run/dmi/class/dmi/id
mountpoint -q sys || mount -t sysfs sysfs sys
echo 'Amazon EC2' >run/dmi/class/dmi/id/sys_vendor
echo ec2e1916-9099-7caf-fd21-012345abcdef >run/dmi/class/dmi/id/product_uuid
cp run/dmi/class/dmi/id/product_uuid run/dmi/class/dmi/id/product_serial
mount -t overlay overlay -o "lowerdir=$PWD/run/dmi/class:$PWD/sys/class" sys/class
"#;

/// One boot of a machine.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub struct Boot {
    /// What happens to it.
    pub strike: Strike,
    /// The limit to the memory of each of its processes.
    pub memory: Memory,
    /// Lines of shell before it, in the root of the machine and with /run as the boot finds it.
    pub before: String,
    /// The same before a stage, by its number from 0.
    pub between: Option<(usize, String)>,
    /// Whether a second boot runs beside it.
    pub twice: bool,
    /// The machine is on EC2, whose service has these faults.
    pub service: Option<Vec<String>>,
    /// The first stage that runs, by its number from 0.
    pub from: usize,
    /// How time goes for its processes.
    pub clock: Option<Clock>,
}

impl Boot {
    /// A boot to which nothing happens.
    pub fn undisturbed() -> Self {
        Self::default()
    }

    /// A boot that is struck.
    pub fn struck(strike: Strike) -> Self {
        Self { strike, ..Self::undisturbed() }
    }

    /// A boot that finds the machine changed.
    pub fn changed(before: impl Into<String>) -> Self {
        Self { before: before.into(), ..Self::undisturbed() }
    }
}

/// Where machines are made from.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Place {
    /// The root with the original in it.
    pub root: PathBuf,
    /// The layer above it, with ours.
    pub layer: PathBuf,
    /// An empty directory of this machine's own.
    pub scratch: PathBuf,
}

/// A file as a machine keeps it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Kept {
    /// Mode and kind.
    pub mode: u32,
    /// Owner and group.
    pub owner: (u32, u32),
    /// The content, or the target of a link.
    pub content: String,
}

/// What a boot came to.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub struct Booted {
    /// How each stage ended.
    pub ends: Vec<End>,
    /// Calls that change files, of all processes.
    pub calls: usize,
    /// The call that was struck; `None` where the boot ended before it.
    pub struck: Option<Struck>,
    /// The scripts and commands that ran, by their own proof.
    pub ran: Vec<String>,
    /// The files that mark something as run, after the boot.
    pub marks: Vec<String>,
    /// The programs that ran beside ours.
    pub programs: Vec<String>,
    /// status.json as text.
    pub status: String,
    /// The same of result.json.
    pub result: String,
    /// Exit code and output of `cloud-init status --long`.
    pub shown: (Option<i32>, String),
    /// What the stages printed.
    pub printed: String,
    /// The log's warnings and errors.
    pub warnings: Vec<String>,
}

/// A machine's boots and what it keeps after them.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub struct Told {
    /// Its boots.
    pub boots: Vec<Booted>,
    /// What differs from the root below it, by path.
    pub kept: BTreeMap<PathBuf, Kept>,
}

/// Makes the layer of all machines.
pub fn prepare(layer: &Path, ours: &Path, seed: &Path) -> Result<(), Error> {
    oracle::root::remove(layer)?;
    Ok(oracle::root::run_command(Command::new("sh").args(["-c", PREPARE, "sh"]).args([layer, ours, seed]))?)
}

/// Lets a machine go through its boots, in namespaces of its own.
pub fn run(place: &Place, boots: &[Boot]) -> Result<Told, Error> {
    fs::create_dir_all(&place.scratch).map_err(file(place.scratch.display().to_string()))?;
    let program = std::env::current_exe().map_err(file("this program"))?;
    let mut inside = oracle::root::in_namespaces();
    inside.arg(program).arg("inside").arg(serde_json::to_string(&(place, boots)).map_err(Error::Told)?);
    let output = inside.stdin(Stdio::null()).output().map_err(file("unshare"))?;
    if !output.status.success() {
        let output = String::from_utf8_lossy(&output.stderr).trim().to_owned();
        return Err(oracle::Error::Command { command: "a machine".to_owned(), output }.into());
    }
    serde_json::from_slice(&output.stdout).map_err(Error::Told)
}

/// The part within the namespaces; what it returns goes to standard output.
pub fn inside(told: &str) -> Result<String, Error> {
    let (place, boots): (Place, Vec<Boot>) = serde_json::from_str(told).map_err(Error::Told)?;
    let mut setup = Command::new("sh");
    setup.args(["-c", MACHINE, "sh"]).args([&place.root, &place.layer, &place.scratch]);
    oracle::root::run_command(&mut setup)?;
    // As the kernel names it.
    let root = fs::canonicalize(place.scratch.join("root")).map_err(file("the machine's root"))?;
    let disk = Disk { root };
    let mut told = Told::default();
    for (number, boot) in boots.iter().enumerate() {
        shell(&disk.root, START)?;
        if boot.service.is_some() {
            shell(&disk.root, EC2)?;
        }
        shell(&disk.root, &boot.before)?;
        let output = place.scratch.join(format!("output-{number}"));
        told.boots.push(one(boot, &disk, &output)?);
    }
    keep(&place.scratch.join("upper"), Path::new("/"), &mut told.kept)?;
    serde_json::to_string(&told).map_err(Error::Told)
}

fn shell(root: &Path, text: &str) -> Result<(), Error> {
    if text.is_empty() {
        return Ok(());
    }
    Ok(oracle::root::run_command(Command::new("sh").args(["-c", text]).current_dir(root))?)
}

fn one(boot: &Boot, disk: &Disk, output: &Path) -> Result<Booted, Error> {
    let proof = disk.root.join("proof/ran");
    let _ = fs::remove_file(&proof);
    let mut tracer = Tracer::default();
    let mut told = Booted::default();
    let stages = STAGES.map(|stage| stage.join(" ")).join("; ");
    let beside = boot.twice.then(|| {
        let mut beside = Command::new("chroot");
        beside.arg(&disk.root).args(["/bin/sh", "-c", &stages]).stdin(Stdio::null());
        beside.stdout(Stdio::null()).stderr(Stdio::null()).spawn().map_err(file("chroot"))
    });
    let beside = beside.transpose()?;
    let service = boot.service.as_deref().map(|faults| serve(&disk.root, faults)).transpose()?;
    for (number, stage) in STAGES.into_iter().enumerate().skip(boot.from) {
        if let Some((_, text)) = boot.between.as_ref().filter(|(at, _)| *at == number) {
            shell(&disk.root, text)?;
        }
        let end = trace::run(&mut tracer, disk, boot, output, stage, PATIENCE)?;
        told.ends.push(end);
    }
    drop(service);
    if let Some(mut beside) = beside {
        // It may have been waited for among the others.
        let _ = beside.wait();
    }
    let text = |path: &Path| fs::read(path).map(|bytes| String::from_utf8_lossy(&bytes).into_owned());
    if !tracer.off {
        let mut status = Command::new("chroot");
        status.arg(&disk.root).args(["/usr/bin/cloud-init", "status", "--long"]);
        let shown = status.stdin(Stdio::null()).output().map_err(file("chroot"))?;
        told.shown = (shown.status.code(), String::from_utf8_lossy(&shown.stdout).into_owned());
        // What runs in the background is left alone until here.
        let _ = kill(Pid::from_raw(-1), Signal::SIGKILL);
    }
    told.calls = tracer.calls;
    told.struck = tracer.struck;
    told.programs = tracer.programs.into_iter().collect();
    told.marks = marks(&disk.root)?;
    told.ran = text(&proof).unwrap_or_default().lines().map(str::to_owned).collect();
    told.status = text(&disk.root.join("run/cloud-init/status.json")).unwrap_or_default();
    told.result = text(&disk.root.join("run/cloud-init/result.json")).unwrap_or_default();
    told.printed = text(output).unwrap_or_default();
    told.warnings = text(&disk.root.join("var/log/cloud-init.log"))
        .unwrap_or_default()
        .lines()
        .filter(|line| ["[WARNING]", "[ERROR]", "[CRITICAL]"].iter().any(|level| line.contains(level)))
        .map(str::to_owned)
        .collect();
    Ok(told)
}

/// The files that mark something as run.
fn marks(root: &Path) -> Result<Vec<String>, Error> {
    let cloud = root.join("var/lib/cloud");
    let instances = fs::read_dir(cloud.join("instances")).into_iter().flatten().flatten();
    let mut directories: Vec<_> = instances.map(|instance| instance.path().join("sem")).collect();
    directories.push(cloud.join("sem"));
    let mut marks = Vec::new();
    for directory in directories.iter().filter(|directory| directory.is_dir()) {
        for entry in fs::read_dir(directory).map_err(file(directory.display().to_string()))? {
            let path = entry.map_err(file(directory.display().to_string()))?.path();
            marks.push(format!("/{}", path.strip_prefix(root).unwrap_or(&path).display()));
        }
    }
    Ok(marks)
}

/// In the place of faults: nobody listens.
pub const GONE: &str = "gone";

/// The metadata service of a machine on EC2, with the user-data of all machines.
fn serve(root: &Path, faults: &[String]) -> Result<Option<Server>, Error> {
    if faults == [GONE] {
        return Ok(None);
    }
    let seed = root.join("var/lib/cloud/seed/nocloud/user-data");
    let mut ec2 = Ec2::example();
    ec2.document["user-data"] = fs::read_to_string(&seed).map_err(file(seed.display().to_string()))?.into();
    let faults = faults.iter().map(|fault| Fault::parse(fault)).collect::<Result<_, _>>()?;
    let listen = vec![parse_address("169.254.169.254:80")?];
    Ok(Some(Server::start(Config { listen, ec2: Some(ec2), faults, ..Config::default() })?))
}

/// Reads what a layer holds.
fn keep(layer: &Path, path: &Path, kept: &mut BTreeMap<PathBuf, Kept>) -> Result<(), Error> {
    let below = |path: &Path| layer.join(path.strip_prefix("/").unwrap_or(path));
    let entries = fs::read_dir(below(path)).map_err(file(path.display().to_string()))?;
    for entry in entries {
        let entry = entry.map_err(file(path.display().to_string()))?;
        let path = path.join(entry.file_name());
        let found = fs::symlink_metadata(entry.path()).map_err(file(path.display().to_string()))?;
        let content = if found.is_symlink() {
            fs::read_link(entry.path()).map(|target| target.display().to_string()).unwrap_or_default()
        } else if found.is_file() {
            fs::read(entry.path())
                .map(|bytes| String::from_utf8_lossy(&bytes).into_owned())
                .unwrap_or_default()
        } else {
            String::new()
        };
        let file = Kept { mode: found.mode(), owner: (found.uid(), found.gid()), content };
        kept.insert(path.clone(), file);
        if found.is_dir() {
            keep(layer, &path, kept)?;
        }
    }
    Ok(())
}
