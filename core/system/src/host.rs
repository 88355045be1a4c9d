//! The real machine, or an image's root below a prefix.

#[cfg(test)]
mod alone;
mod children;
mod clock;
mod commands;
mod descriptors;
mod environment;
mod exchange;
pub mod fifo;
mod files;
mod limits;
mod lock;
mod outbox;
mod output;
mod processes;
mod progress;
pub(crate) mod randomness;
mod reaper;
mod sandbox;
mod serial;
mod shared;
mod signals;
mod spawn;
mod supervisor;
mod wait;
mod watch;

use std::path::PathBuf;
use std::sync::Arc;

use model::System;
use model::effects::{Http, Sandbox};

pub use descriptors::keep_descriptors_from_commands;
pub use environment::{
    NoHttp, absolute, arguments, columns, current_directory, executable, reset_umask, share_heap,
    standard_input,
};
pub use limits::Limits;
pub use lock::{Holder, LOCK_NAME, StageLock, Turn};
pub use output::StdioLog;
pub use progress::tell_of_waiting;
pub use signals::{Termination, end_after, on_termination, settle_termination};
pub use supervisor::{Death, supervise};

pub(crate) use clock::HostClock;
pub(crate) use commands::SYSTEM_PATH;
pub(crate) use environment::HostEnvironment;
pub(crate) use files::HostFiles;

/// The real machine.
pub struct Host;

impl Host {
    /// The effects on the machine, or on the root below `prefix`: its files, and commands run in it with chroot.
    pub fn system(prefix: Option<PathBuf>, http: Arc<dyn Http>) -> System {
        let files = Arc::new(HostFiles::new(prefix.clone()));
        let commands = Arc::new(commands::HostCommands::new(prefix));
        System {
            links: Arc::new(crate::links::SysLinks::of_kernel(files.clone())),
            ephemeral: Arc::new(crate::ephemeral::KernelAddresses::new(files.clone(), commands.clone())),
            devices: Arc::new(crate::devices::HostDevices::new(files.clone(), commands.clone())),
            serial: Arc::new(serial::HostSerial::new(files.clone())),
            files,
            commands,
            outbox: Arc::new(outbox::Queue::new(http.clone())),
            http,
            clock: Arc::new(HostClock),
            environment: Arc::new(HostEnvironment),
            sandbox: Arc::new(sandbox::Forked),
            journal: Arc::new(progress::Step),
        }
    }

    /// Computations in a child process with limits.
    pub fn sandbox() -> Arc<dyn Sandbox> {
        Arc::new(sandbox::Forked)
    }

    /// A root for reading, below an overlay.
    pub fn root(prefix: Option<PathBuf>) -> Arc<dyn model::effects::ReadFiles> {
        Arc::new(HostFiles::new(prefix))
    }
}
