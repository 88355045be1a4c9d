//! Resource limits.

/// Limits for reading a document. Exceeding one is a typed error; data is never truncated.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// The size of the source in bytes; also, doubled, the size of all text after expanding aliases.
    pub max_bytes: usize,
    /// The nesting of collections after expanding aliases. Values above [`Limits::DEEPEST`] count as that:
    /// the tree is traversed and dropped recursively.
    pub max_depth: usize,
    /// The number of nodes after expanding aliases and merge keys: a small text could otherwise expand to
    /// gigabytes.
    pub max_nodes: usize,
}

impl Limits {
    /// The upper bound for the nesting of collections.
    pub const DEEPEST: usize = 256;

    /// The limits of configurations, network configurations and user-data, at boot as in all commands: 32 MiB, 200
    /// levels, 40,000 nodes. A boot needs about 500 bytes of memory a node. Clouds accept at most 256 KiB of user-data.
    pub const BOOT: Self = Limits { max_bytes: 32 << 20, max_depth: 200, max_nodes: 40_000 };
}

impl Default for Limits {
    fn default() -> Self {
        Self::BOOT
    }
}
