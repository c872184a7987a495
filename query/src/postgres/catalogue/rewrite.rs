//! Statements about the catalogue, as the engine reads them.
//!
//! In: a statement as a tool for Postgres sends it. Out: one that means the same here. Of the catalogue's tables most are
//! always empty, so whatever is joined from them is empty too: that spares the engine what it cannot plan. Guarantee: no
//! text gets out of its quotes on the way, and parameters stay parameters.

use std::ops::ControlFlow;

use datafusion::sql::sqlparser::ast::{
    BinaryOperator, DataType, Expr, Function, FunctionArg, FunctionArgExpr, FunctionArguments, Ident, ObjectName,
    ObjectNamePart, Query, Select, SelectItem, SetExpr, Statement, TableFactor, TableWithJoins, Value, VisitMut,
    VisitorMut,
};
use datafusion::sql::sqlparser::ast::{GroupByExpr, JoinOperator};
use datafusion::sql::sqlparser::dialect::{GenericDialect, PostgreSqlDialect};
use datafusion::sql::sqlparser::parser::Parser;

use super::super::print::printed;
use super::super::scan::{Token, tokens};
use super::tables::{has_rows, is_table};

mod names;

pub(super) use names::pattern;
use names::{aggregates, column_name, engine_type, folded_text, is_parameter, literal_text};

/// Words by which a statement can be one about the catalogue.
const SIGNS: [&str; 11] = [
    "pg_",
    "regclass",
    "regtype",
    "regproc",
    "current_",
    "session_user",
    "array_upper",
    "escape",
    "::name",
    "::oid",
    "user",
];

/// The statement as the engine reads it; `None` where it is the same.
pub(in crate::postgres) fn rewritten(text: &str) -> Option<String> {
    let small = text.to_ascii_lowercase();
    if !SIGNS.iter().any(|sign| small.contains(sign)) {
        return None;
    }
    // The parser's own printing lets such a name out of its quotes.
    if tokens(text).any(|(token, _)| matches!(token, Token::Name(name) if name.contains('"'))) {
        return None;
    }
    let mut statements = Parser::parse_sql(&PostgreSqlDialect {}, text).ok()?;
    let [statement] = statements.as_mut_slice() else { return None };
    if !matches!(statement, Statement::Query(_) | Statement::Explain { .. }) {
        return None;
    }
    let mut rewriter = Rewriter { changed: false };
    let _ = statement.visit(&mut rewriter);
    rewriter.changed.then(|| printed(&*statement))
}

struct Rewriter {
    changed: bool,
}

impl VisitorMut for Rewriter {
    type Break = ();

    fn pre_visit_relation(&mut self, relation: &mut ObjectName) -> ControlFlow<()> {
        let parts: Vec<&str> = relation.0.iter().filter_map(|part| Some(part.as_ident()?.value.as_str())).collect();
        match parts.as_slice() {
            [name] if is_table(name) => {
                relation.0.insert(0, ObjectNamePart::Identifier(Ident::new("pg_catalog")));
                self.changed = true;
            }
            // A function in FROM.
            ["pg_catalog", name] if !is_table(name) => {
                relation.0.remove(0);
                self.changed = true;
            }
            _ => {}
        }
        ControlFlow::Continue(())
    }

    fn pre_visit_select(&mut self, select: &mut Select) -> ControlFlow<()> {
        self.name_alike(select);
        ControlFlow::Continue(())
    }

    fn post_visit_query(&mut self, query: &mut Query) -> ControlFlow<()> {
        let was = is_empty(&query.body);
        self.empty(&mut query.body);
        if is_empty(&query.body) && !was && matches!(*query.body, SetExpr::Select(_)) {
            // It may name what is not there any more.
            query.order_by = None;
        }
        ControlFlow::Continue(())
    }

    fn pre_visit_expr(&mut self, expr: &mut Expr) -> ControlFlow<()> {
        // Before what is in it, so that the text of a cast is still a text.
        self.cast(expr);
        ControlFlow::Continue(())
    }

    fn post_visit_expr(&mut self, expr: &mut Expr) -> ControlFlow<()> {
        self.expr(expr);
        ControlFlow::Continue(())
    }
}

