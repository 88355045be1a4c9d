//! Any bytes are read or refused, and no string has a NUL.
#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|raw: &[u8]| {
    for text in smbios::oem_strings(raw).unwrap_or_default() {
        assert!(!text.is_empty() && !text.contains(&0));
    }
});
