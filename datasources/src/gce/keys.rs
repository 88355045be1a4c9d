//! SSH keys in the attributes: a line each, `USER:KEY`, where the comment may be `google-ssh` and a JSON document with
//! the time at which the key expires.
//!
//! Source: "Add SSH keys to VMs", Compute Engine documentation.

use std::time::Duration;

use model::effects::{Timestamp, days_since_epoch};
use serde_json::{Map, Value};

/// The user whose keys are for the default user, whatever its name.
const OURS: &str = "cloudinit";
/// The schema of comments with a time of expiry.
const SCHEMA: &str = "google-ssh";

/// The lines of all attributes that count: those of the project unless the instance blocks them or has `sshKeys`.
pub(super) fn lines(own: Option<&Map<String, Value>>, project: Option<&Map<String, Value>>) -> Vec<String> {
    let text = |map: Option<&Map<String, Value>>, key: &str| {
        map?.get(key)?.as_str().filter(|text| !text.is_empty()).map(str::to_owned)
    };
    let blocked = text(own, "block-project-ssh-keys").is_some_and(|word| word.eq_ignore_ascii_case("true"));
    let legacy = text(own, "sshKeys");
    let with_project = !blocked && legacy.is_none();
    let mut all = vec![legacy, text(own, "ssh-keys")];
    if with_project {
        all.extend([text(project, "ssh-keys"), text(project, "sshKeys")]);
    }
    let joined: Vec<String> = all.into_iter().flatten().collect();
    joined.join("\n").lines().map(str::to_owned).collect()
}

/// The keys of the default user that have not expired.
pub(super) fn of_user(lines: &[String], default_user: Option<&str>, now: Timestamp) -> Vec<String> {
    let own = |line: &String| {
        let (user, key) = line.split_once(':').filter(|_| line.is_ascii())?;
        let is_ours = user == OURS || Some(user) == default_user;
        (is_ours && !has_expired(key, now)).then(|| key.to_owned())
    };
    lines.iter().filter_map(own).collect()
}

/// A key without a readable time does not expire.
fn has_expired(key: &str, now: Timestamp) -> bool {
    let expiry = || {
        let comment = after_words(key, 2)?.strip_prefix(SCHEMA)?.trim_start();
        let document: Value = model::config::bounded_json(comment.as_bytes()).ok()?;
        seconds(document.get("expireOn")?.as_str()?)
    };
    expiry().is_some_and(|at| now.0 > at)
}

/// The text after a number of words.
fn after_words(text: &str, count: usize) -> Option<&str> {
    let mut rest = text.trim_start();
    for _ in 0..count {
        let end = rest.find(char::is_whitespace)?;
        rest = rest[end..].trim_start();
    }
    Some(rest)
}

/// The time since the epoch of `2018-12-04T20:12:00+0000`; the offset may also be `Z` or `+00:00`.
fn seconds(text: &str) -> Option<Duration> {
    let (date, rest) = text.split_once('T')?;
    let at = rest.find(['+', '-', 'Z'])?;
    let (time, offset) = rest.split_at(at);
    let [year, month, day] = numbers(date, '-')?;
    let [hour, minute, second] = numbers(time, ':')?;
    if !(1..=12).contains(&month) || !(1..=31).contains(&day) || hour > 23 || minute > 59 || second > 61 {
        return None;
    }
    let local = days_since_epoch(year, month, day) * 86_400 + hour * 3600 + minute * 60 + second;
    // A time before 1970 is long over.
    Some(Duration::from_secs(u64::try_from(local - offset_seconds(offset)?).unwrap_or(0)))
}

fn numbers(text: &str, separator: char) -> Option<[i64; 3]> {
    let parts: Vec<&str> = text.split(separator).collect();
    let number = |part: &&str| {
        let digits = (1..=4).contains(&part.len()) && part.bytes().all(|byte| byte.is_ascii_digit());
        digits.then(|| part.parse().ok()).flatten()
    };
    let read: Vec<i64> = parts.iter().map(number).collect::<Option<_>>()?;
    read.try_into().ok()
}

