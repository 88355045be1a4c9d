//! The templates that the program carries, by the name under which an image may bring its own.
//!
//! What distributions share is written once. Their directives are the original's; the words are ours.

/// /etc/hosts: the lines, below what the file says of itself.
#[cfg(feature = "update_etc_hosts")]
macro_rules! hosts {
    ($variant:literal, $($lines:expr),+) => {
        (concat!("hosts.", $variant), concat!(
            "## template:jinja\n",
            "# Written by cloud-init at every boot, since its configuration says\n",
            "#   manage_etc_hosts: true\n",
            "# What is changed here is lost. Change /etc/cloud/templates/hosts.", $variant, ".tmpl, or\n",
            "# take the key out of /etc/cloud/cloud.cfg or of the user-data.\n",
            $($lines),+
        ))
    };
}

#[cfg(feature = "update_etc_hosts")]
macro_rules! multicast {
    () => {
        "\n# IPv6\n::1 localhost ip6-localhost ip6-loopback\nff02::1 ip6-allnodes\nff02::2 ip6-allrouters\n"
    };
}

#[cfg(feature = "update_etc_hosts")]
macro_rules! named_v4 {
    () => {
        "127.0.0.1 {{fqdn}} {{hostname}}\n127.0.0.1 localhost.localdomain localhost\n127.0.0.1 localhost4.localdomain4 localhost4\n"
    };
}

#[cfg(feature = "update_etc_hosts")]
macro_rules! named_v6 {
    () => {
        "\n# IPv6\n::1 {{fqdn}} {{hostname}}\n::1 localhost.localdomain localhost\n::1 localhost6.localdomain6 localhost6\n"
    };
}

/// The servers, pools and peers of a time service.
#[cfg(feature = "templates")]
macro_rules! sources {
    () => {
        "{% for pool in pools %}\npool {{ pool }} iburst\n{% endfor %}\n\
         {% for server in servers %}\nserver {{ server }} iburst\n{% endfor %}\n\
         {% for peer in peers %}\npeer {{ peer }}\n{% endfor %}\n"
    };
}

/// chrony.conf of a distribution: its own lines behind the sources.
#[cfg(feature = "templates")]
macro_rules! chrony {
    ($variant:literal, $($lines:expr),+) => {
        (concat!("chrony.conf.", $variant), concat!(
            "## template:jinja\n# Written by cloud-init; see chrony.conf(5).\n",
            sources!(),
            "{% for network in allow %}\nallow {{ network }}\n{% endfor %}\n",
            $($lines),+
        ))
    };
}

#[cfg(feature = "templates")]
macro_rules! chrony_rpm {
    () => {
        "driftfile /var/lib/chrony/drift\nmakestep 1.0 3\nrtcsync\n"
    };
}

#[cfg(feature = "templates")]
macro_rules! chrony_debian {
    () => {
        "keyfile /etc/chrony/chrony.keys\ndriftfile /var/lib/chrony/chrony.drift\nlogdir /var/log/chrony\n\
         maxupdateskew 100.0\nrtcsync\nmakestep 1 3\n"
    };
}

#[cfg(feature = "templates")]
macro_rules! logdir {
    () => {
        "logdir /var/log/chrony\n"
    };
}

/// ntp.conf of a distribution: its own lines before and behind the sources.
#[cfg(feature = "templates")]
macro_rules! ntp {
    ($variant:literal, $before:expr, $behind:expr) => {
        (
            concat!("ntp.conf.", $variant),
            concat!(
                "## template:jinja\n# Written by cloud-init; see ntp.conf(5).\n",
                $before,
                sources!(),
                $behind
            ),
        )
    };
}

#[cfg(feature = "templates")]
macro_rules! ntp_rpm {
    ($variant:literal) => {
        ntp!(
            $variant,
            "driftfile /var/lib/ntp/drift\nrestrict default kod nomodify notrap nopeer noquery\n\
             restrict -6 default kod nomodify notrap nopeer noquery\nrestrict 127.0.0.1\nrestrict -6 ::1\n",
            "includefile /etc/ntp/crypto/pw\nkeys /etc/ntp/keys\n"
        )
    };
}

#[cfg(feature = "templates")]
macro_rules! ntp_debian {
    ($variant:literal) => {
        ntp!(
            $variant,
            "driftfile /var/lib/ntp/ntp.drift\nstatistics loopstats peerstats clockstats\n\
             filegen loopstats file loopstats type day enable\nfilegen peerstats file peerstats type day enable\n\
             filegen clockstats file clockstats type day enable\n",
            "restrict -4 default kod notrap nomodify nopeer noquery limited\n\
             restrict -6 default kod notrap nomodify nopeer noquery limited\n\
             restrict 127.0.0.1\nrestrict ::1\nrestrict source notrap nomodify noquery\n"
        )
    };
}

