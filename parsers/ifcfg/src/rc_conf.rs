//! rc.conf(5) of the BSDs. NetBSD's contains shell code, so lines that are not assignments are kept as they are.

use crate::shell_quote;

/// rc.conf for reading and editing.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RcConf(Vec<String>);

impl RcConf {
    /// Parses a file; every text is valid.
    pub fn parse(text: &str) -> Self {
        Self(text.lines().map(str::to_owned).collect())
    }

    /// The value of a variable, without its quotes; of the last line that sets it.
    pub fn get(&self, key: &str) -> Option<String> {
        let value = self.0.iter().rev().find_map(|line| line.strip_prefix(key)?.strip_prefix('='))?;
        let quoted = |quote: char| value.strip_prefix(quote).and_then(|rest| rest.strip_suffix(quote));
        Some(quoted('"').or_else(|| quoted('\'')).unwrap_or(value).to_owned())
    }

    /// Sets a variable in every line that sets it, or in a new one.
    pub fn set(&mut self, key: &str, value: &str) {
        let line = format!("{key}={}", shell_quote(value));
        let mut found = false;
        for known in &mut self.0 {
            if known.split_once('=').is_some_and(|(name, _)| name == key) {
                known.clone_from(&line);
                found = true;
            }
        }
        if !found {
            self.0.push(line);
        }
    }

    /// The text.
    pub fn write(&self) -> String {
        self.0.join("\n") + "\n"
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The original's tests/unittests/distros/test_bsd_utils.py.
    #[test]
    fn variables_are_read_and_set() {
        for (text, value) in
            [("hostname='foo'\n", "foo"), ("hostname=\"foo\"\n", "foo"), ("hostname=foo", "foo")]
        {
            assert_eq!(RcConf::parse(text).get("hostname").as_deref(), Some(value), "{text}");
        }
        let mut file = RcConf::parse(
            "if [ -r /etc/defaults/rc.conf ]; then\n\t. /etc/defaults/rc.conf\nfi\nhostname=a\n",
        );
        file.set("hostname", "b c");
        file.set("sshd", "YES");
        assert_eq!(
            file.write(),
            "if [ -r /etc/defaults/rc.conf ]; then\n\t. /etc/defaults/rc.conf\nfi\nhostname='b c'\nsshd=YES\n"
        );
        assert_eq!(RcConf::parse("other=1\n").get("hostname"), None);
        assert_eq!(RcConf::parse("hostname=\"\n").get("hostname").as_deref(), Some("\""));
    }
}
