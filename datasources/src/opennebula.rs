//! OpenNebula: a context of shell variables, on a device or in a seed directory.
//!
//! Source: "Context section" of the virtual machine template, OpenNebula documentation.

mod context;
mod network;

use metadata::{encoding, standard};
use model::Order as _;
use model::datasource::{Evidence, Medium, SourceError};
use model::effects::BlockDevice;
use model::instance::{Bytes, DsMode};
use model::{About, Crawl, DataSource, Identified, Instance, Platform};
use serde_json::{Map, Value};

use context::Context;

const NAME: &str = "OpenNebula";
const SEED: &str = "opennebula";
const FILE: &str = "context.sh";
/// Labels of the context's device, in order; after these, any ISO image is read.
const LABELS: &[&str] = &["CONTEXT", "CDROM"];
/// The context has no ID.
const ID: &str = "iid-dsopennebula";
/// Who runs a context that needs a shell.
const USER: &str = "nobody";
/// Names of the host name, in order.
const HOSTNAMES: &[&str] = &["SET_HOSTNAME", "HOSTNAME", "PUBLIC_IP", "IP_PUBLIC", "ETH0_IP"];

/// Variables that ordinary users must not see.
const SECRETS: &[&str] = &[
    "PASSWORD",
    "PASSWORD_BASE64",
    "CRYPTED_PASSWORD",
    "CRYPTED_PASSWORD_BASE64",
    "ROOT_PASSWORD",
    "ONEGATE_TOKEN",
];

const ABOUT: About = About {
    local: Some("DataSourceOpenNebula"),
    evidence: Evidence {
        dmi: &[],
        medium: Medium::Device { label: LABELS[0], filesystem: "iso9660" },
        tree: &[FILE],
    },
    page: include_str!("../pages/opennebula.yaml"),
    ..About::named(NAME)
};

/// The data source.
pub(crate) struct OpenNebula;

fn is_labelled(device: &BlockDevice, label: &str) -> bool {
    device.label.as_deref() == Some(label)
}

/// The devices that may have a context, each once.
fn candidates<'p>(platform: &'p Platform<'_>) -> Vec<&'p BlockDevice> {
    let mut devices: Vec<&BlockDevice> = platform.devices.iter().collect();
    devices.order_by_key(|device| {
        let rank = LABELS.iter().position(|label| is_labelled(device, label)).unwrap_or(LABELS.len());
        (rank, device.path.clone())
    });
    devices.retain(|device| {
        LABELS.iter().any(|label| is_labelled(device, label)) || device.filesystem.as_deref() == Some("iso9660")
    });
    devices
}

impl DataSource for OpenNebula {
    fn about(&self) -> &'static About {
        &ABOUT
    }

    fn identify(&self, platform: &Platform<'_>) -> Identified {
        let seed = platform.paths.seed(SEED);
        let has = |name: &str| platform.files().is_file(&seed.join(name));
        let labelled = || platform.labelled(LABELS).next().is_some();
        // A seed has another file, which the stages look for.
        Identified::when(has("meta-data") || labelled())
    }

    fn is_configured(&self, platform: &Platform<'_>) -> bool {
        platform.files().is_file(&platform.paths.seed(SEED).join(FILE))
    }

    fn crawl(&self, crawl: &Crawl<'_>) -> Result<Option<Instance>, SourceError> {
        let config = crawl.config(NAME);
        let user = match config.get("parseuser") {
            Some(node) if node.is_null() => None,
            Some(node) => node.scalar_text(),
            None => Some(USER.to_owned()),
        };
        let path = crawl.paths().seed(SEED).join(FILE);
        let place = crawl.paths().seed(SEED).display().to_string();
        if let Some(bytes) = crawl.system().files.read_optional(&path)? {
            let context = Context::read(crawl.system(), &place, &bytes, user.as_deref())?;
            return instance(crawl, context, &place, "seed-dir");
        }
        for device in candidates(crawl.platform) {
            let place = device.path.display().to_string();
            let tree = match crawl.system().devices.open(&device.path) {
                Ok(tree) => tree,
                Err(error) => {
                    tracing::warn!("{place} was not mountable: {error}");
                    continue;
                }
            };
            let Some(bytes) = tree.read(FILE)? else { continue };
            tracing::debug!("found datasource in {place}");
            let context = Context::read(crawl.system(), &place, &bytes, user.as_deref())?;
            return instance(crawl, context, &place, "config-disk");
        }
        Ok(None)
    }

    /// The context has no ID.
    fn still_same(&self, _platform: &Platform<'_>, _cached: &Instance) -> bool {
        false
    }
}

