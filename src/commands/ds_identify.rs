//! `ds-identify`: detects which data sources this machine may use, before anything else runs.

use std::path::{Path, PathBuf};

use engine::boot::{identify_all, platform};
use engine::config::{Loader, builtin, kernel_command_line};
use model::Order as _;
use model::config::Origin;
use model::effects::{Attributes, Environment, FileError};
use model::platform::{LAST_RESORT, only_source};
use model::{DataSource, Identified, Node, Paths, System};
use system::Host;

use crate::cli::DsIdentify;
use crate::output;

const CONFIG: &str = "/etc/cloud/ds-identify.cfg";
const DISABLED_FILE: &str = "/etc/cloud/cloud-init.disabled";

/// The order of the sources without `datasource_list`, which is another one than that of the stages.
const ORDER: &[&str] = &[
    "MAAS",
    "ConfigDrive",
    "NoCloud",
    "AltCloud",
    "Azure",
    "Bigstep",
    "CloudSigma",
    "CloudStack",
    "DigitalOcean",
    "Vultr",
    "AliYun",
    "Ec2",
    "GCE",
    "OpenNebula",
    "OpenStack",
    "VMware",
    "OVF",
    "SmartOS",
    "Scaleway",
    "Hetzner",
    "IBMCloud",
    "Oracle",
    "Exoscale",
    "RbxCloud",
    "UpCloud",
    "LXD",
    "NWCS",
    "Akamai",
    "WSL",
    "CloudCIX",
];

/// Containers whose devices are looked at, like upstream.
const OWN_DEVICES: &[&str] = &["openvz", "podman", "wsl"];

/// What to do with the detected sources.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Mode {
    Enabled,
    Disabled,
    Search,
    Report,
}

/// `policy=` from the configuration or from `ci.di.policy`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Policy {
    mode: Mode,
    /// Keep all detected sources, or only the first.
    all: bool,
    /// Also keep the sources that cannot be excluded.
    maybe: bool,
    /// Enable cloud-init even if no source was found.
    notfound_enabled: bool,
}

impl Policy {
    const DEFAULT: Self = Self { mode: Mode::Search, all: true, maybe: false, notfound_enabled: false };

    fn parse(text: &str) -> Self {
        let mut policy = Self::DEFAULT;
        for word in text.split(',').map(str::trim) {
            match word {
                "enabled" => policy.mode = Mode::Enabled,
                "disabled" => policy.mode = Mode::Disabled,
                "search" => policy.mode = Mode::Search,
                "report" => policy.mode = Mode::Report,
                "found=all" => policy.all = true,
                "found=first" => policy.all = false,
                "maybe=all" => policy.maybe = true,
                "maybe=none" => policy.maybe = false,
                "notfound=enabled" => policy.notfound_enabled = true,
                "notfound=disabled" => policy.notfound_enabled = false,
                "" => {}
                other => {
                    output::error(&format!("ds-identify: ignoring unknown policy '{other}'"));
                }
            }
        }
        policy
    }
}

/// The verdict: the text written for the stages, and the exit code.
#[derive(Debug, PartialEq, Eq)]
struct Verdict {
    /// The text of /run/cloud-init/cloud.cfg; `None` leaves the file alone.
    config: Option<String>,
    /// 0 enables, 1 disables, 2: disabled by the administrator.
    code: u8,
}

fn list(names: &[&str]) -> String {
    let mut names = names.to_vec();
    if !names.is_empty() && !names.contains(&LAST_RESORT) {
        names.push(LAST_RESORT);
    }
    format!("datasource_list: [ {} ]\n", names.join(", "))
}

/// Indents the text below `di_report:`, which the stages do not read.
fn report(text: &str) -> String {
    let lines: Vec<String> = text.lines().map(|line| format!("  {line}")).collect();
    format!("di_report:\n{}\n", lines.join("\n"))
}

