//! `detect`: the original's ds-identify and ours on made-up machines, and on machines that are several of them at once.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Stdio;

use oracle::dice::Dice;
use oracle::root::in_namespaces;

use crate::machine::Machine;
use crate::{Error, file};

/// `$1` is the root, `$2` the machine's directory, `$3` our binary or nothing; the arguments follow. Neither /proc nor /sys
/// are mounted: they are the machine's.
const SCRIPT: &str = r#"
set -e
root=$1 scratch=$2 ours=$3
shift 3
mount -t overlay overlay -o "lowerdir=$root,upperdir=$scratch/upper,workdir=$scratch/work" "$scratch/root"
cd "$scratch/root"
[ -c dev/null ] || mknod -m 666 dev/null c 1 3
if [ -n "$ours" ]; then
    cp "$ours" usr/bin/cloud-init
    ln -sf ../../bin/cloud-init usr/lib/cloud-init/ds-identify
fi
code=0
while read -r variable; do export "$variable"; done <"$scratch/variables"
timeout 60 chroot . /usr/lib/cloud-init/ds-identify "$@" >"$scratch/out" 2>"$scratch/err" </dev/null || code=$?
echo $code >"$scratch/code"
"#;

/// What a program made of a machine.
#[derive(Debug, PartialEq, Eq)]
pub struct Verdict {
    code: String,
    config: Option<String>,
    result: Option<String>,
}

impl std::fmt::Display for Verdict {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let shown = |text: &Option<String>| {
            text.as_ref().map_or_else(|| "no file".to_owned(), |text| format!("{text:?}"))
        };
        write!(
            formatter,
            "exit {}, cloud.cfg {}, result {}",
            self.code,
            shown(&self.config),
            shown(&self.result)
        )
    }
}

/// The machines of the table, each whole, in order of their names.
pub fn table(directory: &Path) -> Result<BTreeMap<String, Machine>, Error> {
    let mut raw: BTreeMap<String, Machine> = BTreeMap::new();
    for entry in fs::read_dir(directory).map_err(file(directory.display().to_string()))? {
        let path = entry.map_err(file(directory.display().to_string()))?.path();
        if path.extension().is_none_or(|extension| extension != "yaml") {
            continue;
        }
        let text = fs::read_to_string(&path).map_err(file(path.display().to_string()))?;
        let part: BTreeMap<String, Machine> = serde_yaml::from_str(&text)
            .map_err(|error| Error::Usage(format!("{}: {error}", path.display())))?;
        for (name, machine) in part {
            if raw.insert(name.clone(), machine).is_some() {
                return Err(Error::Usage(format!("two machines are called {name}")));
            }
        }
    }
    let names: Vec<String> = raw.keys().cloned().collect();
    names.into_iter().map(|name| Ok((name.clone(), whole(&raw, &name, 0)?))).collect()
}

fn whole(raw: &BTreeMap<String, Machine>, name: &str, depth: usize) -> Result<Machine, Error> {
    let machine = raw.get(name).ok_or_else(|| Error::Usage(format!("there is no machine {name}")))?;
    match &machine.like {
        Some(base) if depth < 8 => Ok(machine.clone().over(&whole(raw, base, depth + 1)?)),
        Some(base) => Err(Error::Usage(format!("{name} is like {base}, which has no end"))),
        None => Ok(machine.clone()),
    }
}

/// Settings that the administrator may have beside any evidence.
const SETTINGS: &[(&str, &str)] = &[
    ("etc/cloud/ds-identify.cfg", "policy: search,found=first,maybe=all,notfound=enabled\n"),
    ("etc/cloud/ds-identify.cfg", "policy: report\n"),
    ("etc/cloud/ds-identify.cfg", "policy: enabled\n"),
    ("etc/cloud/ds-identify.cfg", "datasource: Ec2\n"),
    ("etc/cloud/ds-identify.cfg", "policy: search,maybe=all\nci.datasource.ec2.strict_id: false\n"),
    (
        "etc/cloud/cloud.cfg.d/list.cfg",
        "datasource_list: [ NoCloud, Ec2, GCE, OpenStack, ConfigDrive, None ]\n",
    ),
    ("etc/cloud/cloud.cfg.d/list.cfg", "datasource_list: ['VMware', \"OVF\", LXD, SmartOS, Oracle]\n"),
    ("etc/cloud/cloud.cfg.d/99-ec2.cfg", "datasource: {Ec2: {strict_id: warn}}\n"),
    ("var/lib/cloud/instance/manual-clean", ""),
];

