//! The defaults without any configuration file.

use model::Node;
use model::config::Origin;

/// Upstream's order of data sources.
const SOURCES: &[&str] = &[
    "NoCloud",
    "ConfigDrive",
    "LXD",
    "OpenNebula",
    "DigitalOcean",
    "Azure",
    "AltCloud",
    "VMware",
    "OVF",
    "MAAS",
    "GCE",
    "OpenStack",
    "AliYun",
    "Vultr",
    "Ec2",
    "CloudSigma",
    "CloudStack",
    "SmartOS",
    "Bigstep",
    "Scaleway",
    "Hetzner",
    "IBMCloud",
    "Oracle",
    "Exoscale",
    "RbxCloud",
    "UpCloud",
    "NWCS",
    "Akamai",
    "WSL",
    "CloudCIX",
    "None",
];

/// The built-in configuration.
pub fn builtin() -> Node {
    let json = serde_json::json!({
        "datasource_list": SOURCES,
        "def_log_file": "/var/log/cloud-init.log",
        "log_cfgs": [],
        "syslog_fix_perms": ["syslog:adm", "root:adm", "root:wheel", "root:root"],
        "system_info": {
            "paths": {
                "cloud_dir": "/var/lib/cloud",
                "docs_dir": "/usr/share/doc/cloud-init/",
                "templates_dir": "/etc/cloud/templates/",
            },
            "distro": "ubuntu",
            "network": {"renderers": null},
        },
        "vendor_data": {"enabled": true, "prefix": []},
        "vendor_data2": {"enabled": true, "prefix": []},
    });
    Node::from_json(json, &Origin::built_in())
}
