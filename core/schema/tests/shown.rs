//! The line that a finding shows: which part of it, what is marked, and that no secret is.

use schema::{Document, Schema, check};
use serde_json::json;

/// The source line and the marks of the first finding; `nothing` is no valid key.
fn lines(text: &str) -> (String, String) {
    let schema = Schema::new(Box::leak(Box::new(json!({"properties": {
        "number": {"type": "integer"},
        "list": {"items": {"type": "integer"}},
        "inner": {"properties": {"number": {"type": "integer"}}},
    }}))));
    let tree =
        yaml::parse("t", text.as_bytes(), &yaml::Limits::default()).expect("YAML").expect("a document");
    let findings = check(&schema, &tree);
    let document = Document::new("t", text, &tree);
    let shown = document.shown(&findings[0]);
    let mut lines = shown.lines().skip(1);
    let mut next = || lines.next().and_then(|line| line.strip_prefix("    ")).expect("two lines").to_owned();
    (next(), next())
}

#[test]
fn the_value_is_marked() {
    for (text, line, marks) in [
        ("number: abc", "number: abc", "        ^^^"),
        ("number: abc # why", "number: abc # why", "        ^^^"),
        ("x: 1\nnumber: abc\ny: 2", "number: abc", "        ^^^"),
        ("{number: 'ä b', y: 1}", "{number: 'ä b', y: 1}", "         ^^^^^"),
        ("\u{feff}number: abc", "number: abc", "        ^^^"),
        ("{x: '\t', number: abc}", "{x: '\t', number: abc}", "     \t           ^^^"),
        ("list: [1, ab, 3]", "list: [1, ab, 3]", "          ^^"),
        ("list:\r\n- 1\r\n- ab\r\n", "- ab", "  ^^"),
        ("number: |\n  abc\n  def\n", "number: |", "        ^"),
        ("number:", "number:", "^^^^^^"),
    ] {
        assert_eq!(lines(text), (line.to_owned(), marks.to_owned()), "{text:?}");
    }
}

/// At most 140 letters, of which a third are before the place.
#[test]
fn of_a_long_line_the_part_around_the_place_is_shown() {
    let rest = "x".repeat(300);
    let (line, marks) = lines(&format!("{{number: abc, y: {rest}}}"));
    assert_eq!(line.chars().count(), 141);
    assert!(line.starts_with("{number: abc, y: xxx") && line.ends_with("x…"), "{line}");
    assert_eq!(marks, "         ^^^");
    let (line, marks) = lines(&format!("{{y: {rest}, number: abc}}"));
    // 46 letters before the place, and the end of the line.
    assert!(line.starts_with("…xxx") && line.ends_with("x, number: abc}"), "{line}");
    assert_eq!(marks.chars().count(), 1 + 46 + 3);
    assert_eq!(&marks[marks.len() - 4..], " ^^^");
    let (line, marks) = lines(&format!("{{y: {rest}, number: abc, z: {rest}}}"));
    assert!(line.starts_with("…x") && line.ends_with("x…") && line.chars().count() == 142, "{line}");
    assert_eq!(marks.chars().count(), 1 + 46 + 3);
    // Exactly as wide as may be, and one more.
    let wide = |length: usize| format!("{{number: abc, y: {}}}", "x".repeat(length - 18));
    assert_eq!(lines(&wide(140)).0, wide(140));
    assert_eq!(lines(&wide(141)).0, format!("{}…", &wide(141)[..140]));
}

#[test]
fn secrets_are_masked_beside_the_place() {
    for (text, line) in [
        ("{number: abc, password: hidden}", "{number: abc, password: ******}"),
        ("{password: hidden, number: abc}", "{password: ******, number: abc}"),
        ("{token: {a: [one, two]}, number: abc, x: open}", "{token: {a: [***, ***]}, number: abc, x: open}"),
        ("{x: open, number: abc}", "{x: open, number: abc}"),
        ("{lock_passwd: open, number: abc}", "{lock_passwd: open, number: abc}"),
        (
            "{password: hidden, x: {key: hidden, y: open}, number: abc}",
            "{password: ******, x: {key: ******, y: open}, number: abc}",
        ),
        ("{passwd: &p hidden, y: *p, number: abc}", "{passwd: *********, y: *p, number: abc}"),
    ] {
        assert_eq!(lines(text).0, line, "{text}");
    }
}
