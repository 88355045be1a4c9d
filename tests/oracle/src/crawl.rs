//! How long both programs take to read the metadata of a cloud, and with how many requests.
//!
//! Each row is the local stage of a first boot beside a service that takes some time for each answer. The crawl is the time
//! between the arrival of the first request and the last answer: neither the start of a program nor its DHCP is in it.

use std::fs;
use std::path::Path;

use crate::run::{self, Program};
use crate::{Error, file};

/// The clouds, and how many times less the crawl takes at [`SLOW`] at least. OpenStack's requests are three that wait for
/// each other, of nine, so that three times less is the limit. Each of Azure's three waits for another one: the goal state
/// is only asked for once the metadata is read, and the report of readiness names it.
const CLOUDS: &[(&str, f64)] = &[("ec2", 3.0), ("gce", 3.0), ("azure-imds", 0.95), ("openstack", 2.8)];
/// Milliseconds for each answer.
const LATENCIES: &[u64] = &[0, 5, SLOW];
const SLOW: u64 = 50;
/// Machines for each row and program, of which the quickest counts.
const TRIES: usize = 2;

/// What one program did.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Crawl {
    requests: usize,
    connections: usize,
    /// In milliseconds.
    took: f64,
    stage: f64,
}

/// Measures, prints the table, and returns whether every row is as it should be.
pub fn table(
    root: &Path,
    scratch: &Path,
    cases: &Path,
    ours: &Path,
    names: &[String],
) -> Result<bool, Error> {
    println!("| cloud | an answer | requests | | connections | | crawl | | | local stage | |");
    println!("|---|--:|--:|--:|--:|--:|--:|--:|--:|--:|--:|");
    println!("| | | original | ours | original | ours | original | ours | ratio | original | ours |");
    let mut faults = Vec::new();
    let ours = Program::Ours(ours.to_owned());
    for (name, least) in CLOUDS {
        if !names.is_empty() && !names.iter().any(|wanted| wanted == name) {
            continue;
        }
        for latency in LATENCIES {
            let measure = |program| best(scratch, root, &cases.join(name), program, *latency);
            let (original, own) = (measure(&Program::Original)?, measure(&ours)?);
            let ratio = original.took / own.took;
            println!(
                "| {name} | {latency} ms | {} | {} | {} | {} | {:.0} ms | {:.0} ms | {ratio:.1} | {:.0} ms | {:.0} ms |",
                original.requests,
                own.requests,
                original.connections,
                own.connections,
                original.took,
                own.took,
                original.stage,
                own.stage
            );
            if own.requests > original.requests {
                faults.push(format!("{name}: {} requests instead of {}", own.requests, original.requests));
            }
            if *latency == SLOW && ratio < *least {
                faults.push(format!("{name}: {ratio:.1} times less at {SLOW} ms, not {least}"));
            }
        }
    }
    for fault in &faults {
        println!("{fault}");
    }
    Ok(faults.is_empty())
}

fn best(scratch: &Path, root: &Path, case: &Path, program: &Program, latency: u64) -> Result<Crawl, Error> {
    let mut best: Option<Crawl> = None;
    for _ in 0..TRIES {
        run::inside(scratch, root, case, program, &latency.to_string())?;
        let crawl = read(scratch)?;
        if best.is_none_or(|best| crawl.took < best.took) {
            best = Some(crawl);
        }
        oracle::root::remove(scratch)?;
    }
    best.ok_or_else(|| Error::Usage("nothing was measured".into()))
}

fn read(scratch: &Path) -> Result<Crawl, Error> {
    let text = |name: &str| {
        let path = scratch.join(name);
        fs::read_to_string(&path).map_err(file(path.display().to_string()))
    };
    let stage = text("took")?.trim().parse::<f64>().unwrap_or(f64::NAN) / 1000.0;
    let cached = scratch.join("upper/var/lib/cloud/data/instance-id");
    if !cached.exists() {
        return Err(Error::Usage(format!("no instance was found: {}", text("told/1-init-local.err")?)));
    }
    parse(&text("times")?, stage).ok_or_else(|| Error::Usage("the service was not asked".into()))
}

/// Reads the lines of the service: when each request arrived and was answered, in microseconds, and its connection.
fn parse(times: &str, stage: f64) -> Option<Crawl> {
    let rows: Vec<(f64, f64, &str)> = times
        .lines()
        .filter_map(|line| {
            let mut words = line.split(' ');
            Some((words.next()?.parse().ok()?, words.next()?.parse().ok()?, words.next()?))
        })
        .collect();
    let first = rows.iter().map(|row| row.0).reduce(f64::min)?;
    let last = rows.iter().map(|row| row.1).reduce(f64::max)?;
    let mut connections: Vec<&str> = rows.iter().map(|row| row.2).collect();
    connections.sort_unstable();
    connections.dedup();
    Some(Crawl { requests: rows.len(), connections: connections.len(), took: (last - first) / 1000.0, stage })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_crawl_lasts_from_the_first_request_to_the_last_answer() {
        let times = "5000 55000 2 GET /b\n1000 51000 1 GET /a\n56000 107000 1 GET /c\n";
        let crawl = parse(times, 300.0).expect("three lines");
        assert_eq!(crawl, Crawl { requests: 3, connections: 2, took: 106.0, stage: 300.0 });
        assert_eq!(parse("", 1.0), None);
    }
}
