//! The questions by which rows are held against what is known, as SQL. Pure.
//!
//! Guarantee: whatever a row says stands in the text as one literal made by [`quoted`].

use std::collections::BTreeSet;

use lantoa_ingest::known::{Asked, COMPARED};
use lantoa_schemas::event::{Envelope, Facts};
use lantoa_schemas::natural_key::{AREA, BASE, FIGURES, KEY as NATURAL_KEY};
use lantoa_schemas::sql::quoted;
use lantoa_schemas::stream::{Family, Stream};
use lantoa_schemas::vocabulary::{Fact, Span, Vocabulary};

/// Word for an event of the row's own id.
pub(super) const ID: &str = "id";
/// Word for an event that the row corrects or takes back.
pub(super) const TARGET: &str = "target";
/// Word for the statement in force under the row's natural key.
pub(super) const KEY: &str = "key";

/// Columns of an answer before those of [`COMPARED`]: row, word, event id, instant of record, source.
pub(super) const BEFORE_SAID: usize = 5;

/// The columns of a statement that its key and figures are made of, beside its area and base.
const OF_THE_KEY: [&str; 17] = [
    "fact",
    "measure",
    "stage",
    "subject_scope",
    "period",
    "span",
    "as_at",
    "plan",
    "source",
    "stated_on",
    "quote",
    "numerator",
    "numerator_precision",
    "denominator",
    "sessions",
    "sessions_precision",
    "printed_percent",
];

fn literal(text: Option<&str>) -> String {
    text.map_or_else(|| "NULL".to_owned(), quoted)
}

/// The content that first came under a receipt's key.
pub(super) fn content_of(receipt: &str) -> String {
    let (table, id) = (Stream::Receipt.table(), Stream::Receipt.id_column());
    format!("SELECT content_hash FROM {table} WHERE {id} = {} LIMIT 1", quoted(receipt))
}

/// The events of the ids that rows have, and of those that they correct or take back: a question a family.
pub(super) fn by_id(rows: &[Asked]) -> Vec<String> {
    Family::ALL.iter().filter_map(|&family| of_family(family, rows)).collect()
}

fn of_family(family: Family, rows: &[Asked]) -> Option<String> {
    let (mut lines, mut ids) = (Vec::new(), BTreeSet::new());
    for asked in rows.iter().filter(|asked| asked.event.facts.family() == family) {
        let envelope = &asked.event.envelope;
        let own = (ID, Some(&envelope.event_id));
        for (word, id) in [own, (TARGET, envelope.supersedes.as_ref()), (TARGET, envelope.retracts.as_ref())] {
            let Some(id) = id else { continue };
            ids.insert(quoted(id));
            lines.push(format!("({}, '{word}', {}, {})", asked.row, quoted(id), place(envelope)));
        }
    }
    if lines.is_empty() {
        return None;
    }
    let said = match family {
        Family::Statement => COMPARED.map(|column| format!(", known.{column}")).concat(),
        _ => String::new(),
    };
    let (table, ids) = (family.stream().table(), Vec::from_iter(ids).join(", "));
    // Whose an event is, is told by its area: of another one's nothing is said but that the id is there.
    Some(format!(
        "SELECT asked.asked_row, asked.word, known.event_id, known.recorded, known.source{said}
        FROM (SELECT *, {AREA} AS area_key FROM ({})) AS asked
        JOIN (SELECT *, {AREA} AS area_key FROM {table} WHERE event_id IN ({ids})) AS known
            ON known.event_id = asked.id
        WHERE asked.word = '{ID}' OR asked.area_key = known.area_key",
        typed(&["word", "id"], &lines)
    ))
}

