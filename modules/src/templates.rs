//! The built-in templates, by the name under which an image can override them.
//!
//! Each is a file in `modules/templates`; one that several distributions share exists once. The directives are
//! upstream's, the texts our own.

/// The table: the feature, name and file of each template.
macro_rules! templates {
    ($($feature:literal $name:literal $file:literal;)*) => {
        /// Names and texts.
        pub(crate) const TEMPLATES: &[(&str, &str)] = &[
            $(#[cfg(feature = $feature)] ($name, include_str!(concat!("../templates/", $file, ".tmpl"))),)*
        ];
    };
}

templates! {
    "templates" "chef_client.rb" "chef_client.rb";
    "templates" "chrony.conf.almalinux" "chrony.conf.almalinux";
    "templates" "chrony.conf.alpine" "chrony.conf.alpine";
    "templates" "chrony.conf.aosc" "chrony.conf.almalinux";
    "templates" "chrony.conf.azurelinux" "chrony.conf.almalinux";
    "templates" "chrony.conf.centos" "chrony.conf.almalinux";
    "templates" "chrony.conf.cloudlinux" "chrony.conf.almalinux";
    "templates" "chrony.conf.cos" "chrony.conf.cos";
    "templates" "chrony.conf.debian" "chrony.conf.alpine";
    "templates" "chrony.conf.eurolinux" "chrony.conf.almalinux";
    "templates" "chrony.conf.fedora" "chrony.conf.fedora";
    "templates" "chrony.conf.freebsd" "chrony.conf.freebsd";
    "templates" "chrony.conf.mariner" "chrony.conf.almalinux";
    "templates" "chrony.conf.miraclelinux" "chrony.conf.almalinux";
    "templates" "chrony.conf.OpenCloudOS" "chrony.conf.almalinux";
    "templates" "chrony.conf.openeuler" "chrony.conf.almalinux";
    "templates" "chrony.conf.openmandriva" "chrony.conf.almalinux";
    "templates" "chrony.conf.opensuse-leap" "chrony.conf.almalinux";
    "templates" "chrony.conf.opensuse-microos" "chrony.conf.almalinux";
    "templates" "chrony.conf.opensuse-tumbleweed" "chrony.conf.almalinux";
    "templates" "chrony.conf.opensuse" "chrony.conf.almalinux";
    "templates" "chrony.conf.photon" "chrony.conf.fedora";
    "templates" "chrony.conf.raspberry-pi-os" "chrony.conf.alpine";
    "templates" "chrony.conf.rhel" "chrony.conf.almalinux";
    "templates" "chrony.conf.rocky" "chrony.conf.almalinux";
    "templates" "chrony.conf.sle-micro" "chrony.conf.almalinux";
    "templates" "chrony.conf.sle_hpc" "chrony.conf.almalinux";
    "templates" "chrony.conf.sles" "chrony.conf.almalinux";
    "templates" "chrony.conf.TencentOS" "chrony.conf.almalinux";
    "templates" "chrony.conf.ubuntu" "chrony.conf.alpine";
    "templates" "chrony.conf.virtuozzo" "chrony.conf.almalinux";
    "update_etc_hosts" "hosts.alpine" "hosts.alpine";
    "update_etc_hosts" "hosts.aosc" "hosts.aosc";
    "update_etc_hosts" "hosts.arch" "hosts.arch";
    "update_etc_hosts" "hosts.azurelinux" "hosts.azurelinux";
    "update_etc_hosts" "hosts.debian" "hosts.debian";
    "update_etc_hosts" "hosts.freebsd" "hosts.freebsd";
    "update_etc_hosts" "hosts.gentoo" "hosts.gentoo";
    "update_etc_hosts" "hosts.mariner" "hosts.mariner";
    "update_etc_hosts" "hosts.openeuler" "hosts.openeuler";
    "update_etc_hosts" "hosts.photon" "hosts.photon";
    "update_etc_hosts" "hosts.redhat" "hosts.redhat";
    "update_etc_hosts" "hosts.suse" "hosts.suse";
    "templates" "ntp.conf.almalinux" "ntp.conf.almalinux";
    "templates" "ntp.conf.alpine" "ntp.conf.alpine";
    "templates" "ntp.conf.aosc" "ntp.conf.almalinux";
    "templates" "ntp.conf.azurelinux" "ntp.conf.almalinux";
    "templates" "ntp.conf.centos" "ntp.conf.almalinux";
    "templates" "ntp.conf.cloudlinux" "ntp.conf.almalinux";
    "templates" "ntp.conf.cos" "ntp.conf.almalinux";
    "templates" "ntp.conf.debian" "ntp.conf.debian";
    "templates" "ntp.conf.eurolinux" "ntp.conf.almalinux";
    "templates" "ntp.conf.fedora" "ntp.conf.fedora";
    "templates" "ntp.conf.freebsd" "ntp.conf.freebsd";
    "templates" "ntp.conf.mariner" "ntp.conf.almalinux";
    "templates" "ntp.conf.miraclelinux" "ntp.conf.almalinux";
    "templates" "ntp.conf.OpenCloudOS" "ntp.conf.almalinux";
    "templates" "ntp.conf.openeuler" "ntp.conf.almalinux";
    "templates" "ntp.conf.openmandriva" "ntp.conf.almalinux";
    "templates" "ntp.conf.opensuse" "ntp.conf.opensuse";
    "templates" "ntp.conf.opensuse-leap" "ntp.conf.opensuse";
    "templates" "ntp.conf.opensuse-microos" "ntp.conf.opensuse";
    "templates" "ntp.conf.opensuse-tumbleweed" "ntp.conf.opensuse";
    "templates" "ntp.conf.photon" "ntp.conf.almalinux";
    "templates" "ntp.conf.raspberry-pi-os" "ntp.conf.debian";
    "templates" "ntp.conf.rhel" "ntp.conf.almalinux";
    "templates" "ntp.conf.rocky" "ntp.conf.almalinux";
    "templates" "ntp.conf.sle-micro" "ntp.conf.opensuse";
    "templates" "ntp.conf.sle_hpc" "ntp.conf.opensuse";
    "templates" "ntp.conf.sles" "ntp.conf.opensuse";
    "templates" "ntp.conf.TencentOS" "ntp.conf.almalinux";
    "templates" "ntp.conf.ubuntu" "ntp.conf.debian";
    "templates" "ntp.conf.virtuozzo" "ntp.conf.almalinux";
    "templates" "ntpd.conf.openbsd" "ntpd.conf.openbsd";
    "templates" "resolv.conf" "resolv.conf";
    "templates" "sources.list.debian.deb822" "sources.list.debian.deb822";
    "templates" "sources.list.debian" "sources.list.debian";
    "templates" "sources.list.ubuntu.deb822" "sources.list.ubuntu.deb822";
    "templates" "sources.list.ubuntu" "sources.list.ubuntu";
    "templates" "systemd.resolved.conf" "systemd.resolved.conf";
    "templates" "timesyncd.conf" "timesyncd.conf";
}
