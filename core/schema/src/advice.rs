//! Advice: values of a cloud-config that are valid but probably a mistake.
//!
//! Like upstream's, the schema accepts these values, so advice is a separate kind of finding: it changes neither the
//! verdict nor the exit code. Advice is given only for obvious mistakes, never as a matter of taste.

use std::borrow::Cow;

use model::config::Origin;

use crate::finding::{Finding, Severity};
use crate::instance::{Instance, Name, Step, View, dotted};
use crate::left_over;
use crate::secret::is_private_place;

/// Keys whose values are names, numbers and keys, never programs: a placeholder in them was not replaced.
const PLAIN: &[&str] = &[
    "chpasswd",
    "fqdn",
    "groups",
    "hostname",
    "locale",
    "manage_etc_hosts",
    "mounts",
    "ntp",
    "packages",
    "password",
    "resolv_conf",
    "ssh_authorized_keys",
    "ssh_import_id",
    "swap",
    "timezone",
    "user",
    "users",
    "write_files",
];

/// Keys whose values are paths; `*` matches any item.
const PATHS: &[&[&str]] = &[
    &["write_files", "*", "path"],
    &["users", "*", "homedir"],
    &["user", "homedir"],
    &["swap", "filename"],
    &["random_seed", "file"],
];

/// Keys whose values are lists of commands.
const COMMANDS: &[&str] = &["bootcmd", "runcmd"];

/// Probable mistakes in a cloud-config, in document order.
pub fn advise<'d>(document: impl Into<Instance<'d>>) -> Vec<Finding> {
    let mut advice = Advice { found: Vec::new(), path: Vec::new() };
    advice.look(document.into());
    advice.found
}

struct Advice<'d> {
    found: Vec<Finding>,
    path: Vec<Step<'d>>,
}

impl<'d> Advice<'d> {
    fn give(&mut self, instance: Instance<'d>, message: String, hint: &str) {
        let place: Vec<Step<'static>> = self.path.iter().cloned().map(Step::into_owned).collect();
        self.found.push(Finding {
            severity: Severity::Advice,
            path: dotted(&place),
            place,
            key: None,
            detailed: message.clone(),
            message,
            hint: Some(hint.to_owned()),
            module: None,
            summary: false,
            origin: instance.origin().cloned() as Option<Origin>,
        });
    }

    /// Whether the current path matches.
    fn is_at(&self, wanted: &[&str]) -> bool {
        self.path.len() == wanted.len()
            && self.path.iter().zip(wanted).all(|(step, wanted)| match step {
                Step::Item(_) => *wanted == "*",
                Step::Key { name, .. } => name == wanted,
            })
    }

    fn top(&self) -> Option<&str> {
        match self.path.first()? {
            Step::Key { name, .. } => Some(name),
            Step::Item(_) => None,
        }
    }

    /// Depth is bounded by the parser's limit.
    fn look(&mut self, instance: Instance<'d>) {
        match instance.view() {
            View::Map(map) => {
                for (entry, (name, item)) in map.iter().enumerate() {
                    let name = match name {
                        Name::Text(text) => Cow::Borrowed(text),
                        Name::Other(text) => Cow::Owned(text),
                    };
                    self.path.push(Step::Key { name, entry });
                    self.look(item);
                    self.path.pop();
                }
            }
            View::List(list) => {
                if self.path.len() == 2 && self.top().is_some_and(|top| COMMANDS.contains(&top)) {
                    self.one_word(instance);
                }
                for (index, item) in list.iter().enumerate() {
                    self.path.push(Step::Item(index));
                    self.look(item);
                    self.path.pop();
                }
            }
            View::Str(text) => self.text(instance, text),
            _ => {}
        }
    }

    /// A list is a program and its arguments; a single item with a space in it is not a program's name.
    fn one_word(&mut self, instance: Instance<'d>) {
        let Some(list) = instance.as_list() else { return };
        if let (1, Some(View::Str(text))) = (list.len(), list.get(0).map(Instance::view))
            && text.trim().contains(char::is_whitespace)
        {
            self.give(
                instance,
                "a list is a program and its arguments: this single item is taken as the program's name"
                    .to_owned(),
                "write the command without the brackets, or each argument as an item",
            );
        }
    }

