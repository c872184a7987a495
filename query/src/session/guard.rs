//! What may be asked: questions and the asker's own settings, nothing that changes anything or reads anything but the
//! tables.
//!
//! In: the text, what it reads as, what it is planned as. Out: leave, or an error that says what would be right.

use arrow::array::{Array, AsArray, RecordBatch};
use arrow::compute::cast;
use arrow::datatypes::{DataType, TimeUnit, TimestampMicrosecondType};
use chrono::{DateTime, Utc};
use datafusion::common::tree_node::TreeNodeRecursion;
use datafusion::common::{DataFusionError, SchemaError};
use datafusion::logical_expr::LogicalPlan;
use datafusion::sql::parser::{DFParser, Statement};
use datafusion::sql::sqlparser::ast::{Query, SetExpr, Statement as Sql};
use datafusion::sql::sqlparser::dialect::GenericDialect;
use datafusion::sql::sqlparser::keywords::Keyword;
use datafusion::sql::sqlparser::tokenizer::{Token, Tokenizer};

use crate::access::{Asker, is_withheld};
use crate::error::QueryError;
use crate::settings::SettingError;

/// First words of statements that other systems have to bring in, send out or change something, which need not be
/// readable here.
const CHANGING: [&str; 15] = [
    "ALTER", "ATTACH", "CALL", "COPY", "CREATE", "DELETE", "DROP", "EXPORT", "IMPORT", "INSERT", "INSTALL", "LOAD",
    "MERGE", "TRUNCATE", "UPDATE",
];

/// Most operators of a text. A chain of them is read as a tree as deep as it is long, and trees are copied and let go of by
/// calls within calls, which a thread's stack has to hold.
const MOST_OPERATORS: usize = 2_000;

/// Whether a token may make the tree of a chain deeper.
fn is_operator(token: &Token) -> bool {
    use Keyword::{
        AND, AT, BETWEEN, COLLATE, DIV, EXCEPT, ILIKE, IN, INTERSECT, IS, LIKE, NOTNULL, OR, REGEXP, RLIKE, SIMILAR,
        UNION, XOR,
    };
    match token {
        Token::Word(word) => matches!(
            word.keyword,
            AND | AT
                | BETWEEN
                | COLLATE
                | DIV
                | EXCEPT
                | ILIKE
                | IN
                | INTERSECT
                | IS
                | LIKE
                | NOTNULL
                | OR
                | REGEXP
                | RLIKE
                | SIMILAR
                | UNION
                | XOR
        ),
        Token::Comma
        | Token::LParen
        | Token::RParen
        | Token::Period
        | Token::SemiColon
        | Token::EOF
        | Token::Whitespace(_)
        | Token::Number(..)
        | Token::SingleQuotedString(_)
        | Token::DoubleQuotedString(_)
        | Token::EscapedStringLiteral(_)
        | Token::HexStringLiteral(_)
        | Token::DollarQuotedString(_)
        | Token::Placeholder(_) => false,
        _ => true,
    }
}

/// Reads a text.
pub(super) fn read(text: &str) -> Result<Vec<Statement>, QueryError> {
    // A text whose tokens cannot be told apart is refused by the parser, which says where.
    let tokens = Tokenizer::new(&GenericDialect {}, text).tokenize().unwrap_or_default();
    if tokens.iter().filter(|token| is_operator(token)).count() > MOST_OPERATORS {
        let hint = "write a long list of alternatives as x IN (…)".to_owned();
        return Err(QueryError::sql(format!("the query has more than {MOST_OPERATORS} operators"), Some(hint)));
    }
    let statements = DFParser::parse_sql(text).map_err(|error| {
        let first = text.split_whitespace().next().unwrap_or_default().to_ascii_uppercase();
        if CHANGING.contains(&first.as_str()) { refused(first) } else { error.into() }
    })?;
    Ok(statements.into())
}

