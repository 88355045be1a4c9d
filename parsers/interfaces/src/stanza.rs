//! The meaning of a stanza.

/// A stanza with its options.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stanza {
    /// The type and its arguments.
    pub kind: Kind,
    /// The lines below it, `name value` each, in order; a name can occur several times (`up`, `address`).
    pub options: Vec<(String, String)>,
    /// The one-based number of its first line; 0 if it was not read.
    pub line: usize,
}

/// The types of stanza in interfaces(5) and its variants (ifupdown2, ifupdown-ng).
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Kind {
    /// `auto` (class `auto`) or `allow-CLASS`: interfaces brought up together.
    Allow {
        /// The class.
        class: String,
        /// Interfaces or patterns.
        interfaces: Vec<String>,
    },
    /// `no-auto-down`: interfaces that `ifdown -a` does not bring down.
    NoAutoDown(Vec<String>),
    /// `no-scripts`: interfaces for which the scripts in `if-*.d` do not run.
    NoScripts(Vec<String>),
    /// `rename CUR=NEW …`.
    Rename(Vec<(String, String)>),
    /// `source`: patterns of files to read here.
    Source(Vec<String>),
    /// `source-directory`: patterns of directories whose files are read here.
    SourceDirectory(Vec<String>),
    /// `mapping`: patterns of interfaces whose logical name a script determines.
    Mapping(Vec<String>),
    /// `iface`.
    Iface {
        /// The logical name.
        name: String,
        /// `inet`, `inet6`, …; optional in ifupdown-ng.
        family: Option<String>,
        /// `static`, `dhcp`, …; present with the family.
        method: Option<String>,
        /// The interface whose options it inherits.
        inherits: Option<String>,
    },
    /// `template` of ifupdown-ng: options for others to inherit.
    Template {
        /// Its name.
        name: String,
        /// The template whose options it inherits.
        inherits: Option<String>,
    },
}

impl Stanza {
    /// A stanza without options.
    pub fn new(kind: Kind) -> Self {
        Self { kind, options: Vec::new(), line: 0 }
    }

    /// An `iface` stanza.
    pub fn iface(name: &str, family: &str, method: &str) -> Self {
        Self::new(Kind::Iface {
            name: name.to_owned(),
            family: Some(family.to_owned()),
            method: Some(method.to_owned()),
            inherits: None,
        })
    }

    /// Adds an option.
    pub fn with(mut self, name: &str, value: &str) -> Self {
        self.options.push((name.to_owned(), value.to_owned()));
        self
    }

    /// The first value of an option.
    pub fn option(&self, name: &str) -> Option<&str> {
        self.options.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }

    /// All values of an option, in order.
    pub fn all<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a str> {
        self.options.iter().filter(move |(known, _)| known == name).map(|(_, value)| value.as_str())
    }

    /// The stanza as text: options indented by four blanks, one per line.
    pub fn write(&self) -> String {
        let mut out = String::new();
        let options = self.options.iter().map(|(name, value)| format!("    {name} {value}"));
        for line in std::iter::once(self.kind.write()).chain(options) {
            let line = line.trim_end();
            // Only the first of joined lines can be a comment.
            if line.trim_start().starts_with('#') {
                out.push_str("\\\n");
            }
            out.push_str(line);
            // A backslash that ends a line joins it to the next one; before a blank it is a character like others.
            out.push_str(if line.ends_with('\\') { " \n" } else { "\n" });
        }
        out
    }
}

impl Kind {
    fn write(&self) -> String {
        match self {
            Kind::Allow { class, interfaces } if class == "auto" => line("auto", interfaces),
            Kind::Allow { class, interfaces } => line(&format!("allow-{class}"), interfaces),
            Kind::NoAutoDown(interfaces) => line("no-auto-down", interfaces),
            Kind::NoScripts(interfaces) => line("no-scripts", interfaces),
            Kind::Rename(pairs) => {
                line("rename", &pairs.iter().map(|(from, to)| format!("{from}={to}")).collect::<Vec<_>>())
            }
            Kind::Source(patterns) => line("source", patterns),
            Kind::SourceDirectory(patterns) => line("source-directory", patterns),
            Kind::Mapping(patterns) => line("mapping", patterns),
            Kind::Iface { name, family, method, inherits } => {
                let mut words = vec![name.clone()];
                words.extend(family.iter().cloned());
                words.extend(method.iter().cloned());
                words.extend(inherits.iter().map(|base| format!("inherits {base}")));
                line("iface", &words)
            }
            Kind::Template { name, inherits } => {
                let mut words = vec![name.clone()];
                words.extend(inherits.iter().map(|base| format!("inherits {base}")));
                line("template", &words)
            }
        }
    }
}

fn line(keyword: &str, words: &[String]) -> String {
    std::iter::once(keyword).chain(words.iter().map(String::as_str)).collect::<Vec<_>>().join(" ")
}
