//! Fire-and-forget requests.

use super::Request;

/// Sends reports in the background.
///
/// Requests are sent in order, each with its own retries. A failure is a warning in the log, not an error for the
/// caller.
pub trait Outbox: Send + Sync {
    /// Queues a request.
    fn post(&self, request: Request);

    /// Waits until all queued requests have been sent or have failed. After several consecutive failures the rest is
    /// discarded, so that an unavailable service does not delay the boot.
    fn flush(&self);
}
