//! Any strategy is read or refused, and merges any two documents.
#![no_main]

use engine::merge::Strategy;
use libfuzzer_sys::fuzz_target;
use model::Node;

fuzz_target!(|bytes: &[u8]| {
    let mut parts = bytes.splitn(3, |byte| *byte == 0);
    let (Some(strategy), Some(old), Some(new)) = (parts.next(), parts.next(), parts.next()) else { return };
    let Ok(strategy) = Strategy::parse(&String::from_utf8_lossy(strategy)) else { return };
    let read = |bytes: &[u8]| Node::from_yaml("fuzz", bytes).ok().flatten();
    if let (Some(old), Some(new)) = (read(old), read(new)) {
        let _ = strategy.merge(old, new);
    }
});
