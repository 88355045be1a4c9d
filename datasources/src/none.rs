//! None: no source, so that a machine without any still gets its keys and users.

use model::datasource::{SourceError, SourceStage};
use model::instance::Bytes;
use model::{Crawl, DataSource, Identified, Instance, InstanceId, Platform};
use serde_json::{Map, Value};

use crate::standard;

/// The source of a machine that has none.
pub(crate) struct NoSource;

impl DataSource for NoSource {
    fn name(&self) -> &'static str {
        "None"
    }

    fn stages(&self) -> &'static [SourceStage] {
        &[SourceStage::Network]
    }

    /// Nothing shows it, and nothing excludes it.
    fn identify(&self, _platform: &Platform<'_>) -> Identified {
        Identified::Maybe
    }

    fn crawl(&self, crawl: &mut Crawl<'_>) -> Result<Option<Instance>, SourceError> {
        let config = crawl.config("None");
        let metadata = match config.get("metadata").map(model::Node::to_json) {
            Some(Value::Object(map)) => map,
            _ => Map::new(),
        };
        let user_data = config.get("userdata_raw").and_then(model::Node::scalar_text).unwrap_or_default();
        Ok(Some(Instance {
            instance_id: InstanceId::new(InstanceId::DATASOURCE_NONE),
            subplatform: "config".to_owned(),
            user_data: Some(Bytes(user_data.into_bytes())),
            ..standard::instance("None", "DataSourceNone", metadata)
        }))
    }

    fn still_same(&self, _platform: &Platform<'_>, _cached: &InstanceId) -> bool {
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