/// Refuses what is no question, before anything is planned. The plan is checked again before it runs.
pub(super) fn check(statement: &Statement) -> Result<(), QueryError> {
    let not_a_question = || Err(refused(first_words(&statement.to_string())));
    match statement {
        Statement::Statement(sql) => match sql.as_ref() {
            Sql::Query(query) if changes_rows(query) => Err(refused("a change of rows".to_owned())),
            Sql::ShowVariable { variable } => {
                let name = variable.iter().map(|part| part.value.to_lowercase()).collect::<Vec<_>>().join(".");
                match name.strip_prefix("lantoa.") {
                    Some(_) => Ok(()),
                    None => Err(SettingError::of_others(name).into()),
                }
            }
            Sql::Query(_)
            | Sql::ExplainTable { .. }
            | Sql::ShowTables { .. }
            | Sql::ShowColumns { .. }
            | Sql::ShowFunctions { .. }
            | Sql::ShowCreate { .. }
            | Sql::Set(_) => Ok(()),
            _ => not_a_question(),
        },
        Statement::Explain(explain) => check(&explain.statement),
        Statement::Reset(_) => Ok(()),
        Statement::CreateExternalTable(_) | Statement::CopyTo(_) => not_a_question(),
    }
}

/// Whether what stands behind a WITH changes rows.
fn changes_rows(query: &Query) -> bool {
    let in_front = query.with.iter().flat_map(|with| &with.cte_tables);
    let changing = |body: &SetExpr| {
        matches!(body, SetExpr::Insert(_) | SetExpr::Update(_) | SetExpr::Delete(_) | SetExpr::Merge(_))
    };
    changing(&query.body) || in_front.into_iter().any(|table| changes_rows(&table.query))
}

/// What the check of a plan says of a statement that would make or change something.
pub(super) fn changes(statement: &Statement, plan: &LogicalPlan) -> QueryError {
    match plan {
        // All others that make a table are refused by their first words.
        LogicalPlan::Ddl(_) => refused("SELECT INTO".to_owned()),
        _ => refused(first_words(&statement.to_string())),
    }
}

/// Refuses questions about the engine itself.
pub(super) fn check_plan(statement: &Statement, plan: &LogicalPlan) -> Result<(), QueryError> {
    if matches!(statement, Statement::Statement(sql) if matches!(**sql, Sql::ShowVariable { .. })) {
        return Ok(());
    }
    let mut of_engine = false;
    plan.apply_with_subqueries(|node| {
        of_engine |= matches!(node, LogicalPlan::TableScan(scan) if scan.table_name.table() == "df_settings");
        Ok(TreeNodeRecursion::Continue)
    })?;
    match of_engine {
        true => Err(SettingError::of_others("information_schema.df_settings".to_owned()).into()),
        false => Ok(()),
    }
}

/// A statement that cannot be planned; where it names what is withheld from the asker, this is said. `tables` are those that
/// the asker may name.
pub(super) fn explained(error: DataFusionError, asker: &Asker, tables: &[String]) -> QueryError {
    if let DataFusionError::SchemaError(schema, _) = error.find_root()
        && let SchemaError::FieldNotFound { field, .. } = schema.as_ref()
        && is_withheld(asker, &field.name)
    {
        return QueryError::Withheld { column: field.name.clone() };
    }
    QueryError::unplanned(error, tables)
}

/// Whether a statement only sets what others stand on.
pub(super) fn is_setting(statement: &Statement) -> bool {
    match statement {
        Statement::Statement(sql) => matches!(sql.as_ref(), Sql::Set(_)),
        Statement::Reset(_) => true,
        _ => false,
    }
}

fn refused(kind: String) -> QueryError {
    QueryError::ReadOnly { kind: if kind.is_empty() { "the statement".to_owned() } else { kind } }
}

/// The leading keywords: `CREATE TABLE`, `INSERT INTO`.
fn first_words(statement: &str) -> String {
    let keywords = statement.split_whitespace().take(2).take_while(|word| word.chars().all(|c| c.is_ascii_uppercase()));
    keywords.collect::<Vec<_>>().join(" ")
}

/// The instant in the first cell, where there is one.
pub(super) fn first_instant(batch: &RecordBatch) -> Option<DateTime<Utc>> {
    let column = cast(batch.columns().first()?, &DataType::Timestamp(TimeUnit::Microsecond, None)).ok()?;
    let instants = column.as_primitive::<TimestampMicrosecondType>();
    (!instants.is_empty() && instants.is_valid(0)).then(|| DateTime::from_timestamp_micros(instants.value(0)))?
}
