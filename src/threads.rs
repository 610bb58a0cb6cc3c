//! Work on all processors at once.

use std::panic::resume_unwind;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread::{self, Builder};

/// The stack of a thread, in bytes, as large as that of the first one: parsers recurse.
const STACK: usize = 8 << 20;

/// A thread to be started.
pub fn builder() -> Builder {
    Builder::new().stack_size(STACK)
}

/// Does some work on every item, as many at once as there are processors and at most `most`; the
/// results stand in the order of the items.
pub fn side_by_side<T: Sync, R: Send>(
    items: &[T],
    most: usize,
    work: impl Fn(&T) -> R + Sync,
) -> Vec<R> {
    // How many processors there are takes the system some files to say.
    let processors = || thread::available_parallelism().map_or(1, std::num::NonZero::get);
    let workers = most.min(items.len());
    let workers = if workers > 1 { workers.min(processors()) } else { workers };
    let next = AtomicUsize::new(0);
    let take_turns = || {
        let turns = std::iter::from_fn(|| {
            let at = next.fetch_add(1, Ordering::Relaxed);
            items.get(at).map(|item| (at, work(item)))
        });
        turns.collect::<Vec<(usize, R)>>()
    };
    let mut done = thread::scope(|scope| {
        // One that does not start leaves its turns to the others.
        let others: Vec<_> =
            (1..workers).filter_map(|_| builder().spawn_scoped(scope, take_turns).ok()).collect();
        let mut done = take_turns();
        for other in others {
            done.extend(other.join().unwrap_or_else(|panic| resume_unwind(panic)));
        }
        done
    });
    done.sort_unstable_by_key(|(at, _)| *at);
    done.into_iter().map(|(_, result)| result).collect()
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::AtomicBool;

    use super::*;

    #[test]
    fn results_stand_in_the_order_of_the_items() {
        let items: Vec<usize> = (0..500).collect();
        for most in [0, 1, 3, usize::MAX] {
            let done = side_by_side(&items, most, |item| {
                (0..item % 7).for_each(|_| thread::yield_now());
                item * 2
            });
            assert!(done.iter().enumerate().all(|(at, double)| *double == at * 2));
            assert_eq!(done.len(), 500);
        }
        let two = [false; 2].map(AtomicBool::new);
        // Each of two waits for the other, where there are two processors.
        if thread::available_parallelism().is_ok_and(|many| many.get() > 1) {
            side_by_side(&[0, 1], 2, |at| {
                two[*at].store(true, Ordering::Relaxed);
                let turns = (0..100_000_000).take_while(|_| {
                    thread::yield_now();
                    !two[1 - at].load(Ordering::Relaxed)
                });
                assert!(turns.count() < 100_000_000);
            });
        }
    }
}
