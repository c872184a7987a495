//! The views: SQL text over the ledger tables, one file a view in `views/`, planned by `query` with a session's
//! settings.
//!
//! What a view's text may name beside the tables of `table`: the ledger tables as the session's settings let them be
//! seen (`ledger_<family>`; where a view is judged anew for some areas only, the rows of those, and
//! `everywhere_<family>` all of them; `recorded_<family>` whatever sources had said by then), `fate_<family>` (what became
//! of the events that were corrected or taken back, and of corrections that wait), what `query` puts together on the
//! session's map (`indicator`, `coverage`, `suspicious`, `adoption`, `reconciled_total`), reference tables, other views,
//! and the functions of `query`. Column names and types are the contract.

/// A view: its name and the query it stands for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct View {
    /// Name in SQL.
    pub name: &'static str,
    /// One SELECT statement.
    pub sql: &'static str,
    /// Whether users see it: the others are what views are made of.
    pub listed: bool,
}

impl View {
    const fn listed(name: &'static str, sql: &'static str) -> Self {
        Self { name, sql, listed: true }
    }
}

/// All views, each after those it rests on.
pub const VIEWS: &[View] = &[
    View { name: "keyed_statement", sql: include_str!("../views/keyed_statement.sql"), listed: false },
    View { name: "judged_statement", sql: include_str!("../views/judged_statement.sql"), listed: false },
    View::listed("statement", include_str!("../views/statement.sql")),
    View::listed("counted", include_str!("../views/counted.sql")),
    View { name: "adopters", sql: include_str!("../views/adopters.sql"), listed: false },
    View::listed("activity", include_str!("../views/activity.sql")),
    View::listed("pilot", include_str!("../views/pilot.sql")),
    View::listed("trend", include_str!("../views/trend.sql")),
    View::listed("reconciliation", include_str!("../views/reconciliation.sql")),
    View::listed("rejected", include_str!("../views/rejected.sql")),
];

/// The view of a name.
pub fn named(name: &str) -> Option<&'static View> {
    VIEWS.iter().find(|view| view.name == name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_view_says_what_it_is_and_has_a_name_of_its_own() {
        for (at, view) in VIEWS.iter().enumerate() {
            assert!(view.sql.starts_with("-- "), "{}: the first line says what a row is", view.name);
            assert!(VIEWS[..at].iter().all(|other| other.name != view.name), "{} twice", view.name);
            assert_eq!(named(view.name), Some(view));
        }
        assert_eq!(named("nothing"), None);
    }
}