/// `datasource:` and `policy:` from the configuration, then from the kernel command line.
fn settings(system: &System, cmdline: &str) -> (Option<String>, Policy) {
    let text = system.files.text(Path::new(CONFIG)).unwrap_or_default();
    let file = Node::from_yaml(CONFIG, text.as_bytes()).ok().flatten().unwrap_or_default();
    let value = |key: &str| file.get(key).and_then(Node::scalar_text);
    let (mut named, mut policy) = (value("datasource"), value("policy"));
    for word in cmdline.split_ascii_whitespace() {
        let Some((key, value)) = word.split_once('=') else { continue };
        let value = value.split(';').next().unwrap_or_default().to_owned();
        match key {
            "ds" | "ci.ds" | "ci.datasource" => named = Some(value),
            "ci.di.policy" => policy = Some(value),
            _ => {}
        }
    }
    (named.filter(|name| !name.is_empty()), policy.map_or(Policy::DEFAULT, |text| Policy::parse(&text)))
}

fn judge(system: &System, paths: &Paths, config: &Node, log: &mut Vec<String>) -> Verdict {
    let cmdline = kernel_command_line(system);
    let verdict = |config: Option<String>, code: u8| Verdict { config, code };
    let says = |word: &str| cmdline.split_ascii_whitespace().any(|found| found == word);
    let by_variable = system.environment.var("KERNEL_CMDLINE").as_deref() == Some("cloud-init=disabled");
    // Also as a part of another word, which upstream disables for as well.
    let by_word = cmdline.contains("cloud-init=disabled");
    if !says("cloud-init=enabled")
        && (system.files.exists(Path::new(DISABLED_FILE)) || by_word || by_variable)
    {
        log.push("disabled by file, kernel command line or the variable KERNEL_CMDLINE".into());
        return verdict(None, 2);
    }
    let (named, policy) = settings(system, &cmdline);
    log.push(format!("policy: {policy:?}"));
    let shown = |text: String| if policy.mode == Mode::Report { report(&text) } else { text };
    match policy.mode {
        Mode::Disabled => return verdict(None, 1),
        Mode::Enabled => return verdict(None, 0),
        Mode::Search | Mode::Report => {}
    }
    if let Some(name) = named {
        log.push(format!("datasource '{name}' specified"));
        return verdict(Some(shown(list(&[&name]))), 0);
    }
    if system.files.exists(&paths.instance("manual-clean")) {
        return verdict(Some(shown("# manual_cache_clean.\n".into())), 0);
    }
    // An empty list is none.
    let named_none = config.get("datasource_list").and_then(Node::as_list).is_some_and(<[Node]>::is_empty);
    let unlisted = builtin();
    let config = if named_none { &unlisted } else { config };
    let mut evidence = platform(system, paths, config);
    // A container shows its host's devices.
    if evidence.container && !OWN_DEVICES.contains(&evidence.virtualization()) {
        evidence.devices.clear();
    }
    let names = evidence.source_names();
    if only_source(&names).is_some() {
        log.push(format!("single entry in datasource_list ({}) use that", names.join(" ")));
        return verdict(Some(shown(format!("datasource_list: [ {} ]\n", names.join(", ")))), 0);
    }
    let registry = crate::registry::registry();
    let mut verdicts = identify_all(&registry, &evidence);
    if config.get("datasource_list").is_some_and(|list| list.origin == Origin::built_in()) {
        let place = |source: &dyn DataSource| ORDER.iter().position(|name| *name == source.about().name);
        verdicts.order_by_key(|(source, _)| place(*source).unwrap_or(ORDER.len()));
    }
    for (source, found) in &verdicts {
        log.push(format!("check for '{}' returned {found:?}", source.about().name));
    }
    // The fallback source is found everywhere, so it is no evidence.
    let of = |wanted: Identified| -> Vec<&str> {
        let abouts = verdicts.iter().filter(|(_, found)| *found == wanted).map(|(source, _)| source.about());
        abouts.filter(|about| !about.last_resort).map(|about| about.name).collect()
    };
    let mut found = of(Identified::Found);
    if !policy.all {
        found.truncate(1);
    }
    let mut settings = String::new();
    if found.is_empty() && policy.maybe {
        found = of(Identified::Maybe);
        let maybe = verdicts.iter().filter(|(_, found)| *found == Identified::Maybe);
        settings.extend(maybe.filter_map(|(source, _)| source.detected(&evidence)).map(|line| line + "\n"));
    }
    if !found.is_empty() {
        return verdict(Some(shown(list(&found) + &settings)), 0);
    }
    let word = if policy.notfound_enabled { "enabled" } else { "disabled" };
    let mut text = "datasource_list: [  ]\n".to_owned();
    if policy.mode == Mode::Search {
        text += &format!("# reporting not found result. notfound={word}.\n");
    }
    let code = u8::from(policy.mode == Mode::Search && !policy.notfound_enabled);
    log.push(format!("No ds found [mode={:?}, notfound={word}]. exit {code}", policy.mode));
    verdict(Some(report(&text)), code)
}

