//! The arguments of `publish`.

use std::path::PathBuf;

use clap::Args;

/// `publish`
#[derive(Debug, Args)]
#[command(after_long_help = PUBLISH_HELP)]
pub struct Publish {
    /// The report to post, as `check --head REV --report json=FILE` wrote it.
    #[arg(long, value_name = "FILE")]
    pub report: PathBuf,
    /// The repository, instead of the one of the run.
    #[arg(long, value_name = "OWNER/NAME")]
    pub repository: Option<String>,
    /// The pull request that gets the comment, instead of the event's.
    #[arg(long, value_name = "NUMBER", value_parser = clap::value_parser!(u64).range(1..))]
    pub pull_request: Option<u64>,
    /// The commit that was checked, instead of the event's: a pull request's head.
    #[arg(long, value_name = "SHA")]
    pub head_sha: Option<String>,
    /// The name of the check run or commit status.
    #[arg(long, value_name = "NAME", default_value = "migration-gate", value_parser = check_name)]
    pub check_name: String,
    /// Whose comment is brought up to date, instead of that of the token's user.
    #[arg(long, value_name = "LOGIN")]
    pub comment_author: Option<String>,
    /// Post no comment on the pull request.
    #[arg(long)]
    pub no_comment: bool,
    /// Post neither a check run nor a commit status.
    #[arg(long)]
    pub no_check: bool,
    /// Send nothing; print the requests that would be sent, one JSON object a line.
    #[arg(long)]
    pub dry_run: bool,
}

const PUBLISH_HELP: &str = "\
The exit code is the report's verdict (0 pass, 1 blocked, 3 inconclusive), whether or not it \
could be posted. A file that is no report, or a report about another commit, is refused with 2, \
and where it cannot be told which commit it is about with 3; then nothing is posted.

Read from the environment: GITHUB_TOKEN, GITHUB_API_URL, GITHUB_REPOSITORY, GITHUB_EVENT_NAME, \
GITHUB_EVENT_PATH, GITHUB_SHA, GITHUB_SERVER_URL, GITHUB_RUN_ID and GITHUB_STEP_SUMMARY. Proxies \
are not used.";

/// A name that GitHub shows as it is.
fn check_name(text: &str) -> Result<String, String> {
    let sound = |c: char| c.is_ascii_graphic() || c == ' ';
    if text.trim().is_empty() || text.len() > 100 || !text.chars().all(sound) {
        return Err("use up to 100 ASCII characters".into());
    }
    Ok(text.to_owned())
}
