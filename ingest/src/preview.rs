//! What would become of a submission: the answer of a dry run.
//!
//! In: judged rows and the known events that they meet. Out: a [`Preview`]. Pure. Guarantee: each good row has exactly one
//! [`Change`], and each is counted once; where what is known cannot be said there is none, and `why` says so.

use std::collections::{BTreeMap, HashSet};

use lantoa_schemas::clock::day_in_vietnam;
use lantoa_schemas::natural_key::FIGURE_COLUMNS;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::intake::Rejected;
use crate::known::{Asked, By, COMPARED, Found};

/// The answer of a dry run; nothing was written.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Preview {
    /// Always true.
    pub dry_run: bool,
    /// Key that the receipt would have.
    pub receipt: String,
    /// Rows sent: accepted and rejected add up to it.
    pub sent: u64,
    /// Rows that are good.
    pub accepted: u64,
    /// Rows that would be refused.
    pub rejected: u64,
    /// The good rows by what they would change; `None` where that is not known.
    pub diff: Option<Counts>,
    /// Why it is not known.
    pub why: Option<String>,
    /// The good rows, in the order sent.
    pub rows: Vec<GoodRow>,
    /// All that is wrong with the others.
    pub errors: Vec<Refusal>,
}

/// Good rows by what they would change; they add up to all good rows.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[schema(as = PreviewCounts)]
pub struct Counts {
    /// Nothing like it is known.
    pub new: u64,
    /// Other figures are known, or another event is corrected or taken back.
    pub changed: u64,
    /// The same figures are known.
    pub unchanged: u64,
    /// The event itself is there.
    pub duplicate: u64,
}

/// What a row would change.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = PreviewChange)]
pub enum Change {
    /// Nothing like it is known.
    New,
    /// Another event is replaced, corrected or taken back.
    Changed,
    /// The same figures are known.
    Unchanged,
    /// The event itself is there.
    Duplicate,
}

/// A good row.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[schema(as = PreviewRow)]
pub struct GoodRow {
    /// Its number, from 1.
    pub row: u64,
    /// Its event id.
    pub event_id: String,
    /// Its event type.
    pub event_type: String,
    /// Its area: the name as printed, else level and code.
    pub area: Option<String>,
    /// Of a statement the period.
    pub period: Option<String>,
    /// Of a statement what is counted.
    pub measure: Option<String>,
    /// What it would change, where that is known.
    pub change: Option<Change>,
    /// The event that it meets.
    pub known: Option<KnownEvent>,
    /// What differs from that.
    pub fields: Vec<FieldChange>,
}

/// A known event.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[schema(as = PreviewKnown)]
pub struct KnownEvent {
    /// Its id.
    pub event_id: String,
    /// Its source; not said of a duplicate, which may be anybody's.
    pub source: Option<String>,
    /// The day in Vietnam on which it was recorded.
    pub recorded: Option<String>,
}

/// A field that differs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[schema(as = PreviewField)]
pub struct FieldChange {
    /// The column.
    pub field: String,
    /// What is known; `None` for blank.
    pub from: Option<String>,
    /// What the row says; `None` for blank.
    pub to: Option<String>,
}

/// A problem of a row that would be refused.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[schema(as = PreviewError)]
pub struct Refusal {
    /// The row.
    pub row: u64,
    /// The field.
    pub field: String,
    /// What is wrong.
    pub reason: String,
    /// What would be right.
    pub remedy: String,
}

