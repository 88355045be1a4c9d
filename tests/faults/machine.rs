//! A small Debian machine in memory that boots again and again: the four stages with the real registry.

use std::collections::BTreeMap;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use engine::boot::{Boot, NoHooks};
use engine::report::Recoverable;
use engine::status::StatusFile;
use engine::{Registry, config};
use model::effects::{Attributes, FileKind, Http};
use model::{Distro, DistroError, Node, Stage, System};
use serde_json::Value;
use system::Scratch;
use tracing::Level;
use tracing_subscriber::layer::SubscriberExt as _;

use crate::log::{Lines, Log};
use crate::power::{Cut, Power};

/// The NoCloud seed's directory.
pub const SEED: &str = "/var/lib/cloud/seed/nocloud";

/// Everything that the program has.
pub fn registry() -> Registry {
    Registry {
        sources: datasources::all(),
        modules: modules::all(),
        absent_modules: modules::absent(),
        removed_modules: modules::REMOVED,
        distro,
        templates: modules::TEMPLATES,
        cloud_config_schema: Some(modules::CLOUD_CONFIG_SCHEMA),
        version: "26.2",
    }
}

fn distro(system: &System, name: &str, info: &Node) -> Result<Box<dyn Distro>, DistroError> {
    let families = [&rhel::FAMILY, &debian::FAMILY];
    let created = families.iter().find_map(|family| family.create(system, name, info));
    created.expect("a distribution of the two families")
}

/// A Debian image as it lies on the disk before the first boot.
pub fn image() -> Scratch {
    let mut root = Scratch::new()
        .file("/etc/os-release", "ID=debian\nVERSION_ID=\"13\"\nVERSION_CODENAME=trixie\n")
        .file("/etc/cloud/cloud.cfg", include_str!("cloud.cfg"))
        .file("/etc/hostname", "localhost\n")
        .file("/etc/hosts", "127.0.0.1 localhost\n")
        .file("/etc/fstab", "LABEL=root / ext4 defaults 0 1\n")
        .file("/etc/passwd", "root:x:0:0:root:/root:/bin/bash\n")
        .file("/etc/shadow", "root:*:19675:0:99999:7:::\n")
        .file("/etc/group", "root:x:0:\nadm:x:4:\nsudo:x:27:\n")
        .file("/etc/ssh/sshd_config", "PasswordAuthentication yes\n")
        .file("/etc/ssh/ssh_host_rsa_key", "the key of the image\n")
        .file("/etc/sudoers", "root ALL=(ALL) ALL\n@includedir /etc/sudoers.d\n")
        .file("/usr/share/zoneinfo/Europe/Berlin", "TZif")
        .file("/proc/cmdline", "root=LABEL=root ro\n")
        .file("/proc/mounts", "/dev/vda1 / ext4 rw 0 0\n")
        .file("/proc/self/mountinfo", "22 1 252:1 / / rw shared:1 - ext4 /dev/vda1 rw\n")
        .file("/sys/class/net/lo/address", "00:00:00:00:00:00\n")
        .file("/sys/class/net/lo/type", "772\n")
        .link("/sys/class/net/eth0/device/driver", "/sys/bus/virtio/drivers/virtio_net")
        .node("/dev/urandom")
        .directory("/etc/sudoers.d")
        .directory("/root")
        .directory("/home");
    for (name, value) in [
        ("address", "fa:16:3e:00:00:01"),
        ("operstate", "down"),
        ("carrier", "0"),
        ("addr_assign_type", "0"),
        ("name_assign_type", "3"),
        ("type", "1"),
        ("mtu", "1500"),
        ("uevent", "INTERFACE=eth0\nIFINDEX=2\n"),
        ("device/uevent", ""),
    ] {
        root = root.file(&format!("/sys/class/net/eth0/{name}"), format!("{value}\n"));
    }
    for program in [
        "bin/sh",
        "bin/chage",
        "bin/getent",
        "bin/hostname",
        "bin/hostnamectl",
        "bin/passwd",
        "bin/ssh-keygen",
        "bin/systemctl",
        "bin/udevadm",
        "sbin/chpasswd",
        "sbin/groupadd",
        "sbin/ip",
        "sbin/shutdown",
        "sbin/sshd",
        "sbin/useradd",
        "sbin/usermod",
        "bin/mount",
        "bin/apt-get",
        "bin/apt-cache",
        "sbin/netplan",
        "sbin/dhcpcd",
        "sbin/locale-gen",
        "sbin/update-locale",
    ] {
        root = root.program(&format!("/usr/{program}"));
    }
    root.program("/bin/sh")
}

