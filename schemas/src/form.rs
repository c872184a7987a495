//! The forms: which columns a sheet has, and which event type its rows become. `lantoa import` finds the form by the
//! header.
//!
//! A header says columns by the names of the fields or by their Vietnamese headings, mixed as well (`column`); cells say
//! codes or their Vietnamese words (`worded`).

use crate::stream::{EventType, Family, Verb};

mod column;
mod worded;

pub use column::{Column, Holds, column};
pub use worded::{Worded, area_cell};

/// The column of a returned sheet that says what became of each row. Every form takes it, and nothing reads it.
pub const RESULT: &str = "result";

/// The sheet of a template that shows how the form is filled. It stands behind the form, and of a workbook the first sheet
/// with the header of a form is read.
pub const EXAMPLE_SHEET: &str = "Ví dụ";

/// Headings of a header that are looked at: whoever reads a workbook looks at many rows that are none.
const MOST_HEADINGS: usize = 500;
/// Bytes of the longest heading, however its letters are composed.
const MOST_BYTES: usize = 200;

/// A documented form.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Form {
    /// Its name, as in `--form`.
    pub name: &'static str,
    /// What its rows are, in Vietnamese.
    pub vi: &'static str,
    /// What its rows are, in English.
    pub en: &'static str,
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
    vi: "Số liệu về học tập suốt đời",
    en: "Figures of lifelong learning",
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

    /// The names of all forms, as a person reads them.
    pub fn names() -> String {
        FORMS.iter().map(|form| form.name).collect::<Vec<_>>().join(", ")
    }

    /// The form that a header belongs to: the one all of whose columns it has.
    pub fn of_header<'a>(header: impl IntoIterator<Item = &'a str> + Clone) -> Option<&'static Self> {
        FORMS.iter().find(|form| form.missing(header.clone()).is_empty())
    }

    /// The form that a header was probably meant for: one of which it has at least half of the columns.
    pub fn nearest_to<'a>(header: impl IntoIterator<Item = &'a str> + Clone) -> Option<&'static Self> {
        let missing = |form: &Self| form.missing(header.clone()).len();
        FORMS.iter().filter(|form| missing(form) * 2 <= form.columns.len()).min_by_key(|form| missing(form))
    }

    /// All columns that a header may have, in the order in which the form prints them; [`RESULT`] is not among them.
    pub fn all_columns(&self) -> impl Iterator<Item = &'static Column> + use<> {
        // A test looks for each column of each form.
        self.columns.iter().chain(self.further_columns).filter_map(|name| column(name))
    }

    /// The name of the column that a heading says, by its name or in Vietnamese.
    pub fn field(&self, heading: &str) -> Option<&'static str> {
        let names = || self.columns.iter().chain(self.further_columns).copied().chain([RESULT]);
        // Most sheets of other programs have names.
        names().find(|name| *name == heading).or_else(|| {
            let said = (heading.len() <= MOST_BYTES).then(|| crate::wording::spelt(heading))?;
            names().find(|name| column(name).is_some_and(|column| column.is_headed(&said)))
        })
    }

    /// The names of the columns that a header says. What says none stays as it is.
    pub fn fields(&self, header: &[String]) -> Vec<String> {
        header.iter().map(|heading| self.field(heading).map_or_else(|| heading.clone(), str::to_owned)).collect()
    }

    /// Columns of the form that a header lacks.
    pub fn missing<'a>(&self, header: impl IntoIterator<Item = &'a str>) -> Vec<&'static str> {
        let present: Vec<&str> =
            header.into_iter().take(MOST_HEADINGS).filter_map(|heading| self.field(heading)).collect();
        self.columns.iter().copied().filter(|column| !present.contains(column)).collect()
    }

    /// Columns of a header that the form does not have.
    pub fn unknown<'a>(&self, header: impl IntoIterator<Item = &'a str>) -> Vec<&'a str> {
        header.into_iter().filter(|heading| self.field(heading).is_none()).collect()
    }

    /// Headings that say what another before them says already, each with the column.
    pub fn doubled<'a>(&self, header: impl IntoIterator<Item = &'a str>) -> Vec<(&'a str, &'static str)> {
        let mut seen = Vec::new();
        let mut doubled = Vec::new();
        for heading in header {
            match self.field(heading) {
                Some(field) if seen.contains(&field) => doubled.push((heading, field)),
                Some(field) => seen.push(field),
                None => {}
            }
        }
        doubled
    }

    /// The column that a mistyped heading most likely meant.
    pub fn nearest(&self, heading: &str) -> Option<&'static Column> {
        crate::wording::nearest(heading, self.all_columns())
    }
}

#[cfg(test)]
mod tests;
