//! `cloud-id`.

use engine::health::{Health, Running};
use engine::instance_data::cloud_id_of;
use engine::json;

use crate::cli::CloudId;
use crate::output;

/// Prints the cloud-id; returns 1 without data, 2 if disabled, 3 if not run yet.
pub(crate) fn run(options: &CloudId) -> u8 {
    let system = super::host();
    let (_, paths) = super::configuration(&system);
    let running = Health::read(&system, &paths).running;
    match running {
        Running::Disabled => {
            output::line(running.name());
            return 2;
        }
        Running::NotStarted => {
            output::line(running.name());
            return 3;
        }
        Running::Running | Running::Done => {}
    }
    let path = options.instance_data.clone().unwrap_or_else(|| paths.run("instance-data.json"));
    let shown = path.display();
    let Ok(bytes) = system.files.read(&path) else {
        output::error(&format!(
            "ERROR: File not found '{shown}'. Provide a path to instance data json file using --instance-data"
        ));
        return 1;
    };
    let data: serde_json::Value = match serde_json::from_slice(&bytes) {
        Ok(data) => data,
        Err(error) => {
            output::error(&format!("ERROR: File '{shown}' is not valid json. {error}"));
            return 1;
        }
    };
    let mut v1 = data["v1"].clone();
    let word = |key: &str| match &v1[key] {
        serde_json::Value::String(text) => text.clone(),
        // A null value is printed as Python prints it.
        serde_json::Value::Null if v1.get(key).is_some() => "None".to_owned(),
        _ => "unknown".to_owned(),
    };
    let (region, id) = (word("region"), cloud_id_of(&word("cloud_name"), &word("region"), &word("platform")));
    if options.json {
        output::error("DEPRECATED: Use: cloud-init query v1");
        v1["cloud_id"] = id.into();
        output::line(&json::dumps(&v1));
    } else if options.long {
        output::line(&format!("{id}\t{region}"));
    } else {
        output::line(&id);
    }
    0
}
