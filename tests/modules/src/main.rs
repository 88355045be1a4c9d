//! Runs modules of the packaged original and ours over generated configurations, and compares the commands that they run,
//! the files that they leave, the exit code and whether something is reported.
// A harness around real programs: effects are its business.
#![allow(clippy::disallowed_methods, clippy::print_stdout, clippy::print_stderr)]

mod compare;
mod generate;
mod sandbox;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::Parser;
use compare::{Difference, Known};
use oracle::dice::Seed;
use oracle::{Error, file, places};
use sandbox::Answer;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

/// Each module with the distribution that its machine says it is; a further one of a module has its name in the table.
const MODULES: &[(&str, &str)] = &[
    ("ntp", "debian"),
    ("ssh_import_id", "debian"),
    ("keyboard", "debian"),
    ("ca_certs", "debian"),
    ("write_files", "debian"),
    ("runcmd", "debian"),
    ("locale", "debian"),
    ("timezone", "debian"),
    ("apt_pipelining", "debian"),
    ("grub_dpkg", "debian"),
    ("ansible", "debian"),
    ("apt_configure", "debian"),
    ("bootcmd", "debian"),
    ("byobu", "debian"),
    ("chef", "debian"),
    ("disable_ec2_metadata", "debian"),
    ("disk_setup", "debian"),
    ("final_message", "debian"),
    ("growpart", "debian"),
    ("install_hotplug", "debian"),
    ("keys_to_console", "debian"),
    ("mcollective", "debian"),
    ("mounts", "debian"),
    ("package_update_upgrade_install", "debian"),
    ("phone_home", "debian"),
    ("power_state_change", "debian"),
    ("puppet", "debian"),
    ("raspberry_pi", "debian"),
    ("resizefs", "debian"),
    ("resolv_conf", "debian"),
    ("rsyslog", "debian"),
    ("salt_minion", "debian"),
    ("scripts_user", "debian"),
    ("scripts_vendor", "debian"),
    ("scripts_per_boot", "debian"),
    ("seed_random", "debian"),
    ("set_hostname", "debian"),
    ("set_passwords", "debian"),
    ("ssh", "debian"),
    ("ssh_authkey_fingerprints", "debian"),
    ("update_etc_hosts", "debian"),
    ("update_hostname", "debian"),
    ("users_groups", "debian"),
    ("wireguard", "debian"),
    ("fan", "ubuntu"),
    ("snap", "ubuntu"),
    ("ubuntu_autoinstall", "ubuntu"),
    ("lxd", "ubuntu"),
    ("landscape", "ubuntu"),
    ("ubuntu_pro", "ubuntu"),
    ("ubuntu_drivers", "ubuntu"),
    ("rh_subscription", "rhel"),
    ("spacewalk", "rhel"),
    ("yum_add_repo", "rhel"),
    ("reset_rmc", "rhel"),
    ("zypper_add_repo", "opensuse"),
    ("apk_configure", "alpine"),
    ("ca_certs", "rhel"),
    ("ca_certs", "amazon"),
    ("ca_certs", "fedora"),
    ("ca_certs", "opensuse"),
    ("ca_certs", "alpine"),
    ("ca_certs", "aosc"),
    ("ca_certs", "photon"),
];

/// The name of a row of MODULES in tables: with its distribution if it is not the module's first.
fn label(module: &str, distro: &str) -> String {
    let first = MODULES.iter().find(|(name, _)| *name == module);
    if first.is_some_and(|(_, first)| *first == distro) {
        module.to_owned()
    } else {
        format!("{module} on {distro}")
    }
}

/// Configurations of each module, for which agreement.json has the counts.
const CASES: u64 = 30;

