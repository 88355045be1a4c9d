//! None: no source, so that a machine without any still gets its keys and users.

use metadata::standard;
use model::datasource::SourceError;
use model::instance::Bytes;
use model::platform::LAST_RESORT;
use model::{About, Crawl, DataSource, Identified, Instance, InstanceId, Platform};
use serde_json::{Map, Value};

const ABOUT: About = About {
    network: Some("DataSourceNone"),
    last_resort: true,
    page: include_str!("../pages/none.yaml"),
    ..About::named(LAST_RESORT)
};

/// The source of a machine without any.
pub(crate) struct NoSource;

impl DataSource for NoSource {
    fn about(&self) -> &'static About {
        &ABOUT
    }

    /// Nothing detects it, and nothing rules it out.
    fn identify(&self, _platform: &Platform<'_>) -> Identified {
        Identified::Maybe
    }

    fn crawl(&self, crawl: &Crawl<'_>) -> Result<Option<Instance>, SourceError> {
        let config = crawl.config(LAST_RESORT);
        let metadata = match config.get("metadata").map(model::Node::to_json) {
            Some(Value::Object(map)) => map,
            _ => Map::new(),
        };
        let user_data = config.get("userdata_raw").and_then(model::Node::scalar_text).unwrap_or_default();
        Ok(Some(Instance {
            instance_id: InstanceId::new(InstanceId::DATASOURCE_NONE),
            subplatform: "config".to_owned(),
            user_data: Some(Bytes(user_data.into_bytes())),
            ..standard::instance(&ABOUT, crawl.stage, metadata)
        }))
    }

    fn still_same(&self, _platform: &Platform<'_>, _cached: &Instance) -> bool {
        false
    }
}

#[cfg(test)]
mod tests {
    #[test]
    fn every_machine_of_testdata() {
        crate::testing::run_cases("none", &super::NoSource);
    }
}
