//! The typed events: an envelope that all share and the facts of one family.
//!
//! These structs are what the wire carries (`avro`), field for field; `validate` is the only place that makes one from
//! outside data.

use chrono::{DateTime, NaiveDate, Utc};
use serde::{Serialize, Serializer};

use crate::partial_date::PartialDate;
use crate::stream::Family;
use crate::vocabulary::{AreaLevel, SourceKind, Via};

mod activity;
mod membership;
mod recognition;
mod reference;
mod statement;

pub use activity::Activity;
pub use membership::Membership;
pub use recognition::Recognition;
pub use reference::{
    AreaChange, AreaClassified, AreaRow, CatalogueEntered, PlanIssued, Reference, ReturnDue, SuccessionRow,
    WeekDeclared,
};
pub use statement::Statement;

/// Longest event id, in bytes.
pub const MAX_EVENT_ID: usize = 128;

/// Whether a text is one that an event may have as its id: 1 to [`MAX_EVENT_ID`] bytes without blanks.
pub fn may_be_an_id(id: &str) -> bool {
    (1..=MAX_EVENT_ID).contains(&id.len()) && !id.chars().any(|letter| letter.is_control() || letter == ' ')
}

/// What every event says of itself. Field order is the wire's.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Envelope {
    /// Unique for ever.
    pub event_id: String,
    /// `vn.lantoa.<family>.<verb>.v1`.
    pub event_type: String,
    /// Revision of the family's schema, from 1.
    pub schema_version: i32,
    /// When Lantoa took it in.
    #[serde(serialize_with = "micros")]
    pub recorded: Option<DateTime<Utc>>,
    /// Who sent it, as authenticated.
    pub sender: Option<String>,
    /// The way in.
    pub via: Option<Via>,
    /// Key of the receipt.
    pub receipt: Option<String>,
    /// Row within what was sent, from 1.
    pub receipt_row: Option<i64>,
    /// Number of area changes known when it was judged.
    pub history_version: Option<i64>,
    /// The office that reports the fact.
    pub reporter: Option<String>,
    /// Level of the area; `None` for what is no area.
    pub area_level: Option<AreaLevel>,
    /// Official code; `None` where the area has none.
    pub area_code: Option<String>,
    /// The day at which the code is read.
    #[serde(serialize_with = "days")]
    pub area_date: Option<NaiveDate>,
    /// The name as printed.
    pub area_name: Option<String>,
    /// When it was true.
    pub occurred_on: Option<PartialDate>,
    /// When the source said it.
    pub stated_on: Option<PartialDate>,
    /// Id of the source document.
    pub source: Option<String>,
    /// Its kind.
    pub source_kind: Option<SourceKind>,
    /// Its number.
    pub source_number: Option<String>,
    /// Its date.
    pub source_date: Option<PartialDate>,
    /// Who issued it.
    pub source_issuer: Option<String>,
    /// Where it can be read.
    pub source_url: Option<String>,
    /// Id of the event that this one replaces whole.
    pub supersedes: Option<String>,
    /// Id of the event that this one takes back.
    pub retracts: Option<String>,
    /// Why it is corrected or retracted.
    pub change_reason: Option<String>,
    /// A remark.
    pub note: Option<String>,
}

impl Envelope {
    /// Kafka key of the event: its area, so that all that is said of one area keeps its order. An area without a code
    /// goes by its printed name.
    pub fn key(&self) -> String {
        match (&self.area_level, &self.area_code) {
            (Some(level), Some(code)) => format!("{level}/{code}"),
            _ => format!("name/{}", self.area_name.as_deref().unwrap_or("")),
        }
    }
}

/// The facts of one family.
#[derive(Debug, Clone, PartialEq)]
pub enum Facts {
    /// An aggregate fact.
    Statement(Box<Statement>),
    /// One subject's step towards a title.
    Recognition(Box<Recognition>),
    /// One occasion.
    Activity(Box<Activity>),
    /// One person joined or left.
    Membership(Box<Membership>),
    /// What other events rest on.
    Reference(Box<Reference>),
}

impl Facts {
    /// Their family.
    pub fn family(&self) -> Family {
        match self {
            Self::Statement(_) => Family::Statement,
            Self::Recognition(_) => Family::Recognition,
            Self::Activity(_) => Family::Activity,
            Self::Membership(_) => Family::Membership,
            Self::Reference(_) => Family::Reference,
        }
    }
}

/// An event: what it says of itself and its facts. A retraction has empty facts.
#[derive(Debug, Clone, PartialEq)]
pub struct Event {
    /// What it says of itself.
    pub envelope: Envelope,
    /// What it says of the world.
    pub facts: Facts,
}

pub(crate) fn days<S: Serializer>(day: &Option<NaiveDate>, serializer: S) -> Result<S::Ok, S::Error> {
    match day {
        Some(day) => serializer.serialize_some(&days_since_epoch(*day)),
        None => serializer.serialize_none(),
    }
}

fn micros<S: Serializer>(instant: &Option<DateTime<Utc>>, serializer: S) -> Result<S::Ok, S::Error> {
    match instant {
        Some(instant) => serializer.serialize_some(&instant.timestamp_micros()),
        None => serializer.serialize_none(),
    }
}

/// Days since 1970-01-01, as Avro and Arrow count them.
pub fn days_since_epoch(day: NaiveDate) -> i32 {
    // chrono's whole range fits an i32 of days.
    i32::try_from(day.signed_duration_since(NaiveDate::default()).num_days()).unwrap_or(i32::MAX)
}
