//! What every event says of itself: its area at its day, its dates, its source, what it replaces.

use chrono::NaiveDate;

use super::personal::{self, Look};
use super::reader::Reader;
use super::{Judge, Row, SCHEMA_VERSION, Stamp};
use crate::area::AreaError;
use crate::event::Envelope;
use crate::stream::{EventType, Family, Verb};
use crate::vocabulary::AreaLevel;

pub(super) fn read(
    judge: &Judge<'_>,
    row: &Row<'_>,
    stamp: &Stamp,
    event_type: EventType,
    event_id: String,
    reader: &mut Reader<'_>,
) -> Envelope {
    let today = judge.today();
    let stated_on = reader.past_date("stated_on", today);
    let source = reader.text("source");
    if event_type.verb != Verb::Retracted {
        reader.require("source", source.is_some(), "name the document that says it");
        if event_type.family == Family::Statement {
            reader.require("stated_on", stated_on.is_some(), "give the date of the document, at least its year");
        }
    }
    let area = area(judge, event_type, reader);
    let (supersedes, retracts) = replaced(event_type.verb, reader);
    let change_reason = reader.text("change_reason");
    if event_type.verb == Verb::Retracted {
        reader.require("change_reason", change_reason.is_some(), "say why it is taken back");
    }
    Envelope {
        event_id,
        event_type: row.event_type.to_owned(),
        schema_version: SCHEMA_VERSION,
        recorded: Some(judge.now),
        sender: Some(stamp.sender.clone()),
        via: Some(stamp.via),
        receipt: Some(stamp.receipt.clone()),
        receipt_row: i64::try_from(stamp.row).ok(),
        history_version: Some(judge.history.version()),
        reporter: reader.text("reporter").or_else(|| row.reporter.map(str::to_owned)),
        area_level: area.level,
        area_code: area.code,
        area_date: area.date,
        area_name: area.name,
        occurred_on: reader.past_date("occurred_on", today),
        stated_on,
        source,
        source_kind: reader.word("source_kind"),
        source_number: reader.text("source_number"),
        source_date: reader.past_date("source_date", today),
        source_issuer: reader.text("source_issuer"),
        source_url: reader.text("source_url"),
        supersedes,
        retracts,
        change_reason,
        note: reader.text("note"),
    }
}

#[derive(Default)]
struct AreaFields {
    level: Option<AreaLevel>,
    code: Option<String>,
    date: Option<NaiveDate>,
    name: Option<String>,
}

fn area(judge: &Judge<'_>, event_type: EventType, reader: &mut Reader<'_>) -> AreaFields {
    let area = AreaFields {
        level: reader.word("area_level"),
        code: reader.text("area_code"),
        date: reader.day("area_date"),
        name: reader.text("area_name"),
    };
    if event_type.family == Family::Reference && area.code.is_none() && area.name.is_none() {
        return area;
    }
    let Some(code) = &area.code else {
        reader.require("area_name", area.name.is_some(), "give the area's code, or its printed name where it has none");
        return area;
    };
    reader.require("area_level", area.level.is_some(), "say of which level the code is: province, district, commune");
    reader.require("area_date", area.date.is_some(), "give the day at which the code is read, as 2024-12-31");
    let (Some(level), Some(day)) = (area.level, area.date) else {
        return area;
    };
    if day > judge.today() {
        reader.refuse(
            "area_date",
            format!("{day} lies in the future"),
            "read the code at the day the source was written",
        );
        return area;
    }
    let found = match &area.name {
        Some(name) => judge.history.resolve_named(level, code, day, name),
        None => judge.history.resolve(level, code, day),
    };
    match (found, &area.name) {
        (Err(error), _) => {
            let (field, remedy) = remedy(judge, &area, &error);
            reader.refuse(field, error.to_string(), remedy);
        }
        // The name of an area may be that of a person; what is not the area's own name may not.
        (Ok(found), Some(name)) if *name != found.short_name && *name != found.name => {
            reader.problems.extend(personal::found(name, Look::Free).map(|kind| kind.problem("area_name")));
        }
        _ => {}
    }
    area
}

/// What would be right: another day for an area that has ended or not begun, the right code for a printed name.
fn remedy(judge: &Judge<'_>, area: &AreaFields, error: &AreaError) -> (&'static str, String) {
    let day = area.date.unwrap_or_default();
    let by_name = area.name.as_deref().and_then(|name| {
        let found = judge.history.named(name, day);
        let same_level = found.iter().map(|id| judge.history.area(*id)).find(|found| Some(found.level) == area.level);
        same_level.map(|found| format!("on {day} {} has the code {}", found.name, found.code))
    });
    match error {
        AreaError::UnknownCode { .. } => {
            let fallback = || {
                "look the code up in the table area, and write it as text, because a number loses the zeros in front; leave \
                              it blank where the area has none"
            };
            ("area_code", by_name.unwrap_or_else(|| fallback().to_owned()))
        }
        AreaError::NotValidThen { .. } => {
            ("area_date", by_name.unwrap_or_else(|| "read the code at a day on which the area was in force".to_owned()))
        }
        AreaError::OtherName { .. } => {
            ("area_code", by_name.unwrap_or_else(|| "give code and name of the same province".to_owned()))
        }
        AreaError::OtherArea { .. } => (
            "area_code",
            by_name.unwrap_or_else(|| {
                "read the code at a day on which it was that area, or give the code of that day".to_owned()
            }),
        ),
    }
}

fn replaced(verb: Verb, reader: &mut Reader<'_>) -> (Option<String>, Option<String>) {
    let (supersedes, retracts) = (reader.text("supersedes"), reader.text("retracts"));
    match verb {
        Verb::Corrected => reader.require("supersedes", supersedes.is_some(), "name the event that it replaces"),
        _ if supersedes.is_some() => {
            reader.refuse(
                "supersedes",
                "belongs to a correction only",
                "send it as an event of type vn.lantoa.<family>.corrected.v1",
            );
        }
        _ => {}
    }
    match verb {
        Verb::Retracted => reader.require("retracts", retracts.is_some(), "name the event that it takes back"),
        _ if retracts.is_some() => {
            reader.refuse(
                "retracts",
                "belongs to a retraction only",
                "send it as an event of type vn.lantoa.<family>.retracted.v1",
            );
        }
        _ => {}
    }
    (supersedes, retracts)
}
