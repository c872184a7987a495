//! Sheets with something wrong in them, ten thousand of each kind and the same in every run: none panics, none takes
//! long, and each row is either taken or refused with a reason and a remedy.

use std::time::{Duration, Instant};

use lantoa_schemas::form::STATEMENT;
use lantoa_schemas::knowledge::Knowledge;
use lantoa_schemas::validate::Stamp;
use lantoa_schemas::vocabulary::Via;

use super::made::{self, Made};
use super::*;

const RUNS: u64 = 10_000;

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
];

/// Random numbers, the same in each run: splitmix64.
struct Dice(u64);

impl Dice {
    fn below(&mut self, bound: usize) -> usize {
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

/// Reads many mutations of a content; some have to be good and some refused, or nothing was shown.
fn read_all(mut make: impl FnMut(&mut Dice) -> Vec<u8>) {
    let knowledge = Knowledge::shipped();
    let (mut unread, mut with_good, mut with_bad) = (0, 0, 0);
    for run in 0..RUNS {
        // A dice of its own for each, so that one can be repeated alone.
        match read(&make(&mut Dice(run)), &knowledge) {
            None => unread += 1,
            Some(3) => with_good += 1,
            Some(_) => with_bad += 1,
        }
    }
    assert!(
        unread > 100 && with_good > 100 && with_bad > 100,
        "{unread} unread, {with_good} good, {with_bad} not all good"
    );
}

#[test]
fn a_mutated_text_is_taken_or_refused() {
    let row = |numerator: &str, percent: &str| {
        format!(
            "ha-giang-2024;20/12/2024;province;02;2024-12-31;Hà Giang;actual;learning_family;recognised;household;2024;2024;\
             stock;all;{numerator};;;;;{percent};;\"Gia đình; học tập\"\n"
        )
    };
    let rows = [row("hơn 138.068/187.624", "73,58 %"), row("138068", ""), row("", "75-80")].concat();
    let text = format!("{}\n{rows}", STATEMENT.columns.join(";"));
    read_all(|dice| {
        let mut content = text.clone().into_bytes();
        if dice.below(4) == 0 {
            content = format!("\u{feff}{text}").encode_utf16().flat_map(u16::to_le_bytes).collect();
        }
        dice.spoil(&mut content);
        content
    });
}

#[test]
fn a_mutated_workbook_is_taken_or_refused() {
    let rows = [
        (1, vec![Made::Text("BÁO CÁO")]),
        (3, made::header()),
        (4, made::row(vec![("numerator", Made::Shared(0))])),
        (5, made::row(vec![("quote", Made::Formula("1+1", "2"))])),
        (7, made::row(vec![("printed_percent", Made::Text("75-80"))])),
    ];
    let sheets =
        [("Ghi chú", "", made::sheet(&[(1, vec![Made::Flag(true)])], &[])), ("S1", "", made::sheet(&rows, &["A1:V1"]))];
    let parts = made::parts(&sheets, &["hơn 138.068/187.624"]);
    let whole = made::packed(&parts);
    read_all(|dice| {
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
