//! Progress on standard error, on a terminal only.

use std::collections::BTreeMap;
use std::io::Write as _;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

use unicode_width::UnicodeWidthChar as _;

use crate::host;
use crate::model::printable;

/// Back to the beginning of the line, which is emptied (ECMA-48, EL).
const ERASE: &str = "\r\u{1b}[2K";

/// What is said now, in the order in which it began: sets run side by side and share the line.
static SAID: Mutex<BTreeMap<usize, String>> = Mutex::new(BTreeMap::new());

/// How many have begun.
static BEGUN: AtomicUsize = AtomicUsize::new(0);

/// A part of the line that is written over again and again, and gone in the end.
pub(super) struct Progress {
    number: usize,
    /// The columns of the terminal; `None` where nothing is shown.
    width: Option<usize>,
    about: String,
    total: usize,
    done: usize,
}

impl Progress {
    /// On `total` steps of something, such as a set.
    pub(super) fn new(about: &str, total: usize) -> Self {
        let about = printable(about).into_owned();
        let number = BEGUN.fetch_add(1, Ordering::Relaxed);
        Self { number, width: host::progress_width(), about, total, done: 0 }
    }

    /// Says which migration runs now.
    pub(super) fn step(&mut self, id: &str) {
        self.done += 1;
        self.show(&format!("{}/{} {}", self.done, self.total, printable(id)));
    }

    /// Says in which phase a migration is.
    pub(super) fn phase(&self, id: &str, phase: &str) {
        self.show(&format!("{} {phase}", printable(id)));
    }

    /// Says what is done now.
    pub(super) fn show(&self, what: &str) {
        let Some(width) = self.width else { return };
        let mut said = said();
        said.insert(self.number, format!("{}: {what}", self.about));
        draw(&said, width);
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        let Some(width) = self.width else { return };
        let mut said = said();
        said.remove(&self.number);
        draw(&said, width);
    }
}

fn said() -> MutexGuard<'static, BTreeMap<usize, String>> {
    SAID.lock().unwrap_or_else(PoisonError::into_inner)
}

fn draw(said: &BTreeMap<usize, String>, width: usize) {
    let line = said.values().map(String::as_str).collect::<Vec<_>>().join("  ");
    let _ = write!(std::io::stderr().lock(), "{ERASE}{}", cut(&line, width));
}

/// As much of a line as fits before the last column: a line that wraps cannot be erased.
fn cut(line: &str, width: usize) -> &str {
    let mut column = 0;
    let end = line.char_indices().find(|(_, c)| {
        column += c.width().unwrap_or(0);
        column >= width
    });
    end.map_or(line, |(end, _)| &line[..end])
}

#[cfg(test)]
mod tests {
    use super::cut;

    #[test]
    fn a_line_never_reaches_the_last_column() {
        assert_eq!(cut("abc", 4), "abc");
        assert_eq!(cut("abcd", 4), "abc");
        assert_eq!(cut("a日本", 4), "a日");
        assert_eq!(cut("日本", 4), "日");
        assert_eq!(cut("a", 1), "");
    }
}
