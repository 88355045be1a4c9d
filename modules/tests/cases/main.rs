//! One test over `testdata/MODULE/CASE`: a machine in memory (`root/`), a configuration (`cloud-config.yaml`),
//! further conditions (`case.yaml`), and the expected effects (`expected.txt`).
//!
//! The first line of an expectation names where it is from: `source: cloudinit/config/cc_NAME.py: FUNCTION`, a file of the
//! original (26.2), a page of `docs` where this program differs on purpose, or a man page, `NAME(N)`. Below it stand the
//! effects, or `no effects`. What a distribution does is not a module's business and stands there as `distro: …`.
#![allow(clippy::disallowed_methods, reason = "the cases are files of the source tree")]

mod fake;
mod machine;

use std::fmt::Write as _;
use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use fake::{FakeDistro, FakeHttp, FakeSemaphores, FakeTemplates};
use machine::{Answered, Booted, Heard};
use model::effects::{BlockDevice, Command, Commands as _};
use model::{Context, Instance, Node, Origin, Paths, Report, config};
use serde::Deserialize;
use system::{EffectKind, Given, Scratch};

/// What a case may say beside its configuration.
#[derive(Default, Deserialize)]
#[serde(default)]
struct Case {
    /// Arguments of the module.
    args: Vec<String>,
    /// Which fake distribution; debian unless said otherwise.
    redhat: bool,
    /// The name of the distribution, if neither of these.
    distro: Option<String>,
    /// Who the machine is.
    instance: Instance,
    /// Programs in PATH.
    programs: Vec<String>,
    /// Directories that are there.
    directories: Vec<String>,
    /// Directories with another mode than 0755.
    modes: Vec<(String, u32)>,
    /// Block devices that are there.
    devices: Vec<String>,
    /// The kernel's release.
    kernel: Option<String>,
    /// What a command prints, by the beginning of its line: see `machine::answer`.
    output: Vec<(String, String)>,
    /// Passwords are made at random: the first is shown as `<random>`.
    random: bool,
    /// What the network answers, by the beginning of the URL; else `fetched`.
    answers: Vec<(String, String)>,
    /// Statuses that the network answers, one a request; then 200. With 0, a plan does not ask it.
    statuses: Vec<u16>,
    /// Whether this is a plan for the machine; what it notes is shown then.
    plan: bool,
    /// Whether the module may start what takes long before it runs.
    start: bool,
}

fn node(path: &Path) -> Option<Node> {
    let bytes = fs::read(path).ok()?;
    let name = path.file_name().expect("a file").to_string_lossy();
    let read = Node::from_yaml(&name, &bytes).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    Some(read.unwrap_or_else(|| Node::empty_map(Origin::whole(&name))))
}

fn add_root(mut scratch: Scratch, directory: &Path, at: &str) -> Scratch {
    let Ok(entries) = fs::read_dir(directory) else { return scratch };
    for entry in entries {
        let path = entry.expect("a readable directory").path();
        let inside = format!("{at}/{}", path.file_name().expect("a name").to_string_lossy());
        let kind = fs::symlink_metadata(&path).expect("just listed");
        scratch = if kind.is_symlink() {
            scratch.link(&inside, &fs::read_link(&path).expect("a link").to_string_lossy())
        } else if kind.is_dir() {
            add_root(scratch.directory(&inside), &path, &inside)
        } else if kind.permissions().mode() & 0o111 != 0 {
            scratch.program(&inside)
        } else {
            scratch.file(&inside, fs::read(&path).expect("a readable file"))
        };
    }
    scratch
}

fn write_lines(text: &mut String, content: &str) {
    for line in content.split_inclusive('\n') {
        let end = if line.ends_with('\n') { "" } else { " (no newline)" };
        let _ = writeln!(text, "  |{}{end}", line.trim_end_matches('\n'));
    }
}

fn listing(effects: &[system::Effect]) -> String {
    let mut text = String::new();
    for effect in effects {
        match &effect.kind {
            EffectKind::Write { path, after, mode, owner, secret, .. } => {
                let after = after.to_vec();
                let after = String::from_utf8_lossy(&after);
                let secret = if *secret { " secret" } else { "" };
                let _ = writeln!(text, "write {} {mode:04o} {}:{}{secret}", path.display(), owner.0, owner.1);
                write_lines(&mut text, &after);
            }
            EffectKind::Directory { path, mode } => {
                _ = writeln!(text, "directory {} {mode:04o}", path.display());
            }
            EffectKind::Link { path, target } => {
                _ = writeln!(text, "link {} -> {}", path.display(), target.display());
            }
            EffectKind::Remove(path) => _ = writeln!(text, "remove {}", path.display()),
            EffectKind::Rename { from, to } => {
                _ = writeln!(text, "rename {} {}", from.display(), to.display());
            }
            EffectKind::Attributes { path, mode, owner } => {
                _ = writeln!(text, "attributes {} {mode:04o} {}:{}", path.display(), owner.0, owner.1);
            }
            EffectKind::Command { words, .. } if words[0] == "distro:" => {
                _ = writeln!(text, "{}", words.join(" "));
            }
            EffectKind::Command { words, .. } => _ = writeln!(text, "run {words:?}"),
            EffectKind::Request { method, url, .. } => _ = writeln!(text, "{method} {url}"),
            EffectKind::Ephemeral { what } => _ = writeln!(text, "{what}"),
            EffectKind::Serial { port } => _ = writeln!(text, "talk over {}", port.display()),
            EffectKind::AwaitLinks => _ = writeln!(text, "wait for links"),
        }
    }
    text
}

