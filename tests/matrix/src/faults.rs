//! The table: each fault, the moments at which it strikes, and the documented end.

use nix::libc;

use crate::clock::Clock;
use crate::judge::Wanted;
use crate::machine::{Boot, GONE, Told};
use crate::trace::Strike;

/// One machine's way.
#[derive(Debug, Clone)]
pub struct Case {
    /// What is done, in a word.
    pub name: String,
    /// Its boots.
    pub boots: Vec<Boot>,
}

/// A row of the table.
#[derive(Debug, Clone)]
pub struct Row {
    /// What goes wrong.
    pub fault: &'static str,
    /// When.
    pub moment: &'static str,
    /// What the machine has to come to, in words.
    pub end: &'static str,
    /// The same for the judge.
    pub wanted: Wanted,
    /// Every case; a short run draws some.
    pub cases: Vec<Case>,
    /// Which share of a short run's cases it gets; none where each takes minutes.
    pub weight: usize,
}

const AS_UNDISTURBED: &str =
    "the next boot finishes, the machine is as after an undisturbed one, no script ran twice";
const TOLD: &str = "every stage ends, the boot is finished, and what could not be done is told";
const CLOSED: &str = "status names the stage and what ended it; the next boot finishes, no script ran twice";
const FINISHED: &str = "the boot finishes or says what failed; nothing hangs, panics or runs twice";

/// What makes a clone of a machine.
const CLONE: &str = "sed -i s/i-matrix/i-clone/ var/lib/cloud/seed/nocloud/meta-data";

/// A machine, and its clone, to which nothing happens: [`rows`] and judges go by them.
pub fn references() -> [Vec<Boot>; 2] {
    let again = Boot::undisturbed;
    [vec![again(), again()], vec![again(), Boot::changed(CLONE), again()]]
}

/// Numbers of calls, which every fault at a call goes through.
fn each(count: usize, case: impl Fn(usize) -> Vec<Boot>) -> Vec<Case> {
    (0..count).map(|at| Case { name: format!("call {at}"), boots: case(at) }).collect()
}

/// All rows, by what an undisturbed machine told of its first two boots.
pub fn rows(undisturbed: &Told) -> Vec<Row> {
    let count = |boot: usize| undisturbed.boots.get(boot).map_or(0, |boot| boot.calls);
    let (first, second) = (count(0), count(1));
    let again = Boot::undisturbed;
    let mut rows = vec![
        Row {
            fault: "power cut",
            moment: "before every call of a first boot that changes a file",
            end: AS_UNDISTURBED,
            wanted: Wanted::AsUndisturbed,
            cases: each(first, |at| vec![Boot::struck(Strike::Cut(at)), again()]),
            weight: 8,
        },
        Row {
            fault: "power cut",
            moment: "before every such call of a later boot",
            end: AS_UNDISTURBED,
            wanted: Wanted::AsUndisturbed,
            cases: each(second, |at| vec![again(), Boot::struck(Strike::Cut(at)), again()]),
            weight: 2,
        },
        Row {
            fault: "power cut",
            moment: "before every such call of the first boot of a clone",
            end: AS_UNDISTURBED,
            wanted: Wanted::Clone,
            cases: each(first, |at| {
                let cut = Boot { before: CLONE.to_owned(), ..Boot::struck(Strike::Cut(at)) };
                vec![again(), cut, again()]
            }),
            weight: 2,
        },
    ];
    for (fault, signal) in
        [("SIGKILL", libc::SIGKILL), ("SIGTERM", libc::SIGTERM), ("SIGABRT", libc::SIGABRT)]
    {
        rows.push(Row {
            fault,
            moment: "to the program before each of its own calls of a first boot",
            end: CLOSED,
            wanted: Wanted::Closed,
            cases: each(first, |at| vec![Boot::struck(Strike::Signal(at, signal)), again()]),
            weight: 2,
        });
    }
    let errors = [
        ("disk full (ENOSPC)", libc::ENOSPC),
        ("read-only (EROFS)", libc::EROFS),
        ("broken disk (EIO)", libc::EIO),
    ];
    for (fault, error) in errors {
        rows.push(Row {
            fault,
            moment: "at one call of a first boot",
            end: TOLD,
            wanted: Wanted::Told,
            cases: each(first, |at| vec![Boot::struck(Strike::Once(at, error)), again()]),
            weight: 1,
        });
        rows.push(Row {
            fault,
            moment: "from a call of a first boot on, until its end",
            end: TOLD,
            wanted: Wanted::Told,
            cases: each(first, |at| vec![Boot::struck(Strike::From(at, error)), again()]),
            weight: 2,
        });
    }
    rows.extend([
        real_disks(),
        memory(),
        tools(undisturbed),
        overlapping(),
        clocks(),
        versions(),
        no_lease(),
    ]);
    rows.extend(state(undisturbed));
    rows.extend(services());
    rows
}

