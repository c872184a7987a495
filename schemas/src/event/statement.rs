//! Family statement: what a source says of an area, one aggregate fact a row.

use serde::Serialize;

use crate::partial_date::{PartialDate, Period};
use crate::percent::PrintedPercent;
use crate::vocabulary::{Base, Fact, Precision, Span, Stage};

/// One aggregate fact. Field order is the wire's; counts are of subjects, sessions of occasions.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct Statement {
    /// Its kind.
    pub fact: Option<Fact>,
    /// What is counted, an id of the catalogue.
    pub measure: Option<String>,
    /// How far the titles counted have come.
    pub stage: Option<Stage>,
    /// Of whom.
    pub subject_scope: Option<String>,
    /// The year or years; of a target its deadline.
    pub period: Option<Period>,
    /// The day it was counted.
    pub as_at: Option<PartialDate>,
    /// What stretch of time it covers.
    pub span: Option<Span>,
    /// What the percent is of.
    pub base: Option<Base>,
    /// The count.
    pub numerator: Option<i64>,
    /// How exact the count is.
    pub numerator_precision: Option<Precision>,
    /// The count that the numerator is a part of.
    pub denominator: Option<i64>,
    /// Occasions.
    pub sessions: Option<i64>,
    /// How exact they are counted.
    pub sessions_precision: Option<Precision>,
    /// The percent as printed.
    pub printed_percent: Option<PrintedPercent>,
    /// The plan that a target belongs to.
    pub plan: Option<String>,
    /// The words of the source.
    pub quote: Option<String>,
}
