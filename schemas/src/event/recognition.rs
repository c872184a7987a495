//! Family recognition: one step of one subject on its way to one title in one year.

use serde::Serialize;

use crate::partial_date::PartialDate;
use crate::vocabulary::Step;

/// One step, or a decision that lists several subjects. Field order is the wire's.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct Recognition {
    /// Which step.
    pub step: Option<Step>,
    /// The title, an id of the catalogue.
    pub model: Option<String>,
    /// The year the title is for.
    pub year: Option<i32>,
    /// Keyed token of the subject.
    pub subject_token: Option<String>,
    /// Code of the criteria set.
    pub criteria_set: Option<String>,
    /// The criterion scored; `None` for the whole.
    pub criterion: Option<String>,
    /// Points.
    pub score: Option<f64>,
    /// The rating in the words of the criteria set.
    pub rating: Option<String>,
    /// Number of the decision.
    pub decision_number: Option<String>,
    /// Date of the decision.
    pub decision_date: Option<PartialDate>,
    /// Who decided.
    pub decision_issuer: Option<String>,
    /// How many subjects the decision lists; `None` is one.
    pub subjects: Option<i64>,
}
