//! Says on standard error that work goes on, where a person would otherwise wonder.
//!
//! In: work, and a word for it; or stages, and how far each has come. Out: a bar. Guarantee: nothing is shown for work
//! under a second, and nothing ever where standard error is not a terminal.

use std::convert::Infallible;
use std::io::{IsTerminal, Write};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

/// Work shorter than this shows nothing.
const SHOWN_AFTER: Duration = Duration::from_secs(1);
/// How often the bar moves.
const TICK: Duration = Duration::from_millis(120);

/// Does `work`, with a bar that says `what` once it takes over a second.
pub async fn during<T>(what: &str, work: impl Future<Output = T>) -> T {
    tokio::pin!(work);
    if let Ok(done) = tokio::time::timeout(SHOWN_AFTER, &mut work).await {
        return done;
    }
    let bar = if std::io::stderr().is_terminal() { ProgressBar::new_spinner() } else { ProgressBar::hidden() };
    if let Ok(style) = ProgressStyle::with_template("{spinner} {msg} ({elapsed})") {
        bar.set_style(style);
    }
    bar.set_message(what.to_owned());
    bar.enable_steady_tick(TICK);
    let done = work.await;
    bar.finish_and_clear();
    done
}

/// A bar for work that ends, or first says something, at a time that only the work knows.
pub struct Waiting(ProgressBar);

impl Waiting {
    /// The work begins.
    pub fn begin(what: &str) -> Self {
        let bar = ProgressBar::with_draw_target(None, ProgressDrawTarget::hidden());
        if let Ok(style) = ProgressStyle::with_template("{spinner} {msg} ({elapsed})") {
            bar.set_style(style);
        }
        bar.set_message(what.to_owned());
        Self(bar)
    }

    /// Shows the bar once the work takes over a second. To be waited for beside the work; never ends.
    pub async fn shown(&self) -> Infallible {
        tokio::time::sleep(SHOWN_AFTER).await;
        if !self.0.is_finished() && std::io::stderr().is_terminal() {
            self.0.set_draw_target(ProgressDrawTarget::stderr());
            self.0.enable_steady_tick(TICK);
        }
        std::future::pending().await
    }

    /// Says something on standard error, above the bar.
    pub fn say(&self, line: &str) {
        self.0.suspend(|| eprintln!("{line}"));
    }

    /// The bar goes.
    pub fn end(&self) {
        self.0.finish_and_clear();
    }
}

/// A bar for work in stages of which each knows how many steps it takes.
pub struct Stages {
    bar: ProgressBar,
    begun: Instant,
    /// Whether it may not be shown, or is shown already.
    settled: AtomicBool,
}

impl Stages {
    /// The work begins.
    pub fn begin() -> Self {
        let bar = ProgressBar::with_draw_target(Some(0), ProgressDrawTarget::hidden());
        if let Ok(style) = ProgressStyle::with_template("{msg} {wide_bar} {pos} of {len} ({eta} left)") {
            bar.set_style(style);
        }
        Self { bar, begun: Instant::now(), settled: AtomicBool::new(!std::io::stderr().is_terminal()) }
    }

    /// A stage begins that takes so many steps.
    pub fn stage(&self, what: &str, steps: u64) {
        self.bar.reset();
        self.bar.set_length(steps);
        self.bar.set_message(what.to_owned());
        self.show();
    }

    /// So many steps are done.
    pub fn step(&self, steps: u64) {
        self.bar.inc(steps);
        self.show();
    }

    /// So many steps of so many are done, and this is under way.
    pub fn at(&self, done: u64, of: u64, what: &str) {
        if self.bar.is_finished() {
            self.bar.reset();
        }
        self.bar.set_length(of);
        self.bar.set_position(done);
        self.bar.set_message(what.to_owned());
        self.show();
    }

    /// Prints a line on standard output, above the bar. A reader that has gone away stops nothing.
    pub fn print(&self, line: &str) {
        self.bar.suspend(|| {
            let _ = writeln!(std::io::stdout(), "{line}");
        });
    }

    /// The work is done.
    pub fn end(&self) {
        self.bar.finish_and_clear();
    }

    fn show(&self) {
        if self.begun.elapsed() >= SHOWN_AFTER && !self.settled.swap(true, Ordering::Relaxed) {
            self.bar.set_draw_target(ProgressDrawTarget::stderr());
        }
    }
}
