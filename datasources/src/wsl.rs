//! WSL: user-data of the Windows user, and of Ubuntu Pro for WSL and Landscape, in files below the user's profile.
//!
//! Source: "Cloud-init" and "Advanced settings" in the documentation of WSL and of Ubuntu on WSL.

mod config_data;
mod windows;

use std::path::{Path, PathBuf};

use metadata::{documents, standard};
use model::datasource::{Evidence, Medium, SourceError, SourceStage};
use model::effects::{Command, ReadFiles};
use model::instance::Bytes;
use model::{About, Crawl, DataSource, Identified, Instance, Node, Platform, System};
use serde_json::{Map, Value};

use config_data::ConfigData;

const NAME: &str = "WSL";
/// The ID of an instance without metadata.
const DEFAULT_ID: &str = "iid-datasource-wsl";
/// The directory of cloud-init's files in the profile, and in that of Ubuntu Pro.
const DIRECTORY: &str = ".cloud-init";
const PRO: &str = ".ubuntupro";
/// The file of Ubuntu Pro's agent.
const AGENT: &str = "agent.yaml";
/// The option of landscape-config for the ID that an instance is registered with.
const REQUEST_ID: &str = "--installation-request-id";

const ABOUT: About = About {
    local: Some("DataSourceWSL"),
    evidence: Evidence { dmi: &[], medium: Medium::Configuration, tree: &[] },
    page: include_str!("../pages/wsl.yaml"),
    ..About::named(NAME)
};

/// The data source.
pub(crate) struct Wsl;

/// Where the files of this instance are.
struct Place {
    /// The name of the instance on Windows.
    instance: String,
    own: PathBuf,
    pro: PathBuf,
}

impl Place {
    fn of(system: &System) -> Result<Self, SourceError> {
        let home = windows::home(system)?;
        Ok(Self {
            instance: windows::instance_name(system)?,
            own: home.join(DIRECTORY),
            pro: home.join(PRO).join(DIRECTORY),
        })
    }

    /// The instance's metadata: Ubuntu Pro's, the user's, or only the default ID.
    fn metadata(&self, files: &dyn ReadFiles) -> Result<Map<String, Value>, SourceError> {
        for directory in [&self.pro, &self.own] {
            let path = directory.join(format!("{}.meta-data", self.instance));
            let Some(bytes) = files.read_optional(&path)? else { continue };
            let place = path.display().to_string();
            let metadata = documents::object(&documents::yaml(&place, &bytes)?);
            if !metadata.contains_key("instance-id") {
                let reason = "the key instance-id is missing".to_owned();
                return Err(SourceError::Broken { place, reason });
            }
            return Ok(metadata);
        }
        Ok([("instance-id".to_owned(), Value::from(DEFAULT_ID))].into_iter().collect())
    }

    /// The names of the user's file in the order of preference.
    fn names(&self, files: &dyn ReadFiles) -> [String; 4] {
        let release = OsRelease::read(files);
        let id = release.id;
        let version = if release.version.is_empty() { release.codename } else { release.version };
        [
            format!("{}.user-data", self.instance),
            format!("{id}-{version}.user-data"),
            format!("{id}-all.user-data"),
            "default.user-data".to_owned(),
        ]
    }

    /// The user's file. Windows ignores case in names.
    fn user_file(&self, files: &dyn ReadFiles) -> Option<PathBuf> {
        let existing = files.list(&self.own).unwrap_or_default();
        let wanted = self.names(files);
        let mut found = wanted.iter().filter_map(|name| {
            existing.iter().find(|known| known.to_lowercase() == name.to_lowercase())
        });
        found.next().map(|name| self.own.join(name))
    }
}

/// The fields of os-release(5) that names of files have.
#[derive(Default)]
struct OsRelease {
    name: String,
    id: String,
    version: String,
    codename: String,
}

impl OsRelease {
    fn read(files: &dyn ReadFiles) -> Self {
        let text = files.text(Path::new("/etc/os-release")).unwrap_or_default();
        let field = |name: &str| {
            let value = text.lines().find_map(|line| line.trim().strip_prefix(name)?.strip_prefix('='));
            value.unwrap_or_default().trim().trim_matches(['"', '\'']).to_owned()
        };
        let mut found = Self {
            name: field("NAME"),
            id: field("ID"),
            version: field("VERSION_ID"),
            codename: field("VERSION_CODENAME"),
        };
        if found.id == "rhel" {
            "redhat".clone_into(&mut found.id);
        }
        found
    }
}

