//! What a document may cost.

/// Bounds on reading one document. Every bound ends in a typed error, never in less data.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Bytes of the source; also, doubled, the bytes of all text once aliases are expanded.
    pub max_bytes: usize,
    /// Collections inside each other, aliases expanded. Above [`Limits::DEEPEST`] is read as that:
    /// the tree is walked and dropped recursively.
    pub max_depth: usize,
    /// Nodes of the tree once aliases and merge keys are expanded: the guard against a small text
    /// that unfolds into gigabytes.
    pub max_nodes: usize,
}

impl Limits {
    /// No limit lets collections nest deeper than this.
    pub const DEEPEST: usize = 256;
}

impl Default for Limits {
    /// 32 MiB, 200 levels, a million nodes: far beyond any user-data, well within a small machine.
    fn default() -> Self {
        Limits { max_bytes: 32 << 20, max_depth: 200, max_nodes: 1_000_000 }
    }
}
