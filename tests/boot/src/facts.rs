//! What a machine reported.

use std::collections::BTreeMap;

use serde_json::Value;

/// One fact: what a command printed and its exit code.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fact {
    /// What it printed.
    pub text: String,
    /// Its exit code.
    pub code: i32,
}

/// All facts of a boot, by name.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Facts(BTreeMap<String, Fact>);

impl Facts {
    /// Reads the reporter's output; `None` when its end is missing.
    pub fn parse(bytes: &[u8]) -> Option<Self> {
        let mut facts = BTreeMap::new();
        let mut rest = bytes;
        while !facts.contains_key("end") {
            let line = rest.iter().position(|byte| *byte == b'\n')?;
            let header = std::str::from_utf8(&rest[..line]).ok()?;
            let mut words = header.strip_prefix("@@ ")?.splitn(3, ' ');
            let length: usize = words.next()?.parse().ok()?;
            let code = words.next()?.parse().ok()?;
            let body = rest.get(line + 1..line + 1 + length)?;
            let text = String::from_utf8_lossy(body).into_owned();
            facts.insert(words.next()?.to_owned(), Fact { text, code });
            rest = rest.get(line + 2 + length..)?;
        }
        Some(Self(facts))
    }

    /// A fact by name.
    pub fn get(&self, name: &str) -> Option<&Fact> {
        self.0.get(name)
    }

    /// What a fact says; empty when it is missing.
    pub fn text(&self, name: &str) -> &str {
        self.get(name).map_or("", |fact| fact.text.as_str())
    }

    /// A fact that is a JSON document.
    pub fn json(&self, name: &str) -> Option<Value> {
        serde_json::from_str(self.text(name)).ok()
    }

    /// Fields of the line of a colon-separated file that begins with `key`.
    pub fn fields(&self, name: &str, key: &str) -> Option<Vec<&str>> {
        self.text(name)
            .lines()
            .map(|line| line.split(':').collect::<Vec<_>>())
            .find(|fields| fields[0] == key)
    }

    /// Kind and fingerprint of each host key of the SSH server.
    pub fn host_keys(&self) -> BTreeMap<String, String> {
        let keys = self.0.iter().filter_map(|(name, fact)| {
            let kind = name.strip_prefix("host-key:/etc/ssh/ssh_host_")?.strip_suffix("_key.pub")?;
            Some((kind.to_owned(), fact.text.split(' ').nth(1)?.to_owned()))
        });
        keys.collect()
    }

    /// Addresses with prefix length of a link, those that the kernel makes itself apart.
    pub fn addresses(&self, link: &str) -> Vec<String> {
        let links = self.json("addresses");
        let found = links.iter().filter_map(Value::as_array).flatten().find(|entry| entry["ifname"] == link);
        let addresses = found.and_then(|entry| entry["addr_info"].as_array());
        let text = |entry: &Value| {
            let kernel = entry["scope"] == "link" || entry["protocol"] == "kernel_lo";
            (!kernel).then(|| format!("{}/{}", entry["local"].as_str().unwrap_or("?"), entry["prefixlen"]))
        };
        addresses.into_iter().flatten().filter_map(text).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_a_report() {
        let report = b"@@ 5 0 hostname\nnode\n\n@@ 13 2 passwd\nroot:x:0\na:b\n\n@@ 0 0 end\n\n";
        let facts = Facts::parse(report).expect("whole");
        assert_eq!(facts.text("hostname"), "node\n");
        assert_eq!(facts.get("passwd").map(|fact| fact.code), Some(2));
        assert_eq!(facts.fields("passwd", "root"), Some(vec!["root", "x", "0"]));
        assert_eq!(Facts::parse(&report[..report.len() - 20]), None);
    }

    #[test]
    fn reads_keys_and_addresses() {
        let key = "256 SHA256:abc root@node (ED25519)\n";
        let addresses = r#"[{"ifname":"eth0","addr_info":[{"local":"192.0.2.1","prefixlen":24,"scope":"global"},
            {"local":"fe80::1","prefixlen":64,"scope":"link"}]}]"#;
        let report = format!(
            "@@ {} 0 host-key:/etc/ssh/ssh_host_ed25519_key.pub\n{key}\n@@ {} 0 addresses\n{addresses}\n@@ 0 0 end\n\n",
            key.len(),
            addresses.len()
        );
        let facts = Facts::parse(report.as_bytes()).expect("whole");
        assert_eq!(facts.host_keys(), BTreeMap::from([("ed25519".to_owned(), "SHA256:abc".to_owned())]));
        assert_eq!(facts.addresses("eth0"), ["192.0.2.1/24"]);
        assert!(facts.addresses("eth1").is_empty());
    }
}
