use lantoa_schemas::catalogue::MeasureKind;
use lantoa_schemas::form::{Column, FORMS, Holds, STATEMENT, area_cell};
use lantoa_schemas::validate::Stamp;
use lantoa_schemas::vocabulary::Via;

use super::*;
use crate::parse::{Notation, ParseError, parse};
use crate::test_workbook::{csv, part, sheet};

fn day(text: &str) -> NaiveDate {
    text.parse().unwrap()
}

fn order<'a>(form: &'static Form, on: &str, area: Option<&str>, knowledge: &'a Knowledge) -> Order<'a> {
    let day = day(on);
    Order { form, day, area: area.map(|code| area_of(knowledge, code, day).unwrap()), knowledge }
}

/// What is wrong with each row of a sheet, as intake finds it on the day after `on`.
fn judged(content: &[u8], on: NaiveDate, knowledge: &Knowledge) -> Vec<Vec<String>> {
    let now = on.succ_opt().unwrap().and_hms_opt(3, 0, 0).unwrap().and_utc();
    let judge = knowledge.judge(now);
    let stamp = Stamp { sender: "local".into(), via: Via::File, receipt: "r".into(), row: 1 };
    let rows = parse(content, Notation::Sheet(None), 100).unwrap();
    let problems = rows.into_iter().map(|row| match row.draft.and_then(|draft| draft.judge(&judge, &stamp)) {
        Ok(_) => Vec::new(),
        Err(problems) => problems.into_iter().map(|p| format!("{} {}", p.field, p.reason)).collect(),
    });
    problems.collect()
}

#[test]
fn the_example_of_every_form_is_accepted_on_every_map() {
    let knowledge = Knowledge::shipped();
    for form in FORMS {
        for (on, area) in [
            ("2018-07-16", None),
            ("2024-12-20", Some("386")),
            ("2024-12-20", Some("00")),
            ("2026-01-10", None),
            ("2026-01-10", Some("24")),
            ("2026-01-10", Some("00004")),
        ] {
            let order = order(form, on, area, &knowledge);
            let bytes = workbook(&order).unwrap();
            let rows = sheet(&bytes, EXAMPLE_SHEET);
            assert!(rows.len() > 1, "{} has no example", form.name);
            let judged = judged(&csv(&rows), order.day, &knowledge);
            assert_eq!(judged, vec![Vec::<String>::new(); rows.len() - 1], "{} {on} {area:?}", form.name);
        }
    }
}

#[test]
fn the_example_goes_in_as_a_workbook_of_its_own_and_never_with_the_form() {
    let knowledge = Knowledge::shipped();
    for form in FORMS {
        let order = order(form, "2026-01-10", Some("24"), &knowledge);
        let mut book = Workbook::new();
        super::sheet::example(book.add_worksheet(), &order, &Styles::new()).unwrap();
        let judged = judged(&book.save_to_buffer().unwrap(), order.day, &knowledge);
        assert!(!judged.is_empty() && judged.iter().all(Vec::is_empty), "{}: {judged:?}", form.name);
        let whole = workbook(&order).unwrap();
        assert_eq!(parse(&whole, Notation::Sheet(None), 100), Err(ParseError::Empty), "nobody has filled it in");
    }
}

#[test]
fn the_header_is_one_row_that_names_the_form_and_explains_each_column() {
    let knowledge = Knowledge::shipped();
    for form in FORMS {
        let bytes = workbook(&order(form, "2026-01-10", Some("24"), &knowledge)).unwrap();
        let rows = sheet(&bytes, FORM_SHEET);
        let headers = rows.iter().filter(|row| Form::of_header(row.iter().map(String::as_str)) == Some(form));
        assert_eq!(headers.count(), 1);
        let header = &rows[sheet::HEADER as usize];
        assert_eq!(rows.len(), sheet::HEADER as usize + 1, "below the header nothing is filled in");
        assert!(form.unknown(header.iter().map(String::as_str)).is_empty(), "{header:?}");
        for comments in ["xl/comments1.xml", "xl/comments2.xml"] {
            let comments = part(&bytes, comments);
            assert_eq!(comments.matches("<comment ref=").count(), form.all_columns().count());
            for column in form.all_columns() {
                let explained = column.vi.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;");
                assert!(comments.contains(&explained), "{}", column.name);
            }
        }
        let guide = sheet(&bytes, GUIDE_SHEET).concat().join("\n");
        assert!(guide.contains(form.row_vi) && guide.contains(form.row_en));
        assert!(form.all_columns().all(|column| guide.contains(&column.vi) && guide.contains(&column.en)));
    }
}

/// The checks of the sheet that is filled in: cells, kind, and formula.
fn checks(bytes: &[u8]) -> Vec<(String, String, String)> {
    let xml = part(bytes, "xl/worksheets/sheet1.xml");
    let between = |text: &str, from: &str, to: &str| {
        text.split_once(from).and_then(|(_, rest)| rest.split_once(to)).map_or(String::new(), |(found, _)| found.into())
    };
    let checks = xml.split("<dataValidation ").skip(1);
    let check = |text: &str| {
        (between(text, "sqref=\"", "\""), between(text, "type=\"", "\""), between(text, "<formula1>", "</formula1>"))
    };
    checks.map(check).collect()
}

