//! Error messages for unreadable documents, without secrets.
//!
//! Without a tree, the document's keys are unknown, so possible secrets are recognized by line: text after the name of
//! a private key is masked, and entire lines if a less indented line above is such a key.

use std::fmt::Write as _;

use crate::left_over;
use crate::secret::{is_private, masked};

/// The error for the author of the text: place, reason, and the underlined line, without possible secrets.
pub fn yaml_error(text: &str, error: &yaml::Error) -> String {
    let place = error.place();
    let line = &*error.line_text;
    let shown = masked(line, is_below_private(text, place.line));
    let mut told = match &shown {
        None => error.to_string(),
        Some(shown) => {
            let mut told = error.without_text();
            if place.column <= line.chars().count() + 1 {
                let _ = write!(told, "\n    {shown}\n    {}", marks(line, place.column, error.width()));
            }
            told
        }
    };
    if let Some(kind) = left_over::placeholder(line) {
        let _ = write!(
            told,
            "\n    {kind} was not replaced here: replace it, or quote the text if it is intended"
        );
    }
    told
}

/// A line that marks characters of another line, starting at a column.
fn marks(line: &str, column: usize, width: usize) -> String {
    let lead = line.chars().take(column.saturating_sub(1)).map(|c| if c == '\t' { '\t' } else { ' ' });
    lead.chain(std::iter::repeat_n('^', width)).collect()
}

fn indentation(line: &str) -> usize {
    line.len() - line.trim_start_matches(' ').len()
}

/// Whether a line, counted from 1, is in the value of a private key, judging by indentation.
fn is_below_private(text: &str, number: usize) -> bool {
    let lines: Vec<&str> = text.lines().take(number).collect();
    let Some((last, before)) = lines.split_last() else { return false };
    let mut limit = indentation(last);
    // A list can be indented like its key.
    let mut is_item = last.trim_start().starts_with('-');
    for line in before.iter().rev().filter(|line| !line.trim().is_empty()) {
        let own = indentation(line);
        let content = line.trim_start().trim_start_matches("- ").trim_start();
        let is_above = own < limit || (is_item && own == limit && !line.trim_start().starts_with('-'));
        if !is_above {
            continue;
        }
        let key = content.split(':').next().unwrap_or_default().trim_matches(['"', '\'', ' ']);
        if is_private(key) {
            return true;
        }
        limit = own;
        is_item = line.trim_start().starts_with('-');
        if limit == 0 && !is_item {
            return false;
        }
    }
    false
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(text: &str) -> String {
        let error = yaml::parse("x", text.as_bytes(), &yaml::Limits::default()).expect_err("not YAML");
        yaml_error(text, &error)
    }

    #[test]
    fn a_line_keeps_its_secret() {
        for text in [
            "users:\n    - name: user\n    password: SECRET\n",
            "password: \"SECRET\n",
            "password SECRET\nhostname: x\n",
            "users: [{name: x, passwd: SECRET]\n",
            "chpasswd:\n  list:\n  - root:SECRET: x: y\n",
            "write_files:\n- content: |\n    a\n   SECRET: [\n",
            "password: !SECRET x\n",
            "password: *SECRET\n",
        ] {
            let told = told(text);
            assert!(!told.contains("SECRET"), "{told}");
        }
        assert_eq!(
            told("users:\n    - name: user\n    password: passw0rd\n"),
            "x:3:5: expected '-' or the end of the sequence, found a key\n        password: ********\n        ^"
        );
    }

    #[test]
    fn lines_below_a_private_key_are_its_value() {
        for (text, number, private) in [
            ("password:\n  a", 2, true),
            ("password:\n\n  a", 3, true),
            ("'password' : |\n  a\n  b", 3, true),
            ("- password:\n    a", 2, true),
            ("password:\n- a", 2, true),
            ("password:\n- a\n- b", 3, true),
            ("password:\n  x:\n    - a", 3, true),
            ("users:\n- name: b\n  passwd:\n    a", 4, true),
            ("password: a\nb", 2, false),
            ("password: a\nx:\n  b", 3, false),
            ("x:\n  password: a\n  b", 3, false),
            ("x:\n- password: a\n- b", 3, false),
            ("x:\n  b\npassword: a", 2, false),
            ("password: a", 1, false),
            ("", 1, false),
        ] {
            assert_eq!(is_below_private(text, number), private, "{text:?}");
        }
    }

    #[test]
    fn marks_are_below_what_is_wrong() {
        for (line, column, width, expected) in [
            ("a: b", 1, 1, "^"),
            ("a: b", 4, 2, "   ^^"),
            ("\ta", 2, 1, "\t^"),
            ("é: b", 4, 1, "   ^"),
            ("", 0, 1, "^"),
        ] {
            assert_eq!(marks(line, column, width), expected, "{line:?}");
        }
    }

    #[test]
    fn other_lines_are_shown() {
        assert_eq!(
            told("hostname: a\nTEMPLATE\n\n# comment\npackages:\n  - vim\n"),
            "x:2:1: a ':' is missing after this key, on the same line\n    TEMPLATE\n    ^^^^^^^^"
        );
        assert!(told("hostname: {{ .Name }}\n").contains("a placeholder {{ … }} was not replaced here"));
        assert!(told("%{ if x }\n").contains("a placeholder %{ … } was not replaced here"));
    }
}
