//! Sheets of every form with something wrong in them, a hundred thousand of each and the same in every run: none panics, none
//! takes long or more and more memory, and each row is either taken or refused with a reason and a remedy.

use std::num::NonZero;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread::{available_parallelism, scope};
use std::time::{Duration, Instant};

use lantoa_schemas::form::{ACTIVITY, MEMBERSHIP, RECOGNITION, REFERENCE, STATEMENT};
use lantoa_schemas::knowledge::Knowledge;
use lantoa_schemas::validate::Stamp;
use lantoa_schemas::vocabulary::Via;

use super::made::{self, Made};
use super::*;

/// Mutated texts and workbooks of each form: a hundred thousand together. A workbook takes many times as long.
const TEXTS: u64 = 92_000;
const WORKBOOKS: u64 = 8_000;

/// Mutated contents after which memory is looked at for the first time, and by how many bytes it may grow from then on. Other
/// tests run beside these, which also need some.
const WARM: u64 = 1_000;
const MOST_GROWTH: u64 = 512 << 20;

/// No mutated sheet is larger than some kilobytes, so that this is far from what any should take.
const LONG: Duration = Duration::from_secs(5);

/// What stands in sheets and makes them, to be put where it does not belong.
const PIECES: &[&str] = &[
    ",",
    ";",
    "\t",
    "\"",
    "\"\"",
    "\n",
    "\r\n",
    "sep=;\n",
    "\u{feff}",
    "\0",
    "138.068",
    "1.234,5",
    "16,2 %",
    "1564/2263",
    "75-80",
    "02/10/2024",
    "trên ",
    "khoảng",
    "-1",
    "1e308",
    "99999999999999999999",
    "NaN",
    "ế",
    "e\u{302}\u{301}",
    "%",
    "<",
    ">",
    "/>",
    "<v>",
    "</v>",
    "</c>",
    "</row>",
    "</sheetData>",
    "<!--",
    "<![CDATA[",
    "&#0;",
    "&amp;",
    "r=\"A1\"",
    "r=\"XFD1048576\"",
    "r=\"ZZZZZZZ99999999999\"",
    "t=\"s\"",
    "t=\"e\"",
    "s=\"9999\"",
    "uniqueCount=\"18446744073709551615\"",
    "<dimension ref=\"B2:A1\"/>",
    "numFmtId=\"10\"",
    "công nhận",
    "đăng ký",
    "rời hội",
    "hạn báo cáo",
    "{\"change\":",
    "[[[[[[[[",
];

/// Random numbers, the same in each run: splitmix64.
pub(super) struct Dice(u64);

impl Dice {
    pub(super) fn of(seed: u64) -> Self {
        Self(seed)
    }

