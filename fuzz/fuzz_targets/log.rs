//! Any log tells its events, and what is made of them is whole.
#![no_main]

use engine::analyze::{Surroundings, blame, boots, plot, read, show, trace};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let text = String::from_utf8_lossy(bytes);
    let surroundings = Surroundings { year: 2026, date: &|_| None };
    let Ok((events, _)) = read("fuzz", &text, &surroundings) else { return };
    let _ = (show(&events, "%I%D @%Es +%ds"), blame(&events));
    let boots = boots(&events);
    assert!(serde_json::from_str::<serde_json::Value>(&trace(&boots)).is_ok());
    for boot in &boots {
        assert!(plot(boot).ends_with("</svg>\n"));
    }
});
