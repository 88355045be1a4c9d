//! Runs scenarios side by side and prints the table.

use std::sync::Mutex;
use std::thread;
use std::time::Instant;

use crate::cache::Cache;
use crate::scenario::{Scenario, Tier};
use crate::{Error, Options, command, nspawn, qemu};

/// How much of a failed scenario's log is printed, in bytes.
const SHOWN: usize = 6000;

struct Row {
    name: String,
    differences: Vec<String>,
    seconds: f32,
    boots: usize,
    known: Option<String>,
}

/// Prints all scenarios.
pub fn list(options: &Options) -> Result<(), Error> {
    for scenario in Scenario::read_all(&options.scenarios)? {
        println!("{:<26} {:<7} {}", scenario.name, tier(scenario.tier), scenario.about);
    }
    Ok(())
}

/// Runs the tier's scenarios; says whether all passed.
pub fn run(options: &Options, which: Tier) -> Result<bool, Error> {
    let mut scenarios = Scenario::read_all(&options.scenarios)?;
    if let Some(name) = options.names.iter().find(|name| !scenarios.iter().any(|known| known.name == **name))
    {
        return Err(Error::Usage(format!("{name} is not a scenario")));
    }
    scenarios.retain(|scenario| {
        scenario.tier == which && (options.names.is_empty() || options.names.contains(&scenario.name))
    });
    let cache = Cache::new(options)?;
    cache.prepare()?;
    scenarios.iter().try_for_each(|scenario| cache.prepare_packages(&scenario.packages))?;
    let total = Instant::now();
    // Longest first, so that the last one to end is a short one.
    scenarios.sort_by_key(|scenario| scenario.boots.len());
    let (queue, rows) = (Mutex::new(scenarios), Mutex::new(Vec::new()));
    thread::scope(|scope| {
        for _ in 0..options.jobs.get() {
            scope.spawn(|| {
                while let Some(scenario) = take(&queue) {
                    let row = one(options, &cache, &scenario);
                    println!(
                        "{} {:.1} s",
                        if row.differences.is_empty() { "ok  " } else { "FAIL" }.to_owned() + " " + &row.name,
                        row.seconds
                    );
                    if let Ok(mut rows) = rows.lock() {
                        rows.push(row);
                    }
                }
            });
        }
    });
    let mut rows = rows.into_inner().unwrap_or_else(std::sync::PoisonError::into_inner);
    rows.sort_by(|one, other| one.name.cmp(&other.name));
    report(options, &cache, which, &rows, total.elapsed().as_secs_f32());
    Ok(rows.iter().all(|row| row.differences.is_empty()))
}

fn take(queue: &Mutex<Vec<Scenario>>) -> Option<Scenario> {
    queue.lock().ok()?.pop()
}

fn one(options: &Options, cache: &Cache, scenario: &Scenario) -> Row {
    let start = Instant::now();
    let outcome = match scenario.tier {
        Tier::Nspawn => nspawn::run(options, cache, scenario),
        Tier::Qemu => qemu::run(options, cache, scenario),
    };
    let mut differences = outcome.unwrap_or_else(|error| vec![error.to_string()]);
    let known = scenario.original_fails.as_ref().filter(|_| options.subject.0.is_none());
    if let Some(reason) = known {
        differences = if differences.is_empty() {
            vec![format!("the original passes although it is said to fail: {reason}")]
        } else {
            Vec::new()
        };
    }
    let seconds = start.elapsed().as_secs_f32();
    Row {
        name: scenario.name.clone(),
        differences,
        seconds,
        boots: scenario.boots.len(),
        known: known.cloned(),
    }
}

fn report(options: &Options, cache: &Cache, which: Tier, rows: &[Row], total: f32) {
    for row in rows.iter().filter(|row| !row.differences.is_empty()) {
        println!("\n=== {}: {} differences", row.name, row.differences.len());
        let log = std::fs::read(cache.log(&row.name)).unwrap_or_default();
        println!("{}\n---", command::tail(&String::from_utf8_lossy(&log), SHOWN));
        for difference in &row.differences {
            println!("  {difference}");
        }
        println!("  whole log: {}", cache.log(&row.name).display());
    }
    let subject = options.subject.0.as_ref().map_or("original".into(), |path| path.display().to_string());
    println!("\nsubject: {subject}");
    println!("{:<26} {:<7} {:>5}  {:<15} {:>7}", "scenario", "tier", "boots", "result", "seconds");
    for row in rows {
        let result = match (row.differences.is_empty(), row.known.is_some()) {
            (true, false) => "ok",
            (true, true) => "fails, as known",
            (false, _) => "FAILED",
        };
        println!("{:<26} {:<7} {:>5}  {:<15} {:>7.1}", row.name, tier(which), row.boots, result, row.seconds);
    }
    for (name, reason) in rows.iter().filter_map(|row| row.known.as_ref().map(|reason| (&row.name, reason))) {
        println!("{name}: the original fails: {reason}");
    }
    let failed = rows.iter().filter(|row| !row.differences.is_empty()).count();
    println!("{} passed, {failed} failed, {total:.1} s", rows.len() - failed);
}

fn tier(tier: Tier) -> &'static str {
    match tier {
        Tier::Nspawn => "nspawn",
        Tier::Qemu => "qemu",
    }
}
