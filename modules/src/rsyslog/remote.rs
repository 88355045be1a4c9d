//! `rsyslog.remotes`: remote hosts that receive the log.

use indexmap::IndexMap;
use model::Spanned;
use model::module::Report;

use crate::lenient::Text;

/// The lines for all hosts between two comments; `None` without hosts. An invalid host is a warning.
pub(super) fn lines(
    remotes: &IndexMap<String, Option<Spanned<Text>>>,
    report: &mut Report,
) -> Option<String> {
    if remotes.is_empty() {
        return None;
    }
    let mut lines = vec!["# begin remotes".to_owned()];
    for (name, remote) in remotes {
        let Some(remote) = remote.as_ref().filter(|remote| !remote.value.0.is_empty()) else { continue };
        match line(name, &remote.value.0) {
            Ok(line) => lines.push(line),
            Err(why) => {
                report.warn(Some(&remote.origin), format!("ignoring rsyslog.remotes.{name}: {why}"));
            }
        }
    }
    lines.push("# end remotes".to_owned());
    Some(lines.join("\n") + "\n")
}

/// Converts `[filter] [@[@]]host[:port] [# comment]` to a line of rsyslog.conf(5), with the name as its comment.
fn line(name: &str, text: &str) -> Result<String, String> {
    let (data, comment) = match text.split_once('#') {
        // Without a second comment.
        Some((data, rest)) if !rest.trim_start_matches('#').contains('#') => {
            (data, rest.trim_start_matches('#').trim_matches(' '))
        }
        _ => (text, ""),
    };
    let words: Vec<&str> = data.split_whitespace().collect();
    let (filter, host) = match words.as_slice() {
        [host] => ("*.*", *host),
        [filter, host] => (*filter, *host),
        _ => return Err(format!("'{data}' is not a filter and a host")),
    };
    let (protocol, host) = match host.strip_prefix("@@") {
        Some(rest) => ("@@", rest),
        None => ("@", host.strip_prefix('@').unwrap_or(host)),
    };
    let (address, port) = match host.strip_prefix('[').and_then(|rest| rest.split_once(']')) {
        Some((address, "")) => (address, None),
        Some((address, rest)) => (address, Some(rest.strip_prefix(':').ok_or("unexpected text after ]")?)),
        None => match host.split_once(':') {
            Some((address, port)) => (address, Some(port)),
            None => (host, None),
        },
    };
    if address.is_empty() {
        return Err("the address is missing".into());
    }
    let port =
        port.map(|port| port.parse::<u32>().map_err(|_| format!("'{port}' is not a port"))).transpose()?;
    let address = if address.contains(':') { format!("[{address}]") } else { address.to_owned() };
    let port = port.filter(|port| *port != 0).map(|port| format!(":{port}")).unwrap_or_default();
    let note = if name.is_empty() { comment } else { name };
    let note = if note.is_empty() { String::new() } else { format!(" # {note}") };
    Ok(format!("{filter} {protocol}{address}{port}{note}"))
}

#[cfg(test)]
mod tests {
    use super::line;

    /// Expectations: upstream's documentation and unit tests.
    #[test]
    fn hosts_in_all_their_forms() {
        for (text, expected) in [
            ("*.* @10.0.0.1:5140", Some("*.* @10.0.0.1:5140 # n")),
            ("10.0.0.1", Some("*.* @10.0.0.1 # n")),
            ("*.info @@192.168.1.1 # foo", Some("*.info @@192.168.1.1 # n")),
            ("@@[::1]:514", Some("*.* @@[::1]:514 # n")),
            ("@@[fd00::1]", Some("*.* @@[fd00::1] # n")),
            ("a b c", None),
            ("@:514", None),
            ("host:port", None),
        ] {
            assert_eq!(line("n", text).ok().as_deref(), expected, "{text}");
        }
        for (text, expected) in [
            ("h # foo", "*.* @h # foo"),
            ("h #", "*.* @h"),
            ("h", "*.* @h"),
            ("@h:0", "*.* @h"),
            ("*.info @@h:1 ## foo bar", "*.info @@h:1 # foo bar"),
        ] {
            assert_eq!(line("", text).as_deref(), Ok(expected), "{text}");
        }
        for text in ["[::1]x", "[::1]:x", "a:b:c", "", "#", "# h", "h # a # b"] {
            assert!(line("n", text).is_err(), "{text}");
        }
    }
}
