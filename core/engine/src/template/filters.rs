//! Filters of jinja2 that minijinja lacks or implements differently.

use std::collections::HashSet;

use minijinja::value::{Kwargs, Rest, Value, ValueKind, ValueOrKwargs};
use minijinja::{Environment, Error, ErrorKind, State};
use model::Order as _;

use super::python;

/// The maximum size of a joined text: that of the rendered document.
const MAX_TEXT: usize = crate::userdata::MAX_DOCUMENT;

fn invalid(message: impl Into<String>) -> Error {
    Error::new(ErrorKind::InvalidOperation, message.into())
}

fn text(value: &Value) -> Result<String, Error> {
    let mut out = String::new();
    python::write(&mut out, value).map_err(|_| python::unprintable())?;
    Ok(out)
}

pub(super) fn escaped(value: &Value) -> Result<String, Error> {
    let mut out = String::new();
    for letter in text(value)?.chars() {
        match letter {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&#34;"),
            '\'' => out.push_str("&#39;"),
            letter => out.push(letter),
        }
    }
    Ok(out)
}

/// JSON with sorted keys and HTML-sensitive characters escaped.
fn to_json(value: &Value, indent: Option<usize>) -> Result<String, Error> {
    if !python::is_shallow(value) {
        return Err(python::unprintable());
    }
    let value = serde_json::to_value(value).map_err(|error| invalid(error.to_string()))?;
    let mut out = String::new();
    write_json(&mut out, &value, indent, 0);
    let safe = [('<', "\\u003c"), ('>', "\\u003e"), ('&', "\\u0026"), ('\'', "\\u0027")];
    Ok(safe.iter().fold(out, |out, (letter, code)| out.replace(*letter, code)))
}

fn write_json(out: &mut String, value: &serde_json::Value, indent: Option<usize>, depth: usize) {
    let line = |out: &mut String, depth: usize| {
        if let Some(width) = indent {
            out.push('\n');
            out.push_str(&" ".repeat(width * depth));
        }
    };
    let next = if indent.is_some() { "," } else { ", " };
    match value {
        serde_json::Value::Object(map) if !map.is_empty() => {
            let mut keys: Vec<&String> = map.keys().collect();
            keys.order();
            out.push('{');
            for (number, key) in keys.into_iter().enumerate() {
                out.push_str(if number > 0 { next } else { "" });
                line(out, depth + 1);
                ascii_json(out, key);
                out.push_str(": ");
                write_json(out, &map[key], indent, depth + 1);
            }
            line(out, depth);
            out.push('}');
        }
        serde_json::Value::Array(items) if !items.is_empty() => {
            out.push('[');
            for (number, item) in items.iter().enumerate() {
                out.push_str(if number > 0 { next } else { "" });
                line(out, depth + 1);
                write_json(out, item, indent, depth + 1);
            }
            line(out, depth);
            out.push(']');
        }
        serde_json::Value::String(text) => ascii_json(out, text),
        serde_json::Value::Number(number) if number.is_f64() => {
            out.push_str(&python::float(number.as_f64().unwrap_or_default()));
        }
        other => out.push_str(&other.to_string()),
    }
}

fn ascii_json(out: &mut String, text: &str) {
    for letter in serde_json::Value::from(text).to_string().chars() {
        if letter.is_ascii() {
            out.push(letter);
        } else {
            let mut units = [0; 2];
            for unit in letter.encode_utf16(&mut units) {
                out.push_str(&format!("\\u{unit:04x}"));
            }
        }
    }
}

/// Truncates at the end of a word, like jinja2 with its leeway of five.
fn truncate(
    value: &Value,
    length: Option<usize>,
    kill: Option<bool>,
    end: Option<String>,
    kwargs: &Kwargs,
) -> Result<String, Error> {
    let length = length.or(kwargs.get("length")?).unwrap_or(255);
    let kill = kill.or(kwargs.get("killwords")?).unwrap_or(false);
    let end = end.or(kwargs.get("end")?).unwrap_or_else(|| "...".to_owned());
    let leeway: usize = kwargs.get::<Option<usize>>("leeway")?.unwrap_or(5);
    let letters: Vec<char> = text(value)?.chars().collect();
    if letters.len() <= length + leeway {
        return Ok(letters.into_iter().collect());
    }
    let kept = length
        .checked_sub(end.chars().count())
        .ok_or_else(|| invalid("truncate: the length is shorter than the end"))?;
    let cut: String = letters[..kept].iter().collect();
    let cut =
        if kill { cut.as_str() } else { cut.rsplit_once(' ').map_or(cut.as_str(), |(before, _)| before) };
    Ok(format!("{cut}{end}"))
}

