//! The only crate that accesses files, processes, devices and time.
//!
//! Three machines implement the effects in `model`:
//!
//! - [`Host`]: the real machine, or an image's root below a prefix.
//! - [`Overlay`]: copy on write over a root. Everything stays in memory, and every effect is recorded in order with its
//!   stage and module. This is what `plan` shows.
//! - [`scratch`]: an overlay over an empty root, for tests.
//!
//! This crate contains mechanisms only. Which file contains a host name, or which service to query, is decided
//! elsewhere.
#![allow(clippy::disallowed_methods, reason = "this crate is where effects happen")]

mod account_model;
mod answering;
mod devices;
mod dhcp;
mod ephemeral;
mod given;
mod host;
mod kept;
mod links;
mod netlink;
mod overlay;
mod programs;
mod rerouted;
mod scratch;
mod walk;

pub use answering::Answering;
pub use devices::{identify_image, open_image};
pub use given::Given;
pub use host::fifo;
pub use host::{
    Death, Holder, Host, LOCK_NAME, Limits, NoHttp, StageLock, StdioLog, Termination, Turn, absolute,
    arguments, columns, current_directory, end_after, executable, keep_descriptors_from_commands,
    on_termination, reset_umask, settle_termination, share_heap, standard_input, supervise, tell_of_waiting,
};
pub use kept::keeping;
pub use overlay::{Content, Effect, EffectKind, Overlay, Recording, TreeHttp};
pub use rerouted::{Route, rerouted};
pub use scratch::{Scratch, scratch};