impl DataSource for Wsl {
    fn about(&self) -> &'static About {
        &ABOUT
    }

    /// Like upstream, this runs Windows's cmd.exe, which alone knows where the profile is.
    fn identify(&self, platform: &Platform<'_>) -> Identified {
        let system = platform.system;
        let is_wsl = system.environment.uname().system == "Linux" && platform.virtualization() == "wsl";
        if !is_wsl || windows::drives(system).is_empty() {
            return Identified::No;
        }
        let Ok(place) = Place::of(system) else { return Identified::No };
        let files = platform.files();
        let pro = [format!("{}.user-data", place.instance), AGENT.to_owned()];
        let found = (OsRelease::read(files).name == "Ubuntu"
            && pro.iter().any(|name| files.is_file(&place.pro.join(name))))
            || place.names(files).iter().any(|name| files.is_file(&place.own.join(name)));
        Identified::when(found)
    }

    fn crawl(&self, crawl: &Crawl<'_>) -> Result<Option<Instance>, SourceError> {
        let files = crawl.platform.files();
        if !files.exists(Path::new(windows::WSLPATH)) {
            tracing::debug!("No WSL command {} found. Cannot detect WSL datasource", windows::WSLPATH);
            return Ok(None);
        }
        let place = match Place::of(crawl.system()) {
            Ok(place) => place,
            Err(error) => {
                tracing::debug!("Unable to detect WSL datasource: {error}");
                return Ok(None);
            }
        };
        let metadata = place.metadata(files)?;
        let id = metadata.get("instance-id").and_then(standard::text).unwrap_or_default();
        let (agent, landscape) = pro_data(crawl, &place, &id)?;
        let user = match landscape {
            Some(data) => Some(data),
            None => match place.user_file(files) {
                Some(path) => Some(ConfigData::read(files, &path, None)?),
                None => None,
            },
        };
        if agent.is_none() && user.is_none() {
            tracing::info!("no user-data for this instance in {}", place.own.display());
            return Ok(None);
        }
        let user_data = config_data::merged(agent, user);
        Ok(Some(Instance {
            user_data: user_data.map(|text| Bytes(text.into_bytes())),
            ..standard::instance(&ABOUT, SourceStage::Local, metadata)
        }))
    }

    fn still_same(&self, platform: &Platform<'_>, cached: &Instance) -> bool {
        let metadata =
            Place::of(platform.system).and_then(|place| place.metadata(platform.files()));
        match metadata {
            Ok(metadata) => {
                metadata.get("instance-id").and_then(standard::text).as_deref()
                    == Some(cached.instance_id.as_str())
            }
            Err(error) => {
                tracing::warn!("Unable to check_instance_id from metadata file: {error}");
                false
            }
        }
    }
}

/// The files of Ubuntu Pro's agent and of Landscape, which Ubuntu alone has.
fn pro_data(
    crawl: &Crawl<'_>,
    place: &Place,
    id: &str,
) -> Result<(Option<ConfigData>, Option<ConfigData>), SourceError> {
    let files = crawl.platform.files();
    let distro = crawl.platform.config.at(&["system_info", "distro"]).and_then(Node::as_str);
    if distro != Some("ubuntu") || !files.is_dir(&place.pro) {
        return Ok((None, None));
    }
    // An older client does not know the field.
    let id = (id != DEFAULT_ID && landscape_registers_by_id(crawl)).then_some(id);
    let read = |name: &str| {
        let path = place.pro.join(name);
        if files.is_file(&path) { ConfigData::read(files, &path, id).map(Some) } else { Ok(None) }
    };
    Ok((read(AGENT)?, read(&format!("{}.user-data", place.instance))?))
}

fn landscape_registers_by_id(crawl: &Crawl<'_>) -> bool {
    match crawl.system().commands.run(&Command::line(["landscape-config", "--help"])) {
        Ok(output) => output.text().contains(REQUEST_ID),
        Err(error) => {
            tracing::warn!("Unable to verify if landscape-client supports installation_request_id: {error}");
            false
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::testing::Machine;

    #[test]
    fn cases() {
        crate::testing::run_cases("wsl", &Wsl);
    }

    /// The original's `dscheck_WSL` of ds-identify.
    #[test]
    fn files_that_detection_accepts() {
        let ubuntu = "NAME=\"Ubuntu\"\nID=ubuntu\nVERSION_ID=\"24.04\"\nVERSION_CODENAME=noble\n";
        let rhel = "NAME='Red Hat'\nID=rhel\nVERSION_CODENAME=Plow\n";
        for (file, release, virtualization, expected) in [
            (".cloud-init/Noble.user-data", ubuntu, "wsl", true),
            (".cloud-init/ubuntu-24.04.user-data", ubuntu, "wsl", true),
            (".cloud-init/ubuntu-all.user-data", ubuntu, "wsl", true),
            (".cloud-init/default.user-data", ubuntu, "wsl", true),
            (".cloud-init/ubuntu-noble.user-data", ubuntu, "wsl", false),
            (".cloud-init/default.user-data", ubuntu, "kvm", false),
            (".cloud-init/redhat-Plow.user-data", rhel, "wsl", true),
            (".cloud-init/rhel-all.user-data", rhel, "wsl", false),
            (".ubuntupro/.cloud-init/agent.yaml", ubuntu, "wsl", true),
            (".ubuntupro/.cloud-init/Noble.user-data", ubuntu, "wsl", true),
            (".ubuntupro/.cloud-init/default.user-data", ubuntu, "wsl", false),
            (".ubuntupro/.cloud-init/agent.yaml", rhel, "wsl", false),
            (".cloud-init/agent.yaml", ubuntu, "wsl", false),
        ] {
            let scratch = system::Scratch::new()
                .programs(&[windows::WSLPATH, "/init", "/mnt/c/Windows/System32/cmd.exe"])
                .file("/proc/mounts", "C:\\134 /mnt/c 9p rw,noatime,aname=drvfs;path=C:\\;uid=1000 0 0\n")
                .file("/etc/os-release", release)
                .file(&format!("/mnt/c/Users/me/{file}"), "x");
            let http = Arc::new(system::TreeHttp::new(Arc::new(system::Scratch::new()), None));
            let mut machine = Machine::with_http(scratch, http).virtualization(virtualization);
            let profile: String = "C:\\Users\\me\r\n".chars().flat_map(|letter| [letter, '\0']).collect();
            let answering = system::Answering::over(&machine.system)
                .prints("/init /mnt/c/Windows/System32/cmd.exe", &profile)
                .prints("/usr/bin/wslpath -au", "/mnt/c/Users/me\n")
                .prints("/usr/bin/wslpath -am", "//wsl.localhost/Noble/\n");
            machine.system.commands = Arc::new(answering);
            let expected = if expected { Identified::Found } else { Identified::No };
            assert_eq!(machine.identify(&Wsl), expected, "{file} {release} {virtualization}");
        }
    }
}
