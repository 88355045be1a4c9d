//! Instance data: everything known about the instance, for templates, `query` and other programs.

use std::path::Path;

use model::Order as _;
use model::effects::{Attributes, FileError};
use model::hostname::of_address;
use model::{Instance, Node, Paths, System};
use serde_json::{Map, Value, json};

use crate::{features, json, os, state};

/// Replaces sensitive values for ordinary users.
pub const REDACTED: &str = "redacted for non-root user";

/// Keys that ordinary users must not see, at any level and for every source.
const SENSITIVE: &[&str] = &[
    "combined_cloud_config",
    "merged_cfg",
    "merged_system_cfg",
    "security-credentials",
    "userdata",
    "user-data",
    "user_data",
    "vendordata",
    "vendor-data",
    "ds/vendor_data",
];

/// The prefix of base64-encoded binary values.
const BASE64: &str = "ci-b64:";

/// Prefixes of regions, their cloud, and the cloud-id.
const REGIONS: &[(&str, &str, &str)] =
    &[("cn-", "aws", "aws-china"), ("us-gov-", "aws", "aws-gov"), ("china", "azure", "azure-china")];

/// The cloud-id, more specific than the cloud's name if the region determines it.
pub fn cloud_id(instance: &Instance) -> String {
    cloud_id_of(&instance.cloud_name, instance.region.as_deref().unwrap_or_default(), &instance.platform)
}

/// The cloud-id for a cloud name, a region and a platform; `unknown` means empty.
pub fn cloud_id_of(cloud_name: &str, region: &str, platform: &str) -> String {
    let finer = REGIONS.iter().find(|(prefix, cloud, _)| *cloud == cloud_name && region.starts_with(prefix));
    match finer {
        Some((_, _, id)) => (*id).to_owned(),
        None if cloud_name.is_empty() || cloud_name == "unknown" => platform.to_owned(),
        None => cloud_name.to_owned(),
    }
}

/// The metadata's host name without its domain; an IPv4 address becomes `ip-1-2-3-4`.
pub fn local_hostname(system: &System, instance: &Instance) -> String {
    let given = instance.hostname.as_deref().filter(|name| !name.is_empty());
    if let Some(name) = given.filter(|_| instance.hostname_is_complete) {
        return name.to_owned();
    }
    let current = || {
        let node = system.environment.uname().node;
        if node.is_empty() { "localhost".to_owned() } else { node }
    };
    let name = given.map_or_else(current, str::to_owned);
    of_address(&name).unwrap_or_else(|| name.split('.').next().unwrap_or_default().to_owned())
}

/// The standardized keys, `v1`.
fn standard(system: &System, instance: &Instance, info: &Value) -> Value {
    let zone = &instance.availability_zone;
    let hostname = local_hostname(system, instance);
    json!({
        "_beta_keys": ["subplatform"],
        "availability-zone": zone,
        "availability_zone": zone,
        "cloud_id": cloud_id(instance),
        "cloud-name": instance.cloud_name,
        "cloud_name": instance.cloud_name,
        "distro": info["dist"][0],
        "distro_version": info["dist"][1],
        "distro_release": info["dist"][2],
        "platform": instance.platform,
        "public_ssh_keys": instance.public_keys,
        "python_version": info["python"],
        "instance-id": instance.instance_id,
        "instance_id": instance.instance_id,
        "kernel_release": info["uname"][2],
        "local-hostname": hostname,
        "local_hostname": hostname,
        "machine": info["uname"][4],
        "region": instance.region,
        "subplatform": instance.subplatform,
        "system_platform": info["platform"],
        "variant": info["variant"],
    })
}

