//! The time of rendering grows with the size of the configuration, not with its square.

use std::fmt::Write as _;
use std::time::Duration;

use model::{NetworkConfig, Node};
use network_managers::Settings;
use network_managers::convert::convert;
use system::Scratch;

/// Four times the size may take this many times as long: 4 is linear, 16 is quadratic.
const FACTOR: u32 = 9;

/// The processor time of this thread: other programs and tests do not count.
fn processor_time() -> Duration {
    let time = rustix::time::clock_gettime(rustix::time::ClockId::ThreadCPUTime);
    Duration::new(time.tv_sec.unsigned_abs(), u32::try_from(time.tv_nsec).unwrap_or(0))
}

fn time(text: &str, renderer: &str) -> Duration {
    let node = Node::from_yaml("x", text.as_bytes()).expect("valid").expect("there");
    let config = NetworkConfig::new(node);
    let one = || {
        let begun = processor_time();
        convert(&config, &[], renderer, &Settings::of("debian"), &Scratch::new()).expect("rendered");
        processor_time().saturating_sub(begun)
    };
    // The shortest of several: the first one also fills caches.
    (0..3).map(|_| one()).min().expect("three")
}

#[track_caller]
fn linear(renderer: &str, text: impl Fn(usize) -> String) {
    let (small, large) = (time(&text(600), renderer), time(&text(2400), renderer));
    assert!(large < small * FACTOR, "{renderer}: {small:?}, then {large:?}");
}

const RENDERERS: &[&str] = &["network-manager", "networkd", "netplan", "sysconfig", "eni"];

fn repeated(head: &str, count: usize, one: impl Fn(usize) -> String) -> String {
    (0..count).fold(head.to_owned(), |mut text, number| {
        let _ = writeln!(text, "{}", one(number));
        text
    })
}

#[test]
fn routes() {
    for renderer in RENDERERS {
        linear(renderer, |count| {
            repeated(
                "version: 2\nethernets:\n  eth0:\n    addresses: [10.0.0.2/8]\n    routes:\n",
                count,
                |number| format!("    - {{to: 10.{}.{}.0/24, via: 10.0.0.1}}", number / 250, number % 250),
            )
        });
    }
}

#[test]
fn devices() {
    for renderer in ["network-manager", "networkd"] {
        linear(renderer, |count| {
            repeated("version: 2\nethernets:\n", count, |number| format!("  eth{number}: {{dhcp4: true}}"))
        });
        linear(renderer, |count| {
            let head = "version: 2\nethernets: {eth0: {dhcp4: true}}\nvlans:\n";
            repeated(head, count, |number| format!("  v{number}: {{id: {number}, link: eth0, dhcp4: true}}"))
        });
    }
}
