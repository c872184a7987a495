//! The program as a person or a script meets it: its commands, exit codes, files and signals, on temporary folders. On
//! which log the tests run, and which of them need the embedded broker, is said in `log.rs`.

#[path = "program/ahead.rs"]
mod ahead;
#[path = "program/broker.rs"]
mod broker;
#[path = "program/changed_log.rs"]
mod changed_log;
#[path = "program/commands.rs"]
mod commands;
#[path = "program/dry_run.rs"]
mod dry_run;
#[path = "program/faults.rs"]
mod faults;
#[path = "program/flow.rs"]
mod flow;
#[path = "program/harness.rs"]
mod harness;
#[path = "program/life.rs"]
mod life;
#[path = "program/listener.rs"]
mod listener;
#[path = "program/load.rs"]
mod load;
#[path = "program/log.rs"]
mod log;
#[path = "program/mending.rs"]
mod mending;
#[path = "program/metrics.rs"]
mod metrics;
#[path = "program/openapi.rs"]
mod openapi;
#[path = "program/page.rs"]
mod page;
#[path = "program/projection.rs"]
mod projection;
#[path = "program/prompt.rs"]
mod prompt;
#[path = "program/reference.rs"]
mod reference;
#[path = "program/releases.rs"]
mod releases;
#[path = "program/reports.rs"]
mod reports;
#[path = "program/revisions.rs"]
mod revisions;
#[path = "program/roles.rs"]
mod roles;
#[path = "program/schedule.rs"]
mod schedule;
#[path = "program/secured.rs"]
mod secured;
#[path = "program/tamper.rs"]
mod tamper;
#[path = "program/three_nodes.rs"]
mod three_nodes;
#[path = "program/token_subject.rs"]
mod token_subject;
#[path = "program/tokens.rs"]
mod tokens;
#[path = "program/use_and_misuse.rs"]
mod use_and_misuse;
#[path = "program/verify.rs"]
mod verify;
