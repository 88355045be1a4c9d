//! A position in the text and the following characters.

use crate::Position;

/// Whether a character ends a line in YAML 1.1: CR, LF, NEL, LS or PS.
pub(crate) fn is_break(c: char) -> bool {
    matches!(c, '\r' | '\n' | '\u{85}' | '\u{2028}' | '\u{2029}')
}

/// A line break or the end of the text.
pub(crate) fn is_line_end(c: char) -> bool {
    c == END || is_break(c)
}

/// A space, a line break or the end of the text; not a tab.
pub(crate) fn ends_word(c: char) -> bool {
    c == ' ' || is_line_end(c)
}

/// Anything blank: a space, a tab, a line break or the end of the text.
pub(crate) fn is_blank(c: char) -> bool {
    c == '\t' || ends_word(c)
}

/// Represents the end of the text: the decoder does not allow NUL.
pub(crate) const END: char = '\0';

/// Reads a text character by character and tracks the position.
#[derive(Debug, Clone)]
pub(crate) struct Cursor<'a> {
    text: &'a str,
    offset: usize,
    /// The number of characters read.
    pub(crate) index: usize,
    /// The number of lines read.
    pub(crate) line: usize,
    /// The number of characters read in this line, without a byte order mark.
    pub(crate) column: usize,
}

impl<'a> Cursor<'a> {
    pub(crate) fn new(text: &'a str) -> Self {
        Cursor { text, offset: 0, index: 0, line: 0, column: 0 }
    }

    /// The remaining text.
    pub(crate) fn rest(&self) -> &'a str {
        &self.text[self.offset..]
    }

    pub(crate) fn peek(&self) -> char {
        self.rest().chars().next().unwrap_or(END)
    }

    /// The character after a number of others.
    pub(crate) fn peek_at(&self, skip: usize) -> char {
        self.rest().chars().nth(skip).unwrap_or(END)
    }

    pub(crate) fn position(&self) -> Position {
        Position { line: self.line + 1, column: self.column + 1, offset: self.offset }
    }

    pub(crate) fn advance(&mut self) {
        let mut rest = self.rest().chars();
        let Some(c) = rest.next() else { return };
        self.offset += c.len_utf8();
        self.index += 1;
        if is_break(c) && !(c == '\r' && rest.next() == Some('\n')) {
            self.line += 1;
            self.column = 0;
        } else if c != '\u{feff}' {
            self.column += 1;
        }
    }

    /// Skips characters that match and returns them.
    pub(crate) fn take_while(&mut self, wanted: impl Fn(char) -> bool) -> &'a str {
        let start = self.offset;
        while self.peek() != END && wanted(self.peek()) {
            self.advance();
        }
        &self.text[start..self.offset]
    }

    /// Skips `count` characters.
    pub(crate) fn advance_by(&mut self, count: usize) {
        for _ in 0..count {
            self.advance();
        }
    }

    pub(crate) fn skip_spaces(&mut self) {
        self.take_while(|c| c == ' ');
    }

    /// Skips a comment, if one starts here.
    pub(crate) fn skip_comment(&mut self) {
        if self.peek() == '#' {
            self.take_while(|c| !is_break(c));
        }
    }

    /// Skips a line break and returns its meaning in a scalar: LS and PS themselves, a line feed for any
    /// other.
    pub(crate) fn line_break(&mut self) -> Option<char> {
        let c = self.peek();
        match c {
            '\r' if self.peek_at(1) == '\n' => self.advance_by(2),
            _ if is_break(c) => self.advance(),
            _ => return None,
        }
        Some(if matches!(c, '\u{2028}' | '\u{2029}') { c } else { '\n' })
    }

    /// Whether there is a separate `---` or `...` here; the caller knows that this is the start of a line.
    pub(crate) fn at_document_marker(&self) -> bool {
        let rest = self.rest();
        (rest.starts_with("---") || rest.starts_with("...")) && is_blank(self.peek_at(3))
    }
}
