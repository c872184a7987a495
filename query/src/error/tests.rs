//! What is said of a question that cannot be answered, and where.

use datafusion::common::{Column, SchemaError};
use datafusion::error::DataFusionError;

use super::*;

fn at(line: u64, column: u64, length: u64) -> Option<Place> {
    Some(Place { line, column, length })
}

#[test]
fn a_sentence_has_place_and_hint() {
    let said = |place, hint: Option<&str>| {
        QueryError::Sql { message: "there is no column 'x'".into(), place, hint: hint.map(str::to_owned) }.to_string()
    };
    assert_eq!(said(None, None), "there is no column 'x'");
    assert_eq!(
        said(at(2, 8, 1), Some("Did you mean 'y'?")),
        "there is no column 'x' (line 2, column 8). Did you mean 'y'?"
    );
}

#[test]
fn places_are_found_in_the_text() {
    // text, message, place
    let cases = [
        ("SELECT 1 FROM area (", "Expected: an expression, found: EOF", at(1, 21, 1)),
        ("SELECT\n\nsum(1\n", "Expected: ), found: EOF", at(3, 6, 1)),
        ("SELECT naem('a')", "there is no function 'naem'", at(1, 8, 4)),
        ("SELECT\n  'Hà', fnid('hà')", "there is no function 'fnid' that gives rows", at(2, 9, 4)),
        ("WHERE indicator = 'clans'", "there is no indicator 'clans'", at(1, 19, 7)),
        ("SELECT A.B FROM c", "'a.b' is wrong", at(1, 10, 1)),
        ("SELECT 1 -- 'clans'", "there is no indicator 'clans'", None),
        ("SELECT 1", "divide by zero", None),
        ("SELECT 'open", "there is no indicator 'open'", None),
    ];
    for (text, message, place) in cases {
        assert_eq!(QueryError::sql(message, None).in_text(text).place(), place, "{text}: {message}");
    }
    // What the engine knows is not looked for again.
    let known = QueryError::Sql { message: "'a' is wrong".into(), place: at(9, 9, 9), hint: None };
    assert_eq!(known.in_text("SELECT a").place(), at(9, 9, 9));
}

#[test]
fn columns_are_named_with_the_nearest() {
    let columns = |relation: &str, names: &[&str]| -> Vec<Column> {
        names.iter().map(|name| Column::new(Some(relation.to_owned()), *name)).collect()
    };
    let not_found = |field: Column, valid_fields: Vec<Column>| {
        let error = SchemaError::FieldNotFound { field: Box::new(field), valid_fields };
        QueryError::from(DataFusionError::SchemaError(Box::new(error), Box::new(None))).to_string()
    };
    let known = columns("i", &["area_name", "rate_percent", "year"]);
    let unqualified = |name: &str| Column::new_unqualified(name);
    // what is asked for, what is said
    let cases = [
        (unqualified("rate_percnt"), "there is no column 'rate_percnt'. Did you mean 'rate_percent'?"),
        (unqualified("zzz"), "there is no column 'zzz'. There are area_name, rate_percent, year"),
        (unqualified("Hà Giang"), "there is no column 'Hà Giang'. A text stands in single quotes, as 'Hà Giang'"),
        (Column::new(Some("i"), "yaer"), "there is no column 'yaer' in i. Did you mean 'year'?"),
        (Column::new(Some("k"), "year"), "there is no table or alias 'k' here. There are i"),
    ];
    for (field, said) in cases {
        assert_eq!(not_found(field, known.clone()), said);
    }
    assert_eq!(not_found(unqualified("a"), Vec::new()), "there is no column 'a'");
}

#[test]
fn tables_and_functions_are_named_with_the_nearest_that_is_near() {
    let tables = ["statement", "indicator"].map(str::to_owned);
    let said = |message: &str| QueryError::unplanned(DataFusionError::Plan(message.to_owned()), &tables).to_string();
    assert_eq!(
        said("table 'lantoa.public.indicater' not found"),
        "there is no table or view 'indicater'. Did you mean 'indicator'?"
    );
    let unlike = "table 'lantoa.public.zzz' not found";
    assert_eq!(said(unlike), "there is no table or view 'zzz'. There are statement, indicator");
    // Who does not know what the asker may see names nothing.
    let unknown = QueryError::from(DataFusionError::Plan(unlike.to_owned())).to_string();
    assert_eq!(unknown, "there is no table or view 'zzz'. `SHOW TABLES` lists what there is");
    assert_eq!(
        said("table function 'find_aera' not found"),
        "there is no function 'find_aera' that gives rows. Did you mean 'find_area'?"
    );
    assert_eq!(
        said("Invalid function 'lenght'.\nDid you mean 'length'?"),
        "there is no function 'lenght'. Did you mean 'length'?"
    );
    let far = said("Invalid function 'qqqq'.\nDid you mean 'abs'?");
    assert!(!far.contains("abs") && far.contains("SHOW FUNCTIONS"), "{far}");
}
