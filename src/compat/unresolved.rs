//! References that cannot be followed.

use super::load::{Files, MOST_FILES, Place};
use super::problem::ProblemKind;
use crate::model::quoted;

/// Why a reference leads nowhere.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Unresolved {
    Missing,
    NoSchema,
    Outside,
    Remote,
    TooMany,
}

impl Files<'_> {
    /// Reports a reference that cannot be followed.
    pub(super) fn unresolved(&mut self, at: &Place, text: &str, why: Unresolved) {
        let at = Place { file: at.file, pointer: format!("{}/$ref", at.pointer) };
        let shown = quoted(text);
        let address = quoted(text.split('#').next().unwrap_or_default());
        let missing = ProblemKind::MissingReference;
        let (kind, message, help) = match why {
            Unresolved::Missing => (
                missing,
                format!("the reference {shown} leads nowhere"),
                "add what it names, or mend the reference",
            ),
            Unresolved::NoSchema => (
                missing,
                format!("the reference {shown} leads to a value that is no schema"),
                "refer to an object or a boolean",
            ),
            Unresolved::Outside => (
                missing,
                format!("the reference {shown} leads out of the repository"),
                "keep the file inside the repository",
            ),
            Unresolved::Remote => (
                ProblemKind::RemoteReference,
                format!("the reference {address} leads to another host, which is never asked"),
                "put a copy of that schema into the folder of vendored schemas",
            ),
            Unresolved::TooMany => (
                ProblemKind::TooLarge,
                format!("the schema reaches more than {MOST_FILES} files"),
                "split it into schemas that are judged one by one",
            ),
        };
        self.report(kind, &at, message, help);
    }
}
