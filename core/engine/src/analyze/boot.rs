//! `analyze boot`: when the kernel and systemd reached the start of cloud-init.

use model::System;
use model::distro::Init;
use model::effects::Command;
use time::macros::format_description;
use time::{OffsetDateTime, PrimitiveDateTime};

use super::events::Event;

/// Points in time, in microseconds since 1970.
struct Times {
    kernel_start: i64,
    kernel_end: i64,
    activated: i64,
    container: bool,
}

/// The report about the last boot before cloud-init started, and whether all times are known.
pub fn boot(system: &System, events: &[Event]) -> (String, bool) {
    let begun = events
        .iter()
        .rfind(|event| event.name == "init-local" && event.description.contains("starting search"))
        .map(Event::micros);
    let times = times(system);
    match (times, begun) {
        (Ok(times), Some(begun)) => (shown(&times, begun), true),
        (Err(reason), _) => (
            format!(
                "Cannot determine when the kernel and the services of this machine started: {reason}.\n\
                 This requires systemd, or a kernel log that reaches back to the boot.\n"
            ),
            false,
        ),
        (Ok(_), None) => (
            "The log does not contain the start of init-local; use --infile to read another one.\n"
                .to_owned(),
            false,
        ),
    }
}

fn shown(times: &Times, begun: i64) -> String {
    let seconds = |micros: i64| format!("{:?}", super::events::float(micros) / 1e6);
    if times.container {
        return format!(
            "-- Most Recent Container Boot Record --\n    \
             Container started at: {}\n    \
             Cloud-init activated by systemd at: {}\n    \
             Cloud-init start: {}\n",
            stamp(times.kernel_start),
            stamp(times.activated),
            stamp(begun)
        );
    }
    format!(
        "-- Most Recent Boot Record --\n    \
         Kernel Started at: {}\n    \
         Kernel ended boot at: {}\n    \
         Kernel time to boot (seconds): {}\n    \
         Cloud-init activated by systemd at: {}\n    \
         Time between Kernel end boot and Cloud-init activation (seconds): {}\n    \
         Cloud-init start: {}\n",
        stamp(times.kernel_start),
        stamp(times.kernel_end),
        seconds(times.kernel_end - times.kernel_start),
        stamp(times.activated),
        seconds(times.activated - times.kernel_end),
        stamp(begun)
    )
}

/// As Python prints a date with a time zone.
fn stamp(micros: i64) -> String {
    let at = OffsetDateTime::from_unix_timestamp_nanos(i128::from(micros) * 1000)
        .unwrap_or(OffsetDateTime::UNIX_EPOCH);
    let fraction = if at.microsecond() == 0 { String::new() } else { format!(".{:06}", at.microsecond()) };
    let (year, month, day) = at.to_calendar_date();
    format!(
        "{year:04}-{:02}-{day:02} {:02}:{:02}:{:02}{fraction}+00:00",
        u8::from(month),
        at.hour(),
        at.minute(),
        at.second()
    )
}

fn times(system: &System) -> Result<Times, String> {
    if Init::of(system.files.as_ref()) == Init::Systemd { by_systemd(system) } else { by_kernel_log(system) }
}

fn by_systemd(system: &System) -> Result<Times, String> {
    let container = system.is_container();
    // A container's clock does not start with the container.
    let zero = if container { "Userspace" } else { "Kernel" };
    let start = property(system, &format!("{zero}Timestamp"), None)?;
    let offset = property(system, &format!("{zero}TimestampMonotonic"), None)?;
    let end = property(system, "UserspaceTimestampMonotonic", None)?;
    let activated = property(system, "InactiveExitTimestampMonotonic", Some("cloud-init-local"))?;
    Ok(Times {
        kernel_start: start,
        kernel_end: start + end - offset,
        activated: start + activated - offset,
        container,
    })
}

/// A timestamp of systemd or of our unit, in microseconds; no other init system provides one.
fn property(system: &System, name: &str, unit: Option<&str>) -> Result<i64, String> {
    let words = ["systemctl", "show"].into_iter().chain(unit).chain(["-p", name, "--timestamp=us+utc"]);
    let output = system.commands.run(&Command::line(words)).map_err(|error| error.to_string())?;
    let text = output.text();
    let value = text.trim().split_once('=').map(|(_, value)| value.trim()).unwrap_or_default();
    let read = value.parse().ok().or_else(|| date(value));
    read.ok_or_else(|| format!("unexpected value '{value}' of systemd's {name}"))
}

/// `Wed 2025-07-30 05:14:32.123456 UTC`.
fn date(text: &str) -> Option<i64> {
    let form = format_description!(
        version = 2,
        "[year]-[month]-[day] [hour]:[minute]:[second][optional [.[subsecond]]] UTC"
    );
    let (_, date) = text.split_once(' ')?;
    let at = PrimitiveDateTime::parse(date, form).ok()?.assume_utc();
    i64::try_from(at.unix_timestamp_nanos() / 1000).ok()
}

