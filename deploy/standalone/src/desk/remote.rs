//! The running program, seen from another: the only module that speaks HTTP to it.
//!
//! In: questions and files. Out: what it answers. Guarantee: an answer that breaks off is an error, never a short one.

use std::time::Duration;

use lantoa_ingest::preview::Preview;
use lantoa_query::QueryError;
use lantoa_query::answer::{ARROW_STREAM, Answer};
use lantoa_query::error::Place;
use lantoa_query::face::{Question, Reply};
use lantoa_query::receipt::Receipt;
use lantoa_query::settings::NAMES;
use reqwest::header::{ACCEPT, AUTHORIZATION, CONTENT_TYPE, HeaderValue};
use reqwest::{Client, RequestBuilder, Response, StatusCode};
use serde::{Deserialize, de::DeserializeOwned};

/// How long the program may take to accept a connection; an answer may take as long as it takes.
const CONNECT_WITHIN: Duration = Duration::from_secs(3);

/// Why the running program gives no answer.
#[derive(Debug, thiserror::Error)]
pub enum RemoteError {
    /// It refuses, and says why.
    #[error("{}", .0.words())]
    Refused(Box<Problem>),
    /// It cannot be reached or breaks off.
    #[error("the running lantoa does not answer")]
    Http(#[from] reqwest::Error),
    /// Its answer cannot be read.
    #[error(transparent)]
    Answer(#[from] QueryError),
}

/// A problem document, as far as a person needs it.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub struct Problem {
    /// Which kind of problem, as a name.
    pub r#type: String,
    /// What kind of problem.
    pub title: String,
    /// What to do.
    pub detail: String,
    /// Row by row.
    pub errors: Vec<RowError>,
    /// Where in the text of a question it is.
    pub position: Option<Place>,
    /// Key of the receipt under which what was refused is kept.
    pub receipt: Option<String>,
}

impl Problem {
    /// Whether what it says is of rows and headings, and not of the request.
    pub fn is_of_a_sheet(&self) -> bool {
        self.r#type.ends_with(":header") || self.r#type.ends_with(":no-good-row")
    }

    /// One line without the rows.
    pub fn words(&self) -> String {
        [self.title.as_str(), self.detail.as_str()]
            .into_iter()
            .filter(|part| !part.is_empty())
            .collect::<Vec<_>>()
            .join(": ")
    }
}

/// What is wrong with one row.
#[derive(Debug, Clone, Deserialize)]
pub struct RowError {
    /// The row from 1; `None` for what concerns all.
    pub row: Option<u64>,
    /// The field.
    pub field: String,
    /// What is wrong.
    pub reason: String,
    /// What would be right.
    pub remedy: String,
}

/// The answer to a file.
#[derive(Debug, Clone, Deserialize)]
pub struct Taken {
    /// Key of the receipt.
    pub receipt: String,
    /// Rows accepted, each with its place in the log.
    pub events: Vec<TakenEvent>,
    /// What is wrong with the others.
    #[serde(default)]
    pub errors: Vec<RowError>,
    /// How many were rejected.
    pub rejected: usize,
}

/// A row that was accepted.
#[derive(Debug, Clone, Deserialize)]
pub struct TakenEvent {
    /// Its id.
    pub event_id: String,
    /// Topic, partition and offset.
    pub topic: String,
    /// Its partition.
    pub partition: i32,
    /// Its offset.
    pub offset: i64,
}

/// One table, as `GET /v1/status` has it.
#[derive(Debug, Clone, Deserialize)]
pub struct Table {
    /// Its name.
    pub table: String,
    /// Its newest version, where it has one.
    pub version: Option<u64>,
    /// Its rows.
    pub rows: u64,
    /// Its files.
    pub files: u64,
}

/// The running program.
#[derive(Debug, Clone)]
pub struct Remote {
    client: Client,
    base: String,
    /// What is shown where something is sent; kept from logs.
    bearer: Option<HeaderValue>,
}

impl Remote {
    /// The one that listens at `http`, a `host:port`.
    ///
    /// # Errors
    /// [`RemoteError::Http`] when no client can be made.
    pub fn of(http: &str) -> Result<Self, RemoteError> {
        // Loopback never goes through the proxy that the environment may name.
        let client = Client::builder().no_proxy().connect_timeout(CONNECT_WITHIN).build()?;
        Ok(Self { client, base: format!("http://{http}"), bearer: None })
    }

    /// The same, showing a sender's token. One that cannot stand in a header is not shown.
    #[must_use]
    pub fn showing(self, token: Option<&str>) -> Self {
        let bearer = token.and_then(|token| HeaderValue::from_str(&format!("Bearer {token}")).ok());
        let bearer = bearer.map(|mut bearer| {
            bearer.set_sensitive(true);
            bearer
        });
        Self { bearer, ..self }
    }

