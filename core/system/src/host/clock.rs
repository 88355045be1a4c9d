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
