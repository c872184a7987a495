//! `GET /`: the page for people who look first, and the files that belong to it.
//!
//! In: an address. Out: HTML, in the language asked for. Guarantee: the policy that is sent with it lets a browser load
//! nothing from elsewhere and run nothing that stands in the document.

use axum::Extension;
use axum::body::Body;
use axum::extract::{RawQuery, State};
use axum::http::header::{
    ACCEPT_LANGUAGE, CACHE_CONTROL, CONTENT_LANGUAGE, CONTENT_SECURITY_POLICY, CONTENT_TYPE, HeaderMap, HeaderName,
    REFERRER_POLICY, VARY, X_CONTENT_TYPE_OPTIONS,
};
use axum::http::{Response, StatusCode};
use axum::response::IntoResponse;
use futures::TryStreamExt;
use url::form_urlencoded::parse;

use super::indicator::path;
use super::problem::Problem;
use super::{Face, put};
use crate::access::{Asker, Role};
use crate::error::{Owner, QueryError};
use crate::page::figure::{Figure, figures};
use crate::page::form::Form;
use crate::page::words::{Lang, words};
use crate::page::{ICON, Known, Links, MOST_ROWS, Page, SCRIPT, STYLE, Shown, render};
use crate::selection::{Asked, Chosen, Refused, Told, Wrong, address, hits, tell};
use crate::session::Session;
use crate::settings::Settings;

/// What the page is asked by beside a selection: its indicator, the language, and a name to look for.
const OWN: [&str; 3] = ["indicator", "lang", "find"];

/// What is shown first.
const FIRST: &str = "learning_family";

const POLICY: &str = "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self'; form-action 'self'; \
                      base-uri 'none'; frame-ancestors 'none'";

/// The page. It takes the parameters of `/v1/indicators/{id}` but `format` and `view`, beside them `indicator`, `lang` (vi or
/// en) and `find` (a name to look for).
pub(super) async fn page(
    State(face): State<Face>,
    Extension(asker): Extension<Asker>,
    RawQuery(query): RawQuery,
    headers: HeaderMap,
) -> Result<Response<Body>, Problem> {
    face.open()?;
    let _under_way = face.answers.token();
    let query = query.as_deref().unwrap_or_default();
    let (asked, mut wrong) = match Asked::read(query, &OWN) {
        Ok(asked) => (asked, None),
        Err(error) => (Asked::default(), Some(Refused::Wrong(error))),
    };
    // Whatever else is wrong with the address, that is said in the language that it asks for.
    let asked_for = parse(query.as_bytes()).find(|(name, _)| name == "lang").and_then(|(_, lang)| Lang::parse(&lang));
    let accepted = headers.get(ACCEPT_LANGUAGE).and_then(|header| header.to_str().ok()).unwrap_or_default();
    let lang = asked_for.unwrap_or_else(|| Lang::accepted(accepted));
    let session = match session(&face, &asker, &asked).await {
        Ok(session) => session,
        Err(error) => {
            wrong = wrong.or(Some(Refused::Query(error)));
            face.engine.session(&asker, &Settings::default()).map_err(QueryError::from)?
        }
    };
    let knowledge = session.knowledge().await?;
    let (asked, found) = look(asked, &knowledge, session.map());
    let (asked, which) = match found {
        Found::Nothing => (asked, None),
        Found::Several(name, several) => (asked, Some((name, several))),
        Found::Wrong(error) => {
            wrong = wrong.or(Some(Refused::Wrong(error)));
            (asked, None)
        }
    };
    let id = asked.one("indicator").unwrap_or(FIRST).to_owned();
    let of_release = asker.role == Role::Reader;
    // Who sees releases alone is asked which one, before anything of it is wrong.
    let choose = wrong.is_none() && of_release && asked.one("release").is_none();
    let told = match wrong {
        Some(wrong) => Err(wrong),
        None if choose => Ok(None),
        None => answer(&face, &asker, &id, &asked).await.map(Some),
    };
    let (status, problem) = match &told {
        Ok(_) => (StatusCode::OK, None),
        Err(refused) => said(refused),
    };
    let told = told.ok().flatten();
    let releases = face.engine.shelf(&asker).stored().await.unwrap_or_else(|error| {
        tracing::error!(%error, "the releases cannot be listed");
        Vec::new()
    });
    let areas = told.as_ref().map(|told| told.selection.areas.as_slice()).unwrap_or_default();
    let form = Form {
        asked: &asked,
        indicator: &id,
        knowledge: &knowledge,
        map: session.map(),
        areas,
        which: which.as_ref().map(|(name, several)| (name.as_str(), several.as_slice())),
        releases: &releases,
        of_release,
    };
    let shown = told.as_ref().and_then(|told| told.shown(&id, lang));
    let other = asked.address("/", &[("lang", lang.other().as_str())]);
    let page = Page { form, shown, choose, problem, other };
    Ok(document(status, lang, render(&page, words(lang)).into_string()))
}

async fn session(face: &Face, asker: &Asker, asked: &Asked) -> Result<Session, QueryError> {
    let settings = asked.settings();
    match face.engine.session(asker, &settings) {
        Ok(session) => Ok(session),
        Err(error) => Err(face.engine.explained(error, asker, &settings).await.into()),
    }
}

/// What a name that was looked for came to.
enum Found {
    /// Nothing was looked for, or it is among the areas now.
    Nothing,
    /// Several areas of a map have the name.
    Several(String, Vec<Chosen>),
    /// Nothing has it.
    Wrong(Wrong),
}

