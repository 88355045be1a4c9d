//! What a machine has to come to.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use serde_json::Value;

use crate::machine::{Booted, Kept, Told};
use crate::trace::{End, Struck};

/// What is asked of a machine after its boots.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Wanted {
    /// The last boot is finished without an error, the machine is as an undisturbed boot leaves it, and no script of a
    /// person ran twice; one ran not at all only where it had been marked as run.
    AsUndisturbed,
    /// The same of a clone, whose second boot was struck: what is an instance's own runs once for each of the two.
    Clone,
    /// The boot that was struck is finished all the same, by every stage. The next one ends as if nothing had happened, or
    /// the first one said that something had.
    Told,
    /// Every stage ends by itself and in time, the boot is finished, and what failed is told: no panic, no signal.
    Finished,
    /// The same, and no later boot takes the instance for a new one.
    Kept,
    /// The same, and `status` has an error that names what ended the stage.
    Closed,
}

/// Scripts that run once in an instance's life, with the file that marks them as run.
const ONCE: [(&str, &str); 4] = [
    ("once.sh", "/var/lib/cloud/sem/config_scripts_per_once.once"),
    ("inst.sh", "/var/lib/cloud/instances/INSTANCE/sem/config_scripts_per_instance"),
    ("runcmd", "/var/lib/cloud/instances/INSTANCE/sem/config_scripts_user"),
    ("user.sh", "/var/lib/cloud/instances/INSTANCE/sem/config_scripts_user"),
];

/// What every boot runs.
const ALWAYS: [&str; 3] = ["hook.sh", "bootcmd", "every.sh"];

/// What a machine keeps that no boot may change: neither logs, nor times, nor what is random.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Lasting(BTreeMap<PathBuf, Kept>);

impl Lasting {
    /// Of what a machine keeps.
    pub fn of(told: &Told) -> Self {
        let kept = told.kept.iter().filter(|(path, _)| !passing(path));
        let lasting = kept.map(|(path, kept)| {
            (path.clone(), Kept { content: comparable(path, &kept.content), ..kept.clone() })
        });
        Self(lasting.collect())
    }

    /// What differs, a line for each path.
    pub fn differences(&self, other: &Self) -> Vec<String> {
        let paths: BTreeSet<_> = self.0.keys().chain(other.0.keys()).collect();
        paths
            .into_iter()
            .filter(|path| self.0.get(*path) != other.0.get(*path))
            .map(|path| {
                let told = |kept: Option<&Kept>| {
                    kept.map_or("missing".to_owned(), |kept| {
                        let text: String = kept.content.chars().take(300).collect();
                        format!("{:o} {:?} {text:?}", kept.mode, kept.owner)
                    })
                };
                format!(
                    "{}: {} instead of {}",
                    path.display(),
                    told(other.0.get(path)),
                    told(self.0.get(path))
                )
            })
            .collect()
    }
}

/// What no boot is held to: logs, and what is of other tools alone.
fn passing(path: &Path) -> bool {
    let name = path.to_string_lossy();
    let below = ["/run", "/proof", "/var/log", "/var/lib/cloud/data", "/dev", "/proc"];
    // The backups of passwd and its like, their lock, and what an interrupted tool leaves.
    let tables = ["passwd", "shadow", "group", "gshadow", "subuid", "subgid"];
    let of_table = |table: &&str| {
        let rest = name.strip_prefix("/etc/").and_then(|file| file.strip_prefix(table));
        rest.is_some_and(|rest| rest.starts_with(['.', '+', '-']))
    };
    // What useradd copies from /etc/skel.
    let in_home = name.strip_prefix("/home/").and_then(|below| below.split_once('/'));
    let skeleton = in_home.is_some_and(|(_, file)| [".bashrc", ".bash_logout", ".profile"].contains(&file));
    below.iter().any(|prefix| path.starts_with(prefix))
        || tables.iter().any(of_table)
        || skeleton
        || ["/etc/.pwd.lock", "/fill"].contains(&name.as_ref())
}

/// A file's content without times and without what is random.
fn comparable(path: &Path, content: &str) -> String {
    let name = path.to_string_lossy();
    let lines = |kept: &dyn Fn(&&str) -> bool| content.lines().filter(kept).collect::<Vec<_>>().join("\n");
    match name.as_ref() {
        // The third field is the day of the last change (shadow(5)).
        "/etc/shadow" => {
            let blurred = content.lines().map(|line| {
                let fields = line.split(':').enumerate().map(|(at, field)| if at == 2 { "" } else { field });
                fields.collect::<Vec<_>>().join(":") + "\n"
            });
            blurred.collect()
        }
        // update-locale writes its heading into a new file only.
        "/etc/locale.conf" => lines(&|line| line.contains('=')),
        _ if name.starts_with("/etc/sudoers.d/") => lines(&|line| !line.starts_with("# Created by")),
        _ if name.ends_with(".txt.i") => lines(&|line| !line.contains("==============")),
        // An empty one is as bad as none.
        _ if name.contains("/ssh_host_") => (if content.is_empty() { "empty" } else { "a key" }).to_owned(),
        _ if name.contains("/sem/") || name.ends_with("/boot-finished") => String::new(),
        _ => content.to_owned(),
    }
}

