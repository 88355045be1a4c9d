//! `output:`: redirects a stage's standard output and error.

use std::io;
use std::path::Path;

use model::Node;
use system::StdioLog;

/// The configured output and error of a stage.
fn wanted(config: &Node, mode: &str) -> (Option<String>, Option<String>) {
    let Some(output) = config.get("output") else { return (None, None) };
    let Some(choice) = output.get(mode).or_else(|| output.get("all")) else { return (None, None) };
    let text = |node: Option<&Node>| node.and_then(Node::as_str).map(str::to_owned);
    let (out, error) = match (choice.as_str(), choice.as_list()) {
        (Some(both), _) => (Some(both.to_owned()), Some(both.to_owned())),
        (None, Some(list)) => (text(list.first()), text(list.get(1))),
        (None, None) => (text(choice.get("output")), text(choice.get("error"))),
    };
    let error = if error.as_deref() == Some("&1") { out.clone() } else { error };
    (out, error)
}

fn send(stream: i32, target: &str) -> io::Result<()> {
    let target = target.trim();
    if let Some(path) = target.strip_prefix(">>") {
        StdioLog::to_file(stream, Path::new(path.trim()), true)
    } else if let Some(path) = target.strip_prefix('>') {
        StdioLog::to_file(stream, Path::new(path.trim()), false)
    } else if let Some(command) = target.strip_prefix('|') {
        StdioLog::to_command(stream, command.trim())
    } else {
        StdioLog::to_file(stream, Path::new(target), true)
    }
}

/// Redirects as configured for a stage (`init`, `config`, `final`). Returns the applied redirection, so that it is not
/// applied twice.
pub(crate) fn redirect(config: &Node, mode: &str, before: &mut Option<(Option<String>, Option<String>)>) {
    let choice = wanted(config, mode);
    if before.as_ref() == Some(&choice) {
        return;
    }
    if let Some((out, error)) = before {
        if (out.is_some() || error.is_some()) && choice == (None, None) {
            return;
        }
        tracing::debug!("Stdout, stderr changing to ({:?}, {:?})", choice.0, choice.1);
    }
    let done = (|| {
        if let Some(out) = &choice.0 {
            send(1, out)?;
        }
        match &choice.1 {
            Some(error) if choice.0.as_ref() == Some(error) => StdioLog::error_to_output(),
            Some(error) => send(2, error),
            None => Ok(()),
        }
    })();
    if let Err(error) = done {
        tracing::warn!("Failed to setup output redirection: {error}");
    }
    *before = Some(choice);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_forms_of_output() {
        let check = |text: &str, mode: &str, expected: (Option<&str>, Option<&str>)| {
            let config = Node::from_yaml("t", text.as_bytes()).expect("valid").expect("there");
            let found = wanted(&config, mode);
            assert_eq!((found.0.as_deref(), found.1.as_deref()), expected, "{text}");
        };
        check("output: {all: '| tee x'}", "init", (Some("| tee x"), Some("| tee x")));
        check("output: {init: ['> a', '&1'], all: b}", "init", (Some("> a"), Some("> a")));
        check("output: {final: {output: a, error: b}}", "final", (Some("a"), Some("b")));
        check("output: {final: a}", "init", (None, None));
    }
}
