//! `mounts`: writes /etc/fstab and mounts its entries.

mod automount;
mod devices;
mod swap;

use std::path::Path;

use etc_files::fstab::{escape, unescape};
use indexmap::IndexMap;
use model::effects::{Attributes, Command};
use model::module::{Described, Listed, Report};
use model::{Context, Frequency, Module, ModuleError, Node, Stage};
use schema::forms::Either;
use schemars::JsonSchema;
use serde::Deserialize;

use crate::block;
use crate::lenient::Text;

/// Writes the entries and mounts them.
pub struct Mounts;

/// File systems and swap space to add to /etc/fstab and mount.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(default)]
pub struct Config {
    /// Each entry is a list of fstab fields: device, mount point, type, options, dump, fsck. Missing and null fields
    /// are taken from `mount_default_fields`; a null mount point removes the device. Device names can be abbreviated
    /// (`sdb`, `ephemeral0.1`).
    #[schemars(with = "Vec<Fields>", extend("minItems" = 1))]
    pub mounts: Option<Vec<Node>>,
    /// The default fields for entries. Default: [null, null, auto,
    /// `defaults,nofail,x-systemd.after=cloud-init-network.service,_netdev`, '0', '2'].
    #[schemars(with = "Vec<Either<Text, ()>>", extend("minItems" = 6, "maxItems" = 6))]
    pub mount_default_fields: Option<Vec<Node>>,
    /// A swap file.
    #[schemars(with = "Option<swap::Swap>")]
    pub swap: Option<Node>,
    /// Aliases of devices.
    #[schemars(skip)]
    pub device_aliases: Option<IndexMap<String, Text>>,
}

/// An fstab entry.
#[derive(JsonSchema)]
#[schemars(inline, extend("minItems" = 1, "maxItems" = 6))]
struct Fields(#[allow(dead_code, reason = "entries are read from the tree; this type describes them")] Vec<Text>);

/// The marker of entries written by cloud-init.
const MARK: &str = "comment=cloudconfig";
const FSTAB: &str = "/etc/fstab";

/// Device, mount point, type and options; the others are 0 by default.
const REQUIRED: usize = 4;

/// An incomplete entry: fields may be unknown.
type Line = Vec<Option<String>>;

impl Described for Mounts {
    const NAME: &'static str = "mounts";
    const STAGE: Stage = Stage::Network;
    const FREQUENCY: Frequency = Frequency::Instance;
    const KEYS: &'static [&'static str] = &[];
    const OWN_KEYS: &'static [&'static str] = &["mounts", "swap"];
    const LISTED: Listed = Listed::Except(&["dragonfly", "freebsd", "netbsd", "openbsd"]);
    const TITLE: &'static str = "Mounts and swap";
    const SUMMARY: &'static str = "Adds entries to /etc/fstab, mounts them, and creates a swap file.";
    const DETAILS: &'static str = "Device names can be abbreviated (`sdb`, `ephemeral0.1`). Entries from earlier boots are replaced; the image's entries are kept. With `nofail` and `x-systemd.automount`, a device may appear later in the boot: it is mounted when its mount point is used.";
    type Config = Config;
}

impl Module for Mounts {
    fn run(&self, context: &Context<'_>, config: Config, report: &mut Report) -> Result<(), ModuleError> {
        let options = if context.distro.services().uses_systemd() {
            "defaults,nofail,x-systemd.after=cloud-init-network.service,_netdev"
        } else {
            "defaults,nobootwait"
        };
        let default_fields: Line = match &config.mount_default_fields {
            Some(fields) => fields.iter().map(field).collect(),
            None => [None, None, Some("auto"), Some(options), Some("0"), Some("2")]
                .map(|field| field.map(str::to_owned))
                .to_vec(),
        };
        let fstab = Fstab::read(context);
        let names = devices::Names::new(context, config.device_aliases.as_ref());
        let mut lines = wanted(&config, &names, &fstab, &default_fields, report);
        add_defaults(&mut lines, &names, &fstab, options);
        let mut lines: Vec<Vec<String>> = known(lines, report);
        for line in &mut lines {
            if let Some(options) = line.get_mut(3) {
                *options = format!("{options},{MARK}");
            }
        }
        if let Some(swap) = config.swap.as_ref().and_then(|swap| swap::read(swap, report))
            && let Some(file) = swap::set_up(context, &swap, report)
        {
            lines.push([file.as_str(), "none", "swap", "sw", "0", "0"].map(str::to_owned).to_vec());
        }
        if lines.is_empty() {
            report.skipped = Some("fstab needs no change".into());
            return Ok(());
        }
        apply(context, &fstab, &lines, report)?;
        Ok(())
    }
}

fn field(node: &Node) -> Option<String> {
    if node.is_null() { None } else { node.scalar_text() }
}

/// The entries of fstab, except those written by cloud-init.
struct Fstab {
    kept: Vec<String>,
    ours: Vec<String>,
}

impl Fstab {
    fn read(context: &Context<'_>) -> Self {
        let text = context.system.files.text(Path::new(FSTAB)).unwrap_or_default();
        let (ours, kept): (Vec<&str>, Vec<&str>) =
            text.lines().filter(|line| !line.trim().is_empty()).partition(|line| line.contains(MARK));
        let owned = |lines: Vec<&str>| lines.into_iter().map(str::to_owned).collect();
        Self { kept: owned(kept), ours: owned(ours) }
    }

