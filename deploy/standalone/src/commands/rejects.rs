//! `lantoa rejects`: what was refused is found, mended and sent again.
//!
//! In: ids of the view `rejected`, or conditions. Out: rows and words on standard output, reasons on standard error.
//! Guarantee: what is sent keeps the id that it had; a row that is named by what it says is so again, as the sheet of its one
//! row; what else had no id has that of the reject. So no event is ever there twice. What is printed as taken can be queried.

use std::collections::HashSet;
use std::io::{ErrorKind, Write};

use lantoa_query::format::{Format, WriteError, write};
use lantoa_schemas::clock::end_of_day_in_vietnam;
use lantoa_schemas::sql::{instant, quoted};
use lantoa_schemas::stream::Family;
use lantoa_schemas::vocabulary::Vocabulary;
use serde::Deserialize;
use serde_json::Value;
use uuid::Uuid;

use super::doorway::through_door_of;
use super::import::door::{Door, line};
use super::rows::rows;
use super::sending::send;
use super::template::knowledge_of;
use crate::arrival::LastRows;
use crate::cli::{Assignment, RejectsAction, RejectsArgs, RejectsListArgs};
use crate::config::Settings;
use crate::data_dir::DataDir;
use crate::desk::{Desk, plain};
use crate::progress::during;
use crate::run::{Outcome, RunError};

mod meant;
mod show;

use meant::Meant;
pub use meant::NotMeant;

/// How the name of a sheet begins that is made of one reject. The view `rejected` knows it, too.
const SHEET_OF: &str = "reject ";

/// How many ids are looked for at once.
const IDS_AT_ONCE: usize = 500;

/// Why something that was refused is not shown, or not sent.
#[derive(Debug, thiserror::Error)]
pub enum RejectsError {
    /// Nothing has the id.
    #[error("there is no reject {0}; `lantoa rejects list --all` lists what there is")]
    NoSuch(String),
    /// There is nothing to mend.
    #[error(
        "{reject} is mended already, and nothing was sent: the event {event_id} is in the tables; `lantoa correct {event_id} \
         …` changes it"
    )]
    Mended {
        /// The reject.
        reject: String,
        /// The event.
        event_id: String,
    },
    /// There is nothing to mend of a row that is named by what it says.
    #[error(
        "{reject} is mended already, and nothing was sent: it went in as the sheet \"{sheet}\"; its event has the receipt that \
         `select receipt from receipt where name = '{sheet}' and accepted > 0` says, and `lantoa correct` changes it"
    )]
    MendedBySheet {
        /// The reject.
        reject: String,
        /// Name of the sheet.
        sheet: String,
    },
    /// What it would be was there before it.
    #[error(
        "{reject} cannot be sent: the event {event_id} was in the tables before this was refused, and one of its id is never \
         taken twice; `lantoa correct {event_id} …` changes it"
    )]
    Before {
        /// The reject.
        reject: String,
        /// The event.
        event_id: String,
    },
    /// It cannot be made an event again.
    #[error("{reject} cannot be sent: {why}")]
    NotMeant {
        /// The reject.
        reject: String,
        /// Why not, and what to do.
        why: NotMeant,
    },
}

/// A row of the view `rejected`.
#[derive(Debug, Clone, Deserialize)]
struct Refused {
    reject: String,
    event_id: Option<String>,
    received: String,
    sender: Option<String>,
    via: Option<String>,
    position: String,
    field: Option<String>,
    reason: String,
    remedy: Option<String>,
    bytes: Option<String>,
    receipt: Option<String>,
    name: Option<String>,
    event_type: Option<String>,
    problems: Option<String>,
    mended: bool,
}

impl Refused {
    /// The id under which the view looks for the event that has mended it.
    fn id(&self) -> &str {
        self.event_id.as_deref().unwrap_or(&self.reject)
    }

    /// Name of the sheet of one row as which it goes in, by which the view knows that it is mended. What was refused of such a
    /// sheet has the same.
    fn sheet(&self) -> String {
        let made_of_one = self.name.as_deref().filter(|name| name.starts_with(SHEET_OF));
        made_of_one.map_or_else(|| format!("{SHEET_OF}{}", self.reject), str::to_owned)
    }

    /// What tells the event that it was meant to be from others.
    fn key(&self) -> String {
        self.event_id.clone().unwrap_or_else(|| self.sheet())
    }

    async fn find(desk: &Desk, id: &str) -> Result<Self, RunError> {
        let found = rows(desk, format!("select * from rejected where reject = {}", quoted(id))).await?;
        let none = || RunError::from(RejectsError::NoSuch(id.to_owned()));
        found.into_iter().next().ok_or_else(none)
    }

    fn meant(&self) -> Result<Meant, RejectsError> {
        Meant::of(self).map_err(|why| RejectsError::NotMeant { reject: self.reject.clone(), why })
    }
}