#[cfg(feature = "templates")]
macro_rules! ntp_suse {
    ($variant:literal) => {
        ntp!(
            $variant,
            "",
            "restrict -4 default notrap nomodify nopeer noquery\nrestrict -6 default notrap nomodify nopeer noquery\n\
             restrict 127.0.0.1\nrestrict ::1\ndriftfile /var/lib/ntp/drift/ntp.drift\nlogfile /var/log/ntp\n\
             keys /etc/ntp.keys\ntrustedkey 1\nrequestkey 1\ncontrolkey 1\n"
        )
    };
}

/// What a list of package sources says of itself.
#[cfg(feature = "templates")]
macro_rules! apt_head {
    ($name:literal) => {
        concat!(
            "## template:jinja\n",
            "## Written by cloud-init at the first boot of an instance; what is changed here is lost in the next one.\n",
            "## To keep a list of your own set apt: {preserve_sources_list: true}, put it into\n",
            "## /etc/apt/sources.list.d, or change /etc/cloud/templates/", $name, ".tmpl.\n"
        )
    };
}

#[cfg(feature = "templates")]
macro_rules! apt_debian_security {
    ($end:literal) => {
        concat!(
            "{{codename}}{% if codename in ('buster', 'stretch') %}/updates{% else %}-security{% endif ",
            $end
        )
    };
}

#[cfg(feature = "templates")]
const SOURCES_DEBIAN: &str = concat!(
    apt_head!("sources.list.debian"),
    "deb {{mirror}} {{codename}} main\ndeb-src {{mirror}} {{codename}} main\n\n## Security updates.\n",
    "deb {{security}} ",
    apt_debian_security!("%}"),
    " main\n",
    "deb-src {{security}} ",
    apt_debian_security!("%}"),
    " main\n\n## Other updates.\n",
    "deb {{mirror}} {{codename}}-updates main\ndeb-src {{mirror}} {{codename}}-updates main\n\n",
    "## Newer versions, less tested.\n",
    "{% if codename != 'bullseye' %}\n",
    "deb {{mirror}} {{codename}}-backports main\ndeb-src {{mirror}} {{codename}}-backports main\n{% endif %}\n"
);

#[cfg(feature = "templates")]
const SOURCES_DEBIAN_DEB822: &str = concat!(
    apt_head!("sources.list.debian.deb822"),
    "## See sources.list(5). Backports are newer and less tested: take the suite out to do without.\n",
    "Types: deb deb-src\nURIs: {{mirror}}\nSuites: {{codename}} {{codename}}-updates {{codename}}-backports\n",
    "Components: main\n",
    "Signed-By: {{primary_key | default('/usr/share/keyrings/debian-archive-keyring.gpg', true)}}\n\n",
    "## Security updates.\nTypes: deb deb-src\nURIs: {{security}}\nSuites: ",
    apt_debian_security!("+%}"),
    "\n",
    "Components: main\n",
    "Signed-By: {{security_key | default(primary_key, true) | default('/usr/share/keyrings/debian-archive-keyring.gpg', true)}}\n"
);

/// One suite of Ubuntu; the sources' sources are commented out.
#[cfg(feature = "templates")]
macro_rules! ubuntu {
    ($mirror:literal, $suite:literal, $components:literal) => {
        concat!(
            "deb {{",
            $mirror,
            "}} {{codename}}",
            $suite,
            " ",
            $components,
            "\n# deb-src {{",
            $mirror,
            "}} {{codename}}",
            $suite,
            " ",
            $components,
            "\n"
        )
    };
}

#[cfg(feature = "templates")]
const SOURCES_UBUNTU: &str = concat!(
    apt_head!("sources.list.ubuntu"),
    ubuntu!("mirror", "", "main restricted"),
    "\n## Updates.\n",
    ubuntu!("mirror", "-updates", "main restricted"),
    "\n## Maintained by the community.\n",
    ubuntu!("mirror", "", "universe"),
    ubuntu!("mirror", "-updates", "universe"),
    "\n## Perhaps not free; without security updates from Ubuntu.\n",
    ubuntu!("mirror", "", "multiverse"),
    ubuntu!("mirror", "-updates", "multiverse"),
    "\n## Newer versions, less tested.\n",
    ubuntu!("mirror", "-backports", "main restricted universe multiverse"),
    "\n## Security updates.\n",
    ubuntu!("security", "-security", "main restricted"),
    ubuntu!("security", "-security", "universe"),
    ubuntu!("security", "-security", "multiverse")
);

