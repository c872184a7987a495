//! The prompt: statements typed by a person, one after the other.
//!
//! In: what is typed. Out: answers, and what is wrong. Guarantee: a mistake ends nothing, Ctrl-C only the question under
//! way, Ctrl-D all.

use std::sync::Arc;

use tokio::task::{JoinSet, block_in_place};

use super::SqlError;
use super::shell::{Flow, Shell};
use super::trouble::chain;
use super::typing::{Typed, Typing, history_file};
use super::words::{Words, load};
use crate::cli::Surroundings;

const PROMPT: &str = "lantoa> ";
const GREETING: &str = concat!(
    "Lantoa ",
    env!("CARGO_PKG_VERSION"),
    ". A statement ends with ; · \\? lists what there is · \\q or Ctrl-D leaves\n",
    "Kết thúc câu hỏi bằng ; · \\? trợ giúp · \\q hoặc Ctrl-D để thoát"
);

/// Asks what is typed, until that was all.
///
/// # Errors
/// When the terminal cannot be read.
pub(super) async fn run(shell: &mut Shell, around: Surroundings) -> Result<Flow, SqlError> {
    let words = Arc::new(Words::default());
    // Ends with the prompt, whether or not all words have come.
    let mut coming = JoinSet::new();
    coming.spawn(load(shell.desk().clone(), Arc::clone(&words)));
    let history = history_file(around.state_home.as_deref(), around.home.as_deref());
    let mut typing = Typing::new(words, history)?;
    shell.at_prompt(around.pager);
    eprintln!("{GREETING}");
    loop {
        let text = match block_in_place(|| typing.read(PROMPT))? {
            Typed::Text(text) => text,
            Typed::Nothing => continue,
            Typed::End => return Ok(Flow::Quit),
        };
        match shell.take(&text).await {
            Ok(Flow::Quit) => return Ok(Flow::Quit),
            Ok(Flow::On | Flow::Interrupted) => {}
            Err(error) => eprintln!("error: {}", chain(&error)),
        }
    }
}
