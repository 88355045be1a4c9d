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