#[cfg(feature = "templates")]
const SOURCES_UBUNTU_DEB822: &str = concat!(
    apt_head!("sources.list.ubuntu.deb822"),
    "## See sources.list(5). Backports are newer and less tested; universe and multiverse are maintained by the\n",
    "## community, multiverse and restricted are perhaps not free.\n",
    "Types: deb\nURIs: {{mirror}}\nSuites: {{codename}} {{codename}}-updates {{codename}}-backports\n",
    "Components: main universe restricted multiverse\n",
    "Signed-By: {{primary_key | default('/usr/share/keyrings/ubuntu-archive-keyring.gpg', true)}}\n\n",
    "## Security updates: with the same components.\n",
    "Types: deb\nURIs: {{security}}\nSuites: {{codename}}-security\n",
    "Components: main universe restricted multiverse\n",
    "Signed-By: {{security_key | default(primary_key, true) | default('/usr/share/keyrings/ubuntu-archive-keyring.gpg', true)}}\n"
);

#[cfg(feature = "templates")]
const RESOLV_CONF: &str = "\
## template:jinja
# Written by cloud-init once, since its configuration says manage_resolv_conf: true.
{% if nameservers is defined %}
{% for server in nameservers %}
nameserver {{ server }}
{% endfor %}
{% endif %}
{% if searchdomains is defined %}
search {% for domain in searchdomains %}{{ domain }} {% endfor %}

{% endif %}
{% if domain is defined %}
domain {{ domain }}
{% endif %}
{% if sortlist is defined %}
sortlist {% for network in sortlist %}{{ network }} {% endfor %}

{% endif %}
{% if options or flags %}
options{% for flag in flags %} {{ flag }}{% endfor %}{% for key, value in options.items() | sort %} {{ key }}:{{ value }}{% endfor %}

{% endif %}
";

#[cfg(feature = "templates")]
const RESOLVED: &str = "\
## template:jinja
# Written by cloud-init once, since its configuration says manage_resolv_conf: true.
[Resolve]
LLMNR=false
{% if nameservers is defined %}
DNS={% for server in nameservers %}{{ server }} {% endfor %}

{% endif %}
{% if searchdomains is defined %}
Domains={% for domain in searchdomains %}{{ domain }} {% endfor %}

{% endif %}
";

#[cfg(feature = "templates")]
const TIMESYNCD: &str = "\
## template:jinja
# Written by cloud-init; see timesyncd.conf(5).
[Time]
{% if servers or pools %}
NTP={% for host in servers | list + pools | list %}{{ host }} {% endfor %}

{% endif %}
";

#[cfg(feature = "templates")]
const OPENNTPD: &str = "\
## template:jinja
# Written by cloud-init; see ntpd.conf(5).
{% for pool in pools %}
servers {{ pool }}
{% endfor %}
{% for server in servers %}
server {{ server }}
{% endfor %}
{% for peer in peers %}
peer {{ peer }}
{% endfor %}
sensor *

# Addresses first: names need a name server.
constraint from \"9.9.9.9\"
constraint from \"2620:fe::fe\"
constraints from \"www.google.com\"
";

/// A setting of chef's client, where it is given.
#[cfg(feature = "templates")]
macro_rules! chef {
    ($given:literal, $setting:literal, $value:literal) => {
        concat!("{% if ", $given, " %}\n", $setting, " ", $value, "\n{% endif %}\n")
    };
}

#[cfg(feature = "templates")]
const CHEF: &str = concat!(
    "## template:jinja\n{{generated_by}}\n",
    chef!("chef_license", "chef_license", "\"{{chef_license}}\""),
    // Symbols of Ruby, not texts.
    chef!("log_level", "log_level", "{{log_level}}"),
    chef!("ssl_verify_mode", "ssl_verify_mode", "{{ssl_verify_mode}}"),
    chef!("log_location", "log_location", "\"{{log_location}}\""),
    chef!("validation_name", "validation_client_name", "\"{{validation_name}}\""),
    chef!("validation_cert", "validation_key", "\"{{validation_key}}\""),
    chef!("client_key", "client_key", "\"{{client_key}}\""),
    chef!("server_url", "chef_server_url", "\"{{server_url}}\""),
    chef!("environment", "environment", "\"{{environment}}\""),
    chef!("node_name", "node_name", "\"{{node_name}}\""),
    chef!("json_attribs", "json_attribs", "\"{{json_attribs}}\""),
    chef!("file_cache_path", "file_cache_path", "\"{{file_cache_path}}\""),
    chef!("file_backup_path", "file_backup_path", "\"{{file_backup_path}}\""),
    chef!("pid_file", "pid_file", "\"{{pid_file}}\""),
    chef!("show_time", "Chef::Log::Formatter.show_time", "= true"),
    chef!("encrypted_data_bag_secret", "encrypted_data_bag_secret", "\"{{encrypted_data_bag_secret}}\"")
);

