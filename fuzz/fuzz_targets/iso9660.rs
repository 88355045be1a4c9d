//! A disc of any bytes is read or refused, and nothing of it goes on for ever.
#![no_main]

use std::path::Path;

use libfuzzer_sys::fuzz_target;

/// The descriptors of a disc begin here.
const START: usize = 32 << 10;

fuzz_target!(|bytes: &[u8]| {
    let mut image = vec![0; START];
    image.extend_from_slice(bytes);
    // Nothing is looked at without these.
    if image.len() > START + 6 {
        image[START..START + 6].copy_from_slice(b"\x01CD001");
    }
    let name = Path::new("fuzz");
    system::identify_image(name, &image);
    let Ok(tree) = system::open_image(name, image) else { return };
    let mut directories = vec![String::new()];
    for _ in 0..16 {
        let Some(directory) = directories.pop() else { return };
        for entry in tree.list(&directory).unwrap_or_default().into_iter().take(16) {
            let path = format!("{directory}/{entry}");
            tree.read(&path).ok();
            directories.push(path);
        }
    }
});
