//! What may be asked: questions and the asker's own settings, nothing that changes anything.

use arrow::array::{Array, AsArray, RecordBatch};
use arrow::compute::cast;
use arrow::datatypes::{DataType, TimeUnit, TimestampMicrosecondType};
use chrono::{DateTime, Utc};
use datafusion::sql::parser::Statement;
use datafusion::sql::sqlparser::ast::Statement as Sql;

use crate::error::QueryError;

/// Refuses what is no question, before anything is planned. The plan is checked again before it runs.
pub(super) fn check(statement: &Statement) -> Result<(), QueryError> {
    let refused = || Err(QueryError::ReadOnly { kind: first_words(&statement.to_string()) });
    match statement {
        Statement::Statement(sql) => match sql.as_ref() {
            Sql::Query(_)
            | Sql::ExplainTable { .. }
            | Sql::ShowTables { .. }
            | Sql::ShowColumns { .. }
            | Sql::ShowVariable { .. }
            | Sql::ShowFunctions { .. }
            | Sql::ShowCreate { .. }
            | Sql::Set(_) => Ok(()),
            _ => refused(),
        },
        Statement::Explain(explain) => check(&explain.statement),
        Statement::Reset(_) => Ok(()),
        Statement::CreateExternalTable(_) | Statement::CopyTo(_) => refused(),
    }
}

/// Whether a statement only sets what others stand on.
pub(super) fn is_setting(statement: &Statement) -> bool {
    match statement {
        Statement::Statement(sql) => matches!(sql.as_ref(), Sql::Set(_)),
        Statement::Reset(_) => true,
        _ => false,
    }
}

/// The leading keywords: `CREATE TABLE`, `INSERT INTO`.
fn first_words(statement: &str) -> String {
    let keywords = statement.split_whitespace().take(2).filter(|word| word.chars().all(|c| c.is_ascii_uppercase()));
    keywords.collect::<Vec<_>>().join(" ")
}

/// The instant in the first cell, where there is one.
pub(super) fn first_instant(batch: &RecordBatch) -> Option<DateTime<Utc>> {
    let column = cast(batch.columns().first()?, &DataType::Timestamp(TimeUnit::Microsecond, None)).ok()?;
    let instants = column.as_primitive::<TimestampMicrosecondType>();
    (!instants.is_empty() && instants.is_valid(0)).then(|| DateTime::from_timestamp_micros(instants.value(0)))?
}
