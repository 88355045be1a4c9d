//! Parses `!!int`, `!!float` and `!!binary`, as leniently as Python's conversions.

use crate::Value;
use crate::bigint::{Accumulator, TooLong};

/// Why a text is not a number.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Refusal {
    /// The syntax is invalid.
    Malformed,
    /// It has too many digits.
    TooLong,
}

impl From<TooLong> for Refusal {
    fn from(_: TooLong) -> Self {
        Refusal::TooLong
    }
}

type Number<T> = Result<T, Refusal>;

/// Splits off the sign: PyYAML checks one character, then lets Python check again.
fn split_sign(text: &str) -> (bool, &str) {
    let negative = text.starts_with('-');
    (negative, text.strip_prefix(['+', '-']).unwrap_or(text))
}

/// Parses `!!int`: underscores anywhere, `0b`, `0x`, a leading zero for octal, `:` for base 60.
pub(crate) fn int(text: &str) -> Number<Value> {
    let text = text.replace('_', "");
    let (negative, digits) = split_sign(&text);
    if let Some(binary) = digits.strip_prefix("0b") {
        python_int(binary, 2, negative)
    } else if let Some(hexadecimal) = digits.strip_prefix("0x") {
        python_int(hexadecimal, 16, negative)
    } else if digits == "0" {
        Ok(Value::Int(0))
    } else if digits.starts_with('0') {
        python_int(digits, 8, negative)
    } else if digits.contains(':') {
        base_sixty(digits, negative)
    } else {
        python_int(digits, 10, negative)
    }
}

/// Python's `int(text, base)`, which accepts surrounding white space, a sign, and the base's own prefix.
fn python_int(text: &str, base: u32, negative: bool) -> Number<Value> {
    let (minus, digits) = split_sign(text.trim());
    let prefixes: &[&str] = match base {
        2 => &["0b", "0B"],
        8 => &["0o", "0O"],
        16 => &["0x", "0X"],
        _ => &[],
    };
    let digits = prefixes.iter().find_map(|prefix| digits.strip_prefix(prefix)).unwrap_or(digits);
    Ok(accumulate(digits, base)?.finish(negative != minus)?)
}

/// Parses digits only.
fn accumulate(digits: &str, base: u32) -> Number<Accumulator> {
    if digits.is_empty() {
        return Err(Refusal::Malformed);
    }
    let mut number = Accumulator::default();
    // As many digits at once as fit a factor.
    let (mut factor, mut chunk) = (1, 0);
    for digit in digits.chars() {
        if factor > u32::MAX / base {
            number.push(factor, chunk)?;
            (factor, chunk) = (1, 0);
        }
        chunk = chunk * base + digit.to_digit(base).ok_or(Refusal::Malformed)?;
        factor *= base;
    }
    number.push(factor, chunk)?;
    Ok(number)
}

/// Parses parts separated by `:`; only the first one can be large in text that looks like base 60.
fn base_sixty(text: &str, negative: bool) -> Number<Value> {
    let mut parts = text.split(':');
    let first = parts.next().unwrap_or_default().trim();
    let mut number = accumulate(first, 10)?;
    for part in parts {
        let Value::Int(digit) = python_int(part, 10, false)? else { return Err(Refusal::TooLong) };
        number.push(60, u32::try_from(digit).map_err(|_| Refusal::Malformed)?)?;
    }
    Ok(number.finish(negative)?)
}

/// Parses `!!float`: underscores anywhere, `.inf`, `.nan`, `:` for base 60.
pub(crate) fn float(text: &str) -> Number<f64> {
    let text = text.replace('_', "").to_lowercase();
    let (negative, digits) = split_sign(&text);
    let value = if digits == ".inf" {
        f64::INFINITY
    } else if digits == ".nan" {
        return Ok(f64::NAN);
    } else if digits.contains(':') {
        float_base_sixty(digits)?
    } else {
        python_float(digits)?
    };
    Ok(if negative { -value } else { value })
}

/// Parses parts separated by `:`. Python's powers of 60 are integers, and each product is rounded, so that
/// rounding errors do not accumulate.
fn float_base_sixty(text: &str) -> Number<f64> {
    let mut power = accumulate("1", 10)?;
    let mut value = 0.0;
    for part in text.rsplit(':') {
        let rounded = match power.finish(false)? {
            Value::BigInt(n) => python_float(n.as_str())?,
            #[expect(clippy::cast_precision_loss, reason = "rounded as Python rounds it")]
            Value::Int(n) => n as f64,
            _ => return Err(Refusal::Malformed),
        };
        if rounded.is_infinite() {
            return Err(Refusal::TooLong);
        }
        value += python_float(part)? * rounded;
        power.push(60, 0)?;
    }
    Ok(value)
}

