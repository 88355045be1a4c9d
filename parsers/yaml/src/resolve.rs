//! The implicit tag of a plain scalar.

/// The type that a node is constructed as.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Tag {
    Null,
    Bool,
    Int,
    Float,
    Binary,
    Timestamp,
    Omap,
    Pairs,
    Set,
    Str,
    Seq,
    Map,
    /// `<<`, which is special only as a key.
    Merge,
    /// `=`, which is text as a key and invalid elsewhere.
    Value,
    /// Any other tag: cannot be constructed.
    Unknown(String),
}

const PREFIX: &str = "tag:yaml.org,2002:";

impl Tag {
    /// The tag of a resolved tag URI.
    pub(crate) fn from_uri(uri: String) -> Tag {
        match uri.strip_prefix(PREFIX) {
            Some("null") => Tag::Null,
            Some("bool") => Tag::Bool,
            Some("int") => Tag::Int,
            Some("float") => Tag::Float,
            Some("binary") => Tag::Binary,
            Some("timestamp") => Tag::Timestamp,
            Some("omap") => Tag::Omap,
            Some("pairs") => Tag::Pairs,
            Some("set") => Tag::Set,
            Some("str") => Tag::Str,
            Some("seq") => Tag::Seq,
            Some("map") => Tag::Map,
            Some("merge") => Tag::Merge,
            Some("value") => Tag::Value,
            _ => Tag::Unknown(uri),
        }
    }

    /// The tag's name in errors.
    pub(crate) fn shown(&self) -> String {
        match self {
            Tag::Merge => "!!merge (a '<<' that is not a key)".to_owned(),
            Tag::Value => "!!value (a '=' that is not a key)".to_owned(),
            Tag::Unknown(uri) => uri.replacen(PREFIX, "!!", 1),
            other => format!("!!{}", format!("{other:?}").to_lowercase()),
        }
    }
}

/// The tag of a plain scalar.
///
/// PyYAML's expressions end in `$`, which also matches before a line feed at the end of the text. Only a
/// quoted scalar tagged `!` can have one there.
pub(crate) fn resolve(text: &str) -> Tag {
    let Some(&first) = text.as_bytes().first() else { return Tag::Null };
    let text = if text.len() > 1 { text.strip_suffix('\n').unwrap_or(text) } else { text };
    match text {
        "~" | "null" | "Null" | "NULL" => return Tag::Null,
        "<<" => return Tag::Merge,
        "=" => return Tag::Value,
        "!" | "&" | "*" => return Tag::Unknown(format!("{PREFIX}yaml")),
        _ => {}
    }
    if boolean::pyyaml(text).is_some() {
        return Tag::Bool;
    }
    if !matches!(first, b'-' | b'+' | b'.' | b'0'..=b'9') {
        return Tag::Str;
    }
    if is_float(text) {
        Tag::Float
    } else if is_int(text) {
        Tag::Int
    } else if is_timestamp(text) {
        Tag::Timestamp
    } else {
        Tag::Str
    }
}

/// The rest of a text during matching.
#[derive(Clone, Copy)]
struct Rest<'a>(&'a [u8]);

impl Rest<'_> {
    /// Skips up to a number of matching bytes, and counts them.
    fn many(&mut self, most: usize, wanted: impl Fn(u8) -> bool) -> usize {
        let count = self.0.iter().take(most).take_while(|&&byte| wanted(byte)).count();
        self.0 = &self.0[count..];
        count
    }

    fn one(&mut self, wanted: impl Fn(u8) -> bool) -> bool {
        self.many(1, wanted) == 1
    }

    fn byte(&mut self, wanted: u8) -> bool {
        self.one(|byte| byte == wanted)
    }

    fn digits(&mut self, least: usize, most: usize) -> bool {
        self.many(most, |byte| byte.is_ascii_digit()) >= least
    }

    fn sign(&mut self) -> bool {
        self.one(|byte| byte == b'+' || byte == b'-')
    }

    fn end(self) -> bool {
        self.0.is_empty()
    }

    /// `[0-9][0-9_]*`
    fn grouped(&mut self) -> bool {
        let start = self.one(|byte| byte.is_ascii_digit());
        start && {
            self.underscored();
            true
        }
    }

    /// `[0-9_]*`
    fn underscored(&mut self) {
        self.many(usize::MAX, |byte| byte.is_ascii_digit() || byte == b'_');
    }

    /// `(:[0-5]?[0-9])+`
    fn sixties(&mut self) -> bool {
        let mut any = false;
        while self.byte(b':') {
            let tens = self.0.first().is_some_and(|byte| (b'0'..=b'5').contains(byte));
            let two = tens && self.0.get(1).is_some_and(u8::is_ascii_digit);
            if !self.digits(1, if two { 2 } else { 1 }) {
                return false;
            }
            any = true;
        }
        any
    }

    /// Nothing, or an exponent; its sign is required.
    fn exponent_and_end(&mut self) -> bool {
        if self.end() {
            return true;
        }
        self.one(|byte| byte == b'e' || byte == b'E')
            && self.sign()
            && self.digits(1, usize::MAX)
            && self.end()
    }
}

