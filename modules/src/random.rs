//! Random choices.

use model::effects::Environment;

/// The characters of a temporary file's name.
const NAME: &[u8] = b"abcdefghijklmnopqrstuvwxyz0123456789_";

/// A name for a temporary file that nobody can predict, in the form of Python's `tempfile`.
pub(crate) fn temporary_name(environment: &dyn Environment, ending: &str) -> String {
    let random = (0..8).map(|_| char::from(NAME[below(environment, NAME.len())]));
    format!("tmp{}{ending}", random.collect::<String>())
}

/// A uniform choice among `count` (at most 256) values: bytes of the last, incomplete range are discarded.
pub(crate) fn below(environment: &dyn Environment, count: usize) -> usize {
    let limit = 256 - 256 % count;
    loop {
        let mut byte = [0];
        environment.random(&mut byte);
        if usize::from(byte[0]) < limit {
            return usize::from(byte[0]) % count;
        }
    }
}
