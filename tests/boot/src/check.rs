//! Compares what a machine is with what was expected; each difference is a line.

use std::collections::BTreeMap;
use std::fmt::Debug;

use oracle::star;
use serde_json::Value;

use crate::facts::Facts;
use crate::scenario::{Account, Compared, Expect, File, HostKeys};

/// What came before and beside a boot.
#[derive(Debug, Default)]
pub struct Around {
    /// Host keys of the boot before, or of the image.
    pub host_keys: BTreeMap<String, String>,
    /// Requests to the metadata service in this boot, as `METHOD PATH STATUS`.
    pub requests: Vec<String>,
}

struct Check<'a> {
    facts: &'a Facts,
    differences: Vec<String>,
}

/// All differences; none when the machine is what was expected.
pub fn check(expect: &Expect, facts: &Facts, around: &Around) -> Vec<String> {
    let mut check = Check { facts, differences: Vec::new() };
    check.equal("exit code of status --wait", &facts.get("wait").map(|fact| fact.code), &Some(expect.exit));
    check.pointers("status", &expect.status);
    check.pointers("file:/run/cloud-init/status.json", &expect.status_file);
    check.pointers("file:/run/cloud-init/result.json", &expect.result_file);
    if let Some(hostname) = &expect.hostname {
        check.equal("hostname", &facts.text("hostname").trim_end(), &hostname.as_str());
    }
    for (path, file) in &expect.files {
        check.file(path, file);
    }
    for (name, account) in &expect.accounts {
        check.account(name, account);
    }
    for (name, members) in &expect.groups {
        check.group(name, members);
    }
    if let Some(keys) = &expect.host_keys {
        check.host_keys(keys, &around.host_keys);
    }
    for (link, addresses) in &expect.addresses {
        check.equal(&format!("addresses of {link}"), &facts.addresses(link), addresses);
    }
    for (name, probe) in &expect.probes {
        let fact = facts.get(&format!("probe:{name}"));
        check.equal(&format!("exit code of {name}"), &fact.map(|fact| fact.code), &Some(probe.exit));
        if let Some(text) = &probe.prints {
            let printed = fact.map_or("", |fact| fact.text.trim_end_matches('\n'));
            check.that(star::fits(text, printed), || format!("{name} prints {printed:?}, expected {text:?}"));
        }
    }
    check.lines("requests", &around.requests, &expect.requests.has, &expect.requests.lacks);
    for line in facts.text("failed-units").lines() {
        let unit = line.split_whitespace().next().unwrap_or_default();
        check.that(expect.failed_units.iter().any(|name| name == unit), || format!("unit {unit} failed"));
    }
    check.differences
}

