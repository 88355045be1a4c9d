//! Compares verdicts on documents with the packaged original's, and prints what agrees.
// A harness around real programs: effects are its business.
#![allow(clippy::disallowed_methods, clippy::print_stdout, clippy::print_stderr)]
#![allow(
    clippy::cast_possible_truncation,
    clippy::cast_precision_loss,
    clippy::cast_possible_wrap,
    reason = "numbers of our own making"
)]

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::Parser;
use oracle::dice::Seed;
use oracle::places;
use schema_oracle::judge::{Schemas, judge};
use schema_oracle::original::{self, Answer, Error, Verdict};
use schema_oracle::{Case, Kind, additions, commands, corpus, documentation, structure};
use serde_json::{Value, json};

/// Judges cloud-configs and network-configs by the packaged original and by us. Needs root.
#[derive(Parser)]
#[command(name = "schema-oracle")]
struct Options {
    /// How many mutations of cloud-configs; half as many of network-configs
    #[arg(long, value_name = "N", default_value_t = 3000)]
    cases: u64,
    /// What they are made from: a number, or `new` for another one in each run
    #[arg(long, value_name = "N", default_value = "1")]
    seed: Seed,
    /// Only this one; prints it and what both say
    #[arg(long, value_name = "NAME")]
    case: Option<String>,
    /// How many disagreements are printed
    #[arg(long, value_name = "N", default_value_t = 10)]
    shown: usize,
    /// Where the original's root is kept
    #[arg(long, value_name = "DIR", default_value = "target/oracle", value_parser = places::kept)]
    cache: PathBuf,
    /// Our static program: whole runs of `schema` are compared as well
    #[arg(long, value_name = "FILE", value_parser = places::existing)]
    ours: Option<PathBuf>,
    /// Write the baseline that later runs are held to
    #[arg(long)]
    update: bool,
}

fn main() -> ExitCode {
    match run(&Options::parse()) {
        // EX_TEMPFAIL: what could be judged agrees, but the documentation could not be fetched.
        Ok(Ended { held: true, fetched: false }) => ExitCode::from(75),
        Ok(Ended { held: true, .. }) => ExitCode::SUCCESS,
        Ok(Ended { held: false, .. }) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("schema-oracle: {error}");
            match error {
                Error::Harness(error) => error.exit_code(),
                _ => ExitCode::from(2),
            }
        }
    }
}

/// The original's own schemas, in its root.
fn originals(root: &Path) -> Result<Schemas, Error> {
    let directory = root.join("usr/lib/python3/dist-packages/cloudinit/config/schemas");
    let read = |name: &str| -> Result<Value, Error> {
        let path = directory.join(name);
        let text = std::fs::read(&path).map_err(oracle::file(path.display().to_string()))?;
        serde_json::from_slice(&text).map_err(Error::Answer)
    };
    Ok(Schemas {
        cloud: read("schema-cloud-config-v1.json")?,
        v1: read("schema-network-config-v1.json")?,
        v2: read("schema-network-config-v2.json")?,
    })
}

/// How a run ended.
struct Ended {
    /// Agreement has not fallen.
    held: bool,
    /// The documentation was there to be judged.
    fetched: bool,
}

/// The documents, and whether the documentation's are among them.
fn cases(options: &Options, root: &Path, schemas: &Schemas) -> Result<(Vec<Case>, bool), Error> {
    let mut words = Vec::new();
    corpus::words(&schemas.cloud, &mut words);
    let mut of_networks = Vec::new();
    corpus::words(&schemas.v1, &mut of_networks);
    corpus::words(&schemas.v2, &mut of_networks);
    let mut all = corpus::examples(root)?;
    all.extend(corpus::own()?);
    let documentation = documentation::examples(&options.cache)?;
    let (seed, count) = (options.seed.number(), options.cases);
    let mutations = corpus::mutations("mutations", Kind::Cloud, &all, &words, seed, count);
    let networks = corpus::networks(seed, count / 6);
    all.extend(networks);
    let mutated = corpus::mutations("net mutations", Kind::Network, &all, &of_networks, seed, count / 2);
    all.extend(mutations);
    all.extend(mutated);
    let fetched = documentation.is_some();
    all.extend(documentation.into_iter().flatten());
    if let Some(name) = &options.case {
        all.retain(|case| case.name == *name);
    }
    Ok((all, fetched))
}

