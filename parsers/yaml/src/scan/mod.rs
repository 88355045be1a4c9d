//! Divides text into tokens.
//!
//! YAML needs some context for that: indentation opens and closes block collections, and only the `:` after a
//! scalar shows that it is a key. So tokens are queued while the first of them may still turn out to be a
//! key, and the tokens for that key are then inserted before it. Where YAML 1.1 is ambiguous, this follows
//! PyYAML: it is stricter about tabs than YAML 1.2, and more lenient about the indentation of flow
//! collections and quoted text.

mod block;
mod plain;
mod property;
mod quoted;

use crate::Position;
use crate::cursor::{Cursor, END, is_blank, is_line_end};
use crate::error::{ErrorKind, Fault, shown};
use crate::token::{Token, TokenKind};
use std::collections::VecDeque;

/// The maximum number of characters of a key up to its `:`.
const LONGEST_KEY: usize = 1024;

/// A token that is the start of a key if a `:` follows in time.
#[derive(Debug)]
struct PossibleKey {
    /// The number of the token from the start of the text.
    token: usize,
    /// In block context, nothing but a key is allowed at the current indentation.
    required: bool,
    index: usize,
    line: usize,
    column: usize,
    position: Position,
}

/// Divides a text into tokens, one at a time.
#[derive(Debug)]
pub(crate) struct Scanner<'a> {
    cursor: Cursor<'a>,
    tokens: VecDeque<Token>,
    taken: usize,
    done: bool,
    /// Open `[` and `{`.
    flow_level: usize,
    /// The column of the innermost block collection; -1 outside of all.
    indent: Option<usize>,
    indents: Vec<Option<usize>>,
    /// Whether a key and, in block context, a collection may start here.
    key_allowed: bool,
    /// The possible key of each flow level, outermost first.
    possible_keys: Vec<Option<PossibleKey>>,
}

impl<'a> Scanner<'a> {
    pub(crate) fn new(text: &'a str) -> Self {
        Scanner {
            cursor: Cursor::new(text),
            tokens: VecDeque::new(),
            taken: 0,
            done: false,
            flow_level: 0,
            indent: None,
            indents: Vec::new(),
            key_allowed: true,
            possible_keys: vec![None],
        }
    }

    /// The next token; the last one, which marks the end, is never taken.
    pub(crate) fn peek(&mut self) -> Result<&Token, Fault> {
        while self.needs_more()? {
            self.fetch()?;
        }
        Ok(self.tokens.front().expect("a scanner that needs no more tokens holds one"))
    }

    /// Takes the next token.
    pub(crate) fn next(&mut self) -> Result<Token, Fault> {
        self.peek()?;
        self.taken += 1;
        Ok(self.tokens.pop_front().expect("peek has put a token there"))
    }

    fn needs_more(&mut self) -> Result<bool, Fault> {
        if self.done {
            return Ok(false);
        }
        if self.tokens.is_empty() {
            return Ok(true);
        }
        self.drop_stale_keys()?;
        Ok(self.possible_keys.iter().flatten().any(|key| key.token == self.taken))
    }

