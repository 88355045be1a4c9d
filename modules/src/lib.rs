//! What the keys of a cloud-config do: a file, a feature and a testdata folder per module.
