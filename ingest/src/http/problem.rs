//! Problem documents (RFC 9457): why a request was not taken, what is wrong where, and what would be right.

use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Json, Response};
use lantoa_schemas::validate::Problem;
use serde::{Serialize, Serializer};
use utoipa::ToSchema;

use crate::disk::DiskFull;
use crate::intake::{IntakeError, MAX_KEY, Rejected};
use crate::parse::{ParseError, WorkbookError};

/// Media type of a problem document.
pub(super) const PROBLEM: &str = "application/problem+json";

/// In front of the kind of a problem; a name, not an address.
const TYPE: &str = "urn:lantoa:problem:";

/// How long a sender should wait where the fault is not its own, in seconds.
const RETRY_AFTER: HeaderValue = HeaderValue::from_static("5");

/// One problem of one row.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub(super) struct RowError {
    /// The row, from 1; `None` for what concerns all rows, as a header.
    pub row: Option<u64>,
    /// Field, reason and remedy.
    #[serde(flatten)]
    pub problem: Problem,
}

impl RowError {
    /// The problems of a row.
    pub(super) fn of(rejected: &Rejected) -> impl Iterator<Item = Self> {
        rejected.problems.iter().map(|problem| Self { row: Some(rejected.row), problem: problem.clone() })
    }
}

/// A problem document (RFC 9457); `errors` is never empty.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = IntakeProblem)]
pub(super) struct ProblemDocument {
    /// The kind of problem; a name, not an address.
    r#type: String,
    /// The kind in words.
    title: &'static str,
    /// The status of the answer.
    #[serde(serialize_with = "number")]
    #[schema(value_type = u16)]
    status: StatusCode,
    /// What is wrong and what would be right.
    detail: String,
    /// The same by row and field.
    errors: Vec<RowError>,
    /// Key of the receipt, where what was refused is kept.
    #[serde(skip_serializing_if = "Option::is_none")]
    receipt: Option<Box<str>>,
    /// Whether the connection cannot be used any more.
    #[serde(skip)]
    closing: bool,
}

fn number<S: Serializer>(status: &StatusCode, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_u16(status.as_u16())
}

impl ProblemDocument {
    pub(super) fn new(status: StatusCode, kind: &str, title: &'static str) -> Self {
        let r#type = format!("{TYPE}{kind}");
        Self { r#type, title, status, detail: String::new(), errors: Vec::new(), receipt: None, closing: false }
    }

    /// Says under which receipt what was refused is kept.
    fn kept_under(mut self, receipt: String) -> Self {
        self.receipt = Some(receipt.into());
        self
    }

    /// The same for a request that was not read to its end, so that nothing can follow it on its connection.
    pub(super) fn closing(mut self) -> Self {
        self.closing = true;
        self
    }

    /// Says what is wrong with the request as a whole, in which part of it, and what would be right.
    pub(super) fn because(mut self, part: &str, reason: impl Into<String>, remedy: impl Into<String>) -> Self {
        let problem = Problem::new(part, reason, remedy);
        self.detail = format!("{} {}; {}", problem.field, problem.reason, problem.remedy);
        self.errors.push(RowError { row: None, problem });
        self
    }

    fn of_rows(mut self, detail: impl Into<String>, errors: Vec<RowError>) -> Self {
        self.detail = detail.into();
        self.errors = errors;
        self
    }
}

impl IntoResponse for ProblemDocument {
    fn into_response(self) -> Response {
        let (status, closing) = (self.status, self.closing);
        let mut response = (status, Json(self)).into_response();
        let headers = response.headers_mut();
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(PROBLEM));
        if closing {
            headers.insert(header::CONNECTION, HeaderValue::from_static("close"));
        }
        if status == StatusCode::SERVICE_UNAVAILABLE || status == StatusCode::INSUFFICIENT_STORAGE {
            headers.insert(header::RETRY_AFTER, RETRY_AFTER);
        }
        if status == StatusCode::UNAUTHORIZED {
            headers.insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
        }
        if status == StatusCode::UNSUPPORTED_MEDIA_TYPE {
            headers.insert(header::ACCEPT_ENCODING, HeaderValue::from_static("gzip, zstd"));
        }
        if status == StatusCode::METHOD_NOT_ALLOWED {
            headers.insert(header::ALLOW, HeaderValue::from_static("POST"));
        }
        response
    }
}

