//! Why a network cannot be written or brought up, beyond what files, commands and links say themselves.

use model::DistroError;
use netconfig::NetError;

use crate::convert::ConvertError;

/// What stands in the way of a network; [`DistroError::Network`] carries it to the stages.
#[derive(Debug, thiserror::Error)]
pub enum NetworkError {
    /// A list of `system_info.network` holds a name that is none.
    #[error("system_info.network.{what}s: there is no {what} '{name}'; those known are {known}")]
    UnknownName {
        /// `renderer` or `activator`.
        what: &'static str,
        /// As it was written.
        name: String,
        /// Those of this build.
        known: String,
    },
    /// No renderer that may be used fits this system.
    #[error(
        "No available network renderers found. Searched through list: {searched}; install one of them, or let \
         system_info.network.renderers list one that is here"
    )]
    NoRenderer {
        /// The names in their order.
        searched: String,
    },
    /// Nothing is here that brings up links.
    #[error("no network activator is here to bring up {link}; install what belongs to one of: {known}")]
    NoActivator {
        /// The link.
        link: String,
        /// The activators of this build.
        known: String,
    },
    /// NetworkManager has no file for a link.
    #[error("{link}: Unable to find an interface config file. Unable to bring up interface.")]
    NoConnection {
        /// The link.
        link: String,
    },
    /// Links that the description names by their addresses did not come.
    #[error("Not all expected physical devices present: {links}; compare their MAC addresses with `ip link`")]
    MissingLinks {
        /// `MAC (NAME)`, separated by commas.
        links: String,
    },
    /// Links kept the names that they had; each was tried.
    #[error("{}", .0.join("\n"))]
    Rename(Vec<String>),
    /// udev does not give links the names that netplan wrote for it.
    #[error("'udevadm test-builtin net_setup_link' unable to run successfully for all devices: {0}")]
    LinkNames(Box<DistroError>),
    /// A description that makes no sense at no place in particular.
    #[error(transparent)]
    Description(#[from] NetError),
    /// A description that cannot be converted.
    #[error(transparent)]
    Convert(#[from] ConvertError),
}

impl From<NetworkError> for DistroError {
    fn from(error: NetworkError) -> Self {
        Self::Network(Box::new(error))
    }
}
