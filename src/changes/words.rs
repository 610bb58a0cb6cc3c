//! Git's errors in words that end with the command that mends them.

use git2::{Error, ErrorClass, ErrorCode, Repository};

use super::ChangesError;
use super::repository::{has_promisor, is_shallow, remote_name};

/// What Git says about reading `what` of an open repository.
pub(super) fn unreadable(repo: &Repository, what: &str, error: &Error) -> ChangesError {
    let missing = error.code() == ErrorCode::NotFound || error.class() == ErrorClass::Odb;
    let remote = remote_name(repo).unwrap_or_else(|| "origin".to_owned());
    let message = error.message();
    let way_out = if missing && has_promisor(repo) {
        format!(
            "this is a partial clone, and its missing objects have to be fetched: \
             git fetch --refetch --no-filter {remote}"
        )
    } else if missing && is_shallow(repo) {
        format!("this is a shallow clone; fetch the rest: git fetch --unshallow {remote}")
    } else if message.contains("unsupported mandatory extension") {
        "the index uses a split or sparse form; write it out in full: \
         git update-index --no-split-index && git sparse-checkout disable"
            .to_owned()
    } else {
        "see what is broken: git fsck --full".to_owned()
    };
    ChangesError::Unreadable { what: format!("cannot read {what}: {message}"), way_out }
}

/// A system error on a file of the working tree or of a plain folder.
pub(super) fn unreadable_file(what: &str, error: &std::io::Error) -> ChangesError {
    ChangesError::Unreadable {
        what: format!("cannot read `{what}`: {error}"),
        way_out: format!("look at its permissions: ls -ld '{what}'"),
    }
}
