//! The HTTP face: `POST /v1/sql`, `GET /v1/indicators` and `/v1/indicators/{id}`, `GET /v1/receipts/{key}`,
//! `GET /v1/releases`, `GET /v1/status`, and the page at `/`. The only module that knows axum.
//!
//! In: requests. Out: answers as they are read, pages, or problem documents (RFC 9457). Guarantee: where there are users,
//! nobody is answered who is not one of them; a body that ends as HTTP ends a body is whole; an answer that fails on its
//! way breaks the connection.

use std::sync::Arc;

use axum::body::{Body, Bytes};
use axum::extract::rejection::BytesRejection;
use axum::extract::{DefaultBodyLimit, State};
use axum::http::Response;
use axum::http::header::{ACCEPT, CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue};
use axum::middleware::from_fn_with_state;
use axum::routing::{MethodRouter, get};
use axum::{Extension, Json, Router};
use futures::{Stream, StreamExt, TryStreamExt};
use serde::Serialize;
use tokio::sync::Semaphore;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use tokio_util::task::task_tracker::TaskTrackerToken;
use utoipa::ToSchema;
use utoipa_axum::router::{OpenApiRouter, UtoipaMethodRouterExt};
use utoipa_axum::routes;

use crate::access::{Asker, Role};
use crate::answer::Answer;
use crate::face::{self, Question};
use crate::format::{Encoder, Format, WriteError};
use crate::session::{Engine, TableStatus};

mod asker;
mod describe;
mod indicator;
mod page;
mod problem;
mod receipt;
mod release;

pub use describe::api;
use describe::{Refused, Rows, WhoAsks};
use problem::{Document, PROBLEM, Problem};

#[derive(Clone)]
struct Face {
    engine: Engine,
    answers: TaskTracker,
    shutdown: CancellationToken,
    /// Passwords that are being checked.
    checks: Arc<Semaphore>,
}

/// Routes of the query role. Each answer holds a token of `answers` until its last byte is sent.
pub(crate) fn router(engine: Engine, answers: TaskTracker, shutdown: CancellationToken) -> Router {
    let limit = DefaultBodyLimit::max(engine.query_bytes());
    let face = Face { engine, answers, shutdown, checks: Arc::new(Semaphore::new(asker::CHECKED_AT_ONCE)) };
    Router::from(guarded(limit))
        .route_layer(from_fn_with_state(face.clone(), asker::log_in))
        // These say nothing of the tables, so nobody is asked who they are.
        .route("/page.css", get(page::style))
        .route("/page.js", get(page::script))
        .route("/icon.svg", get(page::icon))
        .with_state(face)
}

/// The routes that ask who asks, as they are described, and nothing around them yet.
fn guarded(limit: DefaultBodyLimit) -> OpenApiRouter<Face> {
    OpenApiRouter::default()
        .routes(routes!(sql).map(|route: MethodRouter<Face>| route.layer(limit)))
        .routes(routes!(indicator::catalogue))
        .routes(routes!(indicator::indicator))
        .routes(routes!(receipt::receipt))
        .routes(routes!(release::releases))
        .routes(routes!(status))
        // For people; the document is for programs.
        .route("/", get(page::page))
}

impl Face {
    /// Whether anybody is answered at all.
    fn open(&self) -> Result<(), Problem> {
        if self.shutdown.is_cancelled() { Err(Problem::stopping()) } else { Ok(()) }
    }
}

/// Ask in SQL
///
/// One or more statements: settings, and last a question. The answer is streamed; a body that ends as HTTP ends a body is
/// whole.
#[utoipa::path(
    post,
    path = "/v1/sql",
    operation_id = "askSql",
    tag = "query",
    request_body = Question,
    responses(
        Rows,
        (status = 400, description = "No question, or one that has no answer.", body = Document, content_type = PROBLEM),
        WhoAsks,
        (status = 413, description = "The question is too long.", body = Document, content_type = PROBLEM),
        (
            status = 422,
            description = "A setting cannot be taken, or the answer is too large.",
            body = Document,
            content_type = PROBLEM,
        ),
        Refused,
    ),
    security(("password" = []), ()),
)]
async fn sql(
    State(face): State<Face>,
    Extension(asker): Extension<Asker>,
    headers: HeaderMap,
    body: Result<Bytes, BytesRejection>,
) -> Result<Response<Body>, Problem> {
    face.open()?;
    let format = wanted(&headers)?;
    let body = body.map_err(|rejection| Problem::unread(&rejection, face.engine.query_bytes()))?;
    let question: Question = serde_json::from_slice(&body).map_err(|error| Problem::no_question(&error))?;
    let token = face.answers.token();
    let reply = face::ask(&face.engine, &asker, question).await?;
    let sent = Sent { answer: reply.answer, standing: reply.standing, around: Default::default(), format };
    respond(sent, token).await
}

/// The tables as they are for whoever asks.
#[derive(Serialize, ToSchema)]
struct Status {
    /// One a table.
    tables: Vec<TableShown>,
}

/// A table.
#[derive(Serialize, ToSchema)]
#[schema(as = Table)]
struct TableShown {
    /// Its name.
    table: &'static str,
    /// Its newest version; null where nothing has been written yet.
    #[schema(required = true)]
    version: Option<u64>,
    /// Rows of that version; left out for whoever has an area of their own.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = u64)]
    rows: Option<u64>,
    /// Files of that version.
    files: u64,
}

