//! The all-in-one program: everything that Lantoa needs on one machine, over one data folder.
//!
//! In: a command line. Out: an exit code; data on standard output, words on standard error. Guarantee: `up` is the
//! three roles and the embedded broker under one supervisor and no other code; two programs never own one folder.
//!
//! In reading order: what was asked (`cli`, `config`), what it is asked of (`data_dir`, `broker`), what runs
//! (`up`, `serve`), what is answered (`commands`).

pub mod broker;
pub mod cli;
pub mod data_dir;
pub mod run;
