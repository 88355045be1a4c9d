//! Whether two outcomes say the same.

use std::collections::{BTreeMap, BTreeSet};

use base64::Engine as _;
use serde_json::Value;

use crate::difference::{Difference, Place};
use crate::original::Answer;
use crate::ours::Processed;
use crate::warnings;

/// A part: content type, file name, payload in base64, launch indices, strategy.
type Part = (String, String, String, Vec<String>, String);

fn bytes(base64: &str) -> Vec<u8> {
    base64::engine::general_purpose::STANDARD.decode(base64).unwrap_or_default()
}

/// The differences of a user-data; none where they agree.
pub fn userdata(answer: &Answer, ours: &Result<Processed, String>) -> Vec<Difference> {
    let ours = match (&answer.error, ours) {
        (Some(_), Err(_)) => return Vec::new(),
        (Some(error), Ok(_)) => {
            return vec![Difference { place: Place::Raised, theirs: Some(error.clone().into()), ours: None }];
        }
        (None, Err(error)) => {
            return vec![Difference {
                place: Place::Refused,
                theirs: None,
                ours: Some(error.clone().into()),
            }];
        }
        (None, Ok(ours)) => ours,
    };
    let mut out = Vec::new();
    parts(&answer.parts, &ours.parts, &mut out);
    if let Some(processed) = &answer.processed {
        let theirs = bytes(processed);
        if theirs != ours.message {
            out.push(Difference::new(Place::Message, theirs, ours.message.clone()));
        }
    }
    files(answer, ours, &mut out);
    warned(&answer.warnings, &ours.warnings, &mut out);
    out
}

/// Differences of the warnings, each by its kind and what it is about.
fn warned(theirs: &[String], ours: &[String], out: &mut Vec<Difference>) {
    let (their_events, our_events) = (warnings::events(theirs), warnings::events(ours));
    for event in their_events.symmetric_difference(&our_events) {
        let of = |events: &BTreeSet<String>, all: &[String]| {
            let text = if event == warnings::ANY { all.join("\n") } else { event.clone() };
            events.contains(event).then(|| text.into_bytes())
        };
        out.push(Difference {
            place: Place::Warning,
            theirs: of(&their_events, theirs),
            ours: of(&our_events, ours),
        });
    }
}

/// Differences of parts. Where one has more of them than the other, those with the same content stand side by side.
fn parts(theirs: &[Part], ours: &[Part], out: &mut Vec<Difference>) {
    let only = |part: &Part, is_ours: bool| {
        let payload = Some(bytes(&part.2));
        let (theirs, ours) = if is_ours { (None, payload) } else { (payload, None) };
        Difference { place: Place::Part, theirs, ours }
    };
    let (mut left, mut right) = (theirs, ours);
    while let ([one, after_one @ ..], [other, after_other @ ..]) = (left, right) {
        let alike = skeleton(&bytes(&one.2)) == skeleton(&bytes(&other.2));
        if alike || left.len() == right.len() {
            fields(one, other, out);
            (left, right) = (after_one, after_other);
        } else if left.len() < right.len() {
            out.push(only(other, true));
            right = after_other;
        } else {
            out.push(only(one, false));
            left = after_one;
        }
    }
    out.extend(left.iter().map(|part| only(part, false)));
    out.extend(right.iter().map(|part| only(part, true)));
}

fn fields(theirs: &Part, ours: &Part, out: &mut Vec<Difference>) {
    for (field, one, other) in [
        ("type", theirs.0.clone().into_bytes(), ours.0.clone().into_bytes()),
        ("name", theirs.1.clone().into_bytes(), ours.1.clone().into_bytes()),
        ("payload", bytes(&theirs.2), bytes(&ours.2)),
        ("index", theirs.3.join(",").into_bytes(), ours.3.join(",").into_bytes()),
        ("merge", theirs.4.clone().into_bytes(), ours.4.clone().into_bytes()),
    ] {
        if one != other {
            out.push(Difference::new(Place::Field(field), one, other));
        }
    }
}

