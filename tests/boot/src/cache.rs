//! Roots that are built once: Debian's, and the layers that go over it.

use std::fs;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::{Path, PathBuf};

use crate::command::{self, is_installed};
use crate::{Error, Options, file};

/// What a root holds; the original with it.
const PACKAGES: &str = "systemd,systemd-sysv,systemd-resolved,udev,dbus,linux-image-cloud-amd64,initramfs-tools,\
    openssh-server,iproute2,iputils-ping,sudo,cloud-init,cloud-guest-utils,dhcpcd-base,gdisk,fdisk,e2fsprogs,time,\
    ca-certificates,locales,procps,less,kmod,netplan.io,ifupdown,ifenslave,vlan";
const SUITE: &str = "trixie";

/// Programs of the host with the packages that have them.
const TOOLS: &[(&str, &str)] = &[
    ("mmdebstrap", "mmdebstrap"),
    ("systemd-nspawn", "systemd-container"),
    ("unshare", "util-linux"),
    ("ip", "iproute2"),
    ("dnsmasq", "dnsmasq-base"),
    ("genisoimage", "genisoimage"),
    ("mke2fs", "e2fsprogs"),
    ("sfdisk", "fdisk"),
    ("sgdisk", "gdisk"),
    ("qemu-img", "qemu-utils"),
    ("qemu-system-x86_64", "qemu-system-x86"),
];
const BACKPORTS: &str = "/etc/apt/sources.list.d/bookworm-backports.list";

/// Where roots, layers, logs and machines are.
#[derive(Debug, Clone)]
pub struct Cache {
    directory: PathBuf,
    subject: Option<PathBuf>,
}

impl Cache {
    /// The cache that the options name.
    pub fn new(options: &Options) -> Result<Self, Error> {
        let cache = Self { directory: options.cache.clone(), subject: options.subject.0.clone() };
        for name in ["layers", "logs", "machines"] {
            let path = cache.directory.join(name);
            fs::create_dir_all(&path).map_err(file(path.display().to_string()))?;
        }
        Ok(cache)
    }

    /// Debian's root, unpacked.
    pub fn base(&self) -> PathBuf {
        self.directory.join(SUITE)
    }

    /// What a machine needs to report.
    pub fn guest(&self) -> PathBuf {
        self.directory.join("layers/guest")
    }

    /// What replacing the original by the subject changes; `None` for the original.
    pub fn subject(&self) -> Result<Option<PathBuf>, Error> {
        let Some(package) = &self.subject else { return Ok(None) };
        let content = fs::read(package).map_err(file(package.display().to_string()))?;
        let mut hasher = DefaultHasher::new();
        content.hash(&mut hasher);
        Ok(Some(self.directory.join(format!("layers/subject-{:016x}", hasher.finish()))))
    }

    /// What installing further packages over the base changes; `None` for no packages.
    pub fn packages(&self, names: &[String]) -> Option<PathBuf> {
        (!names.is_empty()).then(|| self.directory.join(format!("layers/packages-{}", names.join("-"))))
    }

    /// A machine's own directory.
    pub fn machine(&self, name: &str) -> PathBuf {
        self.directory.join("machines").join(name)
    }

    /// Where a machine's log goes.
    pub fn log(&self, name: &str) -> PathBuf {
        self.directory.join("logs").join(format!("{name}.log"))
    }