    pub(super) fn below(&mut self, bound: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut number = self.0;
        number = (number ^ (number >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        number = (number ^ (number >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        ((number ^ (number >> 31)) % bound.max(1) as u64) as usize
    }

    /// Changes one to four places of a content.
    fn spoil(&mut self, content: &mut Vec<u8>) {
        for _ in 0..=self.below(4) {
            let at = self.below(content.len() + 1);
            let end = (at + self.below(40)).min(content.len());
            match self.below(6) {
                0 if at < content.len() => content[at] = self.below(256) as u8,
                1 => content.truncate(at),
                2 => drop(content.splice(at..end, [])),
                3 => {
                    let copy = content[at..end].to_vec();
                    drop(content.splice(at..at, copy));
                }
                _ => {
                    let piece = PIECES[self.below(PIECES.len())];
                    drop(content.splice(at..at, piece.bytes()));
                }
            }
        }
    }
}

/// Reads and judges a content, and says how many of its rows are good.
fn read(content: &[u8], knowledge: &Knowledge) -> Option<usize> {
    let begun = Instant::now();
    let judge = knowledge.judge("2026-01-15T03:00:00Z".parse().unwrap());
    let shown = || String::from_utf8_lossy(&content[..content.len().min(4_000)]).into_owned();
    let good = match parse(content, Notation::Sheet(None), 50) {
        Err(ParseError::Header(problems)) => {
            assert!(!problems.is_empty(), "{}", shown());
            None
        }
        Err(error) => {
            assert!(!error.to_string().is_empty() && !error.remedy().is_empty(), "{}", shown());
            assert_eq!(*whole(content).content, *content);
            None
        }
        Ok(rows) => {
            let mut good = 0;
            for parsed in rows {
                let stamp = Stamp { sender: "local".into(), via: Via::File, receipt: "r".into(), row: parsed.row };
                let kept = parsed.sent().text.map(|text| serde_json::from_str::<Value>(&text));
                assert!(matches!(kept, Some(Ok(Value::Object(_) | Value::Array(_)))), "{kept:?}: {}", shown());
                match parsed.draft.and_then(|draft| draft.judge(&judge, &stamp)) {
                    Ok(_) => good += 1,
                    Err(problems) => {
                        let is_said = |problem: &Problem| !problem.reason.is_empty() && !problem.remedy.is_empty();
                        assert!(!problems.is_empty() && problems.iter().all(is_said), "{}", shown());
                    }
                }
            }
            Some(good)
        }
    };
    assert!(begun.elapsed() < LONG, "took {:?}: {}", begun.elapsed(), shown());
    good
}

/// Bytes that the program has in memory; 0 where the system does not say.
fn resident() -> u64 {
    let statm = std::fs::read_to_string("/proc/self/statm").unwrap_or_default();
    statm.split(' ').nth(1).and_then(|pages| pages.parse::<u64>().ok()).unwrap_or_default() * 4_096
}

/// Reads many mutations of a content that has so many good rows; some have to be good and some refused, or nothing was shown.
fn read_all(runs: u64, rows: usize, make: impl Fn(&mut Dice) -> Vec<u8> + Sync) {
    let knowledge = Knowledge::shipped();
    let [next, unread, with_good, with_bad, warm] = [0; 5].map(AtomicU64::new);
    let work = || {
        loop {
            let run = next.fetch_add(1, Ordering::Relaxed);
            if run >= runs {
                break;
            }
            if run == WARM.min(runs / 10) {
                warm.store(resident(), Ordering::Relaxed);
            }
            // A dice of its own for each, so that one can be repeated alone.
            let count = match read(&make(&mut Dice::of(run)), &knowledge) {
                None => &unread,
                Some(good) if good == rows => &with_good,
                Some(_) => &with_bad,
            };
            count.fetch_add(1, Ordering::Relaxed);
        }
    };
    scope(|threads| {
        for _ in 0..available_parallelism().map_or(1, NonZero::get) {
            threads.spawn(work);
        }
    });
    let [unread, with_good, with_bad, warm] = [unread, with_good, with_bad, warm].map(AtomicU64::into_inner);
    let few = runs / 1_000;
    assert!(
        unread > few && with_good > few && with_bad > few,
        "{unread} unread, {with_good} good, {with_bad} not all good"
    );
    let growth = resident().saturating_sub(warm);
    assert!(growth < MOST_GROWTH, "{growth} bytes more in memory after {runs} contents");
}

/// Good rows of a form, each as the cells of its columns.
fn good_rows(form: &Form) -> Vec<Vec<(&'static str, &'static str)>> {
    match form.name {
        "statement" => {
            let row = |numerator, percent| {
                vec![
                    ("source", "ha-giang-2024"),
                    ("stated_on", "20/12/2024"),
                    ("area_level", "province"),
                    ("area_code", "02"),
                    ("area_date", "2024-12-31"),
                    ("fact", "actual"),
                    ("measure", "Gia đình học tập"),
                    ("stage", "recognised"),
                    ("period", "2024"),
                    ("base", "all"),
                    ("numerator", numerator),
                    ("printed_percent", percent),
                ]
            };
            vec![row("hơn 138.068/187.624", "73,58 %"), row("", "75-80")]
        }
        "reference" => vec![
            vec![
                ("source", "cv-1"),
                ("kind", "tuần lễ"),
                ("subject", "w-2025"),
                ("year", "2025"),
                ("start", "01/10/2025"),
                ("end", "07/10/2025"),
            ],
            vec![
                ("source", "cv-1"),
                ("kind", "return_due"),
                ("subject", "d"),
                ("body", "{\"year\": 2025, \"due\": \"2025-10-20\"}"),
            ],
        ],
        name => {
            let common = [
                ("source", "qd-12"),
                ("area_level", "Cấp tỉnh"),
                ("area_code", "02 – Hà Giang"),
                ("area_date", "20/12/2024"),
                ("occurred_on", "2024-12-20"),
            ];
            let more = match name {
                "recognition" => [
                    vec![("step", "Công nhận"), ("decision_number", "12"), ("subjects", "1.564")],
                    vec![("step", "scored"), ("score", "87,5"), ("subject_token", "k1_abcdefghijklmnop")],
                ],
                "activity" => [
                    vec![("activity", "Hội thảo"), ("attendances", "trên 120")],
                    vec![("activity", "training_class"), ("sessions", "12"), ("persons", "97")],
                ],
                _ => [
                    vec![("change", "Gia nhập"), ("subject_token", "k1_abcdefghijklmnop"), ("party_member", "có")],
                    vec![("change", "left"), ("subject_token", "k1_abcdefghijklmnop")],
                ],
            };
            let title =
                if name == "recognition" { vec![("model", "learning_family"), ("year", "2024")] } else { Vec::new() };
            Vec::from(more.map(|more| common.iter().chain(&title).copied().chain(more).collect::<Vec<_>>()))
        }
    }
}

/// The columns that a form must have, and those that its good rows fill.
fn columns_of(form: &Form) -> Vec<&'static str> {
    let rows = good_rows(form);
    let is_used = |name: &&str| rows.iter().flatten().any(|(column, _)| column == name);
    form.columns.iter().copied().chain(form.further_columns.iter().copied().filter(is_used)).collect()
}

fn cell_of<'a>(row: &[(&'static str, &'a str)], name: &str) -> &'a str {
    row.iter().find(|(column, _)| *column == name).map_or("", |(_, cell)| *cell)
}

fn mutate_texts(form: &Form) {
    let (columns, rows) = (columns_of(form), good_rows(form));
    let line = |row: &Vec<(&'static str, &'static str)>| {
        let quoted = |name: &&str| format!("\"{}\"", cell_of(row, name).replace('"', "\"\""));
        columns.iter().map(quoted).collect::<Vec<_>>().join(";")
    };
    let lines: Vec<String> = rows.iter().map(line).collect();
    let text = format!("{}\n{}\n", columns.join(";"), lines.join("\n"));
    read_all(TEXTS, rows.len(), |dice| {
        let mut content = text.clone().into_bytes();
        if dice.below(10) == 0 {
            content = format!("\u{feff}{text}").encode_utf16().flat_map(u16::to_le_bytes).collect();
        }
        dice.spoil(&mut content);
        content
    });
}

fn mutate_workbooks(form: &Form) {
    let (columns, rows) = (columns_of(form), good_rows(form));
    let header = || columns.iter().map(|name| Made::Text(name)).collect::<Vec<_>>();
    let cells = |row: &Vec<(&'static str, &'static str)>| {
        let cell = |name: &&'static str| match cell_of(row, name) {
            "" => Made::Blank,
            "2024" => Made::Number(0, "2024"),
            "20/12/2024" => Made::Number(1, "45646"),
            "Cấp tỉnh" => Made::Shared(0),
            "qd-12" => Made::Formula("1+1", "qd-12"),
            cell => Made::Text(cell),
        };
        columns.iter().map(cell).collect::<Vec<_>>()
    };
    let mut lines = vec![(1, vec![Made::Text("BÁO CÁO")]), (3, header())];
    lines.extend((4..).zip(rows.iter().map(cells)));
    let sheets = [
        ("Ghi chú", "", made::sheet(&[(1, vec![Made::Flag(true)])], &[])),
        ("S1", "", made::sheet(&lines, &["A1:E1"])),
    ];
    let parts = made::parts(&sheets, &["Cấp tỉnh"]);
    let whole = made::packed(&parts);
    read_all(WORKBOOKS, rows.len(), |dice| {
        if dice.below(10) == 0 {
            let mut content = whole.clone();
            dice.spoil(&mut content);
            return content;
        }
        // With sums that are right again, so that the parts are read.
        let mut parts = parts.clone();
        let at = dice.below(parts.len());
        let mut part = std::mem::take(&mut parts[at].1).into_bytes();
        dice.spoil(&mut part);
        parts[at].1 = String::from_utf8_lossy(&part).into_owned();
        made::packed(&parts)
    });
}

#[test]
fn mutated_statements_are_taken_or_refused() {
    mutate_texts(&STATEMENT);
    mutate_workbooks(&STATEMENT);
}

#[test]
fn mutated_recognitions_are_taken_or_refused() {
    mutate_texts(&RECOGNITION);
    mutate_workbooks(&RECOGNITION);
}

#[test]
fn mutated_activities_are_taken_or_refused() {
    mutate_texts(&ACTIVITY);
    mutate_workbooks(&ACTIVITY);
}

#[test]
fn mutated_memberships_are_taken_or_refused() {
    mutate_texts(&MEMBERSHIP);
    mutate_workbooks(&MEMBERSHIP);
}

#[test]
fn mutated_reference_data_are_taken_or_refused() {
    mutate_texts(&REFERENCE);
    mutate_workbooks(&REFERENCE);
}
