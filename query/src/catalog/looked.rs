//! What is known of the rows of a ledger, version by version.
//!
//! In: a version of a ledger, and what was known of a version before it. Out: how far of the log its rows go, and which
//! events correct or take back which. Guarantee: the same as looking at all rows. Rows that were there before are not looked
//! at again: a ledger only grows, in the order of the log, and files tell the range of their offsets.

use std::sync::Arc;

use arrow::array::{AsArray, RecordBatch};
use arrow::compute::cast;
use arrow::datatypes::{DataType, Int32Type, Int64Type};
use datafusion::common::{DataFusionError, Result};
use lantoa_schemas::projection::{LogPart, Reach};
use lantoa_schemas::stream::Stream;
use tokio::sync::OnceCell;

use super::Desk;

/// How many links are kept in memory for the next question.
const MOST_LINKS: usize = 100_000;

/// What has been found out about the rows of a version, by whoever asked first.
#[derive(Debug, Default)]
pub(crate) struct Looked {
    reach: OnceCell<Arc<Reach>>,
    links: OnceCell<Arc<Links>>,
    /// The same of a version before it.
    reach_before: Option<Arc<Reach>>,
    links_before: Option<Arc<Links>>,
}

impl Looked {
    /// What is known to begin with of a later version of the same table.
    pub(crate) fn later(&self) -> Self {
        Self {
            reach_before: self.reach.get().or(self.reach_before.as_ref()).cloned(),
            links_before: self.links.get().or(self.links_before.as_ref()).cloned(),
            ..Self::default()
        }
    }
}

/// Events that correct or take back another.
#[derive(Debug, Clone, Default)]
pub(super) struct Links {
    parts: Vec<LogPart>,
    links: Vec<Link>,
    /// How far of the log they are all of them.
    reach: Arc<Reach>,
}

#[derive(Debug, Clone)]
struct Link {
    event: String,
    target: String,
    /// Place among the parts of the log.
    part: usize,
    offset: i64,
}

impl Links {
    /// Event and target of each, and whether it came after `then`.
    pub(super) fn since<'a>(&'a self, then: &Reach) -> impl Iterator<Item = (&'a str, &'a str, bool)> {
        let from: Vec<i64> = self.parts.iter().map(|part| then.next(part)).collect();
        let links = self.links.iter();
        links.map(move |link| (link.event.as_str(), link.target.as_str(), link.offset >= from[link.part]))
    }

    /// What the links aim at.
    pub(super) fn targets(&self) -> impl Iterator<Item = &str> {
        self.links.iter().map(|link| link.target.as_str())
    }

    fn take(&mut self, rows: &RecordBatch, stream: Stream) -> Result<()> {
        let texts = [0, 1].map(|at| cast(rows.column(at), &DataType::Utf8));
        let [events, targets] = texts;
        let (events, targets) = (events?, targets?);
        let parts = parts(rows, 2, stream)?;
        let offsets = rows.column(5).as_primitive::<Int64Type>();
        for (row, part) in parts.into_iter().enumerate() {
            let part = match self.parts.iter().position(|known| *known == part) {
                Some(known) => known,
                None => {
                    self.parts.push(part);
                    self.parts.len() - 1
                }
            };
            let text = |column: &arrow::array::ArrayRef| column.as_string::<i32>().value(row).to_owned();
            self.links.push(Link { event: text(&events), target: text(&targets), part, offset: offsets.value(row) });
        }
        Ok(())
    }
}

impl Desk {
    /// How far of the log a ledger goes, as this statement sees it.
    pub(super) async fn reach(&self, stream: Stream) -> Result<Arc<Reach>> {
        let state = self.state()?;
        let Some(snapshot) = self.snapshot(stream.table(), &state).await? else { return Ok(Arc::default()) };
        let before = snapshot.looked.reach_before.as_deref();
        let reach = snapshot.looked.reach.get_or_try_init(|| async {
            if snapshot.rows == 0 {
                return Ok(Arc::default());
            }
            let query = format!(
                "SELECT log_cluster, log_generation, log_partition, max(log_offset) + 1 FROM {}{} GROUP BY 1, 2, 3",
                stream.table(),
                before.map(|before| format!(" WHERE {}", is_after(before))).unwrap_or_default()
            );
            let rows = self.answer(&query).await?;
            let nexts = rows.column(3).as_primitive::<Int64Type>();
            let mut reach = before.cloned().unwrap_or_default();
            for (row, part) in parts(&rows, 0, stream)?.into_iter().enumerate() {
                reach.extend(part, nexts.value(row));
            }
            Ok::<_, DataFusionError>(Arc::new(reach))
        });
        reach.await.cloned()
    }

