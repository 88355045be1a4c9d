//! The formats that upstream's packages validate; they do not depend on the libraries for `uri` and `hostname`.

/// Whether a text has a format; an unvalidated format always matches.
pub(crate) fn fits(format: &str, text: &str) -> bool {
    match format {
        "date" => is_date(text),
        "email" => text.contains('@'),
        "ipv4" => text.parse::<std::net::Ipv4Addr>().is_ok(),
        "ipv6" => text.parse::<std::net::Ipv6Addr>().is_ok(),
        _ => true,
    }
}

fn is_date(text: &str) -> bool {
    let bytes = text.as_bytes();
    if bytes.len() != 10 || bytes[4] != b'-' || bytes[7] != b'-' {
        return false;
    }
    let number = |range: std::ops::Range<usize>| {
        let digits = text.get(range).filter(|digits| digits.bytes().all(|byte| byte.is_ascii_digit()))?;
        digits.parse::<u32>().ok()
    };
    let (Some(year), Some(month), Some(day)) = (number(0..4), number(5..7), number(8..10)) else {
        return false;
    };
    let leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    let days = match month {
        1 | 3 | 5 | 7 | 8 | 10 | 12 => 31,
        4 | 6 | 9 | 11 => 30,
        2 if leap => 29,
        2 => 28,
        _ => return false,
    };
    year >= 1 && (1..=days).contains(&day)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_are_days_of_the_calendar() {
        for text in
            ["2032-09-01", "2024-02-29", "2000-02-29", "0001-01-01", "2032-01-31", "2032-11-30", "1900-02-28"]
        {
            assert!(is_date(text), "{text}");
        }
        for text in [
            "2023-02-29",
            "2032-9-1",
            "2032-13-01",
            "0000-01-01",
            "20320901",
            "2032-09-01 ",
            "２032-09-0",
            "2032x09-01",
            "2032-09x01",
            "2032-00-01",
            "2032-09-00",
            "2032-09-31",
            "2032-12-32",
            "1900-02-29",
            "2024-02-30",
            "203x-09-01",
            "2032-x9-01",
            "2032-09-0x",
            "+032-09-01",
        ] {
            assert!(!is_date(text), "{text}");
        }
    }

    #[test]
    fn other_formats() {
        for (format, text, wanted) in [
            ("date", "2032-09-01", true),
            ("date", "x", false),
            ("email", "a@b", true),
            ("email", "a.b", false),
            ("ipv4", "10.0.0.1", true),
            ("ipv4", "10.0.0.256", false),
            ("ipv4", "::1", false),
            ("ipv6", "::1", true),
            ("ipv6", "10.0.0.1", false),
            ("uri", "not one", true),
        ] {
            assert_eq!(fits(format, text), wanted, "{format} {text}");
        }
    }
}
