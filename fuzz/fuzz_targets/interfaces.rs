#![no_main]
//! A file that can be read is written back byte for byte, and means the same when read again.

use interfaces::{Interfaces, resolve};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    if let Ok(file) = Interfaces::parse(data) {
        assert_eq!(file.write().as_bytes(), data);
    }
    let _ = resolve("f", data, &mut |reference| match reference.pattern.len() % 3 {
        0 => vec![("f".to_owned(), data.to_vec())],
        _ => Vec::new(),
    });
});
