//! Time, randomness, devices and environment of an overlay.

use std::any::Any;
use std::net::Ipv4Addr;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use model::Stage;
use model::effects::{
    Address, BlockDevice, Clock, DeviceError, Devices, Environment, Ephemeral, EphemeralError, Journal,
    Lease, ReadFiles, Route, Serial, SerialError, SerialPort, Timestamp, Tree, Uname,
};

use super::tree::OverlayFiles;
use super::{EffectKind, Recording};

/// All parts of an overlay except files, commands and requests.
pub(super) struct Machine {
    recording: Recording,
    files: Arc<OverlayFiles>,
    start: Duration,
    /// Total time slept in nanoseconds: sleeping returns immediately.
    slept: AtomicU64,
    random: Mutex<u64>,
    devices: Vec<(BlockDevice, PathBuf)>,
}

impl Machine {
    pub(super) fn new(
        recording: Recording,
        files: Arc<OverlayFiles>,
        start: Duration,
        seed: u64,
        devices: Vec<(BlockDevice, PathBuf)>,
    ) -> Self {
        Self { recording, files, start, slept: AtomicU64::new(0), random: Mutex::new(seed | 1), devices }
    }

    fn slept(&self) -> Duration {
        Duration::from_nanos(self.slept.load(Ordering::Relaxed))
    }
}

impl Clock for Machine {
    fn now(&self) -> Timestamp {
        Timestamp(self.start + self.slept())
    }

    fn monotonic(&self) -> Duration {
        self.slept()
    }

    fn uptime(&self) -> Option<Duration> {
        Some(Duration::from_secs(10) + self.slept())
    }

    fn utc_offset(&self, _at: Timestamp) -> i32 {
        0
    }

    fn sleep(&self, time: Duration) {
        self.slept.fetch_add(u64::try_from(time.as_nanos()).unwrap_or(u64::MAX / 4), Ordering::Relaxed);
    }
}

impl Environment for Machine {
    fn var(&self, name: &str) -> Option<String> {
        (name == "PATH").then(|| "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin".to_owned())
    }

    fn pid(&self) -> u32 {
        1
    }

    fn uid(&self) -> u32 {
        0
    }

    fn uname(&self) -> Uname {
        Uname {
            system: "Linux".into(),
            node: self.files.text(Path::new("/etc/hostname")).unwrap_or_default().trim().to_owned(),
            release: "planned".into(),
            version: "planned".into(),
            machine: "x86_64".into(),
        }
    }

    /// Xorshift: the same bytes for the same seed. Only shown in plans, never used for a real secret.
    fn random(&self, buffer: &mut [u8]) {
        let mut state = self.random.lock().unwrap_or_else(PoisonError::into_inner);
        for byte in buffer {
            *state ^= *state << 13;
            *state ^= *state >> 7;
            *state ^= *state << 17;
            *byte = state.to_le_bytes()[3];
        }
    }

    /// A plan shows effects, not a boot's messages for users.
    fn tell(&self, _text: &str) {}
}

impl Journal for Machine {
    fn enter(&self, stage: Stage, module: Option<&str>) {
        self.recording.enter(stage, module);
    }

    fn note(&self, text: &str) -> bool {
        self.recording.note(text);
        true
    }
}

impl Ephemeral for Machine {
    fn dhcp4(
        &self,
        interface: &str,
        _clients: &[String],
        _limit: Duration,
    ) -> Result<(Lease, Box<dyn Any + Send>), EphemeralError> {
        self.recording
            .push(EffectKind::Ephemeral { what: format!("DHCP on {interface} while the metadata is read") });
        // TEST-NET-2 (RFC 5737): no real lease can have it.
        let lease = Lease {
            interface: interface.to_owned(),
            address: Ipv4Addr::new(198, 51, 100, 10),
            prefix: 24,
            router: Some(Ipv4Addr::new(198, 51, 100, 1)),
            // Azure's primary device has one to the metadata service.
            static_routes: vec![(Ipv4Addr::new(169, 254, 169, 254), 32, Ipv4Addr::new(198, 51, 100, 1))],
            server: Some(Ipv4Addr::new(198, 51, 100, 1)),
            mtu: None,
            option_245: None,
            options: Vec::new(),
        };
        Ok((lease, Box::new(())))
    }

