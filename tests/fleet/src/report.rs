//! What is printed of a fleet.

use std::fmt;
use std::time::Duration;

use metadata_service::Entry;

use crate::machine::{Boot, Cloud};

/// A fleet and what its service saw.
pub struct Row {
    cloud: Cloud,
    rate: u32,
    /// Machines.
    pub boots: usize,
    /// Those that found their instance.
    pub found: usize,
    requests: usize,
    refused: usize,
    busiest: usize,
    lasted: Duration,
    median: Duration,
    slowest: Duration,
}

impl Row {
    /// The head of the table.
    pub const HEAD: &str = "| cloud | limit | machines | found their instance | requests of each | of these refused (429) | \
        requests a second | busiest second | half of the machines after | all after |\n|---|--:|--:|--:|--:|--:|--:|--:|--:|--:|";

    /// Counts.
    pub fn new(cloud: Cloud, rate: u32, boots: &[Boot], requests: &[Entry]) -> Self {
        let mut times: Vec<Duration> = boots.iter().map(|boot| boot.took).collect();
        times.sort_unstable();
        let arrived = || requests.iter().map(|entry| entry.at);
        let (first, last) = (arrived().min().unwrap_or_default(), arrived().max().unwrap_or_default());
        let lasted = last.saturating_sub(first);
        let mut seconds = vec![0; lasted.as_secs() as usize + 1];
        for at in arrived() {
            seconds[at.saturating_sub(first).as_secs() as usize] += 1;
        }
        Self {
            cloud,
            rate,
            boots: boots.len(),
            found: boots.iter().filter(|boot| boot.found).count(),
            requests: requests.len(),
            refused: requests.iter().filter(|entry| entry.status == 429).count(),
            busiest: seconds.into_iter().max().unwrap_or_default(),
            lasted,
            median: times.get(times.len() / 2).copied().unwrap_or_default(),
            slowest: times.last().copied().unwrap_or_default(),
        }
    }
}

impl fmt::Display for Row {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let limit = if self.rate == 0 { "none".to_owned() } else { format!("{}/s", self.rate) };
        let each = |count: usize| count as f64 / self.boots.max(1) as f64;
        write!(
            out,
            "| {} | {limit} | {} | {} | {:.1} | {:.1} | {:.0} | {} | {:.1} s | {:.1} s |",
            self.cloud.name(),
            self.boots,
            self.found,
            each(self.requests),
            each(self.refused),
            self.requests as f64 / self.lasted.as_secs_f64().max(1.0),
            self.busiest,
            self.median.as_secs_f64(),
            self.slowest.as_secs_f64()
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn requests_are_counted_by_second() {
        let server =
            metadata_service::Server::start(metadata_service::Config::default()).expect("a free port");
        // One real request, repeated at made-up times: the type has no other maker.
        std::io::Write::write_all(
            &mut std::net::TcpStream::connect(server.address()).expect("it listens"),
            b"GET / HTTP/1.0\r\n\r\n",
        )
        .expect("sent");
        while server.requests().is_empty() {
            std::thread::sleep(Duration::from_millis(5));
        }
        let entry = server.requests().remove(0);
        let at =
            |milliseconds, status| Entry { at: Duration::from_millis(milliseconds), status, ..entry.clone() };
        let requests = [at(5000, 200), at(5100, 429), at(5900, 200), at(6100, 429), at(7000, 200)];
        let boot = |found, seconds| Boot { found, took: Duration::from_secs(seconds) };
        let row = Row::new(
            Cloud::Ec2,
            2,
            &[boot(true, 1), boot(true, 2), boot(false, 9), boot(true, 3)],
            &requests,
        );
        assert_eq!(row.to_string(), "| Ec2 | 2/s | 4 | 3 | 1.2 | 0.5 | 2 | 3 | 3.0 s | 9.0 s |");
    }
}
