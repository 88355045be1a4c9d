//! Finds the end of a shell word, and its value (POSIX shell, 2.2 «Quoting»; `$'…'` as in bash).

use nom::{IResult, Parser, bytes::complete::take_while_m_n, combinator::map_opt};

use crate::Error;

const MAX_DEPTH: usize = 64;

/// What is open during the scan.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Open {
    Single,
    Double,
    Ansi,
    Command,
    Brace,
    Backtick,
}

impl Open {
    fn describe(self) -> &'static str {
        match self {
            Open::Single => "single quote",
            Open::Double => "double quote",
            Open::Ansi => "$' quote",
            Open::Command => "$( or (",
            Open::Brace => "${",
            Open::Backtick => "back quote",
        }
    }

    fn closed_by(self) -> u8 {
        match self {
            Open::Single | Open::Ansi => b'\'',
            Open::Double => b'"',
            Open::Command => b')',
            Open::Brace => b'}',
            Open::Backtick => b'`',
        }
    }
}

/// The length of the shell word at `start`; zero if it is empty. Errors have positions in `text`.
pub(crate) fn scan(text: &[u8], start: usize) -> Result<usize, Error> {
    let mut open: Vec<(Open, usize)> = Vec::new();
    let mut at = start;
    while let Some(&byte) = text.get(at) {
        let inside = open.last().map(|(kind, _)| *kind);
        if inside.is_none() && ends_word(byte) {
            break;
        }
        let next = text.get(at + 1).copied();
        if inside.is_some_and(|kind| kind.closed_by() == byte) {
            open.pop();
            at += 1;
            continue;
        }
        let (opened, step) = match (inside, byte, next) {
            (Some(Open::Single), ..) => (None, 1),
            (_, b'\\', Some(_)) => (None, 2),
            (Some(Open::Ansi), ..) => (None, 1),
            (_, b'$', Some(b'(')) => (Some(Open::Command), 2),
            (_, b'$', Some(b'{')) => (Some(Open::Brace), 2),
            (_, b'`', _) => (Some(Open::Backtick), 1),
            (Some(Open::Command), b'(', _) => (Some(Open::Command), 1),
            (Some(Open::Double), ..) => (None, 1),
            (_, b'$', Some(b'\'')) => (Some(Open::Ansi), 2),
            (_, b'\'', _) => (Some(Open::Single), 1),
            (_, b'"', _) => (Some(Open::Double), 1),
            _ => (None, 1),
        };
        if let Some(kind) = opened {
            if open.len() == MAX_DEPTH {
                let (line, column) = position(text, at);
                return Err(Error::TooDeep { line, column });
            }
            open.push((kind, at));
        }
        at += step;
    }
    match open.first() {
        Some((kind, at)) => {
            let (line, column) = position(text, *at);
            Err(Error::Unterminated { line, column, what: kind.describe() })
        }
        None => Ok(at - start),
    }
}

fn ends_word(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t' | b'\n' | b'\r' | b';' | b'&' | b'|' | b'<' | b'>' | b'(' | b')')
}

pub(crate) fn line_ends(text: &[u8]) -> usize {
    text.split(|b| *b == b'\n').count() - 1
}

/// One-based line and column of an offset.
pub(crate) fn position(text: &[u8], at: usize) -> (usize, usize) {
    let before = &text[..at.min(text.len())];
    let line = line_ends(before) + 1;
    let start = before.iter().rposition(|b| *b == b'\n').map_or(0, |newline| newline + 1);
    (line, before.len() - start + 1)
}

/// A word's value, and whether a shell would expand part of it.
pub(crate) struct Evaluated {
    pub text: Vec<u8>,
    pub expands: bool,
}

/// Removes quotes and escapes; expansions are kept as written.
pub(crate) fn evaluate(word: &[u8]) -> Evaluated {
    let mut out = Evaluated { text: Vec::with_capacity(word.len()), expands: false };
    let (mut at, mut double) = (0, false);
    while let Some(&byte) = word.get(at) {
        let next = word.get(at + 1).copied();
        at += match (byte, next) {
            (b'"', _) => {
                double = !double;
                1
            }
            (b'\'', _) if !double => single(word, at, &mut out.text),
            (b'$', Some(b'\'')) if !double => ansi(word, at + 2, &mut out.text) + 2,
            (b'\\', Some(b'\n')) => 2,
            (b'\\', Some(escaped)) if !double || b"$`\"\\".contains(&escaped) => {
                out.text.push(escaped);
                2
            }
            (b'$', Some(b'(' | b'{')) | (b'`', _) => {
                out.expands = true;
                let length = expansion(word, at);
                out.text.extend_from_slice(&word[at..at + length]);
                length
            }
            (b'$', Some(c)) if c.is_ascii_alphanumeric() || b"_#?-@*!$".contains(&c) => {
                out.expands = true;
                out.text.push(byte);
                1
            }
            _ => {
                out.text.push(byte);
                1
            }
        };
    }
    out
}

