//! What the host learns of a boot through the file of keys and values, if `reporting` has a handler `telemetry` of type
//! `hyperv`, as in Azure's images.

use std::io::Write as _;
use std::path::Path;

use base64::Engine as _;
use metadata::hyperv::{Event, POOL, Pool};
use model::effects::Command;
use model::{Crawl, Node, Platform, System};
use serde_json::json;

/// The most of the kernel's log that is sent, in bytes before compression.
const MAX_LOG: usize = 1 << 20;

/// The file, if it is used.
pub(super) struct Telemetry(Option<Pool>);

impl Telemetry {
    pub(super) fn open(platform: &Platform<'_>) -> Self {
        let handler = platform.config.at(&["reporting", "telemetry"]);
        let wanted = handler.filter(|handler| handler.get("type").and_then(Node::as_str) == Some("hyperv"));
        let path = wanted.map(|handler| handler.get("kvp_file_path").and_then(Node::as_str).unwrap_or(POOL));
        // The reporter warns about a file that cannot be opened.
        Self(path.and_then(|path| Pool::open(platform.system, Path::new(path)).ok()))
    }

    fn event(&self, system: &System, kind: &str, name: &str, description: &str) {
        let Some(pool) = &self.0 else { return };
        if let Err(error) = pool.publish(system, &Event { kind, name, description, ..Event::default() }) {
            tracing::warn!("failed posting events to kvp, {error}");
        }
    }

    /// The result of provisioning, which the host shows to the machine's owner.
    pub(super) fn provisioning(&self, system: &System, report: &str) {
        let Some(pool) = &self.0 else { return };
        if let Err(error) = pool.write_key(system, "PROVISIONING_REPORT", report) {
            tracing::warn!("failed posting the provisioning report to kvp, {error}");
        }
    }

    /// The versions of this program and the system, and when kernel, user space and this program started.
    pub(super) fn boot(&self, crawl: &Crawl<'_>) {
        if self.0.is_none() {
            return;
        }
        let system = crawl.system();
        match start_times(system) {
            Ok(times) => self.event(system, "boot-telemetry", "boot-telemetry", &times),
            Err(reason) => tracing::debug!("Failed to get boot telemetry: {reason}"),
        }
        let kernel = system.environment.uname().release;
        let text =
            format!("cloudinit_version={}, kernel_version={kernel}, variant={}", crawl.version, (crawl.variant)());
        self.event(system, "system-info", "system information", &text);
    }

    /// The kernel's log, compressed.
    pub(super) fn kernel_log(&self, system: &System) {
        if self.0.is_none() {
            return;
        }
        let log = match system.commands.run(&Command::new("dmesg")) {
            Ok(output) => output.stdout,
            Err(error) => {
                tracing::warn!("Exception when dumping dmesg log: {error}");
                return;
            }
        };
        // Its end is the most recent.
        let log = &log[log.len().saturating_sub(MAX_LOG)..];
        let mut encoder = flate2::write::ZlibEncoder::new(Vec::new(), flate2::Compression::default());
        let Ok(compressed) = encoder.write_all(log).and_then(|()| encoder.finish()) else { return };
        let data = base64::engine::general_purpose::STANDARD.encode(compressed);
        let text = json!({"encoding": "gz+b64", "data": data}).to_string();
        self.event(system, "compressed", "dmesg", &text);
    }
}

/// In the format of Python's `isoformat()`.
fn start_times(system: &System) -> Result<String, String> {
    if !system.files.is_dir(Path::new("/run/systemd/system")) {
        return Err("the system does not use systemd".to_owned());
    }
    let uptime = system.clock.uptime().ok_or("the uptime cannot be read")?;
    let kernel = system.clock.now().0.saturating_sub(uptime);
    let of = |arguments: &[&str]| {
        let command = Command::new("systemctl").arg("show").args(arguments.iter().copied());
        let text = system.commands.run(&command).map_err(|error| error.to_string())?.text();
        let number = text.split('=').nth(1).and_then(|number| number.trim().parse::<u64>().ok());
        number.map(std::time::Duration::from_micros).ok_or_else(|| "systemd does not tell the times".to_owned())
    };
    let user = kernel + of(&["-p", "UserspaceTimestampMonotonic"])?;
    let own = kernel + of(&["cloud-init-local", "-p", "InactiveExitTimestampMonotonic"])?;
    let shown = |at: std::time::Duration| {
        let stamp = model::effects::Timestamp(at);
        let seconds = at.as_secs() % 86_400;
        let (hour, minute, second) = (seconds / 3600, seconds / 60 % 60, seconds % 60);
        format!("{}T{hour:02}:{minute:02}:{second:02}.{:06}+00:00", stamp.day(), at.subsec_micros())
    };
    Ok(format!("kernel_start={} user_start={} cloudinit_activation={}", shown(kernel), shown(user), shown(own)))
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::time::Duration;

    use model::effects::{Clock, Timestamp};
    use system::{Answering, Scratch};

    use super::*;

    /// 2023-11-14 23:14:21.25, a minute and 1.25 seconds after the kernel started.
    struct Fixed;

    impl Clock for Fixed {
        fn now(&self) -> Timestamp {
            Timestamp(Duration::from_millis(1_700_003_661_250))
        }
        fn monotonic(&self) -> Duration {
            Duration::ZERO
        }
        fn uptime(&self) -> Option<Duration> {
            Some(Duration::from_millis(61_250))
        }
        fn utc_offset(&self, _at: Timestamp) -> i32 {
            0
        }
        fn sleep(&self, _time: Duration) {}
    }

    /// The original's `get_boot_telemetry`: systemd counts microseconds since the start of the kernel.
    #[test]
    fn start_times_are_added_to_that_of_the_kernel() {
        let of = |scratch: Scratch, user: &str| {
            let (mut system, _) = scratch.program("/usr/bin/systemctl").system();
            system.clock = Arc::new(Fixed);
            let answers = Answering::over(&system)
                .prints("systemctl show -p UserspaceTimestampMonotonic", user)
                .prints(
                    "systemctl show cloud-init-local -p InactiveExitTimestampMonotonic",
                    "InactiveExitTimestampMonotonic=3675000001\n",
                );
            system.commands = Arc::new(answers);
            start_times(&system)
        };
        let systemd = || Scratch::new().directory("/run/systemd/system");
        assert_eq!(
            of(systemd(), "UserspaceTimestampMonotonic=1500000\n").as_deref(),
            Ok("kernel_start=2023-11-14T23:13:20.000000+00:00 user_start=2023-11-14T23:13:21.500000+00:00 \
                cloudinit_activation=2023-11-15T00:14:35.000001+00:00")
        );
        assert!(of(systemd(), "UserspaceTimestampMonotonic=\n").is_err());
        assert!(of(Scratch::new(), "UserspaceTimestampMonotonic=1500000\n").is_err());
    }
}
