//! Family activity: one class, seminar, conference or Week event that was held.

use serde::Serialize;

use crate::vocabulary::Precision;

/// One occasion. Field order is the wire's. Attendances (lượt người) count visits, persons count people.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct Activity {
    /// Its kind, an id of the catalogue.
    pub activity: Option<String>,
    /// The Learning Week it belongs to.
    pub week_year: Option<i32>,
    /// How many times it was held; `None` is once.
    pub sessions: Option<i64>,
    /// How exact that is.
    pub sessions_precision: Option<Precision>,
    /// Attendances.
    pub attendances: Option<i64>,
    /// How exact they are.
    pub attendances_precision: Option<Precision>,
    /// Different persons.
    pub persons: Option<i64>,
    /// How exact they are.
    pub persons_precision: Option<Precision>,
    /// What it was about.
    pub topic: Option<String>,
    /// The organisation that held it.
    pub organiser: Option<String>,
}
