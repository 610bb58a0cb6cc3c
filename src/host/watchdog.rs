//! Work under a deadline, watched by a second thread.

use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use super::{Stop, must_stop, now};

/// How often the clock and the signals are looked at.
const POLL: Duration = Duration::from_millis(50);

/// Runs `work` while a second thread watches the clock and the signals; when one of them says
/// stop, `cancel` is called, again and again until the work returns, and the reason is returned
/// beside the work's result.
pub fn watched<T>(
    limit: Duration,
    cancel: impl Fn() + Send + Sync,
    work: impl FnOnce() -> T,
) -> (T, Option<Stop>) {
    let deadline = now() + limit;
    let done = (Mutex::new(false), Condvar::new());
    let stopped = Mutex::new(None);
    std::thread::scope(|scope| {
        scope.spawn(|| {
            let mut finished = done.0.lock().unwrap_or_else(PoisonError::into_inner);
            while !*finished {
                let reason = must_stop().or((now() >= deadline).then_some(Stop::Deadline));
                if let Some(reason) = reason {
                    stopped.lock().unwrap_or_else(PoisonError::into_inner).get_or_insert(reason);
                    cancel();
                }
                finished =
                    done.1.wait_timeout(finished, POLL).unwrap_or_else(PoisonError::into_inner).0;
            }
        });
        let result = work();
        *done.0.lock().unwrap_or_else(PoisonError::into_inner) = true;
        done.1.notify_all();
        let reason = *stopped.lock().unwrap_or_else(PoisonError::into_inner);
        (result, reason)
    })
}

/// Like [`watched`], for work that is done thousands of times: the second thread stays for as long
/// as the one that asks, and what is done before it looks costs next to nothing.
pub fn watched_often<T>(
    limit: Duration,
    cancel: impl Fn() + Send + Sync + 'static,
    work: impl FnOnce() -> T,
) -> (T, Option<Stop>) {
    let slot = WATCHDOG.with(|watchdog| watchdog.as_ref().map(|it| it.0.clone()));
    let Some(slot) = slot.filter(|slot| slot.lock().job.is_none()) else {
        return watched(limit, cancel, work);
    };
    let job = Job { deadline: now() + limit, cancel: Box::new(cancel), stopped: None };
    slot.lock().job = Some(job);
    let watching = Watching(&slot);
    let result = work();
    (result, watching.end())
}

thread_local! {
    /// `None` where the system gives no more threads.
    static WATCHDOG: Option<Watchdog> = Watchdog::start();
}

/// What is watched.
struct Job {
    deadline: Instant,
    cancel: Box<dyn Fn() + Send>,
    stopped: Option<Stop>,
}

#[derive(Default)]
struct Watch {
    job: Option<Job>,
    is_over: bool,
}

/// Where work is laid down to be watched.
#[derive(Default)]
struct Slot {
    watch: Mutex<Watch>,
    over: Condvar,
}

impl Slot {
    fn lock(&self) -> MutexGuard<'_, Watch> {
        self.watch.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn look_on(&self) {
        let mut watch = self.lock();
        while !watch.is_over {
            if let Some(job) = &mut watch.job {
                let reason = must_stop().or((now() >= job.deadline).then_some(Stop::Deadline));
                if let Some(reason) = reason {
                    job.stopped.get_or_insert(reason);
                    // The work does not end meanwhile: what comes after it is not hit.
                    (job.cancel)();
                }
            }
            let waited = self.over.wait_timeout(watch, POLL);
            watch = waited.unwrap_or_else(PoisonError::into_inner).0;
        }
    }
}

/// Work that is under way; it ends with this, however it ends.
struct Watching<'a>(&'a Slot);

impl Watching<'_> {
    /// Why it was asked to stop.
    fn end(self) -> Option<Stop> {
        self.0.lock().job.take().and_then(|job| job.stopped)
    }
}

impl Drop for Watching<'_> {
    fn drop(&mut self) {
        self.0.lock().job = None;
    }
}

/// A thread that watches for another one, until that ends.
struct Watchdog(Arc<Slot>);

impl Watchdog {
    fn start() -> Option<Self> {
        let slot = Arc::new(Slot::default());
        let own = slot.clone();
        std::thread::Builder::new().name("watchdog".into()).spawn(move || own.look_on()).ok()?;
        Some(Self(slot))
    }
}

impl Drop for Watchdog {
    fn drop(&mut self) {
        self.0.lock().is_over = true;
        self.0.over.notify_all();
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicBool, Ordering};

    use super::*;

    #[test]
    fn work_that_takes_too_long_is_told_until_it_ends_and_the_next_is_left_alone() {
        let told = Arc::new(AtomicBool::new(false));
        let tell = told.clone();
        let wait = || {
            while !told.load(Ordering::Relaxed) {
                super::super::pause(Duration::from_millis(5));
            }
        };
        let cancel = move || tell.store(true, Ordering::Relaxed);
        let ((), stop) = watched_often(Duration::from_millis(20), cancel, wait);
        assert_eq!(stop, Some(Stop::Deadline));
        let long = Duration::from_secs(60);
        assert_eq!(watched_often(long, || unreachable!(), || 7), (7, None));
    }

    #[test]
    fn work_within_work_is_watched_too() {
        let long = Duration::from_secs(60);
        let inner = || watched_often(long, || {}, || 7);
        assert_eq!(watched_often(long, || {}, inner), ((7, None), None));
    }

    #[test]
    fn work_that_panics_is_watched_no_more() {
        let long = Duration::from_secs(60);
        let panicked =
            std::panic::catch_unwind(|| watched_often(long, || {}, || panic!("as meant")));
        assert!(panicked.is_err());
        assert!(WATCHDOG.with(|watchdog| watchdog.as_ref().unwrap().0.lock().job.is_none()));
    }
}
