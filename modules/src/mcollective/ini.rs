//! server.cfg: `key = value`, in sections or before them. Lines that are not set stay as they are.

use model::{Node, Value};

/// The lines of a file.
#[derive(Debug, Default)]
pub(super) struct Ini(Vec<String>);

impl Ini {
    /// Splits a file into its lines.
    pub(super) fn parse(text: &str) -> Self {
        Self(text.lines().map(str::to_owned).collect())
    }

    /// Sets a key, which replaces its line or follows the last one, in a section or before all of them.
    pub(super) fn set(&mut self, section: Option<&str>, key: &str, value: &str) -> Result<(), &'static str> {
        let line = format!("{} = {value}", quoted(key, false)?);
        let (from, to) = match section {
            Some(name) => self.section(name)?,
            None => (0, self.next_section(0)),
        };
        let keys = || (from..to).rev().filter_map(|at| Some((at, key_of(&self.0[at])?)));
        let (known, last) = (keys().find(|(_, known)| *known == key), keys().next());
        match (known, last) {
            (Some((at, _)), _) => self.0[at] = line,
            (None, Some((at, _))) => self.0.insert(at + 1, line),
            (None, None) if section.is_some() => self.0.insert(from, line),
            (None, None) => self.0.insert(to, line),
        }
        Ok(())
    }

    /// The lines of a section, which is added if it is missing: before the comment at the end of the file.
    fn section(&mut self, name: &str) -> Result<(usize, usize), &'static str> {
        if let Some(at) = self.0.iter().position(|line| section_of(line) == Some(name)) {
            return Ok((at + 1, self.next_section(at + 1)));
        }
        let is_entry = |line: &String| key_of(line).is_some() || section_of(line).is_some();
        let end = self.0.iter().rposition(is_entry).map_or(self.0.len(), |at| at + 1);
        self.0.insert(end, format!("[{}]", quoted(name, false)?));
        Ok((end + 1, end + 1))
    }

    fn next_section(&self, from: usize) -> usize {
        (from..self.0.len()).find(|at| section_of(&self.0[*at]).is_some()).unwrap_or(self.0.len())
    }
}

impl std::fmt::Display for Ini {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.0.iter().try_for_each(|line| writeln!(out, "{line}"))
    }
}

fn section_of(line: &str) -> Option<&str> {
    let name = line.split('#').next()?.trim().strip_prefix('[')?.strip_suffix(']')?;
    Some(name.trim().trim_matches(['"', '\'']))
}

fn key_of(line: &str) -> Option<&str> {
    let line = line.trim();
    if line.starts_with('#') || section_of(line).is_some() {
        return None;
    }
    let (key, _) = line.split_once('=')?;
    Some(key.trim().trim_matches(['"', '\''])).filter(|key| !key.is_empty())
}

/// A value in the format of Python's ConfigObj: a list is separated by commas.
pub(super) fn rendered(node: &Node) -> Result<String, &'static str> {
    let text = |node: &Node| node.scalar_text().unwrap_or_else(|| node.to_json().to_string());
    match &node.value {
        Value::List(items) if items.is_empty() => Ok(",".to_owned()),
        Value::List(items) => {
            let items: Vec<String> =
                items.iter().map(|item| quoted(&text(item), false)).collect::<Result<_, _>>()?;
            Ok(if items.len() == 1 { format!("{},", items[0]) } else { items.join(", ") })
        }
        _ => quoted(&text(node), true),
    }
}

