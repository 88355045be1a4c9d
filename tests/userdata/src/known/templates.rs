//! Differences of templates, and of strategies that cannot be read.

use super::{Known, holds};
use crate::difference::{Difference, Place};
use crate::printed::{Token, tokens};

/// The rows.
pub(super) const ROWS: &[Known] = &[
    Known {
        name: "percent",
        reason: "the operator % formats texts; here the filter format and str.format do",
        kinds: &["jinja"],
        covers: |case, difference| {
            holds(case.input, "' % ")
                && refused(difference, &["tried to use % operator on unsupported types"])
        },
    },
    Known {
        name: "wordwrap",
        reason: "lines are wrapped at white space alone, not at hyphens",
        kinds: &["jinja"],
        covers: |case, difference| {
            // Apart from what the row `marker` covers.
            let words = |text: &Option<Vec<u8>>| {
                let text = String::from_utf8_lossy(text.as_deref()?).replace("CI_MISSING_JINJA_VAR/None", "");
                Some(text.split_whitespace().collect::<String>())
            };
            holds(case.input, "wordwrap") && words(&difference.theirs) == words(&difference.ours)
        },
    },
    Known {
        name: "mutable",
        reason: "lists and mappings can be changed with append, extend, pop and update",
        kinds: &["jinja"],
        covers: |_, difference| {
            refused(
                difference,
                &[
                    "no method named append",
                    "has no method 'append'",
                    "has no method 'extend'",
                    "has no method 'pop'",
                    "has no method 'update'",
                ],
            )
        },
    },
    Known {
        name: "printed-types",
        reason: "tuples, ranges, views of mappings, functions and texts that are safe in HTML print as Python's",
        kinds: &["jinja"],
        covers: |case, difference| {
            differs_in(difference, Token::Type) || holds(case.input, "tojson") && differs_in_html(difference)
        },
    },
    Known {
        name: "marker",
        reason: "what is missing below a text, a number or in brackets, or was not given to a macro, prints with its name",
        kinds: &["jinja"],
        covers: |_, difference| differs_in(difference, Token::Marker),
    },
    Known {
        name: "marker-refused",
        reason: "what is missing below a function, or is asked for by a format, prints with its name",
        kinds: &["jinja"],
        covers: |_, difference| {
            refused(difference, &["undefined variable: undefined value"])
                && difference.theirs.as_deref().is_some_and(|theirs| holds(theirs, "CI_MISSING_JINJA_VAR/"))
        },
    },
    Known {
        name: "pprint",
        reason: "the filter pprint sorts keys and breaks lines",
        kinds: &["jinja"],
        covers: |case, difference| {
            let letters = |text: &Option<Vec<u8>>| {
                let mut letters: Vec<u8> = text.clone()?;
                letters.retain(|letter| !letter.is_ascii_whitespace());
                letters.sort_unstable();
                Some(letters)
            };
            holds(case.input, "pprint")
                && difference.place == Place::Value
                && letters(&difference.theirs) == letters(&difference.ours)
        },
    },
    Known {
        name: "blocks",
        reason: "a macro can contain a block",
        kinds: &["jinja"],
        covers: |_, difference| refused(difference, &["block tags in macros are not allowed"]),
    },
    Known {
        name: "helpers",
        reason: "there are cycler, joiner, lipsum, urlize, encode and the test callable",
        kinds: &["jinja"],
        covers: |_, difference| {
            refused(
                difference,
                &[
                    "cycler is unknown",
                    "joiner is unknown",
                    "value of type undefined is not callable",
                    "filter urlize is unknown",
                    "test callable is unknown",
                    "has no method 'encode'",
                ],
            )
        },
    },
    Known {
        name: "strict-types",
        reason: "comparing or calculating with what has no order or is missing raises",
        kinds: &["jinja"],
        covers: |_, difference| {
            [
                "TypeError: ",
                "UndefinedError: ",
                "NameError: name 'nan' is not defined",
                "NameError: name 'inf' is not defined",
            ]
            .iter()
            .any(|words| difference.raised(words))
        },
    },
    Known {
        name: "wrong-strategy",
        reason: "a strategy that cannot be read, or adds to a text what is none, ends the original's every command",
        kinds: &["merge-layers"],
        covers: |_, difference| {
            [
                "ValueError: Matcher identifier",
                "ImportError: Could not find merger module",
                "TypeError: can only concatenate str",
            ]
            .iter()
            .any(|words| difference.raised(words))
        },
    },
];

/// Whether ours refused for one of these reasons.
fn refused(difference: &Difference, words: &[&str]) -> bool {
    difference.place == Place::Refused
        && difference.ours.as_deref().is_some_and(|ours| words.iter().any(|words| holds(ours, words)))
}

/// Whether a value is the same but for tokens, this one among them.
fn differs_in(difference: &Difference, token: Token) -> bool {
    difference.place == Place::Value
        && difference
            .texts()
            .and_then(|(theirs, ours)| tokens(&theirs, &ours))
            .is_some_and(|tokens| tokens.contains(&token))
}

/// Whether a value is the same but for what is escaped for HTML: what is added to a safe text is.
fn differs_in_html(difference: &Difference) -> bool {
    let plain = |text: String| {
        [("&lt;", "<"), ("&gt;", ">"), ("&#39;", "'"), ("&#34;", "\""), ("&amp;", "&")]
            .iter()
            .fold(text, |text, (escaped, plain)| text.replace(escaped, plain))
    };
    difference.place == Place::Value && difference.texts().is_some_and(|(theirs, ours)| plain(theirs) == ours)
}
