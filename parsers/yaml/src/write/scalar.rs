//! Text in each style, folded at the width.

use super::emitter::Emitter;

/// The next part of a quoted text.
fn is_run_end(c: Option<char>, ends: &[char]) -> bool {
    c.is_none_or(|c| ends.contains(&c))
}

impl Emitter<'_> {
    fn write_run(&mut self, run: &[char]) {
        self.out.extend(run);
        self.column += run.len();
    }

    /// Writes a plain text, which has no line breaks.
    pub(super) fn plain(&mut self, text: &[char], split: bool) {
        if text.is_empty() {
            return;
        }
        if !self.whitespace {
            self.write(" ");
        }
        self.whitespace = false;
        self.indention = false;
        for run in text.chunk_by(|a, b| (*a == ' ') == (*b == ' ')) {
            if run == [' '] && self.column > self.width() && split {
                self.new_line();
                self.whitespace = false;
                self.indention = false;
            } else {
                self.write_run(run);
            }
        }
    }

    /// Writes a single-quoted text; line breaks are doubled, because one is folded.
    pub(super) fn single_quoted(&mut self, text: &[char], split: bool) {
        self.indicator("'", false, false);
        let mut at = 0;
        while at < text.len() {
            let kind = text[at];
            let start = at;
            match kind {
                ' ' | '\n' => {
                    while text.get(at) == Some(&kind) {
                        at += 1;
                    }
                }
                '\'' => at += 1,
                _ => {
                    while !is_run_end(text.get(at).copied(), &[' ', '\n', '\'']) {
                        at += 1;
                    }
                }
            }
            match kind {
                ' ' => {
                    let inner = start != 0 && at != text.len();
                    if at - start == 1 && self.column > self.width() && split && inner {
                        self.new_line();
                    } else {
                        self.write_run(&text[start..at]);
                    }
                }
                '\n' => {
                    for _ in start..=at {
                        self.line_break();
                    }
                    self.new_line();
                }
                '\'' => self.write("''"),
                _ => self.write_run(&text[start..at]),
            }
        }
        self.close_quote('\'');
    }

    fn close_quote(&mut self, quote: char) {
        self.out.push(quote);
        self.column += 1;
        self.whitespace = false;
        self.indention = false;
        self.open_ended = false;
    }

    /// Writes a double-quoted text, escaping everything but printable ASCII.
    pub(super) fn double_quoted(&mut self, text: &[char], split: bool) {
        self.indicator("\"", false, false);
        let mut start = 0;
        let mut escaped_space = None;
        for end in 0..=text.len() {
            let c = text.get(end).copied();
            let literal = c.is_some_and(|c| matches!(c, ' '..='~') && c != '"' && c != '\\');
            if !literal {
                if start < end {
                    self.write_run(&text[start..end]);
                    start = end;
                }
                if let Some(c) = c {
                    self.write(&escaped(c));
                    start = end + 1;
                }
            }
            let inner = end > 0 && end + 1 < text.len();
            // PyYAML folds again right after the backslash that keeps a space at the start of a line, if the
            // line is indented beyond the width; its output reads differently.
            let may_fold = (c == Some(' ') || start >= end) && escaped_space != Some(end);
            // After an escape `start` is one ahead of `end`; that column is not counted.
            if inner && may_fold && self.column + end > self.width() + start && split {
                if start < end {
                    self.write_run(&text[start..end]);
                    start = end;
                }
                self.write("\\");
                self.new_line();
                self.whitespace = false;
                self.indention = false;
                if text[start] == ' ' {
                    self.write("\\");
                    escaped_space = Some(start);
                }
            }
        }
        self.close_quote('"');
    }

    /// Writes a literal block; the text ends with one line feed.
    pub(super) fn literal(&mut self, text: &[char]) {
        self.indicator("|", false, false);
        self.line_break();
        for line in text.split_inclusive(|&c| c == '\n') {
            self.new_line();
            self.write_run(line.strip_suffix(&['\n']).unwrap_or(line));
            self.line_break();
        }
    }
}

/// The escape of a character in double quotes.
fn escaped(c: char) -> String {
    let short = match c {
        '\0' => '0',
        '\u{7}' => 'a',
        '\u{8}' => 'b',
        '\t' => 't',
        '\n' => 'n',
        '\u{b}' => 'v',
        '\u{c}' => 'f',
        '\r' => 'r',
        '\u{1b}' => 'e',
        '"' | '\\' => c,
        '\u{85}' => 'N',
        '\u{a0}' => '_',
        '\u{2028}' => 'L',
        '\u{2029}' => 'P',
        c => {
            return match u32::from(c) {
                code @ 0..=0xff => format!("\\x{code:02X}"),
                code @ 0x100..=0xffff => format!("\\u{code:04X}"),
                code => format!("\\U{code:08X}"),
            };
        }
    };
    format!("\\{short}")
}