    fn ipv6(
        &self,
        interface: &str,
        _routed: bool,
        _limit: Duration,
    ) -> Result<Box<dyn Any + Send>, EphemeralError> {
        self.recording
            .push(EffectKind::Ephemeral { what: format!("IPv6 on {interface} while the metadata is read") });
        Ok(Box::new(()))
    }

    fn address(
        &self,
        interface: &str,
        address: &Address,
        _routes: &[Route],
    ) -> Result<Box<dyn Any + Send>, EphemeralError> {
        let what =
            format!("{}/{} on {interface} while the metadata is read", address.address, address.prefix);
        self.recording.push(EffectKind::Ephemeral { what });
        Ok(Box::new(()))
    }
}

impl Devices for Machine {
    fn block_devices(&self) -> Result<Vec<BlockDevice>, DeviceError> {
        Ok(self.devices.iter().map(|(device, _)| device.clone()).collect())
    }

    fn open(&self, device: &Path) -> Result<Box<dyn Tree>, DeviceError> {
        let found = self.devices.iter().find(|(candidate, _)| candidate.path == device);
        let (_, directory) = found.ok_or_else(|| DeviceError::Format {
            device: device.to_owned(),
            reason: "no such device in this plan".into(),
        })?;
        Ok(Box::new(Directory { files: self.files.clone(), directory: directory.clone() }))
    }
}

impl Serial for Machine {
    /// The host's answers are unknown: the port is recorded, but not used.
    fn open(&self, port: &Path, _speed: Option<u32>) -> Result<Box<dyn SerialPort>, SerialError> {
        if !self.files.exists(port) {
            return Err(SerialError::Io {
                port: port.to_owned(),
                source: std::io::ErrorKind::NotFound.into(),
            });
        }
        self.recording.push(EffectKind::Serial { port: port.to_owned() });
        Err(SerialError::NotAsked(port.to_owned()))
    }
}

/// A directory that stands for a device's file system.
struct Directory {
    files: Arc<OverlayFiles>,
    directory: PathBuf,
}

impl Tree for Directory {
    fn read(&self, path: &str) -> Result<Option<Vec<u8>>, DeviceError> {
        Ok(self.files.read(&self.directory.join(path.trim_start_matches('/'))).ok())
    }

    fn list(&self, path: &str) -> Result<Vec<String>, DeviceError> {
        Ok(self.files.list(&self.directory.join(path.trim_start_matches('/'))).unwrap_or_default())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Overlay, Scratch, TreeHttp};

    #[test]
    fn sleeping_takes_no_time_and_moves_every_clock() {
        let (system, _) = Scratch::new().file("/etc/hostname", "planned-host\n").system();
        let clock = &system.clock;
        let (now, monotonic, uptime) = (clock.now(), clock.monotonic(), clock.uptime().expect("known"));
        let begun = std::time::Instant::now();
        clock.sleep(Duration::from_secs(3600));
        clock.sleep(Duration::from_millis(500));
        assert!(begun.elapsed() < Duration::from_secs(60));
        let passed = Duration::from_millis(3_600_500);
        assert_eq!(clock.now().0, now.0 + passed);
        assert_eq!(clock.monotonic(), monotonic + passed);
        assert_eq!(clock.uptime(), Some(uptime + passed));
        assert!(now.0 >= Duration::from_secs(1_700_000_000) && uptime > Duration::ZERO);
        assert_eq!(clock.utc_offset(now), 0);
    }

