//! What a run has done so far, and where it goes on: written to a file after each round.

use std::collections::BTreeMap;
use std::fmt;
use std::path::Path;

use serde::{Deserialize, Serialize};

/// The book of a run.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Tally {
    /// What the schedules are drawn from.
    pub seed: u64,
    /// Rounds that are done; the next one has this number.
    pub rounds: u64,
    /// SIGKILLs by role.
    pub kills: BTreeMap<String, u64>,
    /// SIGSTOPs, each followed by a SIGCONT or a SIGKILL.
    pub pauses: u64,
    /// Projectors that left in order and came back, so that others took over meanwhile.
    pub rebalances: u64,
    /// Projectors that were started beside the three.
    pub double_starts: u64,
    /// Storage calls that were spoilt, by the projectors' own logs.
    pub storage_faults: u64,
    /// Starts under a limit of file size that no data file fits in.
    pub full_disks: u64,
    /// Starts with a clock that jumps.
    pub jumping_clocks: u64,
    /// Roles that stopped by themselves, with the reason on their log and exit code 1.
    pub stopped: u64,
    /// Events of requests over HTTP, however often a request was sent again.
    pub sent: u64,
    /// Of these the acknowledged ones.
    pub acknowledged: u64,
    /// Records that were produced directly.
    pub direct: u64,
    /// Of these the acknowledged ones.
    pub direct_acknowledged: u64,
    /// Rows of the ledger.
    pub rows: u64,
    /// Records of `outcome` that were duplicates.
    pub duplicates: u64,
    /// Records of `outcome` that were refused.
    pub rejected: u64,
    /// Acknowledged events that are not in the ledger, and records that are nowhere. Any fails the run at once.
    pub lost: u64,
    /// Events and records that are there more than once. Any fails the run at once.
    pub doubled: u64,
}

impl Tally {
    /// The tally of a run that is to go on, or of a new one.
    pub fn resume(path: &Path, seed: u64) -> Self {
        let known = Self::read(path).filter(|known| known.seed == seed);
        known.unwrap_or_else(|| Self { seed, ..Self::default() })
    }

    /// Seed of the run that the file tells of.
    pub fn seed_of(path: &Path) -> Option<u64> {
        Self::read(path).map(|known| known.seed)
    }

    fn read(path: &Path) -> Option<Self> {
        std::fs::read(path).ok().and_then(|text| serde_json::from_slice(&text).ok())
    }

    /// Writes it, whole or not at all.
    pub fn keep(&self, path: &Path) {
        let beside = path.with_extension("new");
        std::fs::write(&beside, serde_json::to_vec_pretty(self).unwrap()).unwrap();
        std::fs::rename(beside, path).unwrap();
    }

    /// SIGKILLs of all roles.
    pub fn all_kills(&self) -> u64 {
        self.kills.values().sum()
    }
}

impl fmt::Display for Tally {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let kills: Vec<String> = self.kills.iter().map(|(role, kills)| format!("{role} {kills}")).collect();
        writeln!(f, "seed {}, {} rounds", self.seed, self.rounds)?;
        writeln!(f, "kills {} ({}), pauses {}", self.all_kills(), kills.join(", "), self.pauses)?;
        writeln!(f, "rebalances {}, double starts {}", self.rebalances, self.double_starts)?;
        write!(f, "storage faults {}, full disks {}, ", self.storage_faults, self.full_disks)?;
        writeln!(f, "jumping clocks {}, roles that stopped by themselves {}", self.jumping_clocks, self.stopped)?;
        write!(f, "events sent {}, acknowledged {}; ", self.sent, self.acknowledged)?;
        writeln!(f, "direct records {}, acknowledged {}", self.direct, self.direct_acknowledged)?;
        writeln!(f, "rows {}, duplicates {}, rejected {}", self.rows, self.duplicates, self.rejected)?;
        write!(f, "lost {}, doubled {}", self.lost, self.doubled)
    }
}
