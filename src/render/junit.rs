//! The report as JUnit XML, which CI systems list as tests:
//! <https://github.com/testmoapp/junitxml>.
//!
//! A set is a test suite, and what is judged in it a test case: it fails with an error, and it
//! ends in an error of its own where something could not be told. Warnings, notes and what is waived are its
//! output. The first suite holds the verdict, so that nothing looks green that is no pass.

use std::fmt;

use quick_junit::{NonSuccessKind, TestCase, TestCaseStatus, TestSuite};

use super::cases::{Case, Outcome, collect};
use super::escape::{line, log_lines};
use super::words::{self, shorten};
use super::{Renderer, SourceMap};
use crate::model::{Report, Verdict};
use crate::report::digest;

/// Characters of one text, at most.
const MAX_TEXT: usize = 8_000;

/// The report for test reporters.
#[derive(Clone, Copy, Debug)]
pub(super) struct Junit;

impl Renderer for Junit {
    fn render(
        &self,
        report: &Report,
        sources: &SourceMap,
        out: &mut dyn fmt::Write,
    ) -> fmt::Result {
        let mut junit = quick_junit::Report::new(env!("CARGO_PKG_NAME"));
        let mut verdict = TestSuite::new(env!("CARGO_PKG_NAME"));
        verdict.add_test_case(whole(report, sources));
        junit.add_test_suite(verdict);
        for (name, cases) in collect(report, sources) {
            let mut suite = TestSuite::new(line(&name));
            suite.add_test_cases(cases.into_iter().map(|(about, one)| case(&name, &about, one)));
            junit.add_test_suite(suite);
        }
        out.write_str(&junit.to_string().map_err(|_| fmt::Error)?)
    }
}

/// The check as a whole.
fn whole(report: &Report, sources: &SourceMap) -> TestCase {
    let mut status = match report.verdict {
        Verdict::Pass => TestCaseStatus::success(),
        Verdict::Block => TestCaseStatus::non_success(NonSuccessKind::Failure),
        Verdict::Inconclusive => TestCaseStatus::non_success(NonSuccessKind::Error),
    };
    let word = words::verdict(report.verdict);
    status.set_message(format!("{word}: {}", words::reasons(report))).set_type(word);
    let base = report.base.as_deref().unwrap_or("none");
    let mut said = vec![format!("base: {base}"), format!("head: {}", report.head)];
    said.extend(report.as_of.map(|moment| format!("judged as of {moment}")));
    said.push(format!("digest: {}", digest(report, sources)));
    said.extend(words::baseline(report).map(|older| format!("not of this change: {older}")));
    said.extend(report.notices.iter().cloned());
    let shard = report.shard.as_ref().map(|shard| format!(" of shard {}", shard.number));
    let mut case = TestCase::new(format!("verdict{}", shard.unwrap_or_default()), status);
    case.set_classname(env!("CARGO_PKG_NAME")).set_system_out(text(&said.join("\n")));
    case
}

/// One judged thing.
fn case(set: &str, about: &str, case: Case) -> TestCase {
    let mut status = match case.outcome() {
        Outcome::Passed | Outcome::Warned => TestCaseStatus::success(),
        Outcome::Failed => TestCaseStatus::non_success(NonSuccessKind::Failure),
        Outcome::Untold => TestCaseStatus::non_success(NonSuccessKind::Error),
        Outcome::Skipped => TestCaseStatus::skipped(),
    };
    let untold = case.untold.map(|reason| ("inconclusive", reason));
    if let Some((kind, message)) = case.failure.or(untold) {
        let reasons = text(&case.reasons.join("\n\n"));
        let message = line(&shorten(&message, MAX_TEXT));
        status.set_type(kind).set_message(message).set_description(reasons);
    }
    let mut test = TestCase::new(line(about), status);
    test.set_classname(line(set));
    if !case.said.is_empty() {
        test.set_system_out(text(&case.said.join("\n\n")));
    }
    test
}

/// Text of several lines that is harmless in a log, too.
fn text(content: &str) -> String {
    log_lines(&shorten(content, MAX_TEXT))
}
