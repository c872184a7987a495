//! Tests that numbers and dates say the same however they are written, in CSV, in cells of a workbook and in JSON; and that
//! what is refused names its cell.

use lantoa_schemas::event::Event;
use lantoa_schemas::form::STATEMENT;
use lantoa_schemas::knowledge::Knowledge;
use lantoa_schemas::vocabulary::Via;
use serde_json::json;

use super::made::{Made, packed, parts, sheet};
use super::mutated::Dice;
use super::*;

/// Values that are made of each kind.
const VALUES: usize = 60;

/// What the fields say that a test does not write.
const USUAL: [(&str, &str); 15] = [
    ("source", "ha-giang-2024"),
    ("stated_on", "2024-12-20"),
    ("area_level", "province"),
    ("area_code", "02"),
    ("area_date", "2024-12-31"),
    ("area_name", "Hà Giang"),
    ("fact", "actual"),
    ("measure", "learning_family"),
    ("stage", "recognised"),
    ("subject_scope", "household"),
    ("period", "2024"),
    ("as_at", "2024-12"),
    ("span", "stock"),
    ("base", "all"),
    ("numerator", "1564"),
];

/// A value of a field.
#[derive(Debug, Clone)]
enum Said {
    Text(String),
    /// A number, by the style of its cell; in JSON it is the number itself.
    Number(usize, String),
}

/// A field and its value.
type Written = (&'static str, Said);

fn text(field: &'static str, said: impl Into<String>) -> Written {
    (field, Said::Text(said.into()))
}

fn usual(name: &str) -> &'static str {
    USUAL.iter().find(|(field, _)| *field == name).map_or("", |(_, value)| *value)
}

/// The one row of a content, without what it has of the way.
fn event(content: &[u8], notation: Notation) -> Result<Event, Vec<Problem>> {
    let knowledge = Knowledge::shipped();
    let judge = knowledge.judge("2026-01-15T03:00:00Z".parse().unwrap());
    let stamp = Stamp { sender: "local".into(), via: Via::File, receipt: "r".into(), row: 1 };
    let mut rows = parse(content, notation, 9).unwrap();
    assert_eq!(rows.len(), 1);
    let mut event = rows.remove(0).draft?.judge(&judge, &stamp)?.event().clone();
    event.envelope.event_id.clear();
    event.envelope.reporter = None;
    Ok(event)
}

fn in_csv(fields: &[Written]) -> Result<Event, Vec<Problem>> {
    let cell = |name: &&str| match fields.iter().find(|(field, _)| field == name) {
        Some((_, Said::Text(text))) => format!("\"{text}\""),
        Some((_, Said::Number(_, number))) => number.clone(),
        None => usual(name).to_owned(),
    };
    let cells: Vec<String> = STATEMENT.columns.iter().map(cell).collect();
    event(format!("{}\n{}\n", STATEMENT.columns.join(","), cells.join(",")).as_bytes(), Notation::Sheet(None))
}

fn in_a_workbook(fields: &[Written]) -> Result<Event, Vec<Problem>> {
    let cell = |name: &&'static str| match fields.iter().find(|(field, _)| field == name) {
        Some((_, Said::Text(text))) => Made::Text(text),
        Some((_, Said::Number(style, number))) => Made::Number(*style, number),
        None if usual(name).is_empty() => Made::Blank,
        None => Made::Text(usual(name)),
    };
    let header = STATEMENT.columns.iter().map(|name| Made::Text(name)).collect();
    let row = STATEMENT.columns.iter().map(cell).collect();
    let book = packed(&parts(&[("S1", "", sheet(&[(1, header), (2, row)], &[]))], &[]));
    event(&book, Notation::Sheet(None))
}

