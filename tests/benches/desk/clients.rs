//! Many clients at once, of which a few ask without pause and the others are mostly idle.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use tokio::task::JoinSet;

use crate::Desk;
use crate::client::Client;
use crate::figures::{median, milliseconds, most, percentile};
use crate::role::Role;

const CONNECTED: usize = 200;
/// How many of them ask without pause.
const BUSY: usize = 20;
/// How long they do.
const FOR: Duration = Duration::from_secs(30);
/// The others ask once in so long; the first of them some time earlier than the last.
const IDLE: Duration = Duration::from_secs(4);

/// What clients of one kind heard.
#[derive(Default)]
struct Told {
    took: Vec<f64>,
    errors: Vec<String>,
}

/// Prints the table.
pub fn run(desk: &Desk, role: &Role) -> Result<()> {
    println!(
        "\n{CONNECTED} clients of one user connected, {BUSY} of them asking the views the same eight questions without"
    );
    println!("pause for {FOR:?}, the others `SELECT 1` every {IDLE:?}:");
    println!("\n| clients | questions | a second | errors | p50, ms | p99, ms | max, ms |");
    println!("| --- | ---: | ---: | ---: | ---: | ---: | ---: |");
    let questions: Arc<[String]> = desk.questions.iter().map(|question| question.view.clone()).collect();
    let told = desk.clients.block_on(all(role.address, &questions))?;
    let mut errors = Vec::new();
    for (kind, mut told) in ["busy", "idle"].into_iter().zip(told) {
        let (asked, wrong) = (told.took.len(), told.errors.len());
        let rate = asked as f64 / FOR.as_secs_f64();
        let [p50, p99] = [median(&mut told.took), percentile(&mut told.took, 99)];
        println!("| {kind} | {asked} | {rate:.1} | {wrong} | {p50:.1} | {p99:.1} | {:.1} |", most(&mut told.took));
        errors.append(&mut told.errors);
    }
    ensure!(errors.is_empty(), "{} questions had no answer, the first one: {}", errors.len(), errors[0]);
    Ok(())
}

/// What the busy ones heard, and the idle ones.
async fn all(address: SocketAddr, questions: &Arc<[String]>) -> Result<[Told; 2]> {
    let mut clients = Vec::with_capacity(CONNECTED);
    for number in 0..CONNECTED {
        clients.push(Client::connect(address).await.with_context(|| format!("client {number}"))?);
    }
    let end = Instant::now() + FOR;
    let mut tasks = JoinSet::new();
    for (number, client) in clients.into_iter().enumerate() {
        let questions = Arc::clone(questions);
        tasks.spawn(async move {
            if number < BUSY {
                (0, busy(client, number, &questions, end).await)
            } else {
                (1, idle(client, number, end).await)
            }
        });
    }
    let mut all = [Told::default(), Told::default()];
    while let Some(ended) = tasks.join_next().await {
        let (kind, told) = ended?;
        all[kind].took.extend(told.took);
        all[kind].errors.extend(told.errors);
    }
    Ok(all)
}

async fn busy(mut client: Client, number: usize, questions: &[String], end: Instant) -> Told {
    let mut told = Told::default();
    for question in questions.iter().cycle().skip(number) {
        if Instant::now() >= end || !ask(&mut client, question, &mut told).await {
            break;
        }
    }
    told
}

async fn idle(mut client: Client, number: usize, end: Instant) -> Told {
    let mut told = Told::default();
    // Not all in the same moment.
    tokio::time::sleep(IDLE * u32::try_from(number).unwrap_or_default() / CONNECTED as u32).await;
    while Instant::now() < end && ask(&mut client, "SELECT 1", &mut told).await {
        tokio::time::sleep(IDLE).await;
    }
    told
}

/// Asks once; says whether the connection can go on.
async fn ask(client: &mut Client, question: &str, told: &mut Told) -> bool {
    let heard = match client.ask(question).await {
        Ok(heard) => heard,
        Err(error) => {
            told.errors.push(format!("{error:#}"));
            return false;
        }
    };
    told.took.push(milliseconds(heard.took));
    if let Some(refused) = heard.refused {
        told.errors.push(format!("{} {}", refused.state, refused.message));
    }
    true
}
