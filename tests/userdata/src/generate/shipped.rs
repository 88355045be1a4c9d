//! Variables for the shipped templates, all that one of them may ask for.

use oracle::dice::Dice;
use serde_json::{Map, Value, json};

/// How many sets of variables each template is rendered with.
pub const SETS: u64 = 12;

/// Distributions for which the original has a template of no time client.
const NO_CLIENT: &[&str] = &[
    "aosc",
    "azurelinux",
    "eurolinux",
    "mariner",
    "miraclelinux",
    "OpenCloudOS",
    "openeuler",
    "openmandriva",
    "raspberry-pi-os",
    "TencentOS",
    "virtuozzo",
];
/// Those for which it has one of chrony, but not of ntp.
const NO_NTP: &[&str] =
    &["centos", "cos", "opensuse-leap", "opensuse-microos", "opensuse-tumbleweed", "sle-micro", "sle_hpc"];

/// Whether only this program has a template, by its name.
pub fn is_own(name: &str) -> bool {
    let (chrony, ntp) = (name.strip_prefix("chrony.conf."), name.strip_prefix("ntp.conf."));
    chrony.or(ntp).is_some_and(|distro| NO_CLIENT.contains(&distro))
        || ntp.is_some_and(|distro| NO_NTP.contains(&distro))
}

/// A template that both programs have and its variables.
pub fn case(seed: u64, number: u64) -> Value {
    let mut dice = Dice::new(seed, number);
    let both: Vec<&str> =
        modules::TEMPLATES.iter().map(|(name, _)| *name).filter(|name| !is_own(name)).collect();
    let name = both[(number / SETS) as usize % both.len()];
    json!({"name": name, "variables": variables(&mut dice, name)})
}

fn names(dice: &mut Dice) -> Value {
    (0..dice.below(3))
        .map(|_| json!(dice.one(&["a.test", "10.0.0.1", "2001:db8::1", "pool.b.test"])))
        .collect()
}

fn variables(dice: &mut Dice, name: &str) -> Value {
    let mut out = Map::new();
    let mut set = |key: &str, value: Value| out.insert(key.to_owned(), value);
    if name.starts_with("hosts.") {
        set("hostname", json!(dice.one(&["web", "web-1"])));
        set("fqdn", json!(dice.one(&["web.test", "web-1.a.test"])));
    } else if name.starts_with("sources.list") {
        set("mirror", json!(dice.one(&["http://deb.test/debian", "https://m.test/ubuntu/"])));
        set("security", json!(dice.one(&["http://security.test/", "https://s.test/x"])));
        set("codename", json!(dice.one(&["buster", "bullseye", "bookworm", "stretch", "noble"])));
        for key in ["primary_key", "security_key"] {
            match dice.below(3) {
                0 => drop(set(key, json!("/etc/apt/key.gpg"))),
                1 => drop(set(key, json!(""))),
                _ => {}
            }
        }
    } else if name.contains("resolv") {
        for key in ["nameservers", "searchdomains", "sortlist"] {
            if dice.chance(60) {
                set(key, names(dice));
            }
        }
        if dice.chance(50) {
            set("domain", json!("a.test"));
        }
        set("flags", if dice.chance(50) { json!(["rotate", "edns0"]) } else { json!([]) });
        set("options", if dice.chance(50) { json!({"timeout": 2, "attempts": 3}) } else { json!({}) });
    } else if name.starts_with("chef") {
        set("generated_by", json!("# by"));
        for key in [
            "chef_license",
            "log_level",
            "ssl_verify_mode",
            "log_location",
            "validation_name",
            "validation_cert",
            "validation_key",
            "client_key",
            "server_url",
            "environment",
            "node_name",
            "json_attribs",
            "file_cache_path",
            "file_backup_path",
            "pid_file",
            "show_time",
            "encrypted_data_bag_secret",
        ] {
            if dice.chance(50) {
                set(key, json!(dice.one(&["x", ":info", "/a/b", ""])));
            }
        }
    } else {
        for key in ["servers", "pools", "peers", "allow"] {
            set(key, names(dice));
        }
    }
    Value::Object(out)
}
