//! Converts network config v1, v2 and vendor formats to a [`NetworkState`].
//!
//! This crate does no I/O: its input is a [`model::NetworkConfig`] (a tree with the origin of each value) and the
//! kernel's network devices, its output a typed state or an error with file, line and column. Rendering for network
//! managers is in `distros/network-managers`.

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