    /// Installs what the host lacks, and builds what the cache lacks.
    pub fn prepare(&self) -> Result<(), Error> {
        install_tools()?;
        let base = self.base();
        if !base.join("etc/os-release").exists() {
            println!("building the {SUITE} root");
            let tar = self.directory.join("root.tar");
            let include = format!("--include={}", PACKAGES.replace(' ', ""));
            command::run(
                command::command(&[
                    "mmdebstrap",
                    "--mode=root",
                    "--variant=minbase",
                    "--aptopt=APT::Install-Recommends \"false\"",
                    &include,
                    "--components=main",
                    SUITE,
                ])
                .arg(&tar),
            )?;
            let part = self.directory.join("unpacking");
            remove(&part)?;
            fs::create_dir_all(&part).map_err(file("unpacking"))?;
            command::run(
                command::command(&["tar", "--numeric-owner", "-xf"]).arg(&tar).arg("-C").arg(&part),
            )?;
            fs::rename(&part, &base).map_err(file(base.display().to_string()))?;
            fs::remove_file(&tar).map_err(file("root.tar"))?;
        }
        self.build_guest()?;
        let Some(layer) = self.subject()?.filter(|layer| !layer.exists()) else { return Ok(()) };
        println!(
            "replacing the original by {}",
            self.subject.as_deref().map_or("?".into(), Path::to_string_lossy)
        );
        self.build_subject(&layer)
    }

    fn build_guest(&self) -> Result<(), Error> {
        let guest = self.guest();
        remove(&guest)?;
        let units = "etc/systemd/system";
        write(&guest, "etc/boot-report/report.sh", include_str!("../guest/report.sh"), 0o755)?;
        write(
            &guest,
            &format!("{units}/boot-report.service"),
            include_str!("../guest/boot-report.service"),
            0o644,
        )?;
        link(
            &guest,
            &format!("{units}/multi-user.target.wants/boot-report.service"),
            "../boot-report.service",
        )?;
        let accounting = "[Manager]\nDefaultCPUAccounting=yes\nDefaultMemoryAccounting=yes\n";
        write(&guest, "etc/systemd/system.conf.d/accounting.conf", accounting, 0o644)?;
        // Timers of the distribution would run beside what is measured.
        for unit in ["apt-daily.timer", "apt-daily-upgrade.timer", "e2scrub_all.timer", "fstrim.timer"] {
            link(&guest, &format!("{units}/{unit}"), "/dev/null")?;
        }
        write(&guest, "etc/machine-id", "", 0o444)?;
        write(&guest, "etc/hostname", "localhost\n", 0o644)
    }

    /// Installs the subject over the base in namespaces of its own and keeps the difference.
    fn build_subject(&self, layer: &Path) -> Result<(), Error> {
        let part = self.directory.join("layers/building");
        remove(&part)?;
        for name in ["upper", "work", "root"] {
            fs::create_dir_all(part.join(name)).map_err(file("layers/building"))?;
        }
        let script = "set -e; mount -t overlay overlay -o lowerdir=\"$1\",upperdir=\"$2/upper\",workdir=\"$2/work\" \"$2/root\"
            rm -f \"$2/root/etc/resolv.conf\"
            chroot \"$2/root\" dpkg --force-depends --purge cloud-init
            cp \"$3\" \"$2/root/subject.deb\"; chroot \"$2/root\" dpkg -i /subject.deb; rm \"$2/root/subject.deb\"";
        let package = self.subject.as_deref().unwrap_or(layer);
        command::run(
            command::command(&["unshare", "--mount", "--propagation", "private", "sh", "-c", script, "sh"])
                .args([&self.base(), &part])
                .arg(package),
        )?;
        fs::rename(part.join("upper"), layer).map_err(file(layer.display().to_string()))?;
        remove(&part)
    }

