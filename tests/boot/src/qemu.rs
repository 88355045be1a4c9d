//! The virtual machine tier: QEMU in software emulation, with a disk of its own for each scenario.
//!
//! Kernel and initrd are given to QEMU directly, file systems are written without mounting anything on the host.

use std::fs;
use std::io::Write as _;
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::Duration;

use crate::cache::{Cache, remove, write};
use crate::check::{Around, check};
use crate::cloud::Laid;
use crate::facts::Facts;
use crate::nspawn::{image_keys, service};
use crate::scenario::{Boot, Scenario, Volume};
use crate::wire::SERVICE;
use crate::{Error, Options, command, file};

/// Longest time of a boot, in seconds.
const LIMIT: &str = "600";
/// Size of a disk, in bytes.
const DISK: u64 = 4 << 30;
/// Size of the root's file system before it grows, in bytes: partition 1 begins after one mebibyte.
const ROOT: u64 = 2 << 30;
const SECTOR: u64 = 512;
const MEBIBYTE: u64 = 1 << 20;
const LABEL: &str = "cloudimg-rootfs";
/// A network that contains the link-local addresses and Azure's WireServer, 168.63.129.16.
const NETWORK: &str = ",net=168.0.0.0/7,host=169.254.0.2,dhcpstart=169.254.0.15";
const HARDWARE: &str = "52:54:00:12:34:56";
/// What a probe writes to the serial line to get the link that the scenario plugs in.
const PLUG: &str = "plug";
/// How often the serial line is looked at.
const GLANCE: Duration = Duration::from_millis(500);

struct Machine<'a> {
    options: &'a Options,
    cache: &'a Cache,
    scenario: &'a Scenario,
    directory: PathBuf,
    /// What its cloud asks for.
    laid: Laid,
}

/// Runs a scenario and returns the differences.
pub fn run(options: &Options, cache: &Cache, scenario: &Scenario) -> Result<Vec<String>, Error> {
    let directory = cache.machine(&scenario.name);
    remove(&directory)?;
    fs::create_dir_all(&directory).map_err(file(directory.display().to_string()))?;
    let mut machine = Machine { options, cache, scenario, directory, laid: Laid::default() };
    if let Some(case) = &scenario.cloud {
        let personality = machine.path("personality");
        fs::create_dir_all(&personality).map_err(file(personality.display().to_string()))?;
        machine.laid = Laid::new(case, &personality)?;
    }
    let mut log = String::new();
    let outcome = machine.boots(&mut log);
    let path = cache.log(&scenario.name);
    fs::write(&path, log).map_err(file(path.display().to_string()))?;
    if !options.keep {
        remove(&machine.directory)?;
    }
    outcome
}

/// Serves one connection of a machine to the metadata service of its boot; QEMU starts this for each.
pub fn serve(options: &Options) -> Result<(), Error> {
    let [name, index] = options.names.as_slice() else {
        return Err(Error::Usage("serve needs a scenario and the number of a boot".into()));
    };
    let scenario = Scenario::named(&options.scenarios, name)?;
    let boot = index.parse::<usize>().ok().and_then(|index| scenario.boots.get(index));
    let wanted = boot.and_then(|boot| boot.service.as_ref());
    let wanted = wanted.ok_or_else(|| Error::Usage(format!("boot {index} of {name} has no service")))?;
    let mut config = service(&scenario, wanted)?;
    config.log = Some(Cache::new(options)?.machine(name).join(format!("requests-{index}")));
    metadata_service::serve_stdio(config);
    Ok(())
}

