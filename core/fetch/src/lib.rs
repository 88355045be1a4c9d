//! The only crate that knows an HTTP library: deadlines, retries, size limits.