/// A CentOS 7 image, whose network is described by ifcfg files.
pub fn centos() -> Scratch {
    image()
        .file("/etc/os-release", "ID=\"centos\"\nVERSION_ID=\"7\"\n")
        .file("/etc/cloud/cloud.cfg", include_str!("cloud.cfg").replace("distro: debian", "distro: centos"))
        .program("/usr/bin/yum")
        .program("/usr/sbin/ifup")
        .program("/usr/sbin/ifdown")
        .directory("/etc/sysconfig/network-scripts")
        .file("/etc/sysconfig/network", "# Created by anaconda\n")
        .program("/etc/sysconfig/network-scripts/network-functions")
}

/// A seed with this id and this user-data.
pub fn seeded(root: Scratch, id: &str, user_data: impl AsRef<[u8]>) -> Scratch {
    root.file(&format!("{SEED}/meta-data"), format!("instance-id: {id}\nlocal-hostname: {id}-host\n"))
        .file(&format!("{SEED}/user-data"), user_data)
}

/// What stands at a path; the content of a link is its target.
pub struct Item {
    /// File, directory, link or device.
    pub kind: FileKind,
    /// Permission bits.
    pub mode: u32,
    /// Owner's numbers.
    pub owner: (u32, u32),
    /// The bytes.
    pub content: Vec<u8>,
}

/// What happens between two stages.
pub type AfterStage = Box<dyn Fn(&Machine, Stage)>;

/// One machine over all its boots.
pub struct Machine {
    system: System,
    /// Its supply.
    pub power: Power,
    /// What the program is built with.
    pub registry: Registry,
    /// What ds-identify leaves.
    pub datasource_list: &'static str,
    /// `--force` of each stage.
    pub force: bool,
    /// What happens after each stage.
    pub after_stage: AfterStage,
}

/// What a boot came to.
pub struct Booted {
    /// Errors of each stage that ran.
    pub errors: Vec<(Stage, Vec<String>)>,
    /// Everything logged.
    pub log: Vec<(Level, String)>,
    /// Modules that ran.
    pub modules: Vec<String>,
    /// Commands that ran.
    pub commands: Vec<String>,
}

impl Booted {
    /// Warnings and errors of the log.
    pub fn warnings(&self) -> Vec<&str> {
        self.log.iter().filter(|(level, _)| *level <= Level::WARN).map(|(_, text)| text.as_str()).collect()
    }

    /// Fails unless a warning holds this.
    pub fn warned(&self, text: &str) {
        assert!(
            self.warnings().iter().any(|line| line.contains(text)),
            "no warning has {text:?}: {:#?}",
            self.warnings()
        );
    }

    /// Whether a command line holds this.
    pub fn ran(&self, text: &str) -> bool {
        self.commands.iter().any(|line| line.contains(text))
    }

    /// Every error.
    pub fn all_errors(&self) -> Vec<&str> {
        self.errors.iter().flat_map(|(_, errors)| errors).map(String::as_str).collect()
    }
}

impl Machine {
    /// A machine of this image whose network is silent.
    pub fn new(root: Scratch) -> Self {
        Self::made(root.system().0)
    }

    /// A machine of this image with a network.
    pub fn with_http(root: Scratch, http: Arc<dyn Http>) -> Self {
        Self::made(root.system_with(http).0)
    }

    fn made(system: System) -> Self {
        Self {
            system,
            power: Power::default(),
            registry: registry(),
            datasource_list: "NoCloud, None",
            force: false,
            after_stage: Box::new(|_, _| {}),
        }
    }

    /// One boot, to its end.
    pub fn boot(&self) -> Booted {
        self.boot_with(None).unwrap_or_else(|_| panic!("no limit was set"))
    }

    /// A boot of which this many effects happen. `Err` when the power was cut before its end.
    pub fn boot_with(&self, effects: Option<usize>) -> Result<Booted, Booted> {
        self.power_up();
        self.power.restore(effects);
        let system = self.power.feed(&self.system);
        let lines = Lines::default();
        let mut errors = Vec::new();
        let ended = catch_unwind(AssertUnwindSafe(|| {
            for stage in [Stage::Local, Stage::Network, Stage::Config, Stage::Final] {
                // Each stage is a process: it notes its own warnings.
                let recoverable = Recoverable::default();
                let log = Log::new(&lines, &recoverable);
                let subscriber = tracing_subscriber::registry().with(log);
                let ran = tracing::subscriber::with_default(subscriber, || {
                    self.stage(&system, stage, &recoverable)
                });
                errors.push((stage, ran));
                (self.after_stage)(self, stage);
            }
        }));
        let booted = Booted {
            errors,
            log: lines.taken(),
            modules: self.power.modules(),
            commands: self.power.commands(),
        };
        match ended {
            Ok(()) => Ok(booted),
            Err(cut) if cut.is::<Cut>() => Err(booted),
            Err(panic) => resume_unwind(panic),
        }
    }

