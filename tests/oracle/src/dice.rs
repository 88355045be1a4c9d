//! Random choices that are the same for the same seed: splitmix64 (Steele, Lea, Flood 2014).

use std::collections::hash_map::RandomState;
use std::hash::{BuildHasher as _, Hasher as _};
use std::str::FromStr;

const GAMMA: u64 = 0x9e37_79b9_7f4a_7c15;

fn mixed(mut bits: u64) -> u64 {
    bits = (bits ^ (bits >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    bits = (bits ^ (bits >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    bits ^ (bits >> 31)
}

/// What the choices of a run are made from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Seed {
    /// The same in each run.
    Fixed(u64),
    /// Another one in each run.
    New(u64),
}

impl Seed {
    /// The number, with which a run can be repeated.
    pub fn number(self) -> u64 {
        match self {
            Self::Fixed(seed) | Self::New(seed) => seed,
        }
    }
}

impl FromStr for Seed {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        if text == "new" {
            // The random keys of a hasher are all that the standard library has.
            let random = RandomState::new().build_hasher().finish();
            return Ok(Self::New(random >> 32));
        }
        text.parse().map(Self::Fixed).map_err(|_| format!("'{text}' is neither a number nor 'new'"))
    }
}

/// Random choices.
pub struct Dice(u64);

impl Dice {
    /// For a case of a run. The number is mixed first: streams of neighbouring numbers must not be one stream.
    pub fn new(seed: u64, case: u64) -> Self {
        Self(mixed(seed) ^ mixed(case.wrapping_add(GAMMA)))
    }

    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(GAMMA);
        mixed(self.0)
    }

    /// A number below a bound.
    pub fn below(&mut self, bound: u64) -> u64 {
        self.next() % bound
    }

    /// True so many times of a hundred.
    pub fn chance(&mut self, percent: u64) -> bool {
        self.below(100) < percent
    }

    /// One of several.
    pub fn one<T: Clone>(&mut self, of: &[T]) -> T {
        of[self.below(of.len() as u64) as usize].clone()
    }
}
