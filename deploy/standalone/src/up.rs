//! `lantoa up`: everything in one program, over one data folder, until it is told to stop.
//!
//! In: a data folder and flags. Out: a program that answers at the addresses it prints and writes to
//! `endpoints.json`. Guarantee: one owner a folder; the articles of a first start are queryable before the program
//! says that it is ready; a part that fails ends the program with the reason; the order to stop loses nothing.

use std::convert::Infallible;
use std::io::Write;
use std::net::SocketAddr;
use std::sync::Arc;

use bytes::Bytes;
use lantoa_ingest::Intake;
use lantoa_query::Engine;

use crate::arrival::LastRows;
use crate::articles::ARTICLES;
use crate::broker::EmbeddedBroker;
use crate::cli::UpArgs;
use crate::commands::schedule::scheduler;
use crate::config::Settings;
use crate::data_dir::endpoints::Endpoints;
use crate::data_dir::{DataDir, articles_mark};
use crate::desk::{Desk, plain};
use crate::known::EngineKnown;
use crate::parts::health::Readiness;
use crate::parts::{Parts, bind};
use crate::progress::during;
use crate::run::{Outcome, RunError};
use crate::signals::StopOrder;

/// What the first table shows: every figure and target for learning families in the articles' areas.
const FIRST_TREND: &str = "\
    select area_name, year, subject_scope, base, as_at, numerator, denominator, \
    round(rate_percent, 4) as rate_percent, printed_percent, target_percent, target_year, source \
    from indicator where indicator = 'learning_family' and source in \
    ('bac-giang-2022', 'ha-giang-2024', 'kon-tum-2022', 'thanh-hoa-2020', 'tra-bong-2018') \
    order by area_name, year, subject_scope, base";

/// All that runs once the program has started.
struct Running {
    parts: Parts,
    intake: Arc<Intake>,
    engine: Engine,
    readiness: Readiness,
    http: SocketAddr,
    intake_at: Option<SocketAddr>,
    postgres: SocketAddr,
    kafka: String,
}

/// Runs until the order to stop.
///
/// # Errors
/// What kept it from starting, the part that failed, or the part that did not stop well.
pub async fn up(data: &DataDir, settings: Settings, arguments: UpArgs) -> Result<Outcome, RunError> {
    let mut order = StopOrder::listen()?;
    let _lock = data.lock()?;
    Endpoints::remove(data)?;
    let load = articles_mark::loading_wanted(data, !arguments.empty && arguments.kafka.is_none())?;
    let mut running = tokio::select! {
        // Whatever has begun is dropped: nothing was acknowledged yet, and the broker ends with its pipe.
        () = order.next() => return Ok(Outcome::Done),
        started = during("starting", start(data, settings, &arguments)) => started?,
    };
    let endpoints = Endpoints {
        pid: std::process::id(),
        http: running.http.to_string(),
        intake: running.intake_at.map(|address| address.to_string()),
        postgres: Some(running.postgres.to_string()),
        kafka: running.kafka.clone(),
    };
    let readiness = running.readiness.clone();
    let failure = tokio::select! {
        () = order.next() => None,
        error = running.parts.failed() => Some(error.into()),
        worked = work(data, load, &endpoints, &running.intake, running.engine.clone(), &readiness) => match worked {
            Err(error) => Some(error),
            Ok(never) => match never {},
        },
    };
    Endpoints::remove(data)?;
    eprintln!("stopping");
    // The last hold on the log's client, which would otherwise see the broker go and complain.
    drop(running.intake);
    let stopped = tokio::select! {
        // Told twice: whoever asks does not want to wait.
        () = order.again() => return Err(RunError::Stopped),
        stopped = during("stopping", running.parts.stop()) => stopped,
    };
    match failure {
        Some(error) => Err(error),
        None => Ok(stopped.map(|()| Outcome::Done)?),
    }
}

