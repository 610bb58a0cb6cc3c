//! The check run on a commit, with its annotations.

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use serde::Deserialize;
use serde_json::{Value, json};

use super::annotation::annotations;
use super::{Client, Posting, PublishError, Request, Target};
use crate::model::{Report, Verdict};

/// Annotations of one request, at most: GitHub's limit.
const BATCH: usize = 50;

/// A check run as the API lists it.
#[derive(Deserialize)]
struct Existing {
    id: u64,
    external_id: Option<String>,
    status: String,
    #[serde(default)]
    output: Output,
}

#[derive(Default, Deserialize)]
struct Output {
    #[serde(default)]
    annotations_count: usize,
}

#[derive(Deserialize)]
struct Made {
    id: u64,
}

/// What is posted: the run itself and its annotations in batches.
struct Run {
    body: Value,
    batches: Vec<Value>,
    external_id: String,
}

/// What satisfies a required check: only a pass. `neutral` and `skipped` would, too, and so what
/// could not be told is a failure.
fn conclusion(verdict: Verdict) -> &'static str {
    match verdict {
        Verdict::Pass => "success",
        Verdict::Block | Verdict::Inconclusive => "failure",
    }
}

/// Posts the check run of a report, all annotations included.
///
/// Annotations can only be added to a run. So a run that says the same is completed where it was
/// left, and anything else gets a new run, which takes the place of the older one in every view.
/// A run is known by its `external_id`: jobs are check runs as well, and one may bear this name.
///
/// Where GitHub refuses an annotation, the run stands without the batch that it is in and those
/// after it; the refusal is returned.
///
/// # Errors
/// See [`PublishError`].
pub(super) fn post(
    client: &Client,
    target: &Target,
    posting: &Posting<'_>,
) -> Result<Option<PublishError>, PublishError> {
    let mut run = Run::new(target, posting);
    let mut refused = None;
    let (id, done) = match existing(client, target, posting, &run)? {
        Some(known) => (known.id, known.output.annotations_count.div_ceil(BATCH)),
        None => match make(client, target, posting, &run) {
            Err(error) if is_refusal(&error) && !run.batches.is_empty() => {
                run.batches.clear();
                refused = Some(error);
                (make(client, target, posting, &run)?, 1)
            }
            made => (made?, 1),
        },
    };
    for batch in run.batches.iter().skip(done) {
        match client.patch::<Value>(&path(target, &id.to_string()), &update(&run, batch)) {
            Err(error) if is_refusal(&error) => return Ok(Some(error)),
            answer => drop(answer?),
        }
    }
    Ok(refused)
}

/// Whether GitHub finds something wrong in what was sent.
fn is_refusal(error: &PublishError) -> bool {
    matches!(error, PublishError::Refused { status: 422, .. })
}

/// What [`post`] sends where nothing stands there.
pub(super) fn requests(target: &Target, posting: &Posting<'_>) -> Vec<Request> {
    let run = Run::new(target, posting);
    let first = Request::post(target.repository.path("check-runs"), run.first());
    let more = run.batches.iter().skip(1);
    let more = more.map(|batch| Request::patch(path(target, "ID"), update(&run, batch)));
    std::iter::once(first).chain(more).collect()
}

fn make(
    client: &Client,
    target: &Target,
    posting: &Posting<'_>,
    run: &Run,
) -> Result<u64, PublishError> {
    let path = target.repository.path("check-runs");
    let send = || client.post::<Made>(&path, &run.first()).map(|made| made.id);
    client.make(send, || Ok(existing(client, target, posting, run)?.map(|known| known.id)))
}

/// The newest of this check's own runs, where it says exactly this.
fn existing(
    client: &Client,
    target: &Target,
    posting: &Posting<'_>,
    run: &Run,
) -> Result<Option<Existing>, PublishError> {
    const ESCAPED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'_');
    let name = utf8_percent_encode(posting.check_name, ESCAPED);
    let path = format!("commits/{}/check-runs?check_name={name}", target.head);
    let runs: Vec<Existing> = client.pages_in(&target.repository.path(path), "check_runs")?;
    let prefix = format!("{}/", posting.check_name);
    let own = |one: &Existing| one.external_id.as_ref().is_some_and(|id| id.starts_with(&prefix));
    let same = |one: &Existing| {
        one.external_id.as_ref() == Some(&run.external_id) && one.status == "completed"
    };
    Ok(runs.into_iter().filter(own).max_by_key(|one| one.id).filter(same))
}

fn path(target: &Target, id: &str) -> String {
    target.repository.path(format_args!("check-runs/{id}"))
}

/// The output with the next annotations; title and summary have to be said again.
fn update(run: &Run, batch: &Value) -> Value {
    let mut output = run.body["output"].clone();
    output["annotations"] = batch.clone();
    json!({ "output": output })
}

impl Run {
    fn new(target: &Target, posting: &Posting<'_>) -> Self {
        let Posting { report, sources, .. } = posting;
        let annotations = annotations(report, sources);
        let batches = annotations.chunks(BATCH).map(|batch| json!(batch)).collect();
        // The digest says what was found; what it means hangs on the moment, too.
        let external_id = format!("{}/{}/{}", posting.check_name, report.verdict, posting.digest());
        let mut body = json!({
            "name": posting.check_name,
            "head_sha": target.head.as_str(),
            "external_id": external_id,
            "status": "completed",
            "conclusion": conclusion(report.verdict),
            "output": { "title": title(report), "summary": posting.page },
        });
        if let Some(url) = &target.run_url {
            body["details_url"] = url.as_str().into();
        }
        Self { body, batches, external_id }
    }

    /// The request that makes it, with the first annotations.
    fn first(&self) -> Value {
        let mut body = self.body.clone();
        if let Some(batch) = self.batches.first() {
            body["output"]["annotations"] = batch.clone();
        }
        body
    }
}

/// The verdict and its reasons on one line.
pub(super) fn title(report: &Report) -> String {
    let reasons = crate::render::reasons(report);
    match report.verdict {
        Verdict::Pass => format!("Passed: {reasons}"),
        Verdict::Block => format!("Blocked: {reasons}"),
        Verdict::Inconclusive if reasons.contains("could not be told") => {
            format!("Inconclusive: {reasons}")
        }
        Verdict::Inconclusive => format!("It could not be told: {reasons}"),
    }
}
