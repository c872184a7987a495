//! Problem documents (RFC 9457): what went wrong, whose fault it is, what would be right.

use std::borrow::Cow;

use axum::body::Body;
use axum::extract::rejection::BytesRejection;
use axum::http::header::{CONTENT_TYPE, HeaderValue, RETRY_AFTER, WWW_AUTHENTICATE};
use axum::http::{Response, StatusCode};
use axum::response::{IntoResponse, Json};
use serde::Serialize;
use utoipa::ToSchema;

use crate::error::{Place, QueryError};
use crate::format::{FormError, Format, WriteError};
use crate::release::ReleaseError;
use crate::selection::Wrong;

/// Media type of a problem document.
pub(super) const PROBLEM: &str = "application/problem+json";

/// A problem document (RFC 9457).
#[derive(Serialize, ToSchema)]
#[schema(as = Problem)]
pub(super) struct Document<'a> {
    /// The kind of problem; a name, not an address.
    r#type: String,
    /// The kind in words.
    title: &'a str,
    /// The status of the answer.
    status: u16,
    /// What is wrong.
    detail: &'a str,
    /// What of the question it is, and what would be right; left out where nothing of it is wrong.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Vec<DocumentError>)]
    errors: Option<[DocumentError<'a>; 1]>,
    /// Where in the text of a question it is, from 1.
    #[serde(skip_serializing_if = "Option::is_none")]
    position: Option<&'a Place>,
}

/// One thing that is wrong.
#[derive(Serialize, ToSchema)]
#[schema(as = ProblemError)]
struct DocumentError<'a> {
    /// Always null: a question has no rows.
    #[schema(required = true)]
    row: Option<u64>,
    /// The part of the request.
    field: &'a str,
    /// What is wrong.
    reason: &'a str,
    /// What would be right.
    #[schema(required = true)]
    remedy: Option<&'a str>,
}
/// Title of what may be there in a second.
const NO_RECEIPT: &str = "No such receipt";

/// An answer that is none.
#[derive(Debug)]
pub(super) struct Problem {
    status: StatusCode,
    title: &'static str,
    detail: String,
    field: Option<Cow<'static, str>>,
    remedy: Option<String>,
    /// Where in the text of the query it is.
    position: Option<Box<Place>>,
}

impl Problem {
    fn new(status: StatusCode, title: &'static str, detail: impl Into<String>) -> Self {
        Self { status, title, detail: detail.into(), field: None, remedy: None, position: None }
    }

    fn of(mut self, field: impl Into<Cow<'static, str>>, remedy: impl Into<String>) -> Self {
        self.field = Some(field.into());
        self.remedy = Some(remedy.into());
        self
    }

    /// The body is no question.
    pub(super) fn no_question(error: &serde_json::Error) -> Self {
        Self::new(StatusCode::BAD_REQUEST, "Not a question", error.to_string()).of(
            "query",
            "send {\"query\": \"SELECT …\"}, beside it map, as_of, stated_by or release where they are wanted",
        )
    }

    /// The body could not be taken.
    pub(super) fn unread(rejection: &BytesRejection, most: usize) -> Self {
        let status = rejection.status();
        Self::new(status, "Body not taken", rejection.body_text()).of("query", format!("send at most {most} bytes"))
    }

    /// None of the formats asked for is there.
    pub(super) fn no_format() -> Self {
        let known = Format::ALL.map(Format::media_type).join(", ");
        Self::new(StatusCode::NOT_ACCEPTABLE, "No such format", "none of the media types asked for can be written")
            .of("Accept", format!("ask for one of {known}"))
    }

    /// The program is on its way out.
    pub(super) fn stopping() -> Self {
        Self::new(StatusCode::SERVICE_UNAVAILABLE, "Stopping", "the program is stopping").of("", "ask again later")
    }

    /// Nobody says who asks, or nobody is who they say.
    pub(super) fn unknown_asker() -> Self {
        Self::new(StatusCode::UNAUTHORIZED, "Who asks", "name and password are missing or wrong")
            .of("Authorization", "send the name and password of a user by Basic authentication")
    }

    /// The tables have no such receipt, or not yet.
    pub(super) fn no_receipt() -> Self {
        let detail = "the receipt is unknown, or not committed yet";
        let remedy = "ask again in a second, with the key that the answer to what was sent has";
        Self::new(StatusCode::NOT_FOUND, NO_RECEIPT, detail).of("key", remedy)
    }

    /// The catalogue has no such indicator.
    pub(super) fn no_indicator(wrong: Wrong) -> Self {
        Self { status: StatusCode::NOT_FOUND, title: "No such indicator", ..wrong.into() }
    }

    fn of_release(error: &ReleaseError, detail: String) -> Self {
        match error {
            ReleaseError::Needed { .. } | ReleaseError::Embargoed { .. } => {
                Self::new(StatusCode::FORBIDDEN, "Not for you", detail).of("release", "name a release that is public")
            }
            error if error.is_the_askers() => Self::new(StatusCode::UNPROCESSABLE_ENTITY, "Not in the release", detail)
                .of("release", "see the reason for what is possible"),
            error => {
                tracing::error!(%error, "a release cannot be read");
                Self::new(StatusCode::INTERNAL_SERVER_ERROR, "Not read", detail)
            }
        }
    }