/// Quotes a text if ConfigObj would read it differently.
fn quoted(text: &str, multiline: bool) -> Result<String, &'static str> {
    const UNSAFE: &str = "the value cannot be quoted";
    const EDGES: &[char] = &[' ', '\r', '\n', '\u{b}', '\t', '\'', '"'];
    let (single, double) = (text.contains('\''), text.contains('"'));
    if multiline && ((single && double) || text.contains('\n')) {
        return match (text.contains("\"\"\""), text.contains("'''")) {
            (true, true) => Err(UNSAFE),
            (false, _) => Ok(format!("'''{text}'''")),
            (true, false) => Ok(format!("\"\"\"{text}\"\"\"")),
        };
    }
    if text.contains('\n') {
        return Err(UNSAFE);
    }
    let edges = text.starts_with(EDGES) || text.ends_with(EDGES);
    if !text.is_empty() && !edges && !text.contains([',', '#']) {
        return Ok(text.to_owned());
    }
    match (single, double) {
        (true, true) => Err(UNSAFE),
        (_, true) => Ok(format!("'{text}'")),
        _ => Ok(format!("\"{text}\"")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Expectations: ConfigObj 5.0.9 with the same assignment, for files that it does not reformat.
    #[test]
    fn a_key_is_set_like_configobj() {
        for (before, after) in [
            ("", "z = n\n"),
            ("# c\n", "# c\nz = n\n"),
            ("# a\n\nk = v\n", "# a\n\nk = v\nz = n\n"),
            ("k = x\n\n# end\n", "k = x\nz = n\n\n# end\n"),
            ("\n#x\n[s]\na = 1\n", "\n#x\nz = n\n[s]\na = 1\n"),
            ("z=1\nk = 2\n", "z = n\nk = 2\n"),
        ] {
            let mut ini = Ini::parse(before);
            ini.set(None, "z", "n").expect("plain");
            assert_eq!(ini.to_string(), after);
        }
        let mut ini = Ini::parse("k = 1\n[s]\na = 1\n# end\n");
        for (section, key) in [("s", "b"), ("t", "c"), ("t", "d")] {
            ini.set(Some(section), key, "2").expect("plain");
        }
        assert_eq!(ini.to_string(), "k = 1\n[s]\na = 1\nb = 2\n[t]\nc = 2\nd = 2\n# end\n");
    }

    /// Expectations: ConfigObj 5.0.9 with the same assignment.
    #[test]
    fn a_key_is_set_in_its_section() {
        for (before, section, after) in [
            ("k = 1\n[s]\na = 1\n[t]\nb = 1\n", "s", "k = 1\n[s]\na = 1\nc = 2\n[t]\nb = 1\n"),
            ("[s]\n[t]\n", "s", "[s]\nc = 2\n[t]\n"),
            ("[t]\na = 1\n[s]\n", "s", "[t]\na = 1\n[s]\nc = 2\n"),
            ("[s]\n# c\n[t]\nb = 1\n", "s", "[s]\nc = 2\n# c\n[t]\nb = 1\n"),
            ("[t]\na = 1\n[s]\n# c\n", "s", "[t]\na = 1\n[s]\nc = 2\n# c\n"),
            ("k = 1\n", "u", "k = 1\n[u]\nc = 2\n"),
        ] {
            let mut ini = Ini::parse(before);
            ini.set(Some(section), "c", "2").expect("plain");
            assert_eq!(ini.to_string(), after);
        }
    }

    /// Expectations: ConfigObj 5.0.9.
    #[test]
    fn values_are_quoted_like_configobj() {
        for (text, expected) in [
            ("a b", Ok("a b")),
            ("a,b", Ok("\"a,b\"")),
            ("a#b", Ok("\"a#b\"")),
            ("", Ok("\"\"")),
            (" a", Ok("\" a\"")),
            ("it's", Ok("it's")),
            ("it's \"x\"", Ok("'''it's \"x\"'''")),
            ("a\nb", Ok("'''a\nb'''")),
            ("'a'", Ok("\"'a'\"")),
            ("\"", Ok("'\"'")),
        ] {
            assert_eq!(quoted(text, true), expected.map(str::to_owned), "{text}");
        }
        for (text, expected) in [
            ("it's \"x\" y", Ok("it's \"x\" y")),
            ("it's, \"x\"", Err("the value cannot be quoted")),
            ("it's,", Ok("\"it's,\"")),
            ("\"x\",", Ok("'\"x\",'")),
            ("a\nb", Err("the value cannot be quoted")),
            ("'", Ok("\"'\"")),
        ] {
            assert_eq!(quoted(text, false), expected.map(str::to_owned), "{text}");
        }
        for (text, expected) in [
            ("'''\n", Ok("''''''\n'''")),
            ("\"\"\"\n", Ok("\"\"\"\"\"\"\n\"\"\"")),
            ("'''\"\"\"\n", Err("the value cannot be quoted")),
        ] {
            assert_eq!(quoted(text, true), expected.map(str::to_owned), "{text}");
        }
        let node = |text: &str| Node::from_yaml("t", text.as_bytes()).expect("valid").expect("there");
        for (text, expected) in [("[a, 'b,c']", "a, \"b,c\""), ("[a]", "a,"), ("[]", ","), ("true", "True")] {
            assert_eq!(rendered(&node(text)).as_deref(), Ok(expected));
        }
    }
}