    fn text(&mut self, instance: Instance<'d>, text: &str) {
        let is_content = self.is_at(&["write_files", "*", "content"]);
        let is_plain = self.top().is_some_and(|top| PLAIN.contains(&top)) && !is_content;
        let is_hash = is_private_place(&self.path) && text.starts_with('$');
        let left_over = match (is_plain, is_hash) {
            (true, false) => left_over::placeholder(text),
            _ => left_over::directive(text),
        };
        if let Some(kind) = left_over {
            self.give(
                instance,
                format!("{kind} was not replaced, and no template engine replaces it on the machine"),
                "replace it before the machine boots, or begin the file with '## template: jinja' and use Jinja variables",
            );
        } else if PATHS.iter().any(|path| self.is_at(path)) {
            self.path_text(instance, text);
        } else if self.is_at(&["write_files", "*", "permissions"]) {
            self.permissions(instance, text);
        }
    }

    fn path_text(&mut self, instance: Instance<'d>, text: &str) {
        if text.starts_with('~') {
            let message = "the path begins with '~', which only a shell expands";
            self.give(instance, message.to_owned(), "use an absolute path");
        } else if !text.starts_with('/') {
            self.give(
                instance,
                "the path does not begin with '/': it is relative to the program's working directory"
                    .to_owned(),
                "use an absolute path",
            );
        }
    }

    fn permissions(&mut self, instance: Instance<'d>, text: &str) {
        let digits = text.trim().trim_start_matches("0o");
        if digits.is_empty() || !digits.bytes().all(|digit| (b'0'..=b'7').contains(&digit)) {
            self.give(
                instance,
                "permissions must be octal digits; any other value means 0644".to_owned(),
                "use a value such as '0644'",
            );
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn advice(text: &str) -> Vec<String> {
        let tree =
            yaml::parse("x", text.as_bytes(), &yaml::Limits::default()).expect("valid").expect("there");
        advise(&tree).iter().map(Finding::public).collect()
    }

    #[test]
    fn likely_mistakes_are_told() {
        for (text, place) in [
            ("runcmd:\n- [ timedatectl set-timezone America/New_York ]\n", "runcmd.0: a list is a program"),
            ("users:\n- name: ${user}\n", "users.0.name: a placeholder ${…}"),
            ("hostname: '{{ .Host }}'\n", "hostname: a placeholder {{ … }}"),
            ("runcmd:\n- '%{ if x }'\n", "runcmd.0: a placeholder %{ … }"),
            ("ssh_authorized_keys: [<your key>]\n", "ssh_authorized_keys.0: a placeholder <…>"),
            ("write_files: [{path: ~/x}]\n", "write_files.0.path: the path begins with '~'"),
            ("write_files: [{path: etc/x}]\n", "write_files.0.path: the path does not begin with '/'"),
            ("write_files: [{path: ''}]\n", "write_files.0.path: the path does not begin with '/'"),
            (
                "write_files: [{path: /x, permissions: u+rw}]\n",
                "write_files.0.permissions: permissions must be octal",
            ),
        ] {
            let found = advice(text);
            assert!(found.len() == 1 && found[0].starts_with(place), "{text}: {found:?}");
        }
    }

    #[test]
    fn what_programs_write_is_left_alone() {
        for text in [
            "runcmd:\n- [ls, -l]\n- echo ${HOME}\n- [docker, ps, --format, '{{ .Names }}']\n- [reboot]\n",
            "write_files: [{path: /x, content: '${a} {{ b }} <c>', permissions: '0644'}]\n",
            "users: [{name: x, gecos: 'Bob <bob@example.org>', passwd: '$6$a$b'}]\n",
            "phone_home: {url: 'http://x/$INSTANCE_ID'}\n",
            "apt: {sources: {x: {source: 'deb $MIRROR $RELEASE main'}}}\n",
        ] {
            assert_eq!(advice(text), Vec::<String>::new(), "{text}");
        }
    }
}