impl Rewriter {
    fn replace(&mut self, expr: &mut Expr, text: &str) {
        if let Some(parsed) = parsed(text) {
            *expr = parsed;
            self.changed = true;
        }
    }

    /// Gives columns that would have one name another each, and values of the session the name that Postgres gives them.
    fn name_alike(&mut self, select: &mut Select) {
        let mut nameless = 0;
        for item in &mut select.projection {
            let SelectItem::UnnamedExpr(expr) = item else { continue };
            let alias = match expr {
                Expr::Value(value) if matches!(value.value, Value::Null) => {
                    nameless += 1;
                    if nameless == 1 { "?column?".to_owned() } else { format!("?column?{nameless}") }
                }
                Expr::Function(function) if is_bare_session_value(function) => column_name(expr),
                _ => continue,
            };
            let expr = expr.clone();
            *item = SelectItem::ExprWithAlias { expr, alias: Ident::with_quote('"', alias) };
            self.changed = true;
        }
    }

    fn cast(&mut self, expr: &mut Expr) {
        let Expr::Cast { expr: inner, data_type, .. } = expr else { return };
        let name = data_type.to_string().to_ascii_lowercase();
        let name = name.strip_prefix("pg_catalog.").unwrap_or(&name).trim_matches('"');
        let text = literal_text(inner);
        match (name, text) {
            ("regclass", Some(text)) => self.replace(expr, &format!("to_regclass({})", quoted(&text))),
            // What a client gives a value for is mostly a name.
            ("regclass", None) => {
                let function = if is_parameter(inner) { "to_regclass" } else { "regclass_name" };
                let of = printed(&**inner);
                self.replace(expr, &format!("{function}({of})"));
            }
            ("regtype", Some(text)) => self.replace(expr, &format!("to_regtype({})", quoted(&text))),
            ("regtype", None) if is_parameter(inner) => {
                let of = printed(&**inner);
                self.replace(expr, &format!("to_regtype({of})"));
            }
            ("regtype", None) => {
                let of = printed(&**inner);
                self.replace(expr, &format!("format_type({of}, NULL)"));
            }
            ("regproc" | "regprocedure", Some(text)) => {
                let name = text.strip_prefix("pg_catalog.").unwrap_or(&text).to_owned();
                self.replace(expr, &quoted(&name));
            }
            ("regproc" | "regprocedure" | "regnamespace" | "regrole", _) => {
                *data_type = DataType::Text;
                self.changed = true;
            }
            _ => {
                if let Some(known) = engine_type(name).filter(|known| known != data_type) {
                    *data_type = known;
                    self.changed = true;
                }
            }
        }
    }

    fn expr(&mut self, expr: &mut Expr) {
        match expr {
            Expr::Collate { expr: inner, .. } => {
                let inner = std::mem::replace(inner.as_mut(), Expr::Value(Value::Null.into()));
                *expr = inner;
                self.changed = true;
            }
            Expr::BinaryOp { op, .. } => {
                if let BinaryOperator::PGCustomBinaryOperator(parts) = op
                    && let Some(known) = operator(parts.last().map_or("", String::as_str))
                {
                    *op = known;
                    self.changed = true;
                }
            }
            Expr::Like { pattern: like, escape_char, .. } | Expr::ILike { pattern: like, escape_char, .. } => {
                let escape = escape_char.as_ref().and_then(|escape| escape.value.clone().into_string());
                if let Some(escape) = escape {
                    let text = match folded_text(like) {
                        Some(text) => quoted(&pattern(&text, escape.chars().next())),
                        None => format!("pg_like_pattern({}, {})", printed(&**like), quoted(&escape)),
                    };
                    *escape_char = None;
                    self.replace(like, &text);
                }
            }
            Expr::Subquery(query) => {
                let wanted = one_row_wanted(query).and_then(|item| parsed(&format!("max({item})")));
                if let (Some(wanted), SetExpr::Select(select)) = (wanted, query.body.as_mut()) {
                    select.projection = vec![SelectItem::UnnamedExpr(wanted)];
                    self.changed = true;
                }
            }
            Expr::Function(_) => self.function(expr),
            _ => {}
        }
    }