/// What is wrong with a machine; nothing where all is as wanted.
pub fn judge(wanted: Wanted, told: &Told, references: &[Lasting; 2]) -> Vec<String> {
    let mut wrong = Vec::new();
    let (Some(first), Some(last)) = (told.boots.first(), told.boots.last()) else {
        return vec!["no boot".to_owned()];
    };
    for boot in &told.boots {
        if boot.ends.contains(&End::Hung) {
            wrong.push(format!("a stage did not end: {:?}", boot.ends));
        }
        if boot.printed.contains("panicked at") {
            wrong.push(format!("a panic: {}", around(&boot.printed, "panicked at")));
        }
    }
    let [machine, clone] = references;
    let reference = if wanted == Wanted::Clone { clone } else { machine };
    let differences = reference.differences(&Lasting::of(told));
    match wanted {
        Wanted::AsUndisturbed => {
            whole(last, &mut wrong);
            wrong.extend(differences);
            scripts(&told.boots, "i-matrix", &mut wrong);
        }
        Wanted::Clone => {
            whole(last, &mut wrong);
            wrong.extend(differences);
            scripts(&told.boots[1..], "i-clone", &mut wrong);
        }
        Wanted::Told => {
            ended(first, &mut wrong);
            whole(last, &mut wrong);
            if !says_something(first) {
                let excused =
                    |line: &String| first.struck.as_ref().is_some_and(|struck| is_the_tools(struck, line));
                let silent = differences.into_iter().filter(|line| !excused(line));
                wrong.extend(silent.map(|line| format!("in silence: {line}")));
            }
            twice(&told.boots, &mut wrong);
        }
        Wanted::Finished | Wanted::Kept => {
            for boot in &told.boots {
                ended(boot, &mut wrong);
            }
            twice(&told.boots, &mut wrong);
            if wanted == Wanted::Kept {
                for (script, _) in ONCE {
                    if times(&told.boots[1..], script) > 0 {
                        wrong.push(format!("{script} ran in a later boot"));
                    }
                }
            }
        }
        Wanted::Closed => {
            let recording = first.struck.as_ref().is_some_and(records_the_end);
            // A signal that comes while the end is recorded is too late: the stage has ended.
            if recording && first.shown.0 == Some(0) {
                whole(first, &mut wrong);
            } else if first.struck.is_some() && first.shown.0 != Some(1) {
                wrong.push(format!(
                    "status says {:?} of the boot that was struck: {}",
                    first.shown.0, first.shown.1
                ));
            }
            whole(last, &mut wrong);
            scripts(&told.boots, "i-matrix", &mut wrong);
        }
    }
    wrong
}

/// Whether a difference is in the very file whose call failed in another program: useradd(8) goes on without a word where it
/// cannot change the mode of a home directory.
fn is_the_tools(struck: &Struck, difference: &str) -> bool {
    !struck.is_own() && difference.strip_prefix(&struck.path).is_some_and(|rest| rest.starts_with(": "))
}

/// Whether a call records that a stage has ended: in its documents, or afterwards for those who wait for its lock. The
/// sync of all that the stage wrote comes right before: the thread that makes it is stopped by the tracer, so that another
/// one gets the signal, which may be later than the end.
fn records_the_end(struck: &Struck) -> bool {
    let documents = ["status.json", "result.json"].iter().any(|name| struck.path.contains(name));
    let ended = struck.line.as_ref().is_some_and(|line| line.ends_with(" - 0"));
    documents || struck.path.ends_with("stage.lock") && ended || struck.call == nix::libc::SYS_syncfs
}

/// Every stage succeeded, and the documents say so.
fn whole(boot: &Booted, wrong: &mut Vec<String>) {
    if boot.ends.iter().any(|end| *end != End::Code(0)) {
        wrong.push(format!(
            "the last boot's stages ended with {:?}: {}",
            boot.ends,
            boot.warnings.join(" / ")
        ));
    }
    let result: Value = serde_json::from_str(&boot.result).unwrap_or_default();
    if result["v1"]["errors"].as_array().is_none_or(|errors| !errors.is_empty()) {
        wrong.push(format!("the last boot's result is {}", boot.result));
    }
    for script in ALWAYS {
        if !boot.ran.iter().any(|ran| ran == script) {
            wrong.push(format!("the last boot did not run {script}"));
        }
    }
}

