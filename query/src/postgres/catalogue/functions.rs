//! The functions that clients for Postgres call of themselves.
//!
//! In: values of any type, read as text. Out: what Postgres would say of a database in which nobody changes anything.
//! Numbers that mean nothing here, and objects that there are none of, answer null.

use std::hash::{Hash, Hasher};
use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray, StringArray};
use arrow::compute::cast;
use arrow::datatypes::{DataType, Field};
use datafusion::common::{Result, ScalarValue};
use datafusion::logical_expr::{
    ColumnarValue, ScalarFunctionArgs, ScalarUDF, ScalarUDFImpl, Signature, TypeSignature, Volatility,
};
use lantoa_schemas::{comments, views};

use super::super::client::SERVER_VERSION;
use super::super::kind::PgType;
use super::DATABASE;
use super::rewrite::pattern;
use super::tables::{PG_CLASS, PG_NAMESPACE, PG_PROC, PgCatalog, functions};

type Values<'a> = [Option<&'a str>];
type Answer = fn(&PgCatalog, &Values<'_>) -> Option<String>;

/// Those that answer the same whatever is asked: name, type of the answer, answer.
const CONSTANT: [(&str, DataType, Option<&str>); 33] = [
    ("current_database", DataType::Utf8, Some(DATABASE)),
    ("current_schema", DataType::Utf8, Some("public")),
    ("pg_encoding_to_char", DataType::Utf8, Some("UTF8")),
    ("pg_client_encoding", DataType::Utf8, Some("UTF8")),
    ("pg_table_is_visible", DataType::Boolean, Some("true")),
    ("pg_type_is_visible", DataType::Boolean, Some("true")),
    ("pg_function_is_visible", DataType::Boolean, Some("true")),
    ("pg_collation_is_visible", DataType::Boolean, Some("true")),
    ("pg_opclass_is_visible", DataType::Boolean, Some("true")),
    ("has_table_privilege", DataType::Boolean, Some("true")),
    ("has_column_privilege", DataType::Boolean, Some("true")),
    ("has_any_column_privilege", DataType::Boolean, Some("true")),
    ("has_schema_privilege", DataType::Boolean, Some("true")),
    ("has_database_privilege", DataType::Boolean, Some("true")),
    ("has_function_privilege", DataType::Boolean, Some("true")),
    ("pg_is_in_recovery", DataType::Boolean, Some("false")),
    ("pg_relation_is_publishable", DataType::Boolean, Some("false")),
    ("pg_get_expr", DataType::Utf8, None),
    ("pg_get_constraintdef", DataType::Utf8, None),
    ("pg_get_indexdef", DataType::Utf8, None),
    ("pg_get_ruledef", DataType::Utf8, None),
    ("pg_get_triggerdef", DataType::Utf8, None),
    ("pg_get_partkeydef", DataType::Utf8, None),
    ("pg_get_serial_sequence", DataType::Utf8, None),
    ("pg_get_function_sqlbody", DataType::Utf8, None),
    ("shobj_description", DataType::Utf8, None),
    ("pg_tablespace_location", DataType::Utf8, Some("")),
    ("pg_table_size", DataType::Int64, Some("0")),
    ("pg_total_relation_size", DataType::Int64, Some("0")),
    ("pg_relation_size", DataType::Int64, Some("0")),
    ("pg_database_size", DataType::Int64, Some("0")),
    ("pg_backend_pid", DataType::Int64, Some("0")),
    ("pg_advisory_unlock_all", DataType::Utf8, Some("")),
];

/// Those that look at what is asked.
const ANSWERING: [(&str, DataType, Answer); 18] = [
    ("version", DataType::Utf8, |_, _| Some(version())),
    ("pg_session_user", DataType::Utf8, |catalogue, _| Some(catalogue.user().to_owned())),
    ("pg_get_userbyid", DataType::Utf8, |catalogue, _| Some(catalogue.user().to_owned())),
    ("format_type", DataType::Utf8, |_, of| type_name(number(of, 0)?)),
    ("to_regtype", DataType::UInt32, |_, of| Some(PgType::named(text(of, 0)?)?.oid().to_string())),
    ("to_regclass", DataType::UInt32, |catalogue, of| {
        let name = text(of, 0)?;
        Some(name.parse::<u32>().ok().or_else(|| catalogue.oid_of(name))?.to_string())
    }),
    ("regclass_name", DataType::Utf8, |catalogue, of| catalogue.name_of(number(of, 0)?)),
    ("pg_get_viewdef", DataType::Utf8, |catalogue, of| {
        let name = catalogue.name_of(number(of, 0)?)?;
        Some(views::named(&name).map_or_else(String::new, |view| view.sql.to_owned()))
    }),
    ("obj_description", DataType::Utf8, description),
    ("col_description", DataType::Utf8, |catalogue, of| {
        let (table, column) = catalogue.column_of(number(of, 0)?, usize::try_from(number(of, 1)?).ok()?)?;
        comments::of_column(&table, &column)
    }),
    ("pg_get_function_result", DataType::Utf8, |_, of| Some(function(number(of, 0)?)?.result.clone())),
    ("pg_get_function_arguments", DataType::Utf8, |_, of| Some(function(number(of, 0)?)?.arguments.clone())),
    ("pg_get_function_identity_arguments", DataType::Utf8, |_, of| Some(function(number(of, 0)?)?.arguments.clone())),
    ("pg_like_pattern", DataType::Utf8, |_, of| Some(pattern(text(of, 0)?, text(of, 1)?.chars().next()))),
    ("quote_ident", DataType::Utf8, |_, of| Some(quote_ident(text(of, 0)?))),
    ("current_setting", DataType::Utf8, |catalogue, of| catalogue.settings.get(text(of, 0)?)),
    ("set_config", DataType::Utf8, |catalogue, of| {
        let (name, value) = (text(of, 0)?, text(of, 1)?);
        // A value that is not taken leaves what was, and that is answered.
        let _ = catalogue.settings.set(name, Some(value));
        catalogue.settings.get(name)
    }),
    ("pg_size_pretty", DataType::Utf8, |_, of| Some(format!("{} bytes", text(of, 0)?))),
];

/// All of them, for one session.
pub(super) fn all(catalogue: &Arc<PgCatalog>) -> Vec<ScalarUDF> {
    let constant = CONSTANT.into_iter().map(|(name, result, answer)| (name, result, Does::Say(answer)));
    let answering = ANSWERING.into_iter().map(|(name, result, answer)| (name, result, Does::Ask(answer)));
    let schemas = DataType::List(Arc::new(Field::new("item", DataType::Utf8, true)));
    let all = constant.chain(answering).chain([("current_schemas", schemas, Does::ListSchemas)]);
    let any = || Signature::one_of(vec![TypeSignature::Nullary, TypeSignature::VariadicAny], Volatility::Stable);
    let function = |(name, result, does)| {
        ScalarUDF::from(PgFunction { name, result, does, signature: any(), catalogue: Arc::clone(catalogue) })
    };
    all.map(function).collect()
}

fn version() -> String {
    format!(
        "PostgreSQL {SERVER_VERSION} (Lantoa {}), which answers questions as Postgres does",
        env!("CARGO_PKG_VERSION")
    )
}

fn text<'a>(of: &Values<'a>, at: usize) -> Option<&'a str> {
    of.get(at).copied().flatten()
}

