//! Random bytes of the kernel.

use std::io;

use rustix::rand::{GetRandomFlags, getrandom};

/// Fills a buffer by getrandom(2). At an early boot this makes the kernel gather what it lacks (since Linux 5.4), which
/// takes a second at most. Waiting for /dev/random does not: without a hardware generator it may never be ready. That is
/// what the crate getrandom does in a static program, and what is left where the kernel has no such call (before 3.17).
pub(crate) fn fill(buffer: &mut [u8]) -> io::Result<()> {
    let mut filled = 0;
    while filled < buffer.len() {
        match getrandom(&mut buffer[filled..], GetRandomFlags::empty()) {
            Ok(more) => filled += more,
            Err(rustix::io::Errno::INTR) => {}
            Err(rustix::io::Errno::NOSYS) => {
                return getrandom::fill(&mut buffer[filled..]).map_err(io::Error::other);
            }
            Err(error) => return Err(error.into()),
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_whole_buffer_is_filled() {
        let (mut one, mut other) = ([0; 300], [0; 300]);
        fill(&mut one).expect("randomness");
        fill(&mut other).expect("randomness");
        assert_ne!(one, other);
        assert!(one[256..].iter().any(|byte| *byte != 0), "one call may give 256 bytes only");
        fill(&mut []).expect("nothing to do");
    }
}
