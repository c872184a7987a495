//! The program as a person or a script meets it: its commands, exit codes, files and signals, on temporary folders.

#[path = "program/broker.rs"]
mod broker;
#[path = "program/commands.rs"]
mod commands;
#[path = "program/flow.rs"]
mod flow;
#[path = "program/harness.rs"]
mod harness;
#[path = "program/life.rs"]
mod life;
#[path = "program/reference.rs"]
mod reference;
#[path = "program/roles.rs"]
mod roles;
#[path = "program/tamper.rs"]
mod tamper;
#[path = "program/use_and_misuse.rs"]
mod use_and_misuse;
#[path = "program/verify.rs"]
mod verify;
