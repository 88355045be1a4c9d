//! The metadata protocol, version 2: a line per request and answer, each with a length, a checksum and an ID.

use std::path::Path;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use metadata::encoding::base64_lenient;
use model::System;
use model::datasource::SourceError;
use model::effects::{SerialError, SerialPort};

use super::Settings;

/// Keys whose values are never base64.
const PLAIN: &[&str] = &["iptables_disable", "motd_sys_info", "root_authorized_keys", "sdc:datacenter_name", "user-script"];
/// The time limit for the rest of an old answer.
const REST: Duration = Duration::from_millis(100);
/// The time limit for an answer while the host's service may not have started.
const EARLY: Duration = Duration::from_secs(5);
/// How long to wait for the host's service.
const PATIENCE: Duration = Duration::from_secs(600);
/// How often a request is sent if its answer is damaged.
const TRIES: u32 = 3;

/// Which values have an additional base64 encoding, from the time of version 1, which was not safe for all values.
#[derive(Debug, Default)]
struct Encoded {
    /// Keys that the configuration excludes.
    plain: Vec<String>,
    /// All other keys are encoded.
    all: bool,
    keys: Vec<String>,
    /// Whether the host's own list has been read.
    read: bool,
}

/// A connection to the host.
pub(super) struct Client<'a> {
    system: &'a System,
    port: Box<dyn SerialPort>,
    place: String,
    timeout: Duration,
    /// A serial port has no limits between messages, and is synchronized again after a damaged one.
    is_serial: bool,
    /// Only serial ports had version 1.
    encoded: Option<Encoded>,
}

/// An answer's status with its value.
#[derive(Debug, PartialEq)]
enum Answer {
    Found(Vec<u8>),
    Missing,
}

impl<'a> Client<'a> {
    /// Opens a serial port.
    pub(super) fn serial(
        system: &'a System,
        path: &Path,
        timeout: Duration,
        settings: &Settings,
    ) -> Result<Self, SourceError> {
        let place = path.display().to_string();
        let port = system.serial.open(path, None)?;
        let encoded = Encoded {
            plain: settings.names("no_base64_decode"),
            all: settings.get("base64_all").and_then(model::Node::as_bool).unwrap_or(false),
            keys: settings.names("base64_keys"),
            read: false,
        };
        let mut client = Self { system, port, place, timeout, is_serial: true, encoded: Some(encoded) };
        client.begin()?;
        Ok(client)
    }

    /// Connects to a socket.
    pub(super) fn socket(system: &'a System, path: &Path, timeout: Duration) -> Result<Self, SourceError> {
        let place = path.display().to_string();
        let port = system.serial.connect(path)?;
        let mut client = Self { system, port, place, timeout, is_serial: false, encoded: None };
        client.begin()?;
        Ok(client)
    }

    fn failed(&self, reason: impl Into<String>) -> SourceError {
        SourceError::Broken { place: self.place.clone(), reason: reason.into() }
    }

    fn write(&mut self, line: &str) -> Result<(), SourceError> {
        Ok(self.port.write_line(line, self.timeout)?)
    }

    fn read(&mut self) -> Result<String, SourceError> {
        let bytes = self.port.read_line(self.timeout)?;
        Ok(String::from_utf8_lossy(&bytes).into_owned())
    }

    /// Synchronizes, and agrees on version 2.
    fn begin(&mut self) -> Result<(), SourceError> {
        if self.is_serial {
            self.synchronize()?;
        }
        self.write("NEGOTIATE V2")?;
        match self.read()?.as_str() {
            "V2_OK" => Ok(()),
            _ => Err(self.failed("the host does not speak version 2 of the metadata protocol")),
        }
    }

