//! `$x` and `${x.y}`.

/// Replaces all names; an unknown one is an error with its line.
pub(super) fn render(text: &str, variables: &serde_json::Value) -> Result<String, (usize, String)> {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find('$') {
        out.push_str(&rest[..at]);
        let after = &rest[at + 1..];
        let (name, length) = match after.strip_prefix('{') {
            Some(braced) => match braced.find('}') {
                Some(end) if end > 0 && braced[..end].bytes().all(is_name) => (&braced[..end], end + 2),
                _ => ("", 0),
            },
            None => {
                let end = after.bytes().position(|byte| !is_name(byte)).unwrap_or(after.len());
                (&after[..end], end)
            }
        };
        if name.is_empty() {
            out.push('$');
            rest = after;
            continue;
        }
        let line = text[..text.len() - rest.len() + at].matches('\n').count() + 1;
        let value = name.split('.').try_fold(variables, |value, key| value.get(key));
        let value = value.ok_or_else(|| (line, format!("unknown variable '{name}'")))?;
        out.push_str(&super::python_text(value));
        rest = &after[length..];
    }
    out.push_str(rest);
    Ok(out)
}

fn is_name(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'_' || byte == b'.'
}
