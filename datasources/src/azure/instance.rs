//! The instance according to ovf-env.xml and the metadata service, where the latter takes precedence.

use std::path::Path;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use etc_files::authorized_keys::KeyLine;
use metadata::{encoding, hyperv, standard};
use model::instance::Bytes;
use model::{Instance, InstanceId, NetworkConfig, Node};
use serde_json::{Map, Value, json};

use super::media::{Found, Seed};
use super::ovf::{self, PublicKey};
use super::report::{Failure, Report};
use super::reuse::Reuse;
use super::{ABOUT, Provisioning, resource_disk};

/// Randomness of the platform.
const ENTROPY: &str = "/sys/firmware/acpi/tables/OEM0";
/// In Ubuntu's images: they configure further devices, like this program.
const OTHER_NETWORK_SCRIPTS: &[&str] = &[
    "/etc/netplan/90-hotplug-azure.yaml",
    "/usr/local/sbin/ephemeral_eth.sh",
    "/etc/udev/rules.d/10-net-device-added.rules",
    "/run/network/interfaces.ephemeral.d",
];

/// An instance, before readiness is reported.
pub(super) struct Made {
    pub instance: Instance,
    /// ovf-env.xml, for the data directory.
    pub content: Vec<u8>,
    /// The keys that the WireServer has, if the metadata has none.
    pub wanted_keys: Option<Vec<PublicKey>>,
}

/// A text of the metadata.
pub(super) fn text(imds: &Map<String, Value>, path: &[&str]) -> Option<String> {
    let (first, rest) = path.split_first()?;
    let value = rest.iter().try_fold(imds.get(*first)?, |value, key| value.get(key))?;
    standard::text(value).filter(|text| !value.is_null() && !text.is_empty())
}

/// The keys of the metadata; `None` if it has none, or not all of them are OpenSSH's.
fn public_keys(imds: &Map<String, Value>) -> Option<Vec<String>> {
    let listed = imds.get("compute")?.get("publicKeys")?.as_array()?;
    // Old keys have line breaks in their middle.
    let clean = |key: &str| key.trim().replace("\r\n", "");
    let keys: Vec<String> =
        listed.iter().map(|entry| entry.get("keyData")?.as_str().map(clean)).collect::<Option<_>>()?;
    let all = keys.iter().all(|key| KeyLine::parse(key, "").key.is_some());
    if !all {
        tracing::debug!("Key(s) not in OpenSSH format");
    }
    all.then_some(keys)
}

/// Adds the keys of the WireServer.
pub(super) fn add_keys(instance: &mut Instance, keys: Vec<String>) {
    if keys.is_empty() {
        return;
    }
    let imds = instance.metadata.get("imds").and_then(Value::as_object).cloned().unwrap_or_default();
    if public_keys(&imds).is_none() {
        instance.public_keys.clone_from(&keys);
    }
    if let Some(metadata) = instance.metadata.as_object_mut() {
        metadata.insert("public-keys".to_owned(), keys.into());
    }
}

pub(super) fn make(
    azure: &mut Provisioning<'_>,
    found: Option<Found>,
    imds: Map<String, Value>,
    reuse: Reuse,
) -> Result<Made, Failure> {
    let system = azure.crawl.system();
    let (seed, mut content, environment) = match found {
        Some(Found { seed, content, environment }) => (seed, content, Some(environment)),
        None => (Seed::Imds, Vec::new(), None),
    };
    let mut config = environment.as_ref().map(|environment| environment.config(system)).unwrap_or_default();
    let username = text(&imds, &["compute", "osProfile", "adminUsername"]);
    let named = text(&imds, &["compute", "osProfile", "computerName"]);
    let disable = text(&imds, &["compute", "osProfile", "disablePasswordAuthentication"]).map(|word| word == "true");
    if let Some(name) = &username {
        let info = config.entry("system_info").or_insert_with(|| json!({"default_user": {}}));
        info["default_user"]["name"] = name.clone().into();
    }
    if let Some(disable) = disable {
        config.insert("ssh_pwauth".to_owned(), (!disable).into());
    }
    if content.is_empty() {
        content = ovf::minimal(username.as_deref(), named.as_deref(), disable);
    }
    let custom_data = environment.as_ref().map(|environment| environment.custom_data.clone()).unwrap_or_default();
    let user_data = user_data(azure, custom_data, &imds, &seed, reuse);
    let hostname = named.or_else(|| environment.as_ref().and_then(|environment| environment.hostname.clone()));
    let mut metadata = Map::new();
    metadata.insert("local-hostname".to_owned(), hostname.unwrap_or_default().into());
    let entropy = system.files.read(Path::new(ENTROPY)).unwrap_or_default();
    if !entropy.is_empty() {
        metadata.insert("random_seed".to_owned(), STANDARD.encode(entropy).into());
    }
    let id = instance_id(azure);
    metadata.insert("instance-id".to_owned(), id.clone().into());
    let keys = public_keys(&imds);
    let wanted_keys = match (&keys, environment) {
        (None, Some(environment)) if !environment.public_keys.is_empty() => Some(environment.public_keys),
        _ => None,
    };
    let network = network(azure, &imds)?;
    let (zone, region) = (text(&imds, &["compute", "platformFaultDomain"]), text(&imds, &["compute", "location"]));
    metadata.insert("imds".to_owned(), Value::Object(imds));
    let with_disk = with_resource_disk(azure, config);
    let instance = Instance {
        detail: format!(" [seed={}]", seed.shown()),
        subplatform: seed.subplatform(),
        instance_id: InstanceId::new(id),
        public_keys: keys.unwrap_or_default(),
        user_data: Some(Bytes(user_data)),
        network: Some(network),
        availability_zone: zone,
        region,
        config: Some(Value::Object(with_disk)),
        disk_aliases: disk_aliases(azure),
        ..standard::instance(&ABOUT, azure.crawl.stage, metadata)
    };
    Ok(Made { instance, content, wanted_keys })
}

