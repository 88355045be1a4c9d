//! The invariants that no single crate can hold alone, over whole boots in memory: power loss, silent services,
//! clones, failing modules, an instance taken over, and where secrets go.
#![allow(clippy::disallowed_methods, reason = "a black-box test")]

mod log;
mod machine;
mod power;

mod configuration;
mod identity;
mod isolation;
mod power_loss;
mod secrets;
mod service;
mod takeover;
mod userdata;