impl Check<'_> {
    fn that(&mut self, holds: bool, difference: impl FnOnce() -> String) {
        if !holds {
            self.differences.push(difference());
        }
    }

    fn equal<T: PartialEq + Debug>(&mut self, what: &str, found: &T, expected: &T) {
        self.that(found == expected, || format!("{what} is {found:?}, expected {expected:?}"));
    }

    fn pointers(&mut self, fact: &str, expected: &BTreeMap<String, Value>) {
        if expected.is_empty() {
            return;
        }
        let Some(document) = self.facts.json(fact) else {
            self.differences.push(format!("{fact} is not JSON: {:?}", self.facts.text(fact)));
            return;
        };
        for (pointer, value) in expected {
            let found = document.pointer(pointer).unwrap_or(&Value::Null);
            let same = match (found, value) {
                (Value::String(found), Value::String(pattern)) => star::fits(pattern, found),
                (found, value) => found == value,
            };
            self.that(same, || format!("{fact}{pointer} is {found}, expected {value}"));
        }
    }

    fn file(&mut self, path: &str, expected: &File) {
        let stat = self.facts.get(&format!("stat:{path}")).map(|fact| fact.text.trim_end().to_owned());
        let Some(stat) = stat else {
            self.that(expected.absent, || format!("{path} is missing"));
            return;
        };
        if expected.absent {
            self.differences.push(format!("{path} is there: {stat}"));
            return;
        }
        let mut words = stat.splitn(3, ' ');
        let wanted = [("mode", &expected.mode), ("owner", &expected.owner), ("kind", &expected.kind)];
        for (what, wanted) in wanted {
            let found = words.next().unwrap_or_default();
            // An empty file has a kind of its own.
            let found = if found == "regular empty file" { "regular file" } else { found };
            if let Some(wanted) = wanted {
                self.equal(&format!("{what} of {path}"), &found, &wanted.as_str());
            }
        }
        let content = self.facts.text(&format!("file:{path}")).to_owned();
        if let Some(wanted) = &expected.content {
            self.equal(&format!("content of {path}"), &content, wanted);
        }
        let lines: Vec<String> = content.lines().map(str::to_owned).collect();
        self.lines(path, &lines, &expected.has, &expected.lacks);
    }

    fn lines(&mut self, what: &str, lines: &[String], has: &[String], lacks: &[String]) {
        for pattern in has {
            let found = lines.iter().any(|line| star::fits(pattern, line));
            let shown = || format!("{what} has no line {pattern:?}: {:?}", &lines[..lines.len().min(60)]);
            self.that(found, shown);
        }
        for pattern in lacks {
            let found = lines.iter().find(|line| star::fits(pattern, line));
            self.that(found.is_none(), || format!("{what} has a line {pattern:?}: {found:?}"));
        }
    }

    fn account(&mut self, name: &str, expected: &Account) {
        let facts = self.facts;
        let Some(fields) = facts.fields("passwd", name).filter(|fields| fields.len() == 7) else {
            self.that(expected.absent, || format!("account {name} is missing"));
            return;
        };
        if expected.absent {
            self.differences.push(format!("account {name} is there"));
            return;
        }
        let group = facts.text("group").lines().map(|line| line.split(':').collect::<Vec<_>>());
        let group = group.clone().find(|group| group.get(2) == Some(&fields[3])).map_or("", |group| group[0]);
        let uid = expected.uid.map(|uid| uid.to_string());
        let wanted = [
            ("uid", fields[2], &uid),
            ("group", group, &expected.group),
            ("gecos", fields[4], &expected.gecos),
            ("home", fields[5], &expected.home),
            ("shell", fields[6], &expected.shell),
        ];
        for (what, found, wanted) in wanted {
            if let Some(wanted) = wanted {
                self.equal(&format!("{what} of {name}"), &found, &wanted.as_str());
            }
        }
        for group in &expected.groups {
            self.group(group, &[name.to_owned()]);
        }
        let hash = facts.fields("shadow", name).and_then(|fields| fields.get(1).copied()).unwrap_or_default();
        match expected.password.as_deref() {
            Some("locked") => {
                self.that(hash.starts_with(['!', '*']), || format!("password of {name} is not locked"));
            }
            Some(wanted) => {
                self.that(star::fits(wanted, hash), || {
                    format!("password of {name} is {hash}, expected {wanted}")
                });
            }
            None => {}
        }
    }

    fn group(&mut self, name: &str, members: &[String]) {
        let fields = self.facts.fields("group", name);
        let Some(found) =
            fields.and_then(|fields| fields.get(3).map(|list| list.split(',').collect::<Vec<_>>()))
        else {
            self.differences.push(format!("group {name} is missing"));
            return;
        };
        for member in members {
            self.that(found.contains(&member.as_str()), || format!("{member} is not in group {name}"));
        }
    }

    fn host_keys(&mut self, expected: &HostKeys, before: &BTreeMap<String, String>) {
        let keys = self.facts.host_keys();
        self.equal("kinds of host key", &keys.keys().cloned().collect::<Vec<_>>(), &expected.types);
        for (kind, key) in &keys {
            let same = before.get(kind) == Some(key);
            let wanted = expected.compared == Compared::Kept;
            self.that(same == wanted, || {
                format!(
                    "host key {kind} {}",
                    if same { "is that of before" } else { "is not that of before" }
                )
            });
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn report(parts: &[(&str, &str)]) -> Facts {
        let mut text = String::new();
        for (name, body) in parts.iter().chain(&[("end", "")]) {
            text.push_str(&format!("@@ {} 0 {name}\n{body}\n", body.len()));
        }
        Facts::parse(text.as_bytes()).expect("whole")
    }

    #[test]
    fn tells_every_difference() {
        let facts = report(&[
            ("wait", ""),
            ("hostname", "other\n"),
            ("passwd", "alice:x:1000:1000:A:/home/alice:/bin/sh\n"),
            ("group", "alice:x:1000:\nsudo:x:27:alice\n"),
            ("shadow", "alice:$6$x:1::::::\n"),
            ("status", "{\"errors\": [\"x\"], \"status\": \"done\"}"),
            ("stat:/a", "0600 root:root regular file\n"),
            ("file:/a", "one\ntwo\n"),
            ("failed-units", "x.service loaded failed failed X\n"),
            ("host-key:/etc/ssh/ssh_host_rsa_key.pub", "3072 SHA256:1 x (RSA)"),
        ]);
        let expect: Expect = serde_json::from_value(serde_json::json!({
            "hostname": "node",
            "status": {"/errors": [], "/status": "d*e"},
            "files": {"/a": {"mode": "0644", "has": ["o*", "three"], "lacks": ["two"]}, "/b": {}, "/c": {"absent": true}},
            "accounts": {"alice": {"groups": ["sudo", "adm"], "password": "locked", "shell": "/bin/sh"}, "bob": {}},
            "host_keys": {"types": ["rsa"], "compared": "changed"},
            "requests": {"has": ["GET /x *"]},
        }))
        .expect("an expectation");
        let around = Around {
            host_keys: BTreeMap::from([("rsa".to_owned(), "SHA256:1".to_owned())]),
            requests: vec!["GET /y 200".to_owned()],
        };
        assert_eq!(
            check(&expect, &facts, &around),
            [
                "status/errors is [\"x\"], expected []",
                "hostname is \"other\", expected \"node\"",
                "mode of /a is \"0600\", expected \"0644\"",
                "/a has no line \"three\": [\"one\", \"two\"]",
                "/a has a line \"two\": Some(\"two\")",
                "/b is missing",
                "group adm is missing",
                "password of alice is not locked",
                "account bob is missing",
                "host key rsa is that of before",
                "requests has no line \"GET /x *\": [\"GET /y 200\"]",
                "unit x.service failed",
            ]
        );
    }
}