/// Runs modules of the packaged original and ours over generated configurations. Needs root.
#[derive(Parser)]
#[command(name = "module-oracle")]
struct Options {
    /// The modules; all of them if none is named
    #[arg(value_name = "MODULE")]
    modules: Vec<String>,
    /// This program's binary
    #[arg(long, value_name = "FILE", value_parser = places::existing)]
    ours: PathBuf,
    /// Configurations of each module
    #[arg(long, value_name = "N", default_value_t = CASES)]
    cases: u64,
    /// What they are drawn from: a number, or `new` for another one in each run
    #[arg(long, value_name = "N", default_value = "1")]
    seed: Seed,
    /// Only this configuration of each module; prints both answers
    #[arg(long, value_name = "N")]
    case: Option<u64>,
    /// How many cases of each module are printed
    #[arg(long, value_name = "N", default_value_t = 3)]
    shown: usize,
    /// Print the differences that have a reason, too
    #[arg(long)]
    listed: bool,
    /// Where the original's root is kept
    #[arg(long, value_name = "DIR", default_value = "target/oracle", value_parser = places::kept)]
    cache: PathBuf,
    /// The differences that have a reason
    #[arg(long, value_name = "FILE", default_value = concat!(env!("CARGO_MANIFEST_DIR"), "/known.json"))]
    known: PathBuf,
    /// The agreement that must not fall
    #[arg(long, value_name = "FILE", default_value = concat!(env!("CARGO_MANIFEST_DIR"), "/agreement.json"))]
    baseline: PathBuf,
    /// Write the counts of this run to the baseline
    #[arg(long)]
    update: bool,
}

/// Cases of a module.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
struct Count {
    cases: u64,
    same: u64,
    /// Same but for places that have a reason.
    listed: u64,
    #[serde(skip)]
    different: u64,
}

/// Counts by module.
type Table = BTreeMap<String, Count>;

fn main() -> ExitCode {
    match run(&Options::parse()) {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("module-oracle: {error}");
            error.exit_code()
        }
    }
}

fn schema(root: &Path) -> Result<Value, Error> {
    let path =
        root.join("usr/lib/python3/dist-packages/cloudinit/config/schemas/schema-cloud-config-v1.json");
    let text = std::fs::read(&path).map_err(file(path.display().to_string()))?;
    serde_json::from_slice(&text).map_err(|source| Error::Baseline { path, source })
}

/// What both programs make of cases, side by side.
fn both(
    options: &Options,
    root: &Path,
    distro: &str,
    cases: &[Value],
) -> Result<Vec<(Answer, Answer)>, Error> {
    let scratch = options.cache.join(format!("modules-{}", std::process::id()));
    let (theirs, ours) = std::thread::scope(|scope| {
        let theirs = scope.spawn(|| sandbox::run(root, &scratch.join("original"), None, distro, cases));
        let ours = sandbox::run(root, &scratch.join("ours"), Some(&options.ours), distro, cases);
        (theirs.join(), ours)
    });
    oracle::root::remove(&scratch)?;
    let theirs = theirs.map_err(|_| Error::Usage("the run of the original panicked".into()))??;
    Ok(theirs.into_iter().zip(ours?).collect())
}

fn run(options: &Options) -> Result<bool, Error> {
    if let Some(name) = options.modules.iter().find(|name| !MODULES.iter().any(|(known, _)| known == name)) {
        return Err(Error::Usage(format!("{name} is not compared")));
    }
    let root = oracle::root::prepare(&options.cache, "sid")?;
    let schema = schema(&root)?;
    let known = Known::read(&options.known)?;
    let mut met = vec![0_u64; known.len()];
    let seed = options.seed.number();
    println!("--seed {seed}");
    let chosen =
        |name: &str| options.modules.is_empty() || options.modules.iter().any(|module| module == name);
    let distros: std::collections::BTreeSet<&str> = MODULES.iter().map(|(_, distro)| *distro).collect();
    let numbers: Vec<u64> = options.case.map_or_else(|| (0..options.cases).collect(), |case| vec![case]);
    let mut table = Table::new();
    for distro in distros {
        let mut cases = Vec::new();
        for (module, _) in MODULES.iter().filter(|(name, of)| *of == distro && chosen(name)) {
            for number in &numbers {
                let config = generate::config(&schema, module, seed, *number);
                let label = label(module, distro);
                cases.push(json!({"module": module, "label": label, "case": number, "config": config}));
            }
        }
        if cases.is_empty() {
            continue;
        }
        for (case, (theirs, ours)) in cases.iter().zip(both(options, &root, distro, &cases)?) {
            if options.case.is_some() {
                println!("{case}\n{theirs:#?}\n{ours:#?}");
            }
            let found = compare::differences(&theirs, &ours);
            judge(options, case, &found, [&theirs, &ours], &known, &mut met, &mut table);
        }
    }
    print(&table, &known, &met);
    conclude(options, &table, &known, &met)
}

