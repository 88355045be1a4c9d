//! The instance on disk: its cache, its directory, and its relation to the previous boot.

use std::ffi::OsStr;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};

use model::effects::{Attributes, FileError, FileKind, internal_error, temporary};
use model::instance::{Bytes, VendorData};
use model::{Instance, InstanceId, Node, Paths, Stage};
use serde_json::Value;

use super::{Boot, BootError};
use crate::consume::pieces;
use crate::{instance_data, json, state, userdata};

/// The cache of the data source's result: plain data instead of upstream's pickle.
pub fn cache_path(paths: &Paths) -> PathBuf {
    paths.instance("datasource.json")
}

/// Upstream's value for no previous instance.
const NO_PREVIOUS: &str = "NO_PREVIOUS_INSTANCE_ID";

impl Boot<'_> {
    fn line(&self, path: &Path) -> Option<String> {
        state::line(self.system, path)
    }

    /// The cached instance, if it is readable.
    pub(super) fn cached(&self) -> Option<Instance> {
        let bytes = state::read(self.system, &cache_path(&self.paths))?;
        match serde_json::from_slice(&bytes) {
            Ok(instance) => Some(instance),
            Err(error) => {
                tracing::warn!(
                    "ignoring {}: not a valid instance cache: {error}",
                    cache_path(&self.paths).display()
                );
                None
            }
        }
    }

    /// The previous instance, from our cache or from upstream's files: enough to keep it when no data source answers.
    pub(super) fn remembered(&self) -> Option<Instance> {
        self.cached().or_else(|| self.adopted())
    }

    /// The instance of the Python program, whose cache only it can read: the instance ID and the user's data. Metadata
    /// is read again once the data source answers.
    fn adopted(&self) -> Option<Instance> {
        if !self.system.files.exists(&self.paths.instance("obj.pkl")) {
            return None;
        }
        let id = InstanceId::new(self.line(&self.paths.data("instance-id"))?);
        let target = self.system.files.read_link(&self.paths.instance_link()).ok()?;
        if target.file_name()?.to_str()? != id.directory() {
            return None;
        }
        // `DataSourceOpenStackLocal: DataSourceOpenStackLocal [net,ver=2]`, where a module path may precede the first
        // name.
        let noted = self.line(&self.paths.instance("datasource"))?;
        let class = noted.split(':').next()?.rsplit('.').next()?.to_owned();
        let known = class.strip_prefix("DataSource")?;
        let sources = self.registry.sources.iter().map(|source| source.about().name);
        let source = sources.filter(|name| known.starts_with(name)).max_by_key(|name| name.len())?;
        let raw = |name: &str| self.system.files.read_optional(&self.paths.instance(name)).ok().flatten();
        Some(Instance {
            source: source.to_owned(),
            cloud_name: source.to_lowercase(),
            platform: source.to_lowercase(),
            metadata: serde_json::json!({"instance-id": id.as_str()}),
            instance_id: id,
            class,
            user_data: raw("user-data.txt").map(Bytes),
            vendor_data: raw("vendor-data.txt").map(|bytes| VendorData::One(Bytes(bytes))),
            vendor_data2: raw("vendor-data2.txt").map(|bytes| VendorData::One(Bytes(bytes))),
            ..Instance::default()
        })
    }

    /// The previous boot's instance ID.
    pub(super) fn previous_id(&self) -> Option<String> {
        let read = self.previous_id.get_or_init(|| self.line(&self.paths.data("instance-id")));
        read.clone().filter(|id| id != NO_PREVIOUS)
    }

    /// Whether this machine has become another instance since the previous boot.
    pub(super) fn is_new_instance(&self) -> bool {
        let current = self.instance.as_ref().map(|instance| instance.instance_id.as_str().to_owned());
        self.previous_id() != current
    }

    /// Whether this is the instance's first boot, in any stage: the local stage already stores the ID as the previous
    /// boot's.
    pub(super) fn is_first_boot(&self) -> bool {
        let begun = self.line(&self.first_boot_mark());
        self.is_new_instance() || (begun.is_some() && begun.as_deref() == self.id().map(InstanceId::as_str))
    }

    /// The ID of the instance that started in this boot; /run is empty at the next one.
    fn first_boot_mark(&self) -> PathBuf {
        self.paths.run(".new-instance-id")
    }

    /// The ID of the instance whose data source has not answered in this boot: waiting for it takes minutes, so that no
    /// stage does so twice.
    fn silence_mark(&self) -> PathBuf {
        self.paths.run(".silent-source")
    }

    /// Whether the data source of the current instance has not answered in this boot.
    pub(super) fn is_silent(&self) -> bool {
        self.line(&self.silence_mark()).is_some_and(|id| self.id().is_some_and(|own| own.as_str() == id))
    }

    /// Records that the data source of the current instance has not answered.
    pub(super) fn note_silence(&self) {
        let Some(id) = self.id() else { return };
        let line = format!("{}\n", id.as_str());
        let written =
            state::write(self.system, &self.silence_mark(), line.as_bytes(), &Attributes::mode(0o644));
        if let Err(error) = written {
            tracing::warn!("{error}");
        }
    }

    /// The cached instance if it is this machine: according to this boot's records, or to what is visible without a
    /// network.
    pub(super) fn check_cache(&self, trust: bool) -> Option<(Instance, &'static str)> {
        let cached = if trust { self.remembered() } else { self.cached() }?;
        let noted = self.line(&self.paths.run(".instance-id"));
        if noted.as_deref() == Some(cached.instance_id.as_str()) {
            return Some((cached, "restored from cache with run check"));
        }
        if trust {
            return Some((cached, "restored from cache"));
        }
        let source = self.registry.source(&cached.source)?;
        let same = catch_unwind(AssertUnwindSafe(|| source.still_same(&self.platform(), &cached)));
        let same = same.unwrap_or_else(|panic| {
            tracing::warn!("{}: {}", cached.source, internal_error(panic.as_ref()));
            false
        });
        same.then_some((cached, "restored from checked cache"))
    }

    /// Whether the cache is trusted regardless of the metadata.
    pub(super) fn manual_cache_clean(&self) -> bool {
        self.flag("manual_cache_clean", false)
            || self.system.files.exists(&self.paths.instance("manual-clean"))
    }

    /// The data source's description in status.json and `instance/datasource`.
    pub(super) fn description(instance: &Instance) -> String {
        format!("{}{}", instance.class, instance.detail)
    }

    /// Makes this the current instance: its link, directories, and the records of the previous state.
    pub(super) fn instancify(&mut self) -> Result<(), BootError> {
        let Some(instance) = &self.instance else { return Ok(()) };
        let (id, text) = (instance.instance_id.clone(), Self::description(instance));
        // The class appears twice, once as a path: other programs read upstream's format.
        let described = format!("{}: {text}", instance.class);
        let files = self.system.files.clone();
        let directory = self.paths.instance_dir(&id);
        let link = self.paths.instance_link();
        let already = files.read_link(&link).is_ok_and(|target| target == directory);
        files.create_dir(&directory, None)?;
        if !already {
            state::make_room(self.system, &link)?;
            files.symlink(&directory, &link)?;
        }
        for name in ["handlers", "scripts", "sem"] {
            files.create_dir(&directory.join(name), None)?;
        }
        let written = directory.join("datasource");
        let previous =
            self.line(&written).filter(|previous| !previous.is_empty()).unwrap_or_else(|| described.clone());
        let plain = Attributes::mode(0o644);
        let put = |path: &Path, text: &str, attributes: &Attributes| -> Result<(), FileError> {
            state::write(self.system, path, format!("{text}\n").as_bytes(), attributes)
        };
        // Every boot begins with writing what was before it.
        let before = plain.fleeting();
        put(&written, &described, &plain)?;
        put(&self.paths.data("previous-datasource"), &previous, &before)?;
        let previous_id = self.previous_id().unwrap_or_else(|| NO_PREVIOUS.to_owned());
        let id = id.as_str();
        if previous_id != id {
            // From here on, the instance is no longer new; a power cut must not leave it without network configuration.
            state::write(self.system, &self.network_mark(), b"", &plain)?;
            put(&self.first_boot_mark(), id, &plain)?;
        }
        put(&self.paths.data("instance-id"), id, &plain)?;
        put(&self.paths.run(".instance-id"), id, &plain)?;
        put(&self.paths.data("previous-instance-id"), &previous_id, &before)?;
        self.write_cache()?;
        if !already || previous != described {
            self.reload();
        }
        Ok(())
    }

    /// Writes the cache, and whether it is trusted.
    pub(super) fn write_cache(&self) -> Result<(), BootError> {
        let Some(instance) = &self.instance else { return Ok(()) };
        if self.flag("manual_cache_clean", false) {
            self.system.files.write(&self.paths.instance("manual-clean"), b"", &Attributes::mode(0o644))?;
        }
        let document = serde_json::to_value(instance).unwrap_or(Value::Null);
        let attributes = Attributes { mode: Some(0o400), ..Attributes::secret() };
        Ok(json::write(self.system, &cache_path(&self.paths), &document, &attributes)?)
    }

    /// Writes the instance data unless this boot already has, or if the instance was just found.
    pub(super) fn persist_instance_data(&self, always: bool) {
        let Some(instance) = &self.instance else { return };
        let public = self.paths.run("instance-data.json");
        if !always && self.system.files.exists(&public) {
            return;
        }
        // Upstream stores the configuration that the source was created with: at the first boot there is no instance
        // yet, and later only the local stage has the last one's.
        let local = self.stage <= Stage::Local;
        let own = always && !self.is_first_boot() && (local || self.restored);
        let config = if own { &self.config } else { &self.base };
        if let Err(error) = instance_data::persist(self.system, &self.paths, instance, config) {
            tracing::warn!("{error}");
        }
    }

    /// Stores user-data and vendor-data, raw and processed.
    pub(super) fn store_data(&self) -> Result<(), BootError> {
        let Some(instance) = &self.instance else { return Ok(()) };
        let directory = self.paths.instance_dir(&instance.instance_id);
        let write = |name: &str, bytes: &[u8], attributes: &Attributes| {
            state::write(self.system, &directory.join(name), bytes, attributes)
        };
        // Every boot processes the raw data again.
        let (raw_file, processed_file) = (Attributes::secret(), Attributes::secret().fleeting());
        let processor =
            userdata::Processor { system: self.system, paths: &self.paths, included: &self.included };
        let raw = instance.user_data.as_ref().map(|bytes| bytes.0.as_slice()).unwrap_or_default();
        write("user-data.txt", raw, &raw_file)?;
        let processed = processor.process("user-data", &[raw])?;
        write("user-data.txt.i", &processed.write(), &processed_file)?;
        for (name, data) in [("vendor-data", &instance.vendor_data), ("vendor-data2", &instance.vendor_data2)]
        {
            write(&format!("{name}.txt"), &raw_vendor_data(data.as_ref()), &raw_file)?;
            let pieces = data.as_ref().map_or_else(|| vec![&[][..]], pieces);
            let processed = processor.process(name, &pieces)?.write();
            write(&format!("{name}.txt.i"), &processed, &processed_file)?;
        }
        Ok(())
    }

    /// The directories that all stages expect.
    pub(super) fn make_directories(&self, stage: Stage) -> Result<(), BootError> {
        let files = &self.system.files;
        for name in [
            "",
            "scripts/per-instance",
            "scripts/per-once",
            "scripts/per-boot",
            "scripts/vendor",
            "seed",
            "instances",
            "handlers",
            "sem",
            "data",
        ] {
            let directory = self.paths.cloud_dir.join(name);
            if !files.is_dir(&directory) {
                files.create_dir(&directory, None)?;
            }
        }
        let semaphores = self.paths.run("sem");
        if !files.is_dir(&semaphores) {
            files.create_dir(&semaphores, None)?;
        }
        if stage == Stage::Local {
            self.sweep_scripts()?;
        }
        Ok(())
    }

    /// Removes temporary files that a power cut left beside a script: all executables in these directories are run.
    fn sweep_scripts(&self) -> Result<(), BootError> {
        let files = &self.system.files;
        let named = ["per-boot", "per-instance", "per-once", "vendor"].map(|name| self.paths.scripts(name));
        let own = ["scripts", "scripts/vendor"].map(|name| self.paths.instance(name));
        for directory in named.iter().chain(&own) {
            for name in files.list(directory).unwrap_or_default() {
                if temporary::writer(OsStr::new(&name)).is_some() {
                    files.remove(&directory.join(name))?;
                }
            }
        }
        Ok(())
    }

    /// Sets the log's owner: `syslog_fix_perms` lists candidates, of which the first existing one is used.
    pub(super) fn guard_log(&self) {
        let Some(log) = self.config.get("def_log_file").and_then(Node::as_str).map(Path::new) else { return };
        let Ok(Some(found)) = self.system.files.stat(log) else { return };
        // A device such as /dev/null is everyone's.
        if found.kind != FileKind::File {
            return;
        }
        // Never more permissive than before: an administrator may have restricted it.
        if found.mode & 0o640 != found.mode
            && let Err(error) = self.system.files.set_mode(log, found.mode & 0o640)
        {
            tracing::warn!("{error}");
        }
        let named = self.config.get("syslog_fix_perms");
        let owners: Vec<String> = match named.map(|node| (node.as_list(), node.scalar_text())) {
            Some((Some(list), _)) => list.iter().filter_map(Node::scalar_text).collect(),
            Some((None, Some(one))) if named.is_some_and(Node::is_truthy) => vec![one],
            _ => return,
        };
        let mut reason = None;
        for owner in &owners {
            let outcome = match self.distro.users().owner(owner) {
                Ok(owner) if owner.uid == Some(found.uid) && owner.gid == Some(found.gid) => return,
                Ok(owner) => self.system.files.set_owner(log, owner).map_err(|error| error.to_string()),
                Err(error) => Err(error.to_string()),
            };
            match outcome {
                Ok(()) => return,
                Err(error) => reason = Some(error),
            }
        }
        if let Some(error) = reason {
            let log = log.display();
            tracing::warn!("Failed changing perms on '{log}'. tried: {}. {error}", owners.join(","));
        }
    }

    /// The instance ID, if known.
    pub(super) fn id(&self) -> Option<&InstanceId> {
        self.instance.as_ref().map(|instance| &instance.instance_id)
    }
}

/// The raw file's form of vendor-data: a list is stored as JSON.
fn raw_vendor_data(data: Option<&VendorData>) -> Vec<u8> {
    match data {
        None => Vec::new(),
        Some(VendorData::One(bytes)) => bytes.0.clone(),
        Some(VendorData::Many(pieces)) => {
            let texts: Vec<String> =
                pieces.iter().map(|Bytes(bytes)| String::from_utf8_lossy(bytes).into_owned()).collect();
            json::dumps(&Value::from(texts)).into_bytes()
        }
    }
}