fn write(system: &System, paths: &Paths, verdict: &Verdict, log: &[String]) -> Result<(), FileError> {
    let plain = Attributes::mode(0o644);
    if let Some(config) = &verdict.config {
        system.files.write(&paths.run("cloud.cfg"), config.as_bytes(), &plain)?;
    }
    let environment = &system.environment;
    let quiet = environment.var("DEBUG_LEVEL").is_some_and(|level| level.trim() == "0");
    let text = if quiet { String::new() } else { log.join("\n") + "\n" };
    if environment.var("DI_LOG").as_deref() == Some("stderr") {
        environment.tell(&text);
    } else {
        system.files.write(&paths.run("ds-identify.log"), text.as_bytes(), &plain)?;
    }
    system.files.write(&paths.run(".ds-identify.result"), format!("{}\n", verdict.code).as_bytes(), &plain)
}

/// Variables that relocate a path; the first one set applies to the paths below.
const ROUTES: &[(&str, &str)] = &[
    ("PATH_SYS_CLASS_DMI_ID", "/sys/class/dmi/id"),
    ("PATH_SYS_HYPERVISOR", "/sys/hypervisor"),
    ("PATH_SYS_CLASS_BLOCK", "/sys/class/block"),
    ("PATH_DEV_DISK", "/dev/disk"),
    ("PATH_VAR_LIB_CLOUD", "/var/lib/cloud"),
    ("PATH_DI_CONFIG", CONFIG),
    ("PATH_PROC_CMDLINE", "/proc/cmdline"),
    ("PATH_PROC_1_CMDLINE", "/proc/1/cmdline"),
    ("PATH_PROC_1_ENVIRON", "/proc/1/environ"),
    ("PATH_PROC_UPTIME", "/proc/uptime"),
    ("PATH_ETC_CI_CFG_D", "/etc/cloud/cloud.cfg.d"),
    ("PATH_ETC_CI_CFG", "/etc/cloud/cloud.cfg"),
    ("PATH_ETC_CLOUD", "/etc/cloud"),
    ("PATH_RUN_CI_CFG", "/run/cloud-init/cloud.cfg"),
    ("PATH_RUN_DI_RESULT", "/run/cloud-init/.ds-identify.result"),
    ("PATH_RUN_CI", "/run/cloud-init"),
    ("PATH_RUN", "/run"),
];
const LOG: &str = "/run/cloud-init/ds-identify.log";

/// The machine that the environment describes: another root, and relocated paths.
fn described(environment: &dyn Environment) -> System {
    let set = |name: &str| environment.var(name).filter(|value| !value.is_empty()).map(PathBuf::from);
    let system = Host::system(set("PATH_ROOT"), crate::registry::http());
    let mut routes: Vec<system::Route> = Vec::new();
    if let Some(log) = set("DI_LOG").filter(|log| log != Path::new("stderr")) {
        routes.push((LOG.into(), log));
    }
    for &(name, path) in ROUTES {
        if let Some(elsewhere) = set(name) {
            routes.push((path.into(), elsewhere.clone()));
            // The directory follows the file unless it has its own variable.
            if name == "PATH_ETC_CI_CFG" {
                let mut directory = elsewhere.into_os_string();
                directory.push(".d");
                routes.push(("/etc/cloud/cloud.cfg.d".into(), directory.into()));
            }
        }
    }
    system::rerouted(&system, Host::system(None, crate::registry::http()).files, routes)
}

