//! Serves fake metadata services.

fn main() {}
