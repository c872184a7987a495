//! The natural key of a statement: under one key a source says one thing at a time.
//!
//! In: nothing. Out: the key and what it is made of as SQL over the columns of a statement, and the columns that are its
//! figures. Guarantee: the view `judged_statement` judges by the same texts; a test holds them against it.

/// The area, one text through time, as [`KEY`] takes it by the name `area_key`.
pub const AREA: &str = "area_key(area_level, area_code, area_date, area_name)";

/// The base, as [`KEY`] takes it by the name `known_base`.
pub const BASE: &str = "coalesce(base, 'unknown')";

/// The figures as one text, as [`KEY`] takes them by the name `figures`.
pub const FIGURES: &str =
    "key_of(numerator, numerator_precision, denominator, sessions, sessions_precision, printed_percent)";

/// The columns of [`FIGURES`].
pub const FIGURE_COLUMNS: [&str; 6] =
    ["numerator", "numerator_precision", "denominator", "sessions", "sessions_precision", "printed_percent"];

/// The key, over columns of a statement and `area_key`, `known_base` and `figures`.
pub const KEY: &str = "key_of(area_key, fact, measure, stage, subject_scope, known_base, period, span, as_at, plan, source, \
                       CASE WHEN fact IN ('pilot', 'exemplary') OR span = 'once' THEN key_of(figures, stated_on, quote) END)";

#[cfg(test)]
mod tests {
    use super::*;
    use crate::views::named;

    /// On one line, without the name of the table in front of columns.
    fn plain(sql: &str) -> String {
        let code = sql.lines().filter(|line| !line.trim_start().starts_with("--"));
        let words: Vec<&str> = code.flat_map(str::split_whitespace).collect();
        words.join(" ").replace("( ", "(").replace(" )", ")").replace("ledger.", "")
    }

    #[test]
    fn the_view_judges_by_the_same_key() {
        let view = plain(named("keyed_statement").unwrap().sql);
        for (sql, name) in [(AREA, "area_key"), (BASE, "known_base"), (FIGURES, "figures"), (KEY, "natural_key")] {
            let column = format!("{} AS {name}", plain(sql));
            assert!(view.contains(&column), "{column} is not in\n{view}");
        }
        assert_eq!(FIGURES, format!("key_of({})", FIGURE_COLUMNS.join(", ")));
    }
}
