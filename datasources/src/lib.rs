//! Data sources: a file, a feature and a testdata directory each.
//!
//! Each source implements [`DataSource`]: its detection without a network, how it is read, and whether a cached
//! instance is still this machine. Shared code is in the crate `metadata`.

use model::DataSource;

/// The row of a source: its feature, which is also its module's name, and its type.
macro_rules! sources {
    ($($feature:literal $module:ident $source:ident;)*) => {
        $(#[cfg(feature = $feature)] mod $module;)*

        /// Every source of this build.
        pub fn all() -> Vec<Box<dyn DataSource>> {
            vec![$(#[cfg(feature = $feature)] Box::new($module::$source),)*]
        }
    };
}

sources! {
    "nocloud" nocloud NoCloud;
    "configdrive" configdrive ConfigDrive;
    "openstack" openstack OpenStack;
    "ec2" ec2 Ec2;
    "none" none NoSource;
}

#[cfg(test)]
#[allow(dead_code, reason = "the tests of a single source use only a part of it")]
mod testing;
