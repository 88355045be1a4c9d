//! The building blocks of data sources: what the metadata of several clouds has in common, without policy.
//!
//! - [`hold`]: temporary addresses, by several methods, around a closure that queries.
//! - [`service`]: a metadata service, found by querying its addresses in parallel; documents, listings, session tokens.
//! - [`openstack_layout`], [`ec2_tree`]: two layouts that many clouds share.
//! - [`single`]: all metadata in one JSON document; [`seed`]: NoCloud's four documents.
//! - [`guestinfo`]: the variables that a VMware hypervisor shares with its virtual machine.
//! - [`standard`], [`user_keys`], [`vendor_data`], [`network_forms`]: from documents to an instance.
//! - [`detection`], [`dmi`], [`firmware`]: evidence and documents that are visible without a network.
//! - [`links`]: devices by MAC address. [`leases`]: options of DHCP leases. [`password_server`]: CloudStack's protocol.
//! - [`default_user`]: for services that list keys by user.
//! - [`hyperv`]: the identity of a machine, and the keys and values that its host reads.
//! - [`sha_crypt`]: password hashes.
//! - [`documents`], [`encoding`], [`pairs`], [`oauth`], [`patience`], [`xml`]: formats of documents, command lines, signatures and settings.
//!
//! There are no features: builds omit sources, and the linker removes unused code.

pub mod default_user;
pub mod detection;
pub mod dmi;
pub mod documents;
pub mod ec2_tree;
pub mod encoding;
pub mod firmware;
pub mod guestinfo;
pub mod hold;
pub mod hyperv;
pub mod leases;
pub mod links;
pub mod network_forms;
pub mod oauth;
pub mod openstack_layout;
pub mod pairs;
pub mod password_server;
pub mod patience;
pub mod race;
pub mod seed;
pub mod service;
pub mod sha_crypt;
pub mod side_by_side;
pub mod single;
pub mod standard;
pub mod user_keys;
pub mod vendor_data;
pub mod xml;

pub use patience::Patience;
pub use service::Service;
pub use single::Single;
