//! Takes out of a content what differs between two runs of one program: times, random keys, versions, order in which
//! nothing means anything.

use serde_json::Value;

use crate::printed;

/// Keys of documents whose values are times, uptimes or random.
const VOLATILE: &[&str] =
    &["start", "finished", "last_update", "random_seed", "uptime", "version", "timestamp", "boot_id"];

/// What is known about a program.
pub struct Normal {
    version: String,
}

impl Normal {
    /// A program with this version.
    pub fn new(version: &str) -> Self {
        Self { version: version.to_owned() }
    }

    /// Ours is the original's release and a version of its own behind it; files of a case name the first alone.
    fn without_version(&self, text: String) -> String {
        let release = self.version.split('+').next().unwrap_or_default();
        if release.is_empty() {
            return text;
        }
        without_number(&without_number(&text, &self.version), release)
    }
}

/// Replaces a version, but not the digits of a longer number, such as the time since the boot.
fn without_number(text: &str, version: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(start) = rest.find(version) {
        let (before, after) = (&rest[..start], &rest[start + version.len()..]);
        let longer = before.ends_with(|last: char| last.is_ascii_digit())
            || after.starts_with(|next: char| next.is_ascii_digit());
        out.push_str(before);
        out.push_str(if longer { version } else { "VERSION" });
        rest = after;
    }
    out + rest
}

/// The comparable form of what stands at a path or was told by a command.
pub fn normalise(name: &str, bytes: &[u8], normal: &Normal) -> String {
    // What a log reports is compared event by event.
    if name.starts_with("/var/log/cloud-init.log") {
        return String::new();
    }
    if name.starts_with("/etc/ssh/ssh_host_") {
        return host_key(&String::from_utf8_lossy(bytes));
    }
    let Ok(text) = std::str::from_utf8(bytes) else {
        return bytes.iter().map(|byte| format!("{byte:02x}")).collect::<Vec<_>>().concat();
    };
    if name.contains("/sem/") {
        return semaphore(text);
    }
    if name.ends_with(".pid") && text.trim_end().parse::<u32>().is_ok() {
        return "PROCESS\n".to_owned();
    }
    let unbound;
    let text = if let Some(boundary) = boundary(text) {
        unbound = text.replace(boundary, "BOUNDARY");
        unbound.as_str()
    } else {
        text
    };
    let text = match document(name, text) {
        Some(document) => format!("{:#}", sorted(document)),
        None => text.to_owned(),
    };
    let text = normal.without_version(without_loop(&text));
    let text: String = text.split_inclusive('\n').map(times).collect();
    if name.starts_with("/var/log/") { printed::plain(&text) } else { text }
}

/// Which loop device a disk of the case is depends on the other machines.
pub fn without_loop(text: &str) -> String {
    const LOOP: &str = "/dev/loop";
    let mut pieces = text.split(LOOP);
    let first = pieces.next().unwrap_or_default().to_owned();
    pieces.fold(first, |out, piece| {
        let rest = piece.trim_start_matches(|next: char| next.is_ascii_digit());
        out + LOOP + if rest.len() < piece.len() { "N" } else { "" } + rest
    })
}

/// Reads JSON and YAML where no program reads the bytes otherwise.
fn document(name: &str, text: &str) -> Option<Value> {
    let json =
        name.ends_with(".json") || ["query-all", "query-v1", "status-json", "cloud-id-json"].contains(&name);
    if json {
        return serde_json::from_str(text).ok();
    }
    // What a person wrote is kept as it was written.
    let raw = ["user-data.txt", "vendor-data.txt", "vendor-data2.txt"].iter().any(|end| name.ends_with(end));
    let yaml = name == "status-yaml" || name.ends_with(".yaml") || text.starts_with("#cloud-config");
    if yaml && !raw && !name.contains("/seed/") { serde_yaml::from_str(text).ok() } else { None }
}

fn sorted(value: Value) -> Value {
    match value {
        Value::Object(map) => {
            let mut entries: Vec<(String, Value)> = map.into_iter().collect();
            entries.sort_by(|one, other| one.0.cmp(&other.0));
            let entries = entries.into_iter().map(|(key, value)| {
                // There is no Python to tell the version of, and no C library: rows of docs/differences.md.
                if ["python", "python_version"].contains(&key.as_str()) {
                    return (key, Value::Null);
                }
                if ["platform", "system_platform"].contains(&key.as_str())
                    && let Some((kernel, _)) = value.as_str().and_then(|text| text.split_once("-with-glibc"))
                {
                    return (key, kernel.into());
                }
                let volatile = VOLATILE.contains(&key.as_str()) && !value.is_object() && !value.is_null();
                let value = if volatile { Value::from("VOLATILE") } else { sorted(value) };
                (key, value)
            });
            Value::Object(entries.collect())
        }
        Value::Array(items) => Value::Array(items.into_iter().map(sorted).collect()),
        other => other,
    }
}

/// Kind and comment of a public key; only the frame of a private one.
fn host_key(text: &str) -> String {
    let mut words = text.split_whitespace();
    match (words.next(), words.next(), words.next()) {
        (Some(kind), Some(_), Some(comment)) if !kind.starts_with('-') => format!("{kind} KEY {comment}"),
        _ => text.lines().filter(|line| line.starts_with('-')).collect::<Vec<_>>().join("\n"),
    }
}

/// A semaphore holds a process number and seconds since 1970; that of cloud-init-per an exit code in the number's place.
fn semaphore(text: &str) -> String {
    if let Some((code, time)) = text.trim_end().split_once('\t')
        && time.parse::<u64>().is_ok()
    {
        return format!("{code}\tTIME\n");
    }
    let numbers = text.trim_end().split(": ").map(|number| number.parse::<f64>().is_ok());
    if numbers.collect::<Vec<_>>() == [true, true] { "PROCESS: TIME\n".into() } else { text.to_owned() }
}

