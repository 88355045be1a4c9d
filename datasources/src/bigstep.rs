//! Bigstep: one document at a URL that the platform has written to the disk.

use std::path::PathBuf;
use std::time::Duration;

use metadata::single::{self, Single};
use metadata::standard;
use model::datasource::{Evidence, Medium, SourceError};
use model::effects::Url;
use model::instance::VendorData;
use model::{About, Crawl, DataSource, Identified, Instance, Paths, Platform};
use serde_json::Value;

const NAME: &str = "Bigstep";
/// In the state directory's data.
const URL_FILE: &str = "seed/bigstep/url";
/// The time limit of the request.
const TIMEOUT: Duration = Duration::from_secs(10);

const ABOUT: About = About {
    network: Some("DataSourceBigstep"),
    evidence: Evidence { dmi: &[], medium: Medium::Service, tree: &[] },
    page: include_str!("../pages/bigstep.yaml"),
    ..About::named(NAME)
};

/// The data source.
pub(crate) struct Bigstep;

fn url_file(paths: &Paths) -> PathBuf {
    paths.data(URL_FILE)
}

impl DataSource for Bigstep {
    fn about(&self) -> &'static About {
        &ABOUT
    }

    fn identify(&self, platform: &Platform<'_>) -> Identified {
        Identified::when(platform.files().is_file(&url_file(platform.paths)))
    }

    fn crawl(&self, crawl: &Crawl<'_>) -> Result<Option<Instance>, SourceError> {
        let Some(url) = crawl.system().files.read_optional(&url_file(crawl.paths()))? else { return Ok(None) };
        let url = String::from_utf8_lossy(&url).trim().to_owned();
        let service = Single { url, timeout: TIMEOUT, max_wait: 0, headers: Vec::new() };
        let document = service.fetch(crawl.system())?;
        let place = Url::new(&service.url).to_string();
        let missing =
            |key: &str| SourceError::Broken { place: place.clone(), reason: format!("no {key}") };
        let text = |key: &str| single::text(&document, key).ok_or_else(|| missing(key));
        let (user_data, vendor_data) = (text("userdata_raw")?, text("vendordata_raw")?);
        let Some(Value::Object(metadata)) = document.get("metadata").cloned() else {
            return Err(missing("metadata"));
        };
        Ok(Some(Instance {
            subplatform: format!("metadata ({place})"),
            user_data: Some(user_data),
            vendor_data: Some(VendorData::One(vendor_data)),
            ..standard::instance(&ABOUT, crawl.stage, metadata)
        }))
    }

    /// Only the document has the ID.
    fn still_same(&self, _platform: &Platform<'_>, _cached: &Instance) -> bool {
        false
    }
}

#[cfg(test)]
mod tests {
    #[test]
    fn cases() {
        crate::testing::run_cases("bigstep", &super::Bigstep);
    }
}
