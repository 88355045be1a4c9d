//! The vocabulary of data sources: what several clouds' metadata have in common, without any cloud's own policy.
//!
//! - [`hold`]: an address held for a moment, in several ways, around a closure that asks.
//! - [`service`]: a metadata service, found by asking its addresses side by side; documents, listings, kept tokens.
//! - [`openstack_layout`], [`ec2_tree`]: the two layouts that many clouds share.
//! - [`standard`], [`user_keys`], [`vendor_data`], [`network_forms`]: from documents to an instance.
//! - [`detection`], [`dmi`]: what can be seen without a network.
//! - [`encoding`], [`pairs`], [`oauth`], [`patience`]: how documents, command lines, signatures and settings are written.
//!
//! There are no features here: what a build leaves out is a source, and the linker leaves out what nobody uses.

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