/// Adds what a module reported, and what a plan notes.
fn tell(text: &mut String, report: &Report, mut notes: Vec<String>) {
    let place = |origin: &Option<Origin>| origin.as_ref().map(|at| format!("{at}: ")).unwrap_or_default();
    for key in &report.host_keys {
        let _ = writeln!(text, "host key {} {}", key.kind, key.key);
    }
    for finding in &report.deprecations {
        let _ = writeln!(text, "deprecated {}{}", place(&finding.origin), finding.message);
    }
    for finding in &report.warnings {
        let _ = writeln!(text, "warning {}{}", place(&finding.origin), finding.message);
    }
    notes.dedup();
    for note in notes {
        let _ = writeln!(text, "note {note}");
    }
    if let Some(reason) = &report.skipped {
        let _ = writeln!(text, "skipped {reason}");
    }
}

/// The root of a case, with accounts that every machine has.
fn root_of(case: &Case, directory: &Path) -> Scratch {
    let mut scratch = Scratch::new()
        .file("/etc/passwd", "root:x:0:0:root:/root:/bin/bash\nadm1:x:500:500::/home/adm1:/bin/sh\n")
        .file("/etc/group", "root:x:0:\nadm1:x:500:\n")
        .file("/etc/shadow", "root:*:19675:0:99999:7:::\n");
    for name in ["useradd", "groupadd"].into_iter().chain(case.programs.iter().map(String::as_str)) {
        scratch = scratch.program(&if name.starts_with('/') {
            name.to_owned()
        } else {
            format!("/usr/sbin/{name}")
        });
    }
    for name in &case.directories {
        scratch = scratch.directory(name);
    }
    for path in &case.devices {
        scratch = scratch
            .device(BlockDevice { path: path.into(), ..BlockDevice::default() }, "/nothing")
            .file(path, "");
    }
    scratch = add_root(scratch, &directory.join("root"), "");
    for (path, mode) in &case.modes {
        scratch = scratch.directory_mode(path, *mode);
    }
    scratch
}

fn run(directory: &Path, module: &str) -> String {
    let case: Case = node(&directory.join("case.yaml"))
        .map(|node| {
            config::from_node(&node).unwrap_or_else(|error| panic!("{}: {error}", directory.display()))
        })
        .unwrap_or_default();
    let config =
        node(&directory.join("cloud-config.yaml")).unwrap_or_else(|| Node::empty_map(Origin::whole("none")));
    let http = Arc::new(FakeHttp::new(&case.statuses, &case.answers));
    let (mut system, recording) = root_of(&case, directory).system_with(http.clone());
    let commands = Arc::new(Answered::new(&system, &case.output, case.start));
    system.commands = commands.clone();
    if !case.plan {
        system.journal = Arc::new(Booted);
    }
    if let Some(release) = case.kernel {
        system.environment = Arc::new(Given::over(&system).release(release));
    }
    let heard = Arc::new(Heard::over(system.environment.clone()));
    system.environment = heard.clone();
    let distro = FakeDistro::new(&system, case.redhat, case.distro.as_deref());
    let context = Context {
        system: &system,
        distro: &distro,
        paths: &Paths::default(),
        instance: &case.instance,
        config: &config,
        name: module,
        args: &case.args,
        templates: &FakeTemplates,
        semaphores: &FakeSemaphores::default(),
        version: "26.2",
        mark_done: &|| Ok(()),
    };
    let all = modules::all();
    let found =
        all.iter().find(|known| known.name() == module).unwrap_or_else(|| panic!("no module {module}"));
    if case.start {
        found.start(&context);
        let _ = commands.run(&Command::line(["distro:", "started"]));
    }
    let mut report = Report::default();
    let outcome = found.run(&context, &mut report);
    let mut text = listing(&recording.effects());
    for (line, input) in commands.inputs() {
        let _ = writeln!(text, "input of {line}");
        write_lines(&mut text, &input);
    }
    for (how, said) in heard.lines().into_iter().filter(|(_, said)| !said.is_empty()) {
        let _ = writeln!(text, "{how}");
        write_lines(&mut text, &said);
    }
    for body in http.bodies() {
        let _ = writeln!(text, "body {body}");
    }
    if commands.settled() > 0 {
        let _ = writeln!(text, "settled {} times", commands.settled());
    }
    let slept = system.clock.monotonic();
    if !slept.is_zero() {
        let _ = writeln!(text, "slept {} s", slept.as_secs_f64());
    }
    if case.random {
        let password = text
            .split_once(" clear ")
            .and_then(|(_, rest)| rest.lines().next())
            .expect("a password")
            .to_owned();
        assert_eq!(password.chars().count(), 20, "the original's length");
        text = text.replace(&password, "<random>");
    }
    tell(&mut text, &report, recording.notes());
    if let Err(error) = outcome {
        let _ = writeln!(text, "error {error}");
    }
    text
}

