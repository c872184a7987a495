//! The views: SQL text over the ledger tables, one file a view in `views/`, planned by `query` with a session's
//! settings.
//!
//! What a view's text may name beside the tables of `table`: the ledger tables as the session's settings let them be
//! seen (`ledger_<family>`), `fate_<family>` (what became of the events that were corrected or taken back, and of
//! corrections that wait), other views, and the functions of `query`. Column names and types are the contract.

/// A view: its name and the query it stands for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct View {
    /// Name in SQL.
    pub name: &'static str,
    /// One SELECT statement.
    pub sql: &'static str,
}

/// All views, each after those it rests on.
pub const VIEWS: &[View] = &[
    View { name: "statement", sql: include_str!("../views/statement.sql") },
    View { name: "indicator", sql: include_str!("../views/indicator.sql") },
    View { name: "activity", sql: include_str!("../views/activity.sql") },
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
