//! What is posted, however it is posted.

use serde::Serialize;
use serde_json::Value;

use super::{Target, Wanted, check_run, comment};
use crate::model::{Report, Verdict};
use crate::render::{Format, MARKER};
use crate::report::{SourceMap, digest};

/// A report, ready to be posted.
pub struct Posting<'a> {
    /// The report.
    pub report: &'a Report,
    /// The places it points to.
    pub sources: &'a SourceMap,
    /// The name of the check run or status.
    pub check_name: &'a str,
    /// The Markdown page: the comment, and the check run's summary. Both take 65,536 characters.
    pub page: String,
}

impl<'a> Posting<'a> {
    /// Renders the page, with a link to the run that has the rest.
    #[must_use]
    pub fn new(
        report: &'a Report,
        sources: &'a SourceMap,
        check_name: &'a str,
        target: &Target,
    ) -> Self {
        let mut page = String::new();
        // Writing to a string cannot fail.
        let _ = Format::Markdown.renderer(false).render(report, sources, &mut page);
        if let Some(url) = &target.run_url {
            page.push_str(&format!("\n[The run]({url}) has the whole report.\n"));
        }
        Self { report, sources, check_name, page }
    }

    /// Whether there is nothing to say on the pull request.
    #[must_use]
    pub fn touches_nothing(&self) -> bool {
        let Report { verdict, sets, findings, waived, inconclusive, .. } = self.report;
        *verdict == Verdict::Pass
            && sets.iter().all(|set| set.migrations.is_empty() && set.schemas.is_empty())
            && findings.is_empty()
            && waived.is_empty()
            && inconclusive.is_empty()
    }

    /// The report's digest.
    #[must_use]
    pub fn digest(&self) -> String {
        digest(self.report, self.sources)
    }

    /// The page of the step's summary, where no comment has to be found again; `remark` is said
    /// below it.
    #[must_use]
    pub fn summary(&self, remark: Option<&str>) -> String {
        let page = self.page.strip_prefix(MARKER).unwrap_or(&self.page).trim_start();
        let remark = remark.map(|remark| format!("\n> {remark}\n")).unwrap_or_default();
        format!("{page}{remark}")
    }
}

/// A request that changes something.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Request {
    /// The method.
    pub method: &'static str,
    /// The path below the API's address.
    pub path: String,
    /// The body.
    pub body: Value,
}

impl Request {
    pub(super) fn post(path: String, body: Value) -> Self {
        Self { method: "POST", path, body }
    }

    pub(super) fn patch(path: String, body: Value) -> Self {
        Self { method: "PATCH", path, body }
    }
}

/// What would be sent where nothing stands there yet; `ID` and `NUMBER` stand for what GitHub says.
#[must_use]
pub fn requests(target: &Target, posting: &Posting<'_>, wanted: Wanted<'_>) -> Vec<Request> {
    let mut requests = Vec::new();
    if wanted.check {
        requests.extend(check_run::requests(target, posting));
    }
    if wanted.comment {
        requests.extend(comment::request(target, posting));
    }
    requests
}
