//! The commands that end by themselves: they talk to the running program, or open the data folder where none runs.

pub mod import;
pub mod rebuild;
pub mod recover;
pub mod release;
pub mod report;
pub mod schedule;
pub mod sql;
pub mod status;
pub mod template;
pub mod token_subject;
pub mod user;
pub mod verify;
