//! Inherited descriptors, which the commands of a stage must not get.

use std::os::fd::BorrowedFd;

/// Closes every inherited descriptor but the first three when a command is started. This program's own are opened that
/// way.
pub fn keep_descriptors_from_commands() {
    let Ok(entries) = std::fs::read_dir("/proc/self/fd") else { return };
    let numbers = entries.flatten().filter_map(|entry| entry.file_name().to_str()?.parse::<i32>().ok());
    for number in numbers.filter(|number| *number > 2).collect::<Vec<_>>() {
        // SAFETY: only a flag of the descriptor is set; one that is closed by now, as that of this directory, is an error.
        #[allow(unsafe_code, reason = "inherited descriptors have no owner in this program")]
        let descriptor = unsafe { BorrowedFd::borrow_raw(number) };
        let _ = rustix::io::fcntl_setfd(descriptor, rustix::io::FdFlags::CLOEXEC);
    }
}

#[cfg(test)]
mod tests {
    use rustix::io::{FdFlags, dup, fcntl_getfd, fcntl_setfd};
    use rustix::stdio;

    use super::*;

    #[test]
    fn all_but_the_standard_streams_are_closed_in_commands() {
        let directory = tempfile::tempdir().expect("a directory");
        let file = std::fs::File::create(directory.path().join("file")).expect("made");
        let inherited = dup(&file).expect("another one");
        fcntl_setfd(&inherited, FdFlags::empty()).expect("set");
        keep_descriptors_from_commands();
        assert_eq!(fcntl_getfd(&inherited).expect("open"), FdFlags::CLOEXEC);
        for stream in [stdio::stdin(), stdio::stdout(), stdio::stderr()] {
            assert_eq!(fcntl_getfd(stream).expect("open"), FdFlags::empty());
        }
    }
}
