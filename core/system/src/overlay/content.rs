//! The content of a file at one moment of a plan.

use std::fmt;
use std::sync::{Arc, PoisonError, RwLock, RwLockReadGuard};

/// The content of a file at one moment. The versions of a file that grows share their bytes: each user of a plan adds a line to
/// the same file of sudo rules, and a copy for each would take memory by the square of their number.
#[derive(Clone)]
pub struct Content {
    /// What was written, and what later versions added to it.
    bytes: Arc<RwLock<Vec<u8>>>,
    /// How much of it belongs to this version.
    len: usize,
}

impl Content {
    /// The content of a new file.
    pub fn new(bytes: Vec<u8>) -> Self {
        Self { len: bytes.len(), bytes: Arc::new(RwLock::new(bytes)) }
    }

    /// What a file with this content contains after these bytes are written.
    pub(crate) fn replaced_by(&self, bytes: Vec<u8>) -> Self {
        let mut known = self.bytes.write().unwrap_or_else(PoisonError::into_inner);
        // Only the last version can be continued: after another one, there are bytes of its successor.
        if self.len == 0 || known.len() != self.len || !bytes.starts_with(&known) {
            drop(known);
            return Self::new(bytes);
        }
        known.extend_from_slice(&bytes[self.len..]);
        Self { bytes: self.bytes.clone(), len: bytes.len() }
    }

    fn read(&self) -> RwLockReadGuard<'_, Vec<u8>> {
        self.bytes.read().unwrap_or_else(PoisonError::into_inner)
    }

    /// The bytes.
    pub fn to_vec(&self) -> Vec<u8> {
        self.read()[..self.len].to_vec()
    }

    /// The number of bytes.
    pub fn len(&self) -> usize {
        self.len
    }

    /// Whether there are no bytes.
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// Whether both are the same version of the same file; unlike a comparison, this takes no time.
    pub(crate) fn is(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.bytes, &other.bytes) && self.len == other.len
    }
}

impl PartialEq for Content {
    fn eq(&self, other: &Self) -> bool {
        // One lock at a time: two threads that compare the same contents must not wait for each other.
        self.is(other) || self.len == other.len && *self == *other.to_vec()
    }
}

impl Eq for Content {}

impl PartialEq<[u8]> for Content {
    fn eq(&self, other: &[u8]) -> bool {
        self.read()[..self.len] == *other
    }
}

impl fmt::Debug for Content {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.read()[..self.len].fmt(out)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn content(text: &str) -> Content {
        Content::new(text.into())
    }

    #[test]
    fn each_version_keeps_its_own_bytes() {
        let first = content("one\n");
        let second = first.replaced_by("one\ntwo\n".into());
        let third = second.replaced_by("one\ntwo\nthree\n".into());
        // A second successor of the first: the bytes behind it are those of the other one.
        let other = first.replaced_by("one\nzwei\n".into());
        let shorter = third.replaced_by("one\n".into());
        let versions = [&first, &second, &third, &other, &shorter];
        let texts = versions.map(|version| String::from_utf8(version.to_vec()).expect("text"));
        assert_eq!(texts, ["one\n", "one\ntwo\n", "one\ntwo\nthree\n", "one\nzwei\n", "one\n"]);
        assert_eq!(versions.map(Content::len), [4, 8, 14, 9, 4]);
    }

    #[test]
    fn versions_of_a_file_that_grows_share_their_bytes() {
        let (first, mut whole) = (content("root ALL=(ALL) ALL\n"), b"root ALL=(ALL) ALL\n".to_vec());
        let mut versions = vec![first.clone()];
        for number in 0..1000 {
            whole.extend_from_slice(format!("user{number} ALL=(ALL) ALL\n").as_bytes());
            versions.push(versions[number].replaced_by(whole.clone()));
        }
        assert!(versions.iter().all(|version| Arc::ptr_eq(&version.bytes, &first.bytes)));
        assert_eq!(versions[1000].to_vec(), whole);
    }

    #[test]
    fn contents_are_equal_by_their_bytes() {
        let (one, same) = (content("a"), content("a"));
        assert_eq!(one, same);
        assert!(!one.is(&same) && one.is(&one.clone()));
        assert!(one == *b"a".as_slice() && one != *b"b".as_slice());
        assert_ne!(one, one.replaced_by("ab".into()));
        assert!(content("").is_empty() && !one.is_empty());
        assert_eq!(format!("{:?}", content("1")), "[49]");
    }
}
