//! Each word with each interpretation, from cloud-init's documentation and PyYAML's resolver.

use proptest::prelude::*;

const T: Option<bool> = Some(true);
const F: Option<bool> = Some(false);

/// text, strict, pyyaml
const WORDS: &[(&str, Option<bool>, Option<bool>)] = &[
    ("true", T, T),
    ("True", T, T),
    ("TRUE", T, T),
    ("tRuE", T, None),
    ("1", T, None),
    ("on", T, T),
    ("On", T, T),
    ("ON", T, T),
    ("oN", T, None),
    ("yes", T, T),
    ("Yes", T, T),
    ("YES", T, T),
    ("yES", T, None),
    ("false", F, F),
    ("False", F, F),
    ("FALSE", F, F),
    ("fAlse", F, None),
    ("0", F, None),
    ("off", F, F),
    ("Off", F, F),
    ("OFF", F, F),
    ("oFF", F, None),
    ("no", F, F),
    ("No", F, F),
    ("NO", F, F),
    ("nO", F, None),
    (" yes\n", T, None),
    ("\tno ", F, None),
    ("y", None, None),
    ("Y", None, None),
    ("n", None, None),
    ("N", None, None),
    ("t", None, None),
    ("", None, None),
    ("  ", None, None),
    ("10", None, None),
    ("01", None, None),
    ("none", None, None),
    ("once", None, None),
    ("offf", None, None),
    ("yes no", None, None),
    ("trué", None, None),
];

#[test]
fn words() {
    for &(text, strict, pyyaml) in WORDS {
        assert_eq!(boolean::strict(text), strict, "strict({text:?})");
        assert_eq!(boolean::pyyaml(text), pyyaml, "pyyaml({text:?})");
        assert_eq!(boolean::lenient(text), strict == T, "lenient({text:?})");
        assert_eq!(boolean::lenient_or(text, true), strict != F, "lenient_or({text:?}, true)");
    }
}

#[test]
fn netplan_reads_two_letters_more() {
    for &(text, strict, _) in WORDS {
        let expected = match text {
            "y" | "Y" => T,
            "n" | "N" => F,
            _ => strict,
        };
        assert_eq!(boolean::netplan(text), expected, "netplan({text:?})");
    }
}

proptest! {
    #[test]
    fn any_text_is_read(text in any::<String>()) {
        let known = ["true", "1", "on", "yes", "off", "0", "no", "false"];
        let is_word = known.contains(&text.trim().to_lowercase().as_str());
        prop_assert_eq!(boolean::strict(&text).is_some(), is_word);
        // PyYAML's words are a subset of the strict ones with the same meaning.
        if let Some(found) = boolean::pyyaml(&text) {
            prop_assert_eq!(boolean::strict(&text), Some(found));
        }
    }

    #[test]
    fn casing_never_changes_a_strict_word(word in "[tT][rR][uU][eE]|[oO][nN]|[yY][eE][sS]", pad in " {0,3}") {
        prop_assert_eq!(boolean::strict(&format!("{pad}{word}{pad}")), Some(true));
    }
}
