//! Differences of messages, their parts and what becomes of them.

use base64::Engine as _;

use super::{Known, holds};
use crate::compare::skeleton;
use crate::difference::{Difference, Place};

/// The rows.
pub(super) const ROWS: &[Known] = &[
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
        name: "8bit-archive",
        reason: "of an archive that is damaged, no item is left",
        kinds: &["user-data"],
        covers: |case, difference| {
            difference.place == Place::Part
                && difference.only_ours().is_some_and(|ours| holds_item(case.input, ours))
                && case.has_damaged_part()
        },
    },
    Known {
        name: "8bit-compressed",
        reason: "characters beyond ASCII of a compressed part are damaged like those of an 8bit one",
        kinds: &["user-data"],
        covers: |case, difference| match &difference.place {
            Place::File(path) => {
                is_cloud_config(path)
                    && holds(if path.contains("vendor") { case.vendor } else { case.input }, "gzip")
                    && difference.ours.as_deref().is_some_and(|ours| holds(ours, "\\x"))
            }
            _ => false,
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
            Place::File(path) => {
                difference.only_ours().is_some_and(|ours| !ours.is_ascii())
                    || path.contains("/scripts/part-")
                        && case.differences.iter().any(|other| other.place == Place::Part)
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
                && difference.ours.as_deref().is_some_and(|ours| std::str::from_utf8(ours).is_err())
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
];

/// A part whose characters beyond ASCII are lost or spelled out by the original, and only they.
pub(super) fn damaged(difference: &Difference) -> bool {
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

/// Whether a line ends base64 (RFC 2045) and is followed by text that is no boundary of MIME.
pub(super) fn encoded_past_end(given: &[u8]) -> bool {
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

/// Whether an archive has an item with this content.
fn holds_item(input: &[u8], content: &[u8]) -> bool {
    let item = serde_json::to_string(&String::from_utf8_lossy(content)).unwrap_or_default();
    holds(input, "#cloud-config-archive") && holds(input, &item)
}
