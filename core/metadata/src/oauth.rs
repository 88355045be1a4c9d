//! OAuth 1.0 with the signature method PLAINTEXT, which MAAS uses to identify machines (RFC 5849, section 3.4.4).

use model::{Secret, System};

/// The credentials of a machine.
#[derive(Clone, Debug)]
pub struct Credentials {
    /// `consumer_key`.
    pub consumer_key: String,
    /// `consumer_secret`; empty for MAAS.
    pub consumer_secret: Secret<String>,
    /// `token_key`.
    pub token_key: String,
    /// `token_secret`.
    pub token_secret: Secret<String>,
}

impl Credentials {
    /// The signature: both secrets, each encoded, with `&` between them.
    fn signature(&self) -> String {
        format!("{}&{}", encoded(self.consumer_secret.expose()), encoded(self.token_secret.expose()))
    }

    /// The value of the `Authorization` header at a time in seconds since the epoch; nonces are never reused.
    pub fn authorization(&self, seconds: u64, nonce: &str) -> Secret<String> {
        let parameters = [
            ("oauth_nonce", nonce),
            ("oauth_timestamp", &seconds.to_string()),
            ("oauth_version", "1.0"),
            ("oauth_signature_method", "PLAINTEXT"),
            ("oauth_consumer_key", &self.consumer_key),
            ("oauth_token", &self.token_key),
            ("oauth_signature", &self.signature()),
        ]
        .map(|(name, value)| format!("{name}=\"{}\"", encoded(value)));
        Secret::new(format!("OAuth {}", parameters.join(", ")))
    }

    /// The same for a machine: its time, corrected by `skew` seconds to the service's, and its randomness.
    pub fn authorization_now(&self, system: &System, skew: i64) -> Secret<String> {
        let mut nonce = [0; 16];
        system.environment.random(&mut nonce);
        let nonce = format!("{:032x}", u128::from_be_bytes(nonce));
        self.authorization(system.clock.now().0.as_secs().saturating_add_signed(skew), &nonce)
    }
}

/// Percent encoding of all but unreserved letters (section 3.6).
pub fn encoded(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for byte in text.bytes() {
        match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => out.push(byte as char),
            _ => out.push_str(&format!("%{byte:02X}")),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_example_of_the_rfc() {
        // RFC 5849, section 2.3.
        let credentials = Credentials {
            consumer_key: "jd83jd92dhsh93js".into(),
            consumer_secret: Secret::new("ja893SD9".into()),
            token_key: "hdk48Djdsa".into(),
            token_secret: Secret::new("xyz4992k83j47x0b".into()),
        };
        let header = credentials.authorization(137_131_200, "4572616e48616d6d");
        for part in [
            "OAuth ",
            "oauth_consumer_key=\"jd83jd92dhsh93js\"",
            "oauth_token=\"hdk48Djdsa\"",
            "oauth_signature_method=\"PLAINTEXT\"",
            "oauth_timestamp=\"137131200\"",
            "oauth_signature=\"ja893SD9%26xyz4992k83j47x0b\"",
        ] {
            assert!(header.expose().contains(part), "{part}");
        }
        assert_eq!(format!("{header:?}"), "REDACTED");
    }

    #[test]
    fn a_machine_without_a_consumer_secret() {
        // MAAS; section 3.4.4: the `&` stands also when a secret is empty, section 3.6: `~` is not encoded.
        let credentials = Credentials {
            consumer_key: "k".into(),
            consumer_secret: Secret::new(String::new()),
            token_key: "t".into(),
            token_secret: Secret::new("a~b c".into()),
        };
        assert_eq!(credentials.signature(), "&a~b%20c");
    }
}
