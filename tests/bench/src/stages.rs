//! Our stages alone, on a quiet disk and beside a program that writes.

use std::fs::{self, File};
use std::io::{Seek as _, Write as _};
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;

use crate::inside::Told;
use crate::measure::Cost;
use crate::table::{markdown, median, quantity};
use crate::workload::STAGES;
use crate::{Error, file};

/// What the writer writes between two syncs: less than what would be much data of others for a stage.
const BURST: usize = 4 << 20;

/// Writes to a file, and waits for the disk after each burst, until it is stopped.
#[derive(Debug)]
pub struct Writer {
    stopped: Arc<AtomicBool>,
    thread: JoinHandle<std::io::Result<usize>>,
    path: PathBuf,
}

impl Writer {
    /// Begins to write to this file, and returns once the disk has its first burst.
    pub fn start(path: PathBuf) -> Result<Self, Error> {
        let mut output = File::create(&path).map_err(file(path.display().to_string()))?;
        let burst = move |output: &mut File| {
            output.rewind()?;
            output.write_all(&vec![0x5a; BURST])?;
            output.sync_all()
        };
        burst(&mut output).map_err(file(path.display().to_string()))?;
        let stopped = Arc::new(AtomicBool::new(false));
        let asked = Arc::clone(&stopped);
        let thread = std::thread::spawn(move || {
            let mut bursts = 0;
            while !asked.load(Ordering::Relaxed) {
                burst(&mut output)?;
                bursts += 1;
            }
            Ok(bursts)
        });
        Ok(Self { stopped, thread, path })
    }

    /// Ends it, removes the file, and returns how many bursts the disk has taken.
    pub fn stop(self) -> Result<usize, Error> {
        self.stopped.store(true, Ordering::Relaxed);
        let failed = || file(self.path.display().to_string());
        let bursts = self.thread.join().unwrap_or(Ok(0)).map_err(failed())?;
        fs::remove_file(&self.path).map_err(failed())?;
        Ok(bursts)
    }
}

/// The costs of each stage on the quiet disk, and the first stage's time beside the writer.
pub fn report(quiet: &[Told], busy: &[Told]) -> String {
    let of = |told: &[Told], stage: &str, value: fn(&Cost) -> f64| {
        median(told.iter().filter_map(|told| told.costs.get(stage)).flatten().map(value))
    };
    let mut rows = Vec::new();
    for (stage, _) in STAGES {
        let row = [
            format!("`{stage}`"),
            quantity(of(quiet, stage, |cost| cost.own), "ms"),
            quantity(of(quiet, stage, |cost| cost.wall), "ms"),
            quantity(of(busy, stage, |cost| cost.wall), "ms"),
            quantity(of(quiet, stage, |cost| cost.peak as f64 / 1024.0), "MiB"),
        ];
        rows.push(row.to_vec());
    }
    let own = median(quiet.iter().map(|told| told.costs.values().flatten().map(|cost| cost.own).sum()));
    rows.push(vec!["all four".to_owned(), quantity(own, "ms"), String::new(), String::new(), String::new()]);
    markdown(
        &["first boot", "CPU without children", "wall, quiet disk", "wall beside a writer", "peak memory"],
        &rows,
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(own: f64, wall: f64) -> Told {
        let cost = Cost { cpu: own, own, wall, peak: 2048, code: 0 };
        let costs = STAGES.iter().map(|(stage, _)| ((*stage).to_owned(), vec![cost])).collect();
        Told { costs, ..Told::default() }
    }

    #[test]
    fn quiet_and_busy_stand_side_by_side() {
        let text = report(&[told(1.0, 5.0), told(3.0, 7.0)], &[told(9.0, 50.0)]);
        assert!(text.contains("| `init --local` | 2.00 ms | 6.00 ms | 50.0 ms | 2.00 MiB |\n"), "{text}");
        assert!(text.ends_with("| all four | 8.00 ms |  |  |  |\n"), "{text}");
    }

    #[test]
    fn a_writer_writes_until_it_is_stopped() {
        let directory = tempfile::tempdir().expect("a directory");
        let path = directory.path().join("written");
        let writer = Writer::start(path.clone()).expect("it starts");
        assert_eq!(fs::metadata(&path).expect("there").len(), BURST as u64);
        std::thread::sleep(std::time::Duration::from_millis(300));
        assert!(writer.stop().expect("it ends") > 0);
        assert!(!path.exists());
    }
}
