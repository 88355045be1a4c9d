//! Scalars without quotes.

use super::Scanner;
use crate::cursor::is_blank;
use crate::token::{Token, TokenKind};

impl Scanner<'_> {
    /// Whether a plain scalar may start with this character, the next one.
    pub(super) fn can_start_plain(&self, c: char) -> bool {
        let indicator = "-?:,[]{}#&*!|>'\"%@`".contains(c);
        let joined = c == '-' || (self.flow_level == 0 && (c == '?' || c == ':'));
        (!indicator && !is_blank(c)) || (joined && !is_blank(self.cursor.peek_at(1)))
    }

    /// Scans a plain scalar, over several lines if they are sufficiently indented.
    pub(super) fn scan_plain(&mut self) -> Token {
        let start = self.cursor.position();
        let mut end = start;
        let mut text = String::new();
        let least = self.indent.map_or(0, |indent| indent + 1);
        let mut spaces = String::new();
        loop {
            if self.cursor.peek() == '#' {
                break;
            }
            let length = self.plain_run();
            if length == 0 {
                break;
            }
            self.key_allowed = false;
            text.push_str(&spaces);
            text.push_str(&self.cursor.rest()[..length]);
            let characters = self.cursor.rest()[..length].chars().count();
            self.cursor.advance_by(characters);
            end = self.cursor.position();
            spaces = self.scan_plain_spaces();
            let outdented = self.flow_level == 0 && self.cursor.column < least;
            if spaces.is_empty() || outdented {
                break;
            }
        }
        Token { kind: TokenKind::Scalar { text, plain: true }, start, end }
    }

    /// The bytes from here up to the blank or indicator that ends a word.
    fn plain_run(&self) -> usize {
        let flow = self.flow_level > 0;
        let rest = self.cursor.rest();
        let mut characters = rest.char_indices().peekable();
        while let Some((at, c)) = characters.next() {
            let after = characters.peek().map_or(crate::cursor::END, |&(_, next)| next);
            let ends = is_blank(c)
                || (c == ':' && (is_blank(after) || (flow && ",[]{}".contains(after))))
                || (flow && ",?[]{}".contains(c));
            if ends {
                return at;
            }
        }
        rest.len()
    }

    /// Skips the space between two words and returns its folded form; empty if the scalar ends here.
    fn scan_plain_spaces(&mut self) -> String {
        let spaces = self.cursor.take_while(|c| c == ' ');
        let Some(first) = self.cursor.line_break() else {
            return spaces.to_owned();
        };
        self.key_allowed = true;
        let mut breaks = String::new();
        loop {
            if self.cursor.column == 0 && self.cursor.at_document_marker() {
                return String::new();
            }
            self.cursor.skip_spaces();
            match self.cursor.line_break() {
                Some(next) => breaks.push(next),
                None => break,
            }
        }
        super::quoted::fold(first, &breaks)
    }
}
