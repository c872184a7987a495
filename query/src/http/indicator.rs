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
use lantoa_schemas::catalogue::{Counts, Direction, Indicator, Unit};
use lantoa_schemas::vocabulary::{Base, Stage, Vocabulary};
use serde::Serialize;
use serde_json::{Value, json};
use utoipa::ToSchema;
use utoipa::openapi::schema::{SchemaType, Type};
use utoipa::openapi::{Array, ObjectBuilder};

use super::describe::{CatalogueVersion, FigureRows, Parameters, Refused as Refusals, WhoAsks, word};
use super::problem::{Document, PROBLEM, Problem};
use super::{Face, Sent, put, respond, wanted};
use crate::access::Asker;
use crate::format::Format;
use crate::selection::{Asked, Refused, Wrong, address, tell};
use crate::session::version_of;
use crate::settings::Settings;

/// What an address of figures has beside a selection.
pub(super) const OWN: [&str; 2] = ["view", "format"];

/// Address of an indicator.
pub(super) fn path(id: &str) -> String {
    format!("/v1/indicators/{id}")
}

/// The indicators of the catalogue.
#[derive(Serialize, ToSchema)]
#[schema(as = Indicators)]
struct Listed<'a> {
    /// The catalogue's version.
    #[schema(value_type = CatalogueVersion)]
    catalogue: String,
    /// Its indicators, in its order.
    indicators: Vec<Entry<'a>>,
}

/// An indicator as the catalogue has it.
#[derive(Serialize, ToSchema)]
#[schema(as = Indicator)]
pub(super) struct Entry<'a> {
    /// Its id, as in the column indicator.
    id: &'a str,
    /// Address of its figures.
    href: String,
    /// Vietnamese name.
    name_vi: &'a str,
    /// English name.
    name_en: &'a str,
    /// The measure whose statements it is made of.
    measure: &'a str,
    /// The stage, of a title.
    #[schema(schema_with = stage)]
    stage: Option<&'static str>,
    /// What of a statement is the numerator.
    #[schema(schema_with = word::<Counts>)]
    counts: &'static str,
    /// The numerator in Vietnamese words.
    numerator_vi: &'a str,
    /// The numerator in English words.
    numerator_en: &'a str,
    /// The denominator of the first base in Vietnamese words; empty for a plain count.
    denominator_vi: &'a str,
    /// The denominator of the first base in English words; empty for a plain count.
    denominator_en: &'a str,
    /// The unit of its figure.
    #[schema(schema_with = word::<Unit>)]
    unit: &'static str,
    /// Scopes of whom it is counted.
    subject: &'a [String],
    /// What a rate of it may be a rate of.
    #[schema(schema_with = bases)]
    bases: Vec<&'static str>,
    /// The legal texts that define it, in the order of time.
    legal: Option<&'a str>,
    /// Which way is better.
    #[schema(schema_with = word::<Direction>)]
    direction: &'static str,
    /// Whether counts of areas add up to that of the area above.
    additive: bool,
    /// Percent of the areas below that must report before a rate is told of their sum.
    min_coverage_percent: f64,
    /// What a missing figure means, in Vietnamese.
    nulls_vi: &'a str,
    /// What a missing figure means, in English.
    nulls_en: &'a str,
    /// First year it is defined in; null where no text says.
    defined_from: Option<i32>,
    /// Last year it is defined in; null while it is, or where no text says.
    defined_to: Option<i32>,
}

/// A stage, or null.
fn stage() -> ObjectBuilder {
    let words = Stage::ALL.iter().map(|stage| json!(stage.as_str()));
    ObjectBuilder::new()
        .schema_type(SchemaType::from_iter([Type::String, Type::Null]))
        .enum_values(Some(words.chain([Value::Null])))
}

fn bases() -> Array {
    Array::new(word::<Base>())
}

/// List the indicators of the catalogue
#[utoipa::path(
    get,
    path = "/v1/indicators",
    operation_id = "listIndicators",
    tag = "query",
    responses(
        (status = 200, description = "The catalogue's version and its indicators.", body = Listed),
        WhoAsks,
        (status = 500, description = "The tables cannot be read.", body = Document, content_type = PROBLEM),
        (status = 503, description = "The program is stopping.", body = Document, content_type = PROBLEM),
    ),
    security(("password" = []), ()),
)]
pub(super) async fn catalogue(
    State(face): State<Face>,
    Extension(asker): Extension<Asker>,
) -> Result<Response<Body>, Problem> {
    face.open()?;
    let session = face.engine.session(&asker, &Settings::default()).map_err(crate::QueryError::from)?;
    let knowledge = session.knowledge().await?;
    let catalogue = version_of(&knowledge)?;
    let indicators = knowledge.catalogue().indicators().iter().map(entry).collect();
    Ok(Json(Listed { catalogue, indicators }).into_response())
}

/// Figures of an indicator
///
/// Rows of the view indicator or trend. The header Link names the permanent address of the answer: the same rows come
/// again under it, whatever is recorded later, and where that cannot be held a notice says so.
#[utoipa::path(
    get,
    path = "/v1/indicators/{id}",
    operation_id = "getIndicator",
    tag = "query",
    params(
        ("id" = String, Path, description = "Id of the indicator, as in /v1/indicators.", example = "learning_family"),
        Parameters,
    ),
    responses(
        FigureRows,
        (status = 400, description = "It has no answer.", body = Document, content_type = PROBLEM),
        WhoAsks,
        (status = 404, description = "There is no such indicator.", body = Document, content_type = PROBLEM),
        (status = 422, description = "A parameter cannot be taken.", body = Document, content_type = PROBLEM),
        Refusals,
    ),
    security(("password" = []), ()),
)]
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

fn entry(indicator: &Indicator) -> Entry<'_> {
    Entry {
        id: &indicator.id,
        href: path(&indicator.id),
        name_vi: &indicator.name_vi,
        name_en: &indicator.name_en,
        measure: &indicator.measure,
        stage: indicator.stage.map(Vocabulary::as_str),
        counts: indicator.counts.as_str(),
        numerator_vi: &indicator.numerator_vi,
        numerator_en: &indicator.numerator_en,
        denominator_vi: &indicator.denominator_vi,
        denominator_en: &indicator.denominator_en,
        unit: indicator.unit.as_str(),
        subject: &indicator.subject,
        bases: indicator.bases.iter().map(|of| of.base.as_str()).collect(),
        legal: indicator.legal.as_deref(),
        direction: indicator.direction.as_str(),
        additive: indicator.additive,
        min_coverage_percent: indicator.min_coverage_percent,
        nulls_vi: &indicator.nulls_vi,
        nulls_en: &indicator.nulls_en,
        defined_from: indicator.defined_from,
        defined_to: indicator.defined_to,
    }
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
