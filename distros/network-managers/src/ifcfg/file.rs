//! The files of a device and its routes.

use std::collections::BTreeMap;

use model::Order as _;
use netconfig::Route;

/// The comment above every file.
pub(crate) fn header(comment: char) -> String {
    format!("{comment} Created by cloud-init automatically, do not edit.\n{comment}")
}

/// A device's variables and routes.
#[derive(Debug)]
pub(super) struct LinkFile {
    /// The entry in the configuration.
    pub(super) key: String,
    /// The device.
    pub(super) name: String,
    variables: BTreeMap<String, String>,
    /// Its routes except for default routes.
    pub(super) routes: Vec<Route>,
    /// IPv4 policy rules, one per line.
    pub(super) rules4: Vec<String>,
    /// IPv6 policy rules.
    pub(super) rules6: Vec<String>,
    /// SUSE's routes, one per line.
    pub(super) ifroutes: Vec<String>,
    /// Whether an IPv4 default route is set.
    pub(super) default4: bool,
    /// Whether an IPv6 default route is set.
    pub(super) default6: bool,
}

impl LinkFile {
    pub(super) fn new(key: &str, name: &str) -> Self {
        Self {
            key: key.to_owned(),
            name: name.to_owned(),
            variables: BTreeMap::new(),
            routes: Vec::new(),
            rules4: Vec::new(),
            rules6: Vec::new(),
            ifroutes: Vec::new(),
            default4: false,
            default6: false,
        }
    }

    pub(super) fn set(&mut self, name: impl Into<String>, value: impl ToString) {
        self.variables.insert(name.into(), value.to_string());
    }

    pub(super) fn flag(&mut self, name: &str, value: bool) {
        self.set(name, if value { "yes" } else { "no" });
    }

    pub(super) fn get(&self, name: &str) -> &str {
        self.variables.get(name).map_or("", String::as_str)
    }

    pub(super) fn has(&self, name: &str) -> bool {
        self.variables.contains_key(name)
    }

    pub(super) fn remove(&mut self, name: &str) {
        self.variables.remove(name);
    }

    /// The ifcfg file.
    pub(super) fn content(&self) -> String {
        let mut out = header('#');
        if !self.variables.is_empty() {
            out.push('\n');
        }
        for (name, value) in &self.variables {
            out.push_str(&format!("{name}={}\n", quoted(value)));
        }
        out
    }

    /// The routes in upstream's numbering: by the digits of the number, as text.
    fn in_order(&self) -> impl Iterator<Item = &Route> {
        let mut numbered: Vec<(String, &Route)> =
            self.routes.iter().enumerate().map(|(index, route)| ((index + 1).to_string(), route)).collect();
        numbered.order_by(|a, b| a.0.cmp(&b.0));
        numbered.into_iter().map(|(_, route)| route)
    }

    /// The file of its IPv4 routes.
    pub(super) fn routes4(&self) -> String {
        let mut out = header('#') + "\n";
        let v4 = || self.in_order().filter(|route| !route.network.contains(':'));
        if v4().any(crate::routing::is_particular) {
            // The file's other format, which supports these options; the two cannot be mixed.
            for route in v4() {
                out.push_str(&crate::routing::route_words(route, &self.name));
                out.push('\n');
            }
            return out;
        }
        for (index, route) in v4().enumerate() {
            let gateway = route.gateway.as_deref().unwrap_or_default();
            let netmask = route.netmask().unwrap_or_default();
            for (name, value) in
                [("ADDRESS", route.network.as_str()), ("GATEWAY", gateway), ("NETMASK", &netmask)]
            {
                out.push_str(&format!("{name}{index}={}\n", quoted(value)));
            }
            if let Some(metric) = route.metric {
                out.push_str(&format!("METRIC{index}={metric}\n"));
            }
        }
        out
    }

    /// The file of its IPv6 routes.
    pub(super) fn routes6(&self) -> String {
        let mut out = header('#') + "\n";
        for route in self.in_order().filter(|route| route.network.contains(':')) {
            if crate::routing::is_particular(route) {
                out.push_str(&crate::routing::route_words(route, &self.name));
                out.push('\n');
                continue;
            }
            let gateway = route.gateway.as_deref().unwrap_or_default();
            let metric = route.metric.map_or_else(String::new, |metric| format!("metric {metric}"));
            let (network, prefix) = (&route.network, route.prefix);
            out.push_str(&format!("{network}/{prefix} via {gateway} {metric} dev {}\n", self.name));
        }
        out
    }
}

/// Adds double quotes around white space if there are no quotes yet; characters that are special to the shell are
/// escaped, and line breaks removed.
fn quoted(value: &str) -> String {
    let already = value.len() > 1 && value.starts_with('"') && value.ends_with('"');
    let special = |letter: char| matches!(letter, '"' | '$' | '`' | '\\');
    let shell = |letter: char| {
        special(letter) || matches!(letter, '\'' | ';' | '&' | '|' | '<' | '>' | '(' | ')' | '#' | '*')
    };
    let inner = if already { &value[1..value.len() - 1] } else { value };
    if !already && !inner.contains(|letter: char| letter.is_whitespace() || shell(letter)) {
        return value.to_owned();
    }
    let mut out = String::from("\"");
    for letter in inner.chars() {
        match letter {
            '\n' | '\r' => out.push(' '),
            letter if special(letter) => out.extend(['\\', letter]),
            letter => out.push(letter),
        }
    }
    out.push('"');
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_shell_reads_what_was_meant() {
        for value in
            ["plain", "mode=1 miimon=100", "a\"b", "$(reboot)", "`id`", "back\\slash", "it's; #not", "a&b|c"]
        {
            let text = format!("KEY={}\n", quoted(value));
            let read = ifcfg::Document::parse(text.as_bytes()).expect("readable");
            assert_eq!(read.get("KEY").as_deref(), Some(value), "{text}");
        }
        assert_eq!(quoted("\"mode=1 miimon=100\""), "\"mode=1 miimon=100\"");
        assert_eq!(quoted("one\nTWO=2"), "\"one TWO=2\"");
    }

    /// The quoting of upstream's net/sysconfig.py, _quote_value, with what a shell would expand or end escaped.
    #[test]
    fn values_are_quoted_where_a_shell_needs_it() {
        for (value, expected) in [
            ("plain-1.0", "plain-1.0"),
            ("", ""),
            ("two words", "\"two words\""),
            ("\"two words\"", "\"two words\""),
            ("\"", "\"\\\"\""),
            ("\"open", "\"\\\"open\""),
            ("open\"", "\"open\\\"\""),
            ("$(reboot)", "\"\\$(reboot)\""),
            ("a\nB=c", "\"a B=c\""),
            ("it's", "\"it's\""),
        ] {
            assert_eq!(quoted(value), expected, "{value:?}");
        }
    }
}
