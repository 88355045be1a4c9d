//! Configurations of a module, drawn from upstream's schema.

use oracle::dice::Dice;
use serde_json::{Map, Value, json};

/// Nesting at which drawn objects stop to grow.
const DEPTH: usize = 5;

/// Draws values that a schema allows, and some that it does not.
pub struct Generator<'a> {
    schema: &'a Value,
    dice: Dice,
}

/// A configuration of a module: first each key alone, then combinations; each fifth of those has a value of a wrong type.
pub fn config(schema: &Value, module: &str, seed: u64, number: u64) -> Value {
    let text: u64 = module.bytes().fold(7, |sum, byte| sum * 31 % 1_000_003 + u64::from(byte));
    let mut made = Generator { schema, dice: Dice::new(seed, text * 1_000 + number) };
    let module = &schema["$defs"][format!("cc_{module}")];
    let paths = made.paths(module, 0);
    let mut config = match paths.get(usize::try_from(number).unwrap_or(usize::MAX)) {
        Some(path) => made.object(module, Some(path), 0),
        None => made.object(module, None, 0),
    };
    if number >= paths.len() as u64 && number % 5 == 4 {
        // The document itself stays a mapping: another one is no matter of modules.
        let keys = config.as_object().map_or(0, Map::len) as u64;
        if keys > 0 {
            made.spoil(&mut config);
        }
    }
    config
}

