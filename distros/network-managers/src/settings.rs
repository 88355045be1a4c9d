//! What a distribution says about its network.

/// The table of differences that a distribution passes to [`crate::NetworkTools`].
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Settings {
    /// The distribution's name in cloud.cfg (`debian`, `centos`).
    pub distro: String,
    /// `system_info.network.renderers`: renderers by name, the first that is available writes.
    pub renderers: Option<Vec<String>>,
    /// `system_info.network.activators`: activators by name, the first that is available is used.
    pub activators: Option<Vec<String>>,
    /// A stage waits for the network where it needs one, since the units do not (Ubuntu).
    pub waits_for_network: bool,
    /// Programs of this distribution read `/etc/sysconfig`.
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
