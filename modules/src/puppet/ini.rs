//! puppet.conf, read and written like Python's `RawConfigParser`: comments are dropped, and options are in lower case.

use indexmap::IndexMap;

/// The section whose options apply to all others.
const DEFAULT: &str = "DEFAULT";

/// Sections with their options, in order.
#[derive(Debug, Default)]
pub(super) struct Ini {
    defaults: IndexMap<String, String>,
    sections: IndexMap<String, IndexMap<String, String>>,
}

impl Ini {
    /// Reads a file; an error is its line and what is wrong there.
    pub(super) fn parse(text: &str) -> Result<Self, (usize, String)> {
        let mut ini = Self::default();
        let mut current: Option<String> = None;
        for (at, line) in text.lines().enumerate() {
            let line = line.trim();
            let wrong = |what: &str| Err((at + 1, what.to_owned()));
            if line.is_empty() || line.starts_with(['#', ';']) {
                continue;
            }
            if let Some(name) = section_name(line) {
                if name != DEFAULT && ini.sections.insert(name.to_owned(), IndexMap::new()).is_some() {
                    return wrong("the section exists twice");
                }
                current = Some(name.to_owned());
                continue;
            }
            let Some(section) = &current else { return wrong("an option before the first section") };
            let Some((option, value)) = line.split_once(['=', ':']).filter(|(option, _)| !option.is_empty()) else {
                return wrong("expected an option and its value");
            };
            let option = option.trim_end().to_lowercase();
            if ini.options(section).insert(option, value.trim().to_owned()).is_some() {
                return wrong("the option exists twice");
            }
        }
        Ok(ini)
    }

    fn options(&mut self, section: &str) -> &mut IndexMap<String, String> {
        if section == DEFAULT {
            return &mut self.defaults;
        }
        self.sections.entry(section.to_owned()).or_default()
    }

    /// Sets an option, in a new section if necessary.
    pub(super) fn set(&mut self, section: &str, option: &str, value: &str) {
        self.options(section).insert(option.to_lowercase(), value.to_owned());
    }
}

/// The name in `[name]`, up to the last bracket.
fn section_name(line: &str) -> Option<&str> {
    let (name, _) = line.strip_prefix('[')?.rsplit_once(']')?;
    Some(name).filter(|name| !name.is_empty())
}

impl std::fmt::Display for Ini {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let defaults = Some((DEFAULT, &self.defaults)).filter(|(_, options)| !options.is_empty());
        let sections = self.sections.iter().map(|(name, options)| (name.as_str(), options));
        for (name, options) in defaults.into_iter().chain(sections) {
            writeln!(out, "[{name}]")?;
            for (option, value) in options {
                writeln!(out, "{option} = {}", value.replace('\n', "\n\t"))?;
            }
            writeln!(out)?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::Ini;

    /// Expectations: Python's configparser, with the lines stripped on the left.
    #[test]
    fn files_are_read_and_written_like_configparser() {
        let text = "# c\n[main]\n  SSLdir=/a = b\n; d\nvar: x:y\nempty =\n[a]b]\n[DEFAULT]\nz=1\n";
        let mut ini = Ini::parse(text).expect("valid");
        ini.set("main", "Var", "True");
        ini.set("agent", "server", "a\nb");
        assert_eq!(
            ini.to_string(),
            "[DEFAULT]\nz = 1\n\n[main]\nssldir = /a = b\nvar = True\nempty = \n\n[a]b]\n\n[agent]\nserver = a\n\tb\n\n"
        );
        for (text, line) in [("a=1", 1), ("[a]\nword", 2), ("[a]\n[b]\n[a]", 3), ("[a]\nx=1\nX=2", 3), ("[a]\n=1", 2)] {
            assert_eq!(Ini::parse(text).expect_err("invalid").0, line, "{text}");
        }
    }
}