/// Names and texts.
pub(crate) const TEMPLATES: &[(&str, &str)] = &[
    #[cfg(feature = "update_etc_hosts")]
    hosts!("debian", "127.0.1.1 {{fqdn}} {{hostname}}\n127.0.0.1 localhost\n", multicast!()),
    #[cfg(feature = "update_etc_hosts")]
    hosts!("arch", "127.0.1.1 {{fqdn}} {{hostname}}\n127.0.0.1 localhost\n", multicast!()),
    #[cfg(feature = "update_etc_hosts")]
    hosts!("aosc", "127.0.0.1 {{fqdn}} {{hostname}}\n127.0.0.1 localhost\n", multicast!()),
    #[cfg(feature = "update_etc_hosts")]
    hosts!("redhat", named_v4!(), named_v6!()),
    #[cfg(feature = "update_etc_hosts")]
    hosts!("azurelinux", named_v4!(), named_v6!()),
    #[cfg(feature = "update_etc_hosts")]
    hosts!("gentoo", named_v4!(), named_v6!()),
    #[cfg(feature = "update_etc_hosts")]
    hosts!("openeuler", named_v4!(), named_v6!()),
    #[cfg(feature = "update_etc_hosts")]
    hosts!("freebsd", named_v6!(), "\n", named_v4!()),
    #[cfg(feature = "update_etc_hosts")]
    hosts!(
        "mariner",
        named_v4!(),
        "\n# IPv6\n::1 {{fqdn}} {{hostname}}\n::1 localhost6.localdomain6 localhost6\n"
    ),
    #[cfg(feature = "update_etc_hosts")]
    hosts!(
        "photon",
        named_v4!(),
        "\n# IPv6\n::1 {{fqdn}} {{hostname}}\n::1 localhost6.localdomain6 localhost6\n"
    ),
    #[cfg(feature = "update_etc_hosts")]
    hosts!(
        "alpine",
        "127.0.0.1 localhost.localdomain localhost\n127.0.0.1 localhost4.localdomain4 localhost4\n127.0.1.1 {{fqdn}} {{hostname}}\n\n# IPv6\n::1 localhost6.localdomain6 localhost6\nff02::1 ip6-allnodes\nff02::2 ip6-allrouters\n"
    ),
    #[cfg(feature = "update_etc_hosts")]
    hosts!(
        "suse",
        "127.0.1.1 {{fqdn}} {{hostname}}\n127.0.0.1 localhost.localdomain localhost\n127.0.0.1 localhost4.localdomain4 localhost4\n",
        named_v6!(),
        "::1 localhost ipv6-localhost ipv6-loopback\nfe00::0 ipv6-localnet\nff00::0 ipv6-mcastprefix\nff02::1 ipv6-allnodes\nff02::2 ipv6-allrouters\nff02::3 ipv6-allhosts\n"
    ),
    #[cfg(feature = "templates")]
    chrony!("almalinux", chrony_rpm!(), logdir!()),
    #[cfg(feature = "templates")]
    chrony!("centos", chrony_rpm!(), logdir!()),
    #[cfg(feature = "templates")]
    chrony!("cloudlinux", chrony_rpm!(), logdir!()),
    #[cfg(feature = "templates")]
    chrony!("rhel", chrony_rpm!(), logdir!()),
    #[cfg(feature = "templates")]
    chrony!("rocky", chrony_rpm!(), logdir!()),
    #[cfg(feature = "templates")]
    chrony!("opensuse", chrony_rpm!(), logdir!()),
    #[cfg(feature = "templates")]
    chrony!("opensuse-leap", chrony_rpm!(), logdir!()),
    #[cfg(feature = "templates")]
    chrony!("opensuse-microos", chrony_rpm!(), logdir!()),
    #[cfg(feature = "templates")]
    chrony!("opensuse-tumbleweed", chrony_rpm!(), logdir!()),
    #[cfg(feature = "templates")]
    chrony!("sle-micro", chrony_rpm!(), logdir!()),
    #[cfg(feature = "templates")]
    chrony!("sle_hpc", chrony_rpm!(), logdir!()),
    #[cfg(feature = "templates")]
    chrony!("sles", chrony_rpm!(), logdir!()),
    #[cfg(feature = "templates")]
    chrony!("fedora", chrony_rpm!(), "leapsectz right/UTC\n", logdir!()),
    #[cfg(feature = "templates")]
    chrony!("photon", chrony_rpm!(), "leapsectz right/UTC\n", logdir!()),
    #[cfg(feature = "templates")]
    chrony!("alpine", chrony_debian!()),
    #[cfg(feature = "templates")]
    chrony!("debian", chrony_debian!()),
    #[cfg(feature = "templates")]
    chrony!("ubuntu", chrony_debian!()),
    #[cfg(feature = "templates")]
    chrony!("cos", "driftfile /var/lib/chrony/chrony.drift\nrtcsync\nmakestep 1 3\n"),
    #[cfg(feature = "templates")]
    (
        "chrony.conf.freebsd",
        "## template:jinja\n# Written by cloud-init; see chrony.conf(5).\n\
         {% for server in servers %}\nserver {{ server }} iburst\n{% endfor %}\n\
         {% for pool in pools %}\npool {{ pool }} iburst\n{% endfor %}\n\
         {% for peer in peers %}\npeer {{ peer }}\n{% endfor %}\n\
         {% for network in allow %}\nallow {{ network }}\n{% endfor %}\n\
         driftfile /var/db/chrony/drift\nntsdumpdir /var/db/chrony\n",
    ),
    #[cfg(feature = "templates")]
    ntp_rpm!("almalinux"),
    #[cfg(feature = "templates")]
    ntp_rpm!("cloudlinux"),
    #[cfg(feature = "templates")]
    ntp_rpm!("photon"),
    #[cfg(feature = "templates")]
    ntp_rpm!("rocky"),
    #[cfg(feature = "templates")]
    ntp_rpm!("rhel"),
    #[cfg(feature = "templates")]
    ntp!(
        "fedora",
        "driftfile /var/lib/ntp/drift\nrestrict default nomodify notrap nopeer noquery\n\
         restrict 127.0.0.1\nrestrict ::1\n",
        "includefile /etc/ntp/crypto/pw\nkeys /etc/ntp/keys\ndisable monitor\n"
    ),
    #[cfg(feature = "templates")]
    ntp_debian!("debian"),
    #[cfg(feature = "templates")]
    ntp_debian!("ubuntu"),
    #[cfg(feature = "templates")]
    ntp_suse!("opensuse"),
    #[cfg(feature = "templates")]
    ntp_suse!("sles"),
    #[cfg(feature = "templates")]
    (
        "ntp.conf.alpine",
        "## template:jinja\n# Written by cloud-init for busybox's ntpd, which knows servers and peers only.\n\
         {% for server in servers %}\nserver {{ server }}\n{% endfor %}\n\
         {% for peer in peers %}\npeer {{ peer }}\n{% endfor %}\n",
    ),
    #[cfg(feature = "templates")]
    (
        "ntp.conf.freebsd",
        "## template:jinja\n# Written by cloud-init; see ntp.conf(5).\ntos minclock 3 maxclock 6\n\
         {% for pool in pools %}\npool {{ pool }} iburst\n{% endfor %}\n\
         {% for peer in peers %}\npeer {{ peer }}\n{% endfor %}\n\
         {% for server in servers %}\nserver {{ server }} iburst\n{% endfor %}\n\
         restrict default limited kod nomodify notrap noquery nopeer\n\
         restrict source  limited kod nomodify notrap noquery\nrestrict 127.0.0.1\nrestrict ::1\n\
         leapfile \"/var/db/ntpd.leap-seconds.list\"\n",
    ),
    #[cfg(feature = "templates")]
    ("ntpd.conf.openbsd", OPENNTPD),
    #[cfg(feature = "templates")]
    ("resolv.conf", RESOLV_CONF),
    #[cfg(feature = "templates")]
    ("systemd.resolved.conf", RESOLVED),
    #[cfg(feature = "templates")]
    ("timesyncd.conf", TIMESYNCD),
    #[cfg(feature = "templates")]
    ("sources.list.debian", SOURCES_DEBIAN),
    #[cfg(feature = "templates")]
    ("sources.list.debian.deb822", SOURCES_DEBIAN_DEB822),
    #[cfg(feature = "templates")]
    ("sources.list.ubuntu", SOURCES_UBUNTU),
    #[cfg(feature = "templates")]
    ("sources.list.ubuntu.deb822", SOURCES_UBUNTU_DEB822),
    #[cfg(feature = "templates")]
    ("chef_client.rb", CHEF),
];
