//! A service that answers only so many requests a second.

use std::sync::{Mutex, PoisonError};
use std::time::Instant;

use crate::Error;

/// How many requests a service answers; those beyond it get 429 and are told to wait for a second.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Limit {
    /// Requests a second.
    pub rate: f64,
    /// How many at once after a rest.
    pub burst: f64,
}

impl Limit {
    /// Reads the value of `--limit`: RATE or RATE:BURST, of which the burst is a second's requests unless given.
    pub fn parse(text: &str) -> Result<Self, Error> {
        let (rate, burst) = text.split_once(':').unwrap_or((text, text));
        let number =
            |text: &str| text.parse::<f64>().ok().filter(|number| number.is_finite() && *number > 0.0);
        match (number(rate), number(burst)) {
            (Some(rate), Some(burst)) => Ok(Self { rate, burst }),
            _ => Err(Error::Option {
                option: "--limit",
                value: text.to_owned(),
                expected: "give RATE or RATE:BURST, requests a second and requests at once, above 0",
            }),
        }
    }
}

/// What is left of a limit: a bucket that fills with time (a "token bucket").
#[derive(Debug)]
pub(crate) struct Bucket {
    limit: Limit,
    left: Mutex<(f64, Instant)>,
}

impl Bucket {
    pub(crate) fn new(limit: Limit) -> Self {
        Self { limit, left: Mutex::new((limit.burst, Instant::now())) }
    }

    /// Whether a request at this moment is within the limit.
    pub(crate) fn takes(&self, now: Instant) -> bool {
        let mut left = self.left.lock().unwrap_or_else(PoisonError::into_inner);
        let (tokens, last) = *left;
        let filled = (tokens + now.saturating_duration_since(last).as_secs_f64() * self.limit.rate)
            .min(self.limit.burst);
        let takes = filled >= 1.0;
        *left = (if takes { filled - 1.0 } else { filled }, now.max(last));
        takes
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn a_burst_passes_and_then_only_the_rate() {
        let bucket = Bucket::new(Limit { rate: 2.0, burst: 3.0 });
        let start = Instant::now();
        let at = |milliseconds| bucket.takes(start + Duration::from_millis(milliseconds));
        assert_eq!([at(100), at(100), at(100), at(100)], [true, true, true, false]);
        assert_eq!([at(600), at(600), at(1100)], [true, false, true]);
        // A long rest gives no more than the burst.
        assert_eq!((0..5).filter(|_| at(60_000)).count(), 3);
    }

    #[test]
    fn reads_its_option() {
        assert_eq!(Limit::parse("50").expect("a rate"), Limit { rate: 50.0, burst: 50.0 });
        assert_eq!(Limit::parse("0.5:10").expect("both"), Limit { rate: 0.5, burst: 10.0 });
        for bad in ["", "0", "-1", "many", "5:", "inf"] {
            assert!(Limit::parse(bad).is_err(), "{bad}");
        }
    }
}
