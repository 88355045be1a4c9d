//! JSON from outside, bounded before it is read: a list of numbers takes ten times the memory of its text.

use serde::de::{DeserializeOwned, Error as _};

/// The number of values that a document may contain: as many as a document of YAML.
const MOST: usize = yaml::Limits::BOOT.max_nodes;

/// Reads JSON that this program did not write.
///
/// # Errors
///
/// If the document is not JSON of the type, or contains more values than YAML may (`yaml::Limits::BOOT`).
pub fn bounded_json<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, serde_json::Error> {
    if values(bytes) > MOST {
        return Err(serde_json::Error::custom(format!("more than {MOST} values")));
    }
    serde_json::from_slice(bytes)
}

/// How many values a document has at most: each but the first follows a bracket or a comma, counting a key and
/// its value as one.
fn values(bytes: &[u8]) -> usize {
    let (mut count, mut quoted, mut escaped) = (1, false, false);
    for byte in bytes {
        match byte {
            _ if escaped => escaped = false,
            b'\\' if quoted => escaped = true,
            b'"' => quoted = !quoted,
            b'[' | b'{' | b',' if !quoted => count += 1,
            _ => {}
        }
    }
    count
}

#[cfg(test)]
mod tests {
    use serde_json::Value;

    use super::*;

    #[test]
    fn separators_count_outside_of_texts() {
        for (text, most) in
            [("1", 1), ("[]", 2), ("[1, 2]", 3), (r#"{"a": "[,{\",", "b": [1]}"#, 4), (r#"["\\", 1]"#, 3)]
        {
            assert_eq!(values(text.as_bytes()), most, "{text}");
        }
    }

    #[test]
    fn a_document_of_too_many_values_is_refused_and_a_long_one_is_not() {
        let list = |count: usize| format!("[{}1]", "1,".repeat(count));
        assert!(bounded_json::<Value>(list(MOST - 10).as_bytes()).is_ok());
        let error = bounded_json::<Value>(list(MOST).as_bytes()).expect_err("too many");
        assert_eq!(error.to_string(), "more than 40000 values");
        assert_eq!(crate::config::json_reason(&error), "more than 40000 values");
        assert!(bounded_json::<Value>(format!("\"{}\"", ",".repeat(1 << 20)).as_bytes()).is_ok());
    }
}
