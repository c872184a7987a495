//! The memory that this process holds, as a metric.
//!
//! In: what Linux says of the process. Out: the series of `/metrics` that is named here; none where the system does not
//! say. Of this process alone: the embedded broker is a process of its own.

use std::fmt;

use prometheus_client::collector::Collector;
use prometheus_client::encoding::{DescriptorEncoder, EncodeMetric};
use prometheus_client::metrics::MetricType;
use prometheus_client::metrics::gauge::ConstGauge;

/// Reads it each time that it is asked for.
#[derive(Debug)]
pub(super) struct ProcessMemory;

impl Collector for ProcessMemory {
    fn encode(&self, mut encoder: DescriptorEncoder<'_>) -> fmt::Result {
        let Some(bytes) = std::fs::read_to_string("/proc/self/status").ok().as_deref().and_then(resident) else {
            return Ok(());
        };
        let help = "Memory that this process holds, without the embedded broker, which is a process of its own.";
        let name = "lantoa_process_resident_memory_bytes";
        let metric = encoder.encode_descriptor(name, help, None, MetricType::Gauge)?;
        ConstGauge::new(bytes).encode(metric)
    }
}

/// Resident bytes by the text of `/proc/PID/status`, which unlike `statm` does not count in pages of unknown size.
fn resident(status: &str) -> Option<u64> {
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"))?;
    let kilobytes: u64 = line.trim().strip_suffix("kB")?.trim().parse().ok()?;
    Some(kilobytes << 10)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_read_in_bytes() {
        assert_eq!(resident("Name:\tlantoa\nVmHWM:\t   90 kB\nVmRSS:\t   84 kB\n"), Some(84 << 10));
        for text in ["", "VmRSS:", "VmRSS: 84"] {
            assert_eq!(resident(text), None, "{text}");
        }
    }
}
