//! The report as SARIF 2.1.0, for code scanning and editors:
//! <https://docs.oasis-open.org/sarif/sarif/v2.1.0/sarif-v2.1.0.html>.
//!
//! What could not be told makes the run an unsuccessful one and is told in its notifications; what
//! is waived is a suppressed result.

use std::fmt;

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::{Value, json};

use super::escape::{line, log_lines};
use super::fingerprint::Fingerprints;
use super::words::{self, shorten};
use super::{Renderer, SourceMap};
use crate::model::{
    Acceptance, Finding, Inconclusive, Level, Location, RepoPath, Report, RuleMeta, Side, Verdict,
    Waived,
};
use crate::report::digest;

/// The schema that the format names itself by.
const SCHEMA: &str = "https://json.schemastore.org/sarif-2.1.0.json";
/// GitHub refuses a run with more results:
/// <https://docs.github.com/en/code-security/code-scanning/troubleshooting-sarif-uploads/results-exceed-limit>.
const MAX_RESULTS: usize = 25_000;
/// Characters of one message, at most.
const MAX_TEXT: usize = 4_000;
/// What paths are relative to; the name by which GitHub and editors know it.
const ROOT: &str = "%SRCROOT%";
/// What stands in a path as it is: <https://www.rfc-editor.org/rfc/rfc3986#section-2.3>.
const ENCODED: &AsciiSet =
    &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~').remove(b'/');

/// The report for code scanning.
#[derive(Clone, Debug)]
pub(super) struct Sarif {
    /// What the rules are about.
    pub(super) rules: Vec<RuleMeta>,
}

impl Renderer for Sarif {
    fn render(
        &self,
        report: &Report,
        sources: &SourceMap,
        out: &mut dyn fmt::Write,
    ) -> fmt::Result {
        let log = json!({
            "$schema": SCHEMA,
            "version": "2.1.0",
            "runs": [self.run(report, sources)],
        });
        writeln!(out, "{log:#}")
    }
}

impl Sarif {
    fn run(&self, report: &Report, sources: &SourceMap) -> Value {
        let mut prints = Fingerprints::default();
        let mut found: Vec<(&Finding, Value)> = Vec::new();
        for finding in &report.findings {
            found.push((finding, result(finding, sources, &mut prints)));
        }
        for waived in &report.waived {
            let mut result = result(&waived.finding, sources, &mut prints);
            result["suppressions"] = json!([suppression(waived)]);
            found.push((&waived.finding, result));
        }
        let left = keep_heaviest(&mut found, MAX_RESULTS);
        let mut ids: Vec<&str> = found.iter().map(|(finding, _)| finding.rule).collect();
        ids.sort_unstable();
        ids.dedup();
        json!({
            "tool": { "driver": {
                "name": env!("CARGO_PKG_NAME"),
                "semanticVersion": env!("CARGO_PKG_VERSION"),
                "rules": ids.into_iter().map(|id| self.rule(id)).collect::<Value>(),
            } },
            "columnKind": "unicodeCodePoints",
            "originalUriBaseIds": { ROOT: { "description": { "text": "The top of the repository." } } },
            "invocations": [invocation(report, left)],
            "results": found.into_iter().map(|(_, result)| result).collect::<Value>(),
            "properties": properties(report, sources),
        })
    }

    /// A rule, with its texts where they are known.
    fn rule(&self, id: &str) -> Value {
        let Some(meta) = self.rules.iter().find(|meta| meta.id == id) else {
            return json!({ "id": id });
        };
        json!({
            "id": id,
            "shortDescription": { "text": meta.summary },
            "fullDescription": { "text": meta.why },
            "help": { "text": meta.fix },
            "defaultConfiguration": { "level": level(meta.levels.recommended) },
            "properties": { "tags": [id.split('/').next()] },
        })
    }
}

/// Keeps so many results, and says how many are left out.
fn keep_heaviest(found: &mut Vec<(&Finding, Value)>, most: usize) -> usize {
    found.sort_by_key(|(finding, _)| finding.level);
    found.split_off(found.len().min(most)).len()
}

/// SARIF's word for a level.
fn level(level: Level) -> &'static str {
    match level {
        Level::Error => "error",
        Level::Warning => "warning",
        Level::Note => "note",
        Level::Off => "none",
    }
}

