//! Names and texts in statements about the catalogue.

use datafusion::sql::sqlparser::ast::{
    BinaryOperator, DataType, Expr, FunctionArg, FunctionArgExpr, FunctionArguments, Value,
};

const AGGREGATES: [&str; 12] = [
    "array_agg",
    "avg",
    "bool_and",
    "bool_or",
    "count",
    "every",
    "json_agg",
    "json_object_agg",
    "max",
    "min",
    "string_agg",
    "sum",
];

/// Whether an expression makes one value of many rows.
pub(super) fn aggregates(expr: &Expr) -> bool {
    match expr {
        Expr::Function(function) => {
            let name = function.name.to_string().to_ascii_lowercase();
            let name = name.strip_prefix("pg_catalog.").unwrap_or(&name);
            let within = |argument: &FunctionArg| match argument {
                FunctionArg::Unnamed(FunctionArgExpr::Expr(expr)) => aggregates(expr),
                _ => false,
            };
            let in_arguments = match &function.args {
                FunctionArguments::List(list) => list.args.iter().any(within),
                _ => false,
            };
            in_arguments || (function.over.is_none() && AGGREGATES.contains(&name))
        }
        Expr::Cast { expr, .. } | Expr::Nested(expr) | Expr::UnaryOp { expr, .. } => aggregates(expr),
        Expr::BinaryOp { left, right, .. } => aggregates(left) || aggregates(right),
        _ => false,
    }
}

/// The name that Postgres gives a column without one.
pub(super) fn column_name(expr: &Expr) -> String {
    match expr {
        Expr::Identifier(ident) => ident.value.clone(),
        Expr::CompoundIdentifier(parts) => parts.last().map(|part| part.value.clone()).unwrap_or_default(),
        Expr::Cast { expr, .. } | Expr::Nested(expr) | Expr::Collate { expr, .. } => column_name(expr),
        Expr::Function(function) => {
            let last = function.name.0.last().and_then(|part| part.as_ident());
            last.map(|ident| ident.value.to_ascii_lowercase()).unwrap_or_default()
        }
        Expr::Case { .. } => "case".to_owned(),
        Expr::Exists { .. } => "exists".to_owned(),
        _ => "?column?".to_owned(),
    }
}

/// A text in quotes, whatever is put around it.
pub(super) fn literal_text(expr: &Expr) -> Option<String> {
    match expr {
        Expr::Value(value) => value.value.clone().into_string(),
        Expr::Nested(expr) => literal_text(expr),
        Expr::Cast { expr, data_type: DataType::Text | DataType::Varchar(_), .. } => literal_text(expr),
        _ => None,
    }
}

/// A parameter, whatever is put around it.
pub(super) fn is_parameter(expr: &Expr) -> bool {
    match expr {
        Expr::Value(value) => matches!(value.value, Value::Placeholder(_)),
        Expr::Nested(expr) => is_parameter(expr),
        Expr::Cast { expr, data_type: DataType::Text | DataType::Varchar(_), .. } => is_parameter(expr),
        _ => false,
    }
}

/// A text that is put together of texts.
pub(super) fn folded_text(expr: &Expr) -> Option<String> {
    match expr {
        Expr::BinaryOp { left, op: BinaryOperator::StringConcat, right } => {
            Some(folded_text(left)? + &folded_text(right)?)
        }
        other => literal_text(other),
    }
}

/// A pattern of LIKE whose special letters stand behind a backslash, the engine's only escape.
pub(in crate::postgres::catalogue) fn pattern(text: &str, escape: Option<char>) -> String {
    let mut letters = text.chars();
    let mut pattern = String::new();
    while let Some(letter) = letters.next() {
        if Some(letter) == escape {
            pattern.push('\\');
            pattern.extend(letters.next());
        } else if letter == '\\' {
            pattern.push_str("\\\\");
        } else {
            pattern.push(letter);
        }
    }
    pattern
}

/// The engine's type for one that it has not by this name.
pub(super) fn engine_type(name: &str) -> Option<DataType> {
    Some(match name {
        "name" | "char" | "\"char\"" | "cstring" | "xid" | "unknown" | "aclitem" | "pg_node_tree" | "bpchar" => {
            DataType::Text
        }
        "oid" | "regoper" | "xid8" => DataType::IntUnsigned(None),
        "text" => DataType::Text,
        "int2" => DataType::SmallInt(None),
        "int4" => DataType::Int(None),
        "int8" => DataType::BigInt(None),
        "bool" => DataType::Boolean,
        _ => return None,
    })
}
