//! Samples to tables.

use std::fs;
use std::path::Path;

use crate::booted::Booted;
use crate::inside::{Told, UNITS};
use crate::measure::Cost;
use crate::table::{markdown, median, quantity, ratio};
use crate::workload::{COMMANDS, CONVERSIONS, SCHEMAS, STAGES};
use crate::{Error, file};

/// What machines told, the original's and ours.
#[derive(Debug, Default)]
pub struct Samples([Vec<Told>; 2]);

impl Samples {
    /// Adds the original's and ours.
    pub fn add(&mut self, pair: [Told; 2]) {
        for (samples, told) in self.0.iter_mut().zip(pair) {
            samples.push(told);
        }
    }

    /// The medians over the runs of what `value` makes of a machine, the original's and ours.
    fn medians(&self, value: impl Fn(&Told) -> f64) -> [f64; 2] {
        self.0.each_ref().map(|samples| median(samples.iter().map(&value)))
    }

    /// The same over every single run of a command.
    fn of(&self, command: &str, value: impl Fn(&Cost) -> f64) -> [f64; 2] {
        self.0.each_ref().map(|samples| {
            median(samples.iter().filter_map(|told| told.costs.get(command)).flatten().map(&value))
        })
    }
}

fn cells([original, ours]: [f64; 2], unit: &str) -> [String; 3] {
    [quantity(original, unit), quantity(ours, unit), ratio(original, ours)]
}

/// What it was measured on.
pub fn machine() -> String {
    let cpus = std::thread::available_parallelism().map_or(1, usize::from);
    let info = fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let model = info.lines().find_map(|line| line.strip_prefix("model name")?.split_once(": "));
    let model = model.map_or("unknown", |(_, model)| model.trim());
    format!("Measured by `cargo run --release --package bench` as root, on {cpus} × {model}.\n")
}

/// Boots by systemd.
pub fn booted(boots: &[[Booted; 2]]) -> String {
    let medians = |value: fn(&Booted) -> f64| {
        [0, 1].map(|program| median(boots.iter().map(|pair| value(&pair[program]))))
    };
    let mut row = vec!["units and all that they start".to_owned()];
    row.extend(cells(medians(|boot| boot.cpu), "ms"));
    row.extend(cells(medians(|boot| boot.before_network), "ms"));
    markdown(
        &["boot by systemd-nspawn (Debian trixie)", "CPU", "ours", "", "time before the network", "ours", ""],
        &[row],
    )
}

const COSTS: [&str; 12] =
    ["CPU", "ours", "", "CPU without children", "ours", "", "wall", "ours", "", "peak memory", "ours", ""];

fn costs(samples: &Samples, command: &str) -> Vec<String> {
    let mut row = Vec::new();
    row.extend(cells(samples.of(command, |cost| cost.cpu), "ms"));
    row.extend(cells(samples.of(command, |cost| cost.own), "ms"));
    row.extend(cells(samples.of(command, |cost| cost.wall), "ms"));
    row.extend(cells(samples.of(command, |cost| cost.peak as f64 / 1024.0), "MiB"));
    row
}

/// All stages as the units start them.
pub fn units(samples: &Samples) -> String {
    let mut row = vec!["one process for all stages, ours four".to_owned()];
    row.extend(costs(samples, UNITS));
    markdown(&[&["first boot as the units run it"][..], &COSTS].concat(), &[row])
}