/// The complete document, including sensitive values.
pub fn document(system: &System, instance: &Instance, config: &Node) -> Value {
    let info = os::system_info(system);
    let mut ds = Map::new();
    // A source crawled as a tree (EC2) shows the tree, which contains the metadata under its own name.
    if !instance.extra_only && !instance.extra.contains_key("meta-data") {
        ds.insert("meta_data".into(), instance.metadata.clone());
    }
    ds.extend(instance.extra.clone());
    ds.insert(
        "_doc".into(),
        "EXPERIMENTAL: The structure and format of content scoped under the 'ds' key may change in subsequent \
         releases of cloud-init."
            .into(),
    );
    let mut merged = config.to_json();
    if let Some(map) = merged.as_object_mut() {
        map.remove("system_info");
    }
    let with_doc = |text: &str| {
        let mut merged = merged.clone();
        merged["_doc"] = text.into();
        merged
    };
    let mut data = json!({
        "ds": ds,
        "merged_cfg": with_doc("DEPRECATED: Use merged_system_cfg. Will be dropped from 24.1"),
        "merged_system_cfg":
            with_doc("Merged cloud-init system config from /etc/cloud/cloud.cfg and /etc/cloud/cloud.cfg.d/"),
        "v1": standard(system, instance, &info),
        "sys_info": info,
    });
    let (mut encoded, mut sensitive) = (Vec::new(), Vec::new());
    let own: Vec<String> = instance.sensitive.iter().map(|key| key.to_lowercase()).collect();
    catalogue(&mut data, "", &own, &mut encoded, &mut sensitive);
    encoded.order();
    sensitive.order();
    data["base64_encoded_keys"] = encoded.into();
    data["sensitive_keys"] = sensitive.into();
    data
}

/// Collects the paths of encoded and of sensitive values, and removes the prefix of encoded ones.
fn catalogue(
    value: &mut Value,
    path: &str,
    own: &[String],
    encoded: &mut Vec<String>,
    sensitive: &mut Vec<String>,
) {
    let Some(map) = value.as_object_mut() else { return };
    for (key, value) in map {
        let path = if path.is_empty() { key.clone() } else { format!("{path}/{key}") };
        let is_sensitive = |name: &str| SENSITIVE.contains(&name) || own.iter().any(|own| own == name);
        if is_sensitive(&key.to_lowercase()) || is_sensitive(&path.to_lowercase()) {
            sensitive.push(path.clone());
        }
        if let Some(text) = value.as_str().and_then(|text| text.strip_prefix(BASE64)) {
            encoded.push(path.clone());
            *value = text.into();
        } else {
            catalogue(value, &path, own, encoded, sensitive);
        }
    }
}

/// The document with all sensitive values replaced.
pub fn redact(data: &Value) -> Value {
    let mut redacted = data.clone();
    let paths: Vec<String> = data["sensitive_keys"]
        .as_array()
        .into_iter()
        .flatten()
        .filter_map(|path| path.as_str().map(str::to_owned))
        .collect();
    for path in paths {
        hide(&mut redacted, &path);
    }
    redacted
}

/// Replaces the value at a path of keys joined by `/`. Keys may contain `/`: all readings of the path are tried.
fn hide(value: &mut Value, path: &str) {
    let Some(map) = value.as_object_mut() else { return };
    if let Some(slot) = map.get_mut(path) {
        *slot = REDACTED.into();
    }
    for (at, _) in path.match_indices('/') {
        if let Some(inner) = map.get_mut(&path[..at]) {
            hide(inner, &path[at + 1..]);
        }
    }
}

/// Writes both documents and the cloud-id below the run directory.
pub fn persist(system: &System, paths: &Paths, instance: &Instance, config: &Node) -> Result<(), FileError> {
    let data = document(system, instance, config);
    let id = cloud_id(instance);
    let named = paths.run(format!("cloud-id-{id}"));
    state::write(system, &named, format!("{id}\n").as_bytes(), &Attributes::mode(0o644))?;
    let link = paths.run("cloud-id");
    state::make_room(system, &link)?;
    let previous = system.files.read_link(&link).ok().filter(|previous| *previous != named);
    system.files.symlink(&named, &link)?;
    if let Some(previous) = previous.filter(|previous| previous.is_absolute()) {
        system.files.remove(&previous)?;
    }
    json::write(system, &sensitive_path(paths), &data, &Attributes::secret())?;
    let public = paths.run("instance-data.json");
    json::write(system, &public, &redact(&data), &Attributes::mode(0o644))
}