/// The random boundary that Python's mail package has put into a message, without the words of it that are not random.
fn boundary(text: &str) -> Option<&str> {
    let (_, rest) = text.split_once("boundary=\"===============")?;
    rest.split_once("==\"").map(|(boundary, _)| boundary)
}

/// Replaces a time of day with the date beside it, an uptime before it, and what [`iso`] replaces.
fn times(line: &str) -> String {
    const MONTHS: &[&str] =
        &["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
    let is_time = |word: &str| {
        let fields: Vec<&str> = word.split(':').collect();
        fields.len() == 3
            && fields[..2]
                .iter()
                .all(|field| field.len() == 2 && field.bytes().all(|byte| byte.is_ascii_digit()))
            && fields[2].starts_with(|first: char| first.is_ascii_digit())
    };
    let words: Vec<&str> = line.split(' ').collect();
    // A line with a time of day and a month or a zone has its date beside the time.
    let Some(position) = words.iter().position(|word| is_time(word.trim_end_matches([',', '\n']))) else {
        return iso(line);
    };
    let dated = words[..position].iter().rev().take(3).any(|word| MONTHS.contains(word));
    let mut from = if dated { position.saturating_sub(4) } else { position };
    if dated && from >= 2 && words[from - 1] == "-" && words[from - 2].parse::<f64>().is_ok() {
        from -= 2;
    }
    let mut kept: Vec<&str> = words[..from].to_vec();
    kept.push("TIME");
    kept.extend(words[position + 1..].iter().filter(|word| !word.starts_with('+')));
    let end = if line.ends_with('\n') { "\n" } else { "" };
    kept.join(" ").trim_end().to_owned() + end
}

/// Replaces `2024-01-02T03:04:05…` and `2024-01-02 03:04:05…`, wherever they stand.
fn iso(line: &str) -> String {
    let shape = b"dddd-dd-dd?dd:dd:dd";
    let bytes = line.as_bytes();
    let matches = |start: usize| {
        bytes.get(start..start + shape.len()).is_some_and(|part| {
            part.iter().zip(shape).all(|(byte, wanted)| match wanted {
                b'd' => byte.is_ascii_digit(),
                b'?' => matches!(byte, b'T' | b' '),
                other => byte == other,
            })
        })
    };
    let Some(start) = (0..bytes.len()).find(|start| matches(*start)) else { return line.to_owned() };
    let tail = line[start + shape.len()..]
        .trim_start_matches(|next: char| next.is_ascii_digit() || ".+:Z".contains(next));
    format!("{}TIME{}", &line[..start], iso(tail))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn forgets_what_two_runs_differ_in() {
        let normal = Normal::new("26.2");
        for (name, text, expected) in [
            ("x", "last_update: Thu, 01 Jan 1970 00:27:40 +0000\n", "last_update: TIME\n"),
            ("x", "Mon, 23 Nov 2026 15:31:28 +0000 - v. 26.2\n", "TIME - v. VERSION\n"),
            ("x", "2543.99 - Mon, 23 Nov 2026 15:31:28 +0000 - v. 26.2\n", "TIME - v. VERSION\n"),
            ("x", "29626.21 - Mon, 23 Nov 2026 15:31:28 +0000 - v. 26.2\n", "TIME - v. VERSION\n"),
            ("/var/lib/cloud/instance/sem/config_ssh", "71: 1795449226.5\n", "PROCESS: TIME\n"),
            ("/var/lib/cloud/instance/sem/config_ssh", "done\n", "done\n"),
            (
                "x",
                "boundary=\"===============0123==\"\n--===============0123==",
                "boundary=\"===============BOUNDARY==\"\n--===============BOUNDARY==",
            ),
            ("/run/sshd.pid", "98\n", "PROCESS\n"),
            ("x", "at 2024-01-02T03:04:05.678Z done", "at TIME done"),
            ("x", "10.0.0.1 node\n", "10.0.0.1 node\n"),
            ("x", "seed=/dev/loop12][x] /dev/loop-control", "seed=/dev/loopN][x] /dev/loop-control"),
            (
                "/etc/x.json",
                "{\"b\": 1, \"a\": {\"start\": 1.5}}",
                "{\n  \"a\": {\n    \"start\": \"VOLATILE\"\n  },\n  \"b\": 1\n}",
            ),
            ("/var/log/cloud-init.log", "bytes", ""),
            ("/etc/ssh/ssh_host_rsa_key.pub", "ssh-rsa AAAA root@node\n", "ssh-rsa KEY root@node"),
            (
                "/etc/ssh/ssh_host_rsa_key",
                "-----BEGIN X-----\nAAAA\n-----END X-----\n",
                "-----BEGIN X-----\n-----END X-----",
            ),
        ] {
            assert_eq!(normalise(name, text.as_bytes(), &normal), expected, "{text}");
        }
        assert_eq!(normalise("x", b"\xff\x00", &normal), "ff00");
    }

    #[test]
    fn order_of_keys_means_nothing_in_documents() {
        let normal = Normal::new("");
        let read =
            |text: &str| normalise("/var/lib/cloud/instance/cloud-config.txt", text.as_bytes(), &normal);
        assert_eq!(read("#cloud-config\na: 1\nb: [x]\n"), read("#cloud-config\n\nb:\n- x\na: 1\n"));
        assert_ne!(read("#cloud-config\na: 1\n"), read("#cloud-config\na: 2\n"));
    }
}
