//! The process environment, and the journal of a plan.

use crate::Stage;

/// The result of uname(2).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Uname {
    /// `Linux`, `FreeBSD`, …
    pub system: String,
    /// The kernel's host name.
    pub node: String,
    /// Kernel release.
    pub release: String,
    /// Kernel build.
    pub version: String,
    /// `x86_64`, `aarch64`, …
    pub machine: String,
}

/// The process environment.
pub trait Environment: Send + Sync {
    /// An environment variable.
    fn var(&self, name: &str) -> Option<String>;

    /// The process ID.
    fn pid(&self) -> u32;

    /// The effective user ID.
    fn uid(&self) -> u32;

    /// The kernel's identification.
    fn uname(&self) -> Uname;

    /// Fills a buffer with random bytes from the kernel.
    fn random(&self, buffer: &mut [u8]);

    /// Writes to standard output, for reporting by `print`. Not mixed into a plan's output.
    fn print(&self, _text: &str) {}

    /// Writes to standard error, where a boot informs users (cloud-init-output.log).
    fn tell(&self, text: &str);
}

/// Records which part of a boot the following effects belong to.
pub trait Journal: Send + Sync {
    /// Enters a stage and, optionally, a module.
    fn enter(&self, stage: Stage, module: Option<&str>);

    /// Enters a part of a stage that is no module: a data source, a part of user-data. A real machine names it if the
    /// stage ends there.
    fn part(&self, what: &str) {
        let _ = what;
    }

    /// Adds a note about what depends on the real machine, and returns whether it was recorded: plans do so, real
    /// machines do not.
    fn note(&self, text: &str) -> bool {
        let _ = text;
        false
    }
}
