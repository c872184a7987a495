//! What the HTTP face says of itself: this role's part of the program's OpenAPI document.
//!
//! In: the annotated handlers. Out: their paths, schemas and security scheme. Guarantee: a route is described because it is
//! routed; formats and words of lists are those of the code; what stands here by hand, because no type of ours is read or
//! written by serde, is held against the face by tests. The page is for people and left out.

use std::collections::BTreeMap;

use axum::extract::DefaultBodyLimit;
use axum::http::StatusCode;
use lantoa_schemas::vocabulary::{AreaLevel, Base, Vocabulary};
use serde_json::json;
use utoipa::openapi::path::{Parameter, ParameterBuilder, ParameterIn, ParameterStyle};
use utoipa::openapi::schema::Type;
use utoipa::openapi::security::{HttpAuthScheme, HttpBuilder, SecurityScheme};
use utoipa::openapi::tag::TagBuilder;
use utoipa::openapi::{
    Array, ArrayBuilder, Content, HeaderBuilder, KnownFormat, ObjectBuilder, OpenApi, Ref, RefOr, Required, Response,
    ResponseBuilder, Schema, SchemaFormat,
};
use utoipa::{IntoParams, IntoResponses, PartialSchema, ToSchema};

use super::indicator::Entry;
use super::problem::{Document, PROBLEM};
use crate::format::Format;
use crate::selection::{View, YEARS};

/// What questions are answered where there is no answer, beside what each route says in words of its own.
const REFUSED: [(StatusCode, &str); 6] = [
    (StatusCode::FORBIDDEN, "It asks for what is not for everybody."),
    (StatusCode::NOT_ACCEPTABLE, "None of the formats asked for is there."),
    (StatusCode::REQUEST_TIMEOUT, "The answer was not read on."),
    (StatusCode::CONFLICT, "It was cancelled."),
    (StatusCode::INTERNAL_SERVER_ERROR, "The tables cannot be read."),
    (StatusCode::SERVICE_UNAVAILABLE, "Too many questions at once, or the program is stopping."),
];

/// Headers of every answer with rows.
const STANDING: [(&str, &str); 5] = [
    ("Lantoa-Map", "The map on which the answer stands."),
    ("Lantoa-As-Of", "Up to when records are in the answer."),
    ("Lantoa-Stated-By", "Up to which day sources had said it."),
    ("Lantoa-Release", "The release that answers."),
    ("Lantoa-Notice", "What has to be said beside the rows; several times where there is more."),
];

/// The OpenAPI document of this role's routes, without a head of its own: the program has it.
pub fn api() -> OpenApi {
    // How long a question may be is not said by its route.
    let mut api = super::guarded(DefaultBodyLimit::disable()).into_openapi();
    let mut schemas = Vec::new();
    add::<Document<'_>>(&mut schemas);
    add::<Entry<'_>>(&mut schemas);
    add::<CatalogueVersion>(&mut schemas);
    add::<Figures>(&mut schemas);
    let password = HttpBuilder::new().scheme(HttpAuthScheme::Basic).description(Some(
        "Name and password of a user. Where there are no users none is asked for, and the listener is on loopback.",
    ));
    let components = api.components.get_or_insert_default();
    components.schemas.extend(schemas);
    components.add_security_scheme("password", SecurityScheme::Http(password.build()));
    let query =
        TagBuilder::new().name("query").description(Some("Questions are answered. Câu hỏi được trả lời.")).build();
    api.tags = Some(vec![query]);
    api
}

/// Adds a schema that is named by hand, and those that it names.
fn add<T: ToSchema>(schemas: &mut Vec<(String, RefOr<Schema>)>) {
    schemas.push((T::name().into_owned(), T::schema()));
    T::schemas(schemas);
}

fn text() -> ObjectBuilder {
    ObjectBuilder::new().schema_type(Type::String)
}

/// One of the words of a closed list.
pub(super) fn word<T: Vocabulary>() -> ObjectBuilder {
    text().enum_values(Some(T::ALL.iter().map(|word| word.as_str())))
}

fn year() -> ObjectBuilder {
    ObjectBuilder::new().schema_type(Type::Integer).minimum(Some(*YEARS.start())).maximum(Some(*YEARS.end()))
}

fn problem(why: &str) -> Response {
    let document = Ref::from_schema_name(Document::name());
    ResponseBuilder::new().description(why).content(PROBLEM, Content::new(Some(document))).build()
}

/// The answers of [`REFUSED`].
pub(super) struct Refused;

