//! `lantoa recover`: goes on after the projector has refused a log that is not the one its tables have read.
//!
//! In: the data folder and its log, or the Kafka that is named. Out: a line a topic that was declared new, on standard
//! output. Guarantee: no row is removed; what the log still has is read again from its start, and what is in the
//! tables already counts once.

use std::io::Write;

use lantoa_projector::recover::{Recovered, recover as declare_new};

use crate::broker::EmbeddedBroker;
use crate::cli::RecoverArgs;
use crate::config::Settings;
use crate::data_dir::DataDir;
use crate::parts::{PartError, Parts};
use crate::progress::during;
use crate::run::{Outcome, RunError};

/// Declares new what the start check refuses.
///
/// # Errors
/// When another program owns the folder, or the log or the tables cannot be read.
pub async fn recover(data: &DataDir, settings: Settings, arguments: RecoverArgs) -> Result<Outcome, RunError> {
    let _lock = data.lock()?;
    let mut parts = Parts::new();
    let settings = match arguments.kafka {
        Some(kafka) => settings.on_kafka(&kafka)?,
        None => {
            let broker = EmbeddedBroker::start(data, None).await.map_err(PartError::from)?;
            let bootstrap = broker.bootstrap();
            parts.add_broker(broker);
            settings.on_embedded_broker(&bootstrap)
        }
    };
    let recovered = async {
        // Ingest makes the topics that a new log lacks.
        parts.add_ingest(settings.ingest).await?;
        Ok::<_, RunError>(declare_new(&settings.projector).await.map_err(PartError::from)?)
    };
    let recovered = during("looking at the log", recovered).await;
    parts.stop().await?;
    report(&recovered?);
    Ok(Outcome::Done)
}

fn report(recovered: &[Recovered]) {
    let mut out = std::io::stdout().lock();
    for one in recovered {
        let _ = writeln!(out, "{}: generation {} begins, because {}", one.topic, one.generation, one.fault);
    }
    if recovered.is_empty() {
        let _ = writeln!(out, "the log is the one that the tables have read; nothing was done");
    }
}
