//! The traits for all effects on a machine, and [`System`], which bundles them.
//!
//! `core/system` has three implementations: the real machine, a recording overlay (`plan`) and an in-memory one
//! (tests). Nothing else in the project accesses files, processes, clocks or sockets.

mod clock;
mod commands;
mod devices;
mod environment;
mod files;
mod http;
mod links;
mod outbox;
mod sandbox;
mod serial;
pub mod temporary;
mod url;

use std::path::Path;
use std::sync::Arc;

pub use clock::{Clock, Timestamp, days_since_epoch};
pub use commands::{Class, Command, CommandError, Commands, Conversation, Output, Sink, python_list};
pub use devices::{BlockDevice, DeviceError, Devices, Tree};
pub use environment::{Environment, Journal, Uname};
pub use files::{Attributes, FileChanges, FileError, FileKind, Files, Metadata, Owner, ReadFiles, Reading};
pub use http::{Body, Http, HttpError, Method, Request, Response, Via};
pub use links::{
    Address, Ephemeral, EphemeralError, Lease, Link, LinkChanges, LinkError, LinkEvent, LinkEventKind,
    LinkEvents, Links, Route,
};
pub use outbox::Outbox;
pub use sandbox::{Bounds, INTERNAL_ERROR, InProcess, Sandbox, SandboxError, internal_error, panic_text};
pub use serial::{Serial, SerialError, SerialPort};
pub use url::{Url, without_url_secrets};

/// All effects of one machine. Cheap to clone; all parts are shared.
#[derive(Clone)]
pub struct System {
    /// Files and directories.
    pub files: Arc<dyn Files>,
    /// Processes.
    pub commands: Arc<dyn Commands>,
    /// HTTP; in a build without it, an implementation that returns errors.
    pub http: Arc<dyn Http>,
    /// Fire-and-forget requests: event reports.
    pub outbox: Arc<dyn Outbox>,
    /// Time.
    pub clock: Arc<dyn Clock>,
    /// Network devices of the kernel.
    pub links: Arc<dyn Links>,
    /// Temporary addresses, for querying a metadata service.
    pub ephemeral: Arc<dyn Ephemeral>,
    /// Block devices and their file systems.
    pub devices: Arc<dyn Devices>,
    /// Serial ports.
    pub serial: Arc<dyn Serial>,
    /// The process environment: variables, identity, kernel, randomness.
    pub environment: Arc<dyn Environment>,
    /// Computations within bounds: templates of users.
    pub sandbox: Arc<dyn Sandbox>,
    /// Records which stage and module the following effects belong to.
    pub journal: Arc<dyn Journal>,
}

impl System {
    /// Whether the machine is a container, which has no kernel and no block devices of its own.
    pub fn is_container(&self) -> bool {
        let says = |words: &[&str]| {
            self.commands.which(words[0]).is_some()
                && self.commands.run(&Command::line(words.iter().copied())).is_ok()
        };
        if says(&["systemd-detect-virt", "--quiet", "--container"]) || says(&["lxc-is-container"]) {
            return true;
        }
        let environment = self.files.text(Path::new("/proc/1/environ")).unwrap_or_default();
        let marked = |variable: &str| {
            ["container=", "LIBVIRT_LXC_UUID="].iter().any(|name| variable.starts_with(name))
        };
        environment.split('\0').any(marked)
            || (self.files.is_dir(Path::new("/proc/vz")) && !self.files.is_dir(Path::new("/proc/bc")))
    }
}

impl std::fmt::Debug for System {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("System").finish_non_exhaustive()
    }
}
