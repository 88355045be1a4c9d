//! Errors in network configuration beyond those of files, commands and devices.

use model::DistroError;
use netconfig::NetError;

use crate::convert::ConvertError;

/// The error that [`DistroError::Network`] passes to the stages.
#[derive(Debug, thiserror::Error)]
pub enum NetworkError {
    /// An unknown name in a list in `system_info.network`.
    #[error("system_info.network.{what}s: unknown {what} '{name}'; expected {known}")]
    UnknownName {
        /// `renderer` or `activator`.
        what: &'static str,
        /// As it was written.
        name: String,
        /// The names in this build.
        known: String,
    },
    /// None of the allowed renderers is available on this system.
    #[error(
        "No available network renderers found. Searched through list: {searched}; install one of them, or add \
         an available one to system_info.network.renderers"
    )]
    NoRenderer {
        /// The names in order.
        searched: String,
    },
    /// No activator is available.
    #[error("no network activator is available to bring up {link}; install one of: {known}")]
    NoActivator {
        /// The link.
        link: String,
        /// The activators of this build.
        known: String,
    },
    /// NetworkManager has no file for a device.
    #[error("{link}: Unable to find an interface config file. Unable to bring up interface.")]
    NoConnection {
        /// The link.
        link: String,
    },
    /// Devices identified by MAC address did not appear.
    #[error("Not all expected physical devices present: {links}; compare their MAC addresses with `ip link`")]
    MissingLinks {
        /// `MAC (NAME)`, separated by commas.
        links: String,
    },
    /// Devices could not be renamed; all were tried.
    #[error("{}", .0.join("\n"))]
    Rename(Vec<String>),
    /// udev does not apply the names that netplan wrote.
    #[error("'udevadm test-builtin net_setup_link' unable to run successfully for all devices: {0}")]
    LinkNames(Box<DistroError>),
    /// An error without a place in the configuration.
    #[error(transparent)]
    Description(#[from] NetError),
    /// A configuration that cannot be converted.
    #[error(transparent)]
    Convert(#[from] ConvertError),
}

impl From<NetworkError> for DistroError {
    fn from(error: NetworkError) -> Self {
        Self::Network(Box::new(error))
    }
}
