//! From the log to the tables, exactly once.
//!
//! In: the topics of the contract. Out: one Delta table a stream and the table `outcome`. Guarantee: rows and the next
//! offset of each partition are one Delta commit, every commit is a compare-and-swap on the table's version, and an
//! event id counts once; so whatever dies when, each acknowledged record is in its ledger once or in `outcome` with
//! the reason.
//!
//! In the order of the flow: `consume` (the only module of the flow that uses rdkafka) -> `decode` -> `judge` ->
//! `window` -> `seen` -> `commit` (the only one that uses deltalake) -> `outcome`; `project` is the loop that joins
//! them. Beside them `materialise` keeps views as tables, and `maintain` the files of all tables few and large. What all
//! of it shows of itself are `counters`, `lag` and `health`, held together in `instruments`. `verify` stands apart and has
//! readers of its own: it checks what the flow has written, and shares none of its code.

mod commit;
pub mod config;
mod consume;
pub mod counters;
mod decode;
mod faults;
pub mod health;
mod instruments;
mod judge;
mod lag;
mod maintain;
pub mod materialise;
#[cfg(test)]
mod older_records;
mod outcome;
pub mod position;
mod project;
pub mod recover;
mod seen;
mod start;
mod start_check;
pub mod verify;
mod window;

pub use config::{Config, FaultPoint, Maintenance};
pub use faults::{Faults, StorageFaults};
pub use maintain::tidy;
pub use start::{Error, Handle, start};
