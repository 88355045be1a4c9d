//! Literal `|` and folded `>` scalars.

use super::Scanner;
use crate::Position;
use crate::cursor::{END, ends_word, is_break};
use crate::error::{Fault, shown};
use crate::token::{Token, TokenKind};

/// What happens to the trailing line breaks.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Chomping {
    /// One is kept.
    Clip,
    /// None is kept.
    Strip,
    /// All are kept.
    Keep,
}

impl Scanner<'_> {
    /// Scans a block scalar, starting at its indicator.
    pub(super) fn scan_block_scalar(&mut self) -> Result<Token, Fault> {
        let start = self.cursor.position();
        let folded = self.cursor.peek() == '>';
        self.cursor.advance();
        let (chomping, increment) = self.block_header(start)?;
        self.skip_line_rest(start)?;

        let least = self.indent.map_or(1, |indent| indent + 1);
        let indent;
        let mut tail;
        if let Some(increment) = increment {
            indent = least + increment - 1;
            tail = self.block_breaks(indent);
        } else {
            let (breaks, deepest) = self.block_indentation();
            tail = breaks;
            indent = least.max(deepest);
        }

        let mut text = String::new();
        let mut last_break = None;
        while self.cursor.column == indent && self.cursor.peek() != END {
            text.push_str(&tail.breaks);
            let flush = !matches!(self.cursor.peek(), ' ' | '\t');
            text.push_str(self.cursor.take_while(|c| !is_break(c)));
            last_break = self.cursor.line_break();
            tail = self.block_breaks(indent);
            if self.cursor.column != indent || self.cursor.peek() == END {
                break;
            }
            if folded && last_break == Some('\n') && flush && !matches!(self.cursor.peek(), ' ' | '\t') {
                if tail.breaks.is_empty() {
                    text.push(' ');
                }
            } else {
                text.extend(last_break);
            }
        }
        if chomping != Chomping::Strip {
            text.extend(last_break);
        }
        if chomping == Chomping::Keep {
            text.push_str(&tail.breaks);
        }
        Ok(Token { kind: TokenKind::Scalar { text, plain: false }, start, end: tail.end })
    }

    /// Reads the chomping and indentation indicators, in either order.
    fn block_header(&mut self, start: Position) -> Result<(Chomping, Option<usize>), Fault> {
        let mut chomping = None;
        let mut increment = None;
        loop {
            match self.cursor.peek() {
                '+' if chomping.is_none() => chomping = Some(Chomping::Keep),
                '-' if chomping.is_none() => chomping = Some(Chomping::Strip),
                c @ '1'..='9' if increment.is_none() => increment = c.to_digit(10).map(|d| d as usize),
                '0' if increment.is_none() => {
                    let what = "the indentation of a block scalar must be 1 to 9, found 0";
                    return Err(Fault::scan(self.cursor.position(), what).within(start));
                }
                c if ends_word(c) => return Ok((chomping.unwrap_or(Chomping::Clip), increment)),
                c => {
                    let what = format!("unexpected {} in the header of a block scalar", shown(c));
                    return Err(Fault::scan(self.cursor.position(), what).within(start));
                }
            }
            self.cursor.advance();
        }
    }

    /// Skips leading empty lines and spaces; returns the breaks and the deepest column.
    fn block_indentation(&mut self) -> (Tail, usize) {
        let mut tail = Tail { breaks: String::new(), end: self.cursor.position() };
        let mut deepest = 0;
        while self.cursor.peek() == ' ' || is_break(self.cursor.peek()) {
            if let Some(next) = self.cursor.line_break() {
                tail.breaks.push(next);
                tail.end = self.cursor.position();
            } else {
                self.cursor.advance();
                deepest = deepest.max(self.cursor.column);
            }
        }
        (tail, deepest)
    }

    /// Skips empty lines and up to `indent` columns of the next line's indentation.
    fn block_breaks(&mut self, indent: usize) -> Tail {
        let mut tail = Tail { breaks: String::new(), end: self.cursor.position() };
        loop {
            while self.cursor.column < indent && self.cursor.peek() == ' ' {
                self.cursor.advance();
            }
            match self.cursor.line_break() {
                Some(next) => {
                    tail.breaks.push(next);
                    tail.end = self.cursor.position();
                }
                None => return tail,
            }
        }
    }
}

/// The empty lines after a line of text.
struct Tail {
    breaks: String,
    end: Position,
}