fn is_float(text: &str) -> bool {
    if let ".nan" | ".NaN" | ".NAN" = text {
        return true;
    }
    let mut rest = Rest(text.as_bytes());
    let signed = rest.sign();
    if let b".inf" | b".Inf" | b".INF" = rest.0 {
        return true;
    }
    if rest.byte(b'.') {
        // A fraction without an integer part cannot have a sign.
        return !signed && rest.grouped() && rest.exponent_and_end();
    }
    if !rest.grouped() {
        return false;
    }
    let mut sixty = rest;
    if sixty.sixties() {
        sixty.byte(b'.') && {
            sixty.underscored();
            sixty.end()
        }
    } else {
        rest.byte(b'.') && {
            rest.underscored();
            rest.exponent_and_end()
        }
    }
}

fn is_int(text: &str) -> bool {
    let mut rest = Rest(text.as_bytes());
    rest.sign();
    let digits = |bytes: &[u8], digit: fn(u8) -> bool| {
        !bytes.is_empty() && bytes.iter().all(|&byte| byte == b'_' || digit(byte))
    };
    match rest.0 {
        b"0" => true,
        [b'0', b'b', binary @ ..] => digits(binary, |byte| matches!(byte, b'0' | b'1')),
        [b'0', b'x', hexadecimal @ ..] => digits(hexadecimal, |byte| byte.is_ascii_hexdigit()),
        [b'0', octal @ ..] => digits(octal, |byte| (b'0'..=b'7').contains(&byte)),
        [b'1'..=b'9', ..] => {
            rest.underscored();
            rest.end() || (rest.sixties() && rest.end())
        }
        _ => false,
    }
}

/// A date must have two digits for month and day, unless a time follows.
fn is_timestamp(text: &str) -> bool {
    let mut rest = Rest(text.as_bytes());
    if let [_, _, _, _, b'-', _, _, b'-', _, _] = rest.0 {
        return rest.digits(4, 4)
            && rest.byte(b'-')
            && rest.digits(2, 2)
            && rest.byte(b'-')
            && rest.digits(2, 2);
    }
    let blank = |byte: u8| byte == b' ' || byte == b'\t';
    let date = rest.digits(4, 4)
        && rest.byte(b'-')
        && rest.digits(1, 2)
        && rest.byte(b'-')
        && rest.digits(1, 2)
        && (rest.one(|byte| byte == b'T' || byte == b't') || rest.many(usize::MAX, blank) > 0);
    let time = date
        && rest.digits(1, 2)
        && rest.byte(b':')
        && rest.digits(2, 2)
        && rest.byte(b':')
        && rest.digits(2, 2);
    if !time {
        return false;
    }
    if rest.byte(b'.') {
        rest.digits(0, usize::MAX);
    }
    if rest.end() {
        return true;
    }
    rest.many(usize::MAX, blank);
    if rest.byte(b'Z') {
        return rest.end();
    }
    rest.sign() && rest.digits(1, 2) && (rest.end() || rest.byte(b':') && rest.digits(2, 2) && rest.end())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(tag: &Tag, texts: &[&str]) {
        for text in texts {
            assert_eq!(resolve(text), *tag, "{text:?}");
        }
    }

    /// From the expressions in PyYAML's documentation of YAML 1.1 types.
    #[test]
    fn plain_scalars() {
        check(&Tag::Null, &["", "~", "null", "Null", "NULL"]);
        check(&Tag::Bool, &["yes", "Off", "TRUE"]);
        check(&Tag::Int, &["0", "-0", "+12", "0644", "0b1_0", "0x_F", "1_000", "12:34:56", "-1:30", "1_0:5"]);
        check(&Tag::Float, &["1.", "1.5e+3", ".5", "-.inf", "+.Inf", ".nan", "1_0.0_1", "12:34:56.7", "0.0"]);
        check(&Tag::Timestamp, &["2001-12-14", "2001-1-1 1:02:03", "2001-12-14t21:59:43.10-05:00"]);
        check(
            &Tag::Timestamp,
            &["2001-12-15 2:59:43.10", "2001-12-14 21:59:43.10 -5", "2001-12-14T01:02:03Z"],
        );
        check(&Tag::Merge, &["<<"]);
        check(&Tag::Value, &["="]);
        check(
            &Tag::Str,
            &[
                "y", "n", "nULL", "1e3", "1.5e3", "0o644", "08", "0b2", "12:60", "2001-1-1", "+.5", "+.nan",
                "-",
            ],
        );
        check(
            &Tag::Str,
            &["+", ".", "..", "1.2.3", "52:54:00:zz", "0x", "0b", "._1", "_1", "1:", "2001-12-14 "],
        );
    }
}
