//! What tests and benchmarks share. Nothing that ships depends on this crate; the programs' own tests are targets of
//! their packages, because only those know where the built program is.

pub mod events;
pub mod nation;
