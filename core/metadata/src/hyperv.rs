//! Hyper-V: the identity of a machine, and the file of keys and values that its host reads.
//!
//! Source: "Azure Instance Metadata Service" (vmId), and `tools/hv/hv_kvp_daemon.c` of Linux for the file.

use std::path::{Path, PathBuf};

use model::System;
use model::effects::{Attributes, FileError};
use serde_json::json;

/// The guest's file.
pub const POOL: &str = "/var/lib/hyperv/.kvp_pool_1";
/// A record is a key and a value, both padded with NUL.
const KEY_SIZE: usize = 512;
const VALUE_SIZE: usize = 2048;
/// Azure reads this much of a value.
const MAX_VALUE: usize = 1024;
/// No machine.
const ZERO: &str = "00000000-0000-0000-0000-000000000000";

/// A UUID with its first three fields in the other byte order; `None` if it is not a UUID.
pub fn swapped(uuid: &str) -> Option<String> {
    let digits: String = uuid.chars().filter(|letter| *letter != '-').collect();
    if digits.len() != 32 || !digits.bytes().all(|byte| byte.is_ascii_hexdigit()) {
        return None;
    }
    let byte = |at: usize| &digits[at * 2..at * 2 + 2];
    let group = |bytes: &[usize]| bytes.iter().map(|at| byte(*at)).collect::<String>();
    let groups = [
        group(&[3, 2, 1, 0]),
        group(&[5, 4]),
        group(&[7, 6]),
        group(&[8, 9]),
        group(&[10, 11, 12, 13, 14, 15]),
    ];
    Some(groups.join("-").to_lowercase())
}

/// The UUID of the firmware, in lower case.
pub fn system_uuid(system: &System) -> Option<String> {
    let text = system.files.text(Path::new("/sys/class/dmi/id/product_uuid"))?;
    Some(text.trim().to_lowercase()).filter(|uuid| !uuid.is_empty())
}

/// The ID of the machine for its platform: the firmware of the first generation, without UEFI, has the fields of the
/// UUID in the other byte order.
pub fn vm_id(system: &System, uuid: &str) -> Option<String> {
    let second = ["/sys/firmware/efi", "/dev/efi"].iter().any(|path| system.files.exists(Path::new(path)));
    if second { Some(uuid.to_owned()) } else { swapped(uuid) }
}

/// A random UUID (version 4).
pub fn random_uuid(system: &System) -> String {
    let mut bytes = [0_u8; 16];
    system.environment.random(&mut bytes);
    bytes[6] = bytes[6] & 0x0f | 0x40;
    bytes[8] = bytes[8] & 0x3f | 0x80;
    let hex = format!("{:032x}", u128::from_be_bytes(bytes));
    format!("{}-{}-{}-{}-{}", &hex[..8], &hex[8..12], &hex[12..16], &hex[16..20], &hex[20..])
}

/// The current time in the format of Python's `isoformat()`, in UTC.
pub fn timestamp(system: &System) -> String {
    let now = system.clock.now();
    let seconds = now.0.as_secs() % 86_400;
    format!(
        "{}T{:02}:{:02}:{:02}.{:06}+00:00",
        now.day(),
        seconds / 3600,
        seconds / 60 % 60,
        seconds % 60,
        now.0.subsec_micros()
    )
}

/// An event for the host.
#[derive(Clone, Debug, Default)]
pub struct Event<'e> {
    /// `start`, `finish`, `diagnostic`, …
    pub kind: &'e str,
    /// Its name.
    pub name: &'e str,
    /// The message.
    pub description: &'e str,
    /// The result of a step.
    pub result: Option<&'e str>,
    /// The duration of a step in seconds.
    pub duration: Option<f64>,
}

/// The file of keys and values.
#[derive(Clone, Debug)]
pub struct Pool {
    path: PathBuf,
    vm_id: String,
    /// Start of this boot in seconds since 1970: distinguishes it from earlier ones.
    incarnation: u64,
}