impl Generator<'_> {
    /// The schema with its reference followed.
    fn resolved(&self, schema: &Value) -> Value {
        let mut schema = schema.clone();
        while let Some(name) = schema["$ref"].as_str().and_then(|name| name.strip_prefix("#/$defs/")) {
            schema = self.schema["$defs"][name].clone();
        }
        schema
    }

    /// The keys of an object and those of the objects in it.
    fn paths(&self, schema: &Value, depth: usize) -> Vec<Vec<String>> {
        let schema = self.resolved(schema);
        let mut paths = Vec::new();
        for (key, inner) in schema["properties"].as_object().into_iter().flatten() {
            paths.push(vec![key.clone()]);
            if depth < 2 {
                for mut path in self.paths(inner, depth + 1) {
                    path.insert(0, key.clone());
                    paths.push(path);
                }
            }
        }
        paths
    }

    fn value(&mut self, schema: &Value, key: &str, depth: usize) -> Value {
        let schema = self.resolved(schema);
        if let Some(words) = schema["enum"].as_array() {
            return match self.dice.one(words) {
                // A swap file of the size of the memory, which is where the sandbox keeps its files.
                word if key == "size" && word == "auto" => json!(2),
                word => word,
            };
        }
        if schema["properties"].is_null()
            && let Some(forms) = ["oneOf", "anyOf", "allOf"].iter().find_map(|name| schema[name].as_array())
        {
            let form = self.dice.one(forms);
            return self.value(&form, key, depth + 1);
        }
        let kind = match &schema["type"] {
            Value::Array(kinds) => self.dice.one(kinds),
            kind => kind.clone(),
        };
        match kind.as_str() {
            Some("object") => self.object(&schema, None, depth),
            None if schema["properties"].is_object() => self.object(&schema, None, depth),
            Some("array") => self.array(&schema, key, depth),
            Some("boolean") => json!(self.dice.chance(50)),
            // Each try waits.
            Some("integer") if key == "tries" => json!(self.dice.one(&[0, 1, 2])),
            Some("integer") => json!(self.dice.one(&[0, 1, 2, 30, 3600])),
            Some("number") => json!(self.dice.one(&[0.0, 1.0, 0.5, 12.25])),
            Some("null") => Value::Null,
            _ => self.text(key),
        }
    }

    fn array(&mut self, schema: &Value, key: &str, depth: usize) -> Value {
        let least = schema["minItems"].as_u64().unwrap_or(0);
        let most = schema["maxItems"].as_u64().unwrap_or(3).max(least);
        let count = (least + self.dice.below(most - least + 1)).max(u64::from(self.dice.chance(80)));
        let mut items: Vec<Value> = Vec::new();
        for _ in 0..count {
            let item = self.value(&schema["items"], key, depth + 1);
            if schema["uniqueItems"] != json!(true) || !items.contains(&item) {
                items.push(item);
            }
        }
        Value::Array(items)
    }

    /// An object with about half of its keys, or with one path and what is required.
    fn object(&mut self, schema: &Value, only: Option<&[String]>, depth: usize) -> Value {
        let schema = self.resolved(schema);
        let mut required: Vec<Value> = schema["required"].as_array().cloned().unwrap_or_default();
        if let Some(forms) = ["oneOf", "anyOf"].iter().find_map(|name| schema[name].as_array()) {
            let form = self.dice.one(forms);
            required.extend(form["required"].as_array().cloned().unwrap_or_default());
        }
        let mut object = Map::new();
        for (key, inner) in schema["properties"].as_object().into_iter().flatten() {
            let needed = required.contains(&json!(key));
            match only {
                Some([first, rest @ ..]) if first == key && !rest.is_empty() => {
                    object.insert(key.clone(), self.object(inner, Some(rest), depth + 1));
                }
                Some([first, ..]) if first != key && !needed => {}
                None if !needed && !self.dice.chance(if depth < DEPTH { 50 } else { 10 }) => {}
                _ => {
                    object.insert(key.clone(), self.value(inner, key, depth + 1));
                }
            }
        }
        let open = [&schema["additionalProperties"]].into_iter().filter(|inner| inner.is_object());
        let patterns =
            schema["patternProperties"].as_object().into_iter().flat_map(|patterns| patterns.values());
        let open: Vec<Value> = open.chain(patterns).cloned().collect();
        if only.is_none() && !open.is_empty() {
            for _ in 0..=self.dice.below(2) {
                let (key, inner) = (self.dice.one(&["one", "two", "three"]), self.dice.one(&open));
                object.insert(key.to_owned(), self.value(&inner, key, depth + 1));
            }
        }
        Value::Object(object)
    }

    /// A text that suits a key, or one that suits none.
    fn text(&mut self, key: &str) -> Value {
        const SUITABLE: &[(&str, &[&str])] = &[
            ("ssh_import_id", &["gh:alice", "lp:bob", "alice"]),
            ("permissions", &["0644", "0o600", "755"]),
            ("owner", &["root:root", "nobody:nogroup", "root"]),
            ("encoding", &["text/plain", "b64", "base64", "gzip"]),
            ("path", &["/srv/made/file", "/etc/made.conf", "/usr/local/bin/tool"]),
            ("filename", &["made.conf", "/etc/apt/sources.list.d/made.list"]),
            // A name that does not resolve is tried again for ten seconds.
            ("uri", &["file:///etc/hostname", "file:///missing"]),
            ("ur", &["http://example.test/x", "https://192.0.2.1/"]),
            ("post", &["pub_key_rsa", "instance_id", "hostname"]),
            ("prox", &["http://proxy.test:3128", "http://user:pass@proxy.test/"]),
            ("server", &["one.example.test", "192.0.2.7", "2001:db8::7"]),
            ("pool", &["0.pool.test", "1.pool.test"]),
            ("peer", &["peer.example.test"]),
            ("allow", &["192.0.2.0/24"]),
            ("ntp_client", &["auto", "chrony", "ntp", "systemd-timesyncd", "openntpd", "nothing"]),
            ("timezone", &["Europe/Berlin", "UTC", "Nowhere/Town"]),
            ("locale", &["de_DE.UTF-8", "C.UTF-8", "en_US"]),
            ("layout", &["us", "de"]),
            ("packages", &["pkg1", "pkg2", "pkg3"]),
            ("name", &["alice", "bob"]),
            ("content", &["text\n", "dGV4dAo=", "no end of line"]),
            ("dist_upgrade", &["yes"]),
            ("search", &["example.test", "other.test"]),
            ("domain", &["example.test"]),
            ("mount", &["/dev/sdb1", "/mnt/data", "auto", "defaults", "tmpfs", "none"]),
        ];
        // No name of a program: commands are drawn from these, too.
        const ODD: &[&str] = &["", "one", "two words", "a:b", "ünï", "0", "it's", "x\ny", "$HOME", "no"];
        let suitable = SUITABLE.iter().find(|(part, _)| key.contains(part));
        match suitable {
            Some((_, words)) if self.dice.chance(85) => json!(self.dice.one(words)),
            _ => json!(self.dice.one(ODD)),
        }
    }

    /// Gives one value, found by a walk, another type.
    fn spoil(&mut self, value: &mut Value) {
        let descend = self.dice.chance(70);
        let inner: Vec<&mut Value> = match value {
            Value::Object(object) => object.values_mut().collect(),
            Value::Array(items) if descend => items.iter_mut().collect(),
            _ => Vec::new(),
        };
        let count = inner.len() as u64;
        if count > 0 {
            let chosen = usize::try_from(self.dice.below(count)).unwrap_or_default();
            if let Some(inner) = inner.into_iter().nth(chosen) {
                if inner.is_object() && !descend {
                    *inner = self.wrong();
                } else {
                    self.spoil(inner);
                }
            }
        } else {
            *value = self.wrong();
        }
    }

    fn wrong(&mut self) -> Value {
        self.dice.one(&[
            json!(null),
            json!(7),
            json!("text"),
            json!(true),
            json!(["a", 1]),
            json!({"k": "v"}),
            json!(1.5),
        ])
    }
}
