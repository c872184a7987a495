//! How soon a connected client has the first row of what most will ask.

use std::net::SocketAddr;

use anyhow::{Context, Result, ensure};

use crate::Desk;
use crate::client::Client;
use crate::figures::{median, milliseconds, percentile};
use crate::role::{MAP, Role};

/// Each figure is of so many answers, after one that does not count.
const TRIES: usize = 200;

/// What is asked: it is what small questions of other parts are, too.
pub const QUESTIONS: [&str; 3] = [
    "SELECT area_name, year, numerator, rate_percent FROM indicator \
     WHERE indicator='learning_family' AND area_level='province'",
    "SELECT area_name, change_points, rank FROM trend \
     WHERE indicator='learning_citizen' AND area_level='province' AND year=2024",
    "SELECT year, new_adopters, cumulative_adopters FROM adoption \
     WHERE indicator='learning_family' AND area_level='nation'",
];

/// Prints the table.
pub fn run(desk: &Desk, role: &Role) -> Result<()> {
    println!(
        "\nTime to the first row over the Postgres face, map {MAP}, one client, {TRIES} answers each after one that"
    );
    println!("does not count; to aim at: 20 ms.");
    println!("\n| question | rows | median, ms | p99, ms |\n| --- | ---: | ---: | ---: |");
    for question in QUESTIONS {
        let (rows, mut took) = desk.clients.block_on(tries(role.address, question))?;
        println!("| `{question}` | {rows} | {:.1} | {:.1} |", median(&mut took), percentile(&mut took, 99));
    }
    Ok(())
}

/// The rows of the answer, and how long the first took each time.
async fn tries(address: SocketAddr, question: &str) -> Result<(u64, Vec<f64>)> {
    let mut client = Client::connect(address).await?;
    let rows = client.ask(question).await?.rows;
    let mut took = Vec::with_capacity(TRIES);
    for _ in 0..TRIES {
        let heard = client.ask(question).await?;
        ensure!(heard.refused.is_none(), "{question}: {:?}", heard.refused);
        took.push(milliseconds(heard.first.with_context(|| format!("no rows: {question}"))?));
    }
    Ok((rows, took))
}
