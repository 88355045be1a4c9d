//! Times in upstream's formats.

use model::effects::Timestamp;
use time::OffsetDateTime;

/// RFC 2822 in UTC: `Mon, 23 Nov 2026 15:11:57 +0000`.
pub(crate) fn rfc2822(at: Timestamp) -> String {
    let seconds = i64::try_from(at.0.as_secs()).unwrap_or(i64::MAX);
    let at = OffsetDateTime::from_unix_timestamp(seconds).unwrap_or(OffsetDateTime::UNIX_EPOCH);
    format!(
        "{}, {:02} {} {:04} {:02}:{:02}:{:02} +0000",
        &at.weekday().to_string()[..3],
        at.day(),
        &at.month().to_string()[..3],
        at.year(),
        at.hour(),
        at.minute(),
        at.second()
    )
}