/// The statements in force under the natural keys that rows have; `None` where no row has one.
pub(super) fn by_key(rows: &[Asked]) -> Option<String> {
    let (mut lines, mut sources, mut periods) = (Vec::new(), BTreeSet::new(), BTreeSet::new());
    for asked in rows {
        let (envelope, Facts::Statement(facts)) = (&asked.event.envelope, &asked.event.facts) else { continue };
        // What corrects or takes back another event is held against that.
        if envelope.supersedes.is_some() || envelope.retracts.is_some() {
            continue;
        }
        let Some(fact) = facts.fact else { continue };
        let said = asked.said();
        // It counts only where there is no other key, and may be long.
        let has_quote = matches!(fact, Fact::Pilot | Fact::Exemplary) || facts.span == Some(Span::Once);
        let stated_on = envelope.stated_on.map(|day| day.to_string());
        let cells = OF_THE_KEY.map(|column| {
            literal(match column {
                "source" => envelope.source.as_deref(),
                "stated_on" => stated_on.as_deref(),
                "quote" => facts.quote.as_deref().filter(|_| has_quote),
                other => said.get(other).map(String::as_str),
            })
        });
        sources.insert(envelope.source.as_deref().map(quoted));
        periods.insert(said.get("period").map(|period| quoted(period)));
        let base = literal(said.get("base").map(String::as_str));
        lines.push(format!("({}, {}, {base}, {})", asked.row, cells.join(", "), place(envelope)));
    }
    if lines.is_empty() {
        return None;
    }
    let columns = [&OF_THE_KEY[..], &["base"]].concat();
    let keyed = |rows: &str, known_base: &str| {
        format!(
            "SELECT *, {NATURAL_KEY} AS row_key
            FROM (SELECT *{known_base}, {FIGURES} AS figures, {AREA} AS area_key FROM {rows})"
        )
    };
    let asked = keyed(&format!("({})", typed(&columns, &lines)), &format!(", {BASE} AS known_base"));
    // Both are of the key, and there are few of either: the others need not be looked at.
    let narrowed = [("source", sources), ("period", periods)].map(|(column, values)| narrowed(column, values)).concat();
    let told = keyed(&format!("(SELECT * FROM judged_statement WHERE in_force{narrowed})"), "");
    let said = COMPARED.map(|column| format!(", told.{column}")).concat();
    Some(format!(
        "SELECT asked.asked_row, '{KEY}' AS word, told.event_id, told.recorded, told.source{said}
        FROM ({asked}) AS asked
        JOIN ({told}) AS told ON told.row_key = asked.row_key"
    ))
}

/// A condition that a column has one of the values; none where one of them is blank.
fn narrowed(column: &str, values: BTreeSet<Option<String>>) -> String {
    let all: Option<Vec<String>> = values.into_iter().collect();
    all.map_or_else(String::new, |values| format!(" AND {column} IN ({})", values.join(", ")))
}

/// The cells of an event's area, in the order of [`PLACE`].
fn place(envelope: &Envelope) -> String {
    let level = envelope.area_level.map(|level| level.to_string());
    let day = envelope.area_date.map(|day| day.to_string());
    [level.as_deref(), envelope.area_code.as_deref(), day.as_deref(), envelope.area_name.as_deref()]
        .map(literal)
        .join(", ")
}

/// The columns of an area and their types.
const PLACE: [(&str, &str); 4] =
    [("area_level", "Utf8"), ("area_code", "Utf8"), ("area_date", "Date32"), ("area_name", "Utf8")];

/// Lines of a row's number, texts and an area as a question, each column of its type though all of it were blank.
fn typed(texts: &[&str], lines: &[String]) -> String {
    let texts = texts.iter().map(|name| (*name, "Utf8"));
    let columns: Vec<_> = [("asked_row", "Int64")].into_iter().chain(texts).chain(PLACE).collect();
    let names: Vec<&str> = columns.iter().map(|(name, _)| *name).collect();
    let cast = columns.iter().map(|(name, kind)| format!("arrow_cast({name}, '{kind}') AS {name}"));
    let (cast, names) = (Vec::from_iter(cast).join(", "), names.join(", "));
    format!("SELECT {cast} FROM (VALUES {}) AS given ({names})", lines.join(", "))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_stays_one_literal() {
        assert_eq!(literal(None), "NULL");
        assert!(content_of("k' OR ''='").contains("= 'k'' OR ''''='''"));
    }

    #[test]
    fn a_blank_value_narrows_nothing() {
        let values = |values: &[Option<&str>]| values.iter().map(|value| value.map(quoted)).collect();
        assert_eq!(narrowed("period", values(&[Some("2024"), Some("2023")])), " AND period IN ('2023', '2024')");
        assert_eq!(narrowed("period", values(&[Some("2024"), None])), "");
    }
}
