//! How soon whoever cancels hears of it, and what memory the question leaves behind.

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use tokio::time::sleep;

use crate::Desk;
use crate::client::Client;
use crate::figures::{median, milliseconds, most, resident};
use crate::role::Role;

/// A self join of all recognitions, of which more pairs fit than anybody waits for.
const QUESTION: &str = "SELECT count(*) FROM ledger_recognition AS one \
                        JOIN ledger_recognition AS other ON other.model = one.model AND other.event_id > one.event_id";

const TRIES: usize = 20;

/// How long it runs before it is cancelled, and how long afterwards memory is looked at.
const MOMENT: Duration = Duration::from_secs(1);

/// It must never take longer, however busy the machine is.
const AT_MOST: Duration = Duration::from_secs(10);

/// SQLSTATE of what was cancelled.
const CANCELLED: &str = "57014";

/// What was seen of every try: the wait in milliseconds, memory in MiB.
#[derive(Default)]
struct Seen {
    heard: Vec<f64>,
    before: Vec<f64>,
    midst: Vec<f64>,
    after: Vec<f64>,
}

/// Prints the table.
pub fn run(desk: &Desk, role: &Role) -> Result<()> {
    println!(
        "\nA self join of all recognitions, cancelled {MOMENT:?} after it began, {TRIES} times; memory is that of the"
    );
    println!("whole process, clients and what it remembers included. To aim at: 200 ms.");
    println!("\n| what | median | max |\n| --- | ---: | ---: |");
    let mut seen = desk.clients.block_on(tries(role.address))?;
    println!(
        "| until the client hears {CANCELLED}, ms | {:.1} | {:.1} |",
        median(&mut seen.heard),
        most(&mut seen.heard)
    );
    for (when, memory) in
        [("before", &mut seen.before), ("in the midst", &mut seen.midst), ("1 s after", &mut seen.after)]
    {
        println!("| memory {when}, MiB | {:.0} | {:.0} |", median(memory), most(memory));
    }
    Ok(())
}

async fn tries(address: SocketAddr) -> Result<Seen> {
    let mut client = Client::connect(address).await?;
    let mut seen = Seen::default();
    for _ in 0..TRIES {
        seen.before.push(resident());
        client.send(QUESTION).await?;
        sleep(MOMENT).await;
        seen.midst.push(resident());
        let begun = Instant::now();
        client.cancel().await?;
        let heard = client.hear(begun).await?;
        let refused = heard.refused.context("it was answered before it was cancelled: take more recognitions")?;
        ensure!(refused.state == CANCELLED, "{refused:?}");
        ensure!(heard.took < AT_MOST, "it was cancelled only after {:?}", heard.took);
        seen.heard.push(milliseconds(heard.took));
        sleep(MOMENT).await;
        seen.after.push(resident());
    }
    Ok(seen)
}
