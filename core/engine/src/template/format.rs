//! Python's two ways of formatting: `%s` in the filter `format`, and `{}` in `str.format`.

use minijinja::value::{Kwargs, Value};
use minijinja::{Error, ErrorKind};

use super::missing::Missing;
use super::python;

/// The maximum width and precision; beyond 65,535, Rust's formatting panics.
const MAX_WIDTH: usize = 65_000;

fn invalid(message: impl Into<String>) -> Error {
    Error::new(ErrorKind::InvalidOperation, message.into())
}

fn shown(value: &Value, quoted: bool) -> Result<String, Error> {
    let mut out = String::new();
    let written = if quoted { python::repr(&mut out, value) } else { python::write(&mut out, value) };
    written.map_err(|_| python::unprintable())?;
    Ok(out)
}

/// A format specification.
#[derive(Debug, Default, Clone)]
struct Spec {
    fill: Option<char>,
    align: Option<char>,
    sign: Option<char>,
    alternate: bool,
    zero: bool,
    width: usize,
    comma: bool,
    precision: Option<usize>,
    kind: Option<char>,
}

/// A width or a precision, if there is one.
fn digits(letters: &mut std::iter::Peekable<std::str::Chars<'_>>) -> Result<Option<usize>, Error> {
    let mut number = None;
    while let Some(digit) = letters.peek().and_then(|letter| letter.to_digit(10)) {
        letters.next();
        let so_far = number.unwrap_or(0_usize) * 10 + digit as usize;
        if so_far > MAX_WIDTH {
            return Err(invalid(format!("format: a width or precision is larger than {MAX_WIDTH}")));
        }
        number = Some(so_far);
    }
    Ok(number)
}

fn grouped(number: &str) -> String {
    let (whole, rest) = number.split_at(number.find(['.', 'e', 'E', '%']).unwrap_or(number.len()));
    let mut out = String::new();
    for (at, digit) in whole.chars().enumerate() {
        if at > 0 && (whole.len() - at) % 3 == 0 {
            out.push(',');
        }
        out.push(digit);
    }
    out + rest
}

fn exponent(number: f64, precision: usize) -> String {
    let text = format!("{number:.precision$e}");
    let (digits, power) = text.split_once('e').unwrap_or((&text, "0"));
    let (sign, power) = power.strip_prefix('-').map_or(('+', power), |power| ('-', power));
    format!("{digits}e{sign}{power:0>2}")
}

/// So many digits; `pointed` without a type, where a number without exponent always has a digit after its point.
fn general(number: f64, precision: usize, pointed: bool) -> String {
    let precision = precision.max(1);
    // Rounding may have added a digit: 999999.5 is 1e+06.
    let scientific = exponent(number, precision - 1);
    let power: i32 = scientific.rsplit_once('e').and_then(|(_, power)| power.parse().ok()).unwrap_or(0);
    let digits = i32::try_from(precision).unwrap_or(i32::MAX);
    let is_scientific = power < -4 || power >= digits - i32::from(pointed);
    let text = if is_scientific {
        scientific
    } else {
        let after = usize::try_from(digits.saturating_sub(1).saturating_sub(power)).unwrap_or(0);
        format!("{number:.after$}")
    };
    let (digits, rest) = text.split_at(text.find('e').unwrap_or(text.len()));
    let digits =
        if digits.contains('.') { digits.trim_end_matches('0').trim_end_matches('.') } else { digits };
    let point = if pointed && !is_scientific && !digits.contains('.') { ".0" } else { "" };
    format!("{digits}{point}{rest}")
}

/// A number with zeros before it, so that it has this length once its digits are grouped.
fn filled(number: &str, length: usize) -> String {
    let digits = number.find(['.', 'e', 'E', '%']).unwrap_or(number.len());
    let wanted = length.saturating_sub(number.len() - digits);
    // A comma after each three of them, but not before the first.
    let is_enough = |count: usize| count + count.saturating_sub(1) / 3 >= wanted;
    let least = wanted - wanted / 4;
    let count = if is_enough(least) { least } else { least + 1 };
    "0".repeat(count.saturating_sub(digits)) + number
}

