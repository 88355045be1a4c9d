//! EC2's metadata: a tree of listings and leaves, read in parallel.
//!
//! A listing has a name per line; names that end in `/` are listings, `0=name` is the key of that number.

use std::collections::HashSet;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use model::Order as _;
use model::effects::{HttpError, Url};
use serde_json::{Map, Value};

use crate::{encoding, side_by_side};

/// The maximum depth.
const MAX_DEPTH: usize = 16;
/// The maximum number of documents: an instance with 64 network interfaces has less than 3,000.
const MAX_DOCUMENTS: usize = 5000;
/// The maximum size of all documents in bytes.
const MAX_BYTES: usize = 8 << 20;
/// Never read: it would store the credentials of the instance's role on disk.
const CREDENTIALS: &str = "security-credentials";

/// A URL to read.
struct Task {
    /// Names from the root.
    keys: Vec<String>,
    /// Positions in the listings from the root: leaves after listings, in upstream's order.
    order: Vec<(bool, usize)>,
    url: String,
    leaf: bool,
}

/// The value of a missing leaf; `None` omits its name.
pub type Missing = fn(&str) -> Option<&'static str>;

/// Reads a URL; `None` if it does not exist.
pub type Get<'g> = dyn Fn(&str) -> Result<Option<Vec<u8>>, HttpError> + Sync + 'g;

/// The value of a leaf: text, its lines if there are several, or the mapping of a JSON document.
pub fn decode(name: &str, bytes: &[u8]) -> Value {
    let Ok(text) = std::str::from_utf8(bytes) else {
        // The prefix of binary data in instance data.
        return encoding::marked(bytes).into();
    };
    let trimmed = text.trim();
    if trimmed.starts_with('{') && trimmed.ends_with('}') {
        match model::config::bounded_json(trimmed.as_bytes()) {
            Ok(value) => return value,
            Err(error) => tracing::warn!("Field {name} looked like a json object, but it was not: {error}"),
        }
    }
    if text.contains('\n') { text.lines().collect::<Vec<_>>().into() } else { text.into() }
}

/// The tasks for the names in a listing.
fn entries(parent: &Task, listing: &[u8]) -> Vec<Task> {
    let text = String::from_utf8_lossy(listing);
    let base = if parent.url.ends_with('/') { parent.url.clone() } else { format!("{}/", parent.url) };
    let mut tasks: Vec<Task> = Vec::new();
    if parent.keys.len() >= MAX_DEPTH {
        tracing::warn!(
            "{}: ignoring what is below; the metadata nests deeper than {MAX_DEPTH} levels",
            parent.url
        );
        return tasks;
    }
    let mut known = HashSet::new();
    // One more than allowed, so that the limit is noticed.
    for line in text.lines().map(str::trim).take(MAX_DOCUMENTS + 1) {
        let name = line.trim_end_matches('/');
        if name.is_empty() || name == CREDENTIALS || name == ".." || name == "." {
            continue;
        }
        let numbered = name.split_once('=').filter(|(number, _)| number.parse::<i64>().is_ok());
        let (key, resource, leaf) = match numbered {
            _ if line.ends_with('/') => (name, format!("{name}/"), false),
            Some((number, key)) => (key, format!("{number}/openssh-key"), true),
            None => (name, name.to_owned(), true),
        };
        if !known.insert((leaf, key.to_owned())) {
            continue;
        }
        let mut keys = parent.keys.clone();
        keys.push(key.to_owned());
        let mut order = parent.order.clone();
        order.push((leaf, tasks.len()));
        tasks.push(Task { keys, order, url: format!("{base}{}", quoted(&resource)), leaf });
    }
    tasks
}

/// A path encoded for a URL.
fn quoted(path: &str) -> String {
    let mut out = String::with_capacity(path.len());
    for byte in path.bytes() {
        match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'_' | b'.' | b'~' | b'/' | b':' => {
                out.push(byte as char);
            }
            _ => out.push_str(&format!("%{byte:02X}")),
        }
    }
    out
}

/// Inserts a value; the first value of a name is kept.
fn insert(root: &mut Map<String, Value>, keys: &[String], value: Value) {
    let Some((last, path)) = keys.split_last() else { return };
    let mut at = root;
    for key in path {
        match at.entry(key.clone()).or_insert_with(|| Value::Object(Map::new())) {
            Value::Object(map) => at = map,
            _ => return,
        }
    }
    at.entry(last.clone()).or_insert(value);
}