/// Custom data, or the metadata's user-data in its place.
fn user_data(
    azure: &mut Provisioning<'_>,
    custom: Vec<u8>,
    imds: &Map<String, Value>,
    seed: &Seed,
    reuse: Reuse,
) -> Vec<u8> {
    if !custom.is_empty() {
        return custom;
    }
    let expected = imds.get("extended").and_then(|extended| extended.pointer("/compute/hasCustomData"));
    if expected.is_some_and(|expected| !matches!(expected, Value::Null | Value::Bool(false)) && *expected != json!("")) {
        if azure.is_set("experimental_fail_on_missing_customdata") {
            let report = Report::new("failure to read customData while hasCustomData=true");
            azure.report_failure(
                &report.with("pps_type", reuse.name()).with("provisioning_media", seed.shown()),
            );
        } else {
            tracing::error!(
                "Did not find custom data in {}, IMDS returned extended.compute.hasCustomData={}",
                seed.shown(),
                expected.and_then(standard::text).unwrap_or_default()
            );
        }
    }
    let Some(encoded) = text(imds, &["compute", "userData"]) else { return Vec::new() };
    encoding::base64_lenient(&encoded).unwrap_or_else(|error| {
        tracing::warn!("Bad userdata in IMDS: {error}");
        Vec::new()
    })
}

/// The firmware's UUID, or the spelling of an earlier boot: old kernels write it in upper case or another byte order.
fn instance_id(azure: &Provisioning<'_>) -> String {
    let previous = azure.crawl.system().files.text(&azure.crawl.paths().data("instance-id"));
    let swapped = hyperv::swapped(&azure.uuid);
    let same = |id: &String| *id == azure.uuid || Some(id) == swapped.as_ref();
    let previous = previous.map(|id| id.trim().to_owned()).filter(|id| same(&id.to_lowercase()));
    previous.unwrap_or_else(|| azure.uuid.clone())
}

/// Upstream's name of the resource disk in `disk_setup` and `mounts`, and the user's.
fn disk_aliases(azure: &Provisioning<'_>) -> Map<String, Value> {
    let mut aliases = Map::new();
    aliases.insert("ephemeral0".to_owned(), resource_disk::PATH.into());
    let configured = azure.config.get("disk_aliases").map(Node::to_json);
    if let Some(Value::Object(own)) = configured {
        aliases.extend(own);
    }
    aliases
}

/// The configuration with one file system on the resource disk, if there is such a disk.
fn with_resource_disk(azure: &Provisioning<'_>, mut config: Map<String, Value>) -> Map<String, Value> {
    if !azure.crawl.system().files.exists(Path::new(resource_disk::PATH)) {
        tracing::debug!("Ephemeral resource disk '{}' does not exist.", resource_disk::PATH);
        return config;
    }
    let setup = json!({"ephemeral0": {"table_type": "gpt", "layout": [100], "overwrite": true}});
    config.insert("disk_setup".to_owned(), setup);
    config.insert("fs_setup".to_owned(), json!([{"filesystem": "ext4", "device": "ephemeral0.1"}]));
    config
}

