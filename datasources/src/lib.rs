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
    "lxd" lxd Lxd;
    "opennebula" opennebula OpenNebula;
    "vmware" vmware VMware;
    "ovf" ovf Ovf;
    "digitalocean" digitalocean DigitalOcean;
    "altcloud" altcloud AltCloud;
    "maas" maas Maas;
    "azure" azure Azure;
    "gce" gce Gce;
    "openstack" openstack OpenStack;
    "aliyun" aliyun AliYun;
    "vultr" vultr Vultr;
    "ec2" ec2 Ec2;
    "cloudsigma" cloudsigma CloudSigma;
    "cloudstack" cloudstack CloudStack;
    "smartos" smartos SmartOs;
    "bigstep" bigstep Bigstep;
    "scaleway" scaleway Scaleway;
    "hetzner" hetzner Hetzner;
    "ibmcloud" ibmcloud IbmCloud;
    "exoscale" exoscale Exoscale;
    "rbxcloud" rbxcloud RbxCloud;
    "oracle" oracle Oracle;
    "upcloud" upcloud UpCloud;
    "nwcs" nwcs Nwcs;
    "akamai" akamai Akamai;
    "wsl" wsl Wsl;
    "cloudcix" cloudcix CloudCix;
    "none" none NoSource;
}

#[cfg(test)]
mod broken_answers;
#[cfg(test)]
mod hwdb;
#[cfg(test)]
#[allow(dead_code, reason = "the tests of a single source use only a part of it")]
mod testing;