    /// One stage as the command runs it, between the two writings of status.json.
    fn stage(&self, system: &System, stage: Stage, recoverable: &Recoverable) -> Vec<String> {
        let loader = config::Loader::new(system, Vec::new());
        let paths = loader.paths(&loader.base());
        let status = StatusFile::begin(system, &paths, stage, recoverable).expect("status.json");
        let ran =
            Boot::new(system, &self.registry, stage, Vec::new(), self.force).and_then(
                |mut boot| match stage {
                    Stage::Local => boot.local(&mut NoHooks),
                    Stage::Network => boot.network(&mut NoHooks),
                    Stage::Config => boot.modules("config", &mut NoHooks),
                    _ => boot.modules("final", &mut NoHooks),
                },
            );
        let (datasource, errors) = match ran {
            Ok(outcome) => (outcome.datasource, outcome.errors),
            Err(error) => (None, vec![error.to_string()]),
        };
        status.finish(datasource.as_deref(), &errors).expect("status.json");
        errors
    }

    /// What the machine does before the first stage: /run is empty, ds-identify has run.
    fn power_up(&self) {
        let files = &self.system.files;
        for directory in ["/run", "/proc/sys"] {
            files.remove(Path::new(directory)).expect("removed");
        }
        files.create_dir(Path::new("/run/systemd/system"), None).expect("made");
        self.put("/run/cloud-init/cloud.cfg", &format!("datasource_list: [ {} ]\n", self.datasource_list));
    }

    /// The running machine, for what happens after its boot.
    pub fn powered(&self) -> System {
        self.power.restore(None);
        self.power.feed(&self.system)
    }

    /// Changes a file between two boots.
    pub fn put(&self, path: &str, content: &str) {
        self.system
            .files
            .write(Path::new(path), content.as_bytes(), &Attributes::default())
            .expect("written");
    }

    /// Removes something between two boots.
    pub fn remove(&self, path: &str) {
        self.system.files.remove(Path::new(path)).expect("removed");
    }

    /// A file's text.
    pub fn text(&self, path: &str) -> Option<String> {
        self.system.files.text(Path::new(path))
    }

    /// Whether something is there.
    pub fn has(&self, path: &str) -> bool {
        self.system.files.exists(Path::new(path))
    }

    /// A file's mode.
    pub fn mode(&self, path: &str) -> Option<u32> {
        self.system.files.stat(Path::new(path)).expect("readable").map(|found| found.mode)
    }

    /// A JSON document below the run directory.
    pub fn json(&self, path: &str) -> Value {
        let text = self.text(path).unwrap_or_else(|| panic!("{path} is there"));
        serde_json::from_str(&text).unwrap_or_else(|error| panic!("{path} is whole: {error}: {text}"))
    }

    /// The id of the instance that this machine takes itself for.
    pub fn id(&self) -> String {
        self.text("/var/lib/cloud/data/instance-id").unwrap_or_default().trim().to_owned()
    }

    /// Everything below the root that is on a disk.
    pub fn disk(&self) -> BTreeMap<PathBuf, Item> {
        let mut found = BTreeMap::new();
        self.collect(Path::new("/"), &mut found);
        found
    }

    fn collect(&self, directory: &Path, found: &mut BTreeMap<PathBuf, Item>) {
        let files = &self.system.files;
        for name in files.list(directory).expect("a directory") {
            let path = directory.join(name);
            let Some(metadata) = files.lstat(&path).expect("readable") else { continue };
            if ["/proc", "/sys", "/dev"].iter().any(|other| path == Path::new(other)) {
                continue;
            }
            let content = match metadata.kind {
                FileKind::Directory => {
                    self.collect(&path, found);
                    Vec::new()
                }
                FileKind::Link => {
                    let target = files.read_link(&path).expect("a link");
                    target.to_string_lossy().into_owned().into_bytes()
                }
                FileKind::File | FileKind::Special => files.read(&path).expect("readable"),
            };
            let owner = (metadata.uid, metadata.gid);
            found.insert(path, Item { kind: metadata.kind, mode: metadata.mode, owner, content });
        }
    }
}