fn offset_seconds(text: &str) -> Option<i64> {
    if text == "Z" {
        return Some(0);
    }
    let (sign, digits) = (if text.starts_with('-') { -1 } else { 1 }, text.get(1..)?.replace(':', ""));
    if digits.len() != 4 || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let (hours, minutes): (i64, i64) = (digits[..2].parse().ok()?, digits[2..].parse().ok()?);
    Some(sign * (hours * 3600 + minutes * 60))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn times_are_read() {
        // `date -u -d TEXT +%s`
        for (text, expected) in [
            ("2018-12-04T20:12:00+0000", Some(1_543_954_320)),
            ("2024-02-29T00:00:00Z", Some(1_709_164_800)),
            ("2000-01-01T01:30:00+01:30", Some(946_684_800)),
            ("1969-01-01T00:00:00Z", Some(0)),
            ("2018-12-04 20:12:00+0000", None),
            ("2018-12-04T20:12:00", None),
            ("2018-13-04T20:12:00Z", None),
            ("soon", None),
            ("1970-01-01T01:00:00-01:00", Some(7200)),
            ("1970-01-01T05:30:00+0530", Some(0)),
            ("1970-01-31T23:59:59Z", Some(2_678_399)),
            ("1970-12-01T00:00:00Z", Some(28_857_600)),
            ("1970-1-2T0:0:61Z", Some(86_461)),
            ("1970-01-01T24:00:00Z", None),
            ("1970-01-01T00:60:00Z", None),
            ("1970-01-01T00:00:62Z", None),
            ("1970-00-01T00:00:00Z", None),
            ("1970-01-00T00:00:00Z", None),
            ("1970-01-32T00:00:00Z", None),
            ("1970-01-01T00:00:00+00", None),
            ("1970-01-01T00:00:00+000", None),
            ("1970-01-01T00:00:00+00000", None),
            ("1970-01-01T00:00:00+0x00", None),
            ("1970-01-01T00:00:00Z0", None),
            ("11970-01-01T00:00:00Z", None),
            ("1970-01-01T00::00Z", None),
            ("1970-01-0aT00:00:00Z", None),
            ("1970-01T00:00:00Z", None),
        ] {
            assert_eq!(seconds(text), expected.map(Duration::from_secs), "{text}");
        }
    }

    #[test]
    fn a_key_expires() {
        let now = Timestamp(Duration::from_secs(1_543_954_320));
        let key = |comment: &str| format!("ssh-rsa AAA {comment}");
        for (comment, expected) in [
            (r#"google-ssh {"userName":"bob","expireOn":"2018-12-04T20:11:59+0000"}"#, true),
            (r#"google-ssh {"userName":"bob","expireOn":"2018-12-04T20:12:00+0000"}"#, false),
            (r#"google-ssh {"userName": "bob", "expireOn": "2018-12-04T20:11:59Z"}"#, true),
            (r#"google-ssh {"userName":"bob"}"#, false),
            (r#"google-ssh {"expireOn":"soon"}"#, false),
            ("google-ssh {broken", false),
            (r#"other-ssh {"expireOn":"2018-12-04T20:11:59+0000"}"#, false),
            ("bob@host", false),
        ] {
            assert_eq!(has_expired(&key(comment), now), expected, "{comment}");
        }
        assert!(!has_expired("ssh-rsa", now));
    }

    #[test]
    fn the_project_counts_unless_the_instance_blocks_it() {
        let map = |value: Value| value.as_object().cloned();
        let project = map(json!({"ssh-keys": "p:1\np:2\n", "sshKeys": "p:3"}));
        let read = |own: Value| lines(map(own).as_ref(), project.as_ref());
        assert_eq!(read(json!({"ssh-keys": "i:1"})), ["i:1", "p:1", "p:2", "", "p:3"]);
        assert_eq!(read(json!({"ssh-keys": "i:1", "block-project-ssh-keys": "TRUE"})), ["i:1"]);
        assert_eq!(read(json!({"sshKeys": "i:0", "ssh-keys": "i:1"})), ["i:0", "i:1"]);
        let given = ["cloudinit:k1", "ubuntu:k2", "bob:k3", "k4", "ubuntu:ü", ""].map(str::to_owned);
        let now = Timestamp::default();
        assert_eq!(of_user(&given, Some("ubuntu"), now), ["k1", "k2"]);
        assert_eq!(of_user(&given, None, now), ["k1"]);
    }
}