/// Detects the sources and writes the verdict; returns its exit code.
pub(crate) fn run(options: &DsIdentify) -> u8 {
    verdict(&described(super::host().environment.as_ref()), options.force)
}

/// The same for the generator.
pub(crate) fn verdict(system: &System, force: bool) -> u8 {
    let config = Loader::new(system, Vec::new()).base();
    let paths = engine::config::paths(&config);
    let cached =
        system.files.text(&paths.run(".ds-identify.result")).and_then(|text| text.trim().parse::<u8>().ok());
    if let Some(code) =
        cached.filter(|code| *code <= 2 && !force && system.files.exists(&paths.run("cloud.cfg")))
    {
        return code;
    }
    let mut log = Vec::new();
    let verdict = judge(system, &paths, &config, &mut log);
    if let Err(error) = write(system, &paths, &verdict, &log) {
        output::error(&format!("ds-identify: {error}"));
    }
    verdict.code
}

#[cfg(test)]
mod tests {
    use super::*;
    use system::Scratch;

    #[track_caller]
    fn check(root: Scratch, code: u8, config: Option<&str>) {
        let (system, _) = root.system();
        let base = Loader::new(&system, Vec::new()).base();
        let verdict = judge(&system, &Paths::default(), &base, &mut Vec::new());
        assert_eq!((verdict.code, verdict.config.as_deref()), (code, config));
    }

    /// The original's script: «used cached result. pass --force to re-run», where cloud.cfg of the run directory is there too.
    #[test]
    fn a_verdict_is_kept_until_it_is_asked_for_by_force() {
        let root = || {
            Scratch::new()
                .file("/var/lib/cloud/seed/nocloud/meta-data", "")
                .file("/var/lib/cloud/seed/nocloud/user-data", "")
                .file("/run/cloud-init/.ds-identify.result", "1\n")
        };
        let kept = root().file("/run/cloud-init/cloud.cfg", "kept: true\n");
        let judged = |root: Scratch, force: bool| {
            let (system, _) = root.system();
            let code = verdict(&system, force);
            (code, system.files.text(Path::new("/run/cloud-init/cloud.cfg")).unwrap_or_default())
        };
        assert_eq!(judged(kept.clone(), false), (1, "kept: true\n".to_owned()));
        let found = (0, "datasource_list: [ NoCloud, None ]\n".to_owned());
        assert_eq!(judged(kept, true), found);
        assert_eq!(judged(root(), false), found, "there is no configuration to keep");
        let odd =
            root().file("/run/cloud-init/.ds-identify.result", "7\n").file("/run/cloud-init/cloud.cfg", "");
        assert_eq!(judged(odd, false), found, "no code of it");
    }

    #[test]
    fn the_verdicts_of_the_original() {
        let seed = |root: Scratch| {
            root.file("/var/lib/cloud/seed/nocloud/meta-data", "")
                .file("/var/lib/cloud/seed/nocloud/user-data", "")
        };
        check(seed(Scratch::new()), 0, Some("datasource_list: [ NoCloud, None ]\n"));
        check(
            Scratch::new(),
            1,
            Some("di_report:\n  datasource_list: [  ]\n  # reporting not found result. notfound=disabled.\n"),
        );
        check(Scratch::new().file(DISABLED_FILE, ""), 2, None);
        check(
            Scratch::new().file("/proc/cmdline", "ci.ds=OpenStack\n"),
            0,
            Some("datasource_list: [ OpenStack, None ]\n"),
        );
        check(Scratch::new().file(CONFIG, "policy: enabled\n"), 0, None);
        check(
            Scratch::new().file("/etc/cloud/cloud.cfg.d/ds.cfg", "datasource_list: [ Ec2, None ]\n"),
            0,
            Some("datasource_list: [ Ec2, None ]\n"),
        );
    }
}