/// The metadata's network, or DHCP on the primary device.
fn network(azure: &Provisioning<'_>, imds: &Map<String, Value>) -> Result<NetworkConfig, Failure> {
    let links = azure.crawl.system().links.links().map_err(|error| Failure::Other(error.into()))?;
    if !imds.is_empty() && azure.is_on("apply_network_config") {
        let options = netconfig::azure::Options {
            secondary_ips: azure.is_on("apply_network_config_for_secondary_ips"),
            set_name: azure.is_on("apply_network_config_set_name"),
        };
        match netconfig::azure::convert(&Value::Object(imds.clone()), &links, options) {
            Ok(config) => return Ok(config),
            Err(error) => tracing::error!("Failed generating network config from IMDS network metadata: {error}"),
        }
    }
    let fallback = netconfig::fallback::config(&links, None, &azure.crawl.platform.cmdline);
    let mut config = fallback.map_or_else(|| json!({}), |config| config.node().to_json());
    for (name, entry) in config.get_mut("ethernets").and_then(Value::as_object_mut).into_iter().flatten() {
        let driver = links.iter().find(|link| link.name == *name).and_then(|link| link.driver.clone());
        if let Some(driver) = driver {
            entry["match"]["driver"] = driver.into();
        }
    }
    Ok(NetworkConfig::from_json(config, "Azure fallback"))
}

/// Removes what configures further devices in Ubuntu's images.
pub(super) fn remove_other_network_scripts(azure: &Provisioning<'_>) -> Result<(), Failure> {
    if !azure.is_on("apply_network_config") || (azure.crawl.variant)() != "ubuntu" {
        return Ok(());
    }
    let files = &azure.crawl.system().files;
    for path in OTHER_NETWORK_SCRIPTS.iter().map(Path::new).filter(|path| files.exists(path)) {
        tracing::info!("Removing {}: this program configures further devices", path.display());
        files.remove(path).map_err(|error| Failure::Other(error.into()))?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn object(value: Value) -> Map<String, Value> {
        value.as_object().cloned().unwrap_or_default()
    }

    /// The original's `_get_public_keys_from_imds`.
    #[test]
    fn keys_of_the_metadata() {
        let keys = |list: Value| public_keys(&object(json!({"compute": {"publicKeys": list}})));
        let one = || vec!["ssh-rsa AAAAB3NzaC1yc2E= bob".to_owned()];
        assert_eq!(keys(json!([{"keyData": "ssh-rsa AAAAB3NzaC1yc2E= bob\r\n"}])), Some(one()));
        assert_eq!(keys(json!([{"keyData": "ssh-rsa AAAA\r\nB3NzaC1yc2E= bob"}])), Some(one()));
        assert_eq!(keys(json!([])), Some(Vec::new()));
        assert_eq!(keys(json!([{"keyData": "-----BEGIN CERTIFICATE-----"}])), None);
        assert_eq!(keys(json!([{"keyData": "ssh-rsa AAAAB3NzaC1yc2E="}, {"path": "/x"}])), None);
        assert_eq!(keys(json!("ssh-rsa AAAAB3NzaC1yc2E=")), None);
        assert_eq!(public_keys(&Map::new()), None);
    }

    #[test]
    fn keys_of_the_metadata_take_precedence() {
        let listed = json!({"imds": {"compute": {"publicKeys": [{"keyData": "ssh-rsa AAAAB3NzaC1yc2E="}]}}});
        let sent = || vec!["ssh-rsa AAAAB3NzaC1yc2F=".to_owned()];
        for (metadata, keys, expected) in [
            (json!({}), sent(), sent()),
            (json!({"imds": {}}), sent(), sent()),
            (listed.clone(), sent(), vec!["own".to_owned()]),
            (json!({}), Vec::new(), vec!["own".to_owned()]),
        ] {
            let public_keys = vec!["own".to_owned()];
            let mut instance = Instance { metadata: metadata.clone(), public_keys, ..Instance::default() };
            let noted = (!keys.is_empty()).then(|| json!(keys));
            add_keys(&mut instance, keys);
            assert_eq!(instance.public_keys, expected, "{metadata}");
            assert_eq!(instance.metadata.get("public-keys"), noted.as_ref(), "{metadata}");
        }
    }

    #[test]
    fn texts_of_the_metadata() {
        let imds = object(json!({"a": {"b": "x", "empty": "", "null": null, "number": 7, "list": []}, "top": "y"}));
        for (path, expected) in [
            (&["a", "b"][..], Some("x")),
            (&["a", "number"], Some("7")),
            (&["top"], Some("y")),
            (&["a", "empty"], None),
            (&["a", "null"], None),
            (&["a", "list"], None),
            (&["a", "c"], None),
            (&["b", "b"], None),
            (&[], None),
        ] {
            assert_eq!(text(&imds, path).as_deref(), expected, "{path:?}");
        }
    }
}
