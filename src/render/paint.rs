//! Colours in a terminal. They only repeat what a sign or a word says already.

use crate::model::Level;

/// Paints text, or leaves it as it is.
#[derive(Clone, Copy, Debug, Default)]
pub struct Paint {
    color: bool,
}

/// A colour of the terminal's own palette (ECMA-48, SGR).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Color {
    /// What is bad, or gone.
    Red = 31,
    /// What is good, or new.
    Green = 32,
    /// What needs a look.
    Yellow = 33,
    /// What is there to know.
    Cyan = 36,
}

impl Color {
    /// The colour of a level.
    #[must_use]
    pub fn of(level: Level) -> Self {
        match level {
            Level::Error => Self::Red,
            Level::Warning => Self::Yellow,
            Level::Note | Level::Off => Self::Cyan,
        }
    }
}

impl Paint {
    /// Paints where `color` is wanted.
    #[must_use]
    pub fn new(color: bool) -> Self {
        Self { color }
    }

    /// In that colour.
    #[must_use]
    pub fn color(self, color: Color, text: &str) -> String {
        self.with(color as u8, text)
    }

    /// Stronger than the text around.
    #[must_use]
    pub fn bold(self, text: &str) -> String {
        self.with(1, text)
    }

    /// Weaker than the text around.
    #[must_use]
    pub fn dim(self, text: &str) -> String {
        self.with(2, text)
    }

    fn with(self, code: u8, text: &str) -> String {
        if self.color && !text.is_empty() {
            format!("\u{1b}[{code}m{text}\u{1b}[0m")
        } else {
            text.to_owned()
        }
    }
}