fn result(finding: &Finding, sources: &SourceMap, prints: &mut Fingerprints) -> Value {
    let print = prints.of_finding(finding, sources);
    let location = self::location(&finding.location, sources);
    let mut fingerprints = json!({ "migrationGate/v1": &print });
    if location["physicalLocation"]["region"].is_null() {
        // GitHub's upload makes this one itself where there is a line, and warns of any other.
        fingerprints["primaryLocationLineHash"] = format!("{}:1", &print[..16]).into();
    }
    let mut result = json!({
        "ruleId": finding.rule,
        "level": level(finding.level),
        "message": message(&words::told(finding)),
        "locations": [location],
        "partialFingerprints": fingerprints,
        "properties": {
            "evidence": finding.evidenced.name(),
            "set": line(&finding.set),
            "migration": finding.migration.as_deref().map(line),
            "schema": finding.schema.as_deref().map(line),
        },
    });
    if !finding.also.is_empty() {
        let also = finding.also.iter().map(|place| {
            let mut related = self::location(place, sources);
            related["message"] = message("the same cause");
            related
        });
        result["relatedLocations"] = also.collect();
    }
    if finding.side == Side::Baseline {
        result["baselineState"] = "unchanged".into();
    }
    result
}

/// Text of several lines; nothing in it is a link.
fn message(text: &str) -> Value {
    let mut text = log_lines(&shorten(text, MAX_TEXT));
    if text.contains("](") {
        text = text.replace('[', "\\[").replace(']', "\\]");
    }
    json!({ "text": text })
}

fn location(location: &Location, sources: &SourceMap) -> Value {
    let mut physical = json!({ "artifactLocation": artifact(&location.path) });
    if let Some(place) = sources.place(location) {
        physical["region"] = json!({
            "startLine": place.start.0,
            "startColumn": place.start.1,
            "endLine": place.end.0,
            "endColumn": place.end.1,
            "byteOffset": place.span.start,
            "byteLength": place.span.end - place.span.start,
        });
    }
    json!({ "physicalLocation": physical })
}

fn artifact(path: &RepoPath) -> Value {
    let path = path.to_string();
    json!({ "uri": utf8_percent_encode(&path, ENCODED).to_string(), "uriBaseId": ROOT })
}

fn suppression(waived: &Waived) -> Value {
    let kind = if waived.by.owner == Acceptance::INLINE { "inSource" } else { "external" };
    json!({
        "kind": kind,
        "status": "accepted",
        "justification": message(&words::accepted(waived))["text"],
        "location": { "physicalLocation": { "artifactLocation": artifact(&waived.by.location.path) } },
    })
}

/// Whether everything could be told, and all that is no finding.
fn invocation(report: &Report, left: usize) -> Value {
    let mut notifications: Vec<Value> = report.inconclusive.iter().map(untold).collect();
    let mut say = |level: &str, text: &str| {
        notifications.push(json!({ "level": level, "message": message(text) }));
    };
    if report.verdict == Verdict::Inconclusive {
        say("error", &format!("inconclusive: {}", words::reasons(report)));
    }
    if left > 0 {
        let left = words::number(left, "more result");
        say("warning", &format!("{left}, all in the JSON report"));
    }
    report.notices.iter().for_each(|notice| say("note", notice));
    let told = report.verdict != Verdict::Inconclusive && report.inconclusive.is_empty();
    json!({
        "executionSuccessful": told,
        "exitCode": report.verdict.exit_code(),
        "toolExecutionNotifications": notifications,
    })
}

fn untold(item: &Inconclusive) -> Value {
    let about = item.migration.as_deref().unwrap_or("the whole set");
    let text = format!("{} {about}: {}\nHelp: {}", item.set, item.reason, item.way_out);
    json!({
        "level": "error",
        "message": message(&text),
        "locations": [{ "physicalLocation": { "artifactLocation": artifact(&item.path) } }],
    })
}

fn properties(report: &Report, sources: &SourceMap) -> Value {
    let identity = &report.identity;
    json!({
        "verdict": report.verdict.name(),
        "digest": digest(report, sources),
        "base": report.base.as_deref().map(line),
        "head": line(&report.head),
        "baseCommit": identity.base_commit.as_deref().map(line),
        "headCommit": identity.head_commit.as_deref().map(line),
        "policySha256": identity.policy.sha256.as_deref().map(line),
        "asOf": report.as_of.map(|moment| moment.to_string()),
        "olderFindings": report.baseline.total(),
    })
}

