//! The HTTP face: `POST /v1/sql` and `GET /v1/status`. The only module that knows axum.
//!
//! In: requests. Out: answers as they are read, or problem documents (RFC 9457). Guarantee: a body that ends as HTTP
//! ends a body is whole; an answer that fails on its way breaks the connection.

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

use crate::access::Asker;
use crate::answer::Answer;
use crate::face::{self, Question, Reply};
use crate::format::{Encoder, Format, WriteError};
use crate::session::Engine;

mod problem;

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
    Router::new().route("/v1/sql", post(sql).layer(limit)).route("/v1/status", get(status)).with_state(Face {
        engine,
        answers,
        shutdown,
    })
}

async fn sql(
    State(face): State<Face>,
    headers: HeaderMap,
    body: Result<Bytes, BytesRejection>,
) -> Result<Response<Body>, Problem> {
    if face.shutdown.is_cancelled() {
        return Err(Problem::stopping());
    }
    let format = wanted(&headers)?;
    let body = body.map_err(|rejection| Problem::unread(&rejection, face.engine.query_bytes()))?;
    let question: Question = serde_json::from_slice(&body).map_err(|error| Problem::no_question(&error))?;
    let token = face.answers.token();
    let reply = face::ask(&face.engine, &Asker::owner().through("http"), question).await?;
    respond(reply, format, token).await
}

async fn status(State(face): State<Face>) -> Result<impl IntoResponse, Problem> {
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

async fn respond(reply: Reply, format: Format, token: TaskTrackerToken) -> Result<Response<Body>, Problem> {
    let Reply { answer, standing } = reply;
    let encoder = Encoder::new(format, answer.columns())?;
    let notices = answer.notices().to_vec();
    let mut encoding = Encoding { encoder, answer, ended: false, _token: token };
    // What fails before the first byte is made still gets a status of its own.
    let begun = encoding.next().await?.unwrap_or_default();
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

/// Adds a header; our own names and words are plain ASCII, and anything else has no place in a header.
fn put(headers: &mut HeaderMap, name: &str, value: &str) {
    if let (Ok(name), Ok(value)) = (HeaderName::try_from(name), HeaderValue::try_from(value)) {
        headers.append(name, value);
    }
}

/// An answer on its way out.
struct Encoding {
    encoder: Encoder,
    answer: Answer,
    /// Whether the last row was read.
    ended: bool,
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
        while let Some(bytes) = self.encoder.last()? {
            if !bytes.is_empty() {
                return Ok(Some(bytes.into()));
            }
        }
        Ok(None)
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