impl Spec {
    fn number(&self, value: &Value) -> Result<Option<String>, Error> {
        let kind = self.kind.unwrap_or('d');
        if "fFeEgG%".contains(kind) {
            let number = f64::try_from(value.clone()).map_err(|_| invalid("a number is required"))?;
            let precision = self.precision.unwrap_or(6);
            let text = match kind.to_ascii_lowercase() {
                'f' => format!("{:.precision$}", number.abs()),
                '%' => format!("{:.precision$}%", number.abs() * 100.0),
                'e' => exponent(number.abs(), precision),
                _ => general(number.abs(), precision, false),
            };
            let text = if kind.is_ascii_uppercase() { text.to_uppercase() } else { text };
            return Ok(Some(self.signed(number.is_sign_negative(), text, "")));
        }
        let number = match i128::try_from(value.clone()) {
            Ok(_) if value.is_number() && !value.is_integer() => {
                return Err(invalid("an integer is required"));
            }
            Ok(number) => number,
            Err(_) if kind == 'd' => return Ok(None),
            Err(_) => return Err(invalid("an integer is required")),
        };
        let bare = number.unsigned_abs();
        let (text, prefix) = match kind {
            'x' => (format!("{bare:x}"), "0x"),
            'X' => (format!("{bare:X}"), "0X"),
            'o' => (format!("{bare:o}"), "0o"),
            'b' => (format!("{bare:b}"), "0b"),
            'd' => (bare.to_string(), ""),
            other => return Err(invalid(format!("unknown format code '{other}' for a number"))),
        };
        Ok(Some(self.signed(number < 0, text, if self.alternate { prefix } else { "" })))
    }

    fn signed(&self, negative: bool, text: String, prefix: &str) -> String {
        let sign = match (negative, self.sign) {
            (true, _) => "-",
            (false, Some('+')) => "+",
            (false, Some(' ')) => " ",
            _ => "",
        };
        let head = format!("{sign}{prefix}");
        let is_filled = self.align == Some('=') || self.zero && self.align.is_none();
        let width = if is_filled { self.width.saturating_sub(head.len()) } else { 0 };
        let fill = self.fill.unwrap_or(if self.zero { '0' } else { ' ' });
        let text = match self.comma {
            true if fill == '0' => grouped(&filled(&text, width)),
            true => grouped(&text),
            false => text,
        };
        let pad = fill.to_string().repeat(width.saturating_sub(text.len()));
        format!("{head}{pad}{text}")
    }

    /// A float without a type: as short as it can be, or with so many digits.
    fn float(&self, number: f64) -> String {
        let bare = number.abs();
        let text = match self.precision {
            Some(precision) => general(bare, precision, true),
            None => python::float(bare),
        };
        self.signed(number.is_sign_negative(), text, "")
    }

    fn laid_out(&self, text: &str, number: bool) -> String {
        let fill = self.fill.unwrap_or(' ');
        let missing = self.width.saturating_sub(text.chars().count());
        let pad = |count: usize| fill.to_string().repeat(count);
        match self.align.unwrap_or(if number { '>' } else { '<' }) {
            '>' => pad(missing) + text,
            '^' => pad(missing / 2) + text + &pad(missing - missing / 2),
            _ => text.to_owned() + &pad(missing),
        }
    }
}

/// `'%s-%d' | format(…)`.
pub(super) fn percent(format: &str, args: &[Value], named: &Kwargs) -> Result<String, Error> {
    let mut out = String::new();
    let mut used = 0;
    let mut letters = format.chars().peekable();
    let mut by_name = false;
    while let Some(letter) = letters.next() {
        if letter != '%' {
            out.push(letter);
            continue;
        }
        let mut name = None;
        if letters.peek() == Some(&'(') {
            letters.next();
            let inside: String = letters.by_ref().take_while(|letter| *letter != ')').collect();
            name = Some(inside);
        }
        let mut spec = Spec::default();
        while let Some(flag) = letters.next_if(|letter| "-+ 0#".contains(*letter)) {
            match flag {
                '-' => spec.align = Some('<'),
                '0' => spec.zero = true,
                '#' => spec.alternate = true,
                sign => spec.sign = Some(sign),
            }
        }
        spec.width = digits(&mut letters)?.unwrap_or(0);
        if letters.next_if_eq(&'.').is_some() {
            spec.precision = Some(digits(&mut letters)?.unwrap_or(0));
        }
        let kind = letters.next().ok_or_else(|| invalid("incomplete format"))?;
        if kind == '%' {
            out.push('%');
            continue;
        }
        let value = match name {
            Some(name) => {
                by_name = true;
                named.get::<Value>(&name)?
            }
            None => {
                used += 1;
                args.get(used - 1)
                    .cloned()
                    .ok_or_else(|| invalid("not enough arguments for format string"))?
            }
        };
        spec.kind = Some(if "iu".contains(kind) { 'd' } else { kind });
        out.push_str(&match kind {
            's' | 'r' => {
                let text = shown(&value, kind == 'r')?;
                let text = spec.precision.map_or(text.clone(), |length| text.chars().take(length).collect());
                spec.laid_out(&text, spec.align.is_none())
            }
            'c' => match value.as_str() {
                Some(text) if text.chars().count() == 1 => text.to_owned(),
                _ => letter_of(&value).ok_or_else(|| invalid("%c requires a character"))?,
            },
            'd' | 'i' | 'u' | 'x' | 'X' | 'o' | 'f' | 'F' | 'e' | 'E' | 'g' | 'G' => {
                let whole =
                    f64::try_from(value.clone()).ok().filter(|_| "diu".contains(kind)).map(f64::trunc);
                let value = match whole {
                    #[expect(clippy::cast_possible_truncation, reason = "a cast saturates")]
                    Some(whole) if !value.is_integer() => Value::from(whole as i64),
                    _ => value,
                };
                let text = spec.number(&value)?.ok_or_else(|| invalid("a number is required"))?;
                spec.laid_out(&text, true)
            }
            other => return Err(invalid(format!("unsupported format character '{other}'"))),
        });
    }
    if used < args.len() && !by_name {
        return Err(invalid("not all arguments converted during string formatting"));
    }
    Ok(out)
}

