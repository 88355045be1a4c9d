//! interfaces(5) of ifupdown, read and written byte for byte.