#[expect(clippy::cast_possible_truncation, reason = "a cast saturates, and the rest is below 1024")]
fn file_size(value: &Value, binary: Option<bool>) -> Result<String, Error> {
    let bytes = match f64::try_from(value.clone()) {
        Ok(bytes) => bytes,
        Err(_) => text(value)?.trim().parse().map_err(|_| invalid("filesizeformat: not a number"))?,
    };
    let binary = binary.unwrap_or(false);
    let base: f64 = if binary { 1024.0 } else { 1000.0 };
    if (bytes - 1.0).abs() < f64::EPSILON {
        return Ok("1 Byte".to_owned());
    }
    if bytes < base {
        return Ok(format!("{} Bytes", bytes as i64));
    }
    let units = ["k", "M", "G", "T", "P", "E", "Z", "Y"];
    let mut power = 2_u8;
    while usize::from(power) <= units.len() && bytes >= base.powi(i32::from(power)) {
        power += 1;
    }
    let unit = units[usize::from(power - 2).min(units.len() - 1)];
    let unit = if binary { format!("{}iB", unit.to_uppercase()) } else { format!("{unit}B") };
    Ok(format!("{:.1} {unit}", bytes / base.powi(i32::from(power) - 1)))
}

/// Runs of letters, digits and `_`.
fn word_count(value: &Value) -> Result<usize, Error> {
    let text = text(value)?;
    Ok(text
        .split(|letter: char| !letter.is_alphanumeric() && letter != '_')
        .filter(|word| !word.is_empty())
        .count())
}

/// A text without what stands between brackets; an opening one alone stays.
fn strip_tags(value: &Value) -> Result<String, Error> {
    let text = text(value)?;
    let (mut out, mut rest) = (String::new(), text.as_str());
    while let Some((before, (_, after))) =
        rest.split_once('<').and_then(|(before, tag)| Some((before, tag.split_once('>')?)))
    {
        out.push_str(before);
        rest = after;
    }
    out.push_str(rest);
    let joined = out.split_whitespace().collect::<Vec<_>>().join(" ");
    Ok(joined
        .replace("&lt;", "<")
        .replace("&gt;", ">")
        .replace("&quot;", "\"")
        .replace("&#39;", "'")
        .replace("&#34;", "\"")
        .replace("&amp;", "&"))
}

fn unique(value: &Value, case_sensitive: Option<bool>, kwargs: &Kwargs) -> Result<Vec<Value>, Error> {
    let case_sensitive = case_sensitive.or(kwargs.get("case_sensitive")?).unwrap_or(false);
    let attribute: Option<String> = kwargs.get("attribute")?;
    let mut seen: HashSet<Value> = HashSet::new();
    let mut out = Vec::new();
    for item in value.try_iter()? {
        let mut key = match &attribute {
            Some(path) => path.split('.').try_fold(item.clone(), |value, step| value.get_attr(step))?,
            None => item.clone(),
        };
        if let (false, Some(text)) = (case_sensitive, key.as_str()) {
            key = Value::from(text.to_lowercase());
        }
        if !python::is_shallow(&key) {
            return Err(python::unprintable());
        }
        if seen.insert(key) {
            out.push(item);
        }
    }
    Ok(out)
}

/// A mapping's items as sorted tuples.
fn dict_sort(
    value: &Value,
    case_sensitive: Option<bool>,
    by: Option<String>,
    kwargs: &Kwargs,
) -> Result<Value, Error> {
    let case_sensitive = case_sensitive.or(kwargs.get("case_sensitive")?).unwrap_or(false);
    let by = by.or(kwargs.get("by")?).unwrap_or_else(|| "key".to_owned());
    let reverse: bool = kwargs.get::<Option<bool>>("reverse")?.unwrap_or(false);
    if value.kind() != ValueKind::Map {
        return Err(invalid("dictsort: not a mapping"));
    }
    let mut items = Vec::new();
    for key in value.try_iter()? {
        let found = value.get_item(&key)?;
        let sort = if by == "value" { found.clone() } else { key.clone() };
        let sort = match sort.as_str().filter(|_| !case_sensitive) {
            Some(text) => Value::from(text.to_lowercase()),
            None => sort,
        };
        items.push((sort, python::tuple(vec![key, found])));
    }
    items.order_by(|a, b| a.0.cmp(&b.0));
    if reverse {
        items.reverse();
    }
    Ok(items.into_iter().map(|(_, item)| item).collect())
}