#[cfg(test)]
mod tests {
    use serde_json::Value;

    use super::{MAX_RESULTS, Renderer as _, Sarif, SourceMap, invocation, keep_heaviest};
    use crate::host;
    use crate::model::{Level, Report};
    use crate::render::sample;
    use crate::rules::RULES;

    fn rendered(report: &Report, sources: &SourceMap) -> Value {
        let rules = RULES.iter().map(|rule| rule.meta).collect();
        let mut out = String::new();
        Sarif { rules }.render(report, sources, &mut out).unwrap();
        serde_json::from_str(&out).unwrap()
    }

    /// The official schema, as the packages of npm in `MIGRATION_GATE_TOOLS` carry it; loudly
    /// nothing where it is not there, but never so in a CI on Linux.
    fn schema() -> Option<Value> {
        const FILE: &str = "../@microsoft/jest-sarif/lib/schemas/sarif-2.1.0-rtm.5.json";
        let folders = host::env("MIGRATION_GATE_TOOLS").unwrap_or_default();
        let read = |folder: std::path::PathBuf| std::fs::read_to_string(folder.join(FILE)).ok();
        let Some(text) = std::env::split_paths(&folders).find_map(read) else {
            let in_ci = host::env_text("CI").as_deref() == Some("true");
            assert!(!in_ci || !cfg!(target_os = "linux"), "the schema of SARIF is not there");
            eprintln!("SKIPPED: no folder of MIGRATION_GATE_TOOLS has {FILE}");
            return None;
        };
        // A closing bracket alone is a fault to all engines but those of browsers.
        let mended = text.replace("{2}]?$", r"{2}\\]?$");
        assert_ne!(mended, text, "the schema was mended at its source");
        Some(serde_json::from_str(&mended).unwrap())
    }

    #[test]
    fn every_report_fits_the_official_schema() {
        let Some(schema) = schema() else { return };
        let schema = jsonschema::validator_for(&schema).unwrap();
        let mut all: Vec<_> =
            sample::all().into_iter().map(|(_, report)| (report, sample::sources())).collect();
        all.push(sample::hostile());
        for (report, sources) in &all {
            let log = rendered(report, sources);
            let problems: Vec<_> = schema.iter_errors(&log).map(|one| one.to_string()).collect();
            assert!(problems.is_empty(), "{problems:#?}");
        }
        let mut bad = rendered(&all[0].0, &all[0].1);
        bad["runs"][0]["results"][0]["level"] = "fatal".into();
        assert!(!schema.is_valid(&bad));
    }

    #[test]
    fn what_could_not_be_told_is_no_success() {
        for (name, report) in sample::all() {
            let log = rendered(&report, &sample::sources());
            let told = &log["runs"][0]["invocations"][0]["executionSuccessful"];
            assert_eq!(*told, report.inconclusive.is_empty(), "{name}");
        }
    }

    #[test]
    fn the_heaviest_results_are_kept_and_the_others_counted() {
        let report = sample::blocked();
        let all = || report.findings.iter().rev().map(|finding| (finding, Value::Null));
        let mut found: Vec<_> = all().collect();
        assert_eq!(keep_heaviest(&mut found, MAX_RESULTS), 0);
        let errors = report.counts.errors;
        assert_eq!(keep_heaviest(&mut found, errors), report.findings.len() - errors);
        assert!(found.iter().all(|(finding, _)| finding.level == Level::Error));
        let said = invocation(&report, 3).to_string();
        assert!(said.contains("3 more results, all in the JSON report"), "{said}");
    }

    #[test]
    fn a_message_holds_no_link_and_a_path_no_more_than_a_path() {
        let (report, sources) = sample::hostile();
        let log = rendered(&report, &sources);
        for result in log["runs"][0]["results"].as_array().unwrap() {
            let text = result["message"]["text"].as_str().unwrap();
            assert!(text.contains("\\[l\\](https") && !text.contains("[l]("), "{text}");
            let uri = &result["locations"][0]["physicalLocation"]["artifactLocation"]["uri"];
            let harmless = |c: char| c.is_ascii_alphanumeric() || "-._~/%".contains(c);
            assert!(uri.as_str().unwrap().chars().all(harmless), "{uri}");
        }
    }
}
