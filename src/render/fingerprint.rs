//! What a finding is known by from one run to the next, for formats whose readers keep track.

use std::collections::BTreeMap;

use super::SourceMap;
use crate::model::{Finding, Inconclusive, sha256};
use crate::report::Snippet;

/// Gives each thing in a report a fingerprint of its own, which holds no line number and so stays
/// when lines move.
///
/// It is made of the rule, the set, what it is about, the file and the source lines, or the
/// message where no source is shown. Of things that are alike in all of these, the first, the
/// second and so on differ by their number.
#[derive(Debug, Default)]
pub(super) struct Fingerprints {
    seen: BTreeMap<String, usize>,
}

impl Fingerprints {
    /// That of a finding, in hexadecimal.
    pub(super) fn of_finding(&mut self, finding: &Finding, sources: &SourceMap) -> String {
        let about = finding.migration.as_deref().or(finding.schema.as_deref());
        let lines = Snippet::of_finding(finding, sources).map(|snippet| {
            let marked = snippet.lines.iter().filter(|line| line.marked);
            marked.map(|line| line.text.trim()).collect::<Vec<_>>().join("\n")
        });
        let text = lines.as_ref().unwrap_or(&finding.message);
        let path = finding.location.path.as_str();
        self.of(&[finding.rule, &finding.set, about.unwrap_or_default(), path, text])
    }

    /// That of something that could not be told.
    pub(super) fn of_untold(&mut self, item: &Inconclusive) -> String {
        let about = item.migration.as_deref().unwrap_or_default();
        self.of(&["", &item.set, about, item.path.as_str(), &item.reason])
    }

    fn of(&mut self, parts: &[&str]) -> String {
        // Written as JSON, so that no part can pass for the end of another.
        let parts = serde_json::json!(parts).to_string();
        let seen = self.seen.entry(parts.clone()).or_default();
        *seen += 1;
        sha256(format!("{parts}{seen}").as_bytes())
    }
}

#[cfg(test)]
mod tests {
    use super::Fingerprints;
    use crate::model::{Location, Span};
    use crate::render::{SourceMap, sample};

    #[test]
    fn a_fingerprint_stays_when_lines_move_and_repeats_have_their_own() {
        let finding = &sample::blocked().findings[2];
        let sources = sample::sources();
        let path = &finding.location.path;
        let mut moved = SourceMap::new();
        moved.insert(path.clone(), format!("-- one more line\n\n{}", sources.get(path).unwrap()));
        let span = finding.location.span.unwrap();
        let by = sources.get(path).unwrap().len().abs_diff(moved.get(path).unwrap().len());
        let mut later = finding.clone();
        later.location = Location::at(path.clone(), Span::new(span.start + by, span.end + by));

        let mut first = Fingerprints::default();
        let known = first.of_finding(finding, &sources);
        assert_ne!(first.of_finding(finding, &sources), known);
        assert_eq!(Fingerprints::default().of_finding(&later, &moved), known);
        later.set.push('x');
        assert_ne!(Fingerprints::default().of_finding(&later, &moved), known);
    }

    #[test]
    fn every_fingerprint_of_a_report_is_another() {
        let (report, sources) = (sample::everything(), sample::sources());
        let mut prints = Fingerprints::default();
        let mut all: Vec<String> =
            report.findings.iter().map(|one| prints.of_finding(one, &sources)).collect();
        all.extend(report.inconclusive.iter().map(|item| prints.of_untold(item)));
        let count = all.len();
        all.sort();
        all.dedup();
        assert_eq!(all.len(), count);
    }
}
