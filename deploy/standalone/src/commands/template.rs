//! `lantoa template`: an empty form to fill in.
//!
//! In: the name of a form, a day, perhaps an area. Out: a workbook in a file, which is there only whole; a line on standard
//! output that says which. Guarantee: its lists are what `import` judges by, with what events have brought to the data
//! folder; a file that is there is replaced only where it was named.

use std::io::Write;
use std::path::{Path, PathBuf};

use arrow::array::{Array, ArrayRef, AsArray, RecordBatch};
use arrow::compute::cast;
use arrow::datatypes::DataType;
use chrono::NaiveDate;
use lantoa_ingest::template::{Order, TemplateError, area_of, workbook};
use lantoa_schemas::form::Form;
use lantoa_schemas::knowledge::{Knowledge, ReferenceEvent};
use lantoa_schemas::partial_date::PartialDate;
use lantoa_schemas::vocabulary::{ReferenceKind, Vocabulary};

use super::sql::sink::write_file;
use crate::cli::TemplateArgs;
use crate::config::Settings;
use crate::data_dir::DataDir;
use crate::desk::{Desk, DeskError, plain};
use crate::parts::clock;
use crate::run::Outcome;

/// The reference events in force, in the order of recording. One that was produced directly may leave its kind to its type.
const REFERENCES: &str = "\
    select ledger.event_id, coalesce(kind, split_part(event_type, '.', 4)) as kind, effective_on, legal_basis, body \
    from ledger_reference as ledger left join fate_reference as fate on fate.event_id = ledger.event_id \
    where fate.fate is null and body is not null \
    order by recorded, log_generation, log_partition, log_offset";