fn instance(
    crawl: &Crawl<'_>,
    context: Context,
    place: &str,
    kind: &str,
) -> Result<Option<Instance>, SourceError> {
    let config = crawl.config(NAME);
    let mode = [context.get("DSMODE").map(Value::from), config.get("dsmode").map(model::Node::to_json)];
    let mode = standard::dsmode(mode.iter().map(Option::as_ref));
    if mode == DsMode::Disabled {
        tracing::debug!("{NAME}: not claiming datasource, dsmode=disabled");
        return Ok(None);
    }
    let network = network::config(crawl.system(), &context, place)?;
    let user_data = user_data(&context);
    let mut metadata: Map<String, Value> = Map::new();
    for (name, value) in context.variables() {
        metadata.insert(name.to_owned(), value.into());
    }
    if let Some(keys) = context.get("SSH_KEY").or_else(|| context.get("SSH_PUBLIC_KEY")) {
        let is_key = |line: &&str| !line.is_empty() && !line.starts_with('#');
        metadata.insert("public-keys".to_owned(), keys.lines().filter(is_key).collect());
    }
    if let Some(name) = HOSTNAMES.iter().find_map(|name| context.get(name)) {
        metadata.insert("local-hostname".to_owned(), name.into());
    }
    metadata.entry("instance-id").or_insert_with(|| ID.into());
    Ok(Some(Instance {
        detail: format!(" [seed={place}][dsmode={}]", standard::mode_name(mode)),
        subplatform: format!("{kind} ({place})"),
        user_data: user_data.map(Bytes),
        network,
        dsmode: mode,
        sensitive: SECRETS.iter().map(|name| (*name).to_owned()).collect(),
        ..standard::instance(&ABOUT, crawl.stage, metadata)
    }))
}

fn user_data(context: &Context) -> Option<Vec<u8>> {
    let text = context.get("USER_DATA").or_else(|| context.get("USERDATA"))?;
    let encoded = context.get("USERDATA_ENCODING").or_else(|| context.get("USER_DATA_ENCODING"));
    if encoded == Some("base64") {
        match encoding::base64_lenient(text) {
            Ok(bytes) => return Some(bytes),
            Err(error) => tracing::warn!("Failed base64 decoding of userdata: {error}"),
        }
    }
    Some(text.as_bytes().to_vec())
}

#[cfg(test)]
mod tests {
    #[test]
    fn cases() {
        crate::testing::run_cases("opennebula", &super::OpenNebula);
    }

    /// The original's `find_candidate_devs`: the labels CONTEXT and CDROM, then all ISO file systems, each device once.
    #[test]
    fn devices_that_may_have_a_context() {
        let http = std::sync::Arc::new(system::TreeHttp::new(std::sync::Arc::new(system::Scratch::new()), None));
        let machine = crate::testing::Machine::with_http(system::Scratch::new(), http);
        let device = |path: &str, filesystem: Option<&str>, label: Option<&str>| super::BlockDevice {
            path: path.into(),
            filesystem: filesystem.map(str::to_owned),
            label: label.map(str::to_owned),
            ..super::BlockDevice::default()
        };
        let mut platform = machine.platform();
        platform.devices = vec![
            device("/dev/vda", Some("ext4"), Some("root")),
            device("/dev/sr2", Some("iso9660"), None),
            device("/dev/sr1", Some("iso9660"), Some("cidata")),
            device("/dev/vdb", None, None),
            device("/dev/sr0", Some("iso9660"), Some("CDROM")),
            device("/dev/vdc", Some("ext4"), Some("CONTEXT")),
        ];
        let found: Vec<_> = super::candidates(&platform).iter().map(|device| device.path.to_str()).collect();
        assert_eq!(found, ["/dev/vdc", "/dev/sr0", "/dev/sr1", "/dev/sr2"].map(Some));
    }
}