const WORDS: &[&str] = &[
    "ci.di.policy=search,found=first",
    "ci.di.policy=report,notfound=enabled",
    "ci.di.policy=search,maybe=all",
    "ci.datasource.ec2.strict_id=false",
    "ds=nocloud;s=http://192.0.2.1/",
    "ci.ds=GCE",
    "cloud-init=disabled",
    "cc: datasource_list: [ OpenStack, None ] end_cc",
];

/// A machine that is two to four of the table at once, with or without settings.
fn drawn_from(machines: &[(&String, &Machine)], dice: &mut Dice) -> (String, Machine) {
    let mut names = Vec::new();
    let mut made = Machine::default();
    for _ in 0..2 + dice.below(3) {
        let (name, machine) = dice.one(machines);
        names.push(name.as_str());
        made = machine.clone().over(&made);
    }
    for _ in 0..dice.below(3) {
        let (path, text) = dice.one(SETTINGS);
        made.files.insert(path.to_owned(), Some(text.to_owned()));
        names.push(text.trim());
    }
    if dice.chance(25) {
        let word = dice.one(WORDS);
        made.cmdline = Some(format!("{} {word}", made.cmdline.unwrap_or_default()).trim().to_owned());
        names.push(word);
    }
    made.told = Some(dice.chance(50));
    made.finds = None;
    // One machine's file may be another's directory.
    let paths: Vec<String> = made.files.keys().cloned().collect();
    made.files.retain(|path, _| !paths.iter().any(|other| other.starts_with(&format!("{path}/"))));
    made.ages.retain(|path, _| made.files.contains_key(path) || path.starts_with("proc/"));
    (names.join(" + ").replace('\n', "; "), made)
}

/// Where the parts of a run are.
pub struct Place<'a> {
    /// The root with the original.
    pub root: &'a Path,
    /// A directory of this run.
    pub scratch: &'a Path,
    /// Our binary.
    pub ours: &'a Path,
}

impl Place<'_> {
    /// Both verdicts on a machine.
    pub fn judge(&self, machine: &Machine) -> Result<(Verdict, Verdict), Error> {
        let images = self.scratch.join("images");
        fs::create_dir_all(&images).map_err(file("images"))?;
        let run = |name: &str, ours: Option<&Path>| -> Result<Verdict, Error> {
            let directory = self.scratch.join(name);
            oracle::root::remove(&directory)?;
            for part in ["upper", "work", "root"] {
                fs::create_dir_all(directory.join(part)).map_err(file(part))?;
            }
            machine.build(&directory.join("upper"), &images)?;
            run(self.root, &directory, ours, machine)
        };
        Ok((run("original", None)?, run("ours", Some(self.ours))?))
    }
}

fn run(root: &Path, directory: &PathBuf, ours: Option<&Path>, machine: &Machine) -> Result<Verdict, Error> {
    let variables: Vec<String> = machine
        .variables()
        .iter()
        .map(|(name, value)| {
            format!(
                "{name}={value}
"
            )
        })
        .collect();
    fs::write(directory.join("variables"), variables.concat()).map_err(file("variables"))?;
    let mut command = in_namespaces();
    command.args(["sh", "-c", SCRIPT, "detect"]).arg(root).arg(directory);
    command.arg(ours.unwrap_or(Path::new(""))).args(&machine.arguments);
    command.env_clear().env("PATH", "/usr/sbin:/usr/bin:/sbin:/bin").stdin(Stdio::null());
    oracle::root::run_command(&mut command)?;
    let read = |path: &str| fs::read_to_string(directory.join(path)).ok();
    let left = |name: &str| read(&format!("upper/run/cloud-init/{name}"));
    Ok(Verdict {
        code: read("code").unwrap_or_default().trim().to_owned(),
        config: left("cloud.cfg"),
        result: left(".ds-identify.result"),
    })
}

const CASE: &str =
    "the stages of the original compare this without case; its ds-identify does not, ours goes by the stages";
const HOST: &str =
    "what a container's /sys shows is its host's firmware, which the original's stages ignore as well";

const LINES: &str = "a list over several lines is a list, like for the stages";
const ELEVENTH: &str = "the original's stages know more than ten drives";
const SPACE: &str =
    "blkid prints a space in a label as `\\ `, which the original's ds-identify does not expect";
const ANSWER: &str = "a program that fails or does not exist has no answer, whatever is printed";