/// Python's `float(text)`, which accepts surrounding white space.
fn python_float(text: &str) -> Number<f64> {
    text.trim().parse().map_err(|_| Refusal::Malformed)
}

/// Decodes base64 like Python in non-strict mode: characters outside the alphabet are skipped, and padding
/// ends the data.
pub(crate) fn base64(text: &str) -> Option<Vec<u8>> {
    let mut bytes = Vec::with_capacity(text.len() / 4 * 3);
    let (mut held, mut bits, mut quad, mut pads) = (0u32, 0u32, 0u32, 0u32);
    for c in text.bytes() {
        let sextet = match c {
            b'A'..=b'Z' => c - b'A',
            b'a'..=b'z' => c - b'a' + 26,
            b'0'..=b'9' => c - b'0' + 52,
            b'+' => 62,
            b'/' => 63,
            b'=' => {
                if quad >= 2 {
                    pads += 1;
                    if quad + pads >= 4 {
                        return Some(bytes);
                    }
                }
                continue;
            }
            _ => continue,
        };
        pads = 0;
        quad = (quad + 1) % 4;
        held = (held << 6 | u32::from(sextet)) & 0xfff;
        bits += 6;
        if bits >= 8 {
            bits -= 8;
            // The mask leaves eight bits.
            bytes.push((held >> bits & 0xff) as u8);
        }
    }
    (quad == 0).then_some(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ints() {
        let table: &[(&str, Number<i128>)] = &[
            ("0", Ok(0)),
            ("-0", Ok(0)),
            ("0644", Ok(420)),
            ("-0b101", Ok(-5)),
            ("0x_Ff", Ok(255)),
            ("12:34:56", Ok(45296)),
            ("-1:30", Ok(-90)),
            (
                "2000000000000000000000000000000000000:7",
                Ok(120_000_000_000_000_000_000_000_000_000_000_000_007),
            ),
            ("1_000", Ok(1000)),
            (" 12 ", Ok(12)),
            ("--5", Ok(5)),
            ("0o17", Ok(15)),
            ("", Err(Refusal::Malformed)),
            ("-", Err(Refusal::Malformed)),
            ("0b_", Err(Refusal::Malformed)),
            ("089", Err(Refusal::Malformed)),
            ("abc", Err(Refusal::Malformed)),
        ];
        for (text, expected) in table {
            assert_eq!(int(text), expected.map(Value::Int), "{text:?}");
        }
    }

    #[test]
    fn floats() {
        let table: &[(&str, Number<f64>)] = &[
            ("1.5", Ok(1.5)),
            ("1.", Ok(1.0)),
            (".5", Ok(0.5)),
            ("-.inf", Ok(f64::NEG_INFINITY)),
            ("1_0.5e+2", Ok(1050.0)),
            ("1:30.5", Ok(90.5)),
            (
                "2611562:0:2:22:2:3:52:22:0:2:22:2:3:52:2:22:2:3:52:2:3:52:2:22:2:3:52:2:3:52:26:23.",
                Ok(3.464_089_488_474_532_3e61),
            ),
            ("1e3", Ok(1000.0)),
            ("x", Err(Refusal::Malformed)),
        ];
        for (text, expected) in table {
            assert_eq!(float(text), *expected, "{text:?}");
        }
    }

    /// The test vectors of RFC 4648, and Python's leniency.
    #[test]
    fn binaries() {
        let table: &[(&str, Option<&[u8]>)] = &[
            ("", Some(b"")),
            ("Zg==", Some(b"f")),
            ("Zm8=", Some(b"fo")),
            ("Zm9v", Some(b"foo")),
            ("Zm9v\nYmFy\n", Some(b"foobar")),
            ("Z m*9v", Some(b"foo")),
            ("Zg==Zm9v", Some(b"f")),
            ("Zg=", None),
            ("Z", None),
        ];
        for (text, expected) in table {
            assert_eq!(base64(text).as_deref(), *expected, "{text:?}");
        }
    }
}
