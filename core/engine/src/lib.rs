//! The stages of a boot: configuration, merging, user-data, semaphores, status, reporting.