/// Every stage ended by itself, and status.json has its end.
fn ended(boot: &Booted, wrong: &mut Vec<String>) {
    // The exit code is the number of errors; 101 is a panic, 124 and more are other programs'.
    if boot.ends.iter().any(|end| !matches!(end, End::Code(0..=100))) {
        wrong.push(format!("the stages ended with {:?}: {}", boot.ends, boot.printed));
    }
    let status: Value = serde_json::from_str(&boot.status).unwrap_or_default();
    let stages = ["init-local", "init", "modules-config", "modules-final"];
    for stage in &stages[stages.len() - boot.ends.len()..] {
        // A stage of which nothing is known any more was recorded in a file that is gone.
        let known = status["v1"][*stage]["start"].is_number() || stages.last() == Some(stage);
        if known && !status["v1"][*stage]["finished"].is_number() {
            wrong.push(format!("status.json has no end of {stage}"));
        }
    }
    if boot.shown.0.is_none_or(|code| code > 2) || boot.shown.1.contains("not started") {
        wrong.push(format!("status ended with {:?}: {}", boot.shown.0, boot.shown.1));
    }
}

/// Whether a boot told anybody that not all went well.
fn says_something(boot: &Booted) -> bool {
    boot.shown.0 != Some(0) || boot.ends.iter().any(|end| *end != End::Code(0))
}

/// No script of a person runs twice.
fn twice(boots: &[Booted], wrong: &mut Vec<String>) {
    for (script, _) in ONCE {
        let times = times(boots, script);
        if times > 1 {
            wrong.push(format!("{script} ran {times} times"));
        }
    }
}

fn times(boots: &[Booted], script: &str) -> usize {
    boots.iter().flat_map(|boot| &boot.ran).filter(|ran| *ran == script).count()
}

/// What runs once for an instance ran once in these boots, or had been marked when the first of them was struck.
fn scripts(boots: &[Booted], instance: &str, wrong: &mut Vec<String>) {
    twice(boots, wrong);
    for (script, mark) in ONCE {
        let mark = mark.replace("INSTANCE", instance);
        let marked = boots.first().is_some_and(|boot| boot.marks.contains(&mark));
        if times(boots, script) == 0 && !marked {
            wrong.push(format!("{script} never ran"));
        }
    }
}

/// The line with these words and the one after it.
fn around(text: &str, words: &str) -> String {
    let from = text.lines().skip_while(|line| !line.contains(words));
    from.take(2).collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn struck(program: &str, call: i64, path: &str, line: Option<&str>) -> Struck {
        Struck { program: program.into(), call, path: path.into(), line: line.map(str::to_owned) }
    }

    #[test]
    fn a_tools_silence_is_its_own_in_its_own_file() {
        let is_the_tools = |program: &str, path: &str, difference: &str| {
            is_the_tools(&struck(program, 90, path, None), difference)
        };
        let mode = "/home/bob: 40755 (1000, 1000) \"\" instead of 40700 (1000, 1000) \"\"";
        assert!(is_the_tools("useradd", "/home/bob", mode));
        assert!(super::is_the_tools(&struck("tee", 1, "/home/bob", Some("x")), mode));
        assert!(!is_the_tools("cloud-init", "/home/bob", mode));
        assert!(!is_the_tools("useradd", "/home", mode));
        assert!(!is_the_tools("useradd", "/home/bob/.profile", mode));
        assert!(!is_the_tools("", "", mode));
    }

    #[test]
    fn the_end_of_a_stage_is_recorded_by_documents_and_by_its_lock() {
        let records = |name: &str, line: Option<&str>| {
            records_the_end(&struck("cloud-init", 18, &format!("/run/cloud-init/{name}"), line))
        };
        assert!(records("status.json", None) && records("result.json", None));
        assert!(records("stage.lock", Some("36 init - 0")));
        assert!(!records("stage.lock", Some("36 init ssh -")), "a module begins");
        assert!(!records("stage.lock", Some("36 init - -")), "no module has begun");
        assert!(!records("stage.lock", None));
        assert!(records_the_end(&struck("cloud-init", 306, "//", None)));
        assert!(!records_the_end(&struck("cloud-init", 30, "//", None)));
        assert!(!records("instance-data.json", Some("a - 0")));
        assert!(!records("cloud-init.log", Some("wrote status.json")), "what is written is no place");
    }
}
