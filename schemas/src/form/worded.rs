//! A row of a sheet as an office fills it: codes, or their Vietnamese words.
//!
//! In: the row's fields as written, and the catalogue. Out: the same fields for the validator, in which each word that
//! stands for one code is that code. Guarantee: whatever stands for no code, or for several, stays as it was written, so
//! that it is refused in the sender's own words.

use std::borrow::Cow;

use super::{Holds, RESULT, column};
use crate::catalogue::Catalogue;
use crate::validate::{Cell, Fields};
use crate::wording::spelt;

/// What may stand between code and name of an area.
const DASHES: [char; 3] = ['-', '–', '—'];

/// Fields whose words may be Vietnamese.
#[derive(Clone, Copy)]
pub struct Worded<'a> {
    fields: &'a dyn Fields,
    catalogue: &'a Catalogue,
}

impl<'a> Worded<'a> {
    /// The fields of a row; measures and scopes are called as the catalogue calls them.
    pub fn new(fields: &'a dyn Fields, catalogue: &'a Catalogue) -> Self {
        Self { fields, catalogue }
    }

    fn code<'b>(&'b self, name: &str, said: Cow<'b, str>) -> Cow<'b, str> {
        let Some(column) = column(name) else { return said };
        let code = match column.holds {
            Holds::Word(list) => list.called(&said).map(|word| word.code.as_str()),
            Holds::Measure | Holds::Title | Holds::Activity if self.catalogue.measure(&said).is_none() => {
                only(&self.catalogue.measures_called(&said)).map(|measure| measure.id.as_str())
            }
            Holds::Scope if self.catalogue.scope(&said).is_none() => {
                only(&self.catalogue.scopes_called(&said)).map(|scope| scope.id.as_str())
            }
            Holds::Indicator if self.catalogue.indicator(&said).is_none() => {
                let called = spelt(&said);
                let indicators = self.catalogue.indicators().iter();
                let found: Vec<_> = indicators.filter(|indicator| spelt(&indicator.name_vi) == called).collect();
                only(&found).map(|indicator| indicator.id.as_str())
            }
            Holds::Area => return area_cell(&said).map(|(code, _)| code.to_owned()).map_or(said, Cow::Owned),
            _ => None,
        };
        code.map_or(said, Cow::Borrowed)
    }

    /// The name that the cell of the code has, for a sheet whose own column of names is blank.
    fn name_beside_code(&self) -> Option<Cell<'_>> {
        let Cell::Text(said) = self.fields.get("area_code")? else { return None };
        area_cell(&said).map(|(_, name)| Cell::Text(Cow::Owned(name.to_owned())))
    }
}

impl Fields for Worded<'_> {
    fn get(&self, name: &str) -> Option<Cell<'_>> {
        match self.fields.get(name) {
            Some(Cell::Text(said)) => Some(Cell::Text(self.code(name, said))),
            None if name == "area_name" => self.name_beside_code(),
            cell => cell,
        }
    }

    fn unknown(&self, known: &[&str]) -> Vec<&str> {
        self.fields.unknown(known).into_iter().filter(|name| *name != RESULT).collect()
    }
}

/// Code and name of a cell that has both, as the drop-down of a template writes them: `02 – Hà Giang`.
pub fn area_cell(said: &str) -> Option<(&str, &str)> {
    let said = said.trim();
    let (code, rest) = said.split_at(said.find(|c: char| !c.is_ascii_digit())?);
    let name = rest.trim_start().strip_prefix(DASHES)?.trim();
    ((2..=5).contains(&code.len()) && !name.is_empty()).then_some((code, name))
}

/// The one thing there is.
fn only<'a, T>(found: &[&'a T]) -> Option<&'a T> {
    match found {
        [one] => Some(*one),
        _ => None,
    }
}
