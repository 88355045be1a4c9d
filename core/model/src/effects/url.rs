//! URLs for messages.

use std::fmt;

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
        let shown = self.0.split(['?', '#']).next().unwrap_or_default();
        let Some((scheme, rest)) = shown.split_once("://") else { return f.write_str(shown) };
        let end = rest.find('/').unwrap_or(rest.len());
        let host = rest[..end].rfind('@').map_or(0, |at| at + 1);
        write!(f, "{scheme}://{}", &rest[host..])
    }
}

impl fmt::Debug for Url {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "\"{self}\"")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_may_be_secret_is_not_shown() {
        for (written, shown) in [
            ("http://user:p@ss@h:80/a@b/c?X-Amz-Signature=s#t", "http://h:80/a@b/c"),
            ("https://h?token=x", "https://h"),
            ("http://[fe80::1%25eth0]/x", "http://[fe80::1%25eth0]/x"),
            ("/a/path", "/a/path"),
        ] {
            assert_eq!(Url::new(written).to_string(), shown);
            assert!(!format!("{:?}", Url::new(written)).contains("X-Amz"));
        }
    }
}
