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
use crate::error::QueryError;
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
    let Reply { mut answer, standing } = reply;
    let encoder = Encoder::new(format, answer.columns()).map_err(QueryError::internal)?;
    let notices = answer.notices().to_vec();
    // A query that fails at once still gets a status of its own.
    let first = answer.try_next().await?;
    let mut encoding = Encoding { encoder: Some(encoder), answer, _token: token };
    let begun = match &first {
        Some(batch) => encoding.encode(batch).map_err(QueryError::internal)?,
        None => Bytes::new(),
    };
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
    /// Gone once the last bytes are made.
    encoder: Option<Encoder>,
    answer: Answer,
    _token: TaskTrackerToken,
}

impl Encoding {
    fn encode(&mut self, batch: &arrow::array::RecordBatch) -> Result<Bytes, arrow::error::ArrowError> {
        match &mut self.encoder {
            Some(encoder) => Ok(encoder.batch(batch)?.into()),
            None => Ok(Bytes::new()),
        }
    }

    /// The bytes of the remaining rows. An error ends the stream, and so the connection, before the body's end.
    fn into_stream(self) -> impl Stream<Item = Result<Bytes, WriteError>> + Send {
        futures::stream::try_unfold(self, |mut encoding| async move {
            let Some(encoder) = encoding.encoder.as_mut() else { return Ok(None) };
            let bytes = match encoding.answer.try_next().await {
                Ok(Some(batch)) => encoder.batch(&batch)?,
                Ok(None) => match encoding.encoder.take() {
                    Some(encoder) => encoder.finish()?,
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
