//! What the projector shows of itself while it works: counts, lag and health, in one hand for all steps.

use std::path::Path;
use std::sync::Arc;

use lantoa_schemas::clock::SharedClock;
use prometheus_client::registry::Registry;

use crate::consume::RawBatch;
use crate::counters::Counters;
use crate::health::Health;
use crate::lag::Lag;

/// Cheap to clone: all clones are one.
#[derive(Clone)]
pub(crate) struct Instruments {
    pub counters: Arc<Counters>,
    pub lag: Arc<Lag>,
    pub health: Arc<Health>,
}

impl Instruments {
    pub fn new(tables: &Path, clock: SharedClock) -> Self {
        Self {
            counters: Arc::new(Counters::default()),
            lag: Arc::new(Lag::new(clock)),
            health: Arc::new(Health::new(tables)),
        }
    }

    /// Makes the series known.
    pub fn register(&self, registry: &mut Registry) {
        self.counters.register(registry);
        registry.register_collector(Box::new(Arc::clone(&self.lag)));
    }

    /// A batch was taken up.
    pub fn read(&self, batch: &RawBatch) {
        self.lag.read(batch);
        self.counters.read(batch.stream(), batch.len(), batch.bytes());
    }
}
