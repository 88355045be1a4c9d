//! Time.

use std::time::Duration;

/// A point in time: what has passed since 1970-01-01 00:00:00 UTC.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Timestamp(pub Duration);

impl Timestamp {
    /// Seconds since the epoch, fractions included.
    pub fn seconds(self) -> f64 {
        self.0.as_secs_f64()
    }
}

/// Time.
pub trait Clock: Send + Sync {
    /// The wall clock.
    fn now(&self) -> Timestamp;

    /// A clock that never goes back, from any start.
    fn monotonic(&self) -> Duration;

    /// Time since boot, where it can be read.
    fn uptime(&self) -> Option<Duration>;

    /// The local time zone's offset from UTC at this time, in seconds east.
    fn utc_offset(&self, at: Timestamp) -> i32;

    /// Waits.
    fn sleep(&self, time: Duration);
}