fn case(name: &str, boots: Vec<Boot>) -> Case {
    Case { name: name.to_owned(), boots }
}

/// Disks that are so, and not only say so.
fn real_disks() -> Row {
    const FULL: &str = "dd if=/dev/zero of=fill bs=64k 2>/dev/null || :";
    const READ_ONLY: &str = "mount -o remount,ro .";
    let busy = "for file in hosts hostname; do touch run/$file; mount --bind run/$file etc/$file; done";
    Row {
        fault: "disk",
        moment: "full or read-only before a first or a later boot; /etc/hosts and /etc/hostname as bind mounts",
        end: TOLD,
        wanted: Wanted::Finished,
        cases: vec![
            case("full before the first boot", vec![Boot::changed(FULL)]),
            case("full before the second boot", vec![Boot::undisturbed(), Boot::changed(FULL)]),
            case("read-only before the first boot", vec![Boot::changed(READ_ONLY)]),
            case("read-only before the second boot", vec![Boot::undisturbed(), Boot::changed(READ_ONLY)]),
            case("bind mounts", vec![Boot::changed(busy)]),
        ],
        weight: 1,
    }
}

fn memory() -> Row {
    let limited = |mebibytes: u64| Boot { memory: Some(mebibytes << 20), ..Boot::undisturbed() };
    Row {
        fault: "memory limit",
        moment: "for each process of a first boot",
        end: FINISHED,
        wanted: Wanted::Finished,
        cases: [64, 48, 32, 24, 16, 12, 8]
            .map(|size| case(&format!("{size} MiB"), vec![limited(size)]))
            .to_vec(),
        weight: 1,
    }
}

/// Each program that a boot runs, missing.
fn tools(undisturbed: &Told) -> Row {
    let programs = undisturbed.boots.iter().flat_map(|boot| &boot.programs);
    let mut programs: Vec<_> = programs.filter(|program| !program.ends_with("/cloud-init")).collect();
    programs.sort();
    programs.dedup();
    Row {
        fault: "missing tool",
        moment: "each program that a first boot runs, one by one",
        end: FINISHED,
        wanted: Wanted::Finished,
        cases: programs
            .into_iter()
            .map(|program| case(program, vec![Boot::changed(format!("rm -f .{program}"))]))
            .collect(),
        weight: 1,
    }
}

fn overlapping() -> Row {
    let twice = || Boot { twice: true, ..Boot::undisturbed() };
    Row {
        fault: "two boots at once",
        moment: "a first boot, a later boot",
        end: FINISHED,
        wanted: Wanted::Finished,
        cases: vec![case("first", vec![twice()]), case("second", vec![Boot::undisturbed(), twice()])],
        weight: 1,
    }
}

fn clocks() -> Row {
    let at = |clock| vec![Boot { clock: Some(clock), ..Boot::undisturbed() }, Boot::undisturbed()];
    let mut cases = vec![case("1970", at(Clock::Epoch))];
    for readings in [1, 5, 20, 60, 150] {
        cases.push(case(&format!("1970, right after {readings} readings"), at(Clock::Set(readings))));
        cases.push(case(&format!("a year back after {readings} readings"), at(Clock::Back(readings))));
    }
    Row {
        fault: "clock",
        moment: "at 1970 in a first boot, set right in the middle of it, set back",
        end: AS_UNDISTURBED,
        wanted: Wanted::AsUndisturbed,
        cases,
        weight: 1,
    }
}

/// What another version of the program would leave.
fn versions() -> Row {
    let later = r#"
        for file in $(grep -rlE '^\{' var/lib/cloud --include='*.json' --include=obj* 2>/dev/null); do
            sed -i '0,/{/s//{"from_a_later_version": {"x": [1]},/' "$file"
        done"#;
    let without =
        |name: &str| format!("rm -f var/lib/cloud/data/{name} var/lib/cloud/instances/i-matrix/{name}");
    let before = |text: &str| vec![Boot::undisturbed(), Boot::changed(text), Boot::undisturbed()];
    let earlier = concat!(
        "(cd var/lib/cloud; rm -rf data instance instances scripts sem); tar -xzf ",
        env!("CARGO_MANIFEST_DIR"),
        "/states/0.1.tar.gz -C var/lib/cloud"
    );
    let mut cases =
        vec![case("state of 0.1", before(earlier)), case("keys of a later version", before(later))];
    for name in
        ["previous-instance-id", "instance-id", "previous-datasource", "previous-hostname", "set-hostname"]
    {
        cases.push(case(&format!("without {name}"), before(&without(name))));
    }
    Row {
        fault: "upgrade and downgrade",
        moment: "between two boots",
        end: "the instance is kept and the boot finishes",
        wanted: Wanted::Kept,
        cases,
        weight: 1,
    }
}

