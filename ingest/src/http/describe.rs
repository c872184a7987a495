//! What the doors say of themselves: this role's part of the program's OpenAPI document.
//!
//! In: the annotated handlers. Out: their paths, schemas and security scheme. Guarantee: a route is described because it is
//! routed; what stands here by hand, because no type of ours is read or written by serde, is held against the doors by
//! their tests.

use std::collections::BTreeMap;

use axum::http::StatusCode;
use serde_json::{Value, json};
use utoipa::openapi::path::{Parameter, ParameterBuilder, ParameterIn};
use utoipa::openapi::schema::{SchemaType, Type};
use utoipa::openapi::security::{HttpAuthScheme, HttpBuilder, SecurityScheme};
use utoipa::openapi::tag::TagBuilder;
use utoipa::openapi::{
    Array, Content, Header, HeaderBuilder, KnownFormat, ObjectBuilder, OneOfBuilder, OpenApi, Ref, RefOr, Required,
    Response, ResponseBuilder, Schema, SchemaFormat,
};
use utoipa::{IntoParams, IntoResponses, PartialSchema, ToSchema};

use super::problem::{PROBLEM, ProblemDocument, RowError};
use crate::intake::MAX_KEY;

/// What both doors answer where nothing is taken, beside what each says in words of its own.
const REFUSED: [(StatusCode, &str); 9] = [
    (StatusCode::UNAUTHORIZED, "Tokens are asked for, and none that counts was shown."),
    (StatusCode::FORBIDDEN, "The token may send none of it."),
    (StatusCode::REQUEST_TIMEOUT, "The body did not come in time."),
    (StatusCode::CONFLICT, "The Idempotency-Key was used for another content."),
    (StatusCode::UNSUPPORTED_MEDIA_TYPE, "The content type or the content encoding is not taken."),
    (
        StatusCode::UNPROCESSABLE_ENTITY,
        "No row is good; no event was stored, and what was sent is kept under the receipt.",
    ),
    (StatusCode::INTERNAL_SERVER_ERROR, "The server failed; nothing of it was accepted."),
    (
        StatusCode::SERVICE_UNAVAILABLE,
        "Not stored now: send the same again after as many seconds as Retry-After says. Only of the type not-acknowledged \
         may some of it be stored all the same.",
    ),
    (
        StatusCode::INSUFFICIENT_STORAGE,
        "Nothing is taken in before the server's disk is full: send the same again once there is room.",
    ),
];

/// The OpenAPI document of this role's routes, without a head of its own: the program has it.
pub fn api() -> OpenApi {
    let mut api = super::routes().into_openapi();
    let mut schemas = vec![(ProblemDocument::name().into_owned(), ProblemDocument::schema())];
    ProblemDocument::schemas(&mut schemas);
    let bearer = HttpBuilder::new().scheme(HttpAuthScheme::Bearer).description(Some(
        "Token of a sender. Where there are no tokens none is asked for, and the listener is on loopback.",
    ));
    let components = api.components.get_or_insert_default();
    components.schemas.extend(schemas);
    components.add_security_scheme("bearer", SecurityScheme::Http(bearer.build()));
    let ingest = TagBuilder::new()
        .name("ingest")
        .description(Some("Events and sheets come in. Gửi sự kiện và bảng số liệu vào."));
    api.tags = Some(vec![ingest.build()]);
    api
}

fn text() -> ObjectBuilder {
    ObjectBuilder::new().schema_type(Type::String)
}

/// The answers of [`REFUSED`].
pub(super) struct Refused;

impl IntoResponses for Refused {
    fn responses() -> BTreeMap<String, RefOr<Response>> {
        let answer = |(status, why): (StatusCode, &str)| (status.as_str().to_owned(), RefOr::T(refusal(status, why)));
        REFUSED.into_iter().map(answer).collect()
    }
}

fn refusal(status: StatusCode, why: &str) -> Response {
    let document = Ref::from_schema_name(ProblemDocument::name());
    let response = ResponseBuilder::new().description(why).content(PROBLEM, Content::new(Some(document)));
    let header = |schema: ObjectBuilder, description: &str| -> Header {
        HeaderBuilder::new().schema(Some(schema)).description(Some(description)).build()
    };
    let response = match status {
        StatusCode::SERVICE_UNAVAILABLE | StatusCode::INSUFFICIENT_STORAGE => {
            let seconds = ObjectBuilder::new().schema_type(Type::Integer);
            response.header("Retry-After", header(seconds, "After how many seconds to send it again."))
        }
        StatusCode::UNAUTHORIZED => response.header("WWW-Authenticate", header(text(), "Bearer.")),
        StatusCode::UNSUPPORTED_MEDIA_TYPE => {
            response.header("Accept-Encoding", header(text(), "The content encodings that are taken."))
        }
        _ => response,
    };
    response.build()
}

