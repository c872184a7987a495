//! Work that divides, on several cores.
//!
//! In: pieces of work that do not depend on each other. Out: what became of each, in their order. Guarantee: no thread
//! outlives the call; a panic of one is the caller's.

use std::sync::{Mutex, PoisonError};

/// Does all pieces on at most so many threads, each with working space of its own that it `begins` with. The largest
/// piece is best put first.
pub(super) fn side_by_side<T: Send, S, R: Send>(
    threads: usize,
    pieces: Vec<T>,
    begin: impl Fn() -> S + Sync,
    work: impl Fn(&mut S, T) -> R + Sync,
) -> Vec<R> {
    let threads = threads.min(pieces.len());
    if pieces.is_empty() {
        return Vec::new();
    }
    if threads < 2 {
        let mut space = begin();
        return pieces.into_iter().map(|piece| work(&mut space, piece)).collect();
    }
    let waiting = Mutex::new(pieces.into_iter().enumerate());
    let run = || {
        let mut space = begin();
        let mut done = Vec::new();
        loop {
            let next = waiting.lock().unwrap_or_else(PoisonError::into_inner).next();
            let Some((at, piece)) = next else { return done };
            done.push((at, work(&mut space, piece)));
        }
    };
    let mut done: Vec<(usize, R)> = std::thread::scope(|scope| {
        let others: Vec<_> = (1..threads).map(|_| scope.spawn(run)).collect();
        let mut done = run();
        for other in others {
            done.extend(other.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic)));
        }
        done
    });
    done.sort_unstable_by_key(|(at, _)| *at);
    done.into_iter().map(|(_, result)| result).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn results_are_in_the_order_of_the_pieces_on_any_number_of_threads() {
        for threads in [0, 1, 2, 5] {
            for count in [0, 1, 7, 100_usize] {
                let squares = side_by_side(threads, (0..count).collect(), || 0, |_, n| n * n);
                assert_eq!(squares, (0..count).map(|n| n * n).collect::<Vec<_>>(), "{count} on {threads}");
            }
        }
    }
}
