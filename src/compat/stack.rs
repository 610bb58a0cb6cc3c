//! Work that recurses as deep as foreign schemas nest.

use std::cell::Cell;
use std::thread;

/// Stack in bytes; only what is used becomes memory.
const SIZE: usize = 256 << 20;

thread_local! {
    static DEEP: Cell<bool> = const { Cell::new(false) };
}

/// Runs `work` where the stack suffices for everything that the bounds of this room allow.
///
/// `None` where the work panics or no thread can be had: the libraries below are foreign, and an
/// answer of theirs that does not come is no answer.
pub(super) fn deep<T: Send>(work: impl FnOnce() -> T + Send) -> Option<T> {
    if DEEP.get() {
        return Some(work());
    }
    thread::scope(|scope| {
        let thread = thread::Builder::new().stack_size(SIZE).spawn_scoped(scope, || {
            DEEP.set(true);
            work()
        });
        thread.ok()?.join().ok()
    })
}
