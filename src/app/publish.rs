//! `publish`: from a report's file to GitHub. Nothing of the pull request is looked at.

use std::path::{Path, PathBuf};

use super::github;
use super::output::{complain, print};
use crate::cli::Publish;
use crate::error::GateError;
use crate::host;
use crate::model::{Report, printable};
use crate::publish::comment::Commented;
use crate::publish::{
    Client, Overrides, Posting, PublishError, PullRequest, Sha, Target, check_run, comment,
    identity, requests, status, summary, target,
};
use crate::render::{Format, SourceMap};
use crate::report::v1;
use crate::rules;

/// Bytes of a report's file, at most.
const MAX: u64 = 64 * 1024 * 1024;

pub(super) fn publish(args: &Publish) -> Result<u8, GateError> {
    let (report, sources) = read(&args.report)?;
    let overrides = Overrides {
        repository: args.repository.clone(),
        pull_request: args.pull_request,
        head_sha: args.head_sha.clone(),
    };
    let target = target(&overrides).map_err(GateError::Usage)?;
    let checked = checked(&report)?;
    let posting = Posting::new(&report, &sources, &args.check_name, &target);
    if args.dry_run {
        rehearse(args, &target, &checked, &posting)?;
        return Ok(report.verdict.exit_code());
    }
    let client = github::client();
    identify(client.as_ref(), &target, &checked)?;
    let posted = match &client {
        Ok(client) => post(client, args, &target, &posting),
        Err(error) => Posted { failed: vec![("anything", error.clone())], ..Posted::default() },
    };
    posted.tell(&target, &posting)?;
    Ok(report.verdict.exit_code())
}

/// What was posted, and what could not be.
#[derive(Default)]
struct Posted {
    annotated: bool,
    done: Vec<String>,
    failed: Vec<(&'static str, PublishError)>,
}

/// Reads a report's file; a rule that is none of this program's is no rule.
fn read(file: &Path) -> Result<(Report, SourceMap), GateError> {
    let name = printable(&file.display().to_string()).into_owned();
    let refused = |why: &str| {
        GateError::Usage(format!(
            "{name}: {why}\n  help: name a file that `check --report json=FILE` wrote"
        ))
    };
    let found = file.symlink_metadata().map_err(|error| refused(&error.to_string()))?;
    if !found.is_file() {
        return Err(refused("it is no regular file"));
    } else if found.len() > MAX {
        return Err(refused("it is larger than 64 MiB"));
    }
    let text = std::fs::read_to_string(file).map_err(|error| refused(&error.to_string()))?;
    v1::read(&text, &|id| rules::by_id(id).map(|rule| rule.meta.id))
        .map_err(|source| GateError::Report { file: name, source })
}

/// The commit that the report is about.
fn checked(report: &Report) -> Result<Sha, GateError> {
    let named = report.identity.head_commit.as_deref();
    named.and_then(Sha::parse).ok_or_else(|| {
        GateError::Usage(
            "the report names no commit, as what was checked is none\n  help: make it with `check --head HEAD --report json=FILE`"
                .into(),
        )
    })
}

/// Refuses a report on another commit than the one it would be posted to.
fn identify(
    client: Result<&Client, &PublishError>,
    target: &Target,
    checked: &Sha,
) -> Result<(), GateError> {
    if identity::is_head(target, checked) {
        return Ok(());
    }
    if identity::is_merge(client.map_err(Clone::clone)?, target, checked)? {
        return Ok(());
    }
    Err(GateError::Usage(format!(
        "the report is about another commit: it is about {checked}, and neither that nor a merge of it into the base is {}\n  help: check that commit, or name the one that was checked with --head-sha",
        target.head
    )))
}

/// Prints what would be sent.
fn rehearse(
    args: &Publish,
    target: &Target,
    checked: &Sha,
    posting: &Posting<'_>,
) -> Result<(), GateError> {
    if !identity::is_head(target, checked) {
        complain(&format!(
            "only GitHub knows whether {checked} is a merge of {}; nothing is sent, so it is not asked",
            target.head
        ));
    }
    let requests = requests(target, posting, !args.no_check, !args.no_comment);
    let lines = requests.iter().map(|request| format!("{}\n", serde_json::json!(request)));
    print(&lines.collect::<String>())
}

fn post(client: &Client, args: &Publish, target: &Target, posting: &Posting<'_>) -> Posted {
    let mut posted = Posted { annotated: args.no_check, ..Posted::default() };
    if !args.no_check {
        posted.check(client, target, posting);
    }
    if !args.no_comment && target.pull_request != PullRequest::None {
        match comment::post(client, target, posting, args.comment_author.as_deref()) {
            Ok(Commented::Done) => posted.done.push("comment: posted".into()),
            Ok(Commented::Left(why)) => posted.done.push(format!("comment: none, {why}")),
            Err(error) => posted.failed.push(("the comment", error)),
        }
    }
    posted
}

impl Posted {
    /// Posts the check run, or where the token may not, a commit status.
    fn check(&mut self, client: &Client, target: &Target, posting: &Posting<'_>) {
        let refused = match check_run::post(client, target, posting) {
            Ok(()) => {
                self.annotated = true;
                return self.done.push("check run: posted".into());
            }
            Err(error) if error.is_not_allowed() => error,
            Err(error) => return self.failed.push(("the check run", error)),
        };
        match status::post(client, target, posting) {
            Ok(()) => {
                self.done.push("commit status: posted, as the token may make no check run".into())
            }
            Err(_) => self.failed.push(("the check run", refused)),
        }
    }

    /// Says what was posted; what could not be is said in the run's own log and summary.
    fn tell(&self, target: &Target, posting: &Posting<'_>) -> Result<(), GateError> {
        for (what, error) in &self.failed {
            complain(&format!("could not post {what}: {error}"));
        }
        let remark = self.remark(target);
        if let Some(file) = host::env("GITHUB_STEP_SUMMARY").map(PathBuf::from)
            && let Err(error) = summary::append(&file, &posting.summary(remark.as_deref()))
        {
            complain(&error);
        }
        let mut text = self.done.iter().map(|line| format!("{line}\n")).collect::<String>();
        if !self.annotated {
            // Writing to a string cannot fail.
            let _ =
                Format::Github.renderer(false).render(posting.report, posting.sources, &mut text);
        }
        print(&text)
    }

    /// What a reader of the summary has to know.
    fn remark(&self, target: &Target) -> Option<String> {
        let missing: Vec<&str> = self.failed.iter().map(|(what, _)| *what).collect();
        let because = match self.failed.first()? {
            (_, error) if !error.is_not_allowed() => "the log of this step says why",
            _ if target.from_fork => "the change comes from a fork, for which tokens are read-only",
            _ => "the token of this run is read-only",
        };
        Some(format!(
            "This run could not post {}: {because}. This summary and the annotations say the same, and the verdict stands.",
            missing.join(" and ")
        ))
    }
}
