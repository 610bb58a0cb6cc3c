//! Another thread that does what the one that asks is not allowed to.

use std::sync::mpsc::{Sender, channel};

type Errand = Box<dyn FnOnce() + Send>;

/// A thread that runs errands until this is dropped.
#[derive(Debug)]
pub(super) struct Courier {
    errands: Sender<Errand>,
}

impl Courier {
    /// Starts the thread, which may do what the calling one may do now.
    pub(super) fn new() -> std::io::Result<Self> {
        let (errands, asked) = channel::<Errand>();
        let thread = std::thread::Builder::new().name("courier".into());
        thread.spawn(move || asked.into_iter().for_each(|errand| errand()))?;
        Ok(Self { errands })
    }

    /// Has something done and waits for it; `None` where the thread is gone.
    pub(super) fn run<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> Option<T> {
        let (done, result) = channel();
        let errand = move || {
            // Nobody waits where the caller is gone.
            let _ = done.send(work());
        };
        self.errands.send(Box::new(errand)).ok()?;
        result.recv().ok()
    }
}