/// Counts a case, and prints what has no reason.
fn judge(
    options: &Options,
    case: &Value,
    found: &[Difference],
    answers: [&Answer; 2],
    known: &[Known],
    met: &mut [u64],
    table: &mut Table,
) {
    let module = case["label"].as_str().unwrap_or_default();
    let config = case["config"].to_string();
    let count = table.entry(module.to_owned()).or_default();
    count.cases += 1;
    let said = answers[1].reported.join("\n");
    let mut unknown = Vec::new();
    for difference in found {
        match known.iter().position(|row| row.covers(module, &config, &said, difference)) {
            Some(row) => met[row] += 1,
            None => unknown.push(difference),
        }
    }
    if found.is_empty() {
        count.same += 1;
    } else if unknown.is_empty() {
        count.listed += 1;
    } else {
        count.different += 1;
    }
    let shown: Vec<&Difference> = if options.listed { found.iter().collect() } else { unknown };
    if shown.is_empty() || (!options.listed && count.different > options.shown as u64) {
        return;
    }
    println!("=== {module} --case {}\n{config}", case["case"]);
    for difference in shown {
        println!("--- {difference}");
    }
    for (whose, answer) in ["original", "ours"].iter().zip(answers) {
        println!(
            "{whose}: {}\n    {}",
            answer.reported.join("\n    "),
            answer.out.trim().replace('\n', "\n    ")
        );
    }
}

fn print(table: &Table, known: &[Known], met: &[u64]) {
    println!("\n{:32} {:>6} {:>6} {:>6} {:>10}", "module", "cases", "same", "listed", "different");
    let mut sum = Count::default();
    for (name, Count { cases, same, listed, different }) in table {
        println!("{name:32} {cases:6} {same:6} {listed:6} {different:10}");
        sum.cases += cases;
        sum.same += same;
        sum.listed += listed;
        sum.different += different;
    }
    println!("{:32} {:6} {:6} {:6} {:10}", "", sum.cases, sum.same, sum.listed, sum.different);
    for (row, count) in known.iter().zip(met).filter(|(_, count)| **count > 0) {
        println!("{count:6}  {}", row.why);
    }
}

/// Whether everything has its reason, and nothing has changed since the baseline.
fn conclude(options: &Options, table: &Table, known: &[Known], met: &[u64]) -> Result<bool, Error> {
    let mut held = table.values().all(|count| count.different == 0);
    // Counts are recorded for all cases of the fixed seed.
    if options.case.is_some() || options.cases != CASES || options.seed != Seed::Fixed(1) {
        return Ok(held);
    }
    let of_this_run =
        |row: &Known| table.contains_key(&row.module) || (row.module == "*" && options.modules.is_empty());
    for (row, _) in known.iter().zip(met).filter(|(row, count)| **count == 0 && of_this_run(row)) {
        println!("stale, of {}: {}", row.module, row.why);
        held = false;
    }
    let path = &options.baseline;
    let form = |source| Error::Baseline { path: path.clone(), source };
    if options.update && options.modules.is_empty() {
        let text = serde_json::to_string_pretty(table).map_err(form)? + "\n";
        std::fs::write(path, text).map_err(file(path.display().to_string()))?;
        return Ok(held);
    }
    let text = std::fs::read_to_string(path).map_err(file(path.display().to_string()))?;
    let before: Table = serde_json::from_str(&text).map_err(form)?;
    for (name, now) in table {
        let before = before.get(name).copied().unwrap_or_default();
        if (now.cases, now.same, now.listed) != (before.cases, before.same, before.listed) {
            println!("{name}: {now:?}, but {before:?} is recorded");
            held = false;
        }
    }
    Ok(held)
}
