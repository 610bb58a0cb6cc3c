//! `publish`: from a report's file to GitHub. Nothing of the pull request is looked at.

use std::path::PathBuf;

use super::output::{complain, print};
use super::{github, written};
use crate::cli::Publish;
use crate::error::GateError;
use crate::host;
use crate::model::Report;
use crate::publish::{
    Client, Overrides, Posted, Posting, PublishError, Sha, Target, Wanted, identity, post,
    requests, summary, target,
};
use crate::render::Format;
use crate::report::v1;

pub(super) fn publish(args: &Publish) -> Result<u8, GateError> {
    let (_, report, sources) = written::read(&args.report, v1::read)?;
    let overrides = Overrides {
        repository: args.repository.clone(),
        pull_request: args.pull_request,
        head_sha: args.head_sha.clone(),
    };
    let target = target(&overrides).map_err(GateError::Usage)?;
    let checked = checked(&report)?;
    let posting = Posting::new(&report, &sources, &args.check_name, &target);
    let author = args.comment_author.as_deref();
    let wanted = Wanted { check: !args.no_check, comment: !args.no_comment, author };
    if args.dry_run {
        rehearse(wanted, &target, &checked, &posting)?;
        return Ok(report.verdict.exit_code());
    }
    let client = github::client();
    identify(client.as_ref(), &target, &checked)?;
    let posted = match &client {
        Ok(client) => post(client, wanted, &target, &posting),
        Err(error) => Posted::nothing(error.clone()),
    };
    tell(&posted, &target, &posting)?;
    Ok(report.verdict.exit_code())
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
        "the report is about another commit: it is about {checked}, and neither that nor a merge of it into the base is {}\n  help: check that commit, or name the one that was checked with --head-sha; to see a merge the token needs contents: read",
        target.head
    )))
}

/// Prints what would be sent.
fn rehearse(
    wanted: Wanted<'_>,
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
    let requests = requests(target, posting, wanted);
    let lines = requests.iter().map(|request| format!("{}\n", serde_json::json!(request)));
    print(&lines.collect::<String>())
}

/// Says what was posted; what could not be is said in the run's own log and summary.
fn tell(posted: &Posted, target: &Target, posting: &Posting<'_>) -> Result<(), GateError> {
    for (what, error) in &posted.failed {
        complain(&format!("could not post {what}: {error}"));
    }
    let page = posting.summary(posted.remark(target).as_deref());
    if let Some(file) = host::env("GITHUB_STEP_SUMMARY").map(PathBuf::from)
        && let Err(error) = summary::append(&file, &page)
    {
        complain(&error);
    }
    let mut text: String = posted.done.iter().map(|line| format!("{line}\n")).collect();
    if !posted.annotated {
        // Writing to a string cannot fail.
        let _ = Format::Github.renderer(false).render(posting.report, posting.sources, &mut text);
    }
    print(&text)
}