/// The effects that a case expects, without the line that names their source.
fn expected(case: &Path) -> Result<String, String> {
    let text =
        fs::read_to_string(case.join("expected.txt")).map_err(|error| format!("expected.txt: {error}"))?;
    let (first, effects) = text.split_once('\n').unwrap_or((&text, ""));
    let sources = first.strip_prefix("source: ").ok_or("the first line of expected.txt names no source")?;
    if let Some(wrong) = sources.split(", ").find(|source| !is_source(source)) {
        return Err(format!("'{wrong}' is neither a file of the original, nor one of docs, nor a man page"));
    }
    match effects {
        "" => Err("expected.txt has no effects: write 'no effects' where there are none".to_owned()),
        "no effects\n" => Ok(String::new()),
        effects => Ok(effects.to_owned()),
    }
}

fn is_source(source: &str) -> bool {
    let file = source.split(": ").next().unwrap_or_default();
    let original = ["cloudinit/", "doc/", "templates/", "tests/unittests/", "tools/"];
    if original.iter().any(|directory| file.starts_with(directory)) {
        // A function, where the file has more than one thing to say.
        return !file.ends_with(".py") || source.len() > file.len() + 2;
    }
    if file.starts_with("docs/") {
        return Path::new(env!("CARGO_MANIFEST_DIR")).join("..").join(file).is_file();
    }
    let man_page = |(name, section): (&str, &str)| {
        !name.is_empty()
            && section.len() >= 2
            && section.ends_with(')')
            && section.starts_with(|c: char| c.is_ascii_digit())
    };
    source.split_once('(').is_some_and(man_page)
}

#[test]
fn a_case_names_its_source_and_its_effects() {
    let judged = |text: &str| {
        let case = tempfile::tempdir().expect("a directory");
        fs::write(case.path().join("expected.txt"), text).expect("written");
        expected(case.path())
    };
    assert_eq!(judged("source: fstab(5)\nno effects\n"), Ok(String::new()));
    assert_eq!(judged("source: cloudinit/util.py: shellify\nrun x\n"), Ok("run x\n".to_owned()));
    assert_eq!(judged("source: docs/differences.md\nrun x\n"), Ok("run x\n".to_owned()));
    for wrong in [
        "",
        "no effects\n",
        "source: cloudinit/util.py: shellify\n",
        "source: cloudinit/util.py\nrun x\n",
        "source: docs/nothing.md\nrun x\n",
        "source: a run of this program\nrun x\n",
        "source: fstab(5), hearsay\nrun x\n",
    ] {
        assert!(judged(wrong).is_err(), "{wrong}");
    }
    assert!(expected(Path::new("/nowhere")).is_err());
}

fn folders(directory: &Path) -> Vec<PathBuf> {
    let mut found: Vec<PathBuf> = fs::read_dir(directory)
        .expect("a directory of cases")
        .map(|entry| entry.expect("readable").path())
        .filter(|path| path.is_dir())
        .collect();
    found.sort();
    found
}

#[test]
fn modules_have_the_expected_effects() {
    let built: Vec<&str> = modules::all().iter().map(|module| module.name()).collect();
    let (mut wrong, mut count) = (String::new(), 0);
    for module in folders(&Path::new(env!("CARGO_MANIFEST_DIR")).join("testdata")) {
        let name = module.file_name().expect("a name").to_string_lossy().into_owned();
        let known = modules::catalog::modules().find(|entry| entry.name == name);
        assert!(known.is_some(), "testdata/{name} is no module's");
        // A build with fewer features has fewer modules.
        if !built.contains(&name.as_str()) {
            continue;
        }
        for case in folders(&module) {
            count += 1;
            let found = run(&case, &name);
            let expected = expected(&case);
            let case = case.file_name().expect("a name").to_string_lossy().into_owned();
            match expected {
                Ok(expected) if expected == found => {}
                Ok(expected) => {
                    let _ = writeln!(wrong, "=== {name}/{case}\n--- expected\n{expected}--- found\n{found}");
                }
                Err(reason) => _ = writeln!(wrong, "=== {name}/{case}: {reason}"),
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong}");
    assert!(count > 0 || built.is_empty(), "no case was found");
}
