//! Modules of the original that this program does not have yet: the types of their keys, so that a cloud-config with
//! them is checked as any other. Each is ready to become the `Config` of its module.

pub mod ansible;
pub mod apk_configure;
pub mod apt_configure;
pub mod apt_pipelining;
pub mod byobu;
pub mod ca_certs;
pub mod chef;
pub mod disable_ec2_metadata;
pub mod disk_setup;
pub mod fan;
pub mod grub_dpkg;
pub mod keyboard;
pub mod landscape;
pub mod lxd;
pub mod mcollective;
pub mod ntp;
pub mod puppet;
pub mod raspberry_pi;
pub mod reset_rmc;
pub mod resolv_conf;
pub mod rh_subscription;
pub mod salt_minion;
pub mod snap;
pub mod spacewalk;
pub mod ssh_import_id;
pub mod ubuntu_autoinstall;
pub mod ubuntu_drivers;
pub mod ubuntu_pro;
pub mod wireguard;
pub mod yum_add_repo;
pub mod zypper_add_repo;
