//! The invariants that no single crate can hold alone, over whole boots in memory: power loss, silent services,
//! clones, failing modules, an instance taken over, and where secrets go.

mod log;
mod machine;
mod namespace;
mod power;

mod accounts;
mod addresses;
mod configuration;
mod container;
mod hooks;
mod host_keys;
mod hostile;
mod hotplug;
mod identity;
mod isolation;
mod killed;
mod output;
mod planted;
mod power_loss;
mod program;
mod reboot;
mod records;
mod schema;
mod secrets;
mod service;
mod settings;
mod signals;
mod silence;
mod sources;
mod stage;
mod state;
mod storage;
mod takeover;
mod turns;
mod userdata;
mod vulnerabilities;
mod wording;