/// The headers that both doors read.
pub(super) struct SenderHeaders;

impl IntoParams for SenderHeaders {
    fn into_params(_: impl Fn() -> Option<ParameterIn>) -> Vec<Parameter> {
        let header = |name: &str, description: &str, schema: ObjectBuilder| {
            ParameterBuilder::new()
                .name(name)
                .parameter_in(ParameterIn::Header)
                .required(Required::False)
                .description(Some(description))
                .schema(Some(schema))
                .build()
        };
        vec![
            header(
                "Idempotency-Key",
                "A key of the sender's own for this content; by default it is made from the content. Another content under the \
                 same key is refused.",
                text().min_length(Some(1)).max_length(Some(MAX_KEY)).pattern(Some("^[!-~]+$")),
            ),
            header(
                "Content-Encoding",
                "How the body is packed. Limits are of what it unpacks to.",
                text().enum_values(Some(["gzip", "zstd", "identity"])),
            ),
        ]
    }
}

/// An event as it is sent.
pub(super) struct CloudEvent;

impl PartialSchema for CloudEvent {
    fn schema() -> RefOr<Schema> {
        let at = SchemaFormat::KnownFormat(KnownFormat::DateTime);
        ObjectBuilder::new()
            .description(Some(
                "An event in the JSON format of CloudEvents 1.0. Attributes that are not named here are taken and not kept.",
            ))
            .property("specversion", text().enum_values(Some(["1.0"])))
            .property("id", text().description(Some("Id of the event, such as a UUID; an id counts once.")))
            .property(
                "source",
                text()
                    .description(Some("The office that reports, as a URI reference."))
                    .examples(["/province/02/education"]),
            )
            .property(
                "type",
                text().description(Some("What it is.")).examples(["vn.lantoa.statement.stated.v1"]),
            )
            .property("time", text().format(Some(at)))
            .property(
                "data",
                ObjectBuilder::new().description(Some(
                    "The fields, as they are in the Avro schemas; numbers and dates may be texts as an office prints them.",
                )),
            )
            .required("specversion")
            .required("id")
            .required("source")
            .required("type")
            .required("data")
            .examples([event_example()])
            .into()
    }
}

impl ToSchema for CloudEvent {}

/// What a province said of its learning families in 2024.
fn event_example() -> Value {
    json!({
        "specversion": "1.0", "id": "0192f6a8-7c1e-7b61-9a53-5d1f0e6f2a44", "source": "/province/02/education",
        "type": "vn.lantoa.statement.stated.v1",
        "data": {
            "source": "ha-giang-2024", "stated_on": "2024", "area_level": "province", "area_code": "02",
            "area_date": "2024-12-31", "area_name": "Hà Giang", "fact": "actual", "measure": "learning_family",
            "stage": "recognised", "subject_scope": "household", "period": "2024", "as_at": "2024", "span": "stock",
            "base": "all", "numerator": 138068, "numerator_precision": "exact", "denominator": 187624,
            "printed_percent": "73.58",
        },
    })
}

/// The same as a sheet.
pub(super) fn sheet_example() -> &'static str {
    "source,stated_on,area_level,area_code,area_date,area_name,fact,measure,stage,subject_scope,period,as_at,span,base,\
     numerator,numerator_precision,denominator,sessions,sessions_precision,printed_percent,plan,quote\n\
     ha-giang-2024,2024,province,02,2024-12-31,Hà Giang,actual,learning_family,recognised,household,2024,2024,stock,all,\
     138068,exact,187624,,,73.58,,\n"
}

/// A body of `application/json`.
pub(super) struct OneOrMore;

impl PartialSchema for OneOrMore {
    fn schema() -> RefOr<Schema> {
        let event = || Ref::from_schema_name(CloudEvent::name());
        OneOfBuilder::new().item(event()).item(Array::new(event())).into()
    }
}

impl ToSchema for OneOrMore {}

/// A body of `application/x-ndjson`.
pub(super) struct Lines;

impl PartialSchema for Lines {
    fn schema() -> RefOr<Schema> {
        text().description(Some("One event a line.")).into()
    }
}

impl ToSchema for Lines {}

impl PartialSchema for RowError {
    fn schema() -> RefOr<Schema> {
        let row = ObjectBuilder::new()
            .schema_type(SchemaType::from_iter([Type::Integer, Type::Null]))
            .description(Some("The row, from 1; null for what concerns all rows, as a header."));
        ObjectBuilder::new()
            .description(Some("One problem of one row."))
            .property("row", row)
            .property("field", text().description(Some("The field or the column, as the sender writes it.")))
            .property("reason", text().description(Some("What is wrong.")))
            .property("remedy", text().description(Some("What would be right.")))
            .required("row")
            .required("field")
            .required("reason")
            .required("remedy")
            .into()
    }
}

impl ToSchema for RowError {}