/// Does it.
///
/// # Errors
/// Any [`RejectsError`]; else what kept it from being asked or sent.
pub async fn rejects(data: &DataDir, settings: Settings, arguments: RejectsArgs) -> Result<Outcome, RunError> {
    let RejectsArgs { action, token_file } = arguments;
    match action {
        RejectsAction::List(arguments) => list(&Desk::find(data, settings.query).await?, arguments).await,
        RejectsAction::Show { id } => {
            let refused = Refused::find(&Desk::find(data, settings.query).await?, &id).await?;
            say(&show::words(&refused));
            Ok(Outcome::Done)
        }
        RejectsAction::Fix { id, changes } => {
            let work = async |door: &Door, desk: &Desk| fix(door, desk, &id, &changes).await;
            through_door_of(data, settings, token_file.as_deref(), work).await
        }
        RejectsAction::Replay { ids, receipt } => {
            let work = async |door: &Door, desk: &Desk| replay(door, desk, &ids, receipt.as_deref()).await;
            through_door_of(data, settings, token_file.as_deref(), work).await
        }
    }
}

fn say(words: &str) {
    let _ = writeln!(std::io::stdout(), "{words}");
}

/// The conditions of a list.
fn conditions(arguments: &RejectsListArgs) -> String {
    let RejectsListArgs { receipt, sender, since, all, limit: _, format: _ } = arguments;
    let mut conditions = Vec::new();
    conditions.extend(receipt.as_ref().map(|receipt| format!("receipt = {}", quoted(receipt))));
    conditions.extend(sender.as_ref().map(|sender| format!("sender = {}", quoted(sender))));
    conditions.extend(since.map(|day| {
        let begins = end_of_day_in_vietnam(day.0.pred_opt().unwrap_or(day.0));
        format!("received >= {}", instant(begins))
    }));
    if !all {
        conditions.push("not mended".to_owned());
    }
    if conditions.is_empty() { "true".to_owned() } else { conditions.join(" and ") }
}

/// How many there are.
#[derive(Deserialize)]
struct Counted {
    n: u64,
}

async fn list(desk: &Desk, arguments: RejectsListArgs) -> Result<Outcome, RunError> {
    let mended = if arguments.all { ", mended" } else { "" };
    let conditions = conditions(&arguments);
    let limit = if arguments.limit == 0 { String::new() } else { format!(" limit {}", arguments.limit) };
    let query = format!(
        "select reject, received, sender, receipt, position, name, field, reason{mended} from rejected \
         where {conditions} order by received desc, receipt, receipt_row{limit}"
    );
    let answer = desk.ask(plain(query)).await?;
    match write(answer, arguments.format, &mut std::io::stdout()).await {
        // Only where the list is full may there be more.
        Ok(shown) if arguments.limit > 0 && shown >= arguments.limit => {
            let query = format!("select count(*) as n from rejected where {conditions}");
            let counted: Vec<Counted> = rows(desk, query).await?;
            let all = counted.first().map_or(0, |counted| counted.n);
            let more = all.saturating_sub(shown);
            if more > 0 {
                eprintln!("note: {more} older ones are not shown; --limit 0 shows all, --receipt and --since fewer");
            }
        }
        Ok(0) if arguments.format == Format::Table => eprintln!("note: nothing that was refused waits to be mended"),
        // Whoever reads has had enough.
        Err(WriteError::Output(error)) if error.kind() == ErrorKind::BrokenPipe => {}
        written => drop(written?),
    }
    Ok(Outcome::Done)
}

async fn fix(door: &Door, desk: &Desk, id: &str, changes: &[Assignment]) -> Result<Outcome, RunError> {
    let refused = Refused::find(desk, id).await?;
    if refused.mended {
        if refused.meant().is_ok_and(|meant| meant.is_sheet()) {
            let sheet = refused.sheet();
            return Err(RejectsError::MendedBySheet { reject: refused.reject, sheet }.into());
        }
        let event_id = refused.id().to_owned();
        return Err(RejectsError::Mended { reject: refused.reject, event_id }.into());
    }
    let mut meant = refused.meant()?;
    let knowledge = knowledge_of(desk).await?;
    meant.change(changes, &knowledge.catalogue);
    send_again(door, desk, vec![(refused, meant)]).await
}

async fn replay(door: &Door, desk: &Desk, ids: &[String], receipt: Option<&str>) -> Result<Outcome, RunError> {
    let found: Vec<Refused> = match receipt {
        Some(receipt) => {
            let of = quoted(receipt);
            let query = format!("select * from rejected where receipt = {of} and not mended order by receipt_row");
            rows(desk, query).await?
        }
        None => {
            let mut found = Vec::with_capacity(ids.len());
            for id in ids {
                found.push(Refused::find(desk, id).await?);
            }
            found
        }
    };
    let knowledge = knowledge_of(desk).await?;
    let (mut again, mut left_out) = (Vec::new(), false);
    let mut seen = HashSet::new();
    for refused in found {
        if refused.mended {
            eprintln!("note: {} is mended already, and is left out", refused.reject);
        } else if !seen.insert(refused.key()) {
            eprintln!("note: {} is of an event that is named twice, and is left out", refused.reject);
        } else {
            match refused.meant() {
                Ok(mut meant) => {
                    meant.change(&[], &knowledge.catalogue);
                    again.push((refused, meant));
                }
                Err(why) => {
                    eprintln!("{why}");
                    left_out = true;
                }
            }
        }
    }
    if again.is_empty() {
        eprintln!("note: there is nothing to send again");
        return Ok(if left_out { Outcome::InPart } else { Outcome::Done });
    }
    let outcome = send_again(door, desk, again).await?;
    Ok(if left_out { Outcome::InPart } else { outcome })
}

