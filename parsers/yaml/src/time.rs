//! Dates and times in the format of `!!timestamp`.

use std::fmt;

/// A date in the proleptic Gregorian calendar, years 1 to 9999. Displayed as `2024-02-29`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Date {
    /// Year, 1 to 9999.
    pub year: u16,
    /// Month, 1 to 12.
    pub month: u8,
    /// Day of the month, from 1.
    pub day: u8,
}

/// A time with its offset from UTC, if any.
///
/// Displayed like Python's `isoformat(' ')`: `2024-02-29 01:02:03.000400+05:30`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Timestamp {
    /// The day.
    pub date: Date,
    /// Hour, 0 to 23.
    pub hour: u8,
    /// Minute, 0 to 59.
    pub minute: u8,
    /// Second, 0 to 59.
    pub second: u8,
    /// Microsecond, 0 to 999999.
    pub microsecond: u32,
    /// Minutes east of UTC, less than a day; `None` without a time zone.
    pub offset: Option<i16>,
}

impl fmt::Display for Date {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:04}-{:02}-{:02}", self.year, self.month, self.day)
    }
}

impl fmt::Display for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {:02}:{:02}:{:02}", self.date, self.hour, self.minute, self.second)?;
        if self.microsecond != 0 {
            write!(f, ".{:06}", self.microsecond)?;
        }
        if let Some(offset) = self.offset {
            let sign = if offset < 0 { '-' } else { '+' };
            write!(f, "{sign}{:02}:{:02}", offset.abs() / 60, offset.abs() % 60)?;
        }
        Ok(())
    }
}

impl Date {
    /// The date, if it is valid.
    pub fn new(year: u16, month: u8, day: u8) -> Option<Date> {
        let leap = year.is_multiple_of(4) && (!year.is_multiple_of(100) || year.is_multiple_of(400));
        let days = match month {
            4 | 6 | 9 | 11 => 30,
            2 if leap => 29,
            2 => 28,
            1..=12 => 31,
            _ => return None,
        };
        ((1..=9999).contains(&year) && (1..=days).contains(&day)).then_some(Date { year, month, day })
    }

    /// Days since a fixed date; only differences are meaningful.
    fn ordinal(self) -> i64 {
        let (month, year) = (i64::from(self.month), i64::from(self.year));
        // Counting years from March puts the leap day last, where it affects nothing.
        let (y, m) = if month > 2 { (year, month - 3) } else { (year - 1, month + 9) };
        365 * y + y / 4 - y / 100 + y / 400 + (153 * m + 2) / 5 + i64::from(self.day)
    }
}

impl Timestamp {
    /// Microseconds on a common scale: of UTC if the offset is known, else of local time.
    pub(crate) fn instant(self) -> i64 {
        let minutes =
            i64::from(self.hour) * 60 + i64::from(self.minute) - i64::from(self.offset.unwrap_or(0));
        let seconds = self.date.ordinal() * 86_400 + minutes * 60 + i64::from(self.second);
        seconds * 1_000_000 + i64::from(self.microsecond)
    }
}

/// Parses what PyYAML's timestamp expression accepts; `None` if the text is something else or there is no
/// such time.
pub(crate) fn parse(text: &str) -> Option<crate::Value> {
    let mut rest = Digits(text);
    let year = rest.number(4, 4)?;
    rest.byte(b'-')?;
    let month = rest.number(1, 2)?;
    rest.byte(b'-')?;
    let day = rest.number(1, 2)?;
    let date = Date::new(u16::try_from(year).ok()?, u8::try_from(month).ok()?, u8::try_from(day).ok()?)?;
    if rest.0.is_empty() {
        return Some(crate::Value::Date(date));
    }
    if rest.byte(b'T').or_else(|| rest.byte(b't')).is_none() {
        let trimmed = rest.0.trim_start_matches([' ', '\t']);
        if trimmed.len() == rest.0.len() {
            return None;
        }
        rest.0 = trimmed;
    }
    let hour = rest.number(1, 2)?;
    rest.byte(b':')?;
    let minute = rest.number(2, 2)?;
    rest.byte(b':')?;
    let second = rest.number(2, 2)?;
    let microsecond = if rest.byte(b'.').is_some() { rest.fraction() } else { 0 };
    let offset = rest.offset()?;
    if hour > 23 || minute > 59 || second > 59 {
        return None;
    }
    let (hour, minute, second) =
        (u8::try_from(hour).ok()?, u8::try_from(minute).ok()?, u8::try_from(second).ok()?);
    Some(crate::Value::Timestamp(Timestamp { date, hour, minute, second, microsecond, offset }))
}

/// The rest of a timestamp.
struct Digits<'a>(&'a str);

impl Digits<'_> {
    /// A number with a limited count of digits.
    fn number(&mut self, least: usize, most: usize) -> Option<u32> {
        let length = self.0.bytes().take(most).take_while(u8::is_ascii_digit).count();
        if length < least {
            return None;
        }
        let (digits, rest) = self.0.split_at(length);
        self.0 = rest;
        digits.parse().ok()
    }

    fn byte(&mut self, wanted: u8) -> Option<()> {
        let rest = self.0.strip_prefix(char::from(wanted))?;
        self.0 = rest;
        Some(())
    }

    /// The fraction in microseconds; further digits are truncated.
    fn fraction(&mut self) -> u32 {
        let length = self.0.bytes().take_while(u8::is_ascii_digit).count();
        let (digits, rest) = self.0.split_at(length);
        self.0 = rest;
        digits.bytes().chain(std::iter::repeat(b'0')).take(6).fold(0, |n, d| n * 10 + u32::from(d - b'0'))
    }

    /// The time zone and the end of the text; `None` if there is something else.
    #[expect(clippy::option_option, reason = "a missing time zone is valid, a wrong one is not")]
    fn offset(&mut self) -> Option<Option<i16>> {
        self.0 = if self.0.is_empty() { "" } else { self.0.trim_start_matches([' ', '\t']) };
        if self.0.is_empty() {
            return Some(None);
        }
        if self.byte(b'Z').is_some() {
            return self.0.is_empty().then_some(Some(0));
        }
        let negative = self.byte(b'-').is_some();
        if !negative {
            self.byte(b'+')?;
        }
        let hours = self.number(1, 2)?;
        let minutes = if self.byte(b':').is_some() { self.number(2, 2)? } else { 0 };
        let offset = i16::try_from(hours * 60 + minutes).ok()?;
        if !self.0.is_empty() || offset >= 24 * 60 {
            return None;
        }
        Some(Some(if negative { -offset } else { offset }))
    }
}
