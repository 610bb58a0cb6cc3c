//! The wire document in RFC 8785 canonical form, and one newline.
//!
//! Text is carried exactly as it was found, so that file names can be matched: JSON escapes what
//! is below U+0020 and nothing else. Whoever shows it to people escapes it first.

use std::fmt;

use serde::Serialize;

use super::{Renderer, SourceMap};
use crate::model::Report;
use crate::report::v1::Document;

/// The report for other programs.
#[derive(Clone, Copy, Debug)]
pub(super) struct Json;

impl Renderer for Json {
    fn render(
        &self,
        report: &Report,
        sources: &SourceMap,
        out: &mut dyn fmt::Write,
    ) -> fmt::Result {
        out.write_str(&canonical(&Document::from((report, sources)))?)
    }
}

/// A value in RFC 8785 form, on a line of its own.
pub(super) fn canonical(value: &impl Serialize) -> Result<String, fmt::Error> {
    let text = serde_json_canonicalizer::to_string(value).map_err(|_| fmt::Error)?;
    Ok(text + "\n")
}
