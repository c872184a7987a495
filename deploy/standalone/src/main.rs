//! The program `lantoa`: reads the command line, sets up logging and the runtime, runs what was asked, and says by
//! its exit code how it went.

use std::io::IsTerminal;
use std::process::ExitCode;

use clap::Parser;
use lantoa::broker::child;
use lantoa::cli::{Cli, Command};
use lantoa::run::{Outcome, run};
use tracing::level_filters::LevelFilter;
use tracing_subscriber::EnvFilter;

/// Exit code for work that failed.
const FAILED: u8 = 1;
/// Exit code for wrong use, as clap has it.
const WRONG_USE: u8 = 2;
/// Exit code for work that was done in part.
const DONE_IN_PART: u8 = 3;
/// Stack of a thread. A question may be nested deeply; memory is taken only as far as a stack is used.
const STACK_BYTES: usize = 16 << 20;

/// Exit code for work that Ctrl-C ended, as shells have it.
const INTERRUPTED: u8 = 130;

/// Gives memory back that a large pass has used; glibc's allocator keeps most of it.
#[global_allocator]
static ALLOCATOR: tikv_jemallocator::Jemalloc = tikv_jemallocator::Jemalloc;

fn main() -> ExitCode {
    let cli = Cli::parse();
    if let Err(error) = log_to_stderr(&cli.log, cli.command.as_ref()) {
        eprintln!("error: --log: {error:#}");
        return ExitCode::from(WRONG_USE);
    }
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().thread_stack_size(STACK_BYTES).build();
    let runtime = match runtime {
        Ok(runtime) => runtime,
        Err(error) => {
            eprintln!("error: cannot start threads: {error}");
            return ExitCode::from(FAILED);
        }
    };
    let code = match cli.command {
        Some(Command::Broker(arguments)) => {
            match runtime.block_on(child::run(arguments.listen, arguments.cluster_id)) {
                Ok(()) => ExitCode::SUCCESS,
                Err(error) => {
                    let taken = matches!(error, child::ChildError::PortTaken(_));
                    tracing::error!(error = format!("{:#}", anyhow::Error::new(error)), "broker ended");
                    ExitCode::from(if taken { child::EXIT_PORT_TAKEN } else { FAILED })
                }
            }
        }
        _ => match runtime.block_on(run(cli)) {
            Ok(Outcome::Done) => ExitCode::SUCCESS,
            Ok(Outcome::InPart) => ExitCode::from(DONE_IN_PART),
            Ok(Outcome::Interrupted) => ExitCode::from(INTERRUPTED),
            Err(error) => {
                let code = if error.is_wrong_use() { WRONG_USE } else { FAILED };
                eprintln!("error: {:#}", anyhow::Error::new(error));
                ExitCode::from(code)
            }
        },
    };
    runtime.shutdown_timeout(child::RUNTIME_ENDS_WITHIN);
    code
}

fn log_to_stderr(filter: &str, command: Option<&Command>) -> anyhow::Result<()> {
    let serves = matches!(command, None | Some(Command::Up(_) | Command::Serve(_)));
    let filter = EnvFilter::try_new(log_filter(filter, serves))?;
    let colours = std::io::stderr().is_terminal();
    tracing_subscriber::fmt().with_env_filter(filter).with_ansi(colours).with_writer(std::io::stderr).init();
    Ok(())
}

/// A bare level is meant for this program's own words: libraries stay at warnings, and the Kafka client is silent
/// because the roles say themselves what its errors mean. A program that serves others records what they ask, unless it
/// is to say nothing.
fn log_filter(asked: &str, serves: bool) -> String {
    match asked.parse::<LevelFilter>() {
        Ok(level) => {
            let record = if serves && level != LevelFilter::OFF { ",lantoa::asked=info" } else { "" };
            format!("warn,librdkafka=off,rdkafka=off,lantoa={asked}{record}")
        }
        Err(_) => asked.to_owned(),
    }
}