    fn has(&self, device: &str) -> bool {
        self.kept
            .iter()
            .any(|line| line.split_whitespace().next().is_some_and(|spec| unescape(spec) == device))
    }
}

/// The configured entries, with resolved device names and default fields.
fn wanted(
    config: &Config,
    names: &devices::Names<'_>,
    fstab: &Fstab,
    default_fields: &Line,
    report: &mut Report,
) -> Vec<Line> {
    let mut lines = Vec::new();
    for entry in config.mounts.iter().flatten() {
        let Some(fields) = entry.as_list().filter(|fields| !fields.is_empty()) else {
            let message =
                format!("a mount must be a list that starts with the device, found {}", entry.value.kind());
            report.warn(Some(&entry.origin), message);
            continue;
        };
        let mut line: Line = fields.iter().map(field).collect();
        let start = fields[0].scalar_text().unwrap_or_default();
        if let Some(device) = names.real(&start).filter(|device| !fstab.has(device)) {
            line[0] = Some(device);
        }
        for (at, default) in default_fields.iter().enumerate() {
            match line.get_mut(at) {
                Some(known) if known.is_none() => known.clone_from(default),
                Some(_) => {}
                None => line.push(default.clone()),
            }
        }
        lines.push(line);
    }
    lines
}

/// The first ephemeral disk and the swap device of the cloud, if they exist and are not configured.
fn add_defaults(lines: &mut Vec<Line>, names: &devices::Names<'_>, fstab: &Fstab, options: &str) {
    let configured: Vec<Option<String>> = lines.iter().map(|line| line[0].clone()).collect();
    for [name, rest @ ..] in
        [["ephemeral0", "/mnt", "auto", options, "0", "2"], ["swap", "none", "swap", "sw", "0", "0"]]
    {
        let Some(device) = names.real(name).filter(|device| !fstab.has(device)) else { continue };
        if !configured.contains(&Some(device.clone())) {
            let rest = rest.map(|field| Some(field.to_owned()));
            lines.push(std::iter::once(Some(device)).chain(rest).collect());
        }
    }
}

/// The entries that have a mount point. A null mount point also removes earlier entries of its device.
fn known(lines: Vec<Line>, report: &mut Report) -> Vec<Vec<String>> {
    let (mut kept, mut denied) = (Vec::new(), Vec::new());
    for line in lines.into_iter().rev() {
        if line.get(1).is_none_or(Option::is_none) || denied.contains(&line[0]) {
            denied.push(line[0].clone());
        } else if let Some(at) = line.iter().take(REQUIRED).position(Option::is_none) {
            // In fstab(5), the next field would take its place.
            let device = line[0].as_deref().unwrap_or_default();
            let message = format!("the mount of '{device}' has no value for field {}; it is left out", at + 1);
            report.warn(None, message);
        } else {
            kept.push(line.into_iter().map(|field| field.unwrap_or_else(|| "0".into())).collect());
        }
    }
    kept.reverse();
    kept
}

fn apply(
    context: &Context<'_>,
    fstab: &Fstab,
    lines: &[Vec<String>],
    report: &mut Report,
) -> Result<(), ModuleError> {
    let files = &context.system.files;
    let commands = &context.system.commands;
    let directories: Vec<&str> =
        lines.iter().map(|line| line[1].as_str()).filter(|point| point.starts_with('/')).collect();
    for directory in &directories {
        if !files.is_dir(Path::new(directory))
            && let Err(error) = files.create_dir(Path::new(directory), None)
        {
            report.warn(None, format!("cannot create the mount point: {error}"));
        }
    }
    let written: Vec<String> = lines
        .iter()
        .map(|line| {
            let fields = line.iter().enumerate();
            let fields = fields.map(|(at, field)| if at < 2 { escape(field) } else { field.clone() });
            fields.collect::<Vec<_>>().join("\t")
        })
        .collect();
    let spaced = |lines: &[String]| lines.iter().map(|line| line.replace('\t', " ")).collect::<Vec<_>>();
    let (added, dropped) = (spaced(&written), spaced(&fstab.ours));
    let changed =
        added.iter().any(|line| !dropped.contains(line)) || dropped.iter().any(|line| !added.contains(line));
    let mut whole = fstab.kept.iter().chain(&written).map(String::as_str).collect::<Vec<_>>().join("\n");
    whole.push('\n');
    if files.text(Path::new(FSTAB)).as_ref() != Some(&whole) {
        files.write(Path::new(FSTAB), whole.as_bytes(), &Attributes::mode(0o644))?;
    }
    if lines.iter().any(|line| line.get(2).is_some_and(|kind| kind == "swap")) {
        commands.run(&Command::line(["swapon", "-a"]))?;
    }
    let before = mount_points(context);
    if changed || directories.iter().any(|point| !before.iter().any(|mounted| mounted == *point)) {
        commands.run(&Command::line(["mount", "-a"]))?;
        context.distro.services().reload_configuration()?;
        let after = mount_points(context);
        automount::start(context, lines, |point| after.iter().any(|mounted| mounted == point), report);
    }
    Ok(())
}

fn mount_points(context: &Context<'_>) -> Vec<String> {
    let table = context.system.files.text(Path::new("/proc/mounts")).unwrap_or_default();
    block::mounts(&table).into_iter().map(|mount| mount.point).collect()
}
