//! Figures of what was measured.

use std::time::Duration;

/// The value below which so many of a hundred lie, the largest for 100. NaN where there is none.
pub fn percentile(values: &mut [f64], percent: usize) -> f64 {
    values.sort_by(f64::total_cmp);
    let at = (values.len() * percent).div_ceil(100).max(1) - 1;
    values.get(at).copied().unwrap_or(f64::NAN)
}

/// The middle one.
pub fn median(values: &mut [f64]) -> f64 {
    percentile(values, 50)
}

/// The largest one.
pub fn most(values: &mut [f64]) -> f64 {
    percentile(values, 100)
}

pub fn milliseconds(duration: Duration) -> f64 {
    duration.as_secs_f64() * 1e3
}

pub fn mebibytes(bytes: u64) -> f64 {
    bytes as f64 / f64::from(1 << 20)
}

/// Memory that this process holds now, in MiB; 0 where the system does not say.
pub fn resident() -> f64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    line.and_then(|line| line.trim().trim_end_matches(" kB").trim().parse().ok()).map_or(0.0, |kib: f64| kib / 1024.0)
}
