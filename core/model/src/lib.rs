//! The contracts and the vocabulary: what a distro, a data source, a handler and a module are, and the traits of every effect.