    fn document(&self) -> Document<'_> {
        Document {
            r#type: format!("urn:lantoa:problem:{}", self.title.to_lowercase().replace(' ', "-")),
            title: self.title,
            status: self.status.as_u16(),
            detail: &self.detail,
            errors: self.field.as_deref().map(|field| {
                [DocumentError { row: None, field, reason: &self.detail, remedy: self.remedy.as_deref() }]
            }),
            position: self.position.as_deref(),
        }
    }
}

impl From<Wrong> for Problem {
    fn from(wrong: Wrong) -> Self {
        let Wrong { field, reason, remedy } = wrong;
        let detail = format!("{field}: {reason}");
        Self::new(StatusCode::UNPROCESSABLE_ENTITY, "Parameter not taken", detail).of(field, remedy)
    }
}

impl From<QueryError> for Problem {
    fn from(error: QueryError) -> Self {
        let detail = error.to_string();
        match &error {
            QueryError::Setting(_) => Self::new(StatusCode::UNPROCESSABLE_ENTITY, "Setting not taken", detail)
                .of("settings", "see the reason for what is possible"),
            QueryError::Release(release) => Self::of_release(release, detail),
            QueryError::ReadOnly { .. } => Self::new(StatusCode::BAD_REQUEST, "Only questions", detail)
                .of("query", "send a SELECT, or use import or POST /v1/events to bring facts"),
            QueryError::TooLarge { .. } => Self::new(StatusCode::UNPROCESSABLE_ENTITY, "Too large", detail)
                .of("query", "ask for fewer rows, columns or groups"),
            QueryError::TooMuch { .. } => Self::new(StatusCode::UNPROCESSABLE_ENTITY, "Too large", detail)
                .of("query", "ask for fewer rows, columns or groups"),
            QueryError::Unread { .. } => Self::new(StatusCode::REQUEST_TIMEOUT, "Not read on", detail)
                .of("query", "ask again and read the answer as it comes"),
            QueryError::TimedOut { .. } => Self::new(StatusCode::UNPROCESSABLE_ENTITY, "Took too long", detail)
                .of("query", "ask for fewer areas, years or rows"),
            QueryError::Withheld { .. } => {
                Self::new(StatusCode::FORBIDDEN, "Not for you", detail).of("query", "leave the column out")
            }
            QueryError::Cancelled => {
                Self::new(StatusCode::CONFLICT, "Cancelled", detail).of("query", "ask again where it was not meant")
            }
            QueryError::Busy { .. } => {
                Self::new(StatusCode::SERVICE_UNAVAILABLE, "Busy", detail).of("query", "ask again in a moment")
            }
            QueryError::Empty | QueryError::SeveralQueries | QueryError::Sql { .. } => {
                let remedy = error.hint().unwrap_or("mend the query as the reason says");
                let problem = Self::new(StatusCode::BAD_REQUEST, "Not answered", detail).of("query", remedy);
                Self { position: error.place().map(Box::new), ..problem }
            }
            QueryError::Internal(cause) => {
                // The cause may name files: it is for the log, not for whoever asks.
                tracing::error!(%cause, "a query failed");
                Self::new(StatusCode::INTERNAL_SERVER_ERROR, "Not read", detail)
            }
            QueryError::Broken(_) => Self::new(StatusCode::INTERNAL_SERVER_ERROR, "Broken off", detail),
        }
    }
}

impl From<FormError> for Problem {
    fn from(error: FormError) -> Self {
        let detail = error.to_string();
        if error.is_the_askers() {
            return Self::new(StatusCode::UNPROCESSABLE_ENTITY, "No such form", detail)
                .of("Accept", "ask for less, or for another media type");
        }
        tracing::error!(error = &error as &dyn std::error::Error, "an answer could not be put into its form");
        Self::new(StatusCode::INTERNAL_SERVER_ERROR, "Not written", detail)
    }
}

impl From<WriteError> for Problem {
    fn from(error: WriteError) -> Self {
        match error {
            WriteError::Query(error) => error.into(),
            WriteError::Form(error) => error.into(),
            WriteError::Output(_) => Self::new(StatusCode::INTERNAL_SERVER_ERROR, "Not written", error.to_string()),
        }
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response<Body> {
        let mut response = Json(self.document()).into_response();
        *response.status_mut() = self.status;
        if self.status == StatusCode::UNAUTHORIZED {
            let basic = HeaderValue::from_static("Basic realm=\"lantoa\", charset=\"UTF-8\"");
            response.headers_mut().insert(WWW_AUTHENTICATE, basic);
        }
        if self.title == NO_RECEIPT {
            response.headers_mut().insert(RETRY_AFTER, HeaderValue::from_static("1"));
        }
        response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static(PROBLEM));
        response
    }
}