    #[test]
    fn the_environment_is_that_of_a_boot() {
        let (system, _) = Scratch::new().file("/etc/hostname", " planned-host\n").system();
        let environment = &system.environment;
        assert!(environment.var("PATH").is_some_and(|path| path.split(':').any(|part| part == "/usr/sbin")));
        assert_eq!(environment.var("HOME"), None);
        assert_eq!((environment.pid(), environment.uid()), (1, 0));
        let uname = environment.uname();
        assert_eq!((uname.system.as_str(), uname.node.as_str()), ("Linux", "planned-host"));
        assert_eq!(uname.machine, "x86_64");
    }

    /// A plan is the same whenever it is made, and different seeds make different plans.
    #[test]
    fn randomness_is_that_of_the_seed() {
        let draw = |seed| {
            let http = Arc::new(TreeHttp::new(Arc::new(Scratch::new()), None));
            let lower = Arc::new(Scratch::new());
            let overlay = Overlay { lower, http, devices: Vec::new(), now: Duration::ZERO, seed };
            let (system, _) = overlay.system();
            let mut bytes = [[0; 256]; 2];
            for bytes in &mut bytes {
                system.environment.random(bytes);
            }
            bytes
        };
        let [one, next] = draw(7);
        assert_eq!(draw(7), [one, next]);
        assert_ne!(one, next);
        assert_ne!(draw(9)[0], one);
        let different: std::collections::BTreeSet<u8> = one.into_iter().collect();
        assert!(different.len() > 128, "they are spread: {}", different.len());
        // Zero would stay zero.
        assert!(draw(0)[0].iter().any(|byte| *byte != 0));
    }

    #[test]
    fn temporary_addresses_are_recorded() {
        let (system, recording) = Scratch::new().system();
        let limit = Duration::from_secs(1);
        let (lease, _held) = system.ephemeral.dhcp4("eth0", &[], limit).expect("planned");
        // RFC 5737: no machine has it.
        assert_eq!(lease.address, Ipv4Addr::new(198, 51, 100, 10));
        assert_eq!((lease.interface.as_str(), lease.prefix), ("eth0", 24));
        system.ephemeral.ipv6("eth1", true, limit).expect("planned");
        let address = Address::new([169, 254, 1, 1].into(), 16);
        system.ephemeral.address("eth2", &address, &[]).expect("planned");
        let found: Vec<String> = recording
            .effects()
            .into_iter()
            .map(|effect| match effect.kind {
                EffectKind::Ephemeral { what } => what,
                kind => panic!("{kind:?}"),
            })
            .collect();
        assert_eq!(
            found,
            [
                "DHCP on eth0 while the metadata is read",
                "IPv6 on eth1 while the metadata is read",
                "169.254.1.1/16 on eth2 while the metadata is read",
            ]
        );
    }

    #[test]
    fn a_device_is_a_directory_of_the_root() {
        let device = |path: &str| BlockDevice {
            path: path.into(),
            filesystem: Some("iso9660".to_owned()),
            label: Some("cidata".to_owned()),
            uuid: None,
            size: 1 << 20,
            partition: false,
        };
        let root = Scratch::new().file("/disks/one/meta-data", "1").file("/disks/two/sub/user-data", "2");
        let root = root.device(device("/dev/sr0"), "/disks/one").device(device("/dev/sr1"), "/disks/two");
        let (system, _) = root.system();
        assert_eq!(system.devices.block_devices().expect("known"), [device("/dev/sr0"), device("/dev/sr1")]);
        let tree = system.devices.open(Path::new("/dev/sr1")).expect("planned");
        assert_eq!(tree.read("/sub/user-data").expect("no error").as_deref(), Some(&b"2"[..]));
        assert_eq!(tree.read("meta-data").expect("no error"), None);
        assert_eq!(tree.list("/").expect("no error"), ["sub"]);
        assert_eq!(tree.list("none").expect("no error"), [] as [String; 0]);
        let missing = system.devices.open(Path::new("/dev/sr2")).map(drop).expect_err("none").to_string();
        assert!(missing.contains("/dev/sr2"), "{missing}");
    }
}
