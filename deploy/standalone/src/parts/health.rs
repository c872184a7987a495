//! `/healthz`, `/readyz` and `/metrics`: whether the program lives, whether it can do its work, and how it goes; and
//! `/v1/openapi.json`, what may be asked over HTTP.
//!
//! In: a flag, the checks of the roles that run, the registry, what the roles say of their routes. Out: 200 or 503 with every part's state as JSON, and the
//! registry as Prometheus text. Guarantee: `/healthz` names the process, so that nobody takes another for it, and asks
//! nobody; `/readyz` answers 200 only where every part can do its work, and else says which cannot, why, and what to
//! do; a part that does not answer in time cannot.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::{Json, Router};
use bytes::Bytes;
use futures::FutureExt;
use futures::future::{BoxFuture, join_all};
use prometheus_client::encoding::prometheus_text;
use prometheus_client::registry::Registry;
use serde::Serialize;
use utoipa::ToSchema;
use utoipa::openapi::OpenApi;
use utoipa::openapi::tag::TagBuilder;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::{PartName, document};
use crate::data_dir::endpoints::Health;

/// How long a part may take to say how it is. Longer than any patience of a role's own.
const SAID_WITHIN: Duration = Duration::from_secs(5);

/// What a role says of its parts: name, and what is wrong where one does not work.
type Said = Vec<(&'static str, Result<(), String>)>;

/// Asks a role how it is.
type Ask = Box<dyn Fn() -> BoxFuture<'static, Said> + Send + Sync>;

/// Whether the program can be worked with; not until it is told.
#[derive(Debug, Clone, Default)]
pub struct Readiness(Arc<AtomicBool>);

impl Readiness {
    /// Says so.
    pub fn set(&self, ready: bool) {
        self.0.store(ready, Ordering::Release);
    }

    fn state(&self) -> Result<(), String> {
        if self.0.load(Ordering::Acquire) { Ok(()) } else { Err("starting or stopping; ask again later".to_owned()) }
    }
}

/// The roles that can be asked how they are.
#[derive(Default)]
pub(super) struct Checks(Vec<(PartName, Ask)>);

impl Checks {
    /// Adds a role.
    pub(super) fn add<F>(&mut self, part: PartName, ask: impl Fn() -> F + Send + Sync + 'static)
    where
        F: Future<Output = Said> + Send + 'static,
    {
        self.0.push((part, Box::new(move || ask().boxed())));
    }

    /// Asks all roles at once.
    async fn ask(&self, within: Duration) -> Vec<PartState> {
        let asked = self.0.iter().map(|(part, ask)| ask_one(*part, ask, within));
        join_all(asked).await.into_iter().flatten().collect()
    }
}

async fn ask_one(part: PartName, ask: &Ask, within: Duration) -> Vec<PartState> {
    let said = match tokio::time::timeout(within, ask()).await {
        Ok(said) => said,
        Err(_) => vec![("answer", Err(format!("did not say within {within:?} how it is")))],
    };
    said.into_iter().map(|(check, state)| PartState::new(part.role(), check, state)).collect()
}

/// One part as `/readyz` shows it.
#[derive(Debug, PartialEq, Eq, Serialize, ToSchema)]
#[schema(as = PartReadiness)]
struct PartState {
    /// The part.
    part: &'static str,
    /// What of it.
    check: &'static str,
    /// Whether that can do its work.
    ready: bool,
    /// Why not, and what to do.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = String)]
    reason: Option<String>,
}

impl PartState {
    fn new(part: &'static str, check: &'static str, state: Result<(), String>) -> Self {
        Self { part, check, ready: state.is_ok(), reason: state.err() }
    }
}

/// Body of `/readyz`.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Readiness)]
struct ReadinessBody {
    /// Whether every part can do its work.
    ready: bool,
    /// What each says.
    parts: Vec<PartState>,
}

/// What the routes show.
struct Shown {
    readiness: Readiness,
    checks: Checks,
    registry: Registry,
    /// The OpenAPI document, as JSON.
    document: Bytes,
}

/// The route by which whoever only sends sees that the program lives.
pub(super) fn alive() -> Router {
    Router::from(OpenApiRouter::default().routes(routes!(health)))
}

/// The routes that every role has. `roles` says what other routes there are.
pub(super) fn router(readiness: Readiness, checks: Checks, registry: Registry, roles: OpenApi) -> Router {
    let whole = document::head().merge_from(roles).merge_from(api());
    let document = whole.to_pretty_json().expect("plain fields are always JSON").into();
    Router::from(routes()).with_state(Arc::new(Shown { readiness, checks, registry, document }))
}

/// What these routes are.
pub(super) fn api() -> OpenApi {
    let mut api = routes().into_openapi();
    let program = TagBuilder::new().name("program").description(Some(
        "Whether the program lives and how it goes. Chương trình có hoạt động không và hoạt động ra sao.",
    ));
    api.tags = Some(vec![program.build()]);
    api
}

fn routes() -> OpenApiRouter<Arc<Shown>> {
    OpenApiRouter::default()
        .routes(routes!(health))
        .routes(routes!(ready))
        .routes(routes!(metrics))
        .routes(routes!(openapi))
}

/// Whether the program lives
#[utoipa::path(
    get,
    path = "/healthz",
    operation_id = "getHealth",
    tag = "program",
    responses((status = 200, description = "It lives.", body = Health)),
)]
async fn health() -> Json<Health> {
    Json(Health::of_this_process())
}

