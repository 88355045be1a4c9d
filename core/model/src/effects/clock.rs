//! Time.

use std::time::Duration;

use time::format_description::well_known::Rfc2822;
use time::{OffsetDateTime, UtcOffset};

/// Days since 1970-01-01 in the Gregorian calendar, for years before as well: years start in March, so that the leap day
/// is the last. A day beyond its month counts into the next.
pub fn days_since_epoch(year: i64, month: i64, day: i64) -> i64 {
    let (year, month) = if month > 2 { (year, month - 3) } else { (year - 1, month + 9) };
    year * 365 + year.div_euclid(4) - year.div_euclid(100)
        + year.div_euclid(400)
        + (month * 153 + 2) / 5
        + day
        - 1
        - 719_468
}

/// A point in time: the duration since 1970-01-01 00:00:00 UTC.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Timestamp(pub Duration);

impl Timestamp {
    /// Seconds since the epoch, including fractions.
    pub fn seconds(self) -> f64 {
        self.0.as_secs_f64()
    }

    /// The year in UTC.
    pub fn year(self) -> i32 {
        self.calendar(0).year()
    }

    /// The day in UTC: `2026-11-23`.
    pub fn day(self) -> String {
        let at = self.calendar(0);
        format!("{:04}-{:02}-{:02}", at.year(), u8::from(at.month()), at.day())
    }

    /// Calendar fields, `offset` seconds east of UTC.
    fn calendar(self, offset: i32) -> OffsetDateTime {
        let offset = UtcOffset::from_whole_seconds(offset).unwrap_or(UtcOffset::UTC);
        let nanoseconds = i128::try_from(self.0.as_nanos()).unwrap_or(0);
        OffsetDateTime::from_unix_timestamp_nanos(nanoseconds)
            .unwrap_or(OffsetDateTime::UNIX_EPOCH)
            .to_offset(offset)
    }

    /// RFC 2822 with a numeric time zone, `offset` seconds east of UTC: `Mon, 23 Nov 2026 15:11:57 +0000`.
    pub fn rfc2822(self, offset: i32) -> String {
        let at = self.calendar(offset);
        let (sign, minutes) = (if offset < 0 { '-' } else { '+' }, offset.abs() / 60);
        format!(
            "{}, {:02} {} {:04} {:02}:{:02}:{:02} {sign}{:02}{:02}",
            &at.weekday().to_string()[..3],
            at.day(),
            &at.month().to_string()[..3],
            at.year(),
            at.hour(),
            at.minute(),
            at.second(),
            minutes / 60,
            minutes % 60
        )
    }

    /// Parses a date of RFC 2822, or of an HTTP header: `Mon, 23 Nov 2026 15:11:57 GMT`.
    pub fn parse_rfc2822(text: &str) -> Option<Self> {
        let at = OffsetDateTime::parse(text.trim(), &Rfc2822).ok()?;
        u64::try_from(at.unix_timestamp()).ok().map(|seconds| Self(Duration::from_secs(seconds)))
    }

    /// The log's format, in UTC like upstream's log: `2026-11-23 15:11:57,123`.
    pub fn log_stamp(self) -> String {
        let at = self.calendar(0);
        format!(
            "{} {:02}:{:02}:{:02},{:03}",
            self.day(),
            at.hour(),
            at.minute(),
            at.second(),
            at.millisecond()
        )
    }
}

/// Time.
pub trait Clock: Send + Sync {
    /// The wall clock.
    fn now(&self) -> Timestamp;

    /// A monotonic clock with an arbitrary start.
    fn monotonic(&self) -> Duration;

    /// Time since boot, if readable.
    fn uptime(&self) -> Option<Duration>;

    /// The local time zone's offset from UTC at a time, in seconds east.
    fn utc_offset(&self, at: Timestamp) -> i32;

    /// Sleeps.
    fn sleep(&self, time: Duration);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_forms_of_the_original() {
        let at = Timestamp(Duration::from_millis(1_700_000_000_042));
        // `date -u -d @1700000000 -R`, and the same with TZ=Asia/Kolkata.
        assert_eq!(at.rfc2822(0), "Tue, 14 Nov 2023 22:13:20 +0000");
        assert_eq!(at.rfc2822(19_800), "Wed, 15 Nov 2023 03:43:20 +0530");
        assert_eq!(at.log_stamp(), "2023-11-14 22:13:20,042");
        assert_eq!(at.year(), 2023);
        let parsed = |text: &str| Timestamp::parse_rfc2822(text).map(|at| at.0.as_secs());
        // RFC 9110, 5.6.7.
        assert_eq!(parsed("Sun, 06 Nov 1994 08:49:37 GMT"), Some(784_111_777));
        assert_eq!(parsed("Wed, 15 Nov 2023 03:43:20 +0530"), Some(1_700_000_000));
        assert_eq!(parsed("yesterday"), None);
    }
}
