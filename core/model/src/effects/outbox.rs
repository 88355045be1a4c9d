//! Requests whose answers nobody waits for.

use super::Request;

/// Sends reports while the boot goes on.
///
/// Requests leave in the order in which they were posted, each with its own retries. One that fails is a warning in
/// the log and never an error of who posted it.
pub trait Outbox: Send + Sync {
    /// Takes a request, to be sent soon.
    fn post(&self, request: Request);

    /// Waits until all that was posted is sent or has failed. After several failures one after another the rest is
    /// dropped, so that a service that is away holds up no boot.
    fn flush(&self);
}