    /// Scans at least one token.
    fn fetch(&mut self) -> Result<(), Fault> {
        self.skip_to_token();
        self.drop_stale_keys()?;
        self.close_blocks(Some(self.cursor.column));
        let line_start = self.cursor.column == 0;
        let next_blank = is_blank(self.cursor.peek_at(1));
        let flow = self.flow_level > 0;
        match self.cursor.peek() {
            END => self.fetch_end(),
            '%' if line_start => {
                self.leave_document()?;
                let token = self.scan_directive()?;
                self.push(token)
            }
            '-' if line_start && self.cursor.at_document_marker() => {
                self.fetch_marker(TokenKind::DocumentStart)
            }
            '.' if line_start && self.cursor.at_document_marker() => {
                self.fetch_marker(TokenKind::DocumentEnd)
            }
            '[' => self.fetch_flow_start(TokenKind::FlowSequenceStart),
            '{' => self.fetch_flow_start(TokenKind::FlowMappingStart),
            ']' => self.fetch_flow_end(TokenKind::FlowSequenceEnd),
            '}' => self.fetch_flow_end(TokenKind::FlowMappingEnd),
            ',' => {
                self.key_allowed = true;
                self.forget_key()?;
                self.push_chars(TokenKind::FlowEntry, 1)
            }
            '-' if next_blank => self.fetch_block_entry(),
            '?' if flow || next_blank => self.fetch_key(),
            ':' if flow || next_blank => self.fetch_value(),
            '*' | '&' => self.fetch_property(Self::scan_anchor),
            '!' => self.fetch_property(Self::scan_tag),
            '\'' | '"' => self.fetch_property(Self::scan_quoted),
            '|' | '>' if !flow => {
                self.key_allowed = true;
                self.forget_key()?;
                let token = self.scan_block_scalar()?;
                self.push(token)
            }
            c if self.can_start_plain(c) => {
                self.remember_key()?;
                self.key_allowed = false;
                let token = self.scan_plain();
                self.push(token)
            }
            '\t' => Err(Fault::scan(
                self.cursor.position(),
                "a tab is not allowed before a value or as indentation; use spaces",
            )),
            c => Err(Fault::scan(
                self.cursor.position(),
                format!("{} is not allowed at the start of a value; use quotes", shown(c)),
            )),
        }
    }

    fn push(&mut self, token: Token) -> Result<(), Fault> {
        self.tokens.push_back(token);
        Ok(())
    }

    /// A token of a number of characters starting here.
    fn push_chars(&mut self, kind: TokenKind, count: usize) -> Result<(), Fault> {
        let start = self.cursor.position();
        self.cursor.advance_by(count);
        self.push(Token { kind, start, end: self.cursor.position() })
    }

    /// A token without characters.
    fn mark(kind: TokenKind, position: Position) -> Token {
        Token { kind, start: position, end: position }
    }

    /// Skips spaces, comments and line breaks, but not tabs.
    fn skip_to_token(&mut self) {
        if self.cursor.index == 0 && self.cursor.peek() == '\u{feff}' {
            self.cursor.advance();
        }
        loop {
            self.cursor.skip_spaces();
            self.cursor.skip_comment();
            if self.cursor.line_break().is_none() {
                return;
            }
            if self.flow_level == 0 {
                self.key_allowed = true;
            }
        }
    }

    fn missing_colon(&self, key: &PossibleKey) -> Fault {
        Fault::at(self.cursor.position(), ErrorKind::MissingColon).within(key.position)
    }

    /// A key ends on its line, within [`LONGEST_KEY`] characters.
    fn drop_stale_keys(&mut self) -> Result<(), Fault> {
        for level in 0..self.possible_keys.len() {
            let stale = self.possible_keys[level]
                .take_if(|key| key.line != self.cursor.line || self.cursor.index - key.index > LONGEST_KEY);
            if let Some(key) = stale.filter(|key| key.required) {
                return Err(self.missing_colon(&key));
            }
        }
        Ok(())
    }

    /// Records that the next token may start a key.
    fn remember_key(&mut self) -> Result<(), Fault> {
        if self.key_allowed {
            let required = self.flow_level == 0 && self.indent == Some(self.cursor.column);
            self.forget_key()?;
            self.possible_keys[self.flow_level] = Some(PossibleKey {
                token: self.taken + self.tokens.len(),
                required,
                index: self.cursor.index,
                line: self.cursor.line,
                column: self.cursor.column,
                position: self.cursor.position(),
            });
        }
        Ok(())
    }

    fn forget_key(&mut self) -> Result<(), Fault> {
        match self.possible_keys[self.flow_level].take() {
            Some(key) if key.required => Err(self.missing_colon(&key)),
            _ => Ok(()),
        }
    }

    /// Ends the block collections that are indented beyond `column`.
    fn close_blocks(&mut self, column: Option<usize>) {
        if self.flow_level > 0 {
            return;
        }
        while self.indent > column {
            self.indent = self.indents.pop().flatten();
            self.tokens.push_back(Self::mark(TokenKind::BlockEnd, self.cursor.position()));
        }
    }

