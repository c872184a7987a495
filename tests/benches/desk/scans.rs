//! The questions over the ledgers themselves, by our engine, DuckDB and Polars in turn.
//!
//! Ours is asked as an owner's program asks: through a session, over the Delta tables, with its settings and limits.
//! The others read the same files, of which they are told by name. A first answer of each is not timed, and has to be
//! the same of all.

use std::collections::BTreeMap;
use std::fs::File;
use std::path::Path;
use std::time::Instant;

use anyhow::{Context, Result, ensure};
use arrow::array::{AsArray, RecordBatch};
use arrow::compute::{cast, sum};
use arrow::csv::WriterBuilder;
use arrow::datatypes::{DataType, Int64Type};
use arrow::util::display::array_value_to_string;
use lantoa_query::{Asker, Engine, Settings};
use lantoa_schemas::stream::Family;
use lantoa_schemas::vocabulary::Vocabulary;

use crate::figures::median;
use crate::questions::Question;
use crate::rivals::{Given, Rival, Told, python};
use crate::{Desk, THREADS, ledgers, open};

/// Columns of the areas that the questions need.
const AREAS: &str = "SELECT map, level, code, name, parent_code FROM area";

/// The three engines.
struct Three<'a> {
    desk: &'a Desk,
    ours: Engine,
    duckdb: Rival,
    polars: Rival,
}

/// Prints the table.
pub fn run(desk: &Desk) -> Result<()> {
    let temporary = tempfile::Builder::new().prefix("scan-").tempdir_in(&desk.folder)?;
    let mut three = Three::open(desk, temporary.path())?;
    let rounds = if desk.is_large() { 3 } else { 5 };
    println!("\nScans of the ledgers, median of {rounds} rounds after one that does not count:\n");
    println!("- ours: {}, through a session, {THREADS} threads", desk.roles.block_on(version(&three.ours))?);
    println!("- DuckDB {}, {THREADS} threads, as much memory as an asker of ours may hold", three.duckdb.version);
    println!(
        "- Polars {}, {THREADS} threads, by its engine that is named, memory without bounds",
        three.polars.version
    );
    println!("\n| question | ours, s | DuckDB, s | Polars, s | Polars by | ours/DuckDB | ours/Polars |");
    println!("| --- | ---: | ---: | ---: | --- | ---: | ---: |");
    let mut ratios = [Vec::new(), Vec::new()];
    for question in &desk.questions {
        let ([ours, duckdb, polars], way) = three.measure(question, rounds)?;
        let [to_duckdb, to_polars] = [ours / duckdb, ours / polars];
        let title = &question.title;
        println!("| {title} | {ours:.3} | {duckdb:.3} | {polars:.3} | {way} | {to_duckdb:.2} | {to_polars:.2} |");
        ratios[0].push(to_duckdb);
        ratios[1].push(to_polars);
    }
    let [to_duckdb, to_polars] = ratios.map(|mut ratios| median(&mut ratios));
    println!("| median of the ratios | | | | | {to_duckdb:.2} | {to_polars:.2} |");
    Ok(())
}

impl<'a> Three<'a> {
    /// Opens them over the same files.
    fn open(desk: &'a Desk, temporary: &Path) -> Result<Self> {
        let python = python()?;
        let config = desk.config();
        let memory_mib = (config.memory_bytes / 100 * usize::from(config.admin.memory_percent)) >> 20;
        let ours = open(config)?;
        let area = temporary.join("area.csv");
        desk.roles.block_on(write_areas(&ours, &area))?;
        let mut tables = BTreeMap::new();
        for family in Family::ALL {
            let stream = family.stream();
            tables.insert(stream.table(), desk.roles.block_on(ledgers::files(&desk.folder, stream))?);
        }
        let mut questions = BTreeMap::new();
        for question in &desk.questions {
            questions.insert(question.key.as_str(), question.duckdb.as_ref().unwrap_or(&question.scan).as_str());
        }
        let (area, streaming_only) = (area.as_path(), desk.is_large());
        let given = Given { threads: THREADS, memory_mib, temporary, area, streaming_only, tables, questions };
        let (duckdb, polars) = (Rival::start(&python, "duckdb", &given)?, Rival::start(&python, "polars", &given)?);
        Ok(Self { desk, ours, duckdb, polars })
    }

    /// Asks each once.
    fn ask(&mut self, question: &Question) -> Result<[Told; 3]> {
        let ours = self.desk.roles.block_on(ours(&self.ours, &question.scan))?;
        Ok([ours, self.duckdb.ask(&question.key)?, self.polars.ask(&question.key)?])
    }

    /// The median of what each takes, in seconds, and Polars' way.
    fn measure(&mut self, question: &Question, rounds: usize) -> Result<([f64; 3], String)> {
        let first = self.ask(question)?;
        let [ours, _, polars] = &first;
        let way = polars.way.clone();
        ensure!(ours.rows > 0, "{}: no rows", question.title);
        let mut seconds: [Vec<f64>; 3] = Default::default();
        for round in 0..=rounds {
            let told = if round == 0 { first.clone() } else { self.ask(question)? };
            let same = told.iter().all(|told| (told.rows, told.sum) == (ours.rows, ours.sum));
            ensure!(same, "{}: the answers differ: {told:?}, of ours at first {ours:?}", question.title);
            if round > 0 {
                seconds.iter_mut().zip(told).for_each(|(seconds, told)| seconds.push(told.seconds));
            }
        }
        Ok((seconds.map(|mut seconds| median(&mut seconds)), way))
    }
}

async fn ours(engine: &Engine, question: &str) -> Result<Told> {
    let session = engine.session(&Asker::owner(), &Settings::default())?;
    let begun = Instant::now();
    let batches = session.sql(question).await?.collect().await?;
    let seconds = begun.elapsed().as_secs_f64();
    let mut told = Told { seconds, rows: 0, sum: 0, way: "session".to_owned() };
    for batch in &batches {
        let counts = cast(batch.column_by_name("n").context("no column n")?, &DataType::Int64)?;
        told.rows += batch.num_rows() as u64;
        told.sum += sum(counts.as_primitive::<Int64Type>()).unwrap_or(0);
    }
    Ok(told)
}

async fn rows(engine: &Engine, question: &str) -> Result<Vec<RecordBatch>> {
    let session = engine.session(&Asker::owner(), &Settings::default())?;
    Ok(session.sql(question).await?.collect().await?)
}

async fn version(engine: &Engine) -> Result<String> {
    let said = rows(engine, "SELECT version()").await?;
    let said = said.first().context("no version")?;
    Ok(array_value_to_string(said.column(0), 0)?)
}

async fn write_areas(engine: &Engine, path: &Path) -> Result<()> {
    let mut writer = WriterBuilder::new().with_header(true).build(File::create(path)?);
    for batch in rows(engine, AREAS).await? {
        writer.write(&batch)?;
    }
    Ok(())
}