#[test]
fn every_column_is_checked_and_what_a_drop_down_offers_is_taken() {
    let knowledge = Knowledge::shipped();
    for form in FORMS {
        let order = order(form, "2026-01-10", (form != &STATEMENT).then_some("24"), &knowledge);
        let bytes = workbook(&order).unwrap();
        let (checks, lists) = (checks(&bytes), sheet(&bytes, LISTS_SHEET));
        assert_eq!(checks.len(), form.all_columns().count(), "{}", form.name);
        for (at, column) in (0..).zip(form.all_columns()) {
            let letter = rust_xlsxwriter::column_number_to_name(at);
            let cells = format!("{letter}{}:{letter}2003", sheet::HEADER + 2);
            let found = checks.iter().find(|check| check.0 == cells);
            let (_, kind, formula) = found.unwrap_or_else(|| panic!("{} {cells}: {checks:?}", form.name));
            assert_eq!(kind, kind_of(column.holds), "{}", column.name);
            if kind == "list" {
                offers(column, formula, &lists, &order);
            }
        }
    }
}

/// The kind of check that a kind of cell has; one that takes all has none.
fn kind_of(holds: Holds) -> &'static str {
    match holds {
        Holds::Word(_)
        | Holds::Measure
        | Holds::Title
        | Holds::Activity
        | Holds::Indicator
        | Holds::CriteriaSet
        | Holds::Scope
        | Holds::Area => "list",
        Holds::Day => "date",
        Holds::Count | Holds::Number | Holds::Year | Holds::Date | Holds::Period | Holds::Percent => "custom",
        Holds::Text => "textLength",
        Holds::Json => "",
    }
}

/// Checks that the range of a drop-down is a whole list, and that each item is taken.
fn offers(column: &Column, formula: &str, lists: &[Vec<String>], order: &Order<'_>) {
    let range = formula.strip_prefix("'Danh mục'!$").unwrap();
    // Of one item it is one cell.
    let (first, last) = range.split_once(":$").unwrap_or((range, range));
    let (letters, from) = first.split_once('$').unwrap();
    let list = usize::from(rust_xlsxwriter::column_name_to_number(letters));
    let to: usize = last.split_once('$').unwrap().1.parse().unwrap();
    let offered: Vec<&str> = lists[from.parse::<usize>().unwrap() - 1..to].iter().map(|row| &*row[list]).collect();
    assert!(offered.iter().all(|item| taken(column.holds, item, order)), "{}: {offered:?}", column.name);
    assert!(lists.get(to).is_none_or(|row| row[list].is_empty()), "{}: the list goes on", column.name);
    let catalogue = &order.knowledge.catalogue;
    let of_kind = |kind| catalogue.measures().iter().filter(|measure| measure.kind == kind).count();
    let expected = match column.holds {
        Holds::Area if order.area.is_none() => 1 + 34 + 3_321,
        Holds::Area => offered.len(),
        Holds::Measure => catalogue.measures().len(),
        Holds::Title => of_kind(MeasureKind::Title),
        Holds::Activity => of_kind(MeasureKind::Activity),
        Holds::Indicator => catalogue.indicators().len(),
        Holds::CriteriaSet => catalogue.criteria_sets().len(),
        Holds::Scope => catalogue.scopes().len(),
        Holds::Word(list) => list.words().len(),
        _ => 0,
    };
    assert_eq!(offered.len(), expected, "{}", column.name);
}

/// Whether an item stands for one code.
fn taken(holds: Holds, item: &str, order: &Order<'_>) -> bool {
    let (history, catalogue) = (&order.knowledge.history, &order.knowledge.catalogue);
    match holds {
        Holds::Word(list) => list.called(item).is_some(),
        Holds::Measure | Holds::Title | Holds::Activity => catalogue.measures_called(item).len() == 1,
        Holds::Indicator => {
            let named = catalogue.indicators().iter().filter(|one| one.name_vi == item).count();
            named == 1 || catalogue.indicator(item).is_some()
        }
        Holds::CriteriaSet => catalogue.criteria_sets().iter().any(|set| set.code == item),
        Holds::Scope => catalogue.scopes_called(item).len() == 1,
        Holds::Area => area_cell(item).is_some_and(|(code, name)| {
            AreaLevel::ALL.iter().any(|level| history.resolve_named(*level, code, order.day, name).is_ok())
        }),
        _ => false,
    }
}

#[test]
fn the_areas_are_those_of_the_day_and_of_the_area_asked_for() {
    let knowledge = Knowledge::shipped();
    let areas = |on: &str, area: Option<&str>| -> Vec<String> {
        let bytes = workbook(&order(&STATEMENT, on, area, &knowledge)).unwrap();
        let lists = sheet(&bytes, LISTS_SHEET);
        // A form has several lists; only areas begin with a code.
        let at = lists[0].iter().position(|title| title == "Mã địa bàn").unwrap();
        lists[2..].iter().map(|row| row[at].clone()).filter(|item| !item.is_empty()).collect()
    };
    let old = areas("2024-12-20", None);
    assert_eq!(old.len(), 1 + 63 + 696 + 10_035);
    assert_eq!(old[0], "00 – Việt Nam");
    assert!(old.contains(&"02 – Hà Giang".to_owned()) && old.contains(&"24 – Bắc Giang".to_owned()));
    let new = areas("2026-01-10", Some("24"));
    assert_eq!(new[0], "24 – Bắc Ninh");
    let id = area_of(&knowledge, "24", day("2026-01-10")).unwrap();
    assert_eq!(new.len(), 1 + knowledge.history.children(id).len());
    assert!(new[1].contains("Phường ") || new[1].contains("Xã "), "below a province the kind is named: {}", new[1]);
    let refused = area_of(&knowledge, "02", day("2026-01-10")).unwrap_err();
    assert!(refused.to_string().contains("02 on 2026-01-10"), "{refused}");
}

#[test]
fn the_same_order_makes_the_same_file() {
    let knowledge = Knowledge::shipped();
    let order = order(&STATEMENT, "2026-01-10", Some("24"), &knowledge);
    assert!(workbook(&order).unwrap() == workbook(&order).unwrap());
}
