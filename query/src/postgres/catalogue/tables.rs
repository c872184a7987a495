//! The tables of `pg_catalog`.
//!
//! In: the tables and views that an asker sees. Out: rows about them. Every table that clients name is there with all its
//! columns (`columns.txt`); of most there is nothing to say, so that they are empty. An object's number is its place among
//! those of its kind, so it stays the same from session to session.

use std::collections::BTreeMap;
use std::sync::{Arc, LazyLock, Mutex, PoisonError};

use arrow::array::{
    ArrayRef, BooleanArray, Float64Array, Int16Array, Int32Array, Int64Array, RecordBatch, StringArray, UInt32Array,
    new_null_array,
};
use arrow::datatypes::{DataType, Field, Schema, SchemaRef, TimeUnit};
use async_trait::async_trait;
use datafusion::catalog::SchemaProvider;
use datafusion::common::Result;
use datafusion::datasource::TableProvider;
use datafusion::datasource::memory::MemTable;
use lantoa_schemas::comments::{self, Function};
use lantoa_schemas::views;

use super::super::client::ClientSettings;
use super::super::kind::{Kind, PgType};
use super::DATABASE;

/// Numbers of what every Postgres has under the same ones.
pub(super) const PG_CATALOG: u32 = 11;
pub(super) const PUBLIC: u32 = 2200;
const INFORMATION_SCHEMA: u32 = 13_000;
/// The one user that is shown: whoever asks.
pub(super) const USER: u32 = 10;
const HEAP: u32 = 2;
/// The tables that objects are in, as comments name them.
pub(super) const PG_CLASS: u32 = 1259;
pub(super) const PG_PROC: u32 = 1255;
pub(super) const PG_TYPE: u32 = 1247;
pub(super) const PG_NAMESPACE: u32 = 2615;
const FIRST_TABLE: u32 = 16_384;
const FIRST_FUNCTION: u32 = 20_000;

/// Tables that have rows.
const WITH_ROWS: [&str; 14] = [
    "pg_am",
    "pg_attribute",
    "pg_class",
    "pg_database",
    "pg_description",
    "pg_namespace",
    "pg_proc",
    "pg_roles",
    "pg_settings",
    "pg_tables",
    "pg_tablespace",
    "pg_type",
    "pg_user",
    "pg_views",
];

static TABLES: LazyLock<BTreeMap<&'static str, SchemaRef>> = LazyLock::new(|| {
    let lines = include_str!("columns.txt").lines().filter(|line| !line.starts_with('#'));
    let tables = lines.filter_map(|line| {
        let mut words = line.split(' ');
        let name = words.next()?;
        let columns = words.filter_map(|word| word.split_once(':'));
        let fields: Vec<Field> = columns.map(|(name, of)| Field::new(name, column_type(of), true)).collect();
        Some((name, Arc::new(Schema::new(fields))))
    });
    tables.collect()
});

fn column_type(name: &str) -> DataType {
    match name.strip_suffix("[]") {
        Some(of) => DataType::List(Arc::new(Field::new("item", column_type(of), true))),
        None => match name {
            "oid" => DataType::UInt32,
            "bool" => DataType::Boolean,
            "int2" => DataType::Int16,
            "int4" => DataType::Int32,
            "int8" => DataType::Int64,
            "float8" => DataType::Float64,
            "bytea" => DataType::Binary,
            "timestamptz" => DataType::Timestamp(TimeUnit::Microsecond, Some("UTC".into())),
            _ => DataType::Utf8,
        },
    }
}

/// Whether the catalogue has a table of the name.
pub(super) fn is_table(name: &str) -> bool {
    TABLES.contains_key(name)
}

/// Whether a table of the catalogue has rows.
pub(super) fn has_rows(name: &str) -> bool {
    WITH_ROWS.contains(&name)
}

/// A value of a row; what is not given is 0, false, the empty text or, of lists and times, null.
#[derive(Debug, Clone)]
enum Cell {
    Number(i64),
    Flag(bool),
    Text(String),
}

impl From<u32> for Cell {
    fn from(number: u32) -> Self {
        Self::Number(number.into())
    }
}

impl From<i64> for Cell {
    fn from(number: i64) -> Self {
        Self::Number(number)
    }
}

impl From<bool> for Cell {
    fn from(flag: bool) -> Self {
        Self::Flag(flag)
    }
}

impl From<&str> for Cell {
    fn from(text: &str) -> Self {
        Self::Text(text.to_owned())
    }
}

