//! CloudSigma: the server's description, over a serial port.
//!
//! Source: "Server Context", CloudSigma API documentation.

use std::path::Path;
use std::time::Duration;

use metadata::{encoding, standard};
use model::datasource::{Evidence, Medium, SourceError, SourceStage};
use model::instance::{Bytes, DsMode, VendorData};
use model::{About, Crawl, DataSource, Identified, Instance, InstanceId, Platform, System};
use serde_json::{Map, Value};

const NAME: &str = "CloudSigma";
const PORT: &str = "/dev/ttyS1";
/// The description may be large.
const READING: Duration = Duration::from_secs(60);
const WRITING: Duration = Duration::from_secs(10);
/// A request for everything: an empty path between angle brackets, without a line break at its end.
const REQUEST: &str = "<\n\n>";
/// The length of a host name.
const MAX_NAME: usize = 61;

const ABOUT: About = About {
    local: Some("DataSourceCloudSigma"),
    evidence: Evidence { dmi: &[("product_name", NAME)], medium: Medium::Configuration, tree: &[] },
    page: include_str!("../pages/cloudsigma.yaml"),
    ..About::named(NAME)
};

/// The data source.
pub(crate) struct CloudSigma;

fn has_product(platform: &Platform<'_>) -> bool {
    platform.dmi("product_name").is_some_and(|name| name.to_lowercase().contains("cloudsigma"))
}

fn broken(reason: &str) -> SourceError {
    SourceError::Broken { place: PORT.to_owned(), reason: reason.to_owned() }
}

/// The server's description.
fn ask(system: &System) -> Result<Map<String, Value>, SourceError> {
    let mut port = system.serial.open(Path::new(PORT), None)?;
    port.write(REQUEST, WRITING)?;
    let line = port.read_line(READING)?;
    // The host ends its answer with EOT.
    let is_end = |byte: &u8| matches!(byte, 4 | b'\n' | b'\r');
    let start = line.iter().position(|byte| !is_end(byte)).unwrap_or(line.len());
    let end = line.iter().rposition(|byte| !is_end(byte)).map_or(start, |last| last + 1);
    match model::config::bounded_json(&line[start..end]) {
        Ok(Value::Object(context)) => Ok(context),
        Ok(_) => Err(broken("expected a JSON object")),
        Err(error) => Err(broken(&model::config::json_reason(&error))),
    }
}

/// The server's name if it can be a host name, or the first part of its UUID.
fn hostname(context: &Map<String, Value>, uuid: &str) -> String {
    let is_valid = |letter: char| letter.is_ascii_alphanumeric() || (' '..='_').contains(&letter) || letter == '.';
    let name = context.get("name").and_then(Value::as_str).unwrap_or_default();
    if !name.is_empty() && name.chars().all(is_valid) {
        return name.chars().take(MAX_NAME).collect();
    }
    uuid.split('-').next().unwrap_or(uuid).to_owned()
}

fn instance(context: Map<String, Value>) -> Result<Option<Instance>, SourceError> {
    let meta = context.get("meta").and_then(Value::as_object).cloned().unwrap_or_default();
    let text = |key: &str| meta.get(key).and_then(Value::as_str);
    let mode = standard::dsmode([meta.get("cloudinit-dsmode")]);
    if mode == DsMode::Disabled {
        tracing::debug!("DataSourceCloudSigma: not claiming datasource, dsmode=disabled");
        return Ok(None);
    }
    let uuid = context.get("uuid").and_then(Value::as_str).ok_or_else(|| broken("the key uuid is missing"))?;
    let uuid = uuid.to_owned();
    let encoded = text("base64_fields").unwrap_or_default().split(',').any(|key| key.trim() == "cloudinit-user-data");
    let given = text("cloudinit-user-data").unwrap_or_default();
    let user_data = if encoded {
        encoding::base64_lenient(given).map_err(|_| broken("meta.cloudinit-user-data is not valid base64"))?
    } else {
        given.as_bytes().to_vec()
    };
    let vendor = context.get("vendor_data").and_then(|vendor| vendor.get("cloudinit")).and_then(Value::as_str);
    let vendor_data = vendor.map(|text| VendorData::One(Bytes(text.as_bytes().to_vec())));
    let key = text("ssh_public_key").map(str::to_owned);
    Ok(Some(Instance {
        subplatform: format!("cepko ({PORT})"),
        instance_id: InstanceId::new(&*uuid),
        hostname: Some(hostname(&context, &uuid)),
        public_keys: key.into_iter().collect(),
        user_data: Some(Bytes(user_data)),
        vendor_data,
        dsmode: mode,
        ..standard::instance(&ABOUT, SourceStage::Local, context)
    }))
}

impl DataSource for CloudSigma {
    fn about(&self) -> &'static About {
        &ABOUT
    }

    fn identify(&self, platform: &Platform<'_>) -> Identified {
        Identified::when(platform.dmi("product_name").as_deref() == Some(NAME))
    }

    fn crawl(&self, crawl: &Crawl<'_>) -> Result<Option<Instance>, SourceError> {
        if !has_product(crawl.platform) && !crawl.platform.is_named(NAME) {
            return Ok(None);
        }
        instance(ask(crawl.system())?)
    }

    /// Only the host has the UUID.
    fn still_same(&self, _platform: &Platform<'_>, _cached: &Instance) -> bool {
        false
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn cases() {
        crate::testing::run_cases("cloudsigma", &CloudSigma);
    }

    #[test]
    fn names_that_can_be_host_names() {
        let name = |name: &str| {
            let context = json!({"name": name});
            hostname(context.as_object().expect("a mapping"), "20a0059b-041e-4d0c-bcc6-9b2852de48b3")
        };
        assert_eq!(name("test_server.1"), "test_server.1");
        assert_eq!(name("тест"), "20a0059b");
        assert_eq!(name(""), "20a0059b");
        assert_eq!(name(&"x".repeat(100)).len(), 61);
    }
}