impl IntoResponses for Refused {
    fn responses() -> BTreeMap<String, RefOr<Response>> {
        let answer = |(status, why): (StatusCode, &str)| (status.as_str().to_owned(), RefOr::T(problem(why)));
        REFUSED.into_iter().map(answer).collect()
    }
}

/// The answer to whoever does not say who they are.
pub(super) struct WhoAsks;

impl IntoResponses for WhoAsks {
    fn responses() -> BTreeMap<String, RefOr<Response>> {
        let challenge = HeaderBuilder::new().schema(Some(text())).build();
        let document = Content::new(Some(Ref::from_schema_name(Document::name())));
        let response = ResponseBuilder::new()
            .description("Name and password are missing or wrong.")
            .header("WWW-Authenticate", challenge)
            .content(PROBLEM, document)
            .build();
        BTreeMap::from([(StatusCode::UNAUTHORIZED.as_str().to_owned(), RefOr::T(response))])
    }
}

/// An answer with rows, in each format that there is; as JSON in the form given.
fn rows(why: &str, as_json: impl Into<RefOr<Schema>>) -> ResponseBuilder {
    let mut as_json = Some(as_json);
    let mut response = ResponseBuilder::new().description(why);
    for format in Format::ALL {
        let content = match format {
            Format::Json => Content::new(as_json.take()),
            _ => Content::default(),
        };
        response = response.content(format.essence(), content);
    }
    for (name, about) in STANDING {
        response = response.header(name, HeaderBuilder::new().schema(Some(text())).description(Some(about)).build());
    }
    response
}

fn ok(response: ResponseBuilder) -> BTreeMap<String, RefOr<Response>> {
    BTreeMap::from([(StatusCode::OK.as_str().to_owned(), RefOr::T(response.build()))])
}

/// The rows of a question in SQL.
pub(super) struct Rows;

impl IntoResponses for Rows {
    fn responses() -> BTreeMap<String, RefOr<Response>> {
        ok(rows("The rows, in the first format of Accept that there is.", Array::new(ObjectBuilder::new())))
    }
}

/// The rows of an indicator.
pub(super) struct FigureRows;

impl IntoResponses for FigureRows {
    fn responses() -> BTreeMap<String, RefOr<Response>> {
        let link = HeaderBuilder::new()
            .schema(Some(text()))
            .description(Some("The permanent address of this answer, rel=\"canonical\"."));
        let catalogue = HeaderBuilder::new()
            .schema(Some(Ref::from_schema_name(CatalogueVersion::name())))
            .description(Some("The catalogue by which the answer was made."));
        let figures = Ref::from_schema_name(Figures::name());
        ok(rows("The rows; as JSON with what they stand on.", figures)
            .header("Link", link.build())
            .header("Lantoa-Catalogue", catalogue.build()))
    }
}

/// The version of a catalogue.
pub(super) struct CatalogueVersion;

impl PartialSchema for CatalogueVersion {
    fn schema() -> RefOr<Schema> {
        text()
            .description(Some("Its number, and a fingerprint of what it says: events add to it."))
            .examples(["1-0123456789ab"])
            .into()
    }
}

impl ToSchema for CatalogueVersion {}

/// Figures of an indicator as JSON. The rows are written as they are read, so that no type of ours has all of it.
struct Figures;

impl PartialSchema for Figures {
    fn schema() -> RefOr<Schema> {
        let settings = ObjectBuilder::new()
            .description(Some("The settings it stands on, by name."))
            .additional_properties(Some(text()));
        let notices = ArrayBuilder::new().items(text()).description(Some("What has to be said beside the rows."));
        let events = ObjectBuilder::new()
            .schema_type(Type::Integer)
            .description(Some("How many events there were, of those that were recorded by then."));
        let figures = ObjectBuilder::new()
            .property("permalink", text().description(Some("The permanent address of this answer.")))
            .property("catalogue", Ref::from_schema_name(CatalogueVersion::name()))
            .property("events", events)
            .property("settings", settings)
            .property("indicator", Ref::from_schema_name(Entry::name()))
            .property("notices", notices)
            .property("query", text().description(Some("SQL that gives the same rows.")))
            .property("rows", Array::new(ObjectBuilder::new()));
        ["permalink", "catalogue", "events", "settings", "indicator", "notices", "query", "rows"]
            .into_iter()
            .fold(figures, ObjectBuilder::required)
            .into()
    }
}

impl ToSchema for Figures {}

/// What an address asks of an indicator; `selection` reads it.
pub(super) struct Parameters;

