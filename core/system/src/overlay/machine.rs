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
