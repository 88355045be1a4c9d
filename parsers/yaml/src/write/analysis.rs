//! Determines the possible styles of a text.

/// The properties that decide between plain, single-quoted and double-quoted style in block context.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Analysis {
    pub(super) empty: bool,
    pub(super) multiline: bool,
    pub(super) plain: bool,
    pub(super) single_quoted: bool,
    pub(super) block: bool,
}

/// LF only: YAML 1.1's other breaks are not ASCII, and non-ASCII characters are escaped.
const BREAK: char = '\n';

/// Whether a character can separate words.
fn is_blank(c: char) -> bool {
    matches!(c, '\0' | ' ' | '\t' | '\r' | '\n' | '\u{85}' | '\u{2028}' | '\u{2029}')
}

/// Whether the text would be read with another meaning.
#[derive(Default)]
struct Hazards {
    /// Characters that would be read as structure.
    indicators: bool,
    /// Anything but printable ASCII and line feeds.
    special: bool,
    breaks: bool,
    /// A leading or trailing blank.
    edges: bool,
    trailing_space: bool,
    /// A space just after, or just before, a line break.
    break_space: bool,
    space_break: bool,
}

impl Hazards {
    fn of(text: &[char]) -> Hazards {
        let mut found = Hazards {
            indicators: text.starts_with(&['-'; 3]) || text.starts_with(&['.'; 3]),
            ..Hazards::default()
        };
        for (at, &c) in text.iter().enumerate() {
            let before = at.checked_sub(1).map(|at| text[at]);
            let after = text.get(at + 1).copied();
            let blank_after = after.is_none_or(is_blank);
            found.indicators |= match before {
                None => "#,[]{}&*!|>'\"%@`".contains(c) || (matches!(c, '?' | ':' | '-') && blank_after),
                Some(before) => (c == ':' && blank_after) || (c == '#' && is_blank(before)),
            };
            // NEL, LS and PS are breaks too, but are already covered as special.
            found.breaks |= matches!(c, BREAK | '\u{85}' | '\u{2028}' | '\u{2029}');
            found.special |= !(c == BREAK || matches!(c, ' '..='~'));
            found.edges |= matches!(c, ' ' | BREAK) && (before.is_none() || after.is_none());
            found.trailing_space |= c == ' ' && after.is_none();
            found.break_space |= c == ' ' && before == Some(BREAK);
            found.space_break |= c == BREAK && before == Some(' ');
        }
        found
    }
}

impl Analysis {
    pub(super) fn of(text: &[char]) -> Analysis {
        let found = Hazards::of(text);
        let quotes_needed = found.space_break || found.special;
        let empty = text.is_empty();
        Analysis {
            empty,
            multiline: found.breaks,
            plain: !(found.edges || found.break_space || quotes_needed || found.breaks || found.indicators),
            single_quoted: !found.break_space && !quotes_needed,
            block: !empty && !found.trailing_space && !quotes_needed,
        }
    }
}
