//! `pulls`

use clap::Args;

use super::{ListFormat, Place};

/// `pulls`
///
/// The sets and schemas are those of the checkout, and only pull requests into the same branch get
/// in each other's way. It asks GitHub with GITHUB_TOKEN, at GITHUB_API_URL.
#[derive(Debug, Args)]
#[command(after_help = EXIT_CODES)]
pub struct Pulls {
    /// Where the files are.
    #[command(flatten)]
    pub place: Place,
    /// The repository on GitHub, as OWNER/NAME; by default GITHUB_REPOSITORY.
    #[arg(long, value_name = "OWNER/NAME")]
    pub repository: Option<String>,
    /// The format.
    #[arg(long, value_name = "FORMAT", default_value = "plain")]
    pub format: ListFormat,
}

const EXIT_CODES: &str = "Exit codes: 0 listed, conflicts or not; 2 usage or configuration; \
                          3 something could not be told, or GitHub did not answer.";
