//! Tries the cases and prints what they came to.

use std::path::Path;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::Instant;

use crate::faults::Row;
use crate::judge::{Lasting, judge};
use crate::machine::{Place, Told};
use crate::trace::Struck;
use crate::{Error, machine};

/// What a case came to.
#[derive(Debug, Clone)]
pub struct Outcome {
    /// The number of its row.
    pub row: usize,
    /// The case's name.
    pub case: String,
    /// Where it struck.
    pub struck: Option<Struck>,
    /// What is wrong.
    pub wrong: Vec<String>,
    /// All that it told, where it is asked for.
    pub told: Option<Told>,
}

/// What all cases came to.
#[derive(Debug)]
pub struct Tried {
    /// In the order of the rows.
    pub outcomes: Vec<Outcome>,
}

impl Tried {
    /// Tries every case, several at the same time, as long as there is time.
    pub fn all(
        place: &Place,
        rows: &[Row],
        jobs: usize,
        seconds: Option<u64>,
        references: &[Lasting; 2],
    ) -> Result<Self, Error> {
        let begun = Instant::now();
        let late = || seconds.is_some_and(|limit| begun.elapsed().as_secs() >= limit);
        let mut cases: Vec<_> = rows
            .iter()
            .enumerate()
            .flat_map(|(number, row)| row.cases.iter().map(move |case| (number, row, case)))
            .collect();
        // Each row gets its turn before any has its second.
        let mut turns = vec![0; rows.len()];
        cases.sort_by_cached_key(|(number, ..)| {
            turns[*number] += 1;
            turns[*number]
        });
        let (next, outcomes) = (AtomicUsize::new(0), Mutex::new(Vec::new()));
        let work = |job: usize| -> Result<(), Error> {
            let place = place.machine(job);
            while let Some((number, row, case)) = cases.get(next.fetch_add(1, Ordering::Relaxed)) {
                if late() {
                    return Ok(());
                }
                let (told, mut wrong) = match machine::run(&place, &case.boots) {
                    Ok(told) => (told, Vec::new()),
                    // The other cases are worth their results.
                    Err(error) => (Told::default(), vec![error.to_string()]),
                };
                if wrong.is_empty() {
                    wrong = judge(row.wanted, &told, references);
                }
                let struck = told.boots.iter().find_map(|boot| boot.struck.clone());
                let outcome = Outcome {
                    row: *number,
                    case: case.name.clone(),
                    struck,
                    wrong,
                    told: (cases.len() == 1).then_some(told),
                };
                if let Ok(mut outcomes) = outcomes.lock() {
                    outcomes.push(outcome);
                }
            }
            Ok(())
        };
        thread::scope(|scope| {
            let jobs: Vec<_> = (0..jobs).map(|job| scope.spawn(move || work(job))).collect();
            jobs.into_iter().try_for_each(|job| {
                job.join().unwrap_or_else(|_| Err(Error::Usage("a job panicked".to_owned())))
            })
        })?;
        let mut outcomes = outcomes.into_inner().unwrap_or_else(std::sync::PoisonError::into_inner);
        outcomes.sort_by(|one, other| (one.row, &one.case).cmp(&(other.row, &other.case)));
        Ok(Self { outcomes })
    }

    /// Whether nothing is wrong.
    pub fn survived(&self) -> bool {
        self.outcomes.iter().all(|outcome| outcome.wrong.is_empty())
    }

    /// The table, then some of what is wrong in each row.
    pub fn table(&self, rows: &[Row], show: usize) -> String {
        let mut text = "| fault | moment | documented end | survived |\n|---|---|---|---|\n".to_owned();
        let mut failures = String::new();
        for (number, row) in rows.iter().enumerate() {
            let of_row: Vec<&Outcome> =
                self.outcomes.iter().filter(|outcome| outcome.row == number).collect();
            let failed: Vec<&Outcome> =
                of_row.iter().copied().filter(|outcome| !outcome.wrong.is_empty()).collect();
            let survived = of_row.len() - failed.len();
            text += &format!(
                "| {} | {} | {} | {survived} of {} |\n",
                row.fault,
                row.moment,
                row.end,
                of_row.len()
            );
            for outcome in failed.iter().take(show) {
                let struck =
                    outcome.struck.as_ref().map_or("nothing was struck".to_owned(), Struck::to_string);
                failures += &format!("{}, {} ({struck}):\n", row.fault, outcome.case);
                for line in outcome.wrong.iter().take(6) {
                    failures += &format!("    {line}\n");
                }
            }
        }
        let cuts = |word: &str| {
            let of_fault =
                |outcome: &&Outcome| outcome.struck.is_some() && rows[outcome.row].fault.contains(word);
            self.outcomes.iter().filter(of_fault).count()
        };
        let lived = self.outcomes.iter().filter(|outcome| outcome.wrong.is_empty()).count();
        text += &format!(
            "\n{lived} of {} survive; {} power cuts and {} signals among them.\n",
            self.outcomes.len(),
            cuts("power cut"),
            cuts("SIG"),
        );
        if !failures.is_empty() {
            text += &format!("\nwhat is wrong:\n{failures}");
        }
        text
    }
}

impl Place {
    /// The same with a directory for one machine.
    pub fn machine(&self, job: usize) -> Self {
        let scratch = Path::new(&self.scratch).join(format!("machine-{job}"));
        Self { scratch, ..self.clone() }
    }
}
