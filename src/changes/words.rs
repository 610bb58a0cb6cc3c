//! Git's errors in words that end with the command that mends them.

use std::path::Path;

use git2::{Error, ErrorClass, ErrorCode, Repository};

use super::ChangesError;
use super::repository::{has_promisor, is_shallow, remote_name};
use crate::model::printable;

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
    ChangesError::Unreadable {
        what: printable(&format!("cannot read {what}: {message}")).into_owned(),
        way_out,
    }
}

/// A system error on a file of the working tree or of a plain folder.
pub(super) fn unreadable_file(what: &str, error: &std::io::Error) -> ChangesError {
    ChangesError::Unreadable {
        what: printable(&format!("cannot read `{what}`: {error}")).into_owned(),
        way_out: format!("look at its permissions: ls -ld {}", quoted(what)),
    }
}

/// A path as the user named it.
pub(super) fn shown(path: &Path) -> String {
    format!("`{}`", printable(&path.display().to_string()))
}

/// A word of a command, quoted where a shell would see more in it than a word.
pub(super) fn quoted(word: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "._/+-:@%,=^".contains(c);
    if !word.is_empty() && word.chars().all(plain) {
        word.to_owned()
    } else {
        format!("'{}'", printable(word).replace('\'', "'\\''"))
    }
}

#[cfg(test)]
mod tests {
    use super::quoted;

    #[test]
    fn words_of_a_command_stay_words() {
        assert_eq!(quoted("+refs/heads/a:refs/remotes/o/a"), "+refs/heads/a:refs/remotes/o/a");
        assert_eq!(quoted("$(touch x)"), "'$(touch x)'");
        assert_eq!(quoted("it's"), "'it'\\''s'");
        assert_eq!(quoted(""), "''");
        assert_eq!(quoted("a\u{1b}[31m\n"), "'a\\u{1b}[31m\\u{a}'");
    }
}
