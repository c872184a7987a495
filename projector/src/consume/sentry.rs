//! Watches, while the log is read, whether it is still the same log with the same partitions.
//!
//! The client does not see to it: a topic that was created anew and has grown past the place that is read next is read on
//! from there, and partitions that came later are never read.
//!
//! In: the partitions. Out: nothing as long as all is well, else the fault that has to stop the projector. Guarantee: what
//! a partition held at the last look is looked at again whenever it has grown, so a change is seen within two looks; a
//! log that does not answer is no fault.

use std::collections::HashMap;
use std::time::Duration;

use lantoa_schemas::stream::Stream;
use rdkafka::consumer::Consumer;
use rdkafka::error::KafkaError;
use tokio_util::sync::CancellationToken;

use super::probe::{RecordAt, look_at, looker, rest};
use super::{ConsumeError, LogConsumer};
use crate::config::Config;
use crate::position::StreamPartition;

/// How often to look.
const EVERY: Duration = Duration::from_secs(5);

/// How long the log may take to answer one question.
const ANSWER: Duration = Duration::from_secs(5);

/// The one who watches, with a consumer of its own.
pub(crate) struct Sentry {
    consumer: LogConsumer,
    partitions: Vec<StreamPartition>,
    known: HashMap<StreamPartition, Known>,
}

/// What a partition was at the last look.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
struct Known {
    end: i64,
    /// Whether it ended earlier than before: believed when it is seen twice.
    shorter: bool,
    /// Its last record then.
    last: Option<(i64, Vec<u8>)>,
}

/// Why a look came to nothing good.
enum Look {
    Unanswered(KafkaError),
    Changed(ConsumeError),
}

impl From<KafkaError> for Look {
    fn from(error: KafkaError) -> Self {
        Self::Unanswered(error)
    }
}

impl Sentry {
    /// Makes the consumer. Does not wait for a broker.
    pub fn open(config: &Config, partitions: &[StreamPartition]) -> Result<Self, ConsumeError> {
        Ok(Self { consumer: looker(config)?, partitions: partitions.to_vec(), known: HashMap::new() })
    }

    /// Watches until told to stop. Blocks.
    pub fn run(&mut self, stop: &CancellationToken) -> Result<(), ConsumeError> {
        while !stop.is_cancelled() {
            match self.look(stop) {
                Ok(()) => {}
                Err(Look::Changed(error)) => return Err(error),
                // Whoever reads the log says so.
                Err(Look::Unanswered(error)) => tracing::debug!(%error, "the log cannot be looked at; asking again"),
            }
            rest(EVERY, stop);
        }
        Ok(())
    }

    fn look(&mut self, stop: &CancellationToken) -> Result<(), Look> {
        self.count()?;
        for at in self.partitions.clone() {
            if stop.is_cancelled() {
                return Ok(());
            }
            let known = self.known.remove(&at).unwrap_or_default();
            let (now, looked) = match self.look_again(at, &known) {
                Ok(now) => (now, Ok(())),
                Err(look) => (known, Err(look)),
            };
            self.known.insert(at, now);
            // Nothing is fetched while nobody looks.
            self.consumer.unassign()?;
            looked?;
        }
        Ok(())
    }

    /// Whether there are partitions that nobody reads.
    fn count(&self) -> Result<(), Look> {
        let metadata = self.consumer.fetch_metadata(None, ANSWER)?;
        for topic in metadata.topics() {
            let Some(stream) = Stream::of_topic(topic.name()) else { continue };
            let read = self.partitions.iter().filter(|at| at.stream == stream).count();
            let now = topic.partitions().len();
            if now > read {
                return Err(Look::Changed(ConsumeError::MorePartitions { topic: stream.topic(), now, read }));
            }
        }
        Ok(())
    }

    fn look_again(&self, at: StreamPartition, known: &Known) -> Result<Known, Look> {
        let (start, end) = self.consumer.fetch_watermarks(at.stream.topic(), at.partition, ANSWER)?;
        if end < known.end {
            if known.shorter {
                return Err(changed(at, end));
            }
            return Ok(Known { shorter: true, ..known.clone() });
        }
        if end == known.end {
            return Ok(Known { shorter: false, ..known.clone() });
        }
        if let Some((offset, payload)) = known.last.as_ref().filter(|(offset, _)| *offset >= start) {
            match look_at(&self.consumer, at, *offset)? {
                RecordAt::Found { offset: found, payload: is } if found == *offset && is == *payload => {}
                // Removed by retention just now.
                RecordAt::BeforeStart(_) => {}
                RecordAt::Found { .. } | RecordAt::PastEnd(_) => return Err(changed(at, *offset)),
            }
        }
        let last = match look_at(&self.consumer, at, end - 1)? {
            RecordAt::Found { offset, payload } => Some((offset, payload)),
            // A mark of a transaction; the record before serves as well.
            RecordAt::PastEnd(_) | RecordAt::BeforeStart(_) => known.last.clone(),
        };
        Ok(Known { end, shorter: false, last })
    }
}

fn changed(at: StreamPartition, offset: i64) -> Look {
    Look::Changed(ConsumeError::Changed { at, offset })
}
