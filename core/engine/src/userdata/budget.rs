//! Limits over all parts of user-data: a few kilobytes can stand for gigabytes.
//!
//! Clouds accept at most 256 KiB, mostly compressed text; only a local seed may have more.

use std::cell::Cell;
use std::time::Duration;

use model::System;
use model::effects::Url;
use model::gzip::gunzip;

use super::{MAX_DOCUMENT, UserDataError};

/// The maximum size of all parts in bytes.
pub(super) const MAX_TOTAL: usize = MAX_DOCUMENT;
/// The maximum number of parts.
pub(super) const MAX_PARTS: usize = 4096;
/// The maximum number of included documents, in one run.
pub(super) const MAX_INCLUDES: usize = 100;
/// How long fetching all included documents may take.
const INCLUDE_TIME: Duration = Duration::from_secs(120);

/// What is left for the parts of one user-data.
pub(super) struct Budget {
    bytes: usize,
    parts: usize,
}

impl Default for Budget {
    fn default() -> Self {
        Self { bytes: MAX_TOTAL, parts: MAX_PARTS }
    }
}

impl Budget {
    /// Decompresses a document; never more than is left.
    pub(super) fn unpack(
        &self,
        name: &str,
        content_type: &str,
        packed: &[u8],
    ) -> Result<Vec<u8>, UserDataError> {
        let limit = self.bytes.min(MAX_DOCUMENT);
        gunzip(packed, limit as u64).map_err(|error| match error {
            model::gzip::GzipError::TooLong { .. } if self.bytes < MAX_TOTAL => {
                UserDataError::Total(name.to_owned())
            }
            model::gzip::GzipError::TooLong { .. } => UserDataError::Document(name.to_owned()),
            model::gzip::GzipError::Damaged(error) => UserDataError::Compressed {
                name: name.to_owned(),
                content_type: content_type.to_owned(),
                length: packed.len(),
                reason: error.to_string(),
            },
        })
    }

    /// Accounts for a part.
    pub(super) fn spend(&mut self, name: &str, length: usize) -> Result<(), UserDataError> {
        self.parts = self.parts.checked_sub(1).ok_or_else(|| UserDataError::Parts(name.to_owned()))?;
        self.bytes = self.bytes.checked_sub(length).ok_or_else(|| UserDataError::Total(name.to_owned()))?;
        Ok(())
    }
}

/// What includes have cost in this run.
#[derive(Default)]
pub(super) struct Requests {
    count: Cell<usize>,
    begun: Cell<Option<Duration>>,
}

impl Requests {
    /// Accounts for a request; returns the time left.
    pub(super) fn spend(&self, system: &System, url: &str) -> Result<Duration, UserDataError> {
        let failed = |reason: String| UserDataError::Include { url: Url::new(url), reason };
        let now = system.clock.monotonic();
        let begun = self.begun.get().unwrap_or(now);
        self.begun.set(Some(begun));
        if self.count.get() >= MAX_INCLUDES {
            return Err(failed(format!(
                "more than {MAX_INCLUDES} documents are included; an include may refer to itself"
            )));
        }
        self.count.set(self.count.get() + 1);
        let left = INCLUDE_TIME.saturating_sub(now.saturating_sub(begun));
        if left == Duration::ZERO {
            return Err(failed(format!("includes take longer than {} s", INCLUDE_TIME.as_secs())));
        }
        Ok(left)
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;

    use super::*;

    fn packed(length: usize) -> Vec<u8> {
        let mut writer = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
        writer.write_all(&vec![b'x'; length]).expect("memory");
        writer.finish().expect("memory")
    }

    #[test]
    fn parts_and_bytes_are_spent() {
        let mut budget = Budget::default();
        budget.spend("a", MAX_TOTAL).expect("all of it");
        budget.spend("b", 0).expect("nothing more");
        assert!(matches!(budget.spend("c", 1), Err(UserDataError::Total(name)) if name == "c"));
        let mut budget = Budget::default();
        for _ in 0..MAX_PARTS {
            budget.spend("a", 1).expect("within both");
        }
        assert!(matches!(budget.spend("d", 0), Err(UserDataError::Parts(name)) if name == "d"));
    }

    #[test]
    fn what_is_unpacked_fits_into_what_is_left() {
        let mut budget = Budget::default();
        let unpack = |budget: &Budget, bytes: &[u8]| {
            budget.unpack("part", "application/gzip", bytes).map(|plain| plain.len())
        };
        assert_eq!(unpack(&budget, &packed(MAX_DOCUMENT)).ok(), Some(MAX_DOCUMENT));
        let error = unpack(&budget, &packed(MAX_DOCUMENT + 1)).expect_err("more than a document");
        assert!(matches!(error, UserDataError::Document(name) if name == "part"));
        budget.spend("other", 10).expect("left");
        assert_eq!(unpack(&budget, &packed(MAX_TOTAL - 10)).ok(), Some(MAX_TOTAL - 10));
        let error = unpack(&budget, &packed(MAX_TOTAL - 9)).expect_err("more than is left");
        assert!(matches!(error, UserDataError::Total(name) if name == "part"));
        let error = unpack(&budget, b"\x1f\x8bno").expect_err("damaged").to_string();
        assert!(error.starts_with("part: cannot decompress 4 bytes of application/gzip: "), "{error}");
    }

    /// A server that takes long for each document does not hold up the boot for ever.
    #[test]
    fn includes_have_a_time_together() {
        let (system, _) = system::scratch();
        let requests = Requests::default();
        assert_eq!(requests.spend(&system, "http://h/1").expect("the first"), INCLUDE_TIME);
        system.clock.sleep(Duration::from_secs(50));
        assert_eq!(requests.spend(&system, "http://h/2").expect("left"), Duration::from_secs(70));
        system.clock.sleep(Duration::from_secs(70));
        let error = requests.spend(&system, "http://h/3").expect_err("over").to_string();
        assert_eq!(error, "cannot include http://h/3: includes take longer than 120 s");
    }
}
