//! The HTTP doors: `POST /v1/events` for CloudEvents, `POST /v1/files` for sheets.
//!
//! In: a request. Out: 202 where every row was accepted, 207 where some were, else a problem document (RFC 9457) that
//! names field, reason and remedy. Guarantee: 202 and 207 are sent only after the log has acknowledged, and so is a
//! problem document with a `receipt`, under which what was refused is kept; with `dry_run=true` 200 says what would become
//! of it, and nothing is written; where tokens are asked for, nothing of a
//! request is kept before its sender is known (`caller`).

use std::sync::Arc;

use axum::body::Body;
use axum::extract::rejection::QueryRejection;
use axum::extract::{Query, Request, State};
use axum::http::{HeaderMap, HeaderName, Method, StatusCode, header};
use axum::middleware::{self, Next};
use axum::response::{IntoResponse, Json, Response};
use axum::routing::post;
use axum::{Extension, Router};
use lantoa_schemas::form::{FORMS, Form};
use lantoa_schemas::validate::Problem;
use lantoa_schemas::vocabulary::Via;
use serde::{Deserialize, Serialize};
use tower_http::decompression::RequestDecompressionLayer;

use crate::intake::{Answer, Intake, IntakeError, Submission};
use crate::parse::Notation;
use crate::preview::{Preview, Refusal};

mod body;
mod caller;
mod problem;

use body::Room;
use caller::Caller;
use problem::{ProblemDocument, RowError};

/// Header under which a sender gives a key of its own.
const IDEMPOTENCY_KEY: HeaderName = HeaderName::from_static("idempotency-key");

const EVENTS: &str = "/v1/events";
const FILES: &str = "/v1/files";

/// Longest name of a file, in characters.
const MAX_NAME: usize = 255;

struct Doors {
    intake: Arc<Intake>,
    room: Room,
}

impl Doors {
    /// Takes it in, and notes where its sender may not send it.
    async fn submit(&self, submission: Submission, caller: &Caller) -> Result<Answer, IntakeError> {
        let answer = self.intake.submit(submission).await;
        if let Err(IntakeError::NotGranted { .. }) = answer {
            caller.note_refused(&self.intake, "family");
        }
        answer
    }

    /// Takes it in, or says what would become of it.
    async fn answer(
        &self,
        submission: Submission,
        caller: &Caller,
        is_dry_run: bool,
    ) -> Result<Response, ProblemDocument> {
        if !is_dry_run {
            return answered(self.submit(submission, caller).await?);
        }
        let preview = self.intake.dry_run(submission).await;
        if let Err(IntakeError::NotGranted { .. }) = preview {
            caller.note_refused(&self.intake, "family");
        }
        foreseen(preview?)
    }
}

/// The routes over one path.
pub(crate) fn router(intake: Arc<Intake>) -> Router {
    let room = Room::new(intake.config());
    let doors = Arc::new(Doors { intake, room });
    // What it does not unpack comes through as it is, so that it is answered like everything else.
    let unpack = RequestDecompressionLayer::new().pass_through_unaccepted(true);
    Router::new()
        .route(EVENTS, post(events).fallback(only_post))
        .route(FILES, post(files).fallback(only_post))
        .route_layer(unpack)
        .route_layer(middleware::from_fn_with_state(Arc::clone(&doors), caller::known))
        .route_layer(middleware::from_fn_with_state(Arc::clone(&doors), counted))
        .with_state(doors)
}

/// Counts each answer.
async fn counted(State(doors): State<Arc<Doors>>, request: Request, next: Next) -> Response {
    let path = route_of(&request);
    let response = next.run(request).await;
    doors.intake.count_request(path, response.status().as_u16());
    response
}

fn route_of(request: &Request) -> &'static str {
    if request.uri().path() == EVENTS { EVENTS } else { FILES }
}

async fn only_post(method: Method) -> ProblemDocument {
    ProblemDocument::new(StatusCode::METHOD_NOT_ALLOWED, "method-not-allowed", "Only POST is taken here").because(
        "method",
        format!("{method} has no meaning here"),
        "send with POST",
    )
}

/// What `POST /v1/events` is asked beside the content.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct EventsQuery {
    /// Whether nothing is to be written: `true` or `false`.
    dry_run: Option<String>,
}

