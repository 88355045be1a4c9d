//! Differences that are meant, each with its row in docs/differences.md.

/// A difference that is known.
#[derive(Debug)]
pub struct Known {
    /// Its name in the table.
    pub name: &'static str,
    /// What the original does.
    pub reason: &'static str,
    /// The kinds of cases.
    pub kinds: &'static [&'static str],
    /// Whether an input can lead to it.
    pub applies: fn(input: &[u8]) -> bool,
    /// Whether a line of differences is of it.
    pub explains: fn(line: &str) -> bool,
}

/// All of them.
pub const KNOWN: &[Known] = &[
    Known {
        name: "8bit",
        reason: "characters beyond ASCII in 8bit parts of MIME are damaged by the original",
        kinds: &["user-data"],
        applies: |_| true,
        explains: |line| {
            line.starts_with("part") && line.contains('\u{fffd}')
                || line.contains("\\\\ufeff")
                || line.contains("UnicodeDecodeError")
        },
    },
    Known {
        name: "binary-text",
        reason: "a processed message that is no text is damaged in the original's .i files",
        kinds: &["user-data"],
        applies: |_| true,
        explains: |line| line.starts_with("message:") && line.contains('\u{fffd}'),
    },
    Known {
        name: "digest",
        reason: "the original changes the messages inside a message while it takes them apart",
        kinds: &["user-data"],
        applies: |input| holds(input, "multipart/digest"),
        explains: |_| true,
    },
    Known {
        name: "names",
        reason: "a name of which nothing is left, or that is a directory, cannot be written",
        kinds: &["user-data"],
        applies: |_| true,
        explains: |line| line.contains("/part: only ours writes it"),
    },
    Known {
        name: "binary-script",
        reason: "bytes that are no UTF-8 cannot be written",
        kinds: &["user-data"],
        applies: |_| true,
        explains: |line| line.contains("only ours writes it") && line.contains('\u{fffd}'),
    },
    Known {
        name: "binary-gzip",
        reason: "a compressed part that is no text fails the stage",
        kinds: &["user-data"],
        applies: |_| true,
        explains: |line| {
            line.starts_with("raised: RuntimeError: Failed decompressing payload") && line.contains("codec")
        },
    },
    Known {
        name: "archive-number",
        reason: "an archive's content that is no text fails the stage",
        kinds: &["user-data"],
        applies: |_| true,
        explains: |line| line.starts_with("raised: AttributeError: 'int' object"),
    },
    Known {
        name: "percent",
        reason: "the operator % formats texts; here the filter format and str.format do",
        kinds: &["jinja"],
        applies: |input| holds(input, "' % "),
        explains: |line| line.contains("% operator on unsupported types"),
    },
    Known {
        name: "mutable",
        reason: "lists and mappings can be changed with append, extend, pop and update",
        kinds: &["jinja"],
        applies: |_| true,
        explains: |line| {
            ["'append'", "'extend'", "'pop'", "'update'"]
                .iter()
                .any(|name| line.contains(&format!("no method {name}")))
        },
    },
    Known {
        name: "printed-types",
        reason: "tuples, ranges, views of mappings and functions print as Python's",
        kinds: &["jinja"],
        applies: |_| true,
        explains: |line| {
            line.starts_with("value:")
                && ["range(", "dict_", "('", "([", "(1", "<function", "<Template", "[Undefined]"]
                    .iter()
                    .any(|word| line.contains(word))
        },
    },
    Known {
        name: "marker",
        reason: "what is missing below a text, a number or in brackets, or was not given to a macro, prints with its name",
        kinds: &["jinja"],
        applies: |_| true,
        explains: |line| line.contains("CI_MISSING_JINJA_VAR/") && !line.starts_with("raised"),
    },
    Known {
        name: "helpers",
        reason: "there are cycler, joiner and lipsum",
        kinds: &["jinja"],
        applies: |_| true,
        explains: |line| ["cycler is unknown", "joiner is unknown"].iter().any(|word| line.contains(word)),
    },
    Known {
        name: "strict-types",
        reason: "comparing or calculating with what has no order or is missing raises",
        kinds: &["jinja"],
        applies: |_| true,
        explains: |line| {
            line.starts_with("raised: TypeError")
                || line.starts_with("raised: UndefinedError")
                || line.starts_with("raised: NameError")
                || line.contains("invalid float literal")
        },
    },
    Known {
        name: "wrong-strategy",
        reason: "a strategy that cannot be read ends the original's every command",
        kinds: &["merge-layers"],
        applies: |_| true,
        explains: |line| line.starts_with("raised: ValueError: Matcher identifier"),
    },
];

fn holds(input: &[u8], word: &str) -> bool {
    input.windows(word.len()).any(|window| window.eq_ignore_ascii_case(word.as_bytes()))
}

/// Those that together explain every line; none where one is left.
pub fn explanations(kind: &str, input: &[u8], lines: &[String]) -> Vec<&'static Known> {
    let possible: Vec<&Known> =
        KNOWN.iter().filter(|known| known.kinds.contains(&kind) && (known.applies)(input)).collect();
    let mut found: Vec<&'static Known> = Vec::new();
    // What becomes of a damaged part is a consequence.
    let damaged = |known: &&&Known| {
        known.name == "8bit"
            && ((!input.is_ascii() && holds(input, "mime-version:"))
                || lines.iter().any(|line| (known.explains)(line)))
    };
    if let Some(known) = possible.iter().find(damaged) {
        return vec![known];
    }
    for line in lines {
        let Some(known) = possible.iter().find(|known| (known.explains)(line)) else { return Vec::new() };
        if !found.iter().any(|other| other.name == known.name) {
            found.push(known);
        }
    }
    found
}