    /// Discards old answers, and sends empty lines until the host calls one an invalid command.
    fn synchronize(&mut self) -> Result<(), SourceError> {
        while self.port.read_line(REST).is_ok() {}
        self.port.discard()?;
        let limit = self.timeout.min(EARLY);
        let mut waited = Duration::ZERO;
        while waited < PATIENCE {
            self.write("")?;
            match self.port.read_line(limit) {
                Ok(line) if line == b"invalid command" => return Ok(()),
                Ok(line) => {
                    if line != b"FAILURE" {
                        tracing::warn!("Unexpected response during flush of {}", self.place);
                    }
                    self.system.clock.sleep(REST);
                    waited += REST;
                }
                Err(SerialError::TimedOut { .. }) => {
                    tracing::warn!(
                        "Timeout while initializing metadata client. Is the host metadata service running?"
                    );
                    waited += limit;
                }
                Err(error) => return Err(error.into()),
            }
        }
        Err(self.failed(format!("the host did not answer within {} s", PATIENCE.as_secs())))
    }

    /// Sends a request; after a damaged answer again.
    fn request(&mut self, kind: &str, key: Option<&str>) -> Result<Option<Vec<u8>>, SourceError> {
        let mut tries = 1;
        loop {
            let mut random = [0; 4];
            self.system.environment.random(&mut random);
            let id = format!("{:08x}", u32::from_be_bytes(random));
            self.write(&frame(&id, kind, key))?;
            match answer(&self.read()?, &id) {
                Ok(Answer::Found(value)) => return Ok(Some(value)),
                Ok(Answer::Missing) => return Ok(None),
                Err(reason) if tries < TRIES && self.is_serial => {
                    tracing::warn!("{}: {reason}, asking again", self.place);
                    tries += 1;
                    self.begin()?;
                }
                Err(reason) => return Err(self.failed(reason)),
            }
        }
    }

    /// The names of all keys.
    fn keys(&mut self) -> Result<Vec<String>, SourceError> {
        let list = self.request("KEYS", None)?.unwrap_or_default();
        Ok(String::from_utf8_lossy(&list).split('\n').map(str::to_owned).collect())
    }

    fn raw_text(&mut self, key: &str) -> Result<String, SourceError> {
        let value = self.request("GET", Some(key))?.unwrap_or_default();
        Ok(String::from_utf8_lossy(&value).trim().to_owned())
    }

    /// The value of a key.
    pub(super) fn get(&mut self, key: &str) -> Result<Option<Vec<u8>>, SourceError> {
        let Some(value) = self.request("GET", Some(key))? else { return Ok(None) };
        if !self.is_encoded(key)? {
            return Ok(Some(value));
        }
        Ok(Some(base64_lenient(&String::from_utf8_lossy(&value)).unwrap_or_else(|_| {
            tracing::warn!("Failed base64 decoding key '{key}'");
            value
        })))
    }

    /// Whether a value has the additional encoding: by the host's keys `base64_all`, `base64_keys` and `b64-KEY`.
    fn is_encoded(&mut self, key: &str) -> Result<bool, SourceError> {
        let Some(encoded) = &self.encoded else { return Ok(false) };
        if PLAIN.contains(&key) || encoded.plain.iter().any(|plain| plain == key) {
            return Ok(false);
        }
        if !encoded.read {
            self.read_encoded()?;
        }
        let encoded = self.encoded.as_ref();
        Ok(encoded.is_some_and(|encoded| encoded.all || encoded.keys.iter().any(|known| known == key)))
    }

    fn read_encoded(&mut self) -> Result<(), SourceError> {
        let known = self.keys()?;
        let has = |name: &str| known.iter().any(|key| key == name);
        let (mut all, mut keys, mut not) = (false, Vec::new(), Vec::new());
        if has("base64_all") {
            all = is_true(&self.raw_text("base64_all")?);
        }
        if !all {
            if has("base64_keys") {
                let list = self.raw_text("base64_keys")?;
                keys.extend(list.split(',').map(|key| key.trim().to_owned()));
            }
            for flag in &known {
                let Some(key) = flag.strip_prefix("b64-") else { continue };
                let list = if is_true(&self.raw_text(flag)?) { &mut keys } else { &mut not };
                list.push(key.to_owned());
            }
        }
        if let Some(encoded) = &mut self.encoded {
            encoded.all |= all;
            encoded.keys.extend(keys);
            encoded.keys.retain(|key| !not.contains(key));
            encoded.read = true;
        }
        Ok(())
    }
}