/// The path of the complete document.
pub fn sensitive_path(paths: &Paths) -> std::path::PathBuf {
    paths.run("instance-data-sensitive.json")
}

/// Writes the effective configuration, and adds `system_info` and the features to the sensitive document.
pub fn persist_combined(system: &System, paths: &Paths, config: &Node) -> Result<(), FileError> {
    let mut combined = config.to_json();
    let info = combined.get("system_info").cloned().unwrap_or_else(|| json!({}));
    combined["_doc"] = "Aggregated cloud-config created by merging merged_system_cfg (/etc/cloud/cloud.cfg and \
                        /etc/cloud/cloud.cfg.d), metadata, vendordata and userdata. The combined_cloud_config represents \
                        the aggregated desired configuration acted upon by cloud-init."
        .into();
    combined["features"] = features();
    json::write(system, &paths.run("combined-cloud-config.json"), &combined, &Attributes::secret())?;
    let path = sensitive_path(paths);
    // Another program may have replaced it.
    let Some(mut data) = json::read(system, Path::new(&path)).filter(Value::is_object) else {
        tracing::warn!(
            "{}: not a mapping of instance data; it is written again at the next boot",
            path.display()
        );
        return Ok(());
    };
    data["system_info"] = info;
    data["features"] = features();
    json::write(system, &path, &data, &Attributes::secret())
}

#[cfg(test)]
mod tests {
    use super::*;
    use model::InstanceId;

    fn instance() -> Instance {
        Instance {
            cloud_name: "aws".into(),
            platform: "ec2".into(),
            instance_id: InstanceId::new("i-1"),
            region: Some("cn-north-1".into()),
            hostname: Some("10.0.0.7".into()),
            metadata: json!({"user-data": "secret", "blob": "ci-b64:AAE=", "a/b": {"user-data": "secret"}}),
            ..Instance::default()
        }
    }

    #[test]
    fn sensitive_values_are_redacted_and_listed() {
        let (system, _) = system::scratch();
        let data = document(&system, &instance(), &Node::default());
        assert_eq!(data["v1"]["cloud_id"], "aws-china");
        assert_eq!(data["v1"]["local_hostname"], "ip-10-0-0-7");
        assert_eq!(data["ds"]["meta_data"]["blob"], "AAE=");
        assert_eq!(data["base64_encoded_keys"], json!(["ds/meta_data/blob"]));
        assert_eq!(
            data["sensitive_keys"],
            json!([
                "ds/meta_data/a/b/user-data",
                "ds/meta_data/user-data",
                "merged_cfg",
                "merged_system_cfg"
            ])
        );
        let redacted = redact(&data);
        assert_eq!(redacted["ds"]["meta_data"]["user-data"], REDACTED);
        assert!(!redacted.to_string().contains("secret"));
    }

    #[test]
    fn a_new_cloud_id_takes_the_old_ones_place() {
        let (system, _) = system::Scratch::new()
            .file("/run/cloud-init/cloud-id-nocloud", "nocloud\n")
            .link("/run/cloud-init/cloud-id", "/run/cloud-init/cloud-id-nocloud")
            .system();
        let paths = Paths::default();
        persist(&system, &paths, &instance(), &Node::default()).expect("written");
        assert_eq!(system.files.text(Path::new("/run/cloud-init/cloud-id")).as_deref(), Some("aws-china\n"));
        assert!(!system.files.exists(Path::new("/run/cloud-init/cloud-id-nocloud")));
        let mode = |name: &str| system.files.stat(&paths.run(name)).expect("no error").expect("there").mode;
        assert_eq!((mode("instance-data.json"), mode("instance-data-sensitive.json")), (0o644, 0o600));
    }

