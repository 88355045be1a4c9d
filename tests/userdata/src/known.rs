//! Differences that are meant, each with its row in docs/differences.md. A row covers single places; everything else in
//! the same case is compared.

mod messages;
mod templates;

use crate::difference::Difference;
use messages::{damaged, encoded_past_end};

/// A case in which something differs.
#[derive(Debug)]
pub struct Case<'a> {
    /// Its row in the table of the harness.
    pub kind: &'a str,
    /// What was given by the user, uncompressed; a template or another document in other rows.
    pub input: &'a [u8],
    /// What was given by the vendor, uncompressed.
    pub vendor: &'a [u8],
    /// What it includes.
    pub included: &'a [u8],
    /// Everything that differs.
    pub differences: &'a [Difference],
}

impl Case<'_> {
    /// Whether any of the bytes that the file is made from may be in a message that the original damages.
    fn beyond_ascii(&self, path: &str) -> bool {
        let given = if path.contains("vendor") { self.vendor } else { self.input };
        !given.is_ascii() || !self.included.is_ascii()
    }

    /// Whether a message of messages is among what the file is made from.
    fn digest(&self, path: &str) -> bool {
        let given = if path.contains("vendor") { self.vendor } else { self.input };
        [given, self.included]
            .iter()
            .any(|given| holds(given, "multipart/digest") || holds(given, "message/rfc822"))
    }

    /// Whether base64 with text behind its end is among what the file is made from.
    fn ends_early(&self, path: &str) -> bool {
        let given = if path.contains("vendor") { self.vendor } else { self.input };
        [given, self.included].iter().any(|given| encoded_past_end(given))
    }

    /// Whether a part of the user's was damaged.
    fn has_damaged_part(&self) -> bool {
        self.differences.iter().any(damaged)
    }
}

/// A difference that is known.
#[derive(Debug)]
pub struct Known {
    /// Its name in the table.
    pub name: &'static str,
    /// What the original does.
    pub reason: &'static str,
    /// The kinds of cases.
    pub kinds: &'static [&'static str],
    /// Whether a difference is of it.
    pub covers: fn(case: &Case<'_>, difference: &Difference) -> bool,
}

/// Differences that only other seeds have met: `--seed 1496812744 --case 33`, `--seed 1500458191 --case 100`,
/// `--seed 1990503583 --case 70`, `--seed 1925811062 --case 97`, `--seed 2367121101 --case 63`.
pub const RARE: &[&str] = &["surrogates", "wordwrap", "blocks", "pprint", "8bit-archive"];

/// All of them.
pub fn all() -> impl Iterator<Item = &'static Known> {
    messages::ROWS.iter().chain(templates::ROWS)
}

fn holds(input: &[u8], word: &str) -> bool {
    input.windows(word.len()).any(|window| window.eq_ignore_ascii_case(word.as_bytes()))
}

/// The row that covers each difference, the first that does; `None` for what no row covers.
pub fn rows(case: &Case<'_>) -> Vec<Option<&'static Known>> {
    let possible: Vec<&'static Known> = all().filter(|known| known.kinds.contains(&case.kind)).collect();
    let row = |difference| possible.iter().find(|known| (known.covers)(case, difference)).copied();
    case.differences.iter().map(row).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::difference::Place;

    fn names(kind: &str, input: &[u8], differences: &[Difference]) -> Vec<Option<&'static str>> {
        let case = Case { kind, input, vendor: b"", included: b"", differences };
        rows(&case).into_iter().map(|known| known.map(|known| known.name)).collect()
    }

    #[test]
    fn a_damaged_part_excuses_itself_and_not_its_siblings() {
        let damaged = Difference::new(Place::Field("payload"), b"a: \xef\xbf\xbd".as_slice(), "a: ä");
        let sibling = Difference::new(Place::Field("payload"), "b: 1", "b: 2");
        let name = Difference::new(Place::Field("name"), "a.yaml", "b.yaml");
        assert_eq!(names("user-data", "ä".as_bytes(), &[damaged, sibling, name]), [Some("8bit"), None, None]);
    }

    #[test]
    fn the_items_of_a_damaged_archive_are_excused_and_nothing_else() {
        let input = "#cloud-config-archive\n- {\"content\": \"ä\"}\n- {\"content\": \"a: 1\\n\"}\n";
        let part = |content: &str| Difference { theirs: None, ..Difference::new(Place::Part, "", content) };
        let rows = [Some("8bit"), Some("8bit-archive"), None];
        assert_eq!(names("user-data", input.as_bytes(), &[part("ä"), part("a: 1\n"), part("b: 1\n")]), rows);
        assert_eq!(names("user-data", input.as_bytes(), &[part("a: 1\n")]), [None], "the archive was read");
    }

    #[test]
    fn the_merged_config_is_excused_only_beside_a_damaged_part() {
        let merged = Difference::new(Place::File("/i/cloud-config.txt".to_owned()), "a: 1", "a: 2");
        assert_eq!(names("user-data", b"", &[merged]), [None]);
    }

    #[test]
    fn a_digest_does_not_excuse_contents() {
        let input = b"Content-Type: multipart/digest";
        let kind = Difference::new(Place::Field("type"), "text/plain", "text/x-shellscript");
        let content = Difference::new(Place::Field("payload"), "a", "b");
        assert_eq!(names("user-data", input, &[kind, content]), [Some("digest"), None]);
    }

    #[test]
    fn a_value_is_compared_beside_its_tokens() {
        let value = |ours: &str| Difference::new(Place::Value, "(1, 2)|3", ours);
        assert_eq!(
            names("jinja", b"", &[value("[1, 2]|3"), value("[1, 2]|4")]),
            [Some("printed-types"), None]
        );
    }
}