impl Machine<'_> {
    fn path(&self, name: &str) -> PathBuf {
        self.directory.join(name)
    }

    fn boots(&self, log: &mut String) -> Result<Vec<String>, Error> {
        self.disk()?;
        let iso = self.scenario.disk.iso.as_ref().map(|volume| self.volume(volume)).transpose()?;
        let mut questions = self.scenario.questions();
        // A disk has whole sectors; the reader drops the zeros.
        questions.push_str(&"\0".repeat((SECTOR - questions.len() as u64 % SECTOR) as usize));
        let path = self.path("questions");
        fs::write(&path, questions).map_err(file(path.display().to_string()))?;
        let mut host_keys = image_keys(&self.cache.base());
        let mut differences = Vec::new();
        for (index, boot) in self.scenario.boots.iter().enumerate() {
            let facts = self.boot(index, boot, iso.as_deref(), log)?;
            let requests = fs::read_to_string(self.path(&format!("requests-{index}"))).unwrap_or_default();
            let requests = requests.lines().map(|line| line.split(' ').take(3).collect::<Vec<_>>().join(" "));
            let around = Around { host_keys: std::mem::take(&mut host_keys), requests: requests.collect() };
            let found = check(&boot.expect, &facts, &around);
            differences.extend(found.into_iter().map(|text| format!("boot {}: {text}", index + 1)));
            host_keys = facts.host_keys();
            for name in ["status", "failed-units", "analyze", "units", "addresses", "output", "log"] {
                log.push_str(&format!("##### {name}\n{}\n", facts.text(name)));
            }
            if self.options.facts {
                println!("{} boot {}: {}", self.scenario.name, index + 1, facts.text("analyze").trim_end());
                println!("{}", facts.text("units").trim_end());
            }
        }
        Ok(differences)
    }

    /// The disk: the root's file system on the first partition, and a volume on the last one when there is one.
    fn disk(&self) -> Result<(), Error> {
        let root = self.file_system()?;
        let disk = self.path("disk.raw");
        let file_of = fs::File::create(&disk).map_err(file(disk.display().to_string()))?;
        file_of.set_len(DISK).map_err(file(disk.display().to_string()))?;
        let last =
            self.scenario.disk.last_partition.as_ref().map(|volume| self.volume(volume)).transpose()?;
        let (first, size) = (MEBIBYTE / SECTOR, ROOT / SECTOR);
        let mut table = format!("label: gpt\nstart={first}, size={size}, type=linux, name=root\n");
        // One mebibyte at the end stays for the second copy of the table.
        let room = 64 * MEBIBYTE;
        let start = DISK - room - MEBIBYTE;
        if last.is_some() {
            table.push_str(&format!(
                "start={}, size={}, type=linux, name=config\n",
                start / SECTOR,
                room / SECTOR
            ));
        }
        let script = self.path("table");
        fs::write(&script, table).map_err(file(script.display().to_string()))?;
        let words = ["sh", "-c", "exec sfdisk -q \"$1\" <\"$2\"", "sh"];
        command::run(command::command(&words).args([&disk, &script]))?;
        put(&root, &disk, MEBIBYTE)?;
        last.map_or(Ok(()), |volume| put(&volume, &disk, start))?;
        for (number, size) in self.scenario.disk.empty.iter().enumerate() {
            let path = self.path(&format!("empty{number}"));
            let made = fs::File::create(&path).and_then(|empty| empty.set_len(size * MEBIBYTE));
            made.map_err(file(path.display().to_string()))?;
        }
        remove_file(&root)
    }

    /// The root with everything over it as an ext4 file system.
    fn file_system(&self) -> Result<PathBuf, Error> {
        let personality = self.path("personality");
        write(&personality, "etc/fstab", &format!("LABEL={LABEL} / ext4 rw,errors=remount-ro 0 1\n"), 0o644)?;
        if let Some(image) = &self.scenario.image {
            crate::nspawn::copy(&self.scenario.directory.join(image), &personality)?;
        }
        let layers = [
            Some(personality),
            Some(self.cache.guest()),
            self.cache.subject()?,
            self.cache.packages(&self.scenario.packages),
            Some(self.cache.base()),
        ];
        let layers: Vec<String> =
            layers.into_iter().flatten().map(|path| path.display().to_string()).collect();
        let target = self.path("root.ext4");
        let mounted = self.path("root");
        fs::create_dir_all(&mounted).map_err(file(mounted.display().to_string()))?;
        let script = "mount -t overlay overlay -o \"lowerdir=$1\" \"$2\" && \
            exec mke2fs -q -t ext4 -L \"$5\" -d \"$2\" \"$3\" \"$4\"";
        let words = ["unshare", "--mount", "--propagation", "private", "sh", "-c", script, "sh"];
        let size = format!("{}M", ROOT / MEBIBYTE);
        command::run(
            command::command(&words).arg(layers.join(":")).arg(mounted).arg(&target).args([&size, LABEL]),
        )?;
        Ok(target)
    }

    fn volume(&self, volume: &Volume) -> Result<PathBuf, Error> {
        let target = self.path(&format!("{}.iso", volume.label));
        let make = ["genisoimage", "-quiet", "-joliet", "-rock", "-volid", &volume.label, "-output"];
        let content = self.scenario.directory.join(&volume.content);
        command::run(command::command(&make).arg(&target).arg(content))?;
        Ok(target)
    }

    fn boot(&self, index: usize, boot: &Boot, iso: Option<&Path>, log: &mut String) -> Result<Facts, Error> {
        let (report, serial) = (self.path("facts"), self.path("serial"));
        let (kernel, initrd) = (self.kernel("vmlinuz-")?, self.kernel("initrd.img-")?);
        let mut qemu = Command::new("setpriv");
        // A process namespace ends all that is in it, the programs of the metadata service too.
        qemu.args(["--pdeathsig", "KILL", "unshare", "--pid", "--fork", "--kill-child", "--"])
            .args(["timeout", "-k", "5", LIMIT, "qemu-system-x86_64"])
            .args(["-accel", "tcg,thread=multi,tb-size=512", "-machine", "q35", "-cpu", "qemu64"])
            .args(["-m", "1024", "-smp", "2", "-display", "none", "-no-reboot"])
            .arg("-kernel")
            .arg(kernel)
            .arg("-initrd")
            .arg(initrd)
            .args(["-append", &self.arguments()])
            .args(["-device", "virtio-rng-pci", "-device", "virtio-serial-pci"])
            .args(["-chardev", &format!("file,id=report,path={}", report.display())])
            .args(["-device", "virtserialport,chardev=report,name=report"])
            .args(["-serial", &format!("file:{}", serial.display())]);
        drive(&mut qemu, &self.path("disk.raw"), "root", "cache=unsafe");
        drive(&mut qemu, &self.path("questions"), "questions", "readonly=on");
        if let Some(iso) = iso {
            drive(&mut qemu, iso, "seed", "readonly=on");
        }
        for number in 0..self.scenario.disk.empty.len() {
            let name = format!("empty{number}");
            drive(&mut qemu, &self.path(&name), &name, "cache=unsafe");
        }
        self.network(&mut qemu, index, boot)?;
        for option in smbios(self.scenario, &self.laid) {
            qemu.args(["-smbios", &option]);
        }
        for (name, path) in &self.scenario.fw_cfg {
            let path = self.scenario.directory.join(path);
            let path = path.display().to_string().replace(',', ",,");
            qemu.args(["-fw_cfg", &format!("name={name},file={path}")]);
        }
        let machine = qemu
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(fs::File::create(self.path("errors")).map_err(file("errors"))?)
            .spawn()
            .map_err(file("qemu"))?;
        let status = self.attend(machine)?;
        for name in ["errors", "serial"] {
            let text = fs::read(self.path(name)).unwrap_or_default();
            log.push_str(&format!("##### boot {}: {name}\n{}\n", index + 1, String::from_utf8_lossy(&text)));
        }
        let bytes = fs::read(&report).unwrap_or_default();
        Facts::parse(&bytes).ok_or_else(|| {
            Error::Machine(format!("boot {}: no whole report within {LIMIT} s; QEMU: {status}", index + 1))
        })
    }

    fn arguments(&self) -> String {
        let own = format!("root=LABEL={LABEL} rw console=ttyS0 mitigations=off quiet");
        std::iter::once(own).chain(self.scenario.arguments.iter().cloned()).collect::<Vec<_>>().join(" ")
    }

    /// A link with DHCP, behind which only the metadata service is.
    fn network(&self, qemu: &mut Command, index: usize, boot: &Boot) -> Result<(), Error> {
        let mut network = "user,id=net,restrict=on,ipv6=off".to_owned();
        if boot.service.is_some() {
            let program = std::env::current_exe().map_err(file("this program"))?;
            let serve = format!(
                "{} serve {} {index} --cache {} --scenarios {}",
                program.display(),
                self.scenario.name,
                self.options.cache.display(),
                self.options.scenarios.display()
            );
            // A comma in a value is written twice.
            let serve = serve.replace(',', ",,");
            network.push_str(NETWORK);
            for address in self.services() {
                network.push_str(&format!(",guestfwd=tcp:{address}-cmd:{serve}"));
            }
        }
        qemu.args(["-netdev", &network]);
        qemu.args(["-device", &format!("virtio-net-pci,netdev=net,mac={HARDWARE},romfile=")]);
        for (number, mac) in self.scenario.links.iter().enumerate() {
            // A hub without another port: a carrier, and nobody there.
            qemu.args(["-netdev", &format!("hubport,id=link{number},hubid={}", number + 1)]);
            qemu.args(["-device", &format!("virtio-net-pci,netdev=link{number},mac={mac},romfile=")]);
        }
        if self.scenario.plugged.is_some() {
            qemu.args(["-netdev", "hubport,id=plugged,hubid=100"]);
            qemu.args(["-device", "pcie-root-port,id=bay,chassis=1"]);
            qemu.args(["-monitor", &format!("unix:{},server=on,wait=off", self.path("monitor").display())]);
        } else {
            qemu.args(["-monitor", "none"]);
        }
        Ok(())
    }

    /// Where the service answers; the network has IPv4 only.
    fn services(&self) -> Vec<String> {
        if self.laid.listen.is_empty() {
            return vec![format!("{SERVICE}:80")];
        }
        self.laid.listen.iter().filter(|address| !address.starts_with('[')).cloned().collect()
    }

    /// Waits for the machine's end; plugs the scenario's link in when a probe asks for it.
    fn attend(&self, mut machine: Child) -> Result<ExitStatus, Error> {
        let mut wanted = self.scenario.plugged.as_ref();
        loop {
            let ended = if wanted.is_none() { machine.wait().map(Some) } else { machine.try_wait() }
                .map_err(file("qemu"))?;
            if let Some(status) = ended {
                return Ok(status);
            }
            let serial = fs::read(self.path("serial")).unwrap_or_default();
            let asked = String::from_utf8_lossy(&serial).lines().any(|line| line.trim_end() == PLUG);
            if let Some(mac) = wanted.filter(|_| asked) {
                let mut monitor =
                    UnixStream::connect(self.path("monitor")).map_err(file("QEMU's monitor"))?;
                let line =
                    format!("device_add virtio-net-pci,id=new,bus=bay,netdev=plugged,mac={mac},romfile=\n");
                monitor.write_all(line.as_bytes()).map_err(file("QEMU's monitor"))?;
                wanted = None;
            }
            std::thread::sleep(GLANCE);
        }
    }

    fn kernel(&self, prefix: &str) -> Result<PathBuf, Error> {
        let boot = self.cache.base().join("boot");
        let entries = fs::read_dir(&boot).map_err(file(boot.display().to_string()))?;
        let mut names = entries.flatten().map(|entry| entry.path());
        let found = names
            .find(|path| path.file_name().is_some_and(|name| name.to_string_lossy().starts_with(prefix)));
        found.ok_or_else(|| Error::Machine(format!("no {prefix}* in {}", boot.display())))
    }
}

