//! The HTTP face: `POST /v1/sql`, `GET /v1/indicators` and `/v1/indicators/{id}`, `GET /v1/status`, and the page at `/`.
//! The only module that knows axum.
//!
//! In: requests. Out: answers as they are read, pages, or problem documents (RFC 9457). Guarantee: where there are users,
//! nobody is answered who is not one of them; a body that ends as HTTP ends a body is whole; an answer that fails on its
//! way breaks the connection.

use axum::body::{Body, Bytes};
use axum::extract::rejection::BytesRejection;
use axum::extract::{DefaultBodyLimit, State};
use axum::http::Response;
use axum::http::header::{ACCEPT, CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue};
use axum::response::IntoResponse;
use axum::routing::{get, post};
use axum::{Json, Router};
use futures::{Stream, StreamExt, TryStreamExt};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use tokio_util::task::task_tracker::TaskTrackerToken;

use crate::answer::Answer;
use crate::error::QueryError;
use crate::face::{self, Question};
use crate::format::{Encoder, Format, WriteError};
use crate::session::Engine;

mod asker;
mod indicator;
mod page;
mod problem;

use asker::asker;
use problem::Problem;

#[derive(Clone)]
struct Face {
    engine: Engine,
    answers: TaskTracker,
    shutdown: CancellationToken,
}

/// Routes of the query role. Each answer holds a token of `answers` until its last byte is sent.
pub(crate) fn router(engine: Engine, answers: TaskTracker, shutdown: CancellationToken) -> Router {
    let limit = DefaultBodyLimit::max(engine.query_bytes());
    Router::new()
        .route("/v1/sql", post(sql).layer(limit))
        .route("/v1/indicators", get(indicator::catalogue))
        .route("/v1/indicators/{id}", get(indicator::indicator))
        .route("/v1/status", get(status))
        .route("/", get(page::page))
        .route("/page.css", get(page::style))
        .route("/page.js", get(page::script))
        .route("/icon.svg", get(page::icon))
        .with_state(Face { engine, answers, shutdown })
}

impl Face {
    /// Whether anybody is answered at all.
    fn open(&self) -> Result<(), Problem> {
        if self.shutdown.is_cancelled() { Err(Problem::stopping()) } else { Ok(()) }
    }
}

async fn sql(
    State(face): State<Face>,
    headers: HeaderMap,
    body: Result<Bytes, BytesRejection>,
) -> Result<Response<Body>, Problem> {
    face.open()?;
    let asker = asker(&headers, face.engine.users())?;
    let format = wanted(&headers)?;
    let body = body.map_err(|rejection| Problem::unread(&rejection, face.engine.query_bytes()))?;
    let question: Question = serde_json::from_slice(&body).map_err(|error| Problem::no_question(&error))?;
    let token = face.answers.token();
    let reply = face::ask(&face.engine, &asker, question).await?;
    let sent = Sent { answer: reply.answer, standing: reply.standing, around: Default::default(), format };
    respond(sent, token).await
}

async fn status(State(face): State<Face>, headers: HeaderMap) -> Result<impl IntoResponse, Problem> {
    asker(&headers, face.engine.users())?;
    Ok(Json(serde_json::json!({ "tables": face.engine.status().await? })))
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
    /// Bytes before and after those of the rows.
    around: (String, &'static str),
}

async fn respond(sent: Sent, token: TaskTrackerToken) -> Result<Response<Body>, Problem> {
    let Sent { mut answer, standing, format, around: (before, after) } = sent;
    let encoder = Encoder::new(format, answer.columns()).map_err(QueryError::internal)?;
    let notices = answer.notices().to_vec();
    // A query that fails at once still gets a status of its own.
    let first = answer.try_next().await?;
    let mut encoding = Encoding { encoder: Some(encoder), answer, after, _token: token };
    let mut begun = before.into_bytes();
    if let Some(batch) = &first {
        begun.extend(encoding.encode(batch).map_err(QueryError::internal)?);
    }
    let body = futures::stream::iter([Ok(Bytes::from(begun))]).chain(encoding.into_stream());
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

/// Adds a header, in UTF-8 where it has names of areas. What has control characters has no place in a header, and none of
/// our words has them.
fn put(headers: &mut HeaderMap, name: &str, value: &str) {
    if let (Ok(name), Ok(value)) = (HeaderName::try_from(name), HeaderValue::from_bytes(value.as_bytes())) {
        headers.append(name, value);
    }
}

/// An answer on its way out.
struct Encoding {
    /// Gone once the last bytes are made.
    encoder: Option<Encoder>,
    answer: Answer,
    /// What follows the last row.
    after: &'static str,
    _token: TaskTrackerToken,
}

impl Encoding {
    fn encode(&mut self, batch: &arrow::array::RecordBatch) -> Result<Vec<u8>, arrow::error::ArrowError> {
        match &mut self.encoder {
            Some(encoder) => encoder.batch(batch),
            None => Ok(Vec::new()),
        }
    }

    /// The bytes of the remaining rows. An error ends the stream, and so the connection, before the body's end.
    fn into_stream(self) -> impl Stream<Item = Result<Bytes, WriteError>> + Send {
        futures::stream::try_unfold(self, |mut encoding| async move {
            let Some(encoder) = encoding.encoder.as_mut() else { return Ok(None) };
            let bytes = match encoding.answer.try_next().await {
                Ok(Some(batch)) => encoder.batch(&batch)?,
                Ok(None) => match encoding.encoder.take() {
                    Some(encoder) => {
                        let mut last = encoder.finish()?;
                        last.extend(encoding.after.as_bytes());
                        last
                    }
                    None => return Ok(None),
                },
                Err(error) => {
                    tracing::warn!(%error, "an answer broke off after it had begun");
                    return Err(error.into());
                }
            };
            Ok(Some((Bytes::from(bytes), encoding)))
        })
    }
}
