//! A comparison for a screen: few columns, and of each figure the first that changed of it.
//!
//! In: figures that differ. Out: text. Guarantee: a row for each row, in the same order; what else changed of a figure is
//! left to the formats that have all columns.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray, RecordBatch, StringArray};
use arrow::datatypes::{DataType, Float64Type};

use super::cause::{Text, column};
use super::diff::Differing;
use crate::error::QueryError;

/// What may change of a figure, that which others follow from first: the columns' name, and what stands around a value.
const PARTS: [(&str, &str, &str); 6] = [
    ("numerator", "", ""),
    ("denominator", "of ", ""),
    ("percent", "", " %"),
    ("printed", "", " %"),
    ("target", "target ", " %"),
    ("derivation", "", ""),
];

/// Where none of these changed: a comparison has no columns of the rest.
const OF_THE_REST: &str = "precision, bounds or year of the target";

/// Figures of one indicator, area and year that differ by this are several.
const KIND: [&str; 3] = ["subject_scope", "base", "span"];

/// The rows in few columns. The kind of a figure stands there where an indicator has several in the comparison.
pub(super) fn in_brief(differing: &[Differing]) -> Result<Vec<RecordBatch>, QueryError> {
    let read = differing.iter().map(|part| Rows::of(&part.rows)).collect::<Result<Vec<_>, _>>()?;
    let mut kinds: HashMap<&str, HashSet<&str>> = HashMap::new();
    for rows in &read {
        for (at, kind) in rows.kinds.iter().enumerate() {
            kinds.entry(rows.indicator.at(at).unwrap_or_default()).or_default().insert(kind);
        }
    }
    let several = kinds.values().any(|kinds| kinds.len() > 1);
    let kind = |rows: &Rows, at: usize| {
        let of = kinds.get(rows.indicator.at(at).unwrap_or_default()).is_some_and(|kinds| kinds.len() > 1);
        of.then(|| rows.kinds[at].clone())
    };
    differing.iter().zip(&read).map(|(part, rows)| rows.written(part, several.then_some(&kind))).collect()
}

/// Rows of a comparison.
struct Rows {
    change: Text,
    map: Text,
    indicator: Text,
    area_code: Text,
    area_name: Text,
    year: ArrayRef,
    kinds: Vec<String>,
    parts: Vec<Part>,
}

/// One thing that may change of a figure.
struct Part {
    before: &'static str,
    after: &'static str,
    from: Vec<Option<String>>,
    to: Vec<Option<String>>,
}

impl Rows {
    fn of(batch: &RecordBatch) -> Result<Self, QueryError> {
        let text = |name: &str| Text::of(batch, name);
        let kind = KIND.into_iter().map(text).collect::<Result<Vec<_>, _>>()?;
        let kind = |row: usize| kind.iter().filter_map(|of| of.at(row)).collect::<Vec<_>>().join(", ");
        let parts = PARTS.into_iter().map(|(name, before, after)| {
            let (from, to) = (said(batch, &format!("from_{name}"))?, said(batch, &format!("to_{name}"))?);
            Ok::<_, QueryError>(Part { before, after, from, to })
        });
        Ok(Self {
            change: text("change")?,
            map: text("map")?,
            indicator: text("indicator")?,
            area_code: text("area_code")?,
            area_name: text("area_name")?,
            year: column(batch, "year", &DataType::Int64)?,
            kinds: (0..batch.num_rows()).map(kind).collect(),
            parts: parts.collect::<Result<_, _>>()?,
        })
    }

    /// The rows as they are shown.
    fn written(
        &self,
        of: &Differing,
        kind: Option<&impl Fn(&Self, usize) -> Option<String>>,
    ) -> Result<RecordBatch, QueryError> {
        let count = of.rows.num_rows();
        let texts = |read: &dyn Fn(usize) -> Option<String>| -> ArrayRef {
            Arc::new((0..count).map(read).collect::<StringArray>())
        };
        let plain = |text: &Text| texts(&|row: usize| text.at(row).map(str::to_owned));
        let mut columns = vec![
            ("change", plain(&self.change), true),
            ("map", plain(&self.map), true),
            ("indicator", plain(&self.indicator), true),
            ("area", texts(&|row: usize| self.area(row)), true),
            ("year", Arc::clone(&self.year), true),
            ("from → to", texts(&|row: usize| Some(self.figure(row))), true),
        ];
        if let Some(kind) = kind {
            columns.push(("of", texts(&|row: usize| kind(self, row)), true));
        }
        columns.push(("cause", texts(&|row: usize| of.causes[row].clone()), true));
        RecordBatch::try_from_iter_with_nullable(columns).map_err(QueryError::internal)
    }

    fn area(&self, row: usize) -> Option<String> {
        match (self.area_name.at(row), self.area_code.at(row)) {
            (Some(name), Some(code)) => Some(format!("{name} ({code})")),
            (name, code) => name.or(code).map(str::to_owned),
        }
    }

