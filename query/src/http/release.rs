//! `GET /v1/releases`: what releases there are for whoever asks, as the table `release` has them.

use axum::extract::State;
use axum::response::IntoResponse;
use axum::{Extension, Json};
use serde_json::{Value, json};

use super::Face;
use super::problem::Problem;
use crate::access::Asker;
use crate::error::QueryError;
use crate::release::{Stored, Withdrawn};

/// Lists the releases, by name and version.
pub(super) async fn releases(
    State(face): State<Face>,
    Extension(asker): Extension<Asker>,
) -> Result<impl IntoResponse, Problem> {
    face.open()?;
    let stored = face.engine.shelf(&asker).stored().await.map_err(QueryError::from)?;
    let releases: Vec<Value> = stored.iter().map(entry).collect();
    Ok(Json(json!({ "releases": releases })))
}

fn entry(stored: &Stored) -> Value {
    let Stored { manifest, sha256, withdrawn, .. } = stored;
    json!({
        "release": manifest.reference(), "name": manifest.name, "version": manifest.version, "title": manifest.title,
        "as_of": manifest.as_of, "stated_by": manifest.stated_by, "maps": manifest.maps, "events": manifest.events,
        "rows": stored.rows(), "sha256": sha256, "embargo": manifest.embargo,
        "withdrawn_on": withdrawn.as_ref().map(Withdrawn::on),
        "withdrawn_reason": withdrawn.as_ref().map(|withdrawn| withdrawn.reason.as_str()),
    })
}
