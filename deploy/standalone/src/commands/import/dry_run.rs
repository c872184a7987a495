//! What importing files would do, in plain words.
//!
//! In: files. Out: on standard error everything that is wrong; on standard output a line a row that is new or changed, and
//! what they come to. Guarantee: nothing is written.

use std::collections::BTreeSet;
use std::io::Write;

use lantoa_ingest::preview::{Change, Counts, FieldChange, GoodRow, Preview, Refusal};
use lantoa_ingest::returned::Refused;
use lantoa_schemas::validate::Problem;

use super::door::{Door, line};
use super::{Order, Sum};
use crate::progress::during;

/// Says of every file what would become of it.
pub(super) async fn foresee_all(door: &Door, order: Order<'_>) -> Sum {
    let (mut sum, mut all, mut has_diff) = (Sum::default(), Counts::default(), true);
    for (index, source) in order.sources.iter().enumerate() {
        let name = source.name();
        let Some(content) = source.read_or_say().await else {
            sum.failed += 1;
            continue;
        };
        let what = format!("{name} ({} of {})", index + 1, order.sources.len());
        match during(&what, door.foresee(&name, content, order.form)).await {
            Ok(preview) => {
                report(&name, &preview);
                sum.accepted += usize::try_from(preview.accepted).unwrap_or(usize::MAX);
                sum.rejected += usize::try_from(preview.rejected).unwrap_or(usize::MAX);
                match preview.diff {
                    Some(counts) => all = added(all, counts),
                    None => has_diff = false,
                }
            }
            Err(refusal) => {
                eprintln!("{name}: {}", refusal.words);
                let rows: BTreeSet<u64> = refusal.refused.iter().filter_map(|refused| refused.row).collect();
                sum.rejected += rows.len();
                sum.failed += 1;
            }
        }
    }
    let diff = if has_diff { format!(": {}", in_words(all)) } else { String::new() };
    let _ = writeln!(
        std::io::stdout(),
        "dry run, nothing was written: {} rows good, {} would be refused{diff}",
        sum.accepted,
        sum.rejected
    );
    sum
}

fn added(one: Counts, other: Counts) -> Counts {
    Counts {
        new: one.new + other.new,
        changed: one.changed + other.changed,
        unchanged: one.unchanged + other.unchanged,
        duplicate: one.duplicate + other.duplicate,
    }
}

fn in_words(counts: Counts) -> String {
    let Counts { new, changed, unchanged, duplicate } = counts;
    format!("{new} new, {changed} changed, {unchanged} unchanged, {duplicate} there already")
}

fn report(name: &str, preview: &Preview) {
    for Refusal { row, field, reason, remedy } in &preview.errors {
        let problem = Problem::new(field, reason, remedy);
        eprintln!("{name}: {}", line(&Refused { row: Some(*row), problem }));
    }
    if let Some(why) = &preview.why {
        eprintln!("{name}: what would change cannot be said: {why}");
    }
    let mut out = std::io::stdout().lock();
    for words in preview.rows.iter().filter_map(said) {
        let _ = writeln!(out, "{words}");
    }
    let diff = preview.diff.map_or_else(String::new, |counts| format!(" ({})", in_words(counts)));
    let _ = writeln!(out, "{name}: {} rows good{diff}, {} would be refused", preview.accepted, preview.rejected);
}

/// A row that is new or changes something, in one line; `None` for the others.
fn said(row: &GoodRow) -> Option<String> {
    let parts = [row.area.as_deref(), row.period.as_deref(), row.measure.as_deref()];
    let mut what = parts.into_iter().flatten().collect::<Vec<_>>().join(", ");
    if what.is_empty() {
        what.clone_from(&row.event_type);
    }
    let what = format!("row {}: {what}", row.row);
    match row.change? {
        Change::New => Some(format!("{what}: new")),
        Change::Changed => {
            let fields = row.fields.iter().map(changed).collect::<Vec<_>>().join("; ");
            let fields = if fields.is_empty() { "no other figure".to_owned() } else { fields };
            let known = row.known.as_ref().map_or_else(String::new, |known| {
                let day = known.recorded.as_deref().map_or_else(String::new, |day| format!(", recorded {day}"));
                let is_taken_back = row.event_type.ends_with(".retracted.v1");
                let verb = if is_taken_back { "takes back" } else { "corrects" };
                format!(" ({verb} {}{day})", known.event_id)
            });
            Some(format!("{what}: {fields}{known}"))
        }
        Change::Unchanged | Change::Duplicate => None,
    }
}