fn number(of: &Values<'_>, at: usize) -> Option<u32> {
    text(of, at)?.parse().ok()
}

fn type_name(oid: u32) -> Option<String> {
    match oid {
        0 => None,
        19 => Some("name".to_owned()),
        1042 | 1043 => Some("character varying".to_owned()),
        _ => {
            let pg = PgType::of_oid(oid);
            let known = pg.map(|pg| format!("{}{}", pg.kind.sql_name(), if pg.list { "[]" } else { "" }));
            Some(known.unwrap_or_else(|| "???".to_owned()))
        }
    }
}

fn description(catalogue: &PgCatalog, of: &Values<'_>) -> Option<String> {
    let oid = number(of, 0)?;
    match text(of, 1).and_then(|table| catalogue.oid_of(table)).unwrap_or(PG_CLASS) {
        PG_CLASS => comments::of_table(&catalogue.name_of(oid)?),
        PG_PROC => Some(function(oid)?.comment()),
        PG_NAMESPACE if oid == super::tables::PUBLIC => Some("Bảng và khung nhìn / Tables and views".to_owned()),
        _ => None,
    }
}

fn function(oid: u32) -> Option<&'static comments::Function> {
    functions().find(|(known, _)| *known == oid).map(|(_, function)| function)
}

fn quote_ident(name: &str) -> String {
    let plain = name.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_')
        && !name.starts_with(|first: char| first.is_ascii_digit())
        && !name.is_empty();
    if plain { name.to_owned() } else { format!("\"{}\"", name.replace('"', "\"\"")) }
}