fn drive(qemu: &mut Command, path: &Path, serial: &str, option: &str) {
    qemu.args(["-drive", &format!("file={},if=none,id={serial},format=raw,{option}", path.display())]);
    qemu.args(["-device", &format!("virtio-blk-pci,drive={serial},serial={serial}")]);
}

/// Copies a file system to its place on a disk, holes apart.
fn put(from: &Path, disk: &Path, offset: u64) -> Result<(), Error> {
    let seek = format!("seek={}", offset / MEBIBYTE);
    command::run(
        command::command(&["dd", "bs=1M", "conv=notrunc,sparse", "status=none", &seek])
            .arg(format!("if={}", from.display()))
            .arg(format!("of={}", disk.display())),
    )
    .map(drop)
}

fn remove_file(path: &Path) -> Result<(), Error> {
    fs::remove_file(path).map_err(file(path.display().to_string()))
}

/// DMI fields by their names in sysfs as QEMU's tables.
fn smbios(scenario: &Scenario, laid: &Laid) -> Vec<String> {
    const FIELDS: &[(&str, u8, &str)] = &[
        ("sys_vendor", 1, "manufacturer"),
        ("product_name", 1, "product"),
        ("product_version", 1, "version"),
        ("product_serial", 1, "serial"),
        ("product_uuid", 1, "uuid"),
        ("board_asset_tag", 2, "asset"),
        ("chassis_asset_tag", 3, "asset"),
    ];
    let mut tables: Vec<(u8, String)> = Vec::new();
    for (name, number, option) in FIELDS {
        let Some(value) = scenario.dmi.get(*name).or_else(|| laid.dmi.get(*name)) else { continue };
        let field = format!(",{option}={}", value.replace(',', ",,"));
        match tables.iter_mut().find(|(known, _)| known == number) {
            Some((_, text)) => text.push_str(&field),
            None => tables.push((*number, format!("type={number}{field}"))),
        }
    }
    let strings =
        scenario.oem_strings.iter().map(|text| format!("type=11,value={}", text.replace(',', ",,")));
    tables.into_iter().map(|(_, text)| text).chain(strings).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dmi_becomes_tables() {
        let scenario: Scenario = serde_json::from_value(serde_json::json!({
            "about": "x", "tier": "qemu", "boots": [],
            "dmi": {"sys_vendor": "A, Inc.", "product_name": "B", "chassis_asset_tag": "C"},
        }))
        .expect("a scenario");
        assert_eq!(
            smbios(&scenario, &Laid::default()),
            ["type=1,manufacturer=A,, Inc.,product=B", "type=3,asset=C"]
        );
    }
}