impl Preview {
    /// Of judged rows and what they meet, or why that is not known.
    pub(crate) fn of(
        receipt: String,
        good: Vec<Asked>,
        rejected: &[Rejected],
        met: Result<Vec<Found>, String>,
    ) -> Self {
        let (accepted, refused) = (good.len() as u64, rejected.len() as u64);
        let (met, why) = match met {
            Ok(met) => (Some(by_row(met)), None),
            Err(why) => (None, Some(why)),
        };
        let mut ids = HashSet::new();
        let rows: Vec<GoodRow> = good
            .iter()
            .map(|asked| {
                let is_again = !ids.insert(asked.event.envelope.event_id.as_str());
                let met = met.as_ref().map(|met| met.get(&asked.row).map(Vec::as_slice).unwrap_or_default());
                GoodRow::of(asked, met, is_again)
            })
            .collect();
        let diff = why.is_none().then(|| {
            let mut counts = Counts::default();
            rows.iter().filter_map(|row| row.change).for_each(|change| counts.add(change));
            counts
        });
        let of_row = |row: &Rejected| {
            let number = row.row;
            let refusal = move |problem: lantoa_schemas::validate::Problem| Refusal {
                row: number,
                field: problem.field,
                reason: problem.reason,
                remedy: problem.remedy,
            };
            row.problems.clone().into_iter().map(refusal).collect::<Vec<_>>()
        };
        let errors = rejected.iter().flat_map(of_row).collect();
        let sent = accepted + refused;
        Self { dry_run: true, receipt, sent, accepted, rejected: refused, diff, why, rows, errors }
    }
}

fn by_row(met: Vec<Found>) -> BTreeMap<u64, Vec<Found>> {
    let mut rows = BTreeMap::<u64, Vec<Found>>::new();
    for found in met {
        rows.entry(found.row).or_default().push(found);
    }
    rows
}

impl Counts {
    fn add(&mut self, change: Change) {
        match change {
            Change::New => self.new += 1,
            Change::Changed => self.changed += 1,
            Change::Unchanged => self.unchanged += 1,
            Change::Duplicate => self.duplicate += 1,
        }
    }
}

impl GoodRow {
    /// `met` is `None` where it is not known; `is_again` says that a row before has the same event id.
    fn of(asked: &Asked, met: Option<&[Found]>, is_again: bool) -> Self {
        let (envelope, said) = (&asked.event.envelope, asked.said());
        let area = envelope.area_name.clone().or_else(|| {
            let (level, code) = (envelope.area_level?, envelope.area_code.as_deref()?);
            Some(format!("{level}/{code}"))
        });
        let mut row = Self {
            row: asked.row,
            event_id: envelope.event_id.clone(),
            event_type: envelope.event_type.clone(),
            area,
            period: said.get("period").cloned(),
            measure: said.get("measure").cloned(),
            change: None,
            known: None,
            fields: Vec::new(),
        };
        let Some(met) = met else { return row };
        let by = |by: By| met.iter().find(|found| found.by == by);
        let changes_another = envelope.supersedes.is_some() || envelope.retracts.is_some();
        let (change, known) = if is_again || by(By::Id).is_some() {
            let known = KnownEvent { event_id: envelope.event_id.clone(), source: None, recorded: None };
            (Change::Duplicate, Some(known))
        } else if changes_another {
            let found = by(By::Target);
            let columns = if envelope.retracts.is_some() { &FIGURE_COLUMNS[..] } else { &COMPARED[..] };
            row.fields = found.map_or_else(Vec::new, |found| differing(columns, &found.said, &said));
            (found.map_or(Change::New, |_| Change::Changed), found.map(KnownEvent::of))
        } else if let Some(found) = by(By::Key) {
            row.fields = differing(&FIGURE_COLUMNS, &found.said, &said);
            let change = if row.fields.is_empty() { Change::Unchanged } else { Change::Changed };
            (change, Some(KnownEvent::of(found)))
        } else {
            (Change::New, None)
        };
        (row.change, row.known) = (Some(change), known);
        row
    }
}

impl KnownEvent {
    fn of(found: &Found) -> Self {
        let recorded = found.recorded.map(|instant| day_in_vietnam(instant).to_string());
        Self { event_id: found.event_id.clone(), source: found.source.clone(), recorded }
    }
}

fn differing(columns: &[&str], from: &BTreeMap<String, String>, to: &BTreeMap<String, String>) -> Vec<FieldChange> {
    let change = |field: &&str| {
        let (from, to) = (from.get(*field).cloned(), to.get(*field).cloned());
        (from != to).then(|| FieldChange { field: (*field).to_owned(), from, to })
    };
    columns.iter().filter_map(change).collect()
}
