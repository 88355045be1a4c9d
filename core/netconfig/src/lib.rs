//! Network configuration v1, v2 and the vendors' forms to one [`NetworkState`].
//!
//! Everything here is pure: a [`model::NetworkConfig`] (a tree that knows where each value was written) and the links
//! that the kernel shows go in, a typed state or an error with file, line and column comes out. What a network
//! manager is then told is the business of `distros/network-managers`.

pub mod address;
pub mod azure;
mod command;
pub mod digitalocean;
pub mod dracut;
pub mod eni;
mod error;
pub mod fallback;
pub mod initramfs;
pub mod links;
pub mod openstack;
pub mod physical;
mod read;
mod refer;
pub mod rename;
mod scalar;
mod state;
mod v1;
mod v2;
pub mod vmware;

pub use error::NetError;
pub use scalar::{Param, Scalar};
pub use state::{
    AccessPoint, Dns, Interface, InterfaceKind, Matching, NetworkState, Route, Subnet, SubnetKind, Vlan,
};
pub use v2::{BOND_PARAMETERS, BRIDGE_PARAMETERS, bond_mode};