/// A machine on EC2 without a DHCP server.
fn no_lease() -> Row {
    let gone = || Boot { service: Some(Vec::new()), ..Boot::undisturbed() };
    Row {
        fault: "DHCP gone",
        moment: "in the local stage of a first boot, of a later boot",
        end: "the network stage finds the source over what the system brought up; the instance is kept",
        wanted: Wanted::Finished,
        cases: vec![case("first", vec![gone()]), case("later", vec![gone(), gone()])],
        weight: 0,
    }
}

/// A metadata service that misbehaves, from some request on or at one path.
fn services() -> Vec<Row> {
    let moments =
        ["@1+", "@1", "@2+", "@4", "@7+", "@/latest/user-data", "@/latest/meta-data/", "@/2021-03-23/"];
    let good = || Boot { service: Some(Vec::new()), from: 1, ..Boot::undisturbed() };
    let bad = |fault: &str| Boot { service: Some(vec![fault.to_owned()]), ..good() };
    let cases = |kinds: &[&str], boots: &dyn Fn(&str) -> Vec<Boot>| -> Vec<Case> {
        kinds
            .iter()
            .flat_map(|kind| moments.map(|moment| format!("{kind}{moment}")))
            .map(|fault| Case { boots: boots(&fault), name: fault })
            .collect()
    };
    let row = |moment, wanted, weight, cases| Row {
        fault: "metadata service",
        moment,
        end: "the stages end in time; the boot finishes or says what failed; a known instance is kept",
        wanted,
        cases,
        weight,
    };
    let first = |fault: &str| vec![bad(fault)];
    let later = |fault: &str| vec![good(), bad(fault), good()];
    let mut rows = Vec::new();
    for (kinds, weight) in [(QUICK, 1), (SLOW, 0)] {
        // Another instance-id is another instance.
        let known: Vec<_> = kinds.iter().copied().filter(|kind| *kind != "changing").collect();
        rows.push(row("misbehaves in a first boot", Wanted::Finished, weight, cases(kinds, &first)));
        rows.push(row("misbehaves in a later boot", Wanted::Kept, weight, cases(&known, &later)));
    }
    rows.push(row("is gone in a later boot", Wanted::Kept, 1, vec![case("gone", later(GONE))]));
    rows
}

/// What a service does wrong at once.
const QUICK: &[&str] = &[
    "drop",
    "truncate",
    "huge",
    "endless",
    "too-many",
    "redirect-loop",
    "redirect-away",
    "portal",
    "changing",
    "wrong-token",
    "expire-token",
    "500",
    "503",
    "404",
    "401",
];
/// What keeps a client waiting.
const SLOW: &[&str] = &["stall", "slow-head", "slow-body"];

/// Each file of the state, replaced by what is none.
fn state(undisturbed: &Told) -> Vec<Row> {
    let garbage = [
        ("nothing", ": >"),
        ("random bytes", "head -c 5000 /dev/urandom >"),
        ("a list", "echo '[]' >"),
        ("an object of another kind", "echo '{\"v1\": [3], \"a\": null}' >"),
        ("a directory", "mkdir "),
        ("60 MB", "head -c 60000000 /dev/zero >proof/huge; ln -s /proof/huge "),
    ];
    let files: Vec<_> = undisturbed
        .kept
        .iter()
        .filter(|(path, kept)| path.starts_with("/var/lib/cloud") && kept.mode & 0o170_000 != 0o040_000)
        .map(|(path, _)| path.display().to_string())
        .filter(|path| !path.contains("/scripts/") && !path.contains("/seed/"))
        .collect();
    let spoil = |path: &str, how: &str| format!("rm -rf .{path}; {how}.{path}");
    let every = |paths: &[String], boots: &dyn Fn(String) -> Vec<Boot>| -> Vec<Case> {
        paths
            .iter()
            .flat_map(|path| {
                garbage.map(|(name, how)| Case {
                    name: format!("{path} is {name}"),
                    boots: boots(spoil(path, how)),
                })
            })
            .collect()
    };
    let run = [
        "status.json",
        "result.json",
        "instance-data.json",
        "instance-data-sensitive.json",
        "cloud-id",
        "cloud.cfg",
        "network-config.json",
        "combined-cloud-config.json",
        ".instance-id",
        "ds-identify.log",
    ];
    let run = run.map(|name| format!("/run/cloud-init/{name}"));
    let mut between = Vec::new();
    for stage in 1..4 {
        between.extend(every(&run, &|text| {
            vec![Boot { between: Some((stage, text)), ..Boot::undisturbed() }, Boot::undisturbed()]
        }));
    }
    vec![
        Row {
            fault: "state replaced by garbage",
            moment: "each file below /var/lib/cloud, before a later boot",
            end: FINISHED,
            wanted: Wanted::Finished,
            cases: every(&files, &|text| vec![Boot::undisturbed(), Boot::changed(text), Boot::undisturbed()]),
            weight: 2,
        },
        Row {
            fault: "state replaced by garbage",
            moment: "each file below /run/cloud-init, before each later stage",
            end: FINISHED,
            wanted: Wanted::Finished,
            cases: between,
            weight: 2,
        },
    ]
}
