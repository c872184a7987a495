//! The forms: which columns a sheet has, and which event type its rows become. `lantoa import` finds the form by the
//! header.
//!
//! A header says columns by the names of the fields or by their Vietnamese headings, mixed as well (`column`); cells say
//! codes or their Vietnamese words (`worded`). Which forms there are says `forms`; what a reference event brings beside its
//! common fields has columns of its own, of which `body` makes one field.

use std::collections::{HashMap, HashSet};
use std::sync::LazyLock;

use crate::stream::{EventType, Family, Verb};
use crate::validate::{Cell, Fields, Problem, shortened};
use crate::wording::{List, Named, listed, nearest, spelt};

mod body;
mod column;
mod forms;
mod worded;

pub use body::Bodied;
pub use column::{Column, Holds, column};
pub use forms::{ACTIVITY, FORMS, MEMBERSHIP, RECOGNITION, REFERENCE, STATEMENT};
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
    /// What one row is, in Vietnamese.
    pub row_vi: &'static str,
    /// What one row is, in English.
    pub row_en: &'static str,
    /// Columns that the header must have, in the order in which the form prints them.
    pub columns: &'static [&'static str],
    /// Columns that the header may have.
    pub further_columns: &'static [&'static str],
    /// The family of the events that its rows are.
    pub family: Family,
    /// What the events do.
    pub says: Says,
}

/// Where the verb of a row's event type is said.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Says {
    /// Nowhere: it is the same for all rows.
    Always(&'static str),
    /// In a column, one of the words of the family.
    Column {
        /// Which.
        name: &'static str,
        /// The verb by which a row is judged that does not say its own: the one that asks for the least, so that what else
        /// is wrong with the row can be told.
        otherwise: &'static str,
    },
}

/// The columns of a form, as headers are read by them.
struct Known {
    columns: Vec<&'static Column>,
    names: HashSet<&'static str>,
    headings: HashMap<&'static str, &'static str>,
}

static KNOWN: LazyLock<HashMap<&'static str, Known>> = LazyLock::new(|| {
    let known = |form: &'static Form| {
        let names = || form.columns.iter().chain(form.further_columns).copied();
        // A test looks for each column of each form.
        let columns: Vec<_> = names().filter_map(|name| column::column_of(form.name, name)).collect();
        let headed = columns.iter().copied().chain(column(RESULT));
        Known {
            headings: headed
                .flat_map(|column| column.headings().map(move |said| (said, column.name.as_str())))
                .collect(),
            names: names().chain([RESULT]).collect(),
            columns,
        }
    };
    FORMS.iter().map(|form| (form.name, known(form))).collect()
});

/// The headings of a header, each with what it is compared by: made once for all forms.
struct Headings<'a>(Vec<(&'a str, Option<String>)>);

impl<'a> Headings<'a> {
    fn of(header: impl IntoIterator<Item = &'a str>) -> Self {
        let compared = |heading: &'a str| {
            // Most sheets of other programs have names.
            let is_name = column(heading).is_some();
            (heading, (!is_name && heading.len() <= MOST_BYTES).then(|| spelt(heading)))
        };
        Self(header.into_iter().take(MOST_HEADINGS).map(compared).collect())
    }
}