    /// Asks a question, and says what the answer stands on.
    ///
    /// # Errors
    /// Any [`RemoteError`].
    pub async fn sql(&self, question: &Question) -> Result<Reply, RemoteError> {
        let mut body = serde_json::json!({ "query": question.query });
        let settings = [
            ("map", &question.map),
            ("as_of", &question.as_of),
            ("stated_by", &question.stated_by),
            ("release", &question.release),
        ];
        for (name, value) in settings.into_iter().filter_map(|(name, value)| Some((name, value.as_ref()?))) {
            body[name] = value.as_str().into();
        }
        let sent = self.client.post(format!("{}/v1/sql", self.base)).header(ACCEPT, ARROW_STREAM).json(&body).send();
        let answer = good(sent.await?).await.map_err(as_said_by_query)?;
        // In UTF-8, where it has what somebody wrote, such as why a release was withdrawn.
        let text = |value: &HeaderValue| String::from_utf8_lossy(value.as_bytes()).into_owned();
        let notices = answer.headers().get_all("lantoa-notice").iter().map(text).collect();
        let standing = |name: &'static str| {
            Some((name, text(answer.headers().get(format!("lantoa-{}", name.replace('_', "-")))?)))
        };
        let standing = NAMES.into_iter().filter_map(standing).collect();
        let answer = Answer::read(answer.bytes_stream()).await?.with_notices(notices);
        Ok(Reply { answer, standing })
    }

    /// Sends a sheet.
    ///
    /// # Errors
    /// Any [`RemoteError`]; [`RemoteError::Refused`] also where no row of it is good.
    pub async fn file(&self, name: &str, content: Vec<u8>, form: Option<&str>) -> Result<Taken, RemoteError> {
        self.send(name, content, form, false).await
    }

    /// Asks what would become of a sheet; nothing of it is written.
    ///
    /// # Errors
    /// Any [`RemoteError`]; [`RemoteError::Refused`] also where no row of it is good.
    pub async fn foresee(&self, name: &str, content: Vec<u8>, form: Option<&str>) -> Result<Preview, RemoteError> {
        self.send(name, content, form, true).await
    }

    async fn send<T: DeserializeOwned>(
        &self,
        name: &str,
        content: Vec<u8>,
        form: Option<&str>,
        is_dry_run: bool,
    ) -> Result<T, RemoteError> {
        let mut url =
            reqwest::Url::parse(&format!("{}/v1/files", self.base)).expect("a base that already answered is a URL");
        url.query_pairs_mut()
            .append_pair("name", name)
            .extend_pairs(form.map(|form| ("form", form)))
            .extend_pairs(is_dry_run.then_some(("dry_run", "true")));
        let request = self.client.post(url).header(CONTENT_TYPE, "application/octet-stream");
        read(good(self.shown(request).body(content).send().await?).await?).await
    }

    /// Sends events, a JSON array of CloudEvents, under a key of their own.
    ///
    /// # Errors
    /// Any [`RemoteError`]; [`RemoteError::Refused`] also where none of them is good.
    pub async fn events(&self, content: Vec<u8>, key: &str) -> Result<Taken, RemoteError> {
        let request = self.client.post(format!("{}/v1/events", self.base));
        let request = request.header(CONTENT_TYPE, "application/cloudevents-batch+json").header("idempotency-key", key);
        read(good(self.shown(request).body(content).send().await?).await?).await
    }

    /// A request with the sender's token, where there is one.
    fn shown(&self, request: RequestBuilder) -> RequestBuilder {
        match &self.bearer {
            Some(bearer) => request.header(AUTHORIZATION, bearer),
            None => request,
        }
    }

    /// The receipt of a key; `None` where there is none, or not yet.
    ///
    /// # Errors
    /// Any [`RemoteError`].
    pub async fn receipt(&self, key: &str) -> Result<Option<Receipt>, RemoteError> {
        let mut url =
            reqwest::Url::parse(&format!("{}/v1/receipts", self.base)).expect("a base that already answered is a URL");
        if let Ok(mut path) = url.path_segments_mut() {
            path.push(key);
        }
        let answer = self.client.get(url).send().await?;
        if answer.status() == StatusCode::NOT_FOUND {
            return Ok(None);
        }
        read(good(answer).await?).await.map(Some)
    }

    /// The tables.
    ///
    /// # Errors
    /// Any [`RemoteError`].
    pub async fn tables(&self) -> Result<Vec<Table>, RemoteError> {
        #[derive(Deserialize)]
        struct Status {
            tables: Vec<Table>,
        }
        let sent = self.client.get(format!("{}/v1/status", self.base)).send().await?;
        Ok(read::<Status>(good(sent).await?).await?.tables)
    }
}

/// A refusal in the words that the engine itself has for it.
fn as_said_by_query(error: RemoteError) -> RemoteError {
    match error {
        RemoteError::Refused(mut problem) if !problem.detail.is_empty() => {
            problem.title.clear();
            RemoteError::Refused(problem)
        }
        other => other,
    }
}

async fn read<T: DeserializeOwned>(answer: Response) -> Result<T, RemoteError> {
    Ok(answer.json().await?)
}

/// The answer, unless it is a problem document.
async fn good(answer: Response) -> Result<Response, RemoteError> {
    let status = answer.status();
    if status.is_success() {
        return Ok(answer);
    }
    let mut problem: Problem = answer.json().await.unwrap_or_default();
    if problem.title.is_empty() {
        problem.title = format!("the running lantoa answers {}", StatusCode::as_str(&status));
    }
    Err(RemoteError::Refused(Box::new(problem)))
}
