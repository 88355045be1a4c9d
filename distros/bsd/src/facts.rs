//! The rows of the family.

use capabilities::{Rc, RuleFiles};
use model::distro::{CloudCfg, DefaultUser, Facts, TimeClient};

/// What differs between the members in addition to their facts.
#[derive(Clone, Copy, Debug)]
pub(crate) struct System {
    pub(crate) accounts: AccountTools,
    pub(crate) packages: Packages,
    pub(crate) rc: Rc,
    pub(crate) rules: RuleFiles,
    /// Whether the host name is in /etc/myname instead of rc.conf.
    pub(crate) myname: bool,
    /// Whether /etc/login.conf sets the locale.
    pub(crate) login_conf: bool,
}

/// The programs that change accounts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum AccountTools {
    /// pw(8).
    Pw,
    /// NetBSD's useradd(8) and pwhash(1).
    NetBsd,
    /// OpenBSD's useradd(8) and encrypt(1).
    OpenBsd,
}

/// The package manager.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Packages {
    /// pkg(8).
    Pkg,
    /// pkgin(1), or pkg_add(1) without it.
    Pkgin,
}

const FREEBSD_SYSTEM: System = System {
    accounts: AccountTools::Pw,
    packages: Packages::Pkg,
    rc: Rc::Service,
    rules: RuleFiles {
        sudoers: "/usr/local/etc/sudoers",
        directory: "/usr/local/etc/sudoers.d",
        doas: "/usr/local/etc/doas.conf",
    },
    myname: false,
    login_conf: true,
};

/// The row of a member.
pub(crate) fn system(facts: &Facts) -> System {
    match facts.name {
        "netbsd" => System {
            accounts: AccountTools::NetBsd,
            packages: Packages::Pkgin,
            rc: Rc::RcConf,
            rules: RuleFiles {
                sudoers: "/usr/pkg/etc/sudoers",
                directory: "/usr/pkg/etc/sudoers.d",
                doas: "/usr/pkg/etc/doas.conf",
            },
            myname: false,
            login_conf: false,
        },
        "openbsd" => System {
            accounts: AccountTools::OpenBsd,
            packages: Packages::Pkgin,
            rc: Rc::Rcctl,
            rules: RuleFiles::USUAL,
            myname: true,
            login_conf: false,
        },
        _ => FREEBSD_SYSTEM,
    }
}

const FREEBSD_CLIENTS: &[TimeClient] = &[
    TimeClient { file: "/usr/local/etc/chrony.conf", service: "chronyd", ..TimeClient::CHRONY },
    // The system's own.
    TimeClient { service: "ntpd", packages: &[], ..TimeClient::NTP },
    TimeClient {
        name: "openntpd",
        program: "/usr/local/sbin/ntpd",
        file: "/usr/local/etc/ntp.conf",
        service: "openntpd",
        packages: &["openntpd"],
        template: "ntpd.conf.openbsd",
    },
];

/// The system's own.
const OPENBSD_CLIENTS: &[TimeClient] = &[TimeClient {
    name: "openntpd",
    program: "ntpd",
    file: "/etc/ntpd.conf",
    service: "ntpd",
    packages: &[],
    template: "ntpd.conf.openbsd",
}];

const fn user(name: &'static str, gecos: &'static str, shell: &'static str) -> DefaultUser {
    DefaultUser { groups: &["wheel"], shell, ..DefaultUser::named(name, gecos) }
}

const FREEBSD: Facts = Facts {
    name: "freebsd",
    os_release_id: None,
    variant: None,
    default_user: DefaultUser { doas: &["permit nopass freebsd"], ..user("freebsd", "FreeBSD", "/bin/tcsh") },
    hosts_template: "freebsd",
    ssh_service: "sshd",
    ssh_key_group: false,
    prefer_fqdn: true,
    snap: false,
    lists_on_demand: false,
    own_network: false,
    time_clients: FREEBSD_CLIENTS,
    cloud_cfg: CloudCfg {
        renderers: &["freebsd"],
        root_login: true,
        run_dir: Some("/var/run/cloud-init/"),
        syslog_fix_perms: Some("root:wheel"),
        ..CloudCfg::PLAIN
    },
};

/// FreeBSD, DragonFly BSD, NetBSD and OpenBSD.
pub(crate) static MEMBERS: &[Facts] = &[
    FREEBSD,
    Facts {
        name: "dragonflybsd",
        os_release_id: Some("dragonfly"),
        variant: Some("dragonfly"),
        default_user: user("dragonfly", "DragonFly", "/bin/sh"),
        time_clients: &[],
        cloud_cfg: CloudCfg { root_login: false, ..FREEBSD.cloud_cfg },
        ..FREEBSD
    },
    Facts {
        name: "netbsd",
        default_user: user("netbsd", "NetBSD", "/bin/sh"),
        prefer_fqdn: false,
        time_clients: &[],
        cloud_cfg: CloudCfg { renderers: &["netbsd"], root_login: false, ..FREEBSD.cloud_cfg },
        ..FREEBSD
    },
    Facts {
        name: "openbsd",
        default_user: DefaultUser {
            doas: &["permit nopass openbsd"],
            ..user("openbsd", "openBSD", "/bin/ksh")
        },
        prefer_fqdn: false,
        time_clients: OPENBSD_CLIENTS,
        cloud_cfg: CloudCfg { renderers: &["openbsd"], root_login: false, ..FREEBSD.cloud_cfg },
        ..FREEBSD
    },
];
