//! What clients ask of Postgres' catalogue: `pg_catalog`, its functions, and the SQL that tools send of themselves.
//!
//! In: the tables and views of an asker. Out: the same as Postgres would list them, with comments in Vietnamese and
//! English, and statements rewritten where the engine reads them otherwise than Postgres. Guarantee: nothing is in the
//! catalogue that the asker may not see; a statement that has nothing of the catalogue goes to the engine as it came.

use std::sync::Arc;

use super::client::ClientSettings;
use crate::session::Session;

mod functions;
mod rewrite;
mod tables;

pub(super) use rewrite::rewritten;

/// Name of the one database.
pub(super) const DATABASE: &str = "lantoa";

/// The session with the catalogue in it.
pub(super) fn added(session: Session, settings: &Arc<ClientSettings>) -> Session {
    let Some(public) = session.public() else { return session };
    let catalogue = Arc::new(tables::PgCatalog::new(public, &session.asker().name, Arc::clone(settings)));
    for function in functions::all(&catalogue) {
        session.add_function(function);
    }
    session.add_schema("pg_catalog", catalogue);
    session
}
