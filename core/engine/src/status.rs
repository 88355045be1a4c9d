//! status.json and result.json: the result of each stage.

use std::collections::BTreeMap;
use std::path::PathBuf;

use model::effects::{Attributes, FileError, without_url_secrets};
use model::{Paths, Stage, System};
use serde_json::{Map, Value, json};

use crate::json;
use crate::report::Recoverable;

const STAGES: &[Stage] = &[Stage::Local, Stage::Network, Stage::Config, Stage::Final];

/// The two files while a stage is running.
pub struct StatusFile {
    system: System,
    paths: Paths,
    stage: Stage,
    status: Value,
    recoverable: Recoverable,
    /// What was recorded before the stage started: upstream merges it with the stage's own messages.
    before: BTreeMap<String, Vec<String>>,
}

fn empty() -> Value {
    json!({"errors": [], "recoverable_errors": {}, "start": null, "finished": null})
}

/// Whether a stage has started and not finished.
pub(crate) fn is_unfinished(stage: &Value) -> bool {
    stage["start"].is_number() && stage["finished"].is_null()
}

/// The status so far. The run directory's has precedence: it is the only one if data/ could not be written.
pub(crate) fn recorded(system: &System, paths: &Paths) -> Option<Value> {
    let found = [paths.run("status.json"), paths.data("status.json")];
    found.iter().find_map(|path| json::read(system, path)).filter(|found| found["v1"].is_object())
}

fn seconds(system: &System) -> Value {
    let uptime = system.clock.uptime().unwrap_or_else(|| system.clock.monotonic());
    // /proc/uptime has a resolution of hundredths.
    json!((uptime.as_secs_f64() * 100.0).round() / 100.0)
}

impl StatusFile {
    /// Starts a stage: the local one starts a new file, the others continue it.
    pub fn begin(
        system: &System,
        paths: &Paths,
        stage: Stage,
        recoverable: &Recoverable,
    ) -> Result<Self, FileError> {
        let mut v1 = Map::new();
        v1.insert("datasource".into(), Value::Null);
        for stage in [Stage::Network, Stage::Local, Stage::Config, Stage::Final] {
            v1.insert(stage.status_name().into(), empty());
        }
        let mut status = json!({"v1": v1});
        let file = Self {
            system: system.clone(),
            paths: paths.clone(),
            stage,
            status: Value::Null,
            recoverable: recoverable.clone(),
            before: recoverable.noted(),
        };
        if stage == Stage::Local {
            for name in ["status.json", "result.json"] {
                system.files.remove(&file.link(name))?;
                match system.files.remove(&file.path(name)) {
                    // The run directory's has precedence.
                    Err(error) if !error.is_storage() => return Err(error),
                    _ => {}
                }
            }
        } else if let Some(found) = recorded(system, paths) {
            status = found;
        }
        let name = stage.status_name();
        if !status["v1"][name].is_object() {
            status["v1"][name] = empty();
        }
        let own = &mut status["v1"][name];
        if !own["recoverable_errors"].is_object() {
            own["recoverable_errors"] = json!({});
        }
        if !own["start"].is_null() && own["finished"].is_null() {
            tracing::warn!("Unexpected start time found for {name}. Was this stage restarted?");
        }
        status["v1"]["stage"] = name.into();
        status["v1"][name]["start"] = seconds(system);
        let file = Self { status, ..file };
        file.write("status.json", &file.status)?;
        Ok(file)
    }

    /// Continues a stage that another process started and could not finish.
    pub fn resume(
        system: &System,
        paths: &Paths,
        stage: Stage,
        recoverable: &Recoverable,
    ) -> Result<Self, FileError> {
        let unfinished = |found: &Value| is_unfinished(&found["v1"][stage.status_name()]);
        let Some(status) = recorded(system, paths).filter(unfinished) else {
            return Self::begin(system, paths, stage, recoverable);
        };
        Ok(Self {
            system: system.clone(),
            paths: paths.clone(),
            stage,
            status,
            recoverable: recoverable.clone(),
            before: BTreeMap::new(),
        })
    }

    fn path(&self, name: &str) -> PathBuf {
        self.paths.data(name)
    }

    fn link(&self, name: &str) -> PathBuf {
        self.paths.run(name)
    }

    /// Writes a file below data/, with a relative link from the run directory. If data/ cannot be written, the file is in
    /// the run directory.
    fn write(&self, name: &str, value: &Value) -> Result<(), FileError> {
        let (path, link) = (self.path(name), self.link(name));
        // The next boot starts both files anew.
        let attributes = Attributes::mode(0o644).fleeting();
        match json::write(&self.system, &path, value, &attributes) {
            Err(error) if error.is_storage() => {
                tracing::debug!("{error}: writing {}", link.display());
                if self.system.files.read_link(&link).is_ok() {
                    self.system.files.remove(&link)?;
                }
                return json::write(&self.system, &link, value, &attributes);
            }
            written => written?,
        }
        let up = self.paths.run_dir.components().skip(1).map(|_| "..").collect::<PathBuf>();
        let relative = up.join(path.strip_prefix("/").unwrap_or(&path));
        if self.system.files.read_link(&link).is_ok_and(|target| target == relative) {
            return Ok(());
        }
        self.system.files.symlink(&relative, &link)
    }