fn in_json(fields: &[Written]) -> Result<Event, Vec<Problem>> {
    let mut data: Map<String, Value> = USUAL.iter().map(|(name, value)| ((*name).to_owned(), json!(value))).collect();
    for (name, said) in fields {
        let value = match said {
            Said::Text(text) => json!(text),
            Said::Number(_, number) => serde_json::from_str(number).unwrap(),
        };
        data.insert((*name).to_owned(), value);
    }
    let event_type = "vn.lantoa.statement.stated.v1";
    let whole = json!({ "specversion": "1.0", "id": "e-1", "source": "/test", "type": event_type, "data": data });
    event(whole.to_string().as_bytes(), Notation::Json)
}

/// Checks that all ways to write something are one event; what only cells of a workbook can hold is in `cells`, and what only
/// JSON can hold in `numbers`.
fn are_one(written: &[Vec<Written>], cells: &[Vec<Written>], numbers: &[Vec<Written>]) {
    let first = in_csv(&written[0]).unwrap_or_else(|problems| panic!("{:?}: {problems:?}", written[0]));
    for fields in written {
        assert_eq!(in_csv(fields).as_ref(), Ok(&first), "CSV {fields:?}");
        assert_eq!(in_a_workbook(fields).as_ref(), Ok(&first), "text of a workbook {fields:?}");
        assert_eq!(in_json(fields).as_ref(), Ok(&first), "JSON {fields:?}");
    }
    for fields in cells {
        assert_eq!(in_a_workbook(fields).as_ref(), Ok(&first), "cell {fields:?}");
    }
    for fields in numbers {
        assert_eq!(in_json(fields).as_ref(), Ok(&first), "JSON {fields:?}");
        assert_eq!(in_a_workbook(fields).as_ref(), Ok(&first), "number of a workbook {fields:?}");
    }
}

/// The digits of a number in threes.
fn in_threes(number: usize, mark: &str) -> String {
    let digits = number.to_string();
    let first = (digits.len() - 1) % 3 + 1;
    let threes = digits.as_bytes()[first..].chunks(3).map(|three| String::from_utf8_lossy(three).into_owned());
    std::iter::once(digits[..first].to_owned()).chain(threes).collect::<Vec<_>>().join(mark)
}

#[test]
fn a_count_is_one_however_it_is_written() {
    for run in 0..VALUES {
        let mut dice = Dice::of(run as u64);
        let digits = 1 + dice.below(8) as u32;
        let count = dice.below(10_usize.pow(digits));
        let whole = count + 1 + dice.below(1_000);
        let n = |said: String| vec![text("numerator", said)];
        let (dots, blanks) = (in_threes(count, "."), in_threes(count, " "));
        are_one(
            &[n(count.to_string()), n(dots.clone()), n(blanks), n(format!("{dots},0")), n(format!(" {dots} "))],
            &[],
            &[vec![("numerator", Said::Number(0, count.to_string()))]],
        );
        for (word, precision) in [("trên", "over"), ("hơn", "over"), ("gần", "nearly"), ("khoảng", "about")] {
            are_one(
                &[
                    n(format!("{word} {dots}")),
                    n(format!("{}  {count}", word.to_uppercase())),
                    vec![text("numerator", dots.clone()), text("numerator_precision", precision)],
                    vec![text("numerator", count.to_string()), text("numerator_precision", word)],
                ],
                &[vec![("numerator", Said::Number(0, count.to_string())), text("numerator_precision", word)]],
                &[],
            );
        }
        are_one(
            &[
                n(format!("{count}/{whole}")),
                n(format!("{dots} / {}", in_threes(whole, "."))),
                vec![text("numerator", dots.clone()), text("denominator", in_threes(whole, "."))],
            ],
            &[],
            &[vec![
                ("numerator", Said::Number(0, count.to_string())),
                ("denominator", Said::Number(0, whole.to_string())),
            ]],
        );
    }
}

