//! The building blocks of data sources: what the metadata of several clouds has in common, without policy.
//!
//! - [`hold`]: temporary addresses, by several methods, around a closure that queries.
//! - [`service`]: a metadata service, found by querying its addresses in parallel; documents, listings, session tokens.
//! - [`openstack_layout`], [`ec2_tree`]: two layouts that many clouds share.
//! - [`standard`], [`user_keys`], [`vendor_data`], [`network_forms`]: from documents to an instance.
//! - [`detection`], [`dmi`]: evidence that is visible without a network.
//! - [`encoding`], [`pairs`], [`oauth`], [`patience`]: formats of documents, command lines, signatures and settings.
//!
//! There are no features: builds omit sources, and the linker removes unused code.

pub mod detection;
pub mod dmi;
pub mod ec2_tree;
pub mod encoding;
pub mod hold;
pub mod network_forms;
pub mod oauth;
pub mod openstack_layout;
pub mod pairs;
pub mod patience;
pub mod race;
pub mod service;
pub mod side_by_side;
pub mod standard;
pub mod user_keys;
pub mod vendor_data;

pub use patience::Patience;
pub use service::Service;
