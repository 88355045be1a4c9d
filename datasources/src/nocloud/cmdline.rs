//! `ds=nocloud;KEY=VALUE;…` on the kernel command line and in the SMBIOS serial number.

use metadata::pairs;
use serde_json::{Map, Value};

/// The names, and the mode that each implies.
const NAMES: &[(&str, &str)] = &[("ds=nocloud", "local"), ("ds=nocloud-net", "net")];
/// Short forms of keys for command lines.
const SHORT: &[(&str, &str)] = &[("h", "local-hostname"), ("i", "instance-id"), ("s", "seedfrom")];

/// The metadata in a line; `None` if it does not select this source.
pub(super) fn read(line: &str) -> Option<Map<String, Value>> {
    let words = || line.split_ascii_whitespace();
    let (name, mode) = NAMES.iter().copied().find(|(name, _)| {
        words()
            .any(|word| word.strip_prefix(name).is_some_and(|rest| rest.is_empty() || rest.starts_with(';')))
    })?;
    // The last matching word is used, in either form.
    let word = words().rfind(|word| word.starts_with(name))?;
    let mut found = Map::new();
    for (key, value) in pairs::read(word, ';').skip(1) {
        let value = value.map_or(Value::Null, Value::from);
        let key = SHORT.iter().find(|(short, _)| *short == key).map_or(key, |(_, long)| long);
        found.insert(key.to_owned(), value);
    }
    if !found.contains_key("dsmode") {
        let seed = found.get("seedfrom").and_then(Value::as_str).filter(|seed| !seed.is_empty());
        let from_seed = match seed {
            None => Some(mode),
            Some(seed) if metadata::seed::is_remote(seed) => Some("net"),
            Some(seed) if metadata::seed::is_local(seed) => Some("local"),
            Some(_) => None,
        };
        if let Some(mode) = from_seed {
            found.insert("dsmode".to_owned(), mode.into());
        }
    }
    Some(found)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn lines_of_the_documentation() {
        let cases = [
            ("ro quiet", None),
            ("root=/dev/sda ds=nocloud ro", Some(json!({"dsmode": "local"}))),
            ("ds=nocloud-net", Some(json!({"dsmode": "net"}))),
            ("ds=nocloudish", None),
            (
                "ro ds=nocloud;h=myhost;i=myid;user=x",
                Some(
                    json!({"local-hostname": "myhost", "instance-id": "myid", "user": "x", "dsmode": "local"}),
                ),
            ),
            (
                "ds=nocloud;s=http://10.42.42.42/cloud-init/configs/",
                Some(json!({"seedfrom": "http://10.42.42.42/cloud-init/configs/", "dsmode": "net"})),
            ),
            (
                "ds=nocloud-net;seedfrom=file:///a/b",
                Some(json!({"seedfrom": "file:///a/b", "dsmode": "local"})),
            ),
            (
                "ds=nocloud;s=http://x/;dsmode=local;;k",
                Some(json!({"seedfrom": "http://x/", "dsmode": "local", "k": null})),
            ),
        ];
        for (line, expected) in cases {
            let found = read(line).map(Value::Object);
            assert_eq!(found, expected, "{line}");
        }
    }
}