/// Reads the complete tree below a URL; `None` if it does not exist. `get` returns `None` for missing documents; its
/// errors end the crawl.
pub fn crawl(
    get: &Get<'_>,
    root: &str,
    workers: usize,
    missing: Missing,
) -> Result<Option<Map<String, Value>>, HttpError> {
    let start = Task { keys: Vec::new(), order: Vec::new(), url: root.to_owned(), leaf: false };
    let failed = AtomicBool::new(false);
    let (documents, bytes) = (AtomicUsize::new(1), AtomicUsize::new(0));
    let fail = |what: String| {
        failed.store(true, Ordering::Relaxed);
        Err(HttpError::Refused { url: Url::new(root), reason: format!("the metadata has more than {what}") })
    };
    let outcomes = side_by_side::grow(workers, vec![start], |task| {
        if failed.load(Ordering::Relaxed) {
            return (Ok(None), Vec::new());
        }
        let body = match get(&task.url) {
            Ok(body) => body,
            Err(error) => {
                failed.store(true, Ordering::Relaxed);
                return (Err(error), Vec::new());
            }
        };
        let length = body.as_ref().map_or(0, Vec::len);
        if bytes.fetch_add(length, Ordering::Relaxed) + length > MAX_BYTES {
            return (fail(format!("{} MiB", MAX_BYTES >> 20)), Vec::new());
        }
        let mut more =
            if task.leaf { Vec::new() } else { entries(&task, body.as_deref().unwrap_or_default()) };
        if workers > 1 {
            // The tree is as deep as its listings: what they have is to be known early.
            more.order_by_key(|task| task.leaf);
        }
        if documents.fetch_add(more.len(), Ordering::Relaxed) + more.len() > MAX_DOCUMENTS {
            return (fail(format!("{MAX_DOCUMENTS} documents")), Vec::new());
        }
        (Ok(Some((task, body))), more)
    });
    let mut read = Vec::with_capacity(outcomes.len());
    for outcome in outcomes {
        read.extend(outcome?);
    }
    read.order_by(|(a, _), (b, _)| a.order.cmp(&b.order));
    let mut tree = Map::new();
    for (task, body) in read {
        let name = task.keys.last().map_or("", String::as_str);
        let value = match (task.leaf, &body) {
            (true, Some(body)) => decode(name, body),
            (true, None) => {
                tracing::warn!("Skipped retrieval of the content of {}", task.url);
                match missing(&task.url) {
                    Some(text) => text.into(),
                    None => continue,
                }
            }
            (false, None) if task.keys.is_empty() => return Ok(None),
            (false, _) => Value::Object(Map::new()),
        };
        insert(&mut tree, &task.keys, value);
    }
    Ok(Some(tree))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn check(pages: &[(&str, &str)], workers: usize) -> Option<Value> {
        let get = |url: &str| -> Result<Option<Vec<u8>>, HttpError> {
            Ok(pages.iter().find(|(page, _)| *page == url).map(|(_, body)| body.as_bytes().to_vec()))
        };
        crawl(&get, "http://h/v/meta-data/", workers, |_| None).expect("no error").map(Value::Object)
    }

    #[test]
    fn the_tree_of_the_user_guide() {
        let pages = [
            ("http://h/v/meta-data/", "ami-id\nhostname\npublic-keys/\nnetwork/\niam/\ngone\nlist\ndoc\n\n"),
            ("http://h/v/meta-data/ami-id", "ami-1"),
            ("http://h/v/meta-data/hostname", ""),
            ("http://h/v/meta-data/public-keys/", "0=my-key"),
            ("http://h/v/meta-data/public-keys/0/openssh-key", "ssh-rsa AAA my-key"),
            ("http://h/v/meta-data/network/", "interfaces/"),
            ("http://h/v/meta-data/network/interfaces/", "macs/"),
            ("http://h/v/meta-data/network/interfaces/macs/", "02:29:96:8f:6a:2d/"),
            ("http://h/v/meta-data/network/interfaces/macs/02:29:96:8f:6a:2d/", "device-number"),
            ("http://h/v/meta-data/network/interfaces/macs/02:29:96:8f:6a:2d/device-number", "13"),
            ("http://h/v/meta-data/iam/", "info\nsecurity-credentials/"),
            ("http://h/v/meta-data/iam/info", "{\"Code\": \"Success\"}"),
            ("http://h/v/meta-data/list", "a\nb\n"),
            ("http://h/v/meta-data/doc", "{not json}"),
        ];
        let expected = json!({
            "public-keys": {"my-key": "ssh-rsa AAA my-key"},
            "network": {"interfaces": {"macs": {"02:29:96:8f:6a:2d": {"device-number": "13"}}}},
            "iam": {"info": {"Code": "Success"}},
            "ami-id": "ami-1", "hostname": "", "list": ["a", "b"], "doc": "{not json}",
        });
        for workers in [1, 8] {
            assert_eq!(check(&pages, workers), Some(expected.clone()), "{workers} workers");
        }
        assert_eq!(check(&[], 8), None);
    }

    #[test]
    fn a_listing_of_itself_ends() {
        let get = |_: &str| -> Result<Option<Vec<u8>>, HttpError> { Ok(Some(b"again/".to_vec())) };
        let tree = crawl(&get, "http://h/", 4, |_| None).expect("no error").expect("there");
        assert!(tree.contains_key("again"));
    }

    #[test]
    fn listings_without_end_end() {
        let asked = AtomicUsize::new(0);
        let names: String = (0..100).fold(String::new(), |names, number| format!("{names}{number}/\n"));
        let get = |_: &str| -> Result<Option<Vec<u8>>, HttpError> {
            asked.fetch_add(1, Ordering::Relaxed);
            Ok(Some(names.clone().into_bytes()))
        };
        let error =
            crawl(&get, "http://h/", 4, |_| None).expect_err("a hundred to the power of sixteen").to_string();
        assert!(error.contains("more than 5000 documents"), "{error}");
        assert!(asked.load(Ordering::Relaxed) <= MAX_DOCUMENTS, "{asked:?} requests");
        let get = |_: &str| -> Result<Option<Vec<u8>>, HttpError> { Ok(Some(vec![b'x'; 9 << 20])) };
        let error = crawl(&get, "http://h/", 1, |_| None).expect_err("9 MiB").to_string();
        assert!(error.contains("more than 8 MiB"), "{error}");
    }

    /// Upstream's `MetadataMaterializer` and `MetadataLeafDecoder` (cloudinit/sources/helpers/ec2.py).
    #[test]
    fn names_of_a_listing() {
        let parent =
            |url: &str| Task { keys: Vec::new(), order: Vec::new(), url: url.to_owned(), leaf: false };
        let found = |listing: &str| -> Vec<String> {
            entries(&parent("http://h/v"), listing.as_bytes())
                .into_iter()
                .map(|task| format!("{} {} {}", task.keys.join("/"), task.url, task.leaf))
                .collect()
        };
        for (listing, wanted) in [
            ("a", &["a http://h/v/a true"][..]),
            (" a \n\nb/\n", &["a http://h/v/a true", "b http://h/v/b/ false"]),
            ("a\na\na/", &["a http://h/v/a true", "a http://h/v/a/ false"]),
            ("security-credentials/\nsecurity-credentials\n.\n..\n../\n/", &[]),
            ("0=my key", &["my key http://h/v/0/openssh-key true"]),
            ("x=my", &["x=my http://h/v/x%3Dmy true"]),
            ("1=my/", &["1=my http://h/v/1%3Dmy/ false"]),
            ("a b~c_d-e.f:g%", &["a b~c_d-e.f:g% http://h/v/a%20b~c_d-e.f:g%25 true"]),
        ] {
            assert_eq!(found(listing), wanted, "{listing:?}");
        }
        assert_eq!(entries(&parent("http://h/v/"), b"a")[0].url, "http://h/v/a");
        let deep = Task { keys: vec![String::new(); MAX_DEPTH], ..parent("http://h/") };
        assert!(entries(&deep, b"a").is_empty());
        let deep = Task { keys: vec![String::new(); MAX_DEPTH - 1], ..parent("http://h/") };
        assert_eq!(entries(&deep, b"a").len(), 1);
    }

    #[test]
    fn values_of_leaves() {
        for (text, wanted) in [
            (&b"a"[..], json!("a")),
            (b"", json!("")),
            (b"a\n", json!(["a"])),
            (b"a\nb", json!(["a", "b"])),
            (b" {\"a\": 1}\n", json!({"a": 1})),
            (b"{a}", json!("{a}")),
            (b"{\"a\": 1", json!("{\"a\": 1")),
            (b"\"a\": 1}", json!("\"a\": 1}")),
            (b"[1]", json!("[1]")),
            (b"\xff", json!("ci-b64:/w==")),
        ] {
            assert_eq!(decode("t", text), wanted, "{text:?}");
        }
    }
}
