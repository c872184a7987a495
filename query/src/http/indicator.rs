//! `GET /v1/indicators` and `GET /v1/indicators/{id}`: the catalogue, and figures of one indicator.
//!
//! In: parameters. Out: the rows of `indicator` or `trend` in the format asked for; as JSON with the catalogue's entry,
//! the settings and the SQL beside them. Guarantee: every answer names its permanent address.

use axum::body::Body;
use axum::extract::{Path, RawQuery, State};
use axum::http::Response;
use axum::http::header::{CONTENT_DISPOSITION, HeaderMap, LINK};
use axum::response::IntoResponse;
use axum::{Extension, Json};
use lantoa_schemas::catalogue::Indicator;
use lantoa_schemas::vocabulary::Vocabulary;
use serde_json::{Value, json};

use super::problem::Problem;
use super::{Face, Sent, put, respond, wanted};
use crate::access::Asker;
use crate::format::Format;
use crate::selection::{Asked, Refused, Wrong, address, tell};
use crate::session::version_of;
use crate::settings::Settings;

/// What an address of figures has beside a selection.
const OWN: [&str; 2] = ["view", "format"];

/// Address of an indicator.
pub(super) fn path(id: &str) -> String {
    format!("/v1/indicators/{id}")
}

/// Lists the catalogue's indicators.
pub(super) async fn catalogue(
    State(face): State<Face>,
    Extension(asker): Extension<Asker>,
) -> Result<impl IntoResponse, Problem> {
    face.open()?;
    let session = face.engine.session(&asker, &Settings::default()).map_err(crate::QueryError::from)?;
    let knowledge = session.knowledge().await?;
    let version = version_of(&knowledge)?;
    let indicators: Vec<Value> = knowledge.catalogue().indicators().iter().map(entry).collect();
    Ok(Json(json!({ "catalogue": version, "indicators": indicators })))
}

/// Answers figures of one indicator.
pub(super) async fn indicator(
    State(face): State<Face>,
    Extension(asker): Extension<Asker>,
    Path(id): Path<String>,
    RawQuery(query): RawQuery,
    headers: HeaderMap,
) -> Result<Response<Body>, Problem> {
    face.open()?;
    let asked = Asked::read(query.as_deref().unwrap_or_default(), &OWN)?;
    let named = asked.one("format").map(format).transpose()?;
    let format = named.map_or_else(|| wanted(&headers), Ok)?;
    let token = face.answers.token();
    let told = tell(&face.engine, &asker, &id, &asked).await?;
    let permanent = told.permanent();
    let mut again: Vec<(&str, &str)> = permanent.iter().map(|(name, value)| (*name, value.as_str())).collect();
    again.extend(named.map(|format| ("format", format.as_str())));
    let again = address(&path(&id), again);
    let mut around = (String::new(), "");
    if format == Format::Json {
        let of = told.knowledge.catalogue().indicator(&id).map(entry);
        let settings = Value::from_iter(told.standing.iter().map(|(name, value)| (*name, value.as_str())));
        let beside = json!({
            "permalink": again, "catalogue": told.known.catalogue, "events": told.known.events, "settings": settings,
            "indicator": of, "notices": told.answer.notices(), "query": told.sql(),
        });
        let mut before = beside.to_string();
        before.pop();
        around = (before + ",\"rows\":", "}");
    }
    let catalogue = told.known.catalogue;
    let sent = Sent { answer: told.answer, standing: told.standing, format, around };
    let mut response = respond(sent, token).await?;
    let headers = response.headers_mut();
    put(headers, LINK.as_str(), &format!("<{again}>; rel=\"canonical\""));
    put(headers, "lantoa-catalogue", &catalogue);
    if let Some(ending) = named.and_then(ending) {
        put(headers, CONTENT_DISPOSITION.as_str(), &format!("attachment; filename=\"{id}.{ending}\""));
    }
    Ok(response)
}

fn format(word: &str) -> Result<Format, Wrong> {
    word.parse().map_err(|_| {
        let known = Format::ALL.map(Format::as_str).join(", ");
        Wrong::new("format", format!("there is no format '{word}'"), format!("use {known}"))
    })
}

/// How the name of a file ends that a browser is to keep and not to show.
fn ending(format: Format) -> Option<&'static str> {
    match format.as_str() {
        "json" | "ndjson" | "table" | "markdown" => None,
        ending => Some(ending),
    }
}

/// An indicator as the catalogue has it.
fn entry(indicator: &Indicator) -> Value {
    let bases: Vec<&str> = indicator.bases.iter().map(|of| of.base.as_str()).collect();
    json!({
        "id": indicator.id, "href": path(&indicator.id), "name_vi": indicator.name_vi, "name_en": indicator.name_en,
        "measure": indicator.measure, "stage": indicator.stage.map(Vocabulary::as_str),
        "counts": indicator.counts.as_str(), "numerator_vi": indicator.numerator_vi,
        "numerator_en": indicator.numerator_en, "denominator_vi": indicator.denominator_vi,
        "denominator_en": indicator.denominator_en, "unit": indicator.unit.as_str(), "subject": indicator.subject,
        "bases": bases, "legal": indicator.legal, "direction": indicator.direction.as_str(),
        "additive": indicator.additive, "min_coverage_percent": indicator.min_coverage_percent,
        "nulls_vi": indicator.nulls_vi, "nulls_en": indicator.nulls_en, "defined_from": indicator.defined_from,
        "defined_to": indicator.defined_to,
    })
}

impl From<Refused> for Problem {
    fn from(refused: Refused) -> Self {
        match refused {
            Refused::NoIndicator(wrong) => Self::no_indicator(wrong),
            Refused::Wrong(wrong) => wrong.into(),
            Refused::Query(error) => error.into(),
        }
    }
}