/// Whether every part can do its work
#[utoipa::path(
    get,
    path = "/readyz",
    operation_id = "getReadiness",
    tag = "program",
    responses(
        (status = 200, description = "Every part can.", body = ReadinessBody),
        (status = 503, description = "A part cannot: which, why, what to do.", body = ReadinessBody),
    ),
)]
async fn ready(State(shown): State<Arc<Shown>>) -> (StatusCode, Json<ReadinessBody>) {
    let mut parts = vec![PartState::new("program", "running", shown.readiness.state())];
    parts.extend(shown.checks.ask(SAID_WITHIN).await);
    let ready = parts.iter().all(|part| part.ready);
    let status = if ready { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
    (status, Json(ReadinessBody { ready, parts }))
}

/// This document
#[utoipa::path(
    get,
    path = "/v1/openapi.json",
    operation_id = "getOpenApi",
    tag = "program",
    responses((status = 200, description = "This document.", body = Object, content_type = "application/json")),
)]
async fn openapi(State(shown): State<Arc<Shown>>) -> impl IntoResponse {
    ([(header::CONTENT_TYPE, "application/json")], shown.document.clone())
}

/// Figures of the program for Prometheus
#[utoipa::path(
    get,
    path = "/metrics",
    operation_id = "getMetrics",
    tag = "program",
    responses(
        (status = 200, description = "Prometheus text.", body = String, content_type = "text/plain"),
        (status = 500, description = "The figures cannot be written."),
    ),
)]
async fn metrics(State(shown): State<Arc<Shown>>) -> Response {
    let mut text = String::new();
    match prometheus_text::encode(&mut text, &shown.registry) {
        Ok(()) => ([(header::CONTENT_TYPE, prometheus_text::CONTENT_TYPE)], text).into_response(),
        Err(error) => {
            tracing::error!(%error, "the metrics cannot be written");
            StatusCode::INTERNAL_SERVER_ERROR.into_response()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_part_that_does_not_answer_is_not_ready() {
        let mut checks = Checks::default();
        checks.add(PartName::Ingest, || async { vec![("log", Ok(())), ("intake", Err("stopping".to_owned()))] });
        checks.add(PartName::Query, || async {
            std::future::pending::<()>().await;
            Vec::new()
        });
        let states = checks.ask(Duration::from_millis(50)).await;
        let told: Vec<_> = states.iter().map(|state| (state.part, state.check, state.ready)).collect();
        assert_eq!(told, [("ingest", "log", true), ("ingest", "intake", false), ("query", "answer", false)]);
        assert_eq!(states[0].reason, None);
        assert!(states[2].reason.as_ref().unwrap().contains("50ms"));
    }
}