fn word_wrap(value: &Value, width: Option<usize>, kwargs: &Kwargs) -> Result<String, Error> {
    let width = width.or(kwargs.get("width")?).unwrap_or(79).max(1);
    let mut lines = Vec::new();
    for line in text(value)?.lines() {
        let mut current = String::new();
        for word in line.split_whitespace() {
            let mut word: Vec<char> = word.chars().collect();
            let used = current.chars().count() + 1;
            if !current.is_empty() && word.len() > width && used < width {
                // A word that fits on no line begins on this one.
                let rest = word.split_off(width - used);
                current.push(' ');
                current.extend(std::mem::replace(&mut word, rest));
                lines.push(std::mem::take(&mut current));
            } else if !current.is_empty() && used + word.len() > width {
                lines.push(std::mem::take(&mut current));
            }
            if !current.is_empty() {
                current.push(' ');
            }
            while word.len() > width {
                let rest = word.split_off(width);
                lines.push(word.into_iter().collect());
                word = rest;
            }
            current.extend(word);
        }
        lines.push(current);
    }
    Ok(lines.join("\n"))
}

/// A text for a URL; the values of a mapping as a query, in which a space is `+`.
fn url_encoded(value: &Value) -> Result<String, Error> {
    let encoded = minijinja::filters::urlencode(value)?;
    Ok(if value.as_str().is_some() { encoded } else { encoded.replace("%20", "+") })
}

/// A random item of a list or character of a text; undefined if empty.
fn random(value: &Value) -> Result<Value, Error> {
    use std::hash::{BuildHasher as _, RandomState};
    if value.kind() == ValueKind::Map {
        return Err(invalid("random: not a sequence"));
    }
    let items: Vec<Value> = match value.as_str() {
        Some(text) => text.chars().map(|letter| Value::from(letter.to_string())).collect(),
        None => value.try_iter()?.collect(),
    };
    // Seeded by the system's randomness; jinja2 only promises a varying choice.
    let number = RandomState::new().hash_one(items.len());
    let chosen = usize::try_from(number % (items.len() as u64).max(1)).unwrap_or(0);
    Ok(items.get(chosen).cloned().unwrap_or(Value::UNDEFINED))
}

/// minijinja's filter, under a name that no template can use.
const MAP: &str = "minijinja's map";

/// As minijinja's `map`, but a missing attribute is replaced by the default.
fn map(state: &mut State, value: Value, args: Vec<Value>) -> Result<Value, Error> {
    let (_, kwargs): (&[Value], Kwargs) = minijinja::value::from_args(&args)?;
    let default: Option<Value> = kwargs.get("default")?;
    let with_value: Vec<Value> = std::iter::once(value).chain(args).collect();
    let mapped = state.apply_filter(MAP, &with_value)?;
    let Some(default) = default else { return Ok(mapped) };
    Ok(mapped
        .try_iter()?
        .map(|item| if super::missing::is_missing(&item) { default.clone() } else { item })
        .collect())
}

/// A text as Rust reads numbers: Python's int() and float() ignore white space around a number and single underscores
/// between its digits.
fn digits(value: &Value) -> Value {
    let Some(text) = value.as_str() else { return value.clone() };
    let text = text.trim();
    let bytes = text.as_bytes();
    let is_digit = |at: Option<usize>| at.and_then(|at| bytes.get(at)).is_some_and(u8::is_ascii_alphanumeric);
    let between = |at: usize| is_digit(at.checked_sub(1)) && is_digit(at.checked_add(1));
    if text.bytes().enumerate().any(|(at, byte)| byte == b'_' && !between(at)) {
        return Value::from(text);
    }
    Value::from(text.replace('_', ""))
}