/// The four stages with a process each, and their sum.
pub fn first_boot(samples: &Samples) -> String {
    let mut rows = Vec::new();
    for (name, _) in STAGES {
        rows.push([vec![format!("`{name}`")], costs(samples, name)].concat());
    }
    let stages = |told: &Told| -> Vec<Cost> {
        STAGES.iter().filter_map(|(name, _)| told.costs.get(*name)).flatten().copied().collect()
    };
    let sum = |value: fn(&Cost) -> f64| samples.medians(|told| stages(told).iter().map(value).sum());
    let most =
        samples.medians(|told| stages(told).iter().map(|cost| cost.peak as f64 / 1024.0).fold(0.0, f64::max));
    let mut row = vec!["all four".to_owned()];
    row.extend(cells(sum(|cost| cost.cpu), "ms"));
    row.extend(cells(sum(|cost| cost.own), "ms"));
    row.extend(cells(sum(|cost| cost.wall), "ms"));
    row.extend(cells(most, "MiB"));
    rows.push(row);
    markdown(&[&["first boot, a process for each stage"][..], &COSTS].concat(), &rows)
}

/// A row of the peak memory of each stage.
pub fn peaks(seed: &str, told: &Told) -> Vec<String> {
    let peak =
        |stage: &str| told.costs.get(stage).and_then(|costs| costs.first()).map_or(0, |cost| cost.peak);
    let stages = STAGES.iter().map(|(stage, _)| quantity(peak(stage) as f64 / 1024.0, "MiB"));
    std::iter::once(seed.to_owned()).chain(stages).collect()
}

/// The table of those rows.
pub fn peaks_table(rows: &[Vec<String>]) -> String {
    let head: Vec<&str> =
        std::iter::once("peak memory").chain(STAGES.iter().map(|(stage, _)| *stage)).collect();
    markdown(&head, rows)
}

/// A user-data of many parts.
pub fn parts(samples: &Samples) -> String {
    let mut row = vec!["`init`, 500 cloud-config parts, no modules".to_owned()];
    row.extend(cells(samples.of("init", |cost| cost.cpu), "ms"));
    row.extend(cells(samples.of("init", |cost| cost.own), "ms"));
    row.extend(cells(samples.of("init", |cost| cost.peak as f64 / 1024.0), "MiB"));
    let head = ["merging", "CPU", "ours", "", "CPU without children", "ours", "", "peak RSS", "ours", ""];
    markdown(&head, &[row])
}

/// Commands on a configured machine.
pub fn commands(samples: &Samples) -> String {
    let mut rows = Vec::new();
    for (name, _) in COMMANDS {
        let mut row = vec![format!("`{name}`")];
        row.extend(cells(samples.of(name, |cost| cost.cpu), "ms"));
        row.extend(cells(samples.of(name, |cost| cost.wall), "ms"));
        rows.push(row);
    }
    markdown(&["command", "CPU", "ours", "", "wall", "ours", ""], &rows)
}

/// A description of a large machine to files.
pub fn conversions(samples: &Samples) -> String {
    let mut rows = Vec::new();
    for (renderer, _) in CONVERSIONS {
        let name = format!("net-convert {renderer}");
        let mut row = vec![format!("`{renderer}`")];
        row.extend(cells(samples.of(&name, |cost| cost.cpu), "ms"));
        row.extend(cells(samples.of(&name, |cost| cost.wall), "ms"));
        row.extend(cells(samples.of(&name, |cost| cost.peak as f64 / 1024.0), "MiB"));
        rows.push(row);
    }
    let head = [
        "net-convert, 200 links, 2,000 routes",
        "CPU",
        "ours",
        "",
        "wall",
        "ours",
        "",
        "peak RSS",
        "ours",
        "",
    ];
    markdown(&head, &rows)
}

/// The judgement of a cloud-config.
pub fn schemas(samples: &Samples) -> String {
    let mut rows = Vec::new();
    for (name, _) in SCHEMAS {
        let command = format!("schema {name}");
        let mut row = vec![(*name).to_owned()];
        row.extend(cells(samples.of(&command, |cost| cost.cpu), "ms"));
        row.extend(cells(samples.of(&command, |cost| cost.wall), "ms"));
        row.extend(cells(samples.of(&command, |cost| cost.peak as f64 / 1024.0), "MiB"));
        rows.push(row);
    }
    let head = ["`schema` of a cloud-config", "CPU", "ours", "", "wall", "ours", "", "peak RSS", "ours", ""];
    markdown(&head, &rows)
}

