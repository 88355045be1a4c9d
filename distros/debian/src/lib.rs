//! Debian and its derivatives.