impl Pool {
    /// Opens the file; what an earlier boot has written is discarded.
    pub fn open(system: &System, path: &Path) -> Result<Self, FileError> {
        let uptime = system.clock.uptime().unwrap_or_default();
        let booted = system.clock.now().0.saturating_sub(uptime).as_secs();
        let uuid = system_uuid(system);
        let vm_id = uuid.and_then(|uuid| vm_id(system, &uuid)).unwrap_or_else(|| ZERO.to_owned());
        let missing = || FileError::new("open", path, std::io::ErrorKind::NotFound.into());
        let found = system.files.stat(path)?.ok_or_else(missing)?;
        if u64::try_from(found.modified).is_ok_and(|modified| modified < booted) {
            system.files.write(path, b"", &Attributes::default())?;
        }
        Ok(Self { path: path.to_owned(), vm_id, incarnation: booted })
    }

    /// Writes a key; a long value is cut.
    pub fn write_key(&self, system: &System, key: &str, value: &str) -> Result<(), FileError> {
        let end =
            (0..=value.len().min(MAX_VALUE - 1)).rev().find(|at| value.is_char_boundary(*at)).unwrap_or(0);
        system.files.append(&self.path, &record(key, &value[..end]), &Attributes::default())
    }

    /// Writes an event; a long message is split into several records.
    pub fn publish(&self, system: &System, event: &Event<'_>) -> Result<(), FileError> {
        let key = format!(
            "CLOUD_INIT|{}|{}|{}|{}|{}",
            self.incarnation,
            event.kind,
            event.name,
            self.vm_id,
            random_uuid(system)
        );
        let records: Vec<u8> = values(event, &timestamp(system)).iter().enumerate().fold(
            Vec::new(),
            |mut all, (index, value)| {
                let key = if value.1 { format!("{key}|{index}") } else { key.clone() };
                all.extend(record(&key, &value.0));
                all
            },
        );
        system.files.append(&self.path, &records, &Attributes::default())
    }
}

fn record(key: &str, value: &str) -> Vec<u8> {
    let mut bytes = vec![0; KEY_SIZE + VALUE_SIZE];
    for (text, at, size) in [(key, 0, KEY_SIZE), (value, KEY_SIZE, VALUE_SIZE)] {
        let length = text.len().min(size);
        bytes[at..at + length].copy_from_slice(&text.as_bytes()[..length]);
    }
    bytes
}

/// The JSON values of an event, and whether each is a part of several.
fn values(event: &Event<'_>, timestamp: &str) -> Vec<(String, bool)> {
    let document = |part: Option<usize>| {
        let mut fields =
            vec![("name", json!(event.name)), ("type", json!(event.kind)), ("ts", json!(timestamp))];
        fields.extend(event.result.map(|result| ("result", json!(result))));
        fields.extend(event.duration.map(|duration| ("duration", json!(duration))));
        fields.extend(part.map(|part| ("msg_i", json!(part))));
        let fields: Vec<String> = fields
            .iter()
            .map(|(key, value)| format!("\"{key}\":{}", ascii(&value.to_string()).concat()))
            .collect();
        fields.join(",")
    };
    let quoted = json!(event.description).to_string();
    let message = ascii(&quoted[1..quoted.len() - 1]);
    let whole = format!("{{{},\"msg\":\"{}\"}}", document(None), message.concat());
    if whole.len() <= MAX_VALUE {
        return vec![(whole, false)];
    }
    let (mut parts, mut rest) = (Vec::new(), message.into_iter().peekable());
    while rest.peek().is_some() {
        let head = document(Some(parts.len()));
        let room = MAX_VALUE.saturating_sub(head.len() + "{,\"msg\":\"\"}".len()).max(16);
        let mut text = String::new();
        while let Some(piece) = rest.next_if(|piece| text.len() + piece.len() <= room) {
            text.push_str(&piece);
        }
        parts.push((format!("{{{head},\"msg\":\"{text}\"}}"), true));
    }
    parts
}

/// The characters of a JSON text with those beyond ASCII escaped; escapes are not split.
fn ascii(text: &str) -> Vec<String> {
    let mut pieces = Vec::new();
    let mut letters = text.chars();
    while let Some(letter) = letters.next() {
        let mut piece = String::new();
        match letter {
            '\\' => {
                piece.push(letter);
                let next = letters.next();
                piece.extend(next);
                if next == Some('u') {
                    piece.extend(letters.by_ref().take(4));
                }
            }
            letter if letter.is_ascii() => piece.push(letter),
            letter => {
                let mut units = [0; 2];
                for unit in letter.encode_utf16(&mut units) {
                    piece.push_str(&format!("\\u{unit:04x}"));
                }
            }
        }
        pieces.push(piece);
    }
    pieces
}

#[cfg(test)]
mod tests {
    use super::*;
    use system::Scratch;

