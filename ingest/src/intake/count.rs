//! What came in, counted: as metrics, and as numbers for whoever runs the intake inside its own program.
//!
//! Guarantee: every row that was read out of a submission is counted as received and ends in exactly one of accepted,
//! rejected and failed, also where its sender goes away before the answer; in between it is under way.

use std::time::Duration;

use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::registry::Registry;

/// Upper bounds of the times to acknowledgement that are told apart, in seconds.
const ACKNOWLEDGEMENT_SECONDS: [f64; 12] = [0.002, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 20.0];

/// Rows since the start, by what became of them.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Counts {
    /// Rows read out of what was sent.
    pub received: u64,
    /// Rows that the log acknowledged and whose sender was told so.
    pub accepted: u64,
    /// Rows refused for what they say.
    pub rejected: u64,
    /// Good rows of submissions that failed as a whole; their senders were told to send them again.
    pub failed: u64,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct OfOutcome {
    outcome: &'static str,
}

/// One kind of request: where it was sent, and how it was answered.
#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct OfRequest {
    path: &'static str,
    status: u16,
}

/// Why a request was refused for who sent it.
#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct OfReason {
    reason: &'static str,
}

/// Cheap to clone: all clones are one.
#[derive(Debug, Clone)]
pub(crate) struct Counters {
    requests: Family<OfRequest, Counter>,
    refused_senders: Family<OfReason, Counter>,
    received: Counter,
    accepted: Counter,
    rejected: Counter,
    failed: Counter,
    rows: Family<OfOutcome, Counter>,
    in_flight: Gauge,
    acknowledgement: Histogram,
}

impl Default for Counters {
    fn default() -> Self {
        let rows = Family::<OfOutcome, Counter>::default();
        let outcome = |outcome| rows.get_or_create_owned(&OfOutcome { outcome });
        Self {
            requests: Family::default(),
            refused_senders: Family::default(),
            received: Counter::default(),
            accepted: outcome("accepted"),
            rejected: outcome("rejected"),
            failed: outcome("failed"),
            rows: rows.clone(),
            in_flight: Gauge::default(),
            acknowledgement: Histogram::new(ACKNOWLEDGEMENT_SECONDS),
        }
    }
}

impl Counters {
    /// Makes the series known.
    pub(crate) fn register(&self, registry: &mut Registry) {
        let requests = "Requests answered, by path and status";
        registry.register("lantoa_ingest_requests", requests, self.requests.clone());
        let refused = "Requests refused for who sent them, by reason";
        registry.register("lantoa_ingest_refused_senders", refused, self.refused_senders.clone());
        let received = "Rows read out of requests and files; those that are not yet answered are under way";
        registry.register("lantoa_ingest_rows_received", received, self.received.clone());
        let rows = "Rows answered, each under one outcome: accepted once the log has acknowledged it, rejected with \
                    reasons, or failed and to be sent again because the log did not acknowledge";
        registry.register("lantoa_ingest_rows", rows, self.rows.clone());
        let in_flight = "Good rows that the log has not acknowledged yet";
        registry.register("lantoa_ingest_records_in_flight", in_flight, self.in_flight.clone());
        let acknowledgement = "Time from sending a submission's rows to the log to the acknowledgement of all and of \
                               their receipt";
        registry.register("lantoa_ingest_acknowledgement_seconds", acknowledgement, self.acknowledgement.clone());
    }

    /// A request was answered.
    pub(crate) fn request(&self, path: &'static str, status: u16) {
        self.requests.get_or_create(&OfRequest { path, status }).inc();
    }

    /// A request was refused for who sent it.
    pub(crate) fn refused_sender(&self, reason: &'static str) {
        self.refused_senders.get_or_create(&OfReason { reason }).inc();
    }

    /// Rows were judged; what becomes of the good ones is still open.
    pub(super) fn received(&self, good: usize, rejected: usize) -> Rows {
        self.received.inc_by((good + rejected) as u64);
        self.rejected.inc_by(rejected as u64);
        let good = good as u64;
        self.in_flight.inc_by(good as i64);
        Rows { good, counters: self.clone(), acknowledged: false }
    }

    pub(super) fn read(&self) -> Counts {
        let (accepted, rejected, failed) = (self.accepted.get(), self.rejected.get(), self.failed.get());
        // Last, so that no moment shows more answered than received.
        Counts { accepted, rejected, failed, received: self.received.get() }
    }
}

/// Good rows under way. They have failed unless they are said to be acknowledged, whatever ends the waiting for them.
#[must_use = "rows that are dropped have failed"]
pub(super) struct Rows {
    good: u64,
    counters: Counters,
    acknowledged: bool,
}

impl Rows {
    /// The log has acknowledged all of them, after so long.
    pub(super) fn acknowledged(mut self, took: Duration) {
        self.acknowledged = true;
        self.counters.acknowledgement.observe(took.as_secs_f64());
    }
}

impl Drop for Rows {
    fn drop(&mut self) {
        let outcome = if self.acknowledged { &self.counters.accepted } else { &self.counters.failed };
        outcome.inc_by(self.good);
        self.counters.in_flight.dec_by(self.good as i64);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_end_in_one_counter_whatever_ends_them() {
        let counters = Counters::default();
        let (first, second) = (counters.received(3, 2), counters.received(4, 0));
        assert_eq!(counters.in_flight.get(), 7);
        assert_eq!(counters.read(), Counts { received: 9, accepted: 0, rejected: 2, failed: 0 });
        first.acknowledged(Duration::from_millis(3));
        drop(second);
        counters.request("/v1/events", 202);
        counters.refused_sender("expired");
        assert_eq!(counters.in_flight.get(), 0);
        assert_eq!(counters.read(), Counts { received: 9, accepted: 3, rejected: 2, failed: 4 });
        let mut registry = Registry::default();
        counters.register(&mut registry);
        let mut text = String::new();
        prometheus_client::encoding::prometheus_text::encode(&mut text, &registry).unwrap();
        for line in [
            "lantoa_ingest_rows_received_total 9",
            r#"lantoa_ingest_rows_total{outcome="failed"} 4"#,
            r#"lantoa_ingest_requests_total{path="/v1/events",status="202"} 1"#,
            r#"lantoa_ingest_refused_senders_total{reason="expired"} 1"#,
            "lantoa_ingest_acknowledgement_seconds_count 1",
        ] {
            assert!(text.lines().any(|shown| shown == line), "{line} is not in\n{text}");
        }
    }
}
