//! A process's surroundings, and the journal of a plan.

use crate::Stage;

/// What uname(2) tells.
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

/// The process's surroundings.
pub trait Environment: Send + Sync {
    /// A variable of the environment.
    fn var(&self, name: &str) -> Option<String>;

    /// This process's number.
    fn pid(&self) -> u32;

    /// The effective user's number.
    fn uid(&self) -> u32;

    /// The kernel's names.
    fn uname(&self) -> Uname;

    /// Fills a buffer from the kernel's cryptographic generator.
    fn random(&self, buffer: &mut [u8]);

    /// Prints to the process's standard output: reporting by `print`. A plan's own output stays whole.
    fn print(&self, _text: &str) {}

    /// Prints to the process's standard error, where a boot tells people what happens (cloud-init-output.log).
    fn tell(&self, text: &str);
}

/// Which part of a boot the effects that follow belong to.
pub trait Journal: Send + Sync {
    /// A stage begins, and within it perhaps a module.
    fn enter(&self, stage: Stage, module: Option<&str>);

    /// Takes a note of what only the machine will know, and says whether it did: a plan does. On a machine, where it is
    /// known, nobody takes notes.
    fn note(&self, text: &str) -> bool {
        let _ = text;
        false
    }
}
