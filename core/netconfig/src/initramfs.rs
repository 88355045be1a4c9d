//! The configuration of the initramfs: the files written by klibc's ipconfig and Debian's initramfs-tools.
//!
//! See klibc's `usr/kinit/ipconfig/README.ipconfig`, and initramfs-tools' `configure_networking`.

use std::path::{Path, PathBuf};

use ifcfg::Document;
use indexmap::IndexMap;
use model::NetworkConfig;
use model::effects::{FileError, ReadFiles};
use serde_json::{Map, Value, json};

/// Open-iSCSI's marker that the root file system depends on the initramfs's network.
const ISCSI: &str = "/run/initramfs/open-iscsi.interface";

/// A file of the initramfs that cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum InitramfsError {
    /// The directory or a file could not be read.
    #[error(transparent)]
    File(#[from] FileError),
    /// A file does not contain variable assignments.
    #[error("{}: {source}", path.display())]
    Form {
        /// The file.
        path: PathBuf,
        /// The reason.
        source: ifcfg::Error,
    },
    /// A file contains an unknown value.
    #[error("{}: {reason}", path.display())]
    Content {
        /// The file.
        path: PathBuf,
        /// The reason.
        reason: String,
    },
}

/// The configuration in the files of the initramfs: if they exist, and `ip=` or `ip6=` on the kernel command line or a
/// root on iSCSI makes them relevant.
pub fn config(files: &dyn ReadFiles, cmdline: &str) -> Result<Option<NetworkConfig>, InitramfsError> {
    let asked = cmdline.split_ascii_whitespace().map(|word| word.trim_start_matches(['"', '\'']));
    let asked = asked.into_iter().any(|word| word.starts_with("ip=") || word.starts_with("ip6="));
    if !(asked || files.exists(Path::new(ISCSI))) {
        return Ok(None);
    }
    from_files(files)
}

/// The configuration in the files of the initramfs, if they exist: for clouds whose machines always mean them.
pub fn from_files(files: &dyn ReadFiles) -> Result<Option<NetworkConfig>, InitramfsError> {
    let found = ramdisk_files(files)?;
    if found.is_empty() {
        return Ok(None);
    }
    let mut devices: IndexMap<String, Map<String, Value>> = IndexMap::new();
    for path in found {
        let text = files.read(&path)?;
        let document =
            Document::parse(&text).map_err(|source| InitramfsError::Form { path: path.clone(), source })?;
        let (name, subnets) = device(&document).map_err(|reason| InitramfsError::Content { path, reason })?;
        let entry = devices.entry(name.clone()).or_insert_with(|| new_device(files, &name));
        if let Some(Value::Array(all)) = entry.get_mut("subnets") {
            all.extend(subnets);
        }
    }
    let devices: Vec<Value> = devices.into_values().map(Value::Object).collect();
    let config = json!({"config": devices, "version": 1});
    Ok(Some(NetworkConfig::from_json(config, "network of the initial ramdisk")))
}

/// `/run/net-*.conf`, then `/run/net6-*.conf`.
fn ramdisk_files(files: &dyn ReadFiles) -> Result<Vec<PathBuf>, InitramfsError> {
    let run = Path::new("/run");
    if !files.is_dir(run) {
        return Ok(Vec::new());
    }
    let names = files.list(run)?;
    let of = |prefix: &'static str| {
        let named = move |name: &&String| name.starts_with(prefix) && name.ends_with(".conf");
        names.iter().filter(named).map(|name| run.join(name))
    };
    Ok(of("net-").chain(of("net6-")).collect())
}

fn new_device(files: &dyn ReadFiles, name: &str) -> Map<String, Value> {
    let mut device = Map::new();
    device.insert("type".into(), json!("physical"));
    device.insert("name".into(), json!(name));
    device.insert("subnets".into(), json!([]));
    let mac = files.text(&Path::new("/sys/class/net").join(name).join("address"));
    if let Some(mac) = mac.map(|mac| mac.trim().to_owned()).filter(|mac| !mac.is_empty()) {
        device.insert("mac_address".into(), json!(mac));
    }
    device
}

/// A file's device and its subnets, one for each family with an address.
fn device(document: &Document) -> Result<(String, Vec<Value>), String> {
    let get = |name: &str| document.get(name).filter(|value| !value.is_empty());
    let name = get("DEVICE").or_else(|| get("DEVICE6")).ok_or("neither DEVICE nor DEVICE6 is set")?;
    let protocol = match get("PROTO").or_else(|| get("IPV6PROTO")).as_deref() {
        // Old versions of ipconfig write no PROTO; a boot file implies DHCP.
        None if get("filename").is_some() => "dhcp",
        None | Some("none" | "static" | "off") => "none",
        Some("dhcp") => "dhcp",
        Some("dhcp6") => "dhcp6",
        Some(other) => return Err(format!("PROTO is '{other}', not none, static, off, dhcp or dhcp6")),
    };
    let mut subnets = Vec::new();
    for family in ["IPV4", "IPV6"] {
        let of = |name: &str| get(&format!("{family}{name}"));
        let Some(address) = of("ADDR") else { continue };
        let mut subnet = Map::new();
        let kind = of("PROTO").unwrap_or_else(|| protocol.to_owned());
        let kind = if kind == "none" { "static".to_owned() } else { kind };
        subnet.insert("type".into(), json!(kind));
        subnet.insert("control".into(), json!("manual"));
        if kind == "static" {
            subnet.insert("address".into(), json!(address));
        }
        for key in ["NETMASK", "BROADCAST", "GATEWAY"] {
            if let Some(value) = of(key) {
                subnet.insert(key.to_lowercase(), json!(value));
            }
        }
        // 0.0.0.0 and :: mean unset.
        let real = |server: &String| !server.trim_matches([':', '.', '0']).is_empty();
        let servers: Vec<String> = ["DNS0", "DNS1"].into_iter().filter_map(of).filter(real).collect();
        if !servers.is_empty() {
            subnet.insert("dns_nameservers".into(), json!(servers));
            if let Some(search) = get("DOMAINSEARCH") {
                let domains: Vec<&str> = if search.contains(',') {
                    search.split(',').collect()
                } else {
                    search.split_whitespace().collect()
                };
                subnet.insert("dns_search".into(), json!(domains));
            }
        }
        subnets.push(Value::Object(subnet));
    }
    Ok((name, subnets))
}
