//! Network descriptions that are made up, and what each renderer does with them: ours and the packaged original.
// A harness around real programs: effects are its business.
#![allow(clippy::disallowed_methods)]
#![allow(
    clippy::cast_possible_truncation,
    clippy::cast_precision_loss,
    clippy::cast_possible_wrap,
    reason = "numbers of our own making"
)]

pub mod compare;
pub mod describe;
pub mod generate;
pub mod held;
pub mod identical;
pub mod judge;
pub mod known;
pub mod ledger;
pub mod original;
pub mod raised;

/// A renderer and a distribution whose settings it takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Output {
    /// The name of the row.
    pub name: &'static str,
    /// The renderer.
    pub renderer: &'static str,
    /// The distribution.
    pub distro: &'static str,
    /// Only descriptions that the original can express are compared: one address of IPv4 for each link.
    pub simple: bool,
}

/// What is compared.
pub const OUTPUTS: &[Output] = &[
    Output { name: "eni", renderer: "eni", distro: "debian", simple: false },
    Output { name: "netplan", renderer: "netplan", distro: "ubuntu", simple: false },
    Output { name: "networkd", renderer: "networkd", distro: "photon", simple: false },
    Output { name: "network-manager", renderer: "network-manager", distro: "fedora", simple: false },
    Output { name: "freebsd", renderer: "freebsd", distro: "freebsd", simple: true },
    Output { name: "netbsd", renderer: "netbsd", distro: "netbsd", simple: true },
    Output { name: "openbsd", renderer: "openbsd", distro: "openbsd", simple: true },
    Output { name: "sysconfig", renderer: "sysconfig", distro: "centos", simple: false },
    Output { name: "sysconfig-suse", renderer: "sysconfig", distro: "opensuse", simple: false },
];