impl IntoParams for Parameters {
    fn into_params(_: impl Fn() -> Option<ParameterIn>) -> Vec<Parameter> {
        let mut parameters = narrowing();
        parameters.extend(standing());
        parameters
    }
}

fn parameter(name: &str, about: &str, schema: impl Into<RefOr<Schema>>) -> ParameterBuilder {
    ParameterBuilder::new()
        .name(name)
        .parameter_in(ParameterIn::Query)
        .required(Required::False)
        .description(Some(about))
        .schema(Some(schema))
}

/// What narrows an indicator down.
fn narrowing() -> Vec<Parameter> {
    let area = "Areas, given several times or with commas between them: a name in any spelling, a code, province:24, or \
                province:24@2024-12-31 for whoever had the code on that day.";
    vec![
        parameter("area", area, Array::new(text())).style(Some(ParameterStyle::Form)).explode(Some(true)).build(),
        parameter("year", "Single years.", Array::new(year())).build(),
        parameter("from", "First year.", year()).build(),
        parameter("to", "Last year.", year()).build(),
        parameter("base", "What a rate is a rate of. Bases are never mixed.", Array::new(word::<Base>())).build(),
        parameter("subject_scope", "Of whom it is counted.", Array::new(text())).build(),
        parameter("level", "Only areas of this level.", word::<AreaLevel>()).build(),
        parameter(
            "view",
            "Which view answers.",
            text().enum_values(Some(View::ALL.map(View::as_str))).default(Some(json!(View::Indicator.as_str()))),
        )
        .build(),
        parameter(
            "format",
            "The format, before that of Accept.",
            text().enum_values(Some(Format::ALL.map(Format::as_str))),
        )
        .build(),
    ]
}

/// What an answer stands on.
fn standing() -> Vec<Parameter> {
    let map = "The map on which the answer stands: as_reported, or a day for the map in force on it.";
    let as_of = "Only what was recorded by the end of this day in Vietnam, or by this instant.";
    let release = "From a release in place of the ledgers: its name for the newest version, with @1 or @1.0 for the newest \
                   of these, with @1.0.2 for that one. Not beside as_of and stated_by.";
    let catalogue = "The catalogue's version of a permanent address; where it is another now, a notice says so.";
    let events = "The number of events of a permanent address; where there are others now that bear an earlier time, a \
                  notice says so.";
    let day = SchemaFormat::KnownFormat(KnownFormat::Date);
    vec![
        parameter("map", map, text().default(Some(json!("as_reported")))).example(Some(json!("2025-07-01"))).build(),
        parameter("as_of", as_of, text()).example(Some(json!("2025-10-15T08:30:00Z"))).build(),
        parameter("stated_by", "Only what sources had said by the end of this day.", text().format(Some(day))).build(),
        parameter("release", release, text()).example(Some(json!("LLW-2025@1"))).build(),
        parameter("catalogue", catalogue, Ref::from_schema_name(CatalogueVersion::name())).build(),
        parameter("events", events, ObjectBuilder::new().schema_type(Type::Integer)).build(),
    ]
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use serde_json::Value;

    use super::super::indicator::OWN;
    use super::*;
    use crate::selection::PARAMETERS;

    #[test]
    fn what_an_address_may_ask_is_what_is_described() {
        let described: Vec<String> = Parameters::into_params(|| None).into_iter().map(|known| known.name).collect();
        let taken: BTreeSet<&str> = PARAMETERS.into_iter().chain(OWN).collect();
        let unique: BTreeSet<&str> = described.iter().map(String::as_str).collect();
        assert_eq!(unique, taken);
        assert_eq!(unique.len(), described.len());
    }

    #[test]
    fn every_format_is_described() {
        let api = serde_json::to_value(api()).unwrap();
        let get = api.pointer("/paths/~1v1~1indicators~1{id}/get").unwrap();
        let described: BTreeSet<&str> =
            get["responses"]["200"]["content"].as_object().unwrap().keys().map(String::as_str).collect();
        let written: BTreeSet<&str> = Format::ALL.into_iter().map(Format::essence).collect();
        assert_eq!(described, written);
        for status in ["400", "401", "403", "404", "406", "408", "409", "422", "500", "503"] {
            let answer = &get["responses"][status];
            assert_eq!(answer["content"][PROBLEM]["schema"]["$ref"], "#/components/schemas/Problem", "{status}");
        }
        let formats = get["parameters"].as_array().unwrap().iter().find(|parameter| parameter["name"] == "format");
        assert_eq!(formats.unwrap()["schema"]["enum"], Value::from_iter(Format::ALL.map(Format::as_str)));
    }
}
