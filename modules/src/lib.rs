//! What the keys of a cloud-config do: a file, a feature and a testdata folder per module.
//!
//! A module reads its own keys through a typed `Config`, and changes the machine through the effects and the
//! distribution of its [`model::Context`] only. [`all`] is the list that a registry takes.

use model::module::AnyModule;

pub mod lenient;

#[cfg(any(feature = "users_groups", feature = "ssh", feature = "set_passwords"))]
mod accounts;
#[cfg(any(feature = "users_groups", feature = "ssh"))]
mod authorized_keys;
#[cfg(feature = "set_passwords")]
mod console;
#[cfg(any(
    feature = "scripts_vendor",
    feature = "scripts_per_once",
    feature = "scripts_per_boot",
    feature = "scripts_per_instance",
    feature = "scripts_user"
))]
mod run_parts;
#[cfg(any(feature = "bootcmd", feature = "runcmd"))]
mod shell;
#[cfg(any(feature = "ssh", feature = "set_passwords"))]
mod sshd_config;
#[cfg(any(feature = "final_message", feature = "update_etc_hosts"))]
mod timestamp;

#[cfg(feature = "bootcmd")]
pub mod bootcmd;
#[cfg(feature = "final_message")]
pub mod final_message;
#[cfg(feature = "runcmd")]
pub mod runcmd;
#[cfg(feature = "scripts_per_boot")]
pub mod scripts_per_boot;
#[cfg(feature = "scripts_per_instance")]
pub mod scripts_per_instance;
#[cfg(feature = "scripts_per_once")]
pub mod scripts_per_once;
#[cfg(feature = "scripts_user")]
pub mod scripts_user;
#[cfg(feature = "scripts_vendor")]
pub mod scripts_vendor;
#[cfg(feature = "set_hostname")]
pub mod set_hostname;
#[cfg(feature = "set_passwords")]
pub mod set_passwords;
#[cfg(feature = "ssh")]
pub mod ssh;
#[cfg(feature = "update_etc_hosts")]
pub mod update_etc_hosts;
#[cfg(feature = "update_hostname")]
pub mod update_hostname;
#[cfg(feature = "users_groups")]
pub mod users_groups;
#[cfg(feature = "write_files")]
pub mod write_files;

/// Templates that the modules carry, for images that ship none.
pub const TEMPLATES: &[(&str, &str)] = &[
    #[cfg(feature = "update_etc_hosts")]
    update_etc_hosts::TEMPLATES[0],
    #[cfg(feature = "update_etc_hosts")]
    update_etc_hosts::TEMPLATES[1],
];

/// Every module of this build, in the order of their stages.
pub fn all() -> Vec<Box<dyn AnyModule>> {
    vec![
        #[cfg(feature = "bootcmd")]
        Box::new(bootcmd::Bootcmd),
        #[cfg(feature = "write_files")]
        Box::new(write_files::WriteFiles),
        #[cfg(feature = "set_hostname")]
        Box::new(set_hostname::SetHostname),
        #[cfg(feature = "update_hostname")]
        Box::new(update_hostname::UpdateHostname),
        #[cfg(feature = "update_etc_hosts")]
        Box::new(update_etc_hosts::UpdateEtcHosts),
        #[cfg(feature = "users_groups")]
        Box::new(users_groups::UsersGroups),
        #[cfg(feature = "ssh")]
        Box::new(ssh::Ssh),
        #[cfg(feature = "set_passwords")]
        Box::new(set_passwords::SetPasswords),
        #[cfg(feature = "runcmd")]
        Box::new(runcmd::Runcmd),
        #[cfg(feature = "write_files")]
        Box::new(write_files::WriteFilesDeferred),
        #[cfg(feature = "scripts_vendor")]
        Box::new(scripts_vendor::ScriptsVendor),
        #[cfg(feature = "scripts_per_once")]
        Box::new(scripts_per_once::ScriptsPerOnce),
        #[cfg(feature = "scripts_per_boot")]
        Box::new(scripts_per_boot::ScriptsPerBoot),
        #[cfg(feature = "scripts_per_instance")]
        Box::new(scripts_per_instance::ScriptsPerInstance),
        #[cfg(feature = "scripts_user")]
        Box::new(scripts_user::ScriptsUser),
        #[cfg(feature = "final_message")]
        Box::new(final_message::FinalMessage),
    ]
}
