//! Where an instance learns who it is: a file, a feature and a testdata folder per source.