/// Without systemd, the kernel log shows when the first program started.
fn by_kernel_log(system: &System) -> Result<Times, String> {
    let output = system.commands.run(&Command::new("dmesg")).map_err(|error| error.to_string())?;
    let text = output.text();
    let user = text.lines().find(|line| line.contains("user")).and_then(|line| {
        let stamp = line.split('[').nth(1)?.split(']').next()?;
        stamp.trim().parse::<f64>().ok()
    });
    let user = user.ok_or("the kernel log does not show when the first program started")?;
    let up = system.clock.uptime().ok_or("cannot read /proc/uptime")?;
    let start = i64::try_from(system.clock.now().0.saturating_sub(up).as_micros()).unwrap_or(0);
    #[expect(clippy::cast_possible_truncation, reason = "a cast saturates")]
    let begun = (user * 1e6) as i64;
    let end = start.saturating_add(begun);
    Ok(Times { kernel_start: start, kernel_end: end, activated: end, container: false })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_of_systemd_and_of_python() {
        // date -u -d '2025-07-30 05:14:32.123456' +%s.%6N
        let at = date("Wed 2025-07-30 05:14:32.123456 UTC").expect("a date");
        assert_eq!(at, 1_753_852_472_123_456);
        assert_eq!(stamp(at), "2025-07-30 05:14:32.123456+00:00");
        assert_eq!(stamp(1_753_852_472_000_000), "2025-07-30 05:14:32+00:00");
    }

    fn started(seconds: f64) -> Vec<Event> {
        let event = serde_json::json!({
            "name": "init-local", "description": "starting search for local datasources", "timestamp": seconds,
            "event_type": "start",
        });
        vec![serde_json::from_value(event).expect("an event")]
    }

    fn by(
        root: system::Scratch,
        answers: impl FnOnce(system::Answering) -> system::Answering,
    ) -> (String, bool) {
        let (mut system, _) = root.system();
        system.commands = std::sync::Arc::new(answers(system::Answering::over(&system)));
        boot(&system, &started(1_700_000_020.5))
    }

    /// The arithmetic of upstream's analyze/show.py, gather_timestamps_using_systemd: the kernel's own clock begins with it.
    #[test]
    fn systemd_knows_when_each_began() {
        let root = || system::Scratch::new().directory("/run/systemd/system").program("/usr/bin/systemctl");
        let show = |property: &str| format!("systemctl show -p {property} --timestamp=us+utc");
        let (text, known) = by(root(), |tools| {
            tools
                .prints(&show("KernelTimestamp"), "KernelTimestamp=Tue 2023-11-14 22:13:30.000001 UTC\n")
                .prints(&show("KernelTimestampMonotonic"), "KernelTimestampMonotonic=0\n")
                .prints(&show("UserspaceTimestampMonotonic"), "UserspaceTimestampMonotonic=2500000\n")
                .prints("systemctl show cloud-init-local -p", "InactiveExitTimestampMonotonic=4000000\n")
        });
        assert!(known, "{text}");
        assert_eq!(
            text,
            "-- Most Recent Boot Record --\n    Kernel Started at: 2023-11-14 22:13:30.000001+00:00\n    \
             Kernel ended boot at: 2023-11-14 22:13:32.500001+00:00\n    Kernel time to boot (seconds): 2.5\n    \
             Cloud-init activated by systemd at: 2023-11-14 22:13:34.000001+00:00\n    \
             Time between Kernel end boot and Cloud-init activation (seconds): 1.5\n    \
             Cloud-init start: 2023-11-14 22:13:40.500000+00:00\n"
        );
        let (text, known) = by(root(), |tools| tools.prints("systemctl show", "KernelTimestamp=never\n"));
        assert!(!known && text.contains("unexpected value 'never' of systemd's KernelTimestamp"), "{text}");
    }

    /// A container's clock is its host's: what counts is when its own systemd began.
    #[test]
    fn a_container_has_no_kernel_of_its_own() {
        let root = system::Scratch::new()
            .directory("/run/systemd/system")
            .file("/run/systemd/container", "systemd-nspawn")
            .programs(&["/usr/bin/systemctl", "/usr/bin/systemd-detect-virt"]);
        let show = |property: &str| format!("systemctl show -p {property} --timestamp=us+utc");
        let (text, known) = by(root, |tools| {
            tools
                .prints(&show("UserspaceTimestamp"), "UserspaceTimestamp=Tue 2023-11-14 22:13:30 UTC\n")
                .prints(&show("UserspaceTimestampMonotonic"), "UserspaceTimestampMonotonic=9000000\n")
                .prints("systemctl show cloud-init-local -p", "InactiveExitTimestampMonotonic=10000000\n")
        });
        assert!(known, "{text}");
        assert_eq!(
            text,
            "-- Most Recent Container Boot Record --\n    Container started at: 2023-11-14 22:13:30+00:00\n    \
             Cloud-init activated by systemd at: 2023-11-14 22:13:31+00:00\n    \
             Cloud-init start: 2023-11-14 22:13:40.500000+00:00\n"
        );
    }

    /// Upstream's gather_timestamps_using_dmesg: the first line that names the user space. The machine in memory has been up
    /// since its uptime says.
    #[test]
    fn the_kernel_log_knows_when_the_first_program_began() {
        let log = "[    0.000000] Linux version 6.6\n[    1.500000] Run /sbin/init as user init process\n";
        let (text, known) =
            by(system::Scratch::new().program("/bin/dmesg"), |tools| tools.prints("dmesg", log));
        assert!(known, "{text}");
        assert!(text.contains("Kernel time to boot (seconds): 1.5\n"), "{text}");
        assert!(text.contains("Cloud-init activation (seconds): 0.0\n"), "{text}");
        let (text, known) = by(system::Scratch::new().program("/bin/dmesg"), |tools| tools);
        assert!(!known && text.contains("does not show when the first program started"), "{text}");
    }

    #[test]
    fn a_log_without_a_start_says_so() {
        let (system, _) = system::Scratch::new().program("/bin/dmesg").system();
        let (text, known) = boot(&system, &[]);
        assert!(!known && text.starts_with("Cannot determine when"), "{text}");
    }
}
