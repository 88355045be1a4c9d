//! Computations that must not harm this process.

use std::any::Any;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::Duration;

/// What a computation may use.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Bounds {
    /// Bytes of memory in addition to those in use at its start.
    pub memory: u64,
    /// Processor time; the deadline on the clock is three times later, for a machine that is busy.
    pub time: Duration,
    /// Bytes of its result.
    pub output: usize,
}

/// Why a computation has no result. Each message continues a sentence that starts with what was computed.
#[derive(Debug, thiserror::Error)]
pub enum SandboxError {
    /// It needs too much memory.
    #[error("takes too much memory (limit {} MiB)", limit >> 20)]
    Memory {
        /// The limit in bytes.
        limit: u64,
    },
    /// It takes too long.
    #[error("takes too long (limit {} s)", limit.as_secs())]
    Time {
        /// The limit.
        limit: Duration,
    },
    /// Its recursion filled the stack.
    #[error("nests too deeply")]
    Stack,
    /// Its result is too large.
    #[error("has a result of more than {} MiB", limit >> 20)]
    Output {
        /// The limit in bytes.
        limit: usize,
    },
    /// It panicked.
    #[error("caused an {INTERNAL_ERROR}: {0}")]
    Panicked(String),
    /// Something else ended its process.
    #[error("did not finish: its process was ended by {0}")]
    Died(String),
    /// The process could not be started.
    #[error("cannot run in a process of its own: {0}")]
    Io(#[from] std::io::Error),
}

/// Runs computations within bounds.
pub trait Sandbox: Send + Sync {
    /// The result of `work`, which must be a pure computation: it may run in another process, where it must neither
    /// log nor use threads.
    fn run(&self, bounds: &Bounds, work: &dyn Fn() -> Vec<u8>) -> Result<Vec<u8>, SandboxError>;
}

/// Computes in this process, for tests: only panics and the size of the result are caught.
#[derive(Clone, Copy, Debug, Default)]
pub struct InProcess;

impl Sandbox for InProcess {
    fn run(&self, bounds: &Bounds, work: &dyn Fn() -> Vec<u8>) -> Result<Vec<u8>, SandboxError> {
        let result = catch_unwind(AssertUnwindSafe(work))
            .map_err(|panic| SandboxError::Panicked(panic_text(panic.as_ref()).to_owned()))?;
        if result.len() > bounds.output {
            return Err(SandboxError::Output { limit: bounds.output });
        }
        Ok(result)
    }
}

/// What a panic is in messages.
pub const INTERNAL_ERROR: &str = "internal error (panic), please report it as a bug";

/// The message of a panic.
pub fn panic_text(panic: &(dyn Any + Send)) -> &str {
    let text = panic.downcast_ref::<String>().map(String::as_str);
    text.or_else(|| panic.downcast_ref::<&str>().copied()).unwrap_or("no message")
}

/// A panic as the reason of a failure.
pub fn internal_error(panic: &(dyn Any + Send)) -> String {
    format!("{INTERNAL_ERROR}: {}", panic_text(panic))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_panic_is_an_error() {
        let bounds = Bounds { memory: 1 << 20, time: Duration::from_secs(1), output: 3 };
        assert_eq!(InProcess.run(&bounds, &|| b"abc".to_vec()).expect("three bytes"), b"abc");
        let error = InProcess.run(&bounds, &|| b"abcd".to_vec()).expect_err("four bytes");
        assert!(matches!(error, SandboxError::Output { limit: 3 }));
        let error = InProcess.run(&bounds, &|| panic!("no {}", 7)).expect_err("a panic");
        assert!(error.to_string().ends_with("as a bug: no 7"), "{error}");
    }
}
