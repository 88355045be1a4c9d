//! One message for each mistake: a value that the schema refuses often makes a module fail as well.

use std::collections::HashMap;

use super::watch::Warning;

/// How validation reports an error.
const INVALID: &str = "cloud-config failed schema validation! ";

/// The place and the key at the start of a message: `user-data part-001:2:11: chpasswd`.
fn place(message: &str) -> Option<&str> {
    let (origin, rest) = message.split_once(": ")?;
    let (key, _) = rest.split_once(": ")?;
    message.get(..origin.len() + ": ".len() + key.len())
}

/// The start of the message about a failed module, its name and the reason.
fn failure(message: &str) -> Option<(&str, &str)> {
    message.strip_prefix("Running module ")?.split_once(" failed: ")
}

/// The warnings as they are printed: a module that fails on an invalid value is reported with the schema's message, which
/// has the hint, and the schema's own warning is dropped.
pub(super) fn distinct(warnings: &[Warning]) -> Vec<Warning> {
    let invalid: HashMap<&str, &str> = warnings
        .iter()
        .filter_map(|warning| warning.message.strip_prefix(INVALID))
        .filter_map(|message| Some((place(message)?, message)))
        .collect();
    let mut reported: HashMap<&str, &str> = HashMap::new();
    let mut shown = Vec::new();
    for warning in warnings {
        let mut message = warning.message.clone();
        if let Some((module, reason)) = failure(&warning.message)
            && let Some((place, detail)) = place(reason).and_then(|place| invalid.get_key_value(place))
        {
            message = match reported.get(place) {
                None => format!("Running module {module} failed: {detail}"),
                Some(first) => format!("Running module {module} failed: {place}: see module {first}"),
            };
            reported.entry(place).or_insert(module);
        }
        shown.push(Warning { message, ..warning.clone() });
    }
    shown.retain(|warning| {
        let place = warning.message.strip_prefix(INVALID).and_then(place);
        place.is_none_or(|place| !reported.contains_key(place))
    });
    shown
}

#[cfg(test)]
mod tests {
    use super::*;

    fn printed(messages: &[&str]) -> Vec<String> {
        let warning = |message: &&str| Warning {
            position: 0,
            stage: None,
            module: None,
            level: "warning",
            message: (*message).to_owned(),
        };
        let warnings: Vec<Warning> = messages.iter().map(warning).collect();
        distinct(&warnings).into_iter().map(|warning| warning.message).collect()
    }

    #[test]
    fn a_mistake_has_one_message() {
        let shown = printed(&[
            "cloud-config failed schema validation! user-data part-001:3:14: write_files: expected a list; write it so",
            "cloud-config failed schema validation! user-data part-001:4:1: ntpx: unknown key 'ntpx'",
            "Running module write_files failed: user-data part-001:3:14: write_files: expected a list",
            "Running module write_files_deferred failed: user-data part-001:3:14: write_files: expected a list",
            "Running module other failed: no such file",
        ]);
        assert_eq!(
            shown,
            [
                "cloud-config failed schema validation! user-data part-001:4:1: ntpx: unknown key 'ntpx'",
                "Running module write_files failed: user-data part-001:3:14: write_files: expected a list; write it so",
                "Running module write_files_deferred failed: user-data part-001:3:14: write_files: see module write_files",
                "Running module other failed: no such file",
            ]
        );
    }
}
