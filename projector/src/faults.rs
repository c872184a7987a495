//! What a test may let go wrong in a projector that runs on: storage that fails, and a clock that jumps.
//!
//! In: a text such as `storage:7:40,clock:9`. Out: the seed and rate of each. Guarantee: nothing of it is there unless
//! it was asked for; and the same seed draws the same numbers, though not at the same moments, as tasks take turns.

use std::fmt;
use std::str::FromStr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use chrono::{DateTime, Duration, Utc};
use lantoa_schemas::clock::{Clock, SharedClock};
use serde::Deserialize;

/// How far the clock jumps, in seconds to either side. Short of what would make a day of an event the future.
const JUMP_SECONDS: i64 = 2 * 86_400;

/// What goes wrong while the projector runs on; never set in use.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Faults {
    /// Storage that fails.
    pub storage: Option<StorageFaults>,
    /// Seed of a clock that is up to two days fast or slow, another time at each look.
    pub clock: Option<u64>,
}

/// Calls to the storage that fail or come late.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct StorageFaults {
    /// Of the draws.
    pub seed: u64,
    /// How many of a thousand reads; of writes, which are few, eight times as many.
    pub per_mille: u16,
}

impl FromStr for Faults {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let mut faults = Self::default();
        for fault in text.split(',') {
            let parts: Vec<&str> = fault.split(':').collect();
            let number = |text: &str| text.parse::<u64>().map_err(|_| format!("{text} in {fault} is no number"));
            match parts[..] {
                ["storage", seed, per_mille] => {
                    let per_mille = number(per_mille)?.min(1000) as u16;
                    faults.storage = Some(StorageFaults { seed: number(seed)?, per_mille });
                }
                ["clock", seed] => faults.clock = Some(number(seed)?),
                _ => return Err("a fault of the projector is storage:SEED:PER_MILLE or clock:SEED".to_owned()),
            }
        }
        Ok(faults)
    }
}

impl Faults {
    /// The clock as the projector is to see it.
    pub(crate) fn clock(&self, clock: SharedClock) -> SharedClock {
        match self.clock {
            Some(seed) => Arc::new(JumpingClock { clock, draws: Draws::new(seed) }),
            None => clock,
        }
    }
}

struct JumpingClock {
    clock: SharedClock,
    draws: Draws,
}

impl Clock for JumpingClock {
    fn now(&self) -> DateTime<Utc> {
        let jump = i64::try_from(self.draws.below(2 * JUMP_SECONDS.unsigned_abs())).unwrap_or_default() - JUMP_SECONDS;
        self.clock.now() + Duration::seconds(jump)
    }
}

/// A sequence of numbers that a seed fixes (SplitMix64), shared by tasks.
pub(crate) struct Draws(AtomicU64);

impl fmt::Debug for Draws {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Draws")
    }
}

const GOLDEN: u64 = 0x9E37_79B9_7F4A_7C15;

impl Draws {
    pub fn new(seed: u64) -> Self {
        Self(AtomicU64::new(seed))
    }

    pub fn draw(&self) -> u64 {
        let mut bits = self.0.fetch_add(GOLDEN, Ordering::Relaxed).wrapping_add(GOLDEN);
        bits = (bits ^ (bits >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        bits = (bits ^ (bits >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        bits ^ (bits >> 31)
    }

    /// A number from 0 to `end` - 1.
    pub fn below(&self, end: u64) -> u64 {
        ((u128::from(self.draw()) * u128::from(end)) >> 64) as u64
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use lantoa_schemas::clock::FixedClock;

    #[test]
    fn a_text_says_what_goes_wrong() {
        let storage = Some(StorageFaults { seed: 7, per_mille: 40 });
        for (text, expected) in [
            ("storage:7:40", Some(Faults { storage, clock: None })),
            ("storage:7:40,clock:9", Some(Faults { storage, clock: Some(9) })),
            ("clock:9", Some(Faults { storage: None, clock: Some(9) })),
            ("storage:7", None),
            ("storage:a:40", None),
            ("before_commit", None),
            ("", None),
        ] {
            assert_eq!(text.parse().ok(), expected, "{text}");
        }
    }

    #[test]
    fn the_clock_jumps_both_ways_where_asked() {
        let stands = FixedClock("2026-01-15T03:00:00Z".parse().unwrap());
        let told = Faults::default().clock(Arc::new(stands));
        assert_eq!(told.now(), stands.now());
        let jumps = Faults { clock: Some(1), ..Faults::default() }.clock(Arc::new(stands));
        let seen: Vec<_> = (0..100).map(|_| jumps.now()).collect();
        assert!(seen.iter().any(|now| *now < stands.now()) && seen.iter().any(|now| *now > stands.now()));
        let most = Duration::seconds(JUMP_SECONDS);
        assert!(seen.iter().all(|now| (*now - stands.now()).abs() <= most));
    }
}