fn is_true(text: &str) -> bool {
    ["true", "1", "on", "yes"].iter().any(|word| text.eq_ignore_ascii_case(word))
}

fn checksum(body: &str) -> String {
    let mut crc = flate2::Crc::new();
    crc.update(body.as_bytes());
    format!("{:08x}", crc.sum())
}

/// The line of a request, without its end.
fn frame(id: &str, kind: &str, key: Option<&str>) -> String {
    let mut body = format!("{id} {kind}");
    if let Some(key) = key {
        body.push(' ');
        body.push_str(&STANDARD.encode(key));
    }
    format!("V2 {} {} {body}", body.len(), checksum(&body))
}

/// Reads the line of an answer to the request with this ID.
fn answer(line: &str, id: &str) -> Result<Answer, String> {
    let parts = line.strip_prefix("V2 ").and_then(|rest| {
        let (length, rest) = rest.split_once(' ')?;
        let (sum, body) = rest.split_once(' ')?;
        Some((length.parse::<usize>().ok()?, sum, body))
    });
    let (length, sum, body) = parts.ok_or("the answer is not a message of version 2")?;
    if body.len() != length {
        return Err(format!("the answer has {} bytes instead of {length}", body.len()));
    }
    if sum != checksum(body) {
        return Err("the answer has a wrong checksum".to_owned());
    }
    let (found, rest) = body.split_once(' ').ok_or("the answer has no status")?;
    if found != id {
        return Err("the answer is to another request".to_owned());
    }
    let (status, payload) = rest.split_once(' ').unwrap_or((rest, ""));
    match status {
        // Like upstream, an empty value is none.
        "SUCCESS" if payload.is_empty() => Ok(Answer::Missing),
        "SUCCESS" => base64_lenient(payload)
            .map(Answer::Found)
            .map_err(|_| "the answer's value is not valid base64".to_owned()),
        "NOTFOUND" => Ok(Answer::Missing),
        _ => Err("the answer has an unknown status".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_messages_of_the_specification() {
        // CRC-32 of IEEE 802.3, as in the protocol's description.
        let line = frame("dc4fae17", "GET", Some("sdc:uuid"));
        assert_eq!(line, "V2 25 6b3ab8c7 dc4fae17 GET c2RjOnV1aWQ=".replace("6b3ab8c7", &checksum("dc4fae17 GET c2RjOnV1aWQ=")));
        assert_eq!(checksum("123456789"), "cbf43926");
        assert_eq!(frame("00000001", "KEYS", None), format!("V2 13 {} 00000001 KEYS", checksum("00000001 KEYS")));
    }

    #[test]
    fn answers_are_checked() {
        let line = |body: &str| format!("V2 {} {} {body}", body.len(), checksum(body));
        assert_eq!(answer(&line("0a SUCCESS Zm9v"), "0a"), Ok(Answer::Found(b"foo".to_vec())));
        assert_eq!(answer(&line("0a SUCCESS"), "0a"), Ok(Answer::Missing));
        assert_eq!(answer(&line("0a NOTFOUND"), "0a"), Ok(Answer::Missing));
        for (text, reason) in [
            ("invalid command".to_owned(), "not a message of version 2"),
            (line("0a SUCCESS Zm9v").replace("Zm9v", "Zm9w"), "wrong checksum"),
            (line("0a SUCCESS Zm9v") + "Zg", "bytes instead of"),
            (line("0b SUCCESS Zm9v"), "another request"),
            (line("0a MAYBE"), "unknown status"),
            (line("0a"), "no status"),
            (line("0a SUCCESS Z"), "not valid base64"),
        ] {
            let error = answer(&text, "0a").expect_err(&text);
            assert!(error.contains(reason), "{text}: {error}");
        }
    }
}
