//! Chance without state: every draw is a function of the seed and of what it is drawn for, so anything can be asked in
//! any order, by the generator and by its truth, and is the same in every release.
//!
//! The mixing is the finaliser of SplitMix64 (Steele, Lea, Flood 2014), written out here because a library's sequence
//! may change with its version.

/// A place in the tree of draws.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Chance(u64);

impl Chance {
    pub fn new(seed: u64) -> Self {
        Self(mix(seed.wrapping_add(GOLDEN)))
    }

    /// The draws for one thing: an area, a year, a subject, a question.
    pub fn of(self, thing: u64) -> Self {
        Self(mix(self.0 ^ thing.wrapping_add(1).wrapping_mul(GOLDEN)))
    }

    /// A number from 0 to `end` - 1.
    pub fn below(self, end: u64) -> u64 {
        ((u128::from(self.0) * u128::from(end)) >> 64) as u64
    }

    /// True in so many of a thousand.
    pub fn hits(self, per_mille: u64) -> bool {
        self.below(1000) < per_mille
    }
}

const GOLDEN: u64 = 0x9E37_79B9_7F4A_7C15;

/// A bijection of 64 bits that leaves no pattern.
pub(crate) fn mix(mut bits: u64) -> u64 {
    bits = (bits ^ (bits >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    bits = (bits ^ (bits >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    bits ^ (bits >> 31)
}