    fn function(&mut self, expr: &mut Expr) {
        let Expr::Function(function) = expr else { return };
        let mut name: Vec<String> =
            function.name.0.iter().filter_map(|part| Some(part.as_ident()?.value.to_ascii_lowercase())).collect();
        if name.len() == 2 && name[0] == "pg_catalog" {
            function.name.0.remove(0);
            name.remove(0);
            self.changed = true;
        }
        let [name] = name.as_slice() else { return };
        let name = name.as_str();
        if name == "array" {
            if let FunctionArguments::Subquery(query) = &function.args {
                let text = match is_empty(&query.body) {
                    true => "CAST(NULL AS TEXT[])".to_owned(),
                    false => format!("(SELECT array_agg(s.x) FROM ({}) AS s(x))", printed(&**query)),
                };
                self.replace(expr, &text);
            }
            return;
        }
        if is_bare_session_value(function) {
            let text = format!("{}()", session_function(name));
            self.replace(expr, &text);
            return;
        }
        if name == "array_upper" {
            // Asked of lists that are always of one value.
            let of_schemas = first_argument(function).is_some_and(|of| of.to_string().contains("current_schemas"));
            if of_schemas {
                self.replace(expr, "1");
            } else {
                function.name = ObjectName::from(Ident::new("array_length"));
                self.changed = true;
            }
        }
    }

    /// Makes selects empty that take rows from a table that has none.
    fn empty(&mut self, body: &mut SetExpr) {
        if let SetExpr::SetOperation { left, right, .. } = body {
            self.empty(left);
            return self.empty(right);
        }
        let SetExpr::Select(select) = &*body else { return };
        if is_empty_select(select) || !takes_from_nothing(select) {
            return;
        }
        let Some(names) = names_of(select) else { return };
        let names = names.iter().map(|name| format!("CAST(NULL AS TEXT) AS \"{}\"", name.replace('"', "\"\"")));
        let text = format!("SELECT {} WHERE false", names.collect::<Vec<_>>().join(", "));
        let query = Parser::new(&GenericDialect {}).try_with_sql(&text).and_then(|mut parser| parser.parse_query());
        if let Ok(query) = query {
            *body = *query.body;
            self.changed = true;
        }
    }
}

fn parsed(text: &str) -> Option<Expr> {
    Parser::new(&GenericDialect {}).try_with_sql(text).and_then(|mut parser| parser.parse_expr()).ok()
}

fn quoted(text: &str) -> String {
    format!("'{}'", text.replace('\'', "''"))
}

fn operator(sign: &str) -> Option<BinaryOperator> {
    Some(match sign {
        "~" => BinaryOperator::PGRegexMatch,
        "~*" => BinaryOperator::PGRegexIMatch,
        "!~" => BinaryOperator::PGRegexNotMatch,
        "!~*" => BinaryOperator::PGRegexNotIMatch,
        "=" => BinaryOperator::Eq,
        "<>" | "!=" => BinaryOperator::NotEq,
        "<" => BinaryOperator::Lt,
        "<=" => BinaryOperator::LtEq,
        ">" => BinaryOperator::Gt,
        ">=" => BinaryOperator::GtEq,
        "+" => BinaryOperator::Plus,
        "-" => BinaryOperator::Minus,
        "||" => BinaryOperator::StringConcat,
        _ => return None,
    })
}

/// Whether a function is one of the values that SQL names without parentheses.
fn is_bare_session_value(function: &Function) -> bool {
    let name = function.name.to_string().to_ascii_lowercase();
    matches!(function.args, FunctionArguments::None)
        && ["current_user", "session_user", "user", "current_role", "current_catalog", "current_schema"]
            .contains(&name.as_str())
}

/// The function here for such a value.
fn session_function(name: &str) -> &'static str {
    match name {
        "current_catalog" => "current_database",
        "current_schema" => "current_schema",
        _ => "pg_session_user",
    }
}

fn first_argument(function: &Function) -> Option<&Expr> {
    let FunctionArguments::List(list) = &function.args else { return None };
    match list.args.first()? {
        FunctionArg::Unnamed(FunctionArgExpr::Expr(expr)) => Some(expr),
        _ => None,
    }
}