/// What a function does.
#[derive(Debug, Clone, Copy)]
enum Does {
    Say(Option<&'static str>),
    Ask(Answer),
    ListSchemas,
}

#[derive(Debug)]
struct PgFunction {
    name: &'static str,
    result: DataType,
    does: Does,
    signature: Signature,
    catalogue: Arc<PgCatalog>,
}

/// There is one of each name in a session.
impl PartialEq for PgFunction {
    fn eq(&self, other: &Self) -> bool {
        self.name == other.name && Arc::ptr_eq(&self.catalogue, &other.catalogue)
    }
}

impl Eq for PgFunction {}

impl Hash for PgFunction {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.name.hash(state);
    }
}

impl ScalarUDFImpl for PgFunction {
    fn name(&self) -> &str {
        self.name
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn return_type(&self, _arguments: &[DataType]) -> Result<DataType> {
        Ok(self.result.clone())
    }

    fn invoke_with_args(&self, args: ScalarFunctionArgs) -> Result<ColumnarValue> {
        let answer = match self.does {
            Does::Say(answer) => answer,
            Does::ListSchemas => return self.schemas(&args),
            Does::Ask(answer) => return self.ask(answer, &args),
        };
        let said: ArrayRef = Arc::new(StringArray::from(vec![answer]));
        Ok(ColumnarValue::Scalar(ScalarValue::try_from_array(&cast(&said, &self.result)?, 0)?))
    }
}

impl PgFunction {
    fn ask(&self, answer: Answer, args: &ScalarFunctionArgs) -> Result<ColumnarValue> {
        let rows = args.number_rows;
        let columns = args
            .args
            .iter()
            .map(|value| Ok(cast(&value.to_array(rows)?, &DataType::Utf8)?))
            .collect::<Result<Vec<_>>>()?;
        let columns: Vec<&StringArray> = columns.iter().map(|column| column.as_string::<i32>()).collect();
        let answers = (0..rows).map(|row| {
            let values: Vec<Option<&str>> =
                columns.iter().map(|column| column.is_valid(row).then(|| column.value(row))).collect();
            answer(&self.catalogue, &values)
        });
        let answers: ArrayRef = Arc::new(answers.collect::<StringArray>());
        Ok(ColumnarValue::Array(cast(&answers, &self.result)?))
    }

    /// `public`, and before it `pg_catalog` where what is always looked at is wanted too.
    fn schemas(&self, args: &ScalarFunctionArgs) -> Result<ColumnarValue> {
        let all = matches!(args.args.first(), Some(ColumnarValue::Scalar(ScalarValue::Boolean(Some(true)))));
        let names: &[&str] = if all { &["pg_catalog", "public"] } else { &["public"] };
        let values: Vec<ScalarValue> = names.iter().map(|name| ScalarValue::from(*name)).collect();
        Ok(ColumnarValue::Scalar(ScalarValue::List(ScalarValue::new_list_nullable(&values, &DataType::Utf8))))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn types_are_named_as_postgres_does() {
        let type_of = |name| PgType::named(name).map(PgType::oid);
        for (oid, name) in [(25, "text"), (20, "bigint"), (701, "double precision"), (1184, "timestamp with time zone")]
        {
            assert_eq!(type_name(oid).as_deref(), Some(name));
            assert_eq!(type_of(name), Some(oid));
        }
        assert_eq!((type_of("hstore"), type_of("int4"), type_of("text[]")), (None, Some(23), Some(1009)));
        assert_eq!((quote_ident("year"), quote_ident("Năm \"x\"")), ("year".into(), "\"Năm \"\"x\"\"\"".into()));
    }
}
