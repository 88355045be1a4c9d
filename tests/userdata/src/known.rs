//! Differences that are meant, each with its row in docs/differences.md. A row covers single places; everything else in
//! the same case is compared.

use base64::Engine as _;

use crate::compare::skeleton;
use crate::difference::{Difference, Place};
use crate::printed::{Token, tokens};

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
/// `--seed 1990503583 --case 70`, `--seed 1925811062 --case 97`.
pub const RARE: &[&str] = &["surrogates", "wordwrap", "blocks", "pprint"];

/// A part whose characters beyond ASCII are lost or spelled out by the original, and only they.
fn damaged(difference: &Difference) -> bool {
    let not_ascii = |bytes: &Option<Vec<u8>>| bytes.as_deref().is_some_and(|bytes| !bytes.is_ascii());
    match difference.place {
        Place::Field("payload") => {
            not_ascii(&difference.ours)
                && difference.theirs.as_deref().map(skeleton) == difference.ours.as_deref().map(skeleton)
        }
        Place::Part => difference.theirs.is_none() && not_ascii(&difference.ours),
        _ => false,
    }
}

/// Whether two names are those of parts without one, which are numbered.
fn numbered(difference: &Difference) -> bool {
    difference.texts().is_some_and(|(one, other)| one.starts_with("part-") && other.starts_with("part-"))
}

fn is_cloud_config(path: &str) -> bool {
    path.ends_with("cloud-config.txt")
}