/// Why there is no form.
#[derive(Debug, thiserror::Error)]
pub enum TemplateCommandError {
    /// There is no such form.
    #[error("there is no form {name}; known forms: {}", Form::names())]
    Form {
        /// What was asked for.
        name: String,
    },
    /// The day has no areas that are known.
    #[error("{day} is no day of a form: give one from 1900 to today, {today}")]
    Day {
        /// The day asked for.
        day: NaiveDate,
        /// The present one.
        today: NaiveDate,
    },
    /// It cannot be made.
    #[error(transparent)]
    Template(#[from] TemplateError),
    /// What its lists are made of cannot be read.
    #[error(transparent)]
    Desk(#[from] DeskError),
    /// A filled form might be lost.
    #[error("{} is there already; say where else to write the form with --out FILE", .0.display())]
    Exists(PathBuf),
    /// The file.
    #[error("cannot write {}", path.display())]
    Write {
        /// Which.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
}

impl TemplateCommandError {
    /// Whether the command line was wrong.
    pub fn is_wrong_use(&self) -> bool {
        matches!(self, Self::Form { .. } | Self::Day { .. } | Self::Template(TemplateError::NoArea { .. }))
    }
}

/// Writes the form.
///
/// # Errors
/// Any [`TemplateCommandError`].
pub async fn template(
    data: &DataDir,
    settings: Settings,
    arguments: TemplateArgs,
) -> Result<Outcome, TemplateCommandError> {
    let TemplateArgs { form, date, area, out } = arguments;
    let form = Form::named(&form).ok_or(TemplateCommandError::Form { name: form })?;
    let today = clock().today();
    let day = date.map_or(today, |date| date.0);
    if day > today || !PartialDate::has_year_of(day) {
        return Err(TemplateCommandError::Day { day, today });
    }
    let knowledge = knowledge(data, settings).await?;
    let area = area.map(|code| area_of(&knowledge, &code, day)).transpose()?;
    let bytes = workbook(&Order { form, day, area, knowledge: &knowledge })?;
    let path = place(out, form)?;
    write_file(&path, &bytes).map_err(|source| TemplateCommandError::Write { path: path.clone(), source })?;
    let _ = writeln!(std::io::stdout(), "{}: form {}, areas of {day}", path.display(), form.name);
    Ok(Outcome::Done)
}

/// Where to write it.
fn place(out: Option<PathBuf>, form: &Form) -> Result<PathBuf, TemplateCommandError> {
    // A filled form is somebody's work.
    let path = out.unwrap_or_else(|| Path::new(form.name).with_extension("xlsx"));
    if path.exists() { Err(TemplateCommandError::Exists(path)) } else { Ok(path) }
}

/// What rows are judged by, as far as the data folder knows; where there is none, what ships with the program.
pub(super) async fn knowledge(data: &DataDir, settings: Settings) -> Result<Knowledge, DeskError> {
    let desk = match Desk::find(data, settings.query).await {
        Err(DeskError::NoData(_)) => return Ok(Knowledge::shipped()),
        found => found?,
    };
    knowledge_of(&desk).await
}

/// The same by somebody to ask.
pub(super) async fn knowledge_of(desk: &Desk) -> Result<Knowledge, DeskError> {
    let batches = desk.ask(plain(REFERENCES)).await?.collect().await?;
    let events: Vec<ReferenceEvent> = batches.iter().flat_map(events).collect();
    let (knowledge, left_out) = Knowledge::with(&events);
    for event in left_out {
        tracing::warn!(event_id = event.event_id, reason = event.reason, "a reference event does not fit, left out");
    }
    Ok(knowledge)
}

/// The events of a batch of [`REFERENCES`]; what a later release wrote may be strange to this one and is left out.
fn events(batch: &RecordBatch) -> Vec<ReferenceEvent> {
    let columns: Vec<ArrayRef> =
        batch.columns().iter().filter_map(|column| cast(column, &DataType::Utf8).ok()).collect();
    let text = |at: usize, row: usize| {
        let column = columns.get(at)?.as_string_opt::<i32>()?;
        column.is_valid(row).then(|| column.value(row).to_owned())
    };
    let event = |row: usize| {
        Some(ReferenceEvent {
            event_id: text(0, row)?,
            kind: ReferenceKind::parse(&text(1, row)?)?,
            effective_on: text(2, row).and_then(|day| day.parse().ok()),
            legal_basis: text(3, row),
            body: text(4, row)?,
        })
    };
    (0..batch.num_rows()).filter_map(event).collect()
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use arrow::array::{Date32Array, StringArray};
    use arrow::datatypes::{Field, Schema};

    use super::*;

    #[test]
    fn events_are_read_as_the_query_gives_them() {
        let names = [("event_id", DataType::Utf8), ("kind", DataType::Utf8), ("effective_on", DataType::Date32)];
        let names = names.into_iter().chain([("legal_basis", DataType::Utf8), ("body", DataType::Utf8)]);
        let fields: Vec<Field> = names.map(|(name, kind)| Field::new(name, kind, true)).collect();
        let texts = |texts: [Option<&str>; 2]| -> ArrayRef { Arc::new(StringArray::from(texts.to_vec())) };
        let batch = RecordBatch::try_new(
            Arc::new(Schema::new(fields)),
            vec![
                texts([Some("e-1"), Some("e-2")]),
                texts([Some("catalogue_entered"), Some("of_a_later_release")]),
                Arc::new(Date32Array::from(vec![Some(20_000), None])),
                texts([None, None]),
                texts([Some("{}"), Some("{}")]),
            ],
        )
        .unwrap();
        let read = events(&batch);
        assert_eq!(read.len(), 1);
        assert_eq!((read[0].kind, read[0].effective_on), (ReferenceKind::CatalogueEntered, "2024-10-04".parse().ok()));
    }

    #[test]
    fn a_form_replaces_nothing() {
        let form = Form::named("statement").unwrap();
        assert_eq!(place(None, form).unwrap(), Path::new("statement.xlsx"));
        assert!(matches!(place(Some("Cargo.toml".into()), form), Err(TemplateCommandError::Exists(_))));
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("filled.xlsx"), b"filled").unwrap();
        let name: &'static str = folder.path().join("filled").to_str().unwrap().to_owned().leak();
        assert!(matches!(place(None, &Form { name, ..*form }), Err(TemplateCommandError::Exists(_))));
    }
}