async fn start(data: &DataDir, settings: Settings, arguments: &UpArgs) -> Result<Running, RunError> {
    // First what can fail at once.
    let listener = bind("--http", arguments.http).await?;
    let postgres = bind("--postgres", arguments.postgres).await?;
    let intake_listener = match arguments.intake {
        Some(address) => {
            let manner = settings.http.of_intake("--intake", address, settings.ingest.tokens_required())?;
            Some((bind("--intake", address).await?, manner))
        }
        None => None,
    };
    let mut settings = settings.with_fault(arguments.fault.as_deref())?;
    // Broker and tables are there, so this is the disk that fills.
    settings.ingest.watch = settings.ingest.watch.or_else(|| Some(data.root().to_owned()));
    let manner = settings.http.local();
    let mut parts = Parts::new();
    let (kafka, settings) = match &arguments.kafka {
        Some(kafka) => (kafka.clone(), settings.on_kafka(kafka)?),
        None => {
            let port = (arguments.kafka_port != 0).then_some(arguments.kafka_port);
            let broker = EmbeddedBroker::start(data, port).await.map_err(crate::parts::PartError::from)?;
            let bootstrap = broker.bootstrap();
            parts.add_broker(broker);
            let settings = settings.on_embedded_broker(&bootstrap);
            (bootstrap, settings)
        }
    };
    let knows_senders = settings.ingest.tokens_required();
    let intake = parts.add_ingest(settings.ingest).await?;
    parts.add_projector(settings.projector, settings.query.clone()).await?;
    let (engine, postgres) = parts.add_query(settings.query, postgres).await?;
    intake.set_known(Arc::new(EngineKnown::new(engine.clone(), knows_senders)));
    if settings.schedule.enabled {
        let unheard = Box::new(|_: usize, _: usize, _: &str| {});
        parts.add_schedule(scheduler(data, &settings.schedule, engine.clone(), unheard));
    }
    let intake_at = match intake_listener {
        Some((listener, manner)) => Some(parts.add_intake_listener(listener, manner)?),
        None => None,
    };
    let (http, readiness) = parts.add_listener(listener, manner)?;
    Ok(Running { parts, intake, engine, readiness, http, intake_at, postgres, kafka })
}

/// What is done beside running: the articles, the word that all is ready, the first table. Then nothing, for ever.
async fn work(
    data: &DataDir,
    load: bool,
    endpoints: &Endpoints,
    intake: &Intake,
    engine: Engine,
    readiness: &Readiness,
) -> Result<Infallible, RunError> {
    let desk = Desk::Local(engine);
    if load {
        during("loading the five articles", load_articles(intake, &desk)).await?;
        articles_mark::note_loaded(data)?;
    }
    readiness.set(true);
    endpoints.write(data)?;
    say_where(data, endpoints);
    print_first_trend(&desk).await?;
    std::future::pending().await
}

/// Takes the articles in, as files, and waits until they can be queried.
async fn load_articles(intake: &Intake, desk: &Desk) -> Result<(), RunError> {
    let mut rows = LastRows::default();
    for (name, content) in ARTICLES {
        let answer = intake.import_file(name, Bytes::from_static(content.as_bytes()), None).await?;
        for rejected in &answer.rejected {
            for problem in &rejected.problems {
                tracing::error!(name, row = rejected.row, field = problem.field, "row of an article was refused");
            }
        }
        rows.add_accepted(&answer.accepted);
    }
    Ok(rows.arrived(desk).await?)
}

/// Says where everything listens. A reader that has gone away stops nothing.
fn say_where(data: &DataDir, endpoints: &Endpoints) {
    let intake = endpoints.intake.as_deref().map(|intake| format!("  intake {intake}\n")).unwrap_or_default();
    let mut out = std::io::stdout().lock();
    let _ = writeln!(
        out,
        "lantoa is ready\n  http   http://{}\n{intake}  sql    postgres://{}/lantoa\n  kafka  {}\n  data   {}\n  ask    lantoa --data '{}' sql \"select area_name, year, indicator, rate_percent from indicator\"\n",
        endpoints.http,
        endpoints.postgres.as_deref().unwrap_or_default(),
        endpoints.kafka,
        data.root().display(),
        data.root().display()
    );
    let _ = out.flush();
}

async fn print_first_trend(desk: &Desk) -> Result<(), RunError> {
    let batches = desk.ask(plain(FIRST_TREND)).await?;
    let columns = Arc::clone(batches.columns());
    let batches = batches.collect().await.map_err(crate::desk::DeskError::from)?;
    if batches.iter().all(|batch| batch.num_rows() == 0) {
        return Ok(());
    }
    let mut table = lantoa_query::format::Encoder::new(lantoa_query::format::Format::Table, &columns)
        .map_err(lantoa_query::format::WriteError::from)?;
    for batch in &batches {
        table.batch(batch).map_err(lantoa_query::format::WriteError::from)?;
    }
    let text = table.finish().map_err(lantoa_query::format::WriteError::from)?;
    let mut out = std::io::stdout().lock();
    let _ = writeln!(out, "Learning families: counts, computed and printed percent, and the target in force");
    let _ = out.write_all(&text).and_then(|()| out.flush());
    Ok(())
}
