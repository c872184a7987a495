//! The ledgers that the bench stands on: those of the synthetic nation, in files as production has them.
//!
//! In: a number of recognitions and a folder. Out: the tables. Guarantee: they are made and compacted by the
//! projector's own code, sorted, with the statistics and filters of its files; what compaction leaves alone, such as
//! the last file of a table, stays as it was written.

use std::collections::HashSet;
use std::path::{Path, PathBuf};
use std::time::Instant;

use anyhow::{Context, Result};
use deltalake::{DeltaTable, ensure_table_uri};
use lantoa_projector::{Config, Maintenance};
use lantoa_schemas::stream::Stream;
use lantoa_tests::nation::{Nation, Plan};
use tokio_util::sync::CancellationToken;

use crate::{clock, lake};

/// Memory for sorting: a large file fits, so that nothing is sorted on the disk.
const SORTING: usize = 4 << 30;

/// Makes the tables of a nation with about so many recognitions, and all that it reports beside them.
pub async fn make(recognitions: u64, folder: &Path) -> Result<()> {
    let maintain = Maintenance { files: 2, memory_bytes: SORTING, ..Maintenance::default() };
    let config = Config { tables: folder.join("tables"), maintain, ..Config::default() };
    let begun = Instant::now();
    // The first time it makes the tables, with the properties that the projector gives them.
    tidy(&config).await?;
    let others = Nation::new(Plan::whole()).estimated_events();
    let rows = lake::write(Plan::of_events(others + recognitions), folder).await;
    println!("{rows} rows of ledgers written in {:.0} s", begun.elapsed().as_secs_f64());
    let begun = Instant::now();
    tidy(&config).await?;
    println!("files compacted in {:.0} s", begun.elapsed().as_secs_f64());
    sweep(folder).await
}

async fn tidy(config: &Config) -> Result<()> {
    Ok(lantoa_projector::tidy(config, clock(), CancellationToken::new()).await?)
}

/// Deletes the files that were replaced. They would stay for a day, and take as much room as those that replaced them.
async fn sweep(folder: &Path) -> Result<()> {
    for &stream in Stream::ALL {
        let active: HashSet<PathBuf> = files(folder, stream).await?.into_iter().collect();
        for entry in std::fs::read_dir(table(folder, stream))? {
            let path = entry?.path();
            if path.extension().is_some_and(|kind| kind == "parquet") && !active.contains(&path) {
                std::fs::remove_file(path)?;
            }
        }
    }
    Ok(())
}

fn table(folder: &Path, stream: Stream) -> PathBuf {
    folder.join("tables").join(stream.table())
}

/// The files of a table's newest version, as its log names them.
pub async fn files(folder: &Path, stream: Stream) -> Result<Vec<PathBuf>> {
    let table = table(folder, stream);
    let delta =
        DeltaTable::try_from_url(ensure_table_uri(table.to_str().context("the folder's name is no text")?)?).await?;
    let files = delta.snapshot()?.log_data();
    Ok(files.iter().map(|file| table.join(&*file.path())).collect())
}
