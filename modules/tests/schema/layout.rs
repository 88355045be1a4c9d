//! JSON for people: what fits into a line is one.

use serde_json::Value;

const WIDTH: usize = 120;

/// The document as it is published.
pub fn text(document: &Value) -> String {
    let mut out = String::new();
    write(document, 0, 0, &mut out);
    out.push('\n');
    out
}

fn spaced(value: &Value) -> String {
    match value {
        Value::Array(items) => format!("[{}]", items.iter().map(spaced).collect::<Vec<_>>().join(", ")),
        Value::Object(map) => {
            let parts: Vec<_> = map
                .iter()
                .map(|(key, part)| format!("{}: {}", Value::from(key.as_str()), spaced(part)))
                .collect();
            format!("{{{}}}", parts.join(", "))
        }
        scalar => scalar.to_string(),
    }
}

/// `used` is what stands on the line already.
fn write(value: &Value, indent: usize, used: usize, out: &mut String) {
    let line = spaced(value);
    let (open, close, parts): (_, _, Vec<(String, &Value)>) = match value {
        Value::Array(items) if used + line.len() > WIDTH => {
            ('[', ']', items.iter().map(|item| (String::new(), item)).collect())
        }
        Value::Object(map) if used + line.len() > WIDTH => {
            let name = |key: &String| format!("{}: ", Value::from(key.as_str()));
            ('{', '}', map.iter().map(|(key, part)| (name(key), part)).collect())
        }
        _ => return out.push_str(&line),
    };
    out.push(open);
    for (number, (name, part)) in parts.iter().enumerate() {
        out.push_str(if number == 0 { "\n" } else { ",\n" });
        out.push_str(&" ".repeat(indent + 1));
        out.push_str(name);
        write(part, indent + 1, indent + 2 + name.len(), out);
    }
    out.push('\n');
    out.push_str(&" ".repeat(indent));
    out.push(close);
}