type Row = Vec<(&'static str, Cell)>;

macro_rules! row {
    ($($column:ident: $value:expr),* $(,)?) => {
        vec![$((stringify!($column), Cell::from($value))),*]
    };
}

/// A table or view of the asker's.
#[derive(Debug)]
struct Relation {
    oid: u32,
    name: String,
    columns: SchemaRef,
}

impl Relation {
    fn is_view(&self) -> bool {
        views::named(&self.name).is_some() || crate::indicator::ON_A_MAP.contains(&self.name.as_str())
    }
}

/// All names, and what is behind them.
type Seen = (Vec<String>, Arc<Vec<Relation>>);

/// The schema `pg_catalog` of a session.
pub(super) struct PgCatalog {
    public: Arc<dyn SchemaProvider>,
    user: String,
    pub(super) settings: Arc<ClientSettings>,
    /// As they were seen last, with all names by then: a release that is set or reset brings others.
    relations: Mutex<Option<Seen>>,
}

impl std::fmt::Debug for PgCatalog {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("PgCatalog").field("user", &self.user).finish_non_exhaustive()
    }
}

impl PgCatalog {
    pub(super) fn new(public: Arc<dyn SchemaProvider>, user: &str, settings: Arc<ClientSettings>) -> Self {
        Self { public, user: user.to_owned(), settings, relations: Mutex::default() }
    }

    /// Who asks.
    pub(super) fn user(&self) -> &str {
        &self.user
    }

    /// The names of the asker's tables and views, each at its place.
    fn names(&self) -> Vec<String> {
        let mut names = self.public.table_names();
        names.sort_unstable();
        names
    }

    /// The number of a table or view, or of a table of the catalogue that comments are about.
    pub(super) fn oid_of(&self, name: &str) -> Option<u32> {
        let name = name.replace('"', "");
        let name = name.rsplit('.').next().unwrap_or_default();
        match name {
            "pg_class" => return Some(PG_CLASS),
            "pg_proc" => return Some(PG_PROC),
            "pg_type" => return Some(PG_TYPE),
            "pg_namespace" => return Some(PG_NAMESPACE),
            _ => {}
        }
        let at = self.names().iter().position(|known| known == name)?;
        Some(FIRST_TABLE + u32::try_from(at).ok()?)
    }

    /// The table or view of a number.
    pub(super) fn name_of(&self, oid: u32) -> Option<String> {
        let at = usize::try_from(oid.checked_sub(FIRST_TABLE)?).ok()?;
        self.names().into_iter().nth(at)
    }

    /// The name of a table's column by its place, from 1; known once the catalogue was looked at.
    pub(super) fn column_of(&self, oid: u32, at: usize) -> Option<(String, String)> {
        let (_, relations) = self.seen()?;
        let relation = relations.iter().find(|relation| relation.oid == oid)?;
        let column = relation.columns.fields().get(at.checked_sub(1)?)?;
        Some((relation.name.clone(), column.name().clone()))
    }

    fn seen(&self) -> Option<Seen> {
        self.relations.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    async fn relations(&self) -> Result<Arc<Vec<Relation>>> {
        let names = self.names();
        if let Some((known, relations)) = self.seen()
            && known == names
        {
            return Ok(relations);
        }
        let mut relations = Vec::new();
        for (oid, name) in (FIRST_TABLE..).zip(&names) {
            if let Some(table) = self.public.table(name).await? {
                relations.push(Relation { oid, name: name.clone(), columns: table.schema() });
            }
        }
        let relations = Arc::new(relations);
        *self.relations.lock().unwrap_or_else(PoisonError::into_inner) = Some((names, Arc::clone(&relations)));
        Ok(relations)
    }

    async fn rows(&self, table: &str) -> Result<Vec<Row>> {
        Ok(match table {
            "pg_class" => self.relations().await?.iter().map(of_relation).collect(),
            "pg_attribute" => self.relations().await?.iter().flat_map(of_columns).collect(),
            "pg_description" => {
                let relations = self.relations().await?;
                let of_tables = relations.iter().flat_map(comments_of);
                of_tables.chain(functions().flat_map(|(oid, function)| comment_of(oid, function))).collect()
            }
            "pg_tables" => {
                let relations = self.relations().await?;
                let tables = relations.iter().filter(|relation| !relation.is_view());
                let row = |relation: &Relation| {
                    row! { schemaname: "public", tablename: relation.name.as_str(), tableowner: self.user() }
                };
                tables.map(row).collect()
            }
            "pg_views" => {
                let relations = self.relations().await?;
                let views = relations.iter().filter(|relation| relation.is_view());
                let row = |relation: &Relation| {
                    let text = views::named(&relation.name).map_or("", |view| view.sql);
                    row! { schemaname: "public", viewname: relation.name.as_str(), viewowner: self.user(), definition: text }
                };
                views.map(row).collect()
            }
            "pg_namespace" => {
                [(PG_CATALOG, "pg_catalog"), (PUBLIC, "public"), (INFORMATION_SCHEMA, "information_schema")]
                    .map(|(oid, name)| row! { oid: oid, nspname: name, nspowner: USER, tableoid: PG_NAMESPACE })
                    .to_vec()
            }
            "pg_type" => types(),
            "pg_proc" => functions().map(|(oid, function)| of_function(oid, function)).collect(),
            "pg_database" => vec![row! {
                oid: 5_u32, datname: DATABASE, datdba: USER, encoding: 6_u32, datlocprovider: "c", datallowconn: true,
                datconnlimit: -1_i64, dattablespace: 1663_u32, datcollate: "C.UTF-8", datctype: "C.UTF-8",
            }],
            "pg_roles" => vec![row! {
                rolname: self.user(), rolinherit: true, rolcanlogin: true, rolconnlimit: -1_i64, oid: USER,
            }],
            "pg_user" => vec![row! { usename: self.user(), usesysid: USER }],
            "pg_settings" => {
                let settings = self.settings.all().into_iter();
                let row = |(name, value): (&'static str, String)| {
                    row! { name: name, setting: value.as_str(), context: "user", vartype: "string", source: "session" }
                };
                settings.map(row).collect()
            }
            "pg_am" => vec![row! { oid: HEAP, amname: "heap", amhandler: "heap_tableam_handler", amtype: "t" }],
            "pg_tablespace" => vec![row! { oid: 1663_u32, spcname: "pg_default", spcowner: USER }],
            _ => Vec::new(),
        })
    }
}

#[async_trait]
impl SchemaProvider for PgCatalog {
    /// None: what is listed are the tables that figures are in.
    fn table_names(&self) -> Vec<String> {
        Vec::new()
    }

