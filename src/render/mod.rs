//! One report, many formats; each renders the same facts in the same order.
//!
//! This room imports `report` beside `model`: the JSON format is `report`'s wire type, every
//! format prints its digest, and lines and columns are computed there, once, in
//! [`SourceMap::place`].
//!
//! To add a format: one file with a [`Renderer`], one variant of [`Format`]. Its tests are the
//! snapshots of the shared sample and the hostile strings.

mod diff;
pub mod escape;
mod github;
mod json;
mod markdown;
mod plain;
#[cfg(test)]
pub(crate) mod sample;
#[cfg(test)]
pub(crate) mod sample_waived;
#[cfg(test)]
mod tests;
mod words;

use std::fmt;

use crate::model::Report;
pub use crate::report::SourceMap;
pub use markdown::MARKER;
pub use words::reasons;

/// Writes a report in one format.
///
/// The same report and the same sources give the same bytes, on every machine.
pub trait Renderer: Sync {
    /// Writes the whole report.
    fn render(&self, report: &Report, sources: &SourceMap, out: &mut dyn fmt::Write)
    -> fmt::Result;
}

/// The formats by name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Format {
    /// For terminals and CI logs.
    Plain,
    /// For other programs.
    Json,
    /// For comments on a pull request and step summaries.
    Markdown,
    /// Annotations in the log of a GitHub workflow.
    Github,
}

impl Format {
    /// Every format, in the order help texts list them.
    pub const ALL: [Self; 4] = [Self::Plain, Self::Json, Self::Markdown, Self::Github];

    /// The name on the command line.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Plain => "plain",
            Self::Json => "json",
            Self::Markdown => "markdown",
            Self::Github => "github",
        }
    }

    /// The format of that name.
    #[must_use]
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|format| format.name() == name)
    }

    /// Its renderer. `color` is for the formats that a terminal shows; the others ignore it.
    #[must_use]
    pub fn renderer(self, color: bool) -> Box<dyn Renderer> {
        match self {
            Self::Plain => Box::new(plain::Plain { color }),
            Self::Json => Box::new(json::Json),
            Self::Markdown => Box::new(markdown::Markdown),
            Self::Github => Box::new(github::Github),
        }
    }
}

impl fmt::Display for Format {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}