#[derive(Default)]
struct Row {
    cases: u64,
    verdicts: u64,
    errors: u64,
    deprecations: u64,
    valid: u64,
    raised: u64,
}

/// How two answers differ; `None` where they do not.
fn differ(original: &Answer, ours: &Answer) -> [bool; 3] {
    if original.verdict == Verdict::Raised {
        // Whatever made it stumble is an error of ours.
        return [ours.verdict != Verdict::Invalid, false, false];
    }
    [
        original.verdict != ours.verdict,
        original.errors != ours.errors,
        original.deprecations != ours.deprecations,
    ]
}

fn show(case: &Case, original: &Answer, ours: &Answer) {
    println!("=== --case '{}'\n{}", case.name, case.text);
    for (who, answer) in [("original", original), ("ours", ours)] {
        println!("##### {who}: {:?}", answer.verdict);
        for told in answer.errors_told.iter().chain(&answer.deprecations_told) {
            println!("  {}", told.chars().take(300).collect::<String>());
        }
    }
}

/// One table: our validator with some schemas.
fn table(
    options: &Options,
    title: &str,
    schemas: &Schemas,
    cases: &[Case],
    answers: &[Answer],
) -> BTreeMap<String, [u64; 2]> {
    let mut rows: BTreeMap<&str, Row> = BTreeMap::new();
    let mut shown = 0;
    for (case, original) in cases.iter().zip(answers) {
        let ours = judge(schemas, case);
        let [verdict, errors, deprecations] = differ(original, &ours);
        let row = rows.entry(case.group).or_default();
        row.cases += 1;
        row.verdicts += u64::from(!verdict);
        row.errors += u64::from(!errors);
        row.deprecations += u64::from(!deprecations);
        row.valid += u64::from(matches!(original.verdict, Verdict::Valid | Verdict::Deprecated));
        row.raised += u64::from(original.verdict == Verdict::Raised);
        let made_valid = matches!(original.verdict, Verdict::Valid | Verdict::Deprecated);
        if case.group == "corpus" && !made_valid {
            println!("the corpus is to be valid, and is not:");
            show(case, original, &ours);
        }
        if (verdict || errors || deprecations) && shown < options.shown || options.case.is_some() {
            shown += 1;
            show(case, original, &ours);
        }
    }
    println!(
        "\n{title}\n{:<14} {:>6} {:>6} {:>7} {:>9} {:>12} {:>18}",
        "group", "cases", "valid", "raised", "verdicts", "error places", "deprecation places"
    );
    for (name, row) in &rows {
        println!(
            "{name:<14} {:>6} {:>6} {:>7} {:>9} {:>12} {:>18}",
            row.cases, row.valid, row.raised, row.verdicts, row.errors, row.deprecations
        );
    }
    let mut counts = BTreeMap::new();
    for (name, row) in rows {
        if name == "corpus" {
            counts.insert(format!("{title}: corpus: valid"), [row.valid, row.cases]);
        }
        for (what, agree) in
            [("verdicts", row.verdicts), ("errors", row.errors), ("deprecations", row.deprecations)]
        {
            counts.insert(format!("{title}: {name}: {what}"), [agree, row.cases]);
        }
    }
    counts
}

fn run(options: &Options) -> Result<Ended, Error> {
    let root = oracle::root::prepare(&options.cache, "sid")?;
    let originals = originals(&root)?;
    let (cases, fetched) = cases(options, &root, &originals)?;
    println!("--seed {}, {} documents", options.seed.number(), cases.len());
    let answers = original::judge(&root, &options.cache, &cases)?;
    // The original's own schemas show what our validator makes of them, ours what they say themselves.
    let mut counts = table(options, "our validator, the original's schemas", &originals, &cases, &answers);
    let ours = Schemas {
        cloud: additions::without_own_sections(modules::cloud_config_schema(), &originals.cloud)?,
        v1: schema::network::v1_schema(),
        v2: additions::taken_back(schema::network::v2_schema(), &originals.v2)?,
    };
    counts.extend(table(options, "our validator, our schemas", &ours, &cases, &answers));
    if options.case.is_none() {
        counts.extend(side_by_side(&originals, &ours));
    }
    if let Some(program) = &options.ours {
        // What our additions make right is wrong for the original: that is said in additions.json, not by each run.
        let whole = Schemas {
            cloud: modules::cloud_config_schema(),
            v1: ours.v1.clone(),
            v2: schema::network::v2_schema(),
        };
        let same = |case: &Case| judge(&ours, case).errors == judge(&whole, case).errors;
        counts.extend(whole_runs(options, &root, program, &cases, &same)?);
    }
    hold(options, &counts).map(|held| Ended { held, fetched })
}