/// A request from nobody who is known. The same words whether it has no token, another one, or one that has ended: who
/// tries tokens must not learn which there were.
pub(super) fn unknown_sender() -> ProblemDocument {
    let title = "Nobody who may send is known by this";
    ProblemDocument::new(StatusCode::UNAUTHORIZED, "unknown-sender", title).because(
        "Authorization",
        "has no token that is taken here",
        "send Authorization: Bearer and the token that whoever runs the server gave you; ask for another one where it has \
         run out or was revoked",
    )
}

/// The tokens cannot be read: a fault of the server, which says more in its log.
pub(super) fn senders_unreadable() -> ProblemDocument {
    let title = "Who may send is not known now";
    ProblemDocument::new(StatusCode::SERVICE_UNAVAILABLE, "senders-unreadable", title).because(
        "Authorization",
        "cannot be looked up: the server cannot read who may send",
        "tell whoever runs the server, and send the same again then",
    )
}

/// A content type that the door does not take.
pub(super) fn content_type(right: &str) -> ProblemDocument {
    let title = "The content type is not taken here";
    ProblemDocument::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, "content-type", title).because(
        "Content-Type",
        "is none of those that are taken here",
        format!("send {right}"),
    )
}

/// A content encoding that the doors do not unpack.
pub(super) fn content_encoding() -> ProblemDocument {
    let title = "The content encoding is not taken here";
    ProblemDocument::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, "content-encoding", title).because(
        "Content-Encoding",
        "is none of those that are taken here",
        "pack the body with gzip or zstd, once, or send it as it is",
    )
}

/// Rows were read, and none is good.
pub(super) fn no_good_row(receipt: String, sent: u64, errors: Vec<RowError>) -> ProblemDocument {
    let detail =
        if sent == 1 { "the row is not good; no event was stored" } else { "no row is good; no event was stored" };
    ProblemDocument::new(StatusCode::UNPROCESSABLE_ENTITY, "no-good-row", "No row could be accepted")
        .of_rows(detail, errors)
        .kept_under(receipt)
}

/// The same of a dry run, of which nothing is kept.
pub(super) fn no_good_row_tried(sent: u64, errors: Vec<RowError>) -> ProblemDocument {
    ProblemDocument { receipt: None, ..no_good_row(String::new(), sent, errors) }
}

impl From<IntakeError> for ProblemDocument {
    fn from(error: IntakeError) -> Self {
        match error {
            IntakeError::Parse(error) => unreadable(error),
            IntakeError::Unreadable { receipt, error } => unreadable(error).kept_under(receipt),
            IntakeError::TooLarge { most } => Self::new(
                StatusCode::PAYLOAD_TOO_LARGE,
                "too-large",
                "The content is too large",
            )
            .because("body", format!("has more than {most} bytes"), "send it in several parts"),
            IntakeError::Key => Self::new(StatusCode::BAD_REQUEST, "idempotency-key", "The idempotency key is wrong")
                .because(
                    "Idempotency-Key",
                    format!("is not 1 to {MAX_KEY} visible ASCII characters"),
                    "give each content a key of its own, such as a UUID, or leave the header out",
                ),
            IntakeError::KeyReused => {
                Self::new(StatusCode::CONFLICT, "idempotency-key-reused", "The idempotency key is another content's")
                    .because(
                        "Idempotency-Key",
                        "was used for another content before",
                        "send this content under a key of its own, such as a new UUID, or leave the header out",
                    )
            }
            IntakeError::NotGranted { families, .. } => {
                Self::new(StatusCode::FORBIDDEN, "not-granted", "The token is for something else").because(
                    "type",
                    format!("is of a family that this token may not send; it may send {families}"),
                    "send it with a token for that family; whoever runs the server gives one",
                )
            }
            IntakeError::NotAcknowledged { records, acknowledged, source } => {
                tracing::warn!(records, acknowledged, error = %source, cause = cause(&source), "log did not acknowledge");
                unavailable("could not be stored: the log did not acknowledge it in time")
            }
            IntakeError::Unread(source) => {
                tracing::warn!(error = %source, cause = cause(&*source), "reference topic cannot be read");
                nothing_stored(
                    "unread",
                    "could not be judged: the log does not say which areas and measures are in force",
                )
            }
            IntakeError::Away => nothing_stored("log-away", "was not taken: the log does not answer"),
            IntakeError::Stopping => nothing_stored("stopping", "was not taken: the server is stopping"),
            IntakeError::DiskFull(full) => disk_full(full),
            IntakeError::Encode(_) | IntakeError::Judging(_) => {
                tracing::error!(error = %error, cause = cause(&error), "intake failed");
                Self::new(StatusCode::INTERNAL_SERVER_ERROR, "internal", "The server failed").because(
                    "body",
                    "met a fault of the server; nothing of it was accepted",
                    "tell whoever runs the server",
                )
            }
        }
    }
}