/// Copies `'…'` from `at` without its quotes; returns its length including them.
fn single(word: &[u8], at: usize, out: &mut Vec<u8>) -> usize {
    let inner = &word[at + 1..];
    let end = inner.iter().position(|b| *b == b'\'').unwrap_or(inner.len());
    out.extend_from_slice(&inner[..end]);
    (end + 2).min(word.len() - at)
}

/// The length of the `$(…)`, `${…}` or `` `…` `` at `at`, which has its own quoting.
fn expansion(word: &[u8], at: usize) -> usize {
    let mut depth = 0_usize;
    let mut quote = None;
    let mut i = at;
    while let Some(&byte) = word.get(i) {
        i += 1;
        match (quote, byte) {
            (Some(b'\''), b'\'') | (Some(b'"'), b'"') => quote = None,
            (Some(b'\''), _) => {}
            (_, b'\\') => i += 1,
            (Some(_), _) => {}
            (None, b'`') if i - 1 == at => quote = Some(b'`'),
            (None, b'\'' | b'"') => quote = Some(byte),
            (None, b'(' | b'{') => depth += 1,
            (None, b')' | b'}') => {
                depth = depth.saturating_sub(1);
                if depth == 0 {
                    return i - at;
                }
            }
            (None, _) => {}
        }
        if quote == Some(b'`') && i - 1 > at && byte == b'`' {
            return i - at;
        }
    }
    word.len() - at
}

/// Decodes `$'…'` after its opening; returns the length including the closing quote.
fn ansi(word: &[u8], start: usize, out: &mut Vec<u8>) -> usize {
    let mut rest = &word[start.min(word.len())..];
    let whole = rest.len();
    while let Some((&byte, tail)) = rest.split_first() {
        rest = tail;
        match (byte, tail.first().copied()) {
            (b'\'', _) => break,
            (b'\\', Some(code)) => {
                rest = &tail[1..];
                rest = ansi_escape(code, rest, out);
            }
            _ => out.push(byte),
        }
    }
    whole - rest.len()
}

fn ansi_escape<'a>(code: u8, rest: &'a [u8], out: &mut Vec<u8>) -> &'a [u8] {
    let simple = match code {
        b'n' => b'\n',
        b't' => b'\t',
        b'r' => b'\r',
        b'a' => 7,
        b'b' => 8,
        b'v' => 11,
        b'f' => 12,
        b'e' | b'E' => 27,
        b'\\' | b'\'' | b'"' | b'?' => code,
        b'x' => return numeric(rest, 16, 2, code, out),
        b'u' => return numeric(rest, 16, 4, code, out),
        b'U' => return numeric(rest, 16, 8, code, out),
        b'c' => {
            if let Some((&control, tail)) = rest.split_first() {
                out.push(control.to_ascii_uppercase() & 0x1f);
                return tail;
            }
            b'c'
        }
        b'0'..=b'7' => {
            let (tail, value) = digits(rest, 8, 2).unwrap_or((rest, 0));
            let scale = 8_u32.pow(u32::try_from(rest.len() - tail.len()).unwrap_or(0));
            // A shell keeps only the low byte of larger values.
            out.push(((u32::from(code - b'0') * scale + value) & 0xff) as u8);
            return tail;
        }
        other => {
            out.push(b'\\');
            other
        }
    };
    out.push(simple);
    rest
}

/// `\xHH`, `\uHHHH`, `\UHHHHHHHH`; without digits it is not an escape and is kept.
fn numeric<'a>(rest: &'a [u8], radix: u32, most: usize, code: u8, out: &mut Vec<u8>) -> &'a [u8] {
    let Ok((tail, value)) = digits(rest, radix, most) else {
        out.extend_from_slice(&[b'\\', code]);
        return rest;
    };
    if code == b'x' {
        out.push((value & 0xff) as u8);
    } else {
        let c = char::from_u32(value).unwrap_or(char::REPLACEMENT_CHARACTER);
        out.extend_from_slice(c.encode_utf8(&mut [0; 4]).as_bytes());
    }
    tail
}

fn digits(input: &[u8], radix: u32, most: usize) -> IResult<&[u8], u32> {
    map_opt(take_while_m_n(1, most, |b: u8| char::from(b).is_digit(radix)), |text: &[u8]| {
        u32::from_str_radix(std::str::from_utf8(text).ok()?, radix).ok()
    })
    .parse(input)
}