/// Runs of the command over a file of each kind, and over some mutations, of those for which a test holds.
fn whole_runs(
    options: &Options,
    root: &Path,
    program: &Path,
    cases: &[Case],
    holds: &dyn Fn(&Case) -> bool,
) -> Result<BTreeMap<String, [u64; 2]>, Error> {
    let some = |group: &str, count: usize| {
        cases
            .iter()
            .filter(|case| case.group == group && holds(case))
            .take(count)
            .cloned()
            .collect::<Vec<_>>()
    };
    let mut files = corpus::odd();
    files.extend(some("corpus", 10));
    files.extend(some("mutations", 30));
    files.extend(some("net mutations", 10));
    let scratch = options.cache.join(format!("schema-runs-{}", std::process::id()));
    let agreement = commands::compare(root, &scratch, program, &files)?;
    println!(
        "\n{} whole runs: {} exit codes and {} outputs agree",
        agreement.runs, agreement.codes, agreement.lines
    );
    for difference in agreement.differences.iter().take(options.shown) {
        println!("=== {difference}");
    }
    Ok(BTreeMap::from([
        ("runs: exit codes".to_owned(), [agreement.codes, agreement.runs]),
        ("runs: outputs".to_owned(), [agreement.lines, agreement.runs]),
    ]))
}

/// Our schemas beside the original's, module by module.
fn side_by_side(originals: &Schemas, ours: &Schemas) -> BTreeMap<String, [u64; 2]> {
    println!("\n{:<16} {:>6} {:>6}", "schemas", "parts", "equal");
    let mut counts = BTreeMap::new();
    let documents = [
        ("cloud-config", &originals.cloud, &ours.cloud),
        ("network v1", &originals.v1, &ours.v1),
        ("network v2", &originals.v2, &ours.v2),
    ];
    let mut differences = Vec::new();
    for (name, original, ours) in documents {
        let parts = structure::compare(original, ours);
        let equal = parts.values().filter(|difference| difference.is_none()).count() as u64;
        println!("{name:<16} {:>6} {equal:>6}", parts.len());
        counts.insert(format!("structure: {name}"), [equal, parts.len() as u64]);
        differences.extend(
            parts.into_iter().filter_map(|(part, difference)| Some(format!("{name}: {part}{}", difference?))),
        );
    }
    for difference in differences {
        println!("{difference}");
    }
    counts
}

/// Holds a run to the baseline, or writes it.
fn hold(options: &Options, counts: &BTreeMap<String, [u64; 2]>) -> Result<bool, Error> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("agreement.json");
    if options.update {
        let document: serde_json::Map<String, Value> = counts
            .iter()
            .map(|(name, [agree, total])| (name.clone(), json!({"agree": agree, "total": total})))
            .collect();
        std::fs::write(&path, format!("{:#}\n", Value::Object(document)))
            .map_err(oracle::file(path.display().to_string()))?;
        return Ok(true);
    }
    if options.case.is_some() {
        return Ok(true);
    }
    let text = std::fs::read(&path).map_err(oracle::file(path.display().to_string()))?;
    let baseline: BTreeMap<String, BTreeMap<String, u64>> =
        serde_json::from_slice(&text).map_err(Error::Answer)?;
    let mut held = true;
    for (name, before) in &baseline {
        // What could not be fetched has no cases, which was said, and whole runs need our program.
        let left_out =
            name.contains(": documentation: ") || options.ours.is_none() && name.starts_with("runs: ");
        if left_out && !counts.contains_key(name) {
            continue;
        }
        let [agree, total] = counts.get(name).copied().unwrap_or_default();
        let (before_agree, before_total) = (before.get("agree"), before.get("total"));
        // Compared crosswise, as the totals may differ.
        if agree * before_total.unwrap_or(&1) < before_agree.unwrap_or(&0) * total.max(1) {
            println!("agreement fell in {name}: {agree} of {total}");
            held = false;
        }
    }
    Ok(held)
}