    #[test]
    fn the_first_generation_swaps_fields() {
        let uuid = "527C2691-029F-FE4C-B1F4-A4DA7EBAC2CF";
        assert_eq!(swapped(uuid).as_deref(), Some("91267c52-9f02-4cfe-b1f4-a4da7ebac2cf"));
        assert_eq!(swapped("none"), None);
        let (first, _) = Scratch::new().system();
        let (second, _) = Scratch::new().directory("/sys/firmware/efi").system();
        assert_eq!(
            vm_id(&first, "00112233-4455-6677-8899-aabbccddeeff").as_deref(),
            Some("33221100-5544-7766-8899-aabbccddeeff")
        );
        assert_eq!(vm_id(&second, "x").as_deref(), Some("x"));
    }

    #[test]
    fn a_record_has_a_fixed_size_and_a_long_message_several() {
        let pool = "/var/lib/hyperv/.kvp_pool_1";
        let (system, _) = Scratch::new()
            .file(pool, "")
            .file("/sys/class/dmi/id/product_uuid", "00112233-4455-6677-8899-AABBCCDDEEFF\n")
            .system();
        let kvp = Pool::open(&system, Path::new(pool)).expect("it exists");
        kvp.write_key(&system, "PROVISIONING_REPORT", &"x".repeat(3000)).expect("written");
        let text = format!("{}\"\\ü😀\n", "y".repeat(2500));
        let event = Event {
            kind: "finish",
            name: "a/b",
            description: &text,
            result: Some("SUCCESS"),
            duration: Some(0.5),
        };
        kvp.publish(&system, &event).expect("written");
        let bytes = system.files.read(Path::new(pool)).expect("there");
        assert_eq!(bytes.len() % 2560, 0);
        let field = |at: usize, size: usize| {
            String::from_utf8_lossy(&bytes[at..at + size]).trim_end_matches('\0').to_owned()
        };
        assert_eq!(field(0, 512), "PROVISIONING_REPORT");
        assert_eq!(field(512, 2048).len(), 1023);
        let mut message = String::new();
        for number in 1..bytes.len() / 2560 {
            let (key, value) = (field(number * 2560, 512), field(number * 2560 + 512, 2048));
            assert!(key.contains("|finish|a/b|33221100-5544-7766-8899-aabbccddeeff|"), "{key}");
            assert!(key.ends_with(&format!("|{}", number - 1)), "{key}");
            assert!(value.len() <= 1024 && value.is_ascii());
            let value: serde_json::Value = serde_json::from_str(&value).expect("JSON");
            assert_eq!((&value["result"], &value["duration"]), (&json!("SUCCESS"), &json!(0.5)));
            message.push_str(value["msg"].as_str().expect("text"));
        }
        assert_eq!(message, text);
        let short = values(&Event { kind: "start", name: "n", description: "d", ..Event::default() }, "T");
        assert_eq!(short, [(r#"{"name":"n","type":"start","ts":"T","msg":"d"}"#.to_owned(), false)]);
    }

    #[test]
    fn a_host_that_reads_nothing_has_no_file() {
        let (system, _) = Scratch::new().system();
        assert!(Pool::open(&system, Path::new(POOL)).is_err());
        assert_eq!(random_uuid(&system).len(), 36);
    }

    /// RFC 9562: version 4 and variant 10; Python's `datetime.isoformat()`.
    #[test]
    fn identifiers_and_times() {
        let (machine, _) = Scratch::new().system();
        for _ in 0..64 {
            let uuid = random_uuid(&machine);
            let parts: Vec<usize> = uuid.split('-').map(str::len).collect();
            assert_eq!(parts, [8, 4, 4, 4, 12], "{uuid}");
            assert_eq!(&uuid[14..15], "4", "{uuid}");
            assert!("89ab".contains(&uuid[19..20]), "{uuid}");
        }
        assert_ne!(random_uuid(&machine), random_uuid(&machine));
        let found = timestamp(&machine);
        let seconds = machine.clock.now().0.as_secs();
        let (hours, minutes) = (seconds / 3600 % 24, seconds / 60 % 60);
        assert!(
            found.contains(&format!("T{hours:02}:{minutes:02}:")) && found.ends_with("+00:00"),
            "{found}"
        );
        assert_eq!(found.len(), "2026-01-01T00:00:00.000000+00:00".len(), "{found}");
    }
}