/// All installed filters.
pub(super) fn install(environment: &mut Environment<'static>) {
    environment.add_filter("tojson", |value: &Value, indent: Option<usize>, kwargs: Kwargs| {
        to_json(value, indent.or(kwargs.get("indent")?))
    });
    environment.add_filter("urlencode", |value: &Value| url_encoded(value));
    environment.add_filter("wordcount", |value: &Value| word_count(value));
    environment.add_filter("string", |value: &Value| text(value));
    environment.add_filter("pprint", |value: &Value| {
        let mut out = String::new();
        python::repr(&mut out, value).map_err(|_| python::unprintable())?;
        Ok::<_, Error>(out)
    });
    environment.add_filter("filesizeformat", |value: &Value, binary: Option<bool>| file_size(value, binary));
    environment.add_filter("forceescape", |value: &Value| escaped(value));
    environment.add_filter("escape", |value: &Value| escaped(value));
    environment.add_filter("e", |value: &Value| escaped(value));
    environment.add_filter("safe", |value: &Value| text(value).map(Value::from_safe_string));
    environment.add_filter("striptags", |value: &Value| strip_tags(value));
    environment.add_filter(
        "truncate",
        |value: &Value, length: Option<usize>, kill: Option<bool>, end: Option<String>, kwargs: Kwargs| {
            truncate(value, length, kill, end, &kwargs)
        },
    );
    environment.add_filter("unique", |value: &Value, case: Option<bool>, kwargs: Kwargs| {
        unique(value, case, &kwargs)
    });
    environment.add_filter(
        "dictsort",
        |value: &Value, case: Option<bool>, by: Option<String>, kwargs: Kwargs| {
            dict_sort(value, case, by, &kwargs)
        },
    );
    environment.add_filter("wordwrap", |value: &Value, width: Option<usize>, kwargs: Kwargs| {
        word_wrap(value, width, &kwargs)
    });
    environment.add_filter("center", |value: &Value, width: Option<usize>| {
        Ok::<_, Error>(python::centred(&text(value)?, width.unwrap_or(80), ' '))
    });
    environment.add_filter("format", |format: String, args: Rest<Value>, kwargs: Kwargs| {
        super::format::percent(&format, &args, &kwargs)
    });
    environment.add_filter("join", |value: &Value, by: Option<String>, kwargs: Kwargs| {
        let by = by.or(kwargs.get("d")?).unwrap_or_default();
        let attribute: Option<String> = kwargs.get("attribute")?;
        let item = |item: Value| match &attribute {
            Some(path) => text(&path.split('.').try_fold(item, |value, step| value.get_attr(step))?),
            None => text(&item),
        };
        let mut out = String::new();
        for (number, one) in value.try_iter()?.enumerate() {
            let one = item(one)?;
            if out.len() + by.len() + one.len() > MAX_TEXT {
                return Err(invalid(format!("join: the result is larger than {} MiB", MAX_TEXT >> 20)));
            }
            if number > 0 {
                out.push_str(&by);
            }
            out.push_str(&one);
        }
        Ok::<_, Error>(out)
    });
    environment.add_filter("random", |value: &Value| random(value));
    environment.add_filter(
        "int",
        |state: &State, value: &Value, default: Option<Value>, base: Option<u32>, kwargs: Kwargs| {
            // What Python's int() refuses is 0, not an error.
            let default = default.or(kwargs.get("default")?).unwrap_or_else(|| Value::from(0));
            minijinja::filters::int(state, &digits(value), Some(default), base, kwargs)
        },
    );
    environment.add_filter(
        "float",
        |state: &State, value: &Value, default: Option<Value>, kwargs: Kwargs| {
            let default = default.or(kwargs.get("default")?).unwrap_or_else(|| Value::from(0.0));
            minijinja::filters::float(state, &digits(value), Some(default), kwargs)
        },
    );
    // Only a text is a name; the value of anything else is no error.
    let named = |has: fn(&State, &str) -> bool| {
        move |state: &State, value: &Value| value.as_str().is_some_and(|name| has(state, name))
    };
    environment.add_test("sequence", |value: &Value| {
        matches!(value.kind(), ValueKind::Seq | ValueKind::String | ValueKind::Map)
    });
    environment.add_test("test", named(minijinja::tests::is_test));
    environment.add_test("filter", named(minijinja::tests::is_filter));
    environment.add_filter(MAP, minijinja::filters::map);
    environment.add_filter("map", |state: &mut State, value: Value, args: Rest<ValueOrKwargs>| {
        map(state, value, args.into_values())
    });
    environment.add_filter("items", |value: &Value| python::items(value));
}
