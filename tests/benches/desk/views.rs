//! What the questions are about, asked of the views in the role's own process, when the role has made ahead what they
//! need.

use anyhow::Result;

use crate::Desk;
use crate::figures::{median, milliseconds, most};
use crate::role::{MAP, Role, ask};

/// Each figure is of so many answers, after one that does not count.
const ROUNDS: usize = 5;

/// Prints the table.
pub fn run(desk: &Desk, role: &Role) -> Result<()> {
    println!("\nViews on the map {MAP}, {ROUNDS} answers each after one that does not count; to aim at: 50 ms.");
    println!("\n| question | median, ms | max, ms |\n| --- | ---: | ---: |");
    for question in &desk.questions {
        let mut took = Vec::with_capacity(ROUNDS);
        desk.roles.block_on(ask(&role.engine, &question.view))?;
        for _ in 0..ROUNDS {
            took.push(milliseconds(desk.roles.block_on(ask(&role.engine, &question.view))?));
        }
        println!("| {} | {:.1} | {:.1} |", question.title, median(&mut took), most(&mut took));
    }
    Ok(())
}
