//! URLs for messages.

use std::borrow::Cow;
use std::fmt;

/// What a message shows instead of a secret.
const HIDDEN: &str = "REDACTED";

/// The URL of a request. It is shown without user, password, query and fragment, which may all be secret.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct Url(String);

impl Url {
    /// Wraps a URL.
    pub fn new(url: impl Into<String>) -> Self {
        Self(url.into())
    }

    /// The complete URL including secrets, for the request itself.
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Url {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let end = self.0.find(['?', '#']).unwrap_or(self.0.len());
        let (shown, hidden) = self.0.split_at(end);
        match shown.split_once("://") {
            Some((scheme, rest)) => {
                let end = rest.find('/').unwrap_or(rest.len());
                let host = rest[..end].rfind('@').map_or(0, |at| at + 1);
                write!(f, "{scheme}://{}", &rest[host..])?;
            }
            None => f.write_str(shown)?,
        }
        match hidden.get(..1) {
            Some(mark) if hidden.len() > 1 => write!(f, "{mark}{HIDDEN}"),
            _ => f.write_str(hidden),
        }
    }
}

impl fmt::Debug for Url {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "\"{self}\"")
    }
}

/// A text for a log or a status, with every URL in it as [`Url`] shows it: the last line of defense where a message
/// quotes what a user or a program wrote.
pub fn without_url_secrets(text: &str) -> Cow<'_, str> {
    const SEPARATOR: &str = "://";
    let mut out = String::new();
    let mut rest = text;
    while let Some(at) = rest.find(SEPARATOR) {
        let is_scheme = |letter: char| letter.is_ascii_alphanumeric() || "+-.".contains(letter);
        let scheme = rest[..at]
            .rfind(|letter| !is_scheme(letter))
            .map_or(0, |before| before + rest[before..].chars().next().map_or(1, char::len_utf8));
        let after = at + SEPARATOR.len();
        let ends =
            |letter: char| letter.is_whitespace() || letter.is_control() || "\"'`<>\\".contains(letter);
        let end = rest[after..].find(ends).map_or(rest.len(), |end| after + end);
        // Punctuation at its end belongs to the sentence.
        let url = rest[scheme..end].trim_end_matches([':', ',', '.', ';', ')', ']', '}']);
        out.push_str(&rest[..scheme]);
        out.push_str(&Url::new(url).to_string());
        rest = &rest[scheme + url.len()..];
        // What is left of a URL is copied as it is, so that this ends.
        let copied = end - scheme - url.len();
        out.push_str(&rest[..copied]);
        rest = &rest[copied..];
    }
    out.push_str(rest);
    if out == text { Cow::Borrowed(text) } else { Cow::Owned(out) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_may_be_secret_is_not_shown() {
        for (written, shown) in [
            ("http://user:p@ss@h:80/a@b/c?X-Amz-Signature=s#t", "http://h:80/a@b/c?REDACTED"),
            ("https://h?token=x", "https://h?REDACTED"),
            ("https://h/#token", "https://h/#REDACTED"),
            ("https://h/?", "https://h/?"),
            ("http://[fe80::1%25eth0]/x", "http://[fe80::1%25eth0]/x"),
            ("/a/path", "/a/path"),
        ] {
            assert_eq!(Url::new(written).to_string(), shown);
            assert_eq!(Url::new(shown).to_string(), shown, "it is shown twice");
            assert!(!format!("{:?}", Url::new(written)).contains("X-Amz"));
        }
    }

    #[test]
    fn urls_in_a_sentence_lose_their_secrets() {
        for (said, shown) in [
            ("cannot reach http://u:p@h/x?s=1: no route", "cannot reach http://h/x?REDACTED: no route"),
            ("('curl', 'http://h/?a=b c')", "('curl', 'http://h/?REDACTED c')"),
            ("é://u:p@h é", "é://h é"),
            ("http://a?b://c?d, ftp://x:y@z.", "http://a?REDACTED, ftp://z."),
            ("see https://docs/page and a://", "see https://docs/page and a://"),
            ("(http://u@h/x?y)", "(http://h/x?REDACTED)"),
            ("://://?:", "://://?:"),
            ("no address", "no address"),
        ] {
            assert_eq!(without_url_secrets(said), shown);
            assert_eq!(without_url_secrets(shown), shown, "it is said twice");
        }
    }
}
