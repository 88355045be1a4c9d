//! Where an instance learns who it is: a file, a feature and a testdata folder per source.
//!
//! Each source implements [`DataSource`]: what can be seen of it without a network, how it is read, and whether a
//! cached instance is still this machine. What several of them have in common is in the crate `metadata`.

use model::DataSource;

/// The one row of a source: its feature, which is its module's name too, and its type.
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
#[allow(dead_code, reason = "the tests of a single source use a part of it")]
mod testing;