    /// Installs further packages over the base, where no earlier run did, and keeps the difference.
    pub fn prepare_packages(&self, names: &[String]) -> Result<(), Error> {
        let Some(layer) = self.packages(names).filter(|layer| !layer.exists()) else { return Ok(()) };
        println!("installing {} into a layer of its own", names.join(" "));
        let part = self.directory.join("layers/installing");
        remove(&part)?;
        for name in ["upper", "work", "root"] {
            fs::create_dir_all(part.join(name)).map_err(file("layers/installing"))?;
        }
        // The host's way to the mirror is lent for the installation only.
        let script = "set -e; mount -t overlay overlay -o lowerdir=\"$1\",upperdir=\"$2/upper\",workdir=\"$2/work\" \"$2/root\"
            root=$2/root; shift 2
            rm -f \"$root/etc/resolv.conf\"; cp -L /etc/resolv.conf \"$root/etc/resolv.conf\"
            mount -t proc proc \"$root/proc\"
            export DEBIAN_FRONTEND=noninteractive
            chroot \"$root\" apt-get -q -o Acquire::Retries=3 update
            chroot \"$root\" apt-get -q -y -o Acquire::Retries=3 --no-install-recommends install \"$@\"
            rm -rf \"$root/etc/resolv.conf\" \"$root\"/var/cache/apt/*.bin \"$root\"/var/cache/apt/archives/*.deb";
        command::run(
            command::command(&["unshare", "--mount", "--propagation", "private", "sh", "-c", script, "sh"])
                .args([&self.base(), &part])
                .args(names),
        )?;
        fs::rename(part.join("upper"), &layer).map_err(file(layer.display().to_string()))?;
        remove(&part)
    }

    /// Puts the subject into a running root's place, as an upgrade does.
    pub fn upgrade(&self, root: &Path) -> Result<(), Error> {
        let Some(package) = &self.subject else { return Ok(()) };
        fs::copy(package, root.join("subject.deb")).map_err(file("copy of the subject"))?;
        let install = "dpkg -i --auto-deconfigure --force-confnew /subject.deb && rm /subject.deb";
        command::run(command::command(&["chroot"]).arg(root).args(["sh", "-c", install])).map(drop)
    }
}

fn install_tools() -> Result<(), Error> {
    let missing: Vec<&str> =
        TOOLS.iter().filter(|(program, _)| !is_installed(program)).map(|(_, package)| *package).collect();
    if missing.is_empty() {
        return Ok(());
    }
    println!("installing {}", missing.join(" "));
    let release = fs::read_to_string("/etc/os-release").map_err(file("/etc/os-release"))?;
    let bookworm = release.contains("VERSION_CODENAME=bookworm");
    if bookworm && !Path::new(BACKPORTS).exists() {
        let line = "deb http://deb.debian.org/debian bookworm-backports main\n";
        fs::write(BACKPORTS, line).map_err(file(BACKPORTS))?;
    }
    command::words(&["apt-get", "update"])?;
    let install = ["apt-get", "install", "-y", "--no-install-recommends"];
    let (emulator, others): (Vec<&str>, Vec<&str>) =
        missing.iter().partition(|name| name.starts_with("qemu-"));
    if !others.is_empty() {
        command::run(command::command(&install).args(others))?;
    }
    if !emulator.is_empty() {
        // Both come from the same place, or they conflict.
        let release: &[&str] = if bookworm { &["-t", "bookworm-backports"] } else { &[] };
        command::run(command::command(&install).args(release).args(emulator))?;
    }
    Ok(())
}

/// Removes a tree, if it is there.
pub fn remove(path: &Path) -> Result<(), Error> {
    match fs::remove_dir_all(path) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
            Err(file(format!("remove {}", path.display()))(error))
        }
        _ => Ok(()),
    }
}

/// Writes a file below a root.
pub fn write(root: &Path, path: &str, content: &str, mode: u32) -> Result<(), Error> {
    let path = root.join(path.trim_start_matches('/'));
    let failed = || path.display().to_string();
    let parent = path.parent().unwrap_or(root);
    fs::create_dir_all(parent).map_err(file(failed()))?;
    fs::write(&path, content).map_err(file(failed()))?;
    fs::set_permissions(&path, fs::Permissions::from_mode(mode)).map_err(file(failed()))
}

fn link(root: &Path, path: &str, target: &str) -> Result<(), Error> {
    let path = root.join(path);
    fs::create_dir_all(path.parent().unwrap_or(root)).map_err(file(path.display().to_string()))?;
    symlink(target, &path).map_err(file(path.display().to_string()))
}