#[test]
fn a_percent_is_one_however_it_is_written() {
    for run in 0..VALUES {
        let mut dice = Dice::of(run as u64);
        // Two decimals that are not zeros, as `0.00%` shows them.
        let (whole, decimals) = (dice.below(100), 10 * dice.below(10) + 1 + dice.below(9));
        let p = |said: String| vec![text("printed_percent", said)];
        let (comma, point) = (format!("{whole},{decimals:02}"), format!("{whole}.{decimals:02}"));
        let of_one = format!("0.{whole:02}{decimals:02}");
        are_one(
            &[p(comma.clone()), p(point.clone()), p(format!("{comma} %")), p(format!("{point}%"))],
            &[vec![("printed_percent", Said::Number(2, of_one))]],
            &[vec![("printed_percent", Said::Number(0, point.clone()))]],
        );
        let above = whole + 1;
        are_one(
            &[p(format!("{point}-{above}")), p(format!("từ {comma} % đến {above} %")), p(format!("{comma}–{above}%"))],
            &[],
            &[],
        );
        are_one(
            &[p(format!(">={point}")), p(format!("từ {comma} % trở lên")), p(format!("ít nhất {comma}%"))],
            &[],
            &[],
        );
        are_one(&[p(format!(">{point}")), p(format!("trên {comma} %")), p(format!("hơn {comma}"))], &[], &[]);
    }
}

#[test]
fn a_date_is_one_however_it_is_written() {
    let first: chrono::NaiveDate = "2010-01-01".parse().unwrap();
    // How a workbook counts the day.
    const FIRST: u64 = 40_179;
    for run in 0..VALUES {
        let behind = Dice::of(run as u64).below(5_800) as u64;
        let day = first + chrono::Days::new(behind);
        let d = |pattern: &str| vec![text("stated_on", day.format(pattern).to_string())];
        are_one(
            &[d("%Y-%m-%d"), d("%d/%m/%Y"), d("%-d/%-m/%Y"), d("%d.%m.%Y"), d("ngày %-d tháng %-m năm %Y")],
            &[vec![("stated_on", Said::Number(1, (FIRST + behind).to_string()))]],
            &[],
        );
        are_one(&[d("%Y-%m"), d("%m/%Y"), d("tháng %-m/%Y"), d("tháng %-m năm %Y")], &[], &[]);
        are_one(&[d("%Y"), d("năm %Y")], &[], &[vec![("stated_on", Said::Number(0, day.format("%Y").to_string()))]]);
    }
    are_one(
        &[
            vec![text("period", "2023-2024")],
            vec![text("period", "2023 – 2024")],
            vec![text("period", "giai đoạn 2023-2024")],
        ],
        &[],
        &[],
    );
}

#[test]
fn what_is_refused_names_its_cell() {
    let bad = [
        ("numerator", vec!["138,000", "75-80", "1.5", "-1", "16,2 %", "nhiều", "1e3", "½", "99999999999999999999"]),
        ("denominator", vec!["0", "khoảng 100", "1/2"]),
        ("sessions", vec!["3/4", "x"]),
        ("printed_percent", vec!["1.234", "khoảng 73", "80-75", "1001", "cao", "73,5,8"]),
        ("stated_on", vec!["31/02/2024", "10/25/2024", "2027", "hôm qua", "02-2024-10"]),
        ("period", vec!["24", "2024-2023", "quý 1"]),
        ("area_date", vec!["2024", "2026-02-01", "x"]),
        ("fact", vec!["thực hiệm"]),
        ("area_code", vec!["99", "2"]),
    ];
    for (field, texts) in bad {
        let column = STATEMENT.columns.iter().position(|name| *name == field).unwrap();
        let cell = format!("(S1!{}2)", char::from(b'A' + column as u8));
        for written in texts {
            let fields = vec![text(field, written)];
            for (problems, place) in [
                (in_csv(&fields).unwrap_err(), "(line 2)"),
                (in_a_workbook(&fields).unwrap_err(), cell.as_str()),
                (in_json(&fields).unwrap_err(), ""),
            ] {
                let named: Vec<&str> = problems.iter().map(|problem| problem.field.as_str()).collect();
                assert_eq!(named, [field], "{written}: {problems:?}");
                assert!(problems[0].reason.ends_with(place), "{written}: {problems:?}");
                assert!(problems[0].in_vietnamese().is_some(), "reason.toml has no words for {problems:?}");
            }
        }
    }
}
