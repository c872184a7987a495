//! Declares a log new after the start check has refused it.
//!
//! In: tables and a log that is not the one they have read. Out: for each stream at fault a new generation, whose
//! offsets start at the log's own start. Rows that are in a table stay; records whose ids are there already are
//! duplicates when they are read again.

use std::collections::BTreeMap;

use lantoa_schemas::stream::{OUTCOME_TABLE, Stream};
use lantoa_schemas::table::outcome_table;

use crate::commit::{Commit, StreamTable};
use crate::config::Config;
use crate::position::LogLife;
use crate::start::{Error, Opened, connect, faults};

/// A stream that was declared new.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Recovered {
    /// Its topic.
    pub topic: &'static str,
    /// The generation that begins.
    pub generation: i32,
    /// What was wrong.
    pub fault: String,
}

/// Opens a new generation for each stream whose log is not the one that its table has read.
///
/// # Errors
/// When the broker or the tables do not answer.
pub async fn recover(config: &Config) -> Result<Vec<Recovered>, Error> {
    let (_source, cluster, partitions) = connect(config).await?;
    let outcome = StreamTable::open(&config.tables, OUTCOME_TABLE, outcome_table(), "event_id").await?;
    let mut opened = Vec::new();
    for &stream in Stream::ALL {
        let mine: Vec<i32> = partitions.iter().filter(|at| at.stream == stream).map(|at| at.partition).collect();
        opened.push(Opened::open(config, stream, &cluster, &mine, &outcome).await?);
    }
    let faults: BTreeMap<Stream, String> =
        faults(config, &opened).await?.into_iter().map(|(stream, fault)| (stream, fault.to_string())).collect();
    let mut recovered = Vec::new();
    for mut stream in opened {
        let Some(fault) = faults.get(&stream.stream) else { continue };
        let life = LogLife { generation: stream.life.generation + 1, ..stream.life.clone() };
        let entries = stream.partitions.iter().map(|partition| (life.app_id(partition.at), 0)).collect();
        while stream.table.append(&[], &entries, None).await? == Commit::Lost {}
        recovered.push(Recovered { topic: stream.stream.topic(), generation: life.generation, fault: fault.clone() });
    }
    Ok(recovered)
}
