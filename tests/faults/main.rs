//! The invariants that no single crate can hold alone, over whole boots in memory: power loss, silent services,
//! clones, failing modules, an instance taken over, and where secrets go.

mod log;
mod machine;
mod power;

mod configuration;
mod hooks;
mod hotplug;
mod identity;
mod isolation;
mod output;
mod power_loss;
mod program;
mod reboot;
mod schema;
mod secrets;
mod service;
mod settings;
mod signals;
mod sources;
mod takeover;
mod userdata;
mod vulnerabilities;
mod wording;
