//! Scalars in single or double quotes.

use super::Scanner;
use crate::Position;
use crate::cursor::{END, is_blank, is_break};
use crate::error::{Fault, shown};
use crate::token::{Token, TokenKind};

/// Line folding: one line feed becomes a space, further ones are kept; LS and PS are always kept.
pub(super) fn fold(first: char, further: &str) -> String {
    match first {
        '\n' if further.is_empty() => " ".to_owned(),
        '\n' => further.to_owned(),
        other => format!("{other}{further}"),
    }
}

/// The meaning of `\x`, where `x` is this character.
fn escape(c: char) -> Option<char> {
    Some(match c {
        '0' => '\0',
        'a' => '\u{7}',
        'b' => '\u{8}',
        't' | '\t' => '\t',
        'n' => '\n',
        'v' => '\u{b}',
        'f' => '\u{c}',
        'r' => '\r',
        'e' => '\u{1b}',
        ' ' | '"' | '\\' | '/' => c,
        'N' => '\u{85}',
        '_' => '\u{a0}',
        'L' => '\u{2028}',
        'P' => '\u{2029}',
        _ => return None,
    })
}

impl Scanner<'_> {
    /// Scans a quoted scalar, starting at the quote.
    pub(super) fn scan_quoted(&mut self) -> Result<Token, Fault> {
        let start = self.cursor.position();
        let quote = self.cursor.peek();
        self.cursor.advance();
        let mut text = String::new();
        self.quoted_words(quote, start, &mut text)?;
        while self.cursor.peek() != quote {
            self.quoted_spaces(start, &mut text)?;
            self.quoted_words(quote, start, &mut text)?;
        }
        self.cursor.advance();
        Ok(Token { kind: TokenKind::Scalar { text, plain: false }, start, end: self.cursor.position() })
    }

    /// Reads up to a blank or the closing quote.
    fn quoted_words(&mut self, quote: char, start: Position, text: &mut String) -> Result<(), Fault> {
        let double = quote == '"';
        loop {
            text.push_str(self.cursor.take_while(|c| !is_blank(c) && !matches!(c, '\'' | '"' | '\\')));
            match self.cursor.peek() {
                '\'' if !double && self.cursor.peek_at(1) == '\'' => {
                    text.push('\'');
                    self.cursor.advance_by(2);
                }
                '\\' if double => {
                    self.cursor.advance();
                    self.quoted_escape(start, text)?;
                }
                c @ ('\'' | '"' | '\\') if c != quote => {
                    text.push(c);
                    self.cursor.advance();
                }
                _ => return Ok(()),
            }
        }
    }

    /// Reads what follows a backslash.
    fn quoted_escape(&mut self, start: Position, text: &mut String) -> Result<(), Fault> {
        let c = self.cursor.peek();
        if let Some(meant) = escape(c) {
            text.push(meant);
            self.cursor.advance();
            return Ok(());
        }
        let digits = match c {
            'x' => 2,
            'u' => 4,
            'U' => 8,
            c if is_break(c) => {
                self.cursor.line_break();
                let breaks = self.quoted_breaks(start)?;
                text.push_str(&breaks);
                return Ok(());
            }
            c => {
                let what = format!("unknown escape \\ with {}; use \\\\ for a backslash", shown(c));
                return Err(Fault::scan(self.cursor.position(), what).within(start));
            }
        };
        self.cursor.advance();
        let at = self.cursor.position();
        let code = self.hexadecimal(digits, start)?;
        text.push(self.character(code, at, start)?);
        Ok(())
    }

    /// Reads an exact number of hexadecimal digits.
    fn hexadecimal(&mut self, digits: usize, start: Position) -> Result<u32, Fault> {
        let mut code = 0;
        let at = self.cursor.position();
        for _ in 0..digits {
            let Some(digit) = self.cursor.peek().to_digit(16) else {
                let found = shown(self.cursor.peek());
                let what = format!("this escape requires {digits} hexadecimal digits, found {found}");
                return Err(Fault::scan(at, what).within(start));
            };
            code = code << 4 | digit;
            self.cursor.advance();
        }
        Ok(code)
    }

    /// The character with a code. The two halves that JSON uses for a character beyond U+FFFF are joined; a
    /// single half is not a character.
    fn character(&mut self, code: u32, at: Position, start: Position) -> Result<char, Fault> {
        if (0xd800..0xdc00).contains(&code) && self.cursor.rest().starts_with("\\u") {
            let low = self.cursor.rest().get(2..6).and_then(|hex| u32::from_str_radix(hex, 16).ok());
            if let Some(low) = low.filter(|low| (0xdc00..0xe000).contains(low)) {
                self.cursor.advance_by(6);
                let joined = 0x10000 + ((code - 0xd800) << 10) + (low - 0xdc00);
                return Ok(char::from_u32(joined).expect("two halves make a code below 0x110000"));
            }
        }
        char::from_u32(code)
            .ok_or_else(|| Fault::scan(at, format!("U+{code:04X} is not a character")).within(start))
    }

    /// Reads blanks inside quotes, folding line breaks.
    fn quoted_spaces(&mut self, start: Position, text: &mut String) -> Result<(), Fault> {
        let spaces = self.cursor.take_while(|c| c == ' ' || c == '\t');
        if self.cursor.peek() == END {
            let what = "the closing quote is missing";
            return Err(Fault::scan(self.cursor.position(), what).within(start));
        }
        match self.cursor.line_break() {
            Some(first) => text.push_str(&fold(first, &self.quoted_breaks(start)?)),
            None => text.push_str(spaces),
        }
        Ok(())
    }

    /// Skips empty lines and the indentation of the next one; returns the breaks.
    fn quoted_breaks(&mut self, start: Position) -> Result<String, Fault> {
        let mut breaks = String::new();
        loop {
            if self.cursor.at_document_marker() {
                let what = "the document ends inside quotes: the closing quote is missing";
                return Err(Fault::scan(self.cursor.position(), what).within(start));
            }
            self.cursor.take_while(|c| c == ' ' || c == '\t');
            match self.cursor.line_break() {
                Some(next) => breaks.push(next),
                None => return Ok(breaks),
            }
        }
    }
}
