//! The prompt of `lantoa sql` on a terminal: statements over several lines, Tab, Ctrl-C, Ctrl-D, history.

use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use rexpect::process::WaitStatus;
use rexpect::reader::Options;
use rexpect::session::{PtySession, spawn_with_options};

use crate::harness::{DEADLINE, folder, lantoa, run_to};

const PROMPT: &str = "lantoa> ";

fn prompt(data: &Path, state: &Path) -> PtySession {
    let mut command = lantoa(data, &["sql"]);
    command.env("TERM", "xterm").env("PAGER", "").env("XDG_STATE_HOME", state);
    let within = u64::try_from(DEADLINE.as_millis()).unwrap();
    let options = Options::new().timeout_ms(Some(within)).strip_ansi_escape_codes(true);
    let mut session = spawn_with_options(command, options).unwrap();
    session.exp_string(PROMPT).unwrap();
    session
}

/// Ends it as Ctrl-D does.
fn leave(mut session: PtySession) {
    session.send_control('d').unwrap();
    session.exp_eof().unwrap();
    assert!(matches!(session.process().wait().unwrap(), WaitStatus::Exited(_, 0)));
}

fn with_articles() -> tempfile::TempDir {
    let data = folder();
    run_to(0, data.path(), &["import", "--articles"]);
    data
}

#[test]
fn a_person_asks() {
    let (data, state) = (with_articles(), folder());
    let mut session = prompt(data.path(), state.path());

    // Over several lines, and with a mistake, which ends nothing.
    session.send_line("select 20").unwrap();
    session.send_line("  + 22 as answer;").unwrap();
    session.exp_string("| 42 ").unwrap();
    session.exp_string("1 row").unwrap();
    session.send_line("select area_nam from indicator;").unwrap();
    session.exp_string("Did you mean 'area_name'?").unwrap();
    session.exp_string("^^^^^^^^").unwrap();

    // Settings hold from question to question, each of which is a session of its own.
    session.exp_string(PROMPT).unwrap();
    session.send_line("\\set map 2025-07-01").unwrap();
    session.exp_string(PROMPT).unwrap();
    session.send_line("show lantoa.map;").unwrap();
    session.exp_string("| 2025-07-01 |").unwrap();

    // Tab finds an area without its marks, and closes the quote.
    session.send("select distinct 'found ' || area_name as x from statement where area_name = 'kon tu\t").unwrap();
    session.flush().unwrap();
    session.exp_string("Kon Tum'").unwrap();
    session.send_line(";").unwrap();
    session.exp_string("found Kon Tum").unwrap();

    session.send_line("\\x").unwrap();
    session.exp_string("a line a column is on").unwrap();
    session.send_line("select 7 as seven;").unwrap();
    session.exp_string("seven | 7").unwrap();
    session.exp_string(PROMPT).unwrap();
    leave(session);

    let history = state.path().join("lantoa/sql-history");
    assert_eq!(std::fs::metadata(&history).unwrap().permissions().mode() & 0o777, 0o600);
    assert!(std::fs::read_to_string(&history).unwrap().contains("+ 22 as answer;"));
}

#[test]
fn ctrl_c_cancels_the_question_and_not_the_prompt() {
    let (data, state) = (with_articles(), folder());
    let mut session = prompt(data.path(), state.path());
    session.send_line("select sum(value % 7) as s from generate_series(1, 1000000000000);").unwrap();
    session.exp_string("asking").unwrap();
    session.send_control('c').unwrap();
    session.exp_string("cancelled").unwrap();
    session.exp_string(PROMPT).unwrap();

    // A line that is given up is gone.
    session.send("selec").unwrap();
    session.send_control('c').unwrap();
    session.exp_string(PROMPT).unwrap();
    session.send_line("select 41 + 1 as answer;").unwrap();
    session.exp_string("| 42 ").unwrap();
    session.exp_string(PROMPT).unwrap();
    leave(session);
}

#[test]
fn ctrl_c_ends_a_command_with_130() {
    let data = with_articles();
    let mut command =
        lantoa(data.path(), &["sql", "select sum(value % 7) as s from generate_series(1, 1000000000000)"]);
    command.env("TERM", "xterm");
    let within = u64::try_from(DEADLINE.as_millis()).unwrap();
    let mut session = spawn_with_options(command, Options::new().timeout_ms(Some(within))).unwrap();
    session.exp_string("asking").unwrap();
    session.send_control('c').unwrap();
    session.exp_eof().unwrap();
    assert!(matches!(session.process().wait().unwrap(), WaitStatus::Exited(_, 130)));
}