fn changed(change: &FieldChange) -> String {
    let shown = |value: &Option<String>| value.as_deref().map_or_else(|| "nothing".to_owned(), grouped);
    let plain = |value: &Option<String>| value.clone().unwrap_or_else(|| "nothing".to_owned());
    let is_count = ["numerator", "denominator", "sessions"].contains(&change.field.as_str());
    let (from, to) = match is_count {
        true => (shown(&change.from), shown(&change.to)),
        false => (plain(&change.from), plain(&change.to)),
    };
    format!("{} {from} -> {to}", change.field)
}

/// A count with points between thousands, as offices write it.
fn grouped(count: &str) -> String {
    let mut letters = String::new();
    for (at, digit) in count.char_indices() {
        if at > 0 && (count.len() - at).is_multiple_of(3) {
            letters.push('.');
        }
        letters.push(digit);
    }
    letters
}

#[cfg(test)]
mod tests {
    use lantoa_ingest::preview::KnownEvent;

    use super::*;

    fn row(change: Change, fields: &[(&str, Option<&str>, Option<&str>)]) -> GoodRow {
        let text = |value: Option<&str>| value.map(str::to_owned);
        let field = |(field, from, to): &(&str, Option<&str>, Option<&str>)| FieldChange {
            field: (*field).to_owned(),
            from: text(*from),
            to: text(*to),
        };
        let recorded = text(Some("2025-01-02"));
        GoodRow {
            row: 12,
            event_id: "e-2".to_owned(),
            event_type: "vn.lantoa.statement.stated.v1".to_owned(),
            area: text(Some("Bắc Giang")),
            period: text(Some("2024")),
            measure: text(Some("learning_family")),
            change: Some(change),
            known: Some(KnownEvent { event_id: "e-1".to_owned(), source: text(Some("s")), recorded }),
            fields: fields.iter().map(field).collect(),
        }
    }

    #[test]
    fn a_row_is_told_in_one_line() {
        let figures = [("numerator", Some("1234"), Some("1243")), ("printed_percent", Some("65.8"), None)];
        let told = said(&row(Change::Changed, &figures)).unwrap();
        assert_eq!(
            told,
            "row 12: Bắc Giang, 2024, learning_family: numerator 1.234 -> 1.243; printed_percent 65.8 -> nothing \
             (corrects e-1, recorded 2025-01-02)"
        );
        let event_type = "vn.lantoa.statement.retracted.v1".to_owned();
        let back = said(&GoodRow { event_type, ..row(Change::Changed, &figures[..1]) }).unwrap();
        assert!(back.ends_with("numerator 1.234 -> 1.243 (takes back e-1, recorded 2025-01-02)"), "{back}");
        assert_eq!(said(&row(Change::New, &[])).unwrap(), "row 12: Bắc Giang, 2024, learning_family: new");
        assert_eq!(said(&row(Change::Unchanged, &[])), None);
        assert_eq!(said(&row(Change::Duplicate, &[])), None);
        let nothing = GoodRow { area: None, period: None, measure: None, ..row(Change::New, &[]) };
        assert_eq!(said(&nothing).unwrap(), "row 12: vn.lantoa.statement.stated.v1: new");
        for (count, expected) in [("7", "7"), ("138", "138"), ("1234", "1.234"), ("1234567", "1.234.567")] {
            assert_eq!(grouped(count), expected);
        }
    }
}