/// All of them.
pub const KNOWN: &[Known] = &[
    Known {
        name: "8bit",
        reason: "characters beyond ASCII in 8bit parts of MIME are damaged by the original",
        kinds: &["user-data"],
        covers: |_, difference| damaged(difference) || difference.raised("UnicodeDecodeError"),
    },
    Known {
        name: "8bit-numbers",
        reason: "parts behind one that is damaged away have other numbers",
        kinds: &["user-data"],
        covers: |case, difference| {
            difference.place == Place::Field("name")
                && numbered(difference)
                && case.differences.iter().any(|other| other.place == Place::Part)
        },
    },
    Known {
        name: "8bit-files",
        reason: "what becomes of a damaged part: its script, the cloud-config that it is merged into, what is said of it",
        kinds: &["user-data"],
        covers: |case, difference| match &difference.place {
            Place::File(path) if path.contains("vendor") => {
                case.beyond_ascii(path)
                    && (is_cloud_config(path)
                        || difference.only_ours().is_some_and(|ours| !ours.is_ascii())
                        || difference.theirs.as_deref().map(skeleton)
                            == difference.ours.as_deref().map(skeleton))
            }
            Place::File(path) if is_cloud_config(path) => case.has_damaged_part(),
            Place::Message => case
                .differences
                .iter()
                .any(|other| matches!(other.place, Place::Part | Place::Field("index"))),
            // What a damaged cloud-config says of itself is not read.
            Place::Field("index") => {
                case.has_damaged_part() && difference.theirs.as_deref().is_some_and(<[u8]>::is_empty)
            }
            Place::Warning => case.has_damaged_part() || !case.vendor.is_ascii(),
            Place::File(_) => {
                difference.only_ours().is_some_and(|ours| !ours.is_ascii())
                    || difference.theirs.as_deref().map(skeleton) == difference.ours.as_deref().map(skeleton)
            }
            _ => false,
        },
    },
    Known {
        name: "binary-text",
        reason: "a processed message that is no text is damaged in the original's .i files",
        kinds: &["user-data"],
        covers: |_, difference| {
            let of = |bytes: &Option<Vec<u8>>| bytes.as_deref().map(skeleton);
            difference.place == Place::Message
                && difference.ours.as_deref().is_some_and(|ours| !ours.is_ascii())
                && of(&difference.theirs) == of(&difference.ours)
        },
    },
    Known {
        name: "digest",
        reason: "the original changes the messages inside a message while it takes them apart: headers of copies",
        kinds: &["user-data"],
        covers: |case, difference| {
            case.digest("")
                && matches!(
                    difference.place,
                    Place::Message | Place::Field("type" | "name" | "merge" | "index")
                )
        },
    },
    Known {
        name: "digest-files",
        reason: "what becomes of a copy whose headers are of another part",
        kinds: &["user-data"],
        covers: |case, difference| match &difference.place {
            Place::File(path) => case.digest(path),
            Place::Warning => case.digest("") || case.digest("vendor"),
            _ => false,
        },
    },
    Known {
        name: "base64-end",
        reason: "base64 with text behind its end is not decoded, or that text is decoded as well",
        kinds: &["user-data"],
        covers: |case, difference| {
            let anywhere = case.ends_early("") || case.ends_early("vendor");
            match &difference.place {
                Place::Field("payload") if case.ends_early("") => {
                    let (theirs, ours) = (difference.theirs.as_deref(), difference.ours.as_deref());
                    if theirs.zip(ours).is_some_and(|(theirs, ours)| theirs.starts_with(ours)) {
                        return true;
                    }
                }
                Place::File(path) if is_cloud_config(path) && case.ends_early(path) => return true,
                Place::Warning if anywhere => return true,
                // An archive with text behind it is no YAML.
                Place::Part if case.ends_early("") && difference.theirs.is_none() => return true,
                _ => {}
            }
            // An undecoded #include asks for the text behind the end.
            if holds(case.input, "base64") && difference.raised("RuntimeError: Failed to parse: ") {
                return true;
            }
            if difference.raised("RuntimeError: Failed decompressing payload") && anywhere {
                return true;
            }
            matches!(difference.place, Place::Field("payload") | Place::File(_))
                && difference.texts().is_some_and(|(theirs, ours)| {
                    let encoded = base64::engine::general_purpose::STANDARD.encode(ours);
                    theirs.strip_prefix(&encoded).is_some_and(|behind| !behind.trim().is_empty())
                })
        },
    },
    Known {
        name: "names",
        reason: "a name of which nothing is left, or that is a directory, cannot be written",
        kinds: &["user-data"],
        covers: |_, difference| match &difference.place {
            Place::File(path) => path.ends_with("/part") && difference.only_ours().is_some(),
            _ => false,
        },
    },
    Known {
        name: "binary-script",
        reason: "bytes that are no UTF-8 cannot be written",
        kinds: &["user-data"],
        covers: |_, difference| {
            matches!(difference.place, Place::File(_))
                && difference.only_ours().is_some_and(|ours| std::str::from_utf8(ours).is_err())
        },
    },
    Known {
        name: "unwritten",
        reason: "what cannot be written is warned of",
        kinds: &["user-data"],
        covers: |case, difference| {
            warned_only(difference, &["Failed calling handler", "Failed loading yaml blob"])
                && case
                    .differences
                    .iter()
                    .any(|other| matches!(other.place, Place::File(_)) && other.only_ours().is_some())
        },
    },
    Known {
        name: "left-out",
        reason: "a part that launch-index leaves out is read for it, and warned of where it is no YAML",
        kinds: &["user-data"],
        covers: |case, difference| {
            holds(case.input, "launch-index") && warned_only(difference, &["Failed loading yaml blob"])
        },
    },
    Known {
        name: "binary-gzip",
        reason: "a compressed part that is no text fails the stage",
        kinds: &["user-data"],
        covers: |_, difference| {
            difference.raised("RuntimeError: Failed decompressing payload")
                && difference.theirs.as_deref().is_some_and(|theirs| holds(theirs, "codec"))
        },
    },
    Known {
        name: "surrogates",
        reason: "bytes beyond a part's charset fail the stage where they are written",
        kinds: &["user-data"],
        covers: |_, difference| {
            difference.raised("UnicodeEncodeError: 'utf-8' codec can't encode character")
                && difference.theirs.as_deref().is_some_and(|theirs| holds(theirs, "surrogates not allowed"))
        },
    },
    Known {
        name: "archive-number",
        reason: "an archive's content that is no text fails the stage",
        kinds: &["user-data"],
        covers: |_, difference| difference.raised("AttributeError: 'int' object has no attribute 'decode'"),
    },
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

/// Whether only the original warned, and of nothing but this.
fn warned_only(difference: &Difference, words: &[&str]) -> bool {
    difference.place == Place::Warning
        && difference.ours.is_none()
        && difference.theirs.as_deref().is_some_and(|theirs| {
            theirs.split(|byte| *byte == b'\n').all(|line| {
                words.iter().any(|words| line.starts_with(words.as_bytes())) || !line.starts_with(b"Failed")
            })
        })
}

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

fn holds(input: &[u8], word: &str) -> bool {
    input.windows(word.len()).any(|window| window.eq_ignore_ascii_case(word.as_bytes()))
}

/// Whether a line ends base64 (RFC 2045) and is followed by text that is no boundary of MIME.
fn encoded_past_end(given: &[u8]) -> bool {
    if !holds(given, "base64") {
        return false;
    }
    let mut lines =
        given.split(|byte| *byte == b'\n').map(<[u8]>::trim_ascii).filter(|line| !line.is_empty()).peekable();
    while let Some(line) = lines.next() {
        let is_end = line.ends_with(b"=")
            && line.iter().all(|byte| byte.is_ascii_alphanumeric() || b"+/=".contains(byte));
        if is_end && lines.peek().is_some_and(|next| !next.starts_with(b"--")) {
            return true;
        }
    }
    false
}

/// The row that covers each difference, the first that does; `None` for what no row covers.
pub fn rows(case: &Case<'_>) -> Vec<Option<&'static Known>> {
    let possible: Vec<&'static Known> =
        KNOWN.iter().filter(|known| known.kinds.contains(&case.kind)).collect();
    let row = |difference| possible.iter().find(|known| (known.covers)(case, difference)).copied();
    case.differences.iter().map(row).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

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