/// `'{} {0} {name}'.format(…)`.
pub(super) fn braces(format: &str, args: &[Value]) -> Result<String, Error> {
    let (args, named): (&[Value], Kwargs) = minijinja::value::from_args(args)?;
    let mut out = String::new();
    let mut next = 0;
    let mut letters = format.chars().peekable();
    while let Some(letter) = letters.next() {
        if letter == '{' || letter == '}' {
            if letters.next_if_eq(&letter).is_some() {
                out.push(letter);
                continue;
            }
            if letter == '}' {
                return Err(invalid("single '}' encountered in format string"));
            }
        } else {
            out.push(letter);
            continue;
        }
        let mut field = String::new();
        loop {
            match letters.next() {
                Some('}') => break,
                Some('{') | None => return Err(invalid("expected '}' before end of string")),
                Some(letter) => field.push(letter),
            }
        }
        let (name, spec) = field.split_once(':').unwrap_or((&field, ""));
        let (name, conversion) = name.split_once('!').map_or((name, None), |(name, how)| (name, Some(how)));
        let (first, path) = name.split_at(name.find(['.', '[']).unwrap_or(name.len()));
        let mut value = if first.is_empty() {
            next += 1;
            args.get(next - 1).cloned()
        } else if let Ok(index) = first.parse::<usize>() {
            args.get(index).cloned()
        } else {
            named.get::<Option<Value>>(first)?
        }
        .ok_or_else(|| invalid("not enough arguments for format string"))?;
        for step in
            path.split(['.', '[']).map(|step| step.trim_end_matches(']')).filter(|step| !step.is_empty())
        {
            if let Some(missing) = value.downcast_object_ref::<Missing>() {
                return Err(Error::new(ErrorKind::UndefinedError, format!("'{}' is undefined", missing.0)));
            }
            let key = step.parse::<usize>().map_or_else(|_| Value::from(step), Value::from);
            // jinja2's sandbox answers neither private names nor items of what has none.
            let found = if step.starts_with('_') {
                Value::UNDEFINED
            } else {
                value.get_item(&key).unwrap_or_default()
            };
            value = if found.is_undefined() { Value::from_object(Missing(step.to_owned())) } else { found };
        }
        let value = match conversion {
            Some("r" | "a") => Value::from(shown(&value, true)?),
            Some("s") => Value::from(shown(&value, false)?),
            Some(_) => return Err(invalid("unknown conversion; expected !r, !s or !a")),
            None => value,
        };
        out.push_str(&field_text(&value, spec)?);
    }
    Ok(out)
}

/// The character of a number.
fn letter_of(value: &Value) -> Option<String> {
    let number = u32::try_from(value.clone()).ok().filter(|_| value.is_integer())?;
    Some(char::from_u32(number)?.to_string())
}

