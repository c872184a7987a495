//! From the log to the tables, exactly once.
//!
//! In: the topics of the contract. Out: one Delta table a stream and the table `outcome`. Guarantee: rows and the next
//! offset of each partition are one Delta commit, every commit is a compare-and-swap on the table's version, and an
//! event id counts once; so whatever dies when, each acknowledged record is in its ledger once or in `outcome` with
//! the reason.
//!
//! In the order of the flow: `consume` (the only module that uses rdkafka) -> `decode` -> `judge` -> `window` ->
//! `seen` -> `commit` (the only module that uses deltalake) -> `outcome`; `project` is the loop that joins them.

pub mod config;
pub mod position;
mod consume;
mod decode;
mod judge;
mod window;
mod seen;
mod commit;
mod outcome;
mod start_check;
mod project;
pub mod counters;
pub mod recover;
mod start;

pub use config::{Config, FaultPoint};
pub use start::{Error, Handle, start};
