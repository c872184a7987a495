//! `GET /v1/releases`: what releases there are for whoever asks, as the table `release` has them.

use axum::body::Body;
use axum::extract::State;
use axum::http::Response;
use axum::response::IntoResponse;
use axum::{Extension, Json};
use chrono::{DateTime, NaiveDate, Utc};
use serde::Serialize;
use utoipa::ToSchema;

use super::Face;
use super::describe::WhoAsks;
use super::problem::{Document, PROBLEM, Problem};
use crate::access::Asker;
use crate::error::QueryError;
use crate::release::{Name, Stored, Version, Withdrawn};

/// The releases that there are for whoever asks.
#[derive(Serialize, ToSchema)]
#[schema(as = Releases)]
struct Listed<'a> {
    /// By name and version.
    releases: Vec<Entry<'a>>,
}

/// A release.
#[derive(Serialize, ToSchema)]
#[schema(as = Release)]
struct Entry<'a> {
    /// Name and exact version, as it is asked for.
    #[schema(examples("LLW-2025@1.0.0"))]
    release: String,
    /// Its name.
    #[schema(value_type = String)]
    name: &'a Name,
    /// Its version.
    #[schema(value_type = String)]
    version: &'a Version,
    /// What it is, for people.
    title: Option<&'a str>,
    /// Day or instant up to which records are in it.
    as_of: &'a str,
    /// Last day of telling, where that is limited.
    #[schema(value_type = Option<String>, format = Date)]
    stated_by: Option<NaiveDate>,
    /// Its maps: as_reported, or each map's first known day.
    maps: &'a [String],
    /// Events in all ledgers by then.
    events: i64,
    /// Rows of all its tables together.
    rows: u64,
    /// Of its manifest, by which the whole release can be cited.
    sha256: &'a str,
    /// When it becomes public; null where it is at once.
    #[schema(value_type = Option<String>, format = DateTime)]
    embargo: Option<DateTime<Utc>>,
    /// The day on which it was withdrawn, if it was.
    #[schema(value_type = Option<String>, format = Date)]
    withdrawn_on: Option<NaiveDate>,
    /// Why it was.
    withdrawn_reason: Option<&'a str>,
}

/// List the releases
///
/// By name and version, as the table release has them. A reader is told of those that are public.
#[utoipa::path(
    get,
    path = "/v1/releases",
    operation_id = "listReleases",
    tag = "query",
    responses(
        (status = 200, description = "The releases.", body = Listed),
        WhoAsks,
        (
            status = 500,
            description = "The folder of releases cannot be read.",
            body = Document,
            content_type = PROBLEM,
        ),
        (status = 503, description = "The program is stopping.", body = Document, content_type = PROBLEM),
    ),
    security(("password" = []), ()),
)]
pub(super) async fn releases(
    State(face): State<Face>,
    Extension(asker): Extension<Asker>,
) -> Result<Response<Body>, Problem> {
    face.open()?;
    let stored = face.engine.shelf(&asker).stored().await.map_err(QueryError::from)?;
    Ok(Json(Listed { releases: stored.iter().map(entry).collect() }).into_response())
}

fn entry(stored: &Stored) -> Entry<'_> {
    let Stored { manifest, sha256, withdrawn, .. } = stored;
    Entry {
        release: manifest.reference(),
        name: &manifest.name,
        version: &manifest.version,
        title: manifest.title.as_deref(),
        as_of: &manifest.as_of,
        stated_by: manifest.stated_by,
        maps: &manifest.maps,
        events: manifest.events,
        rows: stored.rows(),
        sha256,
        embargo: manifest.embargo,
        withdrawn_on: withdrawn.as_ref().map(Withdrawn::on),
        withdrawn_reason: withdrawn.as_ref().map(|withdrawn| withdrawn.reason.as_str()),
    }
}
