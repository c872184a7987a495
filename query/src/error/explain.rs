//! What the engine says of a question, in words that say where and what was probably meant.
//!
//! In: the engine's error, and what the asker may name. Out: what is wrong, the place in the text, a hint. A place that the
//! engine does not know is looked for in the text by the name that the message complains of. Guarantee: no table is named
//! that the asker may not see.

use std::collections::BTreeSet;

use datafusion::common::{Column, Diagnostic, SchemaError, Span};
use datafusion::error::DataFusionError;
use datafusion::sql::sqlparser::dialect::GenericDialect;
use datafusion::sql::sqlparser::tokenizer::{Token, TokenWithSpan, Tokenizer};
use lantoa_schemas::catalogue::nearest;

use super::{Place, QueryError};

/// What leads the engine's messages and says nothing to the reader.
const KINDS: [&str; 3] = ["Error during planning: ", "Schema error: ", "sql parser error: "];
/// What stands before the line and the column in a message of the parser.
const AT_LINE: &str = " at Line: ";
/// What stands between the two.
const AT_COLUMN: &str = ", Column: ";
/// What the parser has found where a text ends too early.
const TEXT_ENDS: &str = "found: EOF";

/// What is said to who names a file.
const NO_FILES: &str = "A question reads the tables here, no file and no address; files come in through import";

/// An error that the asker can mend; `tables` are those that they may name, where that is known.
pub(super) fn explained(error: &DataFusionError, tables: Option<&[String]>) -> QueryError {
    let known = error.diagnostic().and_then(place_of);
    let (message, place, hint) = match error.find_root() {
        DataFusionError::SQL(parser, _) => {
            let text = parser.to_string();
            let (message, place) = without_place(stripped(&text));
            (format!("not readable as SQL: {message}"), place, None)
        }
        DataFusionError::SchemaError(schema, _) => {
            let (message, hint) = of_columns(schema);
            (message, None, hint)
        }
        root => {
            let text = root.strip_backtrace();
            let (message, hint) = of_names(stripped(&text), tables);
            (message, None, hint)
        }
    };
    QueryError::Sql { message, place: known.or(place), hint }
}

/// Where a text has what a message complains of: its end where it ends too early, or else the first word or text that the
/// message quotes.
pub(super) fn place_in(text: &str, message: &str) -> Option<Place> {
    if message.contains(TEXT_ENDS) {
        let whole = text.trim_end();
        let line = whole.lines().last().unwrap_or_default();
        return Some(Place { line: whole.lines().count().max(1) as u64, column: chars(line) + 1, length: 1 });
    }
    let (_, after) = message.split_once('\'')?;
    let (name, _) = after.split_once('\'')?;
    // What is called by more than one name is looked for by the last.
    let last = name.rsplit('.').next()?;
    let tokens = Tokenizer::new(&GenericDialect {}, text).tokenize_with_location().ok()?;
    let named = |wanted: &str| tokens.iter().find(|token| is_called(&token.token, wanted));
    let TokenWithSpan { span, .. } = named(name).or_else(|| named(last))?;
    Span::try_from_sqlparser_span(*span).map(place)
}

fn is_called(token: &Token, name: &str) -> bool {
    match token {
        Token::Word(word) => match word.quote_style {
            Some(_) => word.value == name,
            None => word.value.eq_ignore_ascii_case(name),
        },
        Token::SingleQuotedString(text) => text == name,
        _ => false,
    }
}

fn chars(text: &str) -> u64 {
    text.chars().count() as u64
}

fn place_of(diagnostic: &Diagnostic) -> Option<Place> {
    diagnostic.span.map(place)
}

fn place(span: Span) -> Place {
    let Span { start, end } = span;
    // Of what goes over several lines the first word is enough to find it.
    let length = if start.line == end.line { end.column.saturating_sub(start.column) } else { 1 };
    Place { line: start.line, column: start.column, length: length.max(1) }
}

fn stripped(message: &str) -> &str {
    KINDS.iter().fold(message, |message, kind| message.strip_prefix(kind).unwrap_or(message))
}

/// A parser's message and the place that stands at its end.
fn without_place(message: &str) -> (&str, Option<Place>) {
    let read = |text: &str| {
        let (line, column) = text.split_once(AT_COLUMN)?;
        Some(Place { line: line.parse().ok()?, column: column.parse().ok()?, length: 1 })
    };
    match message.rsplit_once(AT_LINE) {
        Some((before, at)) => match read(at.trim_end()) {
            Some(place) => (before, Some(place)),
            None => (message, None),
        },
        None => (message, None),
    }
}

