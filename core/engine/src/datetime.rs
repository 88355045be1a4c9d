//! Times as the original writes them.

use model::System;
use model::effects::Timestamp;
use time::{OffsetDateTime, UtcOffset};

fn local(system: &System, at: Timestamp, utc: bool) -> OffsetDateTime {
    let offset = if utc { 0 } else { system.clock.utc_offset(at) };
    let offset = UtcOffset::from_whole_seconds(offset).unwrap_or(UtcOffset::UTC);
    let nanoseconds = i128::try_from(at.0.as_nanos()).unwrap_or(0);
    OffsetDateTime::from_unix_timestamp_nanos(nanoseconds).unwrap_or(OffsetDateTime::UNIX_EPOCH).to_offset(offset)
}

/// RFC 2822 with a numeric zone, as in boot-finished and the final message: `Mon, 23 Nov 2026 15:11:57 +0000`.
pub fn rfc2822(system: &System) -> String {
    let at = local(system, system.clock.now(), false);
    let (sign, minutes) = (if at.offset().is_negative() { '-' } else { '+' }, at.offset().whole_minutes().abs());
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

/// The log's form: `2026-11-23 15:11:57,123`, in UTC as the original logs.
pub fn log_stamp(at: Timestamp) -> String {
    let nanoseconds = i128::try_from(at.0.as_nanos()).unwrap_or(0);
    let at = OffsetDateTime::from_unix_timestamp_nanos(nanoseconds).unwrap_or(OffsetDateTime::UNIX_EPOCH);
    format!(
        "{:04}-{:02}-{:02} {:02}:{:02}:{:02},{:03}",
        at.year(),
        u8::from(at.month()),
        at.day(),
        at.hour(),
        at.minute(),
        at.second(),
        at.millisecond()
    )
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn the_forms_of_the_original() {
        let (machine, _) = system::scratch();
        // `date -u -d @1700000000 -R`
        assert_eq!(rfc2822(&machine), "Tue, 14 Nov 2023 22:13:20 +0000");
        assert_eq!(log_stamp(Timestamp(Duration::from_millis(1_700_000_000_042))), "2023-11-14 22:13:20,042");
    }
}
