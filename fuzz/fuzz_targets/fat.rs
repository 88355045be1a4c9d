//! A FAT of any bytes is read or refused, and nothing of it goes on for ever.
#![no_main]

use std::path::Path;

use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let mut image = bytes.to_vec();
    // Nothing is looked at without a jump at the start.
    if let Some(first) = image.first_mut() {
        *first = 0xeb;
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