fn is_empty(body: &SetExpr) -> bool {
    match body {
        SetExpr::Select(select) => is_empty_select(select),
        SetExpr::SetOperation { left, right, .. } => is_empty(left) && is_empty(right),
        SetExpr::Query(query) => is_empty(&query.body),
        _ => false,
    }
}

/// What an empty select is made into.
fn is_empty_select(select: &Select) -> bool {
    let never = |expr: &Expr| matches!(expr, Expr::Value(value) if matches!(value.value, Value::Boolean(false)));
    select.from.is_empty() && select.selection.as_ref().is_some_and(never)
}

fn takes_from_nothing(select: &Select) -> bool {
    // Without groups an aggregate answers with a row of nothing.
    let grouped = match &select.group_by {
        GroupByExpr::All(_) => true,
        GroupByExpr::Expressions(by, _) => !by.is_empty(),
    };
    let counts = select.projection.iter().any(|item| match item {
        SelectItem::UnnamedExpr(expr) | SelectItem::ExprWithAlias { expr, .. } => aggregates(expr),
        _ => false,
    });
    (grouped || !counts) && select.from.iter().any(joins_nothing)
}

/// Whether what is joined has no rows: one that must have some has none.
fn joins_nothing(from: &TableWithJoins) -> bool {
    let inner = from.joins.iter().filter(|join| {
        matches!(join.join_operator, JoinOperator::Join(_) | JoinOperator::Inner(_) | JoinOperator::CrossJoin(_))
    });
    // What a right or full join adds may have rows where the left has none.
    let others = from.joins.iter().any(|join| {
        matches!(join.join_operator, JoinOperator::Right(_) | JoinOperator::RightOuter(_) | JoinOperator::FullOuter(_))
    });
    !others && (is_nothing(&from.relation) || inner.into_iter().any(|join| is_nothing(&join.relation)))
}

fn is_nothing(factor: &TableFactor) -> bool {
    match factor {
        TableFactor::Table { name, args: None, .. } => {
            let name: Vec<&str> = name.0.iter().filter_map(|part| Some(part.as_ident()?.value.as_str())).collect();
            matches!(name.as_slice(), ["pg_catalog", table] if is_table(table) && !has_rows(table))
        }
        // Lists in the catalogue are null.
        TableFactor::Table { name, args: Some(_), .. } => name.to_string().eq_ignore_ascii_case("unnest"),
        TableFactor::Derived { subquery, .. } => is_empty(&subquery.body),
        TableFactor::NestedJoin { table_with_joins, .. } => joins_nothing(table_with_joins),
        _ => false,
    }
}

/// The names of a select's columns; `None` where they are those of its tables.
fn names_of(select: &Select) -> Option<Vec<String>> {
    let mut names: Vec<String> = Vec::new();
    for item in &select.projection {
        let name = match item {
            SelectItem::UnnamedExpr(expr) => column_name(expr),
            SelectItem::ExprWithAlias { alias, .. } => alias.value.clone(),
            _ => return None,
        };
        let taken = names.iter().filter(|known| **known == name).count();
        names.push(if taken == 0 { name } else { format!("{name}{taken}") });
    }
    Some(names)
}

/// Whether all that a subquery reads is one table of the catalogue.
fn is_of_catalogue(select: &Select) -> bool {
    let of_catalogue = |from: &TableWithJoins| {
        from.joins.is_empty()
            && matches!(&from.relation, TableFactor::Table { name, .. } if name.to_string().starts_with("pg_catalog."))
    };
    !select.from.is_empty() && select.from.iter().all(of_catalogue)
}

/// The one column of a subquery that answers with one row because of what it looks for, which the engine cannot know.
fn one_row_wanted(query: &Query) -> Option<String> {
    let SetExpr::Select(select) = query.body.as_ref() else { return None };
    let [SelectItem::UnnamedExpr(expr) | SelectItem::ExprWithAlias { expr, .. }] = select.projection.as_slice() else {
        return None;
    };
    let plain = query.limit_clause.is_none() && query.fetch.is_none() && select.selection.is_some();
    (is_of_catalogue(select) && plain && !aggregates(expr)).then(|| printed(expr))
}

#[cfg(test)]
mod tests;
