//! How fast the synthetic nation is made: `cargo run --release --example nation -- [EVENTS]`, 10 million by default.
//!
//! Out: a table on standard output with events, seconds and events a second of one core for each form, and a digest of
//! all ids and instants, by which two runs are told to be the same.

use std::time::Instant;

use lantoa_schemas::avro::Encoder;
use lantoa_schemas::stream::Family;
use lantoa_schemas::vocabulary::Vocabulary;
use lantoa_tests::nation::{Nation, Plan, Truth};

fn main() {
    let events = std::env::args().skip(1).find_map(|argument| argument.parse().ok()).unwrap_or(10_000_000);
    let started = Instant::now();
    let plan = Plan::of_events(events);
    let nation = Nation::new(plan.clone());
    println!("{plan:?}: planned in {:.2} s", started.elapsed().as_secs_f64());
    println!("| what | count | seconds | a second |\n| --- | ---: | ---: | ---: |");

    let (mut digest, mut by_family) = (0xCBF2_9CE4_8422_2325_u64, [0_u64; Family::ALL.len()]);
    time("events, lent", || {
        let (mut stream, mut count) = (nation.events(), 0);
        while let Some(event) = stream.advance() {
            let instant = event.envelope.recorded.map_or(0, |at| at.timestamp_micros()).to_le_bytes();
            for byte in event.envelope.event_id.bytes().chain(instant) {
                digest = (digest ^ u64::from(byte)).wrapping_mul(0x0100_0000_01B3);
            }
            let family = stream.family();
            let at = Family::ALL.iter().position(|known| Some(*known) == family);
            by_family[at.unwrap_or_default()] += 1;
            count += 1;
        }
        count
    });
    time("events, given away", || nation.events().count() as u64);
    time("events on the wire", || {
        let (mut stream, mut encoder, mut out, mut count) = (nation.events(), Encoder::default(), Vec::new(), 0);
        while let Some(event) = stream.advance() {
            out.clear();
            encoder.event(event, &mut out).expect("every event of the nation fits its schema");
            count += 1;
        }
        count
    });
    time("rows of tables", || {
        let families = Family::ALL.iter();
        families.flat_map(|family| nation.batches(*family)).map(|batch| batch.num_rows() as u64).sum()
    });
    time("figures of the truth", || Truth::new(&nation, None).figures.len() as u64);
    for (family, count) in Family::ALL.iter().zip(by_family) {
        println!("{count} events of {family}");
    }
    println!("digest {digest:016x}");
}

fn time(what: &str, make: impl FnOnce() -> u64) {
    let started = Instant::now();
    let count = make();
    let seconds = started.elapsed().as_secs_f64();
    println!("| {what} | {count} | {seconds:.2} | {:.0} |", count as f64 / seconds);
}