/// The network stage on EC2.
pub fn crawls(crawls: &[(u64, Samples)]) -> String {
    let mut rows = Vec::new();
    for (latency, samples) in crawls {
        let mut row = vec![format!("{latency} ms an answer")];
        row.extend(cells(samples.of("init", |cost| cost.wall), "ms"));
        for counted in [|told: &Told| told.requests as f64, |told: &Told| told.connections as f64] {
            row.extend(samples.medians(counted).map(|count| format!("{count:.0}")));
        }
        rows.push(row);
    }
    markdown(
        &[
            "`init` on EC2, no modules, network config disabled",
            "wall",
            "ours",
            "",
            "requests",
            "ours",
            "connections",
            "ours",
        ],
        &rows,
    )
}

/// How large the static programs are.
pub fn sizes(full: &Path, appliance: Option<&Path>) -> Result<String, Error> {
    let mut rows = Vec::new();
    for (name, path) in [("everything", Some(full)), ("`target-appliance`", appliance)] {
        let Some(path) = path else { continue };
        let bytes = fs::metadata(path).map_err(file(path.display().to_string()))?.len();
        rows.push(vec![name.to_owned(), quantity(bytes as f64 / 1_048_576.0, "MiB")]);
    }
    Ok(markdown(&["static program", "size"], &rows))
}

/// Commands that did not exit with 0, which a reader of the tables has to know.
pub fn failures<'s>(all: impl Iterator<Item = &'s Samples>) -> String {
    let mut lines = Vec::new();
    for samples in all {
        for (who, told) in ["the original's", "our"].iter().zip(&samples.0) {
            for (name, cost) in told
                .iter()
                .flat_map(|told| &told.costs)
                .flat_map(|(name, costs)| costs.iter().map(move |cost| (name, cost)))
            {
                let line = format!("\n{who} `{name}` exited with {}\n", cost.code);
                if cost.code != 0 && !lines.contains(&line) {
                    lines.push(line);
                }
            }
        }
    }
    lines.concat()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(values: &[(&str, f64)]) -> Told {
        let cost =
            |value: f64| Cost { cpu: value, own: value / 2.0, wall: value * 2.0, peak: 10240, code: 0 };
        let costs = values.iter().map(|(name, value)| ((*name).to_owned(), vec![cost(*value)])).collect();
        Told { costs, requests: 9, connections: 2, ..Told::default() }
    }

    #[test]
    fn stages_are_summed_by_run() {
        let mut samples = Samples::default();
        for (local, network) in [(100.0, 300.0), (300.0, 100.0), (200.0, 210.0)] {
            samples.add([
                told(&[("init --local", local), ("init", network)]),
                told(&[("init --local", local / 10.0), ("init", network / 10.0)]),
            ]);
        }
        let text = first_boot(&samples);
        let line = |name: &str| text.lines().find(|line| line.starts_with(name)).expect("a line").to_owned();
        assert_eq!(
            line("| `init` "),
            "| `init` | 210 ms | 21.0 ms | 10× | 105 ms | 10.5 ms | 10× | 420 ms | 42.0 ms | 10× | 10.0 MiB | 10.0 MiB | 1.0× |"
        );
        // 400, 400 and 410: not the sum of the medians.
        assert!(line("| all four ").starts_with("| all four | 400 ms | 40.0 ms | 10× |"), "{text}");
    }

    #[test]
    fn exit_codes_are_reported_once() {
        let mut samples = Samples::default();
        let mut failed = told(&[("init", 1.0)]);
        failed.costs.get_mut("init").expect("it is there")[0].code = 2;
        samples.add([failed.clone(), told(&[])]);
        samples.add([failed, told(&[])]);
        assert_eq!(failures(std::iter::once(&samples)), "\nthe original's `init` exited with 2\n");
    }
}
