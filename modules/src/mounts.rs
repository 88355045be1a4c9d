//! `mounts`: lines of /etc/fstab, and their mounting.

mod devices;
mod swap;

use std::path::Path;

use etc_files::fstab::{escape, unescape};
use indexmap::IndexMap;
use model::effects::{Attributes, Command};
use model::module::{Described, Listed, Report};
use model::{Context, Frequency, Module, ModuleError, Node, Spanned, Stage};
use schema::forms::Either;
use schemars::JsonSchema;
use serde::Deserialize;

use crate::block;
use crate::lenient::Text;

/// Writes the lines and mounts them.
pub struct Mounts;

/// File systems and swap that are written to /etc/fstab and mounted.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(default)]
pub struct Config {
    /// Each a list as a line of fstab: device, mount point, type, options, dump, fsck. What is missing or null is
    /// taken from `mount_default_fields`; a null mount point takes the device out. Devices may be short (`sdb`,
    /// `ephemeral0.1`).
    #[schemars(with = "Vec<Fields>", extend("minItems" = 1))]
    pub mounts: Option<Vec<Node>>,
    /// The fields for lines that do not have them. Default: [null, null, auto,
    /// `defaults,nofail,x-systemd.after=cloud-init-network.service,_netdev`, '0', '2'].
    #[schemars(with = "Vec<Either<Text, ()>>", extend("minItems" = 6, "maxItems" = 6))]
    pub mount_default_fields: Option<Vec<Node>>,
    /// A swap file.
    pub swap: Option<Spanned<swap::Swap>>,
    /// Other names for devices.
    #[schemars(skip)]
    pub device_aliases: Option<IndexMap<String, Text>>,
}

/// A line of fstab.
#[derive(JsonSchema)]
#[schemars(inline, extend("minItems" = 1, "maxItems" = 6))]
struct Fields(#[allow(dead_code, reason = "lines are read from the tree; this is their form")] Vec<Text>);

/// How our own lines are known.
const MARK: &str = "comment=cloudconfig";
const FSTAB: &str = "/etc/fstab";

/// A line in the making: a field may still be unknown.
type Line = Vec<Option<String>>;

impl Described for Mounts {
    const NAME: &'static str = "mounts";
    const STAGE: Stage = Stage::Network;
    const FREQUENCY: Frequency = Frequency::Instance;
    const KEYS: &'static [&'static str] = &[];
    const OWN_KEYS: &'static [&'static str] = &["mounts", "swap"];
    const LISTED: Listed = Listed::Everywhere;
    const TITLE: &'static str = "Mounts and swap";
    const SUMMARY: &'static str = "Writes lines of /etc/fstab, mounts them, and makes a swap file.";
    const DETAILS: &'static str = "Devices may be named in short (`sdb`, `ephemeral0.1`). Lines that an earlier boot wrote are replaced; those of the image stay.";
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
        let mut lines: Vec<Vec<String>> = known(lines);
        for line in &mut lines {
            if let Some(options) = line.get_mut(3) {
                *options = format!("{options},{MARK}");
            }
        }
        if let Some(swap) = &config.swap
            && let Some(file) = swap::set_up(context, swap, report)
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

/// What stands in fstab, our own lines apart.
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

/// The lines of the configuration, with real device names and the default fields.
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
                format!("a mount is a list that begins with the device; found: {}", entry.value.kind());
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

/// The first ephemeral disk and the swap of the cloud, where they are there and nobody spoke of them.
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

/// The lines that have a mount point. A null mount point also takes out earlier lines of its device.
fn known(lines: Vec<Line>) -> Vec<Vec<String>> {
    let (mut kept, mut denied) = (Vec::new(), Vec::new());
    for line in lines.into_iter().rev() {
        if line.get(1).is_none_or(Option::is_none) || denied.contains(&line[0]) {
            denied.push(line[0].clone());
        } else {
            kept.push(line.into_iter().map(Option::unwrap_or_default).collect());
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
            report.warn(None, format!("the mount point was not made: {error}"));
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
    let mounted = block::mounts(&files.text(Path::new("/proc/mounts")).unwrap_or_default());
    let missing = |point: &&str| !mounted.iter().any(|mount| mount.point == **point);
    if changed || directories.iter().any(missing) {
        commands.run(&Command::line(["mount", "-a"]))?;
        context.distro.services().reload_configuration()?;
    }
    Ok(())
}