fn field_text(value: &Value, spec: &str) -> Result<String, Error> {
    let mut letters = spec.chars().peekable();
    let mut out = Spec::default();
    let second = spec.chars().nth(1);
    if second.is_some_and(|letter| "<>^=".contains(letter)) {
        out.fill = letters.next();
    }
    out.align = letters.next_if(|letter| "<>^=".contains(*letter));
    out.sign = letters.next_if(|letter| "+- ".contains(*letter));
    out.alternate = letters.next_if_eq(&'#').is_some();
    out.zero = letters.next_if_eq(&'0').is_some();
    if out.zero && out.fill.is_none() {
        out.fill = Some('0');
    }
    out.width = digits(&mut letters)?.unwrap_or(0);
    out.comma = letters.next_if_eq(&',').is_some();
    if letters.next_if_eq(&'.').is_some() {
        out.precision =
            Some(digits(&mut letters)?.ok_or_else(|| invalid("format specifier missing precision"))?);
    }
    out.kind = letters.next();
    // Without a locale.
    if out.kind == Some('n') {
        out.kind = Some(if value.is_integer() { 'd' } else { 'g' });
    }
    if letters.next().is_some() {
        return Err(invalid("invalid format specifier"));
    }
    if value.is_number() {
        let number = f64::try_from(value.clone()).ok().filter(|_| !value.is_integer());
        if let (None, Some(number)) = (out.kind, number) {
            return Ok(out.laid_out(&out.float(number), true));
        }
        if out.precision.is_some() && out.kind.is_none_or(|kind| !"fFeEgG%".contains(kind)) {
            return Err(invalid("a precision is not allowed in the format of an integer"));
        }
        if out.kind == Some('c') {
            let letter = letter_of(value).ok_or_else(|| invalid("an integer is required"))?;
            return Ok(out.laid_out(&letter, false));
        }
        let text = out.number(value)?.ok_or_else(|| invalid("an integer is required"))?;
        return Ok(out.laid_out(&text, true));
    }
    let is_for_numbers = out.kind.is_some_and(|kind| kind != 's') || out.sign.is_some() || out.comma;
    if is_for_numbers || out.align == Some('=') {
        return Err(invalid("a number is required"));
    }
    let text = shown(value, false)?;
    let text = out.precision.map_or(text.clone(), |length| text.chars().take(length).collect());
    Ok(out.laid_out(&text, false))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Expectations: Python's output.
    #[test]
    fn fields_and_percents() {
        let args = [Value::from(42), Value::from("it's")];
        for (format, expected) in [
            ("{} {}", "42 it's"),
            ("{0:05d}|{1:>6}|{1:^7}|", "00042|  it's| it's  |"),
            ("{0:x} {0:#b} {0:+d} {0:,}", "2a 0b101010 +42 42"),
            ("{1!r} {{}}", "\"it's\" {}"),
            ("{0:.2f}", "42.00"),
        ] {
            assert_eq!(braces(format, &args).expect("formats"), expected, "{format}");
        }
        assert_eq!(braces("{0.__class__}", &args).expect("formats"), "CI_MISSING_JINJA_VAR/__class__");
        assert!(braces("{0.a.b}", &args).is_err(), "nothing is below what is missing");
        assert!(braces("{2}", &args).is_err());
        let none = Kwargs::from_iter(Vec::<(String, Value)>::new());
        assert_eq!(percent("%05d|%-6s|", &args, &none).expect("formats"), "00042|it's  |");
        assert_eq!(percent("%.1f%%%s", &args, &none).expect("formats"), "42.0%it's");
        assert!(percent("%s", &args, &none).is_err(), "one argument is left");
    }

    #[test]
    fn a_width_beyond_all_is_an_error() {
        let none = Kwargs::from_iter(Vec::<(String, Value)>::new());
        for format in ["%065001d", "%.65536f", "%.99999e", "%.99999999999999999999g", "%99999d"] {
            let error = percent(format, &[Value::from(0.000_125)], &none).expect_err("too wide");
            assert!(
                error.to_string().contains("a width or precision is larger than 65000"),
                "{format}: {error}"
            );
        }
        for format in ["{:.65536f}", "{:99999}"] {
            assert!(braces(format, &[Value::from(1.5)]).is_err(), "{format}");
        }
        let text = percent("%.65000f", &[Value::from(1.5)], &none).expect("as wide as it may be");
        assert_eq!(text.len(), "1.".len() + 65_000);
    }

    /// Each format, and what Python 3 makes of it with each of the values: a text, or nothing where it raises an exception.
    #[test]
    fn formats_are_those_of_python() {
        let data: serde_json::Value =
            serde_json::from_str(include_str!("../../testdata/formats.json")).expect("JSON");
        let values = data["values"].as_array().expect("a list");
        let none = Kwargs::from_iter(Vec::<(String, Value)>::new());
        let mut wrong = Vec::new();
        for case in data["cases"].as_array().expect("a list") {
            let format = case[1].as_str().expect("text");
            for (value, expected) in values.iter().zip(case[2].as_array().expect("a list")) {
                let args = [super::super::missing::wrap(value)];
                let found =
                    if case[0] == "%" { percent(format, &args, &none) } else { braces(format, &args) };
                if found.as_deref().ok() != expected.as_str() {
                    wrong.push(format!("{format} {value}: expected {expected}, found {found:?}"));
                }
            }
        }
        assert!(wrong.is_empty(), "{} wrong:\n{}", wrong.len(), wrong.join("\n"));
        assert!(values.len() > 20);
    }
}
