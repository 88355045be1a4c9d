//! cloud-init: configures a cloud instance at boot.

fn main() {}
