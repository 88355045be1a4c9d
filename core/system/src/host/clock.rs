//! The machine's clocks.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use model::effects::{Clock, Timestamp};

/// The machine's clocks.
pub(crate) struct HostClock;

fn clock(id: rustix::time::ClockId) -> Duration {
    let time = rustix::time::clock_gettime(id);
    Duration::new(u64::try_from(time.tv_sec).unwrap_or(0), u32::try_from(time.tv_nsec).unwrap_or(0))
}

impl Clock for HostClock {
    fn now(&self) -> Timestamp {
        Timestamp(SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default())
    }

    fn monotonic(&self) -> Duration {
        clock(rustix::time::ClockId::Monotonic)
    }

    fn uptime(&self) -> Option<Duration> {
        let text = std::fs::read_to_string("/proc/uptime").ok()?;
        let seconds: f64 = text.split_ascii_whitespace().next()?.parse().ok()?;
        Duration::try_from_secs_f64(seconds).ok()
    }

    fn utc_offset(&self, at: Timestamp) -> i32 {
        let Ok(seconds) = libc::time_t::try_from(at.0.as_secs()) else { return 0 };
        // SAFETY: both pointers are to live values of this frame; an all-zero `tm` is a valid one to be filled.
        #[allow(unsafe_code, reason = "the time zone is only available from the C library")]
        unsafe {
            let mut broken_down: libc::tm = std::mem::zeroed();
            if libc::localtime_r(&raw const seconds, &raw mut broken_down).is_null() {
                return 0;
            }
            i32::try_from(broken_down.tm_gmtoff).unwrap_or(0)
        }
    }

    fn sleep(&self, time: Duration) {
        std::thread::sleep(time);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// 2020-01-01: no machine that runs this is older.
    const NEW_YEAR: u64 = 1_577_836_800;

    #[test]
    fn time_passes_on_each_clock() {
        let (now, monotonic, uptime) = (HostClock.now(), HostClock.monotonic(), HostClock.uptime());
        let uptime = uptime.expect("there is /proc");
        let pause = Duration::from_millis(50);
        HostClock.sleep(pause);
        assert!(now.0.as_secs() > NEW_YEAR);
        assert!(HostClock.now().0 >= now.0 + pause);
        assert!(HostClock.monotonic() >= monotonic + pause);
        assert!(monotonic > Duration::ZERO && uptime > Duration::ZERO);
        // It counts hundredths of seconds.
        assert!(HostClock.uptime().expect("there is /proc") + Duration::from_millis(10) >= uptime + pause);
    }

    /// In summer and in winter, as date(1) has it.
    #[test]
    fn the_offset_is_that_of_the_zone_of_this_process() {
        for seconds in [1_752_000_000, 1_768_000_000] {
            let output = std::process::Command::new("date").args([&format!("-d@{seconds}"), "+%z"]).output();
            let text = String::from_utf8(output.expect("date is there").stdout).expect("text");
            let hours_minutes: i32 = text.trim().parse().expect("+HHMM");
            let expected = (hours_minutes / 100 * 60 + hours_minutes % 100) * 60;
            assert_eq!(HostClock.utc_offset(Timestamp(Duration::from_secs(seconds))), expected, "{text}");
        }
    }

    /// POSIX zones, which need no files: half an hour, and daylight saving time.
    #[test]
    fn zones_have_offsets() {
        for zone in ["<+0530>-5:30", "NST3:30NDT,M3.2.0,M11.1.0", "UTC0"] {
            let test = "clock::tests::the_offset_is_that_of_the_zone_of_this_process";
            crate::host::alone::passes(test, std::path::Path::new("/"), &format!("export TZ='{zone}'"));
        }
    }
}