/// Looks for the name that was typed, and adds its area where there is one only.
fn look(asked: Asked, knowledge: &crate::knowledge::Knowledge, map: Option<chrono::NaiveDate>) -> (Asked, Found) {
    let Some(name) = asked.one("find").map(str::to_owned) else { return (asked, Found::Nothing) };
    let history = knowledge.history();
    let mut several: Vec<Chosen> = Vec::new();
    for chosen in hits(&name, history, map).into_iter().map(|id| Chosen::of(id, history)) {
        if !several.iter().any(|known| known.is(&chosen)) {
            several.push(chosen);
        }
    }
    match several.as_slice() {
        [] => match crate::selection::areas(&name, knowledge, map) {
            Ok(chosen) => (chosen.iter().fold(asked, |asked, area| asked.with("area", area.word())), Found::Nothing),
            Err(wrong) => (asked, Found::Wrong(wrong)),
        },
        [only] => (asked.with("area", only.word()), Found::Nothing),
        _ => (asked, Found::Several(name, several)),
    }
}

/// An answer that was read to its end.
struct Read {
    selection: crate::selection::Selection,
    knowledge: std::sync::Arc<crate::knowledge::Knowledge>,
    figures: Vec<Figure>,
    rows: usize,
    notices: Vec<String>,
    sql: String,
    permanent: Vec<(&'static str, String)>,
    as_of: String,
    catalogue: String,
    events: i64,
}

async fn answer(face: &Face, asker: &Asker, id: &str, asked: &Asked) -> Result<Read, Refused> {
    let told = tell(&face.engine, asker, id, asked).await?;
    let (permanent, sql) = (told.permanent(), told.sql());
    let Told { selection, knowledge, mut answer, known, .. } = told;
    let (mut shown, mut rows) = (Vec::new(), 0);
    // To the end, so that the page can say how many rows there are.
    while let Some(batch) = answer.try_next().await? {
        rows += batch.num_rows();
        let left = MOST_ROWS - shown.len();
        let batch = batch.slice(0, left.min(batch.num_rows()));
        shown.extend(figures(&batch).map_err(QueryError::internal)?);
    }
    let notices = answer.notices().to_vec();
    let (as_of, catalogue, events) = (known.as_of.to_string(), known.catalogue, known.events);
    Ok(Read { selection, knowledge, figures: shown, rows, notices, sql, permanent, as_of, catalogue, events })
}

impl Read {
    fn shown(&self, id: &str, lang: Lang) -> Option<Shown<'_>> {
        let again = |path: &str, more: &[(&str, &str)]| {
            let permanent = self.permanent.iter().map(|(name, value)| (*name, value.as_str()));
            address(path, permanent.chain(more.iter().copied()))
        };
        let file = |format: &str| again(&path(id), &[("format", format)]);
        let links = Links {
            permanent: again("/", &[("indicator", id), ("lang", lang.as_str())]),
            csv: file("csv"),
            xlsx: file("xlsx"),
            json: file("json"),
        };
        Some(Shown {
            indicator: self.knowledge.catalogue().indicator(id)?,
            figures: &self.figures,
            rows: self.rows,
            notices: &self.notices,
            sql: &self.sql,
            known: Known { as_of: &self.as_of, catalogue: &self.catalogue, events: self.events },
            links,
        })
    }
}

/// What is said where there is no answer, and how it is answered.
fn said(refused: &Refused) -> (StatusCode, Option<String>) {
    match refused {
        Refused::NoIndicator(wrong) => (StatusCode::NOT_FOUND, Some(wrong.to_string())),
        Refused::Wrong(wrong) => (StatusCode::UNPROCESSABLE_ENTITY, Some(wrong.to_string())),
        Refused::Query(error) => {
            if let QueryError::Internal(cause) = error {
                // The cause may name files: it is for the log, not for whoever asks.
                tracing::error!(%cause, "a page failed");
            }
            let status = match error.owner() {
                Owner::Asker => StatusCode::UNPROCESSABLE_ENTITY,
                Owner::Outside => StatusCode::SERVICE_UNAVAILABLE,
                Owner::Us => StatusCode::INTERNAL_SERVER_ERROR,
            };
            (status, Some(error.to_string()))
        }
    }
}

fn document(status: StatusCode, lang: Lang, html: String) -> Response<Body> {
    let mut response = file("text/html; charset=utf-8", html);
    *response.status_mut() = status;
    let headers = response.headers_mut();
    let own: [(HeaderName, &str); 5] = [
        (CONTENT_SECURITY_POLICY, POLICY),
        (CONTENT_LANGUAGE, lang.as_str()),
        (REFERRER_POLICY, "no-referrer"),
        (VARY, "Accept-Language"),
        (CACHE_CONTROL, "no-store"),
    ];
    for (name, value) in own {
        put(headers, name.as_str(), value);
    }
    response
}

fn file(media_type: &str, content: impl Into<Body>) -> Response<Body> {
    let mut response = Response::new(content.into());
    put(response.headers_mut(), CONTENT_TYPE.as_str(), media_type);
    put(response.headers_mut(), X_CONTENT_TYPE_OPTIONS.as_str(), "nosniff");
    response
}

/// Styles of the page.
pub(super) async fn style() -> impl IntoResponse {
    file("text/css; charset=utf-8", STYLE)
}

/// The page's script.
pub(super) async fn script() -> impl IntoResponse {
    file("text/javascript; charset=utf-8", SCRIPT)
}

/// The page's icon.
pub(super) async fn icon() -> impl IntoResponse {
    file("image/svg+xml", ICON)
}
