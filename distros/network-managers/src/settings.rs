//! The network settings of a distribution.

/// The table of differences that a distribution passes to [`crate::NetworkTools`].
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Settings {
    /// The distribution's name in cloud.cfg (`debian`, `centos`).
    pub distro: String,
    /// `system_info.network.renderers`: the first available renderer is used.
    pub renderers: Option<Vec<String>>,
    /// `system_info.network.activators`: the first available activator is used.
    pub activators: Option<Vec<String>>,
    /// Whether a stage waits for the network itself, because the units do not (Ubuntu).
    pub waits_for_network: bool,
    /// Whether programs of this distribution read `/etc/sysconfig`.
    pub has_sysconfig: bool,
    /// interfaces(5).
    #[cfg(feature = "interfaces")]
    pub interfaces: crate::interfaces::Settings,
    /// `/etc/sysconfig`.
    #[cfg(feature = "ifcfg")]
    pub ifcfg: crate::ifcfg::Settings,
    /// netplan.
    #[cfg(feature = "netplan")]
    pub netplan: crate::netplan::Settings,
    /// systemd-networkd.
    #[cfg(feature = "networkd")]
    pub networkd: crate::networkd::Settings,
}
