//! Lease files of ISC dhclient (dhclient.leases(5)), and the classless routes in them (RFC 3442).

use crate::{Error, bytes};

/// A lease: its statements in order.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Lease {
    /// Names without `option`, and values without quotes.
    pub statements: Vec<(String, String)>,
}

impl Lease {
    /// The value of a statement; the last one is used.
    pub fn get(&self, name: &str) -> Option<&str> {
        self.statements.iter().rev().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }
}

/// Reads the leases of a file, the newest last. Text outside `lease { … }` is ignored.
pub fn parse_leases(file: &[u8]) -> Result<Vec<Lease>, Error> {
    let text = bytes::decode(file);
    let mut leases = Vec::new();
    let mut scan = Scan { text: &text, at: 0 };
    while let Some(start) = scan.next_token()? {
        match start {
            Token::Word("lease") => {}
            Token::Open(_) => {
                scan.skip_block()?;
                continue;
            }
            _ => continue,
        }
        let at = scan.at;
        match scan.next_token()? {
            Some(Token::Open(open)) => leases.push(scan.lease(open)?),
            _ => scan.at = at,
        }
    }
    Ok(leases)
}

enum Token<'a> {
    Word(&'a str),
    /// A quoted text, without its quotes.
    Quoted(String),
    Open(usize),
    Close,
    End,
}

struct Scan<'a> {
    text: &'a str,
    at: usize,
}

impl<'a> Scan<'a> {
    fn error(&self, at: usize, why: &'static str) -> Error {
        let before = &self.text[..at];
        let line = before.matches('\n').count() + 1;
        let column = before.rsplit('\n').next().unwrap_or_default().chars().count() + 1;
        Error::Lease { line, column, why }
    }

    fn next_token(&mut self) -> Result<Option<Token<'a>>, Error> {
        loop {
            let rest = &self.text[self.at..];
            let blank = rest.len() - rest.trim_start().len();
            self.at += blank;
            let rest = &rest[blank..];
            if !rest.starts_with('#') {
                break;
            }
            self.at += rest.find('\n').unwrap_or(rest.len());
        }
        let start = self.at;
        let rest = &self.text[start..];
        let Some(first) = rest.chars().next() else { return Ok(None) };
        self.at += first.len_utf8();
        Ok(Some(match first {
            '{' => Token::Open(start),
            '}' => Token::Close,
            ';' => Token::End,
            '"' => self.quoted(start)?,
            _ => {
                let length =
                    rest.find(|c: char| c.is_whitespace() || "{};\"".contains(c)).unwrap_or(rest.len());
                self.at = start + length;
                Token::Word(&rest[..length])
            }
        }))
    }

    fn quoted(&mut self, start: usize) -> Result<Token<'a>, Error> {
        let mut out = String::new();
        let mut chars = self.text[self.at..].char_indices();
        while let Some((at, c)) = chars.next() {
            match c {
                '"' => {
                    self.at += at + 1;
                    return Ok(Token::Quoted(out));
                }
                // Kept: the reader of the value interprets escapes.
                '\\' => {
                    out.push('\\');
                    out.extend(chars.next().map(|(_, escaped)| escaped));
                }
                _ => out.push(c),
            }
        }
        Err(self.error(start, "unterminated quote"))
    }

    fn skip_block(&mut self) -> Result<(), Error> {
        let mut depth = 1_usize;
        while depth > 0 {
            match self.next_token()? {
                Some(Token::Open(_)) => depth += 1,
                Some(Token::Close) => depth -= 1,
                Some(_) => {}
                None => break,
            }
        }
        Ok(())
    }

    fn lease(&mut self, open: usize) -> Result<Lease, Error> {
        let mut lease = Lease::default();
        let mut words: Vec<String> = Vec::new();
        loop {
            match self.next_token()? {
                Some(Token::Word(word)) => words.push(word.to_owned()),
                Some(Token::Quoted(text)) => words.push(text),
                Some(Token::Open(_)) => {
                    self.skip_block()?;
                    words.clear();
                }
                Some(Token::End) => lease.statement(&mut words),
                Some(Token::Close) => {
                    lease.statement(&mut words);
                    return Ok(lease);
                }
                None => return Err(self.error(open, "unterminated lease")),
            }
        }
    }
}

impl Lease {
    fn statement(&mut self, words: &mut Vec<String>) {
        if words.len() > 1 && words[0] == "option" {
            words.remove(0);
        }
        if !words.is_empty() {
            let name = words.remove(0);
            self.statements.push((name, words.join(" ")));
        }
        words.clear();
    }
}

/// A classless route.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ClasslessRoute {
    /// The destination with its prefix length, `a.b.c.d/n`.
    pub destination: String,
    /// The router.
    pub gateway: String,
}

/// Parses classless routes in any format of DHCP clients: `32,169,254,…`, `24.10.0.1 10.0.0.1,…`, or
/// hexadecimal with colons. An error contains the routes before it.
pub fn classless_routes(value: &str) -> (Vec<ClasslessRoute>, Option<Error>) {
    let value = value.trim_end_matches(';');
    let radix = if value.contains(':') { 16 } else { 10 };
    let octets: Vec<&str> = value.split([',', ' ', '.', ':']).filter(|octet| !octet.is_empty()).collect();
    let (mut routes, mut at) = (Vec::new(), 0);
    while at < octets.len() {
        match route(&octets[at..], radix) {
            Ok((route, taken)) => {
                routes.push(route);
                at += taken;
            }
            Err(why) => return (routes, Some(Error::Routes { at, why })),
        }
    }
    (routes, None)
}

fn route(octets: &[&str], radix: u32) -> Result<(ClasslessRoute, usize), String> {
    let octet =
        |text: &&str| u8::from_str_radix(text, radix).map_err(|_| format!("{text:?} is not an octet"));
    let length = octet(&octets[0])?;
    if length > 32 {
        return Err(format!("invalid prefix length {length}"));
    }
    let significant = usize::from(length).div_ceil(8);
    let needed = 1 + significant + 4;
    let Some(taken) = octets.get(1..needed) else {
        return Err(format!(
            "a /{length} route requires {needed} octets, but only {} are left",
            octets.len()
        ));
    };
    let numbers = taken.iter().map(octet).collect::<Result<Vec<u8>, _>>()?;
    let (network, gateway) = numbers.split_at(significant);
    let mut address = [0_u8; 4];
    address[..significant].copy_from_slice(network);
    let dotted = |octets: &[u8]| octets.iter().map(u8::to_string).collect::<Vec<_>>().join(".");
    let destination = format!("{}/{length}", dotted(&address));
    Ok((ClasslessRoute { destination, gateway: dotted(gateway) }, needed))
}
