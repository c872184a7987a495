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
use axum::routing::MethodRouter;
use axum::{Extension, Router};
use bytes::Bytes;
use lantoa_schemas::form::{FORMS, Form};
use lantoa_schemas::validate::Problem;
use lantoa_schemas::vocabulary::Via;
use serde::{Deserialize, Serialize};
use tower_http::decompression::RequestDecompressionLayer;
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::{OpenApiRouter, UtoipaMethodRouterExt};
use utoipa_axum::routes;

use crate::intake::{Answer, Intake, IntakeError, Submission};
use crate::parse::Notation;
use crate::preview::{Preview, Refusal};

mod body;
mod caller;
mod describe;
mod problem;

use body::{Held, Room};
use caller::Caller;
pub use describe::api;
use describe::{CloudEvent, Lines, OneOrMore, Refused, SenderHeaders, sheet_example};
use problem::{PROBLEM, ProblemDocument, RowError};

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

    /// Reads a body; where nothing can be taken in now, says so without keeping any of it.
    async fn read(&self, headers: &HeaderMap, body: Body) -> Result<(Bytes, Held), ProblemDocument> {
        match self.intake.open() {
            Ok(()) => self.room.read(headers, body).await,
            Err(closed) => Err(self.room.turned_away(headers, body, closed.into()).await),
        }
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
    Router::from(routes())
        .route_layer(unpack)
        .route_layer(middleware::from_fn_with_state(Arc::clone(&doors), caller::known))
        .route_layer(middleware::from_fn_with_state(Arc::clone(&doors), counted))
        .with_state(doors)
}

/// The routes as they are described, and nothing around them yet.
fn routes() -> OpenApiRouter<Arc<Doors>> {
    OpenApiRouter::default()
        .routes(routes!(events).map(|route: MethodRouter<Arc<Doors>>| route.fallback(only_post)))
        .routes(routes!(files).map(|route: MethodRouter<Arc<Doors>>| route.fallback(only_post)))
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
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
struct EventsQuery {
    /// Whether nothing is written: the answer then says what would become of each row and what it would change.
    #[param(value_type = bool, required = false)]
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

/// Send events (CloudEvents 1.0)
///
/// The answer comes after the log has acknowledged. Sending the same again changes nothing: an event id counts once. The
/// fields of `data` are in the Avro schemas; numbers and dates may be texts as an office prints them.
#[utoipa::path(
    post,
    path = EVENTS,
    operation_id = "sendEvents",
    tag = "ingest",
    params(EventsQuery, SenderHeaders),
    request_body(content(
        (CloudEvent = "application/cloudevents+json"),
        (Vec<CloudEvent> = "application/cloudevents-batch+json"),
        (inline(OneOrMore) = "application/json"),
        (inline(Lines) = "application/x-ndjson"),
    )),
    responses(
        (
            status = 200,
            description = "Of a dry run: what would become of each row and what it would change. Nothing was written.",
            body = Preview,
        ),
        (status = 202, description = "All was accepted.", body = AnswerBody),
        (status = 207, description = "A part was accepted; errors has the others.", body = AnswerBody),
        (status = 400, description = "The content or the query of the address cannot be read.", body = ProblemDocument, content_type = PROBLEM),
        (status = 413, description = "The content, unpacked, is too large.", body = ProblemDocument, content_type = PROBLEM),
        Refused,
    ),
    security(("bearer" = []), ()),
)]
async fn events(
    State(doors): State<Arc<Doors>>,
    Extension(caller): Extension<Caller>,
    query: Result<Query<EventsQuery>, QueryRejection>,
    headers: HeaderMap,
    body: Body,
) -> Result<Response, ProblemDocument> {
    // The body is read before anything is judged: a sender that is still sending would not see the answer.
    let (content, _room) = doors.read(&headers, body).await?;
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
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
struct FileQuery {
    /// Name of the form, such as statement; found by the header where it is not given.
    form: Option<String>,
    /// Name of the file, for the receipt.
    #[param(max_length = 255)]
    name: Option<String>,
    /// Whether nothing is written: the answer then says what would become of each row and what it would change.
    #[param(value_type = bool, required = false)]
    dry_run: Option<String>,
}

/// Send a sheet in a form
///
/// A sheet with a header, by which the form is found: an Excel workbook (.xlsx), or CSV in UTF-8 or UTF-16 with commas,
/// semicolons or tabs. The content says which of both it is, whatever its type but that of a workbook. In a workbook the
/// first visible sheet that has such a header counts, which may stand below a title.
#[utoipa::path(
    post,
    path = FILES,
    operation_id = "sendFile",
    tag = "ingest",
    params(FileQuery, SenderHeaders),
    request_body(content(
        (String = "text/csv", example = sheet_example),
        (String = "text/tab-separated-values"),
        ("application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"),
        ("application/vnd.ms-excel"),
        ("application/octet-stream"),
    )),
    responses(
        (
            status = 200,
            description = "Of a dry run: what would become of each row and what it would change. Nothing was written.",
            body = Preview,
        ),
        (status = 202, description = "All rows were accepted.", body = AnswerBody),
        (status = 207, description = "Some rows were accepted; errors has the others.", body = AnswerBody),
        (
            status = 400,
            description = "The file or the query of the address cannot be read.",
            body = ProblemDocument,
            content_type = PROBLEM,
        ),
        (status = 413, description = "The file, unpacked, is too large.", body = ProblemDocument, content_type = PROBLEM),
        Refused,
    ),
    security(("bearer" = []), ()),
)]
async fn files(
    State(doors): State<Arc<Doors>>,
    Extension(caller): Extension<Caller>,
    query: Result<Query<FileQuery>, QueryRejection>,
    headers: HeaderMap,
    body: Body,
) -> Result<Response, ProblemDocument> {
    let (content, _room) = doors.read(&headers, body).await?;
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

/// What became of the rows.
#[derive(Serialize, ToSchema)]
#[schema(as = Taken)]
struct AnswerBody<'a> {
    /// Key of the receipt.
    receipt: &'a str,
    /// Rows that were sent.
    sent: u64,
    /// Rows that were accepted.
    accepted: usize,
    /// Rows that were not.
    rejected: usize,
    /// The accepted ones, as events on the log.
    events: Vec<EventBody<'a>>,
    /// What is wrong with the others; left out where there are none.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    errors: Vec<RowError>,
}

/// An event on the log.
#[derive(Serialize, ToSchema)]
#[schema(as = TakenEvent)]
struct EventBody<'a> {
    /// The row it was, from 1.
    row: u64,
    /// Its id, which the sender gave or which was made from the content.
    event_id: &'a str,
    /// The topic it is in.
    topic: &'static str,
    /// The partition of the topic.
    partition: i32,
    /// Its place there.
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
