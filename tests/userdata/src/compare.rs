//! Whether two outcomes say the same.

use base64::Engine as _;
use serde_json::Value;

use crate::original::Answer;
use crate::ours::Processed;

fn bytes(base64: &str) -> Vec<u8> {
    base64::engine::general_purpose::STANDARD.decode(base64).unwrap_or_default()
}

fn shown(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).escape_debug().to_string()
}

/// Differences of a user-data, a line each that begins with what it is about; none where they agree.
pub fn userdata(answer: &Answer, ours: &Result<Processed, String>) -> Vec<String> {
    let ours = match (&answer.error, ours) {
        (Some(_), Err(_)) => return Vec::new(),
        (Some(error), Ok(_)) => return vec![format!("raised: {error}")],
        (None, Err(error)) => return vec![format!("refused: {error}")],
        (None, Ok(ours)) => ours,
    };
    let mut out = Vec::new();
    if answer.parts.len() != ours.parts.len() {
        out.push(format!("parts: {} and ours {}", answer.parts.len(), ours.parts.len()));
    }
    for (number, (theirs, own)) in answer.parts.iter().zip(&ours.parts).enumerate() {
        let mut tell = |what: &str, theirs: String, own: String| {
            if theirs != own {
                out.push(format!("part {number} {what}: {theirs} and ours {own}"));
            }
        };
        tell("type", theirs.0.clone(), own.0.clone());
        tell("name", theirs.1.clone(), own.1.clone());
        tell("payload", shown(&bytes(&theirs.2)), shown(&bytes(&own.2)));
        tell("index", format!("{:?}", theirs.3), format!("{:?}", own.3));
        tell("merge", theirs.4.clone(), own.4.clone());
    }
    if let Some(processed) = &answer.processed {
        let (theirs, own) = (bytes(processed), &ours.message);
        if theirs != *own {
            out.push(format!("message: {}\n   ours: {}", shown(&theirs), shown(own)));
        }
    }
    files(answer, ours, &mut out);
    out
}

/// Differences of the files that were written.
pub fn files(answer: &Answer, ours: &Processed, out: &mut Vec<String>) {
    for (path, (mode, content)) in &answer.files {
        match ours.files.get(path) {
            None => out.push(format!("file {path}: ours does not write it: {}", shown(&bytes(content)))),
            Some((own_mode, own)) => {
                if mode != own_mode {
                    out.push(format!("file {path}: mode {mode:04o} and ours {own_mode:04o}"));
                }
                let theirs = bytes(content);
                if theirs != *own {
                    out.push(format!("file {path}: {}\n   ours: {}", shown(&theirs), shown(own)));
                }
            }
        }
    }
    for (path, (_, own)) in &ours.files {
        if !answer.files.contains_key(path) {
            out.push(format!("file {path}: only ours writes it: {}", shown(own)));
        }
    }
}

/// The directives of a file: its lines without comments and white space.
pub fn directives(text: &str) -> String {
    let plain = |line: &str| {
        let line = line.split(" #").next().unwrap_or_default().split("\t#").next().unwrap_or_default().trim();
        let comment = ["#", "%", ";", "!"].iter().any(|mark| line.starts_with(mark));
        (!comment && !line.is_empty()).then(|| line.split_whitespace().collect::<Vec<_>>().join(" "))
    };
    text.lines().filter_map(plain).collect::<Vec<_>>().join("\n")
}

/// Differences of a value or a text.
pub fn value(answer: &Answer, ours: &Result<String, String>, as_json: bool) -> Vec<String> {
    match (&answer.error, ours) {
        (Some(_), Err(_)) => Vec::new(),
        (Some(error), Ok(own)) => vec![format!("raised: {error}; ours {own:?}")],
        (None, Err(error)) => {
            vec![format!("refused: {error}; theirs {:?}", answer.value.as_deref().unwrap_or_default())]
        }
        (None, Ok(own)) => {
            let theirs = answer.value.as_deref().unwrap_or_default();
            let json = |text: &str| serde_json::from_str::<Value>(text).map(|value| value.to_string()).ok();
            let same = if as_json { json(theirs) == json(own) } else { theirs == own };
            if same { Vec::new() } else { vec![format!("value: {theirs:?}\n   ours: {own:?}")] }
        }
    }
}
