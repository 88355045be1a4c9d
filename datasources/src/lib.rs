//! Where an instance learns who it is: a file, a feature and a testdata folder per source.
//!
//! Each source implements [`DataSource`]: what can be seen of it without a network, how it is read, and whether a
//! cached instance is still this machine. The pieces that several of them need stand in files named for what they
//! are: the OpenStack layout that a config drive and a metadata service share, EC2's tree, addresses that are asked
//! side by side.

#[cfg(any(feature = "configdrive", feature = "openstack", feature = "ec2", feature = "nocloud"))]
mod detection;
#[cfg(any(feature = "openstack", feature = "ec2"))]
mod ec2_tree;
#[cfg(any(feature = "nocloud", feature = "configdrive", feature = "openstack"))]
mod network_forms;
#[cfg(any(feature = "configdrive", feature = "openstack"))]
mod openstack_layout;
#[cfg(any(feature = "openstack", feature = "ec2"))]
mod race;
#[cfg(any(feature = "openstack", feature = "ec2", feature = "nocloud"))]
mod side_by_side;
#[cfg(any(
    feature = "nocloud",
    feature = "configdrive",
    feature = "openstack",
    feature = "ec2",
    feature = "none"
))]
mod standard;
#[cfg(any(feature = "openstack", feature = "ec2"))]
mod url_params;
#[cfg(any(
    feature = "nocloud",
    feature = "configdrive",
    feature = "openstack",
    feature = "ec2",
    feature = "none"
))]
mod user_keys;
#[cfg(any(feature = "configdrive", feature = "openstack"))]
mod vendor_data;

#[cfg(feature = "configdrive")]
mod configdrive;
#[cfg(feature = "ec2")]
mod ec2;
#[cfg(feature = "nocloud")]
mod nocloud;
#[cfg(feature = "none")]
mod none;
#[cfg(feature = "openstack")]
mod openstack;

use model::DataSource;

/// Every source of this build.
pub fn all() -> Vec<Box<dyn DataSource>> {
    vec![
        #[cfg(feature = "nocloud")]
        Box::new(nocloud::NoCloud),
        #[cfg(feature = "configdrive")]
        Box::new(configdrive::ConfigDrive),
        #[cfg(feature = "openstack")]
        Box::new(openstack::OpenStack),
        #[cfg(feature = "ec2")]
        Box::new(ec2::Ec2),
        #[cfg(feature = "none")]
        Box::new(none::NoSource),
    ]
}

#[cfg(test)]
#[allow(dead_code, reason = "the tests of a single source use a part of it")]
mod testing;