/// Whether nothing is to be written. Anything but the two words is refused: a slip must not write.
fn is_dry_run(asked: Option<&str>) -> Result<bool, ProblemDocument> {
    match asked {
        None | Some("false") => Ok(false),
        Some("true") => Ok(true),
        Some(_) => Err(bad_query(
            "dry_run",
            "is neither true nor false",
            "give dry_run=true to write nothing, or leave it out",
        )),
    }
}

async fn events(
    State(doors): State<Arc<Doors>>,
    Extension(caller): Extension<Caller>,
    query: Result<Query<EventsQuery>, QueryRejection>,
    headers: HeaderMap,
    body: Body,
) -> Result<Response, ProblemDocument> {
    // The body is read before anything is judged: a sender that is still sending would not see the answer.
    let (content, _room) = doors.room.read(&headers, body).await?;
    unpacked(&headers)?;
    let Query(query) = query.map_err(|error| bad_query("query", error.body_text(), "only dry_run can be asked"))?;
    let is_dry_run = is_dry_run(query.dry_run.as_deref())?;
    let notation = events_notation(&headers)?;
    let idempotency_key = idempotency_key(&headers)?;
    let sender = caller.sender.clone();
    let submission = Submission { sender, content, notation, via: Via::Http, name: None, idempotency_key };
    doors.answer(submission, &caller, is_dry_run).await
}

/// What `POST /v1/files` is asked beside the content.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct FileQuery {
    /// Name of the form; found by the header where it is not given.
    form: Option<String>,
    /// Name of the file, for the receipt.
    name: Option<String>,
    /// Whether nothing is to be written: `true` or `false`.
    dry_run: Option<String>,
}

async fn files(
    State(doors): State<Arc<Doors>>,
    Extension(caller): Extension<Caller>,
    query: Result<Query<FileQuery>, QueryRejection>,
    headers: HeaderMap,
    body: Body,
) -> Result<Response, ProblemDocument> {
    let (content, _room) = doors.room.read(&headers, body).await?;
    unpacked(&headers)?;
    let Query(query) =
        query.map_err(|error| bad_query("query", error.body_text(), "only form, name and dry_run can be asked"))?;
    if query.name.as_ref().is_some_and(|name| name.chars().count() > MAX_NAME || name.chars().any(char::is_control)) {
        let reason = format!("is longer than {MAX_NAME} characters or has control characters");
        return Err(bad_query("name", reason, "give a shorter name, or none"));
    }
    let is_dry_run = is_dry_run(query.dry_run.as_deref())?;
    let form = query.form.as_deref().map(form_named).transpose()?;
    let notation = sheet_notation(&headers, form)?;
    let idempotency_key = idempotency_key(&headers)?;
    let sender = caller.sender.clone();
    let submission = Submission { sender, content, notation, via: Via::File, name: query.name, idempotency_key };
    doors.answer(submission, &caller, is_dry_run).await
}

fn form_named(name: &str) -> Result<&'static Form, ProblemDocument> {
    let known = || FORMS.iter().map(|form| form.name).collect::<Vec<_>>().join(", ");
    Form::named(name).ok_or_else(|| bad_query("form", "is no form", format!("use one of {}", known())))
}

fn bad_query(part: &str, reason: impl Into<String>, remedy: impl Into<String>) -> ProblemDocument {
    let title = "The query of the address is wrong";
    ProblemDocument::new(StatusCode::BAD_REQUEST, "bad-query", title).because(part, reason, remedy)
}

fn idempotency_key(headers: &HeaderMap) -> Result<Option<String>, ProblemDocument> {
    let key = headers.get(IDEMPOTENCY_KEY).map(|key| key.to_str().map(str::to_owned));
    key.transpose().map_err(|_| crate::intake::IntakeError::Key.into())
}

/// Refuses a body that came packed and is packed still.
fn unpacked(headers: &HeaderMap) -> Result<(), ProblemDocument> {
    let packed = headers.get_all(header::CONTENT_ENCODING).iter().any(|coding| coding != "identity");
    if packed { Err(problem::content_encoding()) } else { Ok(()) }
}