/// The disk has too little room: said without the folder's name, which is nobody's business elsewhere.
fn disk_full(full: DiskFull) -> ProblemDocument {
    let title = "The server's disk is nearly full";
    ProblemDocument::new(StatusCode::INSUFFICIENT_STORAGE, "disk-full", title).because(
        "body",
        format!("was not taken: {full}"),
        "tell whoever runs the server to make room or to set min_free_bytes of [ingest] lower, then send the same again",
    )
}

/// The log may have taken some of it.
fn unavailable(why: &str) -> ProblemDocument {
    not_now("not-acknowledged", why)
}

/// Nothing of it has gone to the log, and nothing will unless it is sent again.
fn nothing_stored(kind: &str, why: &str) -> ProblemDocument {
    not_now(kind, why)
}

fn not_now(kind: &str, why: &str) -> ProblemDocument {
    let title = "The events could not be stored now";
    ProblemDocument::new(StatusCode::SERVICE_UNAVAILABLE, kind, title).because(
        "body",
        why,
        "send the same again, nothing is doubled by that",
    )
}

fn unreadable(error: ParseError) -> ProblemDocument {
    let (status, kind, title) = match &error {
        ParseError::Empty => (StatusCode::BAD_REQUEST, "empty", "Nothing was sent"),
        ParseError::NotUtf8 { .. } => (StatusCode::BAD_REQUEST, "not-utf8", "The content is not UTF-8"),
        ParseError::NotUtf16 => (StatusCode::BAD_REQUEST, "not-utf16", "The content is not UTF-16"),
        ParseError::Workbook(WorkbookError::TooLarge { .. } | WorkbookError::TooManyCells { .. }) => {
            (StatusCode::PAYLOAD_TOO_LARGE, "too-large", "The workbook is too large")
        }
        ParseError::Workbook(_) => (StatusCode::BAD_REQUEST, "workbook", "The workbook cannot be read"),
        ParseError::NotJson(_) => (StatusCode::BAD_REQUEST, "not-json", "The content is not JSON"),
        ParseError::NoEvents => (StatusCode::BAD_REQUEST, "no-event", "The content is no event"),
        ParseError::NotCsv(_) | ParseError::Quotes { .. } => {
            (StatusCode::BAD_REQUEST, "not-csv", "The content is not CSV")
        }
        ParseError::Marks(_) => (StatusCode::BAD_REQUEST, "separator", "The columns cannot be told apart"),
        ParseError::Header(_) => (StatusCode::UNPROCESSABLE_ENTITY, "header", "The header is not that of a form"),
        ParseError::TooManyRows { .. } => (StatusCode::PAYLOAD_TOO_LARGE, "too-many-rows", "There are too many rows"),
    };
    let document = ProblemDocument::new(status, kind, title);
    match error {
        ParseError::Header(problems) => {
            let errors = problems.into_iter().map(|problem| RowError { row: None, problem }).collect();
            document.of_rows("no event was stored", errors)
        }
        error => document.because("body", error.to_string(), error.remedy()),
    }
}

#[cfg(test)]
impl ProblemDocument {
    /// How it is answered.
    pub(super) fn status(&self) -> StatusCode {
        self.status
    }

    /// Whether the connection is closed behind it.
    pub(super) fn closes(&self) -> bool {
        self.closing
    }
}

fn cause(error: &dyn std::error::Error) -> String {
    error.source().map(ToString::to_string).unwrap_or_default()
}
