//! Converts a list of commands to a shell script.

use model::{ModuleError, Node, Spanned, Value};

/// The script for `runcmd` and `bootcmd`: a string is copied as a line, the words of a list are quoted, and null is
/// skipped.
pub(crate) fn script(commands: &Spanned<Vec<Node>>) -> Result<String, ModuleError> {
    let mut script = "#!/bin/sh\n".to_owned();
    for command in &commands.value {
        match &command.value {
            Value::Str(line) => script.push_str(line),
            Value::List(words) => {
                script.push_str(&words.iter().map(quoted).collect::<Result<Vec<_>, _>>()?.join(" "));
            }
            Value::Null => continue,
            other => {
                let message = format!("a command must be a string or a list, found {}", other.kind());
                return Err(ModuleError::Invalid { origin: command.origin.clone(), message });
            }
        }
        script.push('\n');
    }
    Ok(script)
}

fn quoted(word: &Node) -> Result<String, ModuleError> {
    let text = word.scalar_text().ok_or_else(|| ModuleError::Invalid {
        origin: word.origin.clone(),
        message: format!("an argument of a command must be text, found {}", word.value.kind()),
    })?;
    Ok(format!("'{}'", text.replace('\'', r"'\''")))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Expectations: the output of upstream's `shellify` for the same lists.
    #[test]
    fn scripts_are_those_of_the_original() {
        for (commands, expected) in [
            ("[]", "#!/bin/sh\n"),
            (
                r#"[[a, "b'c", 1, null, true], echo hi, null, [ls, 1.5]]"#,
                "#!/bin/sh\n'a' 'b'\\''c' '1' 'None' 'True'\necho hi\n'ls' '1.5'\n",
            ),
            ("['a\n\n  b']", "#!/bin/sh\na\nb\n"),
        ] {
            let node = Node::from_yaml("t", commands.as_bytes()).expect("valid").expect("there");
            let commands =
                Spanned { value: node.as_list().expect("a list").to_vec(), origin: node.origin.clone() };
            assert_eq!(script(&commands).expect("only texts and lists"), expected);
        }
    }
}
