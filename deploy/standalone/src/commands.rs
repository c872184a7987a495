//! The commands that end by themselves: they talk to the running program, or open the data folder where none runs.

pub mod change;
mod doorway;
pub mod import;
pub mod rebuild;
pub mod receipt;
pub mod recover;
pub mod rejects;
pub mod release;
pub mod report;
mod rows;
pub mod schedule;
mod sending;
pub mod sql;
pub mod status;
pub mod template;
pub mod token;
pub mod token_subject;
pub mod user;
pub mod verify;
