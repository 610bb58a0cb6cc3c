//! What is posted, however it is posted.

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use serde::Serialize;
use serde_json::Value;

use super::{Target, Wanted, check_run, comment};
use crate::model::{Report, Verdict};
use crate::render::{Format, MARKER};
use crate::report::{SourceMap, digest};

/// The name of the check run or status, where nobody says another.
const CHECK_NAME: &str = "migration-gate";
/// What of a check's name stays as it is in a comment's first line.
const PLAIN: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'_').remove(b'.').remove(b' ');
/// Bytes of a check's name in a comment's first line, at most.
const MAX_NAME: usize = 300;

/// A report, ready to be posted.
pub struct Posting<'a> {
    /// The report.
    pub report: &'a Report,
    /// The places it points to.
    pub sources: &'a SourceMap,
    /// The name of the check run or status.
    pub check_name: &'a str,
    /// The first line of the page, by which the comment of this check is found again.
    pub marker: String,
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
        let marker = marker(check_name);
        page = page.replacen(MARKER, &marker, 1);
        if let Some(url) = &target.run_url {
            page.push_str(&format!("\n[The run]({url}) has the whole report.\n"));
        }
        Self { report, sources, check_name, marker, page }
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
        let page = self.page.strip_prefix(&self.marker).unwrap_or(&self.page).trim_start();
        let remark = remark.map(|remark| format!("\n> {remark}\n")).unwrap_or_default();
        format!("{page}{remark}")
    }
}

/// The first line of a check's comments. One of another name than the usual bears it, so that two
/// checks of one repository leave each other's comment alone.
fn marker(check_name: &str) -> String {
    if check_name == CHECK_NAME {
        return MARKER.to_owned();
    }
    let mut name = utf8_percent_encode(check_name, PLAIN).to_string();
    name.truncate(MAX_NAME);
    MARKER.replace(" -->", &format!(": {name} -->"))
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
