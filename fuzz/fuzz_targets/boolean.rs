//! Any text is read, and the readings agree with each other.
#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| {
    let strict = boolean::strict(text);
    assert_eq!(boolean::lenient(text), strict == Some(true));
    assert_eq!(boolean::lenient_or(text, true), strict != Some(false));
    if let Some(word) = strict {
        assert_eq!(boolean::netplan(text), Some(word));
    }
    if let Some(word) = boolean::pyyaml(text) {
        assert_eq!(strict, Some(word));
    }
});