impl Form {
    /// The form of a name.
    pub fn named(name: &str) -> Option<&'static Self> {
        FORMS.iter().find(|form| form.name == name)
    }

    /// The names of all forms, as a person reads them.
    pub fn names() -> String {
        FORMS.iter().map(|form| form.name).collect::<Vec<_>>().join(", ")
    }

    /// The form that a header belongs to: one all of whose columns it has and, of several, the one that knows most of it.
    pub fn of_header<'a>(header: impl IntoIterator<Item = &'a str>) -> Option<&'static Self> {
        let header = Headings::of(header);
        let of_it = FORMS.iter().filter(|form| form.columns.len() <= header.0.len() && form.lacks(&header) == 0);
        of_it.min_by_key(|form| form.strange(&header))
    }

    /// The form that a header was probably meant for: of those of which it has at least half of the columns, one among them
    /// that not every form has, the one that the least is wrong with.
    pub fn nearest_to<'a>(header: impl IntoIterator<Item = &'a str>) -> Option<&'static Self> {
        let header = Headings::of(header);
        let is_near = |form: &&Self| {
            let present = form.present(&header);
            let present: Vec<_> = form.columns.iter().filter(|name| present.contains(name)).collect();
            form.columns.len() <= 2 * present.len() && present.iter().any(|name| !forms::SHARED.contains(name))
        };
        FORMS.iter().filter(is_near).min_by_key(|form| form.lacks(&header) + form.strange(&header))
    }

    /// Whether each row is one event of its own, such as a decision: a row that is sent again in another sheet is known by
    /// all that it says, since nothing else tells it from others.
    pub fn is_of_single_events(&self) -> bool {
        self.family != Family::Statement
    }

    /// The type of the event that a row is. The word may be a code or Vietnamese.
    ///
    /// # Errors
    /// What is wrong with the column that has to say it.
    pub fn event_type(&self, row: &dyn Fields) -> Result<EventType, Problem> {
        let Says::Column { name, .. } = self.says else { return Ok(self.fallback_type()) };
        let list = self.column(name).and_then(|column| match column.holds {
            Holds::Word(list) => Some(list),
            _ => None,
        });
        let words = list.map(List::words).unwrap_or_default();
        let said = match row.get(name) {
            Some(Cell::Text(said)) => said,
            Some(_) => return Err(Problem::new(name, "is no text", format!("use {}", listed(words)))),
            None => return Err(Problem::new(name, "is missing", format!("use {}", listed(words)))),
        };
        let verb = list.and_then(|list| list.called(&said)).and_then(|word| {
            let mut verbs = self.family.verbs().iter().copied();
            verbs.find(|verb| *verb == word.code)
        });
        verb.map(|verb| EventType { family: self.family, verb: Verb::Fact(verb) }).ok_or_else(|| {
            let near =
                nearest(&said, words).map_or_else(String::new, |near| format!("; did you mean {}?", near.in_both()));
            let reason = format!("\"{}\" is no word of the list", shortened(&said));
            Problem::new(name, reason, format!("use {}{near}", listed(words)))
        })
    }

    /// The type by which a row is judged that does not say its own.
    pub fn fallback_type(&self) -> EventType {
        let (Says::Always(verb) | Says::Column { otherwise: verb, .. }) = self.says;
        EventType { family: self.family, verb: Verb::Fact(verb) }
    }

    /// All columns that a header may have, in the order in which the form prints them; [`RESULT`] is not among them.
    pub fn all_columns(&self) -> impl Iterator<Item = &'static Column> + use<> {
        self.known().map(|known| known.columns.as_slice()).unwrap_or_default().iter().copied()
    }

    /// The column of a name, as this form explains it.
    pub fn column(&self, name: &str) -> Option<&'static Column> {
        self.all_columns().find(|column| column.name == name)
    }

    /// The name of the column that a heading says, by its name or in Vietnamese.
    pub fn field(&self, heading: &str) -> Option<&'static str> {
        let known = self.known()?;
        known.names.get(heading).copied().or_else(|| {
            let said = (heading.len() <= MOST_BYTES).then(|| spelt(heading))?;
            known.headings.get(said.as_str()).copied()
        })
    }

    /// The names of the columns that a header says. What says none stays as it is.
    pub fn fields(&self, header: &[String]) -> Vec<String> {
        header.iter().map(|heading| self.field(heading).map_or_else(|| heading.clone(), str::to_owned)).collect()
    }

    fn known(&self) -> Option<&'static Known> {
        KNOWN.get(self.name)
    }

    /// The columns that a header has.
    fn present(&self, header: &Headings<'_>) -> Vec<&'static str> {
        let Some(known) = self.known() else { return Vec::new() };
        let field = |(written, said): &(&str, Option<String>)| {
            let name = known.names.get(*written).copied();
            name.or_else(|| known.headings.get(said.as_deref()?).copied())
        };
        header.0.iter().filter_map(field).collect()
    }

    /// How many of the columns a header lacks.
    fn lacks(&self, header: &Headings<'_>) -> usize {
        let present = self.present(header);
        self.columns.iter().filter(|name| !present.contains(name)).count()
    }

    /// How many headings of a header are none of the form.
    fn strange(&self, header: &Headings<'_>) -> usize {
        header.0.len() - self.present(header).len()
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
        nearest(heading, self.all_columns())
    }
}

#[cfg(test)]
mod tests;
