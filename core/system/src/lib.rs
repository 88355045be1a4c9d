//! The only crate that touches files, processes, devices and time: Host, Overlay and Scratch.