/// Sends them, and says what became of each.
async fn send_again(door: &Door, desk: &Desk, again: Vec<(Refused, Meant)>) -> Result<Outcome, RunError> {
    let all = again.len();
    let there = in_ledgers(desk, &again).await?;
    let (mut sheets, mut events) = (Vec::new(), Vec::new());
    for (refused, meant) in again {
        if meant.is_sheet() {
            sheets.push((refused, meant));
        } else if there.contains(meant.id()) {
            let event_id = meant.id().to_owned();
            eprintln!("{}", RejectsError::Before { reject: refused.reject, event_id });
        } else {
            events.push((refused, meant));
        }
    }
    let taken = send_events(door, desk, &events).await? + send_sheets(door, desk, &sheets).await?;
    match taken {
        0 => Err(RunError::NothingImported),
        taken if taken == all => Ok(Outcome::Done),
        _ => Ok(Outcome::InPart),
    }
}

/// The ids of those that are in a ledger already.
async fn in_ledgers(desk: &Desk, again: &[(Refused, Meant)]) -> Result<HashSet<String>, RunError> {
    #[derive(Deserialize)]
    struct Id {
        event_id: String,
    }
    let ids: Vec<String> =
        again.iter().filter(|(_, meant)| !meant.is_sheet()).map(|(_, meant)| quoted(meant.id())).collect();
    let mut there = HashSet::new();
    for ids in ids.chunks(IDS_AT_ONCE) {
        let listed = ids.join(", ");
        let of_family =
            |family: &Family| format!("select event_id from {} where event_id in ({listed})", family.stream().table());
        let query = Family::ALL.iter().map(of_family).collect::<Vec<_>>().join(" union all ");
        let found: Vec<Id> = rows(desk, query).await?;
        there.extend(found.into_iter().map(|Id { event_id }| event_id));
    }
    Ok(there)
}

/// Sends those that have an id, and says how many were taken.
async fn send_events(door: &Door, desk: &Desk, again: &[(Refused, Meant)]) -> Result<usize, RunError> {
    if again.is_empty() {
        return Ok(0);
    }
    let events: Vec<Value> = again.iter().map(|(_, meant)| meant.event()).collect();
    let sent = send(door, desk, &events).await?;
    for (at, wrong) in &sent.refused {
        let reject = again.get(*at).map_or("", |(refused, _)| refused.reject.as_str());
        eprintln!("{reject}: {}", line(wrong));
    }
    let mut taken = 0;
    for (at, (refused, meant)) in again.iter().enumerate().filter(|(at, _)| sent.has_taken(*at)) {
        let receipt = sent.receipt_of(at).unwrap_or_default();
        say(&format!("{}: taken as event {}, receipt {receipt}", refused.reject, meant.id()));
        taken += 1;
    }
    Ok(taken)
}

/// Sends those that are named by what they say, each as a sheet of its own, and says how many were taken.
async fn send_sheets(door: &Door, desk: &Desk, again: &[(Refused, Meant)]) -> Result<usize, RunError> {
    let (mut last, mut taken, mut failed) = (LastRows::default(), Vec::new(), None);
    for (refused, meant) in again {
        // A sheet that is good by now has a receipt of its own, also where it was refused before as it is.
        let Some((form, content)) = meant.sheet(&Uuid::new_v4().to_string()) else { continue };
        let name = refused.sheet();
        let problems = match during("sending", door.take(&name, content.into(), Some(form.name), &mut last)).await {
            Ok(result) => {
                if result.accepted > 0 {
                    taken.push((refused.reject.as_str(), result.receipt));
                }
                result.refused
            }
            Err(refusal) if refusal.refused.is_empty() => {
                failed = Some(RunError::Refused(refusal.words));
                break;
            }
            Err(refusal) => refusal.refused,
        };
        for wrong in &problems {
            eprintln!("{}: {}", refused.reject, line(wrong));
        }
    }
    during("waiting until the rows can be queried", last.arrived(desk)).await?;
    for (reject, receipt) in &taken {
        say(&format!("{reject}: taken as the event that its row names, receipt {receipt}"));
    }
    failed.map_or(Ok(taken.len()), Err)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_list_is_of_what_waits_unless_all_is_asked_for() {
        let asked =
            RejectsListArgs { receipt: None, sender: None, since: None, all: false, limit: 200, format: Format::Table };
        assert_eq!(conditions(&asked), "not mended");
        assert_eq!(conditions(&RejectsListArgs { all: true, ..asked.clone() }), "true");
        let since = Some("2026-01-10".parse().unwrap());
        let narrow = RejectsListArgs { receipt: Some("k'".to_owned()), since, ..asked };
        let told = conditions(&narrow);
        assert!(told.starts_with("receipt = 'k''' and received >= arrow_cast('2026-01-09T17:00:00.000000Z'"), "{told}");
    }
}