/// Tables with version, rows and files
#[utoipa::path(
    get,
    path = "/v1/status",
    operation_id = "getStatus",
    tag = "query",
    responses(
        (
            status = 200,
            description = "A row a table; without `rows` for a user with an area, because they are of all areas; none for \
                           a reader.",
            body = Status,
        ),
        WhoAsks,
        (status = 500, description = "The tables cannot be read.", body = Document, content_type = PROBLEM),
    ),
    security(("password" = []), ()),
)]
async fn status(State(face): State<Face>, Extension(asker): Extension<Asker>) -> Result<Json<Status>, Problem> {
    let mut tables = face.engine.status().await?;
    if asker.role == Role::Reader {
        // What is not released yet is no business of theirs, not even how much of it there is.
        tables.clear();
    }
    let shown = |table: TableStatus| {
        let TableStatus { table, version, rows, files } = table;
        // They are of all areas.
        let rows = asker.area.is_none().then_some(rows);
        TableShown { table, version, rows, files }
    };
    Ok(Json(Status { tables: tables.into_iter().map(shown).collect() }))
}

/// The first format of the Accept header that there is; JSON where anything will do.
fn wanted(headers: &HeaderMap) -> Result<Format, Problem> {
    let mut named = false;
    for value in headers.get_all(ACCEPT) {
        for range in value.to_str().unwrap_or_default().split(',') {
            let media_type = range.split(';').next().unwrap_or_default().trim();
            match media_type {
                "" => continue,
                "*/*" | "application/*" => return Ok(Format::Json),
                "text/*" => return Ok(Format::Csv),
                _ => named = true,
            }
            if let Some(format) = Format::of_media_type(media_type) {
                return Ok(format);
            }
        }
    }
    if named { Err(Problem::no_format()) } else { Ok(Format::Json) }
}

/// An answer and how it leaves.
struct Sent {
    answer: Answer,
    standing: Vec<(&'static str, String)>,
    format: Format,
    /// What stands before and after the rows.
    around: (String, &'static str),
}

async fn respond(sent: Sent, token: TaskTrackerToken) -> Result<Response<Body>, Problem> {
    let Sent { answer, standing, format, around: (before, after) } = sent;
    let encoder = Encoder::new(format, answer.columns())?;
    let notices = answer.notices().to_vec();
    let mut encoding = Encoding { encoder, answer, ended: false, closed: false, after, _token: token };
    // What fails before the first byte is made still gets a status of its own.
    let first = encoding.next().await?.unwrap_or_default();
    let begun = if before.is_empty() { first } else { [before.as_bytes(), &first[..]].concat().into() };
    let body = futures::stream::iter([Ok(begun)]).chain(encoding.into_stream());
    let mut response = Response::new(Body::from_stream(body));
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static(format.media_type()));
    for (name, value) in standing {
        put(headers, &format!("lantoa-{}", name.replace('_', "-")), &value);
    }
    for notice in notices {
        put(headers, "lantoa-notice", &notice);
    }
    Ok(response)
}

/// Adds a header, in UTF-8 where it has names of areas. A reason or a title that somebody gave may have several lines,
/// which have no place in a header.
fn put(headers: &mut HeaderMap, name: &str, value: &str) {
    let value: String = value.chars().map(|letter| if letter.is_control() { ' ' } else { letter }).collect();
    if let (Ok(name), Ok(value)) = (HeaderName::try_from(name), HeaderValue::from_bytes(value.as_bytes())) {
        headers.append(name, value);
    }
}

/// An answer on its way out.
struct Encoding {
    encoder: Encoder,
    answer: Answer,
    /// Whether the last row was read.
    ended: bool,
    /// Whether the encoder has given all its bytes.
    closed: bool,
    /// What follows them, until it is out.
    after: &'static str,
    _token: TaskTrackerToken,
}

impl Encoding {
    /// The next bytes, never none of them; `None` once all are out.
    async fn next(&mut self) -> Result<Option<Bytes>, WriteError> {
        while !self.ended {
            match self.answer.try_next().await? {
                Some(batch) => {
                    let bytes = self.encoder.batch(&batch)?;
                    if !bytes.is_empty() {
                        return Ok(Some(bytes.into()));
                    }
                }
                None => self.ended = true,
            }
        }
        while !self.closed {
            match self.encoder.last()? {
                Some(bytes) if bytes.is_empty() => {}
                Some(bytes) => return Ok(Some(bytes.into())),
                None => self.closed = true,
            }
        }
        let after = std::mem::take(&mut self.after);
        Ok((!after.is_empty()).then(|| Bytes::from_static(after.as_bytes())))
    }

    /// The bytes that remain. An error ends the stream, and so the connection, before the body's end.
    fn into_stream(self) -> impl Stream<Item = Result<Bytes, WriteError>> + Send {
        futures::stream::try_unfold(self, |mut encoding| async move {
            let next = encoding.next().await.inspect_err(|error| {
                tracing::warn!(%error, "an answer broke off after it had begun");
            });
            Ok(next?.map(|bytes| (bytes, encoding)))
        })
    }
}