/// What is left of bytes when characters beyond ASCII may have been damaged: neither they nor what the original makes of
/// them.
pub fn skeleton(bytes: &[u8]) -> Vec<u8> {
    let ascii: String = bytes.iter().filter(|byte| byte.is_ascii()).map(|byte| char::from(*byte)).collect();
    let mut pieces = ascii.split("\\u");
    let mut out = pieces.next().unwrap_or_default().to_owned();
    for piece in pieces {
        let escape = piece.get(..4).filter(|digits| digits.bytes().all(|byte| byte.is_ascii_hexdigit()));
        match escape {
            Some(_) => out.push_str(&piece[4..]),
            None => {
                out.push_str("\\u");
                out.push_str(piece);
            }
        }
    }
    out.into_bytes()
}

/// Differences of the files that were written.
pub fn files(answer: &Answer, ours: &Processed, out: &mut Vec<Difference>) {
    let theirs: BTreeMap<&String, (u32, Vec<u8>)> =
        answer.files.iter().map(|(path, (mode, content))| (path, (*mode, bytes(content)))).collect();
    let paths: BTreeSet<&String> = theirs.keys().copied().chain(ours.files.keys()).collect();
    for path in paths {
        let (one, other) = (theirs.get(path), ours.files.get(path));
        if let (Some((mode, _)), Some((own, _))) = (one, other)
            && mode != own
        {
            out.push(Difference::new(Place::Mode(path.clone()), format!("{mode:04o}"), format!("{own:04o}")));
        }
        let content = |file: Option<&(u32, Vec<u8>)>| file.map(|(_, content)| content.clone());
        if content(one) != content(other) {
            out.push(Difference {
                place: Place::File(path.clone()),
                theirs: content(one),
                ours: content(other),
            });
        }
    }
}

/// Differences of what part handlers told. Types are a set with the original: handlers that have several are told of the
/// end in any order.
pub fn handlers(answer: &Answer, ours: &Result<(Processed, Vec<String>), String>) -> Vec<Difference> {
    let (processed, told) = match ours {
        Ok((processed, told)) => (Ok(processed.clone()), told.clone()),
        Err(error) => (Err(error.clone()), Vec::new()),
    };
    let (Ok(own), None) = (&processed, &answer.error) else { return userdata(answer, &processed) };
    let mut out = Vec::new();
    files(answer, own, &mut out);
    warned(&answer.warnings, &own.warnings, &mut out);
    let sorted = |lines: &[String]| {
        let mut lines = lines.to_vec();
        lines.sort();
        lines.join("\n")
    };
    let (theirs, told) = (sorted(&answer.told), sorted(&told));
    if theirs != told {
        out.push(Difference::new(Place::Told, theirs, told));
    }
    out
}

/// What an administrator's template says, without comments and blank lines: those of the original's templates are prose.
pub fn directives(text: &str) -> String {
    let plain = |line: &str| {
        let line = line.split(" #").next().unwrap_or_default().split("\t#").next().unwrap_or_default().trim();
        let comment = ["#", "%", ";", "!"].iter().any(|mark| line.starts_with(mark));
        (!comment && !line.is_empty()).then(|| line.split_whitespace().collect::<Vec<_>>().join(" "))
    };
    text.lines().filter_map(plain).collect::<Vec<_>>().join("\n")
}

/// The difference of a value or a text, if there is one.
pub fn value(answer: &Answer, ours: &Result<String, String>, as_json: bool) -> Vec<Difference> {
    let theirs = answer.value.clone().unwrap_or_default();
    let difference = match (&answer.error, ours) {
        (Some(_), Err(_)) => return Vec::new(),
        (Some(error), Ok(own)) => Difference::new(Place::Raised, error.as_str(), own.as_str()),
        (None, Err(error)) => Difference::new(Place::Refused, theirs, error.as_str()),
        (None, Ok(own)) => {
            let json = |text: &str| serde_json::from_str::<Value>(text).map(|value| value.to_string()).ok();
            let same = if as_json { json(&theirs) == json(own) } else { theirs == *own };
            if same {
                return Vec::new();
            }
            Difference::new(Place::Value, theirs, own.as_str())
        }
    };
    vec![difference]
}