    /// What it was and what it is; one of them alone where the other is not there.
    fn figure(&self, row: usize) -> String {
        let changed = self.parts.iter().find(|part| part.from[row] != part.to[row]);
        changed.map_or_else(|| OF_THE_REST.to_owned(), |part| part.written(row))
    }
}

impl Part {
    fn written(&self, row: usize) -> String {
        let Self { before, after, .. } = self;
        let say = |value: &Option<String>| value.as_ref().map(|value| format!("{before}{value}{after}"));
        let [from, to] = [&self.from, &self.to].map(|side| say(&side[row]).unwrap_or_default());
        format!("{from} → {to}").trim().to_owned()
    }
}

/// The values of a column as a person reads them: percents to two digits after the point.
fn said(batch: &RecordBatch, name: &str) -> Result<Vec<Option<String>>, QueryError> {
    if batch.column_by_name(name).is_some_and(|column| column.data_type() == &DataType::Float64) {
        let numbers = column(batch, name, &DataType::Float64)?;
        let rounded = |number: f64| ((number * 100.0).round() / 100.0).to_string();
        return Ok(numbers.as_primitive::<Float64Type>().iter().map(|number| number.map(rounded)).collect());
    }
    let texts = Text::of(batch, name)?;
    Ok((0..batch.num_rows()).map(|row| texts.at(row).map(str::to_owned)).collect())
}

#[cfg(test)]
mod tests {
    use arrow::array::{Float64Array, Int64Array};
    use arrow::util::pretty::pretty_format_batches;

    use super::*;

    /// The base, then numerator, percent and target before and after.
    type Row = (&'static str, [Option<i64>; 2], [Option<f64>; 2], [Option<f64>; 2]);

    /// A comparison of two rows.
    fn differing(rows: [Row; 2]) -> Differing {
        let both = |text: Option<&str>| -> ArrayRef { Arc::new(StringArray::from(vec![text; 2])) };
        let numbers = |of: [Option<f64>; 2]| -> ArrayRef { Arc::new(Float64Array::from(of.to_vec())) };
        let counts = |of: [Option<i64>; 2]| -> ArrayRef { Arc::new(Int64Array::from(of.to_vec())) };
        let mut columns: Vec<(String, ArrayRef, bool)> = [
            ("change", both(Some("changed"))),
            ("map", both(Some("as_reported"))),
            ("area_code", both(Some("02"))),
            ("area_name", both(Some("Hà Giang"))),
            ("year", counts([Some(2024); 2])),
            ("indicator", both(Some("learning_family"))),
            ("subject_scope", both(Some("household"))),
            ("base", Arc::new(StringArray::from(rows.map(|row| row.0).to_vec())) as ArrayRef),
            ("span", both(None)),
        ]
        .map(|(name, column)| (name.to_owned(), column, true))
        .to_vec();
        for (at, side) in ["from", "to"].into_iter().enumerate() {
            columns.push((format!("{side}_numerator"), counts(rows.map(|row| row.1[at])), true));
            columns.push((format!("{side}_denominator"), counts([None; 2]), true));
            columns.push((format!("{side}_percent"), numbers(rows.map(|row| row.2[at])), true));
            columns.push((format!("{side}_printed"), both(None), true));
            columns.push((format!("{side}_derivation"), both(Some("stated")), true));
            columns.push((format!("{side}_target"), numbers(rows.map(|row| row.3[at])), true));
        }
        let rows = RecordBatch::try_from_iter_with_nullable(columns).unwrap();
        Differing { rows, causes: vec![Some("e1 (report, 2024)".into()), None] }
    }

    fn shown(differing: Differing) -> String {
        pretty_format_batches(&in_brief(&[differing]).unwrap()).unwrap().to_string()
    }

    #[test]
    fn the_first_that_changed_is_shown_and_the_kind_where_there_are_several() {
        let one = shown(differing([
            ("all", [Some(138_068), Some(138_100)], [Some(73.587_600_7), Some(73.604_65)], [None, None]),
            ("all", [None, None], [None, Some(73.587_600_7)], [None, None]),
        ]));
        for part in ["| 138068 → 138100 |", "| → 73.59 % ", "| Hà Giang (02) |", "| e1 (report, 2024) |"] {
            assert!(one.contains(part), "{part} is not in\n{one}");
        }
        assert!(!one.contains(" of "), "{one}");
        let several = shown(differing([
            ("all", [None, None], [Some(70.0), None], [None, None]),
            ("registered", [Some(1), Some(1)], [None, None], [Some(70.0), Some(80.5)]),
        ]));
        for part in ["| 70 % →", "| target 70 % → target 80.5 % |", "| household, all ", "| household, registered |"]
        {
            assert!(several.contains(part), "{part} is not in\n{several}");
        }
        let same = [Some(1), Some(1)];
        let rest = shown(differing([("all", same, [None; 2], [None; 2]), ("all", same, [None; 2], [None; 2])]));
        assert!(rest.contains(OF_THE_REST), "{rest}");
    }
}
