//! `lantoa report`: the reports of a year's Week, and the lists of returns that have not come.
//!
//! In: the data folder, also while `up` runs on it. Out: files, and where they are on standard output. Guarantee: what is
//! written is of a release, or says of itself that it is a draft.

use std::io::Write;

use lantoa_query::Engine;
use lantoa_report::{Areas, Order, Written, learning_week, reminders};

use crate::cli::{ReportAction, ReportArgs, ReportFlags};
use crate::config::Settings;
use crate::data_dir::{DataDir, create_dir};
use crate::desk::DeskError;
use crate::parts::clock;
use crate::progress::Stages;
use crate::run::{Outcome, RunError};
use crate::signals::StopOrder;

/// Writes them.
///
/// # Errors
/// When there is nothing to report on, the reports cannot be made, or it is told to stop before they are.
pub async fn report(data: &DataDir, settings: Settings, arguments: ReportArgs) -> Result<Outcome, RunError> {
    let mut stop = StopOrder::listen()?;
    if !data.has_tables() && !data.has_releases() {
        return Err(DeskError::NoData(data.root().to_owned()).into());
    }
    let engine = Engine::open(settings.query, clock())?;
    let stages = Stages::begin();
    let advance = |done: usize, of: usize, what: &str| stages.at(done as u64, of as u64, what);
    let is_week = matches!(arguments.action, ReportAction::LearningWeek(_));
    let (ReportAction::LearningWeek(flags) | ReportAction::Reminders(flags)) = arguments.action;
    let order = order(flags);
    create_dir(&order.out)?;
    let work = async {
        match is_week {
            true => learning_week(&engine, &order, &advance).await,
            false => reminders(&engine, &order, &advance).await,
        }
    };
    let written = tokio::select! {
        () = stop.next() => return Err(RunError::Stopped),
        written = work => written,
    };
    stages.end();
    say(&written?, &order, is_week);
    Ok(Outcome::Done)
}

fn order(flags: ReportFlags) -> Order {
    let ReportFlags { year, area, lang, release, format, out } = flags;
    let areas = if area.is_empty() { Areas::All } else { Areas::Named(area) };
    let formats = if format.is_empty() { lantoa_report::Format::ALL.to_vec() } else { format };
    Order { year, areas, language: lang, formats, release, out }
}

fn say(written: &Written, order: &Order, is_week: bool) {
    let files = written.files.len();
    if files == 0 {
        eprintln!("note: there is nothing to write: of {} no return is missing there", order.year);
        return;
    }
    let of = match &written.release {
        Some(release) => format!(" of {release}"),
        None if is_week => {
            eprintln!("note: there is no release of {}: these are drafts, and say so on every page", order.year);
            String::new()
        }
        None => String::new(),
    };
    let _ = writeln!(std::io::stdout(), "{files} files{of} in {}", order.out.display());
}