    /// Upstream's `canonical_cloud_id` and its test table.
    #[test]
    fn the_cloud_id_may_depend_on_the_region() {
        for (cloud, region, platform, expected) in [
            ("aws", "us-west-1", "ec2", "aws"),
            ("aws", "cn-north-1", "ec2", "aws-china"),
            ("aws", "us-gov-west-1", "ec2", "aws-gov"),
            ("aws", "china", "ec2", "aws"),
            ("azure", "chinaeast", "azure", "azure-china"),
            ("azure", "cn-x", "azure", "azure"),
            ("openstack", "cn-x", "openstack", "openstack"),
            ("", "", "lxd", "lxd"),
            ("unknown", "", "nocloud", "nocloud"),
        ] {
            assert_eq!(cloud_id_of(cloud, region, platform), expected, "{cloud} {region}");
        }
    }

    #[test]
    fn the_host_name_has_no_domain_unless_it_is_complete() {
        let (system, _) = system::Scratch::new().file("/etc/hostname", "node.local\n").system();
        let named = |hostname: Option<&str>, complete| {
            let hostname = hostname.map(str::to_owned);
            local_hostname(
                &system,
                &Instance { hostname, hostname_is_complete: complete, ..Instance::default() },
            )
        };
        assert_eq!(named(Some("a.b.c"), false), "a");
        assert_eq!(named(Some("a.b.c"), true), "a.b.c");
        assert_eq!(named(Some("10.0.0.7"), false), "ip-10-0-0-7");
        assert_eq!((named(None, false), named(Some(""), true)), ("node".to_owned(), "node".to_owned()));
        let (unnamed, _) = system::scratch();
        assert_eq!(local_hostname(&unnamed, &Instance::default()), "localhost");
    }

    #[test]
    fn a_source_may_show_more_or_other_metadata() {
        let (system, _) = system::scratch();
        let keys = |instance: &Instance| {
            let data = document(&system, instance, &Node::default());
            let mut keys: Vec<String> = data["ds"].as_object().expect("a mapping").keys().cloned().collect();
            keys.sort();
            keys
        };
        let extra = |name: &str| [(name.to_owned(), json!({"x": 1}))].into_iter().collect();
        assert_eq!(keys(&instance()), ["_doc", "meta_data"]);
        assert_eq!(keys(&Instance { extra: extra("more"), ..instance() }), ["_doc", "meta_data", "more"]);
        assert_eq!(keys(&Instance { extra: extra("meta-data"), ..instance() }), ["_doc", "meta-data"]);
        assert_eq!(
            keys(&Instance { extra: extra("more"), extra_only: true, ..instance() }),
            ["_doc", "more"]
        );
        let own = Instance { sensitive: vec!["Blob".into()], ..instance() };
        let hidden = redact(&document(&system, &own, &Node::default()));
        assert_eq!(hidden["ds"]["meta_data"]["blob"], REDACTED);
    }

    #[test]
    fn the_effective_configuration_is_added() {
        let (system, _) = system::Scratch::new()
            .file("/run/cloud-init/instance-data-sensitive.json", r#"{"v1": {}}"#)
            .system();
        let paths = Paths::default();
        let config =
            Node::from_yaml("t", b"{a: 1, system_info: {distro: debian}}").expect("valid").expect("there");
        persist_combined(&system, &paths, &config).expect("written");
        let combined = json::read(&system, &paths.run("combined-cloud-config.json")).expect("written");
        assert_eq!((&combined["a"], combined["features"].as_object().map(Map::len)), (&json!(1), Some(9)));
        assert!(combined["_doc"].as_str().is_some_and(|text| text.starts_with("Aggregated cloud-config")));
        let data = json::read(&system, &sensitive_path(&paths)).expect("written");
        assert_eq!(
            (&data["system_info"]["distro"], &data["features"]),
            (&json!("debian"), &combined["features"])
        );
        assert_eq!(data["features"]["ERROR_ON_USER_DATA_FAILURE"], true);
        system.files.write(&sensitive_path(&paths), b"[]", &Attributes::secret()).expect("written");
        persist_combined(&system, &paths, &config).expect("a warning only");
        assert_eq!(json::read(&system, &sensitive_path(&paths)), Some(json!([])));
    }
}