/// What is wrong with the name of a column.
fn of_columns(error: &SchemaError) -> (String, Option<String>) {
    match error {
        SchemaError::FieldNotFound { field, valid_fields } => no_column(field, valid_fields),
        SchemaError::AmbiguousReference { field } => {
            let hint = format!("Write which table's it is, as a.{}", field.name);
            (format!("several tables have a column '{}'", field.name), Some(hint))
        }
        other => (other.to_string(), None),
    }
}

fn no_column(field: &Column, valid: &[Column]) -> (String, Option<String>) {
    let name = field.name.as_str();
    let among = field.relation.as_ref().map(|relation| relation.table());
    let of_relation = |column: &&Column| among.is_none_or(|among| is_of(column, among));
    if let Some(among) = among.filter(|among| !valid.is_empty() && !valid.iter().any(|column| is_of(column, among))) {
        let mut tables: Vec<&str> = valid.iter().filter_map(|column| Some(column.relation.as_ref()?.table())).collect();
        keep_first_of_each(&mut tables);
        let hint = (!tables.is_empty()).then(|| meant_or_listed(among, &tables));
        return (format!("there is no table or alias '{among}' here"), hint);
    }
    let mut known: Vec<&str> = valid.iter().filter(of_relation).map(|column| column.name.as_str()).collect();
    keep_first_of_each(&mut known);
    let where_to = among.map(|among| format!(" in {among}")).unwrap_or_default();
    let hint = match nearest(name, known.iter().copied()) {
        Some(near) => Some(meant(near)),
        None if is_no_name(name) => Some(format!("A text stands in single quotes, as '{name}'")),
        None if known.is_empty() => None,
        None => Some(listed(&known)),
    };
    (format!("there is no column '{name}'{where_to}"), hint)
}

/// A view within a view names its columns twice.
fn keep_first_of_each(names: &mut Vec<&str>) {
    let mut seen = BTreeSet::new();
    names.retain(|name| seen.insert(*name));
}

fn is_of(column: &Column, table: &str) -> bool {
    column.relation.as_ref().is_some_and(|relation| relation.table() == table)
}

/// Whether a name has letters that none of our columns has, so that it was probably meant as a text.
fn is_no_name(name: &str) -> bool {
    !name.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_')
}

/// What is wrong with the name of a table or a function, as the engine's message says it.
fn of_names(message: &str, tables: Option<&[String]>) -> (String, Option<String>) {
    let quoted = |before: &str, after: &str| {
        let name = message.strip_prefix(before)?.strip_suffix(after)?;
        Some(name.rsplit('.').next().unwrap_or(name))
    };
    let file = message.strip_prefix("table 'lantoa.public.").and_then(|rest| rest.strip_suffix("' not found"));
    if let Some(file) = file.filter(|name| name.contains(['.', '/', ':', '\\'])) {
        return (format!("there is no table '{file}'"), Some(NO_FILES.to_owned()));
    }
    if let Some(name) = quoted("table '", "' not found") {
        let hint = match tables {
            Some(tables) => meant_or_listed(name, &tables.iter().map(String::as_str).collect::<Vec<_>>()),
            None => "`SHOW TABLES` lists what there is".to_owned(),
        };
        return (format!("there is no table or view '{name}'"), Some(hint));
    }
    if let Some(name) = quoted("table function '", "' not found") {
        let known = known_functions();
        let hint = nearest(name, known.iter().copied());
        let hint = hint.map_or_else(|| format!("{NO_FILES}. {}", listed(&known)), meant);
        return (format!("there is no function '{name}' that gives rows"), Some(hint));
    }
    if let Some((name, near)) = message.strip_prefix("Invalid function '").and_then(|rest| rest.split_once("'.\n")) {
        let near = near.strip_prefix("Did you mean '").and_then(|near| near.strip_suffix("'?"));
        // The engine names the nearest of all, however far it is.
        let near = near.and_then(|near| nearest(name, [near]));
        let hint = near.map_or_else(|| "`SHOW FUNCTIONS` lists what there is".to_owned(), meant);
        return (format!("there is no function '{name}'"), Some(hint));
    }
    (message.to_owned(), None)
}

fn meant(near: &str) -> String {
    format!("Did you mean '{near}'?")
}

fn listed(known: &[&str]) -> String {
    format!("There are {}", known.join(", "))
}

fn meant_or_listed(name: &str, known: &[&str]) -> String {
    nearest(name, known.iter().copied()).map_or_else(|| listed(known), meant)
}

/// What may stand in FROM like a function.
fn known_functions() -> Vec<&'static str> {
    crate::area_functions::NAMES.into_iter().chain(["indicator_on", "generate_series", "range"]).collect()
}
