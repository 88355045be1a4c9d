//! The comment that marks generated files.

use model::System;

/// `# Created by cloud-init v. VERSION on DATE`, with another verb for a changed file (`Added`).
pub fn header(system: &System, verb: &str) -> String {
    let now = system.clock.now();
    let date = now.rfc2822(system.clock.utc_offset(now));
    format!("# {verb} by cloud-init v. {} on {date}", model::VERSION)
}