    /// Finishes the stage. Returns the number of its errors, which is the command's exit code.
    pub fn finish(mut self, datasource: Option<&str>, errors: &[String]) -> Result<usize, FileError> {
        let name = self.stage.status_name();
        let v1 = &mut self.status["v1"];
        if let Some(datasource) = datasource {
            v1["datasource"] = datasource.into();
        }
        let mut all: Vec<Value> = v1[name]["errors"].as_array().cloned().unwrap_or_default();
        all.extend(errors.iter().map(|error| Value::from(without_url_secrets(error))));
        let count = all.len();
        v1[name]["errors"] = all.into();
        v1[name]["finished"] = seconds(&self.system);
        v1["stage"] = Value::Null;
        for (level, messages) in self.recoverable.noted() {
            let mut merged = self.before.get(&level).cloned().unwrap_or_default();
            for message in messages {
                if !merged.contains(&message) {
                    merged.push(message);
                }
            }
            v1[name]["recoverable_errors"][&level] = merged.into();
        }
        self.write("status.json", &self.status)?;
        if self.stage == Stage::Final {
            let errors: Vec<Value> = STAGES
                .iter()
                .flat_map(|stage| {
                    self.status["v1"][stage.status_name()]["errors"].as_array().cloned().unwrap_or_default()
                })
                .collect();
            let result = json!({"v1": {"datasource": self.status["v1"]["datasource"], "errors": errors}});
            self.write("result.json", &result)?;
        }
        Ok(count)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stages_add_to_one_file() {
        let (system, _) = system::Scratch::new().file("/var/lib/cloud/data/result.json", "{}").system();
        let paths = Paths::default();
        let noted = Recoverable::default();
        let local = StatusFile::begin(&system, &paths, Stage::Local, &noted).expect("written");
        assert!(!system.files.exists(&paths.data("result.json")), "a new boot has no result yet");
        noted.note("WARNING", "w".into());
        assert_eq!(local.finish(Some("DataSourceX"), &["e".into()]).expect("written"), 1);
        let last =
            StatusFile::begin(&system, &paths, Stage::Final, &Recoverable::default()).expect("written");
        assert_eq!(last.finish(None, &[]).expect("written"), 0);
        let status = json::read(&system, &paths.run("status.json")).expect("through the link");
        assert_eq!(status["v1"]["datasource"], "DataSourceX");
        assert_eq!(status["v1"]["init-local"]["recoverable_errors"], json!({"WARNING": ["w"]}));
        assert_eq!(status["v1"]["stage"], Value::Null);
        assert_eq!(status["v1"]["init"]["start"], Value::Null);
        let result = json::read(&system, &paths.run("result.json")).expect("through the link");
        assert_eq!(result, json!({"v1": {"datasource": "DataSourceX", "errors": ["e"]}}));
        let link = system.files.read_link(&paths.run("result.json")).expect("a link");
        assert_eq!(link, PathBuf::from("../../var/lib/cloud/data/result.json"));
    }

    /// A stage that ran before: its errors are kept, and its messages are added to.
    #[test]
    fn a_stage_that_is_started_again_or_resumed_keeps_what_it_has() {
        let status = json!({"v1": {"datasource": "D", "init": {
            "errors": ["old"], "recoverable_errors": {"WARNING": ["w"]}, "start": 1.0, "finished": null}}});
        let machine = || {
            let root = system::Scratch::new().file("/run/cloud-init/status.json", status.to_string());
            (root.system().0, Paths::default())
        };
        let (system, paths) = machine();
        let noted = Recoverable::default();
        let resumed = StatusFile::resume(&system, &paths, Stage::Network, &noted).expect("there");
        assert_eq!(resumed.status["v1"]["init"]["start"], 1.0, "it goes on");
        noted.note("WARNING", "later".into());
        assert_eq!(resumed.finish(None, &["new".into()]).expect("written"), 2);
        let found = recorded(&system, &paths).expect("written");
        assert_eq!(found["v1"]["init"]["errors"], json!(["old", "new"]));
        assert_eq!(found["v1"]["datasource"], "D");
        assert!(found["v1"]["init"]["finished"].is_number());
        assert!(!system.files.exists(&paths.run("result.json")), "it is not the last stage");
        // One that has finished begins again.
        let again = StatusFile::resume(&system, &paths, Stage::Network, &noted).expect("written");
        assert_ne!(again.status["v1"]["init"]["start"], 1.0);
        assert_eq!(again.status["v1"]["stage"], "init");
        // What was noted before the stage began is merged with its own, once.
        let (system, paths) = machine();
        let noted = Recoverable::default();
        noted.note("WARNING", "early".into());
        let begun = StatusFile::begin(&system, &paths, Stage::Network, &noted).expect("written");
        noted.note("WARNING", "own".into());
        begun.finish(Some("E"), &[]).expect("written");
        let found = recorded(&system, &paths).expect("written");
        assert_eq!(found["v1"]["init"]["recoverable_errors"], json!({"WARNING": ["early", "own"]}));
        assert_eq!(found["v1"]["datasource"], "E");
    }

    #[test]
    fn a_stage_is_unfinished_between_its_start_and_its_end() {
        for (stage, expected) in [
            (json!({"start": 1.5, "finished": null}), true),
            (json!({"start": 1.5, "finished": 2.5}), false),
            (json!({"start": null, "finished": null}), false),
            (json!({}), false),
            (json!(null), false),
        ] {
            assert_eq!(is_unfinished(&stage), expected, "{stage}");
        }
        // proc_uptime(5) counts hundredths.
        let (system, _) = system::scratch();
        system.clock.sleep(std::time::Duration::from_micros(1_239_400));
        assert_eq!(seconds(&system), json!(11.24));
    }
}
