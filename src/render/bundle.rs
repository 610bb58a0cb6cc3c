//! The report as evidence that others can sign and check: the report itself, its checksum, and an
//! in-toto statement about it.
//!
//! The statement is of <https://in-toto.io/Statement/v1> with the predicate
//! <https://github.com/in-toto/attestation/blob/main/spec/predicates/test-result.md>. Its subjects
//! are the report and the commit that was checked; its configuration is the policy, the base and
//! this program. The predicate stands in a file of its own, too, for GitHub's `actions/attest`.

use std::fmt;

use serde_json::{Value, json};

use super::SourceMap;
use super::cases::{Outcome, collect};
use super::escape::line;
use super::json::canonical;
use crate::model::{Report, Verdict, sha256};
use crate::report::v1::Document;

const STATEMENT: &str = "https://in-toto.io/Statement/v1";
const PREDICATE: &str = "https://in-toto.io/attestation/test-result/v0.1";
/// The name of the report in the bundle.
const REPORT: &str = "report.json";

/// The files of the bundle, by name.
///
/// # Errors
/// Where a value cannot be written as JSON, which a report never holds.
pub fn bundle(
    report: &Report,
    sources: &SourceMap,
) -> Result<[(&'static str, String); 4], fmt::Error> {
    let document = canonical(&Document::from((report, sources)))?;
    let digest = sha256(document.as_bytes());
    let predicate = predicate(report, sources);
    let statement = statement(report, &digest, &predicate);
    Ok([
        ("report.sha256", format!("{digest}  {REPORT}\n")),
        ("predicate.json", canonical(&predicate)?),
        ("statement.json", canonical(&statement)?),
        (REPORT, document),
    ])
}

fn statement(report: &Report, digest: &str, predicate: &Value) -> Value {
    let mut subject = vec![json!({ "name": REPORT, "digest": { "sha256": digest } })];
    subject.extend(report.identity.head_commit.as_deref().map(commit));
    json!({
        "_type": STATEMENT,
        "subject": subject,
        "predicateType": PREDICATE,
        "predicate": predicate,
    })
}

/// A commit as in-toto names one.
fn commit(id: &str) -> Value {
    json!({ "digest": { "gitCommit": id } })
}

/// What was tested, and how it ended; what did not run is in none of the three lists.
fn predicate(report: &Report, sources: &SourceMap) -> Value {
    let suites = collect(report, sources);
    let names = |outcomes: &[Outcome]| -> Vec<String> {
        let all = suites.iter().flat_map(|(set, cases)| cases.iter().map(move |one| (set, one)));
        let wanted = all.filter(|(_, (_, case))| outcomes.contains(&case.outcome()));
        wanted.map(|(set, (about, _))| line(&format!("{set}: {about}"))).collect()
    };
    let warned = names(&[Outcome::Warned]);
    let result = match report.verdict {
        Verdict::Block | Verdict::Inconclusive => "FAILED",
        Verdict::Pass if warned.is_empty() => "PASSED",
        Verdict::Pass => "WARNED",
    };
    json!({
        "result": result,
        "configuration": configuration(report),
        "passedTests": names(&[Outcome::Passed]),
        "warnedTests": warned,
        "failedTests": names(&[Outcome::Failed, Outcome::Untold]),
    })
}

/// The policy in force, unless there is no file and the defaults hold; what was compared with; and
/// this program.
fn configuration(report: &Report) -> Vec<Value> {
    let identity = &report.identity;
    let policy = identity.policy.sha256.as_ref().map(|digest| {
        let of = if identity.policy.of_base { "base" } else { "head" };
        json!({
            "name": line(&identity.policy.path.to_string()),
            "digest": { "sha256": digest },
            "annotations": { "of": of },
        })
    });
    let base = identity.base_commit.as_deref().map(|id| {
        let mut base = commit(id);
        base["name"] = "base".into();
        base
    });
    let (name, version) = (env!("CARGO_PKG_NAME"), env!("CARGO_PKG_VERSION"));
    let program = json!({ "name": name, "uri": format!("pkg:cargo/{name}@{version}") });
    policy.into_iter().chain(base).chain([program]).collect()
}

#[cfg(test)]
mod tests {
    use serde_json::Value;

    use super::bundle;
    use crate::model::{Report, sha256};
    use crate::render::sample;
    use crate::render::sample_waived::waived;

    fn predicate(report: &Report) -> Value {
        let files = bundle(report, &sample::sources()).unwrap();
        serde_json::from_str(&files[1].1).unwrap()
    }

    #[test]
    fn the_statement_is_about_the_very_bytes_of_the_report() {
        let report = sample::blocked();
        let files = bundle(&report, &sample::sources()).unwrap();
        let [(_, checksum), (_, predicate), (_, statement), (name, document)] = &files;
        let digest = sha256(document.as_bytes());
        assert_eq!(*checksum, format!("{digest}  {name}\n"));
        let statement: Value = serde_json::from_str(statement).unwrap();
        assert_eq!(statement["subject"][0]["digest"]["sha256"], digest);
        let head = report.identity.head_commit.as_deref().unwrap();
        assert_eq!(statement["subject"][1]["digest"]["gitCommit"], head);
        assert_eq!(statement["predicate"], serde_json::from_str::<Value>(predicate).unwrap());
        let policy = &statement["predicate"]["configuration"][0];
        assert_eq!(policy["digest"]["sha256"], *report.identity.policy.sha256.as_ref().unwrap());
    }

    #[test]
    fn only_a_pass_has_passed() {
        assert_eq!(predicate(&sample::passed())["result"], "PASSED");
        assert_eq!(predicate(&waived())["result"], "WARNED");
        assert_eq!(predicate(&sample::inconclusive())["result"], "FAILED");
        let blocked = predicate(&sample::blocked());
        assert_eq!(blocked["result"], "FAILED");
        assert_eq!(blocked["passedTests"], serde_json::json!(["shop: 0005_add_email"]));
        let failed = blocked["failedTests"].as_array().unwrap();
        assert!(failed.contains(&"shop: 0007_rates".into()), "{blocked}");
        assert!(failed.contains(&"shop: 0009_function".into()), "{blocked}");
    }
}
