//! The forms: which columns a sheet has, and which event type its rows become. `lantoa import` finds the form by the
//! header.

use crate::stream::{EventType, Family, Verb};

/// A documented form.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Form {
    /// Its name, as in `--form`.
    pub name: &'static str,
    /// Columns that the header must have, in the order in which the form prints them.
    pub columns: &'static [&'static str],
    /// Columns that the header may have.
    pub further_columns: &'static [&'static str],
    /// The type of event that each row is.
    pub event_type: EventType,
}

/// Form `statement`: one aggregate fact a row.
pub const STATEMENT: Form = Form {
    name: "statement",
    columns: &[
        "source",
        "stated_on",
        "area_level",
        "area_code",
        "area_date",
        "area_name",
        "fact",
        "measure",
        "stage",
        "subject_scope",
        "period",
        "as_at",
        "span",
        "base",
        "numerator",
        "numerator_precision",
        "denominator",
        "sessions",
        "sessions_precision",
        "printed_percent",
        "plan",
        "quote",
    ],
    further_columns: &["source_kind", "source_url", "note"],
    event_type: EventType { family: Family::Statement, verb: Verb::Fact("stated") },
};

/// All forms.
pub const FORMS: &[Form] = &[STATEMENT];

impl Form {
    /// The form of a name.
    pub fn named(name: &str) -> Option<&'static Self> {
        FORMS.iter().find(|form| form.name == name)
    }

    /// The form that a header belongs to: the one all of whose columns it has.
    pub fn of_header<'a>(header: impl IntoIterator<Item = &'a str> + Clone) -> Option<&'static Self> {
        FORMS.iter().find(|form| form.missing(header.clone()).is_empty())
    }

    /// Columns of the form that a header lacks.
    pub fn missing<'a>(&self, header: impl IntoIterator<Item = &'a str>) -> Vec<&'static str> {
        let present: Vec<&str> = header.into_iter().collect();
        self.columns.iter().copied().filter(|column| !present.contains(column)).collect()
    }

    /// Columns of a header that the form does not have.
    pub fn unknown<'a>(&self, header: impl IntoIterator<Item = &'a str>) -> Vec<&'a str> {
        header
            .into_iter()
            .filter(|column| !self.columns.contains(column) && !self.further_columns.contains(column))
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_header_names_its_form() {
        let header = STATEMENT.columns.to_vec();
        assert_eq!(Form::of_header(header.iter().copied()), Some(&STATEMENT));
        assert_eq!(Form::of_header(header[1..].iter().copied()), None);
        assert_eq!(STATEMENT.missing(header[1..].iter().copied()), vec!["source"]);
        assert_eq!(STATEMENT.unknown(["source", "note", "phone"]), vec!["phone"]);
    }
}