fn events_notation(headers: &HeaderMap) -> Result<Notation, ProblemDocument> {
    const RIGHT: &str = "application/cloudevents+json for one event, application/cloudevents-batch+json for an array of \
                         events, application/json for either, application/x-ndjson for one event a line; in UTF-8";
    match content_type(headers, RIGHT)?.as_str() {
        "application/cloudevents+json" | "application/cloudevents-batch+json" | "application/json" => {
            Ok(Notation::Json)
        }
        "application/x-ndjson" | "application/ndjson" | "application/jsonl" => Ok(Notation::Lines),
        _ => Err(problem::content_type(RIGHT)),
    }
}

fn sheet_notation(headers: &HeaderMap, form: Option<&'static Form>) -> Result<Notation, ProblemDocument> {
    const RIGHT: &str = "text/csv, in UTF-8 or UTF-16, with commas, semicolons or tabs between the columns; or \
                         application/vnd.openxmlformats-officedocument.spreadsheetml.sheet for an Excel workbook (.xlsx)";
    match content_type_in(headers, &["utf-8", "us-ascii", "utf-16", "utf-16le", "utf-16be"], RIGHT)?.as_str() {
        // Browsers name a CSV file so on a machine that has Excel, and any file as bytes: its beginning says what it is.
        "text/csv" | "text/tab-separated-values" | "application/vnd.ms-excel" | "application/octet-stream" => {
            Ok(Notation::Sheet(form))
        }
        "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet" => Ok(Notation::Workbook(form)),
        _ => Err(problem::content_type(RIGHT)),
    }
}

/// The content type in small letters, without its parameters; of these only UTF-8 as `charset` is right.
fn content_type(headers: &HeaderMap, right: &str) -> Result<String, ProblemDocument> {
    content_type_in(headers, &["utf-8", "us-ascii"], right)
}

/// The content type in small letters, without its parameters, of which `charset` has to be one of those given.
fn content_type_in(headers: &HeaderMap, charsets: &[&str], right: &str) -> Result<String, ProblemDocument> {
    let given = headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or("");
    let mut parts = given.split(';').map(|part| part.trim().to_ascii_lowercase());
    let essence = parts.next().unwrap_or_default();
    let other_charset = parts
        .filter_map(|part| part.strip_prefix("charset=").map(|charset| charset.trim_matches('"').to_owned()))
        .any(|charset| !charsets.contains(&charset.as_str()));
    if other_charset { Err(problem::content_type(right)) } else { Ok(essence) }
}

#[derive(Serialize)]
struct AnswerBody<'a> {
    receipt: &'a str,
    sent: u64,
    accepted: usize,
    rejected: usize,
    events: Vec<EventBody<'a>>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    errors: Vec<RowError>,
}

#[derive(Serialize)]
struct EventBody<'a> {
    row: u64,
    event_id: &'a str,
    topic: &'static str,
    partition: i32,
    offset: i64,
}

fn answered(answer: Answer) -> Result<Response, ProblemDocument> {
    let errors = answer.rejected.iter().flat_map(RowError::of).collect::<Vec<_>>();
    if answer.accepted.is_empty() {
        return Err(problem::no_good_row(answer.receipt, answer.sent, errors));
    }
    let status = if errors.is_empty() { StatusCode::ACCEPTED } else { StatusCode::MULTI_STATUS };
    let events = answer.accepted.iter().map(|accepted| EventBody {
        row: accepted.row,
        event_id: &accepted.event_id,
        topic: accepted.stream.topic(),
        partition: accepted.position.partition,
        offset: accepted.position.offset,
    });
    let body = AnswerBody {
        receipt: &answer.receipt,
        sent: answer.sent,
        accepted: answer.accepted.len(),
        rejected: answer.rejected.len(),
        events: events.collect(),
        errors,
    };
    Ok((status, Json(body)).into_response())
}

fn foreseen(preview: Preview) -> Result<Response, ProblemDocument> {
    if preview.accepted > 0 {
        return Ok(Json(preview).into_response());
    }
    let error = |refusal: Refusal| RowError {
        row: Some(refusal.row),
        problem: Problem::new(refusal.field, refusal.reason, refusal.remedy),
    };
    Err(problem::no_good_row_tried(preview.sent, preview.errors.into_iter().map(error).collect()))
}

#[cfg(test)]
mod tests;