    async fn table(&self, name: &str) -> Result<Option<Arc<dyn TableProvider>>> {
        let Some(columns) = TABLES.get(name) else { return Ok(None) };
        let rows = batch(columns, &self.rows(name).await?)?;
        Ok(Some(Arc::new(MemTable::try_new(Arc::clone(columns), vec![vec![rows]])?)))
    }

    fn table_exist(&self, name: &str) -> bool {
        is_table(name)
    }
}

/// The functions that are shown, with their numbers.
pub(super) fn functions() -> impl Iterator<Item = (u32, &'static Function)> {
    (FIRST_FUNCTION..).zip(comments::functions())
}

fn of_relation(relation: &Relation) -> Row {
    let view = relation.is_view();
    row! {
        oid: relation.oid, relname: relation.name.as_str(), relnamespace: PUBLIC, relowner: USER,
        relam: if view { 0 } else { HEAP }, relpersistence: "p", relkind: if view { "v" } else { "r" },
        relnatts: i64::try_from(relation.columns.fields().len()).unwrap_or(0), relispopulated: true, relreplident: "n",
        tableoid: PG_CLASS,
    }
}

fn of_columns(relation: &Relation) -> Vec<Row> {
    let row = |(at, field): (i64, &Arc<Field>)| {
        let pg = PgType::of(field.data_type());
        row! {
            attrelid: relation.oid, attname: field.name().as_str(), atttypid: pg.oid(), attlen: i64::from(pg.len()),
            attnum: at, attndims: i64::from(pg.list), atttypmod: -1_i64, attnotnull: !field.is_nullable(),
            attstorage: "p", attislocal: true,
        }
    };
    (1..).zip(relation.columns.fields()).map(row).collect()
}

fn comments_of(relation: &Relation) -> Vec<Row> {
    let about = |at: i64, text: String| {
        row! { objoid: relation.oid, classoid: PG_CLASS, objsubid: at, description: text.as_str() }
    };
    let own = comments::of_table(&relation.name).map(|text| about(0, text));
    let columns = (1..).zip(relation.columns.fields());
    let of_columns =
        columns.filter_map(|(at, field)| Some(about(at, comments::of_column(&relation.name, field.name())?)));
    own.into_iter().chain(of_columns).collect()
}

fn comment_of(oid: u32, function: &Function) -> Option<Row> {
    let text = function.comment();
    Some(row! { objoid: oid, classoid: PG_PROC, description: text.as_str() })
}

fn of_function(oid: u32, function: &Function) -> Row {
    let returns = Kind::ALL.into_iter().find(|kind| kind.sql_name() == function.result).map_or(2249, Kind::oid);
    row! {
        oid: oid, proname: function.name.as_str(), pronamespace: PUBLIC, proowner: USER,
        prokind: if function.aggregate { "a" } else { "f" }, proretset: function.result.starts_with("TABLE"),
        provolatile: "s", proparallel: "s", prorettype: returns, tableoid: PG_PROC,
    }
}

fn types() -> Vec<Row> {
    let of = |kind: Kind| {
        let input = format!("{}in", kind.name());
        let list = format!("_{}", kind.name());
        [
            row! {
                oid: kind.oid(), typname: kind.name(), typnamespace: PG_CATALOG, typowner: USER,
                typlen: i64::from(kind.len()), typtype: "b", typcategory: kind.category(), typisdefined: true,
                typdelim: ",", typarray: kind.array_oid(), typinput: input.as_str(), typtypmod: -1_i64, tableoid: PG_TYPE,
            },
            row! {
                oid: kind.array_oid(), typname: list.as_str(), typnamespace: PG_CATALOG, typowner: USER, typlen: -1_i64,
                typtype: "b", typcategory: "A", typisdefined: true, typdelim: ",", typelem: kind.oid(),
                typinput: "array_in", typtypmod: -1_i64, tableoid: PG_TYPE,
            },
        ]
    };
    let others = [(19_u32, "name"), (1043, "varchar"), (1042, "bpchar"), (18, "char")].map(|(oid, name)| {
        row! {
            oid: oid, typname: name, typnamespace: PG_CATALOG, typowner: USER, typlen: -1_i64, typtype: "b",
            typcategory: "S", typisdefined: true, typdelim: ",", typinput: "textin", typtypmod: -1_i64, tableoid: PG_TYPE,
        }
    });
    Kind::ALL.into_iter().flat_map(of).chain(others).collect()
}

/// Rows as columns of their types.
fn batch(columns: &SchemaRef, rows: &[Row]) -> Result<RecordBatch> {
    let arrays = columns.fields().iter().map(|field| {
        let cells = rows.iter().map(|row| row.iter().find(|(name, _)| name == field.name()).map(|(_, cell)| cell));
        column(field.data_type(), cells, rows.len())
    });
    Ok(RecordBatch::try_new(Arc::clone(columns), arrays.collect())?)
}

fn column<'a>(of: &DataType, cells: impl Iterator<Item = Option<&'a Cell>>, rows: usize) -> ArrayRef {
    let numbers = |cells: &mut dyn Iterator<Item = Option<&'a Cell>>| -> Vec<i64> {
        let number = |cell: Option<&Cell>| if let Some(Cell::Number(number)) = cell { *number } else { 0 };
        cells.map(number).collect()
    };
    let mut cells = cells;
    match of {
        DataType::UInt32 => {
            Arc::new(numbers(&mut cells).into_iter().map(|n| u32::try_from(n).ok()).collect::<UInt32Array>())
        }
        DataType::Int16 => {
            Arc::new(numbers(&mut cells).into_iter().map(|n| i16::try_from(n).ok()).collect::<Int16Array>())
        }
        DataType::Int32 => {
            Arc::new(numbers(&mut cells).into_iter().map(|n| i32::try_from(n).ok()).collect::<Int32Array>())
        }
        DataType::Int64 => Arc::new(Int64Array::from(numbers(&mut cells))),
        DataType::Float64 => Arc::new(Float64Array::from(vec![0.0; rows])),
        DataType::Boolean => {
            let flag = |cell: Option<&Cell>| matches!(cell, Some(Cell::Flag(true)));
            Arc::new(BooleanArray::from(cells.map(flag).collect::<Vec<_>>()))
        }
        DataType::Utf8 => {
            let text = |cell: Option<&'a Cell>| if let Some(Cell::Text(text)) = cell { text.as_str() } else { "" };
            Arc::new(StringArray::from_iter_values(cells.map(text)))
        }
        other => new_null_array(other, rows),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_table_is_there_with_its_columns() {
        assert!(TABLES.len() > 50);
        for name in WITH_ROWS {
            assert!(is_table(name), "{name}");
        }
        for (name, column) in [("pg_class", "relkind"), ("pg_attribute", "attnum"), ("pg_index", "indkey")] {
            assert!(TABLES[name].column_with_name(column).is_some(), "{name}.{column}");
        }
    }

    #[test]
    fn a_row_names_columns_that_there_are() {
        let rows = [("pg_type", types()), ("pg_proc", functions().map(|(oid, f)| of_function(oid, f)).collect())];
        for (table, rows) in rows {
            assert!(!rows.is_empty(), "{table}");
            for (column, _) in rows.iter().flatten() {
                assert!(TABLES[table].column_with_name(column).is_some(), "{table}.{column}");
            }
            assert_eq!(batch(&TABLES[table], &rows).unwrap().num_rows(), rows.len());
        }
    }
}