    /// The events of a ledger that correct or take back another, as this statement sees it.
    pub(super) async fn links(&self, stream: Stream) -> Result<Arc<Links>> {
        let state = self.state()?;
        let Some(snapshot) = self.snapshot(stream.table(), &state).await? else { return Ok(Arc::default()) };
        if let Some(known) = snapshot.looked.links.get() {
            return Ok(Arc::clone(known));
        }
        let before = snapshot.looked.links_before.as_deref();
        let query = format!(
            "SELECT
                event_id, coalesce(supersedes, retracts) AS target, log_cluster, log_generation, log_partition, log_offset
            FROM {}
            WHERE (supersedes IS NOT NULL OR retracts IS NOT NULL){}",
            stream.table(),
            before.map(|before| format!(" AND {}", is_after(&before.reach))).unwrap_or_default()
        );
        let mut links = before.cloned().unwrap_or_default();
        links.take(&self.answer(&query).await?, stream)?;
        links.reach = self.reach(stream).await?;
        let links = Arc::new(links);
        if links.links.len() <= MOST_LINKS {
            // Somebody else may have looked at the same time, and seen the same.
            let _same = snapshot.looked.links.set(Arc::clone(&links));
        }
        Ok(links)
    }
}

/// The condition that a row came after all that a reach knows of.
fn is_after(reach: &Reach) -> String {
    let parts = reach.parts().map(|(part, next)| {
        format!(
            "(log_cluster <> '{}' OR log_generation <> {} OR log_partition <> {} OR log_offset >= {next})",
            part.cluster.replace('\'', "''"),
            part.generation,
            part.partition
        )
    });
    let parts: Vec<String> = parts.collect();
    if parts.is_empty() { "true".to_owned() } else { parts.join(" AND ") }
}

/// The part of the log that each row is of: cluster, generation and partition from a column on.
fn parts(rows: &RecordBatch, from: usize, stream: Stream) -> Result<Vec<LogPart>> {
    let clusters = cast(rows.column(from), &DataType::Utf8)?;
    let clusters = clusters.as_string::<i32>();
    let [generations, partitions] = [1, 2].map(|at| rows.column(from + at).as_primitive::<Int32Type>());
    let part = |row: usize| LogPart {
        stream,
        cluster: clusters.value(row).to_owned(),
        generation: generations.value(row),
        partition: partitions.value(row),
    };
    Ok((0..rows.num_rows()).map(part).collect())
}

#[cfg(test)]
mod tests {
    use lantoa_schemas::stream::Family;

    use super::*;

    #[test]
    fn what_came_after_is_said_of_each_part_of_the_log() {
        let part = |cluster: &str, partition| LogPart {
            stream: Stream::Ledger(Family::Statement),
            cluster: cluster.to_owned(),
            generation: 1,
            partition,
        };
        assert_eq!(is_after(&Reach::default()), "true");
        let reach = Reach::from_iter([(part("it's", 0), 5), (part("it's", 1), 2)]);
        let of = |partition, next| {
            format!(
                "(log_cluster <> 'it''s' OR log_generation <> 1 OR log_partition <> {partition} OR log_offset >= {next})"
            )
        };
        assert_eq!(is_after(&reach), format!("{} AND {}", of(0, 5), of(1, 2)));
        let links = Links {
            parts: vec![part("it's", 0), part("other", 0)],
            links: [(0, 4), (0, 5), (1, 0)]
                .map(|(part, offset)| Link { event: "e".into(), target: "t".into(), part, offset })
                .to_vec(),
            reach: Arc::default(),
        };
        assert_eq!(links.since(&reach).map(|(.., is_new)| is_new).collect::<Vec<_>>(), [false, true, true]);
    }
}