    /// Whether a block collection starts at `column`; it then becomes the innermost one.
    fn open_block(&mut self, column: usize) -> bool {
        let deeper = self.indent < Some(column);
        if deeper {
            self.indents.push(self.indent);
            self.indent = Some(column);
        }
        deeper
    }

    fn leave_document(&mut self) -> Result<(), Fault> {
        self.close_blocks(None);
        self.forget_key()?;
        self.key_allowed = false;
        Ok(())
    }

    fn fetch_end(&mut self) -> Result<(), Fault> {
        self.leave_document()?;
        self.possible_keys.clear();
        self.done = true;
        self.push(Self::mark(TokenKind::StreamEnd, self.cursor.position()))
    }

    fn fetch_marker(&mut self, kind: TokenKind) -> Result<(), Fault> {
        self.leave_document()?;
        self.push_chars(kind, 3)
    }

    fn fetch_flow_start(&mut self, kind: TokenKind) -> Result<(), Fault> {
        self.remember_key()?;
        self.flow_level += 1;
        self.possible_keys.push(None);
        self.key_allowed = true;
        self.push_chars(kind, 1)
    }

    fn fetch_flow_end(&mut self, kind: TokenKind) -> Result<(), Fault> {
        self.forget_key()?;
        // A closing bracket without an opening one is the parser's error; the level is unchanged.
        if self.flow_level > 0 {
            self.flow_level -= 1;
            self.possible_keys.pop();
        }
        self.key_allowed = false;
        self.push_chars(kind, 1)
    }

    fn fetch_block_entry(&mut self) -> Result<(), Fault> {
        if self.flow_level == 0 {
            self.open_at_indicator(TokenKind::BlockSequenceStart, "a sequence is not allowed here")?;
        }
        self.key_allowed = true;
        self.forget_key()?;
        self.push_chars(TokenKind::BlockEntry, 1)
    }

    fn fetch_key(&mut self) -> Result<(), Fault> {
        if self.flow_level == 0 {
            self.open_at_indicator(TokenKind::BlockMappingStart, "a mapping key is not allowed here")?;
        }
        self.key_allowed = self.flow_level == 0;
        self.forget_key()?;
        self.push_chars(TokenKind::Key, 1)
    }

    fn open_at_indicator(&mut self, kind: TokenKind, refusal: &str) -> Result<(), Fault> {
        if !self.key_allowed {
            return Err(Fault::scan(self.cursor.position(), refusal));
        }
        if self.open_block(self.cursor.column) {
            self.tokens.push_back(Self::mark(kind, self.cursor.position()));
        }
        Ok(())
    }

    fn fetch_value(&mut self) -> Result<(), Fault> {
        if let Some(key) = self.possible_keys[self.flow_level].take() {
            let place = key.token - self.taken;
            self.tokens.insert(place, Self::mark(TokenKind::Key, key.position));
            if self.flow_level == 0 && self.open_block(key.column) {
                self.tokens.insert(place, Self::mark(TokenKind::BlockMappingStart, key.position));
            }
            self.key_allowed = false;
        } else {
            if self.flow_level == 0 {
                let refusal = "':' is not allowed here: a value that contains ': ' needs quotes, \
                               and a mapping must start on a new line";
                self.open_at_indicator(TokenKind::BlockMappingStart, refusal)?;
            }
            self.key_allowed = self.flow_level == 0;
        }
        self.push_chars(TokenKind::Value, 1)
    }

    /// A token that may start a key and cannot be followed by another key.
    fn fetch_property(&mut self, scan: fn(&mut Self) -> Result<Token, Fault>) -> Result<(), Fault> {
        self.remember_key()?;
        self.key_allowed = false;
        let token = scan(self)?;
        self.push(token)
    }

    /// Skips what may follow a directive or a block scalar's header on its line.
    fn skip_line_rest(&mut self, context: Position) -> Result<(), Fault> {
        self.cursor.skip_spaces();
        self.cursor.skip_comment();
        let found = self.cursor.peek();
        if !is_line_end(found) {
            return Err(Fault::scan(
                self.cursor.position(),
                format!("only a comment is allowed here, found {}", shown(found)),
            )
            .within(context));
        }
        self.cursor.line_break();
        Ok(())
    }
}
