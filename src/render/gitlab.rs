//! The report for GitLab's merge request widget:
//! <https://docs.gitlab.com/ci/testing/code_quality/#code-quality-report-format>.
//!
//! What could not be told stands among the findings. What is waived does not: the format has no
//! way to say that it does not weigh.

use std::fmt;

use serde_json::{Value, json};

use super::escape::line;
use super::fingerprint::Fingerprints;
use super::words::shorten;
use super::{Renderer, SourceMap};
use crate::model::{Level, RepoPath, Report};

/// Characters of one description, at most.
const MAX_TEXT: usize = 1_000;

/// The report for GitLab.
#[derive(Clone, Copy, Debug)]
pub(super) struct Gitlab;

impl Renderer for Gitlab {
    fn render(
        &self,
        report: &Report,
        sources: &SourceMap,
        out: &mut dyn fmt::Write,
    ) -> fmt::Result {
        let mut prints = Fingerprints::default();
        let mut all = Vec::new();
        for finding in &report.findings {
            let severity = match finding.level {
                Level::Error => "blocker",
                Level::Warning => "minor",
                Level::Note | Level::Off => "info",
            };
            let begin = sources.place(&finding.location).map_or(1, |place| place.start.0);
            let mut issue = issue(&finding.location.path, begin, &finding.message);
            issue["check_name"] = finding.rule.into();
            issue["fingerprint"] = prints.of_finding(finding, sources).into();
            issue["severity"] = severity.into();
            all.push(issue);
        }
        for item in &report.inconclusive {
            let mut issue = issue(&item.path, 1, &format!("Could not be told: {}", item.reason));
            issue["check_name"] = "inconclusive".into();
            issue["fingerprint"] = prints.of_untold(item).into();
            issue["severity"] = "critical".into();
            all.push(issue);
        }
        writeln!(out, "{:#}", Value::Array(all))
    }
}

fn issue(path: &RepoPath, begin: usize, message: &str) -> Value {
    json!({
        "description": line(&shorten(message, MAX_TEXT)),
        "check_name": null,
        "fingerprint": null,
        "severity": null,
        "location": { "path": line(&path.to_string()), "lines": { "begin": begin } },
    })
}

#[cfg(test)]
mod tests {
    use serde_json::Value;

    use super::{Gitlab, Renderer as _};
    use crate::render::sample;

    #[test]
    fn every_issue_has_what_gitlab_asks_for() {
        for (name, report) in sample::all() {
            let mut text = String::new();
            Gitlab.render(&report, &sample::sources(), &mut text).unwrap();
            let issues: Vec<Value> = serde_json::from_str(&text).unwrap();
            assert_eq!(issues.len(), report.findings.len() + report.inconclusive.len(), "{name}");
            let severities = ["info", "minor", "major", "critical", "blocker"];
            for issue in &issues {
                let text = |member: &str| issue[member].as_str().unwrap();
                assert!(severities.contains(&text("severity")), "{name}: {issue}");
                assert!(!text("description").is_empty() && !text("check_name").is_empty());
                assert_eq!(text("fingerprint").len(), 64);
                let begin = &issue["location"]["lines"]["begin"];
                assert!(begin.as_u64().unwrap() > 0, "{name}: {issue}");
                assert!(!issue["location"]["path"].as_str().unwrap().starts_with('/'));
            }
        }
    }
}
