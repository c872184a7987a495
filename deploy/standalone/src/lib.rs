//! The all-in-one program: everything that Lantoa needs on one machine, over one data folder.
//!
//! In: a command line. Out: an exit code; data on standard output, words on standard error. Guarantee: `up` is the
//! three roles and the embedded broker under one supervisor and no other code; two programs never own one folder.
//!
//! In reading order: what was asked (`cli`, `config`, `run`), what it is asked of (`data_dir`), what runs (`broker`,
//! `parts`, `deriver`, `known`, `up`, `serve`, with `articles`, `arrival`, `signals`, `progress`), what runs by the clock (`schedule`), and what is answered (`desk`,
//! `commands`).

pub mod arrival;
pub mod articles;
pub mod broker;
pub mod cli;
pub mod commands;
pub mod config;
pub mod data_dir;
pub mod deriver;
pub mod desk;
pub mod known;
pub mod parts;
pub mod progress;
pub mod run;
pub mod schedule;
pub mod serve;
pub mod signals;
pub mod up;
