//! Anchors, aliases, tags and directives.

use super::Scanner;
use crate::Position;
use crate::cursor::{ends_word, is_blank, is_break};
use crate::error::{Fault, shown};
use crate::token::{Directive, Token, TokenKind};

/// The characters of names of anchors, directives and tag handles.
fn is_word(c: char) -> bool {
    c.is_ascii_alphanumeric() || matches!(c, '-' | '_')
}

impl Scanner<'_> {
    fn unexpected(&self, what: &str, start: Position) -> Fault {
        let found = shown(self.cursor.peek());
        Fault::scan(self.cursor.position(), format!("{what}, found {found}")).within(start)
    }

    /// Scans `&name` or `*name`.
    pub(super) fn scan_anchor(&mut self) -> Result<Token, Fault> {
        let start = self.cursor.position();
        let alias = self.cursor.peek() == '*';
        self.cursor.advance();
        let name = self.cursor.take_while(is_word).to_owned();
        let next = self.cursor.peek();
        if name.is_empty() || !(is_blank(next) || "?:,]}%@`".contains(next)) {
            let what = "the name of an anchor consists of letters, digits, '-' and '_'";
            return Err(self.unexpected(what, start));
        }
        let kind = if alias { TokenKind::Alias(name) } else { TokenKind::Anchor(name) };
        Ok(Token { kind, start, end: self.cursor.position() })
    }

    /// Scans `!<uri>`, `!`, `!suffix` or `!handle!suffix`.
    pub(super) fn scan_tag(&mut self) -> Result<Token, Fault> {
        let start = self.cursor.position();
        let next = self.cursor.peek_at(1);
        let (handle, suffix) = if next == '<' {
            self.cursor.advance_by(2);
            let uri = self.scan_uri(start)?;
            if self.cursor.peek() != '>' {
                return Err(self.unexpected("expected '>' at the end of a tag", start));
            }
            self.cursor.advance();
            (None, uri)
        } else if is_blank(next) {
            self.cursor.advance();
            (None, "!".to_owned())
        } else {
            let mut word = self.cursor.rest().chars().skip(1).take_while(|&c| !ends_word(c));
            let handle = if word.any(|c| c == '!') {
                self.scan_handle(start)?
            } else {
                self.cursor.advance();
                "!".to_owned()
            };
            (Some(handle), self.scan_uri(start)?)
        };
        if !ends_word(self.cursor.peek()) {
            return Err(self.unexpected("expected a space after a tag", start));
        }
        Ok(Token { kind: TokenKind::Tag { handle, suffix }, start, end: self.cursor.position() })
    }

    /// Scans `!`, `!!` or `!name!`.
    fn scan_handle(&mut self, start: Position) -> Result<String, Fault> {
        if self.cursor.peek() != '!' {
            return Err(self.unexpected("expected '!' at the start of a tag handle", start));
        }
        self.cursor.advance();
        if self.cursor.peek() == ' ' {
            return Ok("!".to_owned());
        }
        let name = self.cursor.take_while(is_word);
        if self.cursor.peek() != '!' {
            return Err(self.unexpected("expected '!' at the end of a tag handle", start));
        }
        self.cursor.advance();
        Ok(format!("!{name}!"))
    }

    /// Scans the characters of a URI and decodes its `%` escapes.
    fn scan_uri(&mut self, start: Position) -> Result<String, Fault> {
        let mut uri = String::new();
        loop {
            let plain = |c: char| c.is_ascii_alphanumeric() || "-;/?:@&=+$,_.!~*'()[]".contains(c);
            uri.push_str(self.cursor.take_while(plain));
            if self.cursor.peek() != '%' {
                break;
            }
            let escapes = self.scan_uri_escapes(start)?;
            uri.push_str(&escapes);
        }
        if uri.is_empty() { Err(self.unexpected("expected a tag name", start)) } else { Ok(uri) }
    }

    fn scan_uri_escapes(&mut self, start: Position) -> Result<String, Fault> {
        let at = self.cursor.position();
        let mut bytes = Vec::new();
        while self.cursor.peek() == '%' {
            self.cursor.advance();
            let mut byte = 0;
            for skip in 0..2 {
                let Some(digit) =
                    self.cursor.peek_at(skip).to_digit(16).and_then(|digit| u8::try_from(digit).ok())
                else {
                    return Err(self.unexpected("expected two hexadecimal digits after '%' in a tag", start));
                };
                byte = byte << 4 | digit;
            }
            bytes.push(byte);
            self.cursor.advance_by(2);
        }
        String::from_utf8(bytes)
            .map_err(|_| Fault::scan(at, "the '%' escapes in this tag are not valid UTF-8").within(start))
    }

    /// Scans a line that starts with `%`.
    pub(super) fn scan_directive(&mut self) -> Result<Token, Fault> {
        let start = self.cursor.position();
        self.cursor.advance();
        let name = self.cursor.take_while(is_word);
        if name.is_empty() || !ends_word(self.cursor.peek()) {
            let what =
                "'%' at the start of a line is a directive, which needs a name; use quotes if it is text";
            return Err(self.unexpected(what, start));
        }
        let directive = match name {
            "YAML" => self.scan_version(start)?,
            "TAG" => self.scan_tag_directive(start)?,
            _ => Directive::Reserved,
        };
        let end = self.cursor.position();
        if directive == Directive::Reserved {
            self.cursor.take_while(|c| !is_break(c));
        }
        self.skip_line_rest(start)?;
        Ok(Token { kind: TokenKind::Directive(directive), start, end })
    }

    fn scan_version(&mut self, start: Position) -> Result<Directive, Fault> {
        self.cursor.skip_spaces();
        let what = "expected a YAML version such as 1.1";
        let major = self.cursor.take_while(|c| c.is_ascii_digit());
        if major.is_empty() || self.cursor.peek() != '.' {
            return Err(self.unexpected(what, start));
        }
        self.cursor.advance();
        let minor = self.cursor.take_while(|c| c.is_ascii_digit());
        if minor.is_empty() || !ends_word(self.cursor.peek()) {
            return Err(self.unexpected(what, start));
        }
        Ok(Directive::Yaml { supported: major.trim_start_matches('0') == "1" })
    }

    fn scan_tag_directive(&mut self, start: Position) -> Result<Directive, Fault> {
        self.cursor.skip_spaces();
        let handle = self.scan_handle(start)?;
        if self.cursor.peek() != ' ' {
            return Err(self.unexpected("expected a space after the handle of a %TAG", start));
        }
        self.cursor.skip_spaces();
        let prefix = self.scan_uri(start)?;
        if !ends_word(self.cursor.peek()) {
            return Err(self.unexpected("expected the end of the line after the prefix of a %TAG", start));
        }
        Ok(Directive::Tag { handle, prefix })
    }
}