/// The machines of the table whose verdicts differ for a reason. No drawn machine is made of them.
const KNOWN: &[(&str, &str)] = &[
    ("azure-list-over-lines", LINES),
    ("gce-in-podman", HOST),
    ("list-over-lines", LINES),
    ("lxd-azure-over-lines", LINES),
    ("ovf-guestinfo-vmtoolsd", ANSWER),
    ("ovf-label-5", SPACE),
    ("ovf-label-6", SPACE),
    ("ovf-on-eleventh", ELEVENTH),
    ("vmware-rpctool-nothing", ANSWER),
    (
        "ec2-maybe-config-elsewhere",
        "the configuration is one, whatever its files are called, as for the stages",
    ),
    ("ec2-xen-upper", CASE),
    (
        "enabled-by-word",
        "`cloud-init=enabled` has precedence over the file, as the original's documentation says",
    ),
    ("nocloud-serial-in-container", HOST),
    ("scaleway-in-docker", HOST),
    ("tilaa-lower", CASE),
];

/// The reason for another verdict on a drawn machine.
fn excuse(machine: &Machine) -> Option<&'static str> {
    let firmware = |name: &str, start: &str| {
        machine.dmi.as_ref().and_then(|dmi| dmi.get(name)).is_some_and(|value| value.starts_with(start))
    };
    let host = firmware("product_serial", "ds=nocloud") || firmware("sys_vendor", "Scaleway");
    // The original's ds-identify does not take these for containers, its stages do.
    let unlisted =
        matches!(machine.virt.as_deref(), Some("wsl" | "podman" | "openvz")) && machine.dmi.is_some();
    (machine.is_container() && (host || unlisted)).then_some(HOST)
}

/// Which machines to compare on.
pub struct Wanted<'a> {
    /// These of the table only; if empty, all.
    pub names: &'a [String],
    /// Whether the table's machines are among them.
    pub with_table: bool,
    /// What the others are drawn with.
    pub seed: u64,
    /// How many are drawn.
    pub drawn: u64,
}

/// The machines to compare on, with their names.
fn cases(machines: &BTreeMap<String, Machine>, wanted: &Wanted<'_>) -> Vec<(String, Machine)> {
    let names = wanted.names;
    let table = machines.iter().filter(|(name, _)| names.is_empty() || names.contains(name));
    let table = table.filter(|_| wanted.with_table).map(|(name, machine)| (name.clone(), machine.clone()));
    let is_known = |name: &str| KNOWN.iter().any(|(known, _)| *known == name);
    let all: Vec<(&String, &Machine)> = machines.iter().filter(|(name, _)| !is_known(name)).collect();
    let drawn = if names.is_empty() { wanted.drawn } else { 0 };
    table.chain((0..drawn).map(|case| drawn_from(&all, &mut Dice::new(wanted.seed, case)))).collect()
}

/// Compares the verdicts and prints what differs without a reason. Whether nothing does.
pub fn compare(place: &Place<'_>, directory: &Path, wanted: &Wanted<'_>) -> Result<bool, Error> {
    let machines = table(directory)?;
    if let Some(name) = wanted.names.iter().find(|name| !machines.contains_key(*name)) {
        return Err(Error::Usage(format!("there is no machine {name}")));
    }
    let cases = cases(&machines, wanted);
    let (mut same, mut excused, mut found) = (0_u32, 0_u32, 0_u32);
    for (name, machine) in &cases {
        let (original, ours) = place.judge(machine)?;
        if let Some(wanted) = &machine.finds {
            let first = original.config.as_deref().and_then(|text| text.strip_prefix("datasource_list: [ "));
            let first = first.and_then(|list| list.split([',', ' ']).next()).unwrap_or("none");
            if first != wanted {
                println!("{name}: the table expects {wanted}, the original says {original}");
                found += 1;
            }
        }
        let listed = KNOWN.iter().find(|(known, _)| known == name).map(|(_, reason)| *reason);
        let excuse = if machines.contains_key(name) { listed } else { excuse(machine) };
        if original == ours && listed.is_some() {
            println!("stale: {name} no longer differs; strike it off");
            found += 1;
        } else if original == ours {
            same += 1;
        } else if let Some(reason) = excuse {
            println!("{name}: differs because {reason}");
            excused += 1;
        } else {
            println!("{name}\n    original: {original}\n    ours:     {ours}");
            found += 1;
        }
    }
    println!(
        "{} machines, seed {}: {same} the same, {excused} differ for a reason, {found} differ",
        cases.len(),
        wanted.seed
    );
    Ok(found == 0)
}
