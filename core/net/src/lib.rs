//! Network configuration v1, v2 and the vendors' forms to one NetworkState.

pub mod fallback;
pub mod initramfs;
