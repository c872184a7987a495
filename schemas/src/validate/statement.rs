//! Rules of a statement: which fields a fact needs, and which words it may use.

use super::reader::Reader;
use super::{Judge, shortened};
use crate::catalogue::MeasureKind;
use crate::event::Statement;
use crate::vocabulary::{Fact, Precision};
use crate::wording::{Named, listed, nearest};

pub(super) fn read(judge: &Judge<'_>, reader: &mut Reader<'_>) -> Statement {
    let (fact, measure) = (reader.word("fact"), measure(judge, "measure", reader));
    let (stage, subject_scope) = (reader.word("stage"), scope(judge, reader));
    let (period, as_at) = (reader.period("period"), reader.past_date("as_at", judge.today()));
    let (span, base) = (reader.word("span"), reader.word("base"));
    // A count may bring its own words and its own whole: `hơn 1.564/2.263`.
    let part = reader.part("numerator");
    let numerator_precision = reader.precision("numerator_precision", part.and_then(|part| part.precision));
    let denominator = reader.whole("denominator", part.and_then(|part| part.whole));
    let sessions = reader.count_about("sessions");
    let statement = Statement {
        fact,
        measure,
        stage,
        subject_scope,
        period,
        as_at,
        span,
        base,
        numerator: part.map(|part| part.count),
        numerator_precision,
        denominator,
        sessions: sessions.map(|(count, _)| count),
        sessions_precision: reader.precision("sessions_precision", sessions.and_then(|(_, precision)| precision)),
        printed_percent: reader.percent("printed_percent"),
        plan: reader.text("plan"),
        quote: reader.text("quote"),
    };
    reader.require("fact", statement.fact.is_some(), "say what kind of fact it is, as actual or target");
    reader.require("measure", statement.measure.is_some(), "say what is counted, as learning_family");
    needs(&statement, reader);
    agrees(judge, &statement, reader);
    statement
}

/// An id of the catalogue.
pub(super) fn measure(judge: &Judge<'_>, field: &str, reader: &mut Reader<'_>) -> Option<String> {
    let id = reader.text(field)?;
    if judge.catalogue.measure(&id).is_none() {
        let called = judge.catalogue.measures_called(&id);
        if called.len() > 1 {
            let reason = format!("\"{}\" is the name of several measures", shortened(&id));
            reader.refuse(field, reason, format!("write the code: {}", listed(called)));
            return None;
        }
        let remedy = match nearest(&id, judge.catalogue.measures()) {
            Some(near) => format!("did you mean {}?", near.in_both()),
            None => "use a measure of the catalogue: a template (`lantoa template`) lists them all".to_owned(),
        };
        reader.refuse(field, format!("\"{}\" is not in the catalogue", shortened(&id)), remedy);
        return None;
    }
    Some(id)
}

fn scope(judge: &Judge<'_>, reader: &mut Reader<'_>) -> Option<String> {
    let id = reader.text("subject_scope")?;
    if judge.catalogue.scope(&id).is_none() {
        let remedy = match nearest(&id, judge.catalogue.scopes()) {
            Some(near) => format!("did you mean {}?", near.in_both()),
            None => format!("use {}", listed(judge.catalogue.scopes())),
        };
        reader.refuse("subject_scope", format!("\"{}\" is not in the catalogue", shortened(&id)), remedy);
        return None;
    }
    Some(id)
}

/// What each kind of fact cannot do without.
fn needs(statement: &Statement, reader: &mut Reader<'_>) {
    let counted = reader.present("numerator") || reader.present("printed_percent");
    let period = statement.period.is_some();
    match statement.fact {
        Some(Fact::Actual) => {
            reader.require("period", period, "give the year it is of, as 2024");
            reader.require("numerator", counted, "give the count, or the printed percent where there is none");
        }
        Some(Fact::Target) => {
            reader.require("period", period, "give the year by which it is to be reached");
            reader.require("printed_percent", counted, "give the percent or the count that is to be reached");
        }
        Some(Fact::Activity) => {
            reader.require("period", period, "give the year it was held in");
            let held = reader.present("numerator") || reader.present("sessions");
            reader.require("sessions", held, "give how many were held, or how many came");
        }
        Some(Fact::Denominator) => {
            reader.require("period", period, "give the year it is of, as 2024");
            reader.require("numerator", reader.present("numerator"), "give the size of the base as the numerator");
        }
        Some(Fact::Pilot | Fact::Progress | Fact::Task | Fact::Exemplary) | None => {}
    }
}

/// Fields that must agree with each other and with the catalogue.
fn agrees(judge: &Judge<'_>, statement: &Statement, reader: &mut Reader<'_>) {
    if statement.numerator_precision.is_some_and(|p| p != Precision::Exact) && !reader.present("numerator") {
        reader.refuse(
            "numerator_precision",
            "says how exact a count is that is not there",
            "give the numerator or leave it blank",
        );
    }
    if statement.sessions_precision.is_some() && !reader.present("sessions") {
        reader.refuse(
            "sessions_precision",
            "says how exact a count is that is not there",
            "give the sessions or leave it blank",
        );
    }
    if statement.denominator == Some(0) {
        reader.refuse("denominator", "is 0", "leave it blank where it is not known");
    }
    let Some(measure) = statement.measure.as_deref().and_then(|id| judge.catalogue.measure(id)) else {
        return;
    };
    if statement.stage.is_some() && measure.kind != MeasureKind::Title {
        reader.refuse("stage", format!("{} has no stages", measure.id), "leave it blank");
    }
    if let Some(scope) = &statement.subject_scope
        && !measure.scopes.contains(scope)
    {
        let counted = measure.scopes.iter().filter_map(|id| judge.catalogue.scope(id));
        let remedy = match listed(counted) {
            none if none.is_empty() => "leave it blank".to_owned(),
            scopes => format!("use {scopes}"),
        };
        reader.refuse("subject_scope", format!("{} is not counted of {scope}", measure.id), remedy);
    }
}
