//! One finding for one cause: what says more about the same place stands for what says less.

use crate::model::{Finding, Location};

/// A rule, and the rules whose finding at the same place stands for its own. Only what is shown
/// stands for anything, so a rule that is switched off hides no other.
const SUPERSEDED: &[(&str, &[&str])] = &[
    // The engine said so itself.
    ("sql/ban-concurrent-index-creation-in-transaction", REFUSED),
    ("sql/ban-duplicate-column-assignments", REFUSED),
    ("sql/enum-value-used-in-same-transaction", REFUSED),
    ("sql/transaction-nesting", REFUSED),
    ("sql/ban-uncommitted-transaction", REFUSED),
    ("sql/prefer-robust-stmts", &["dryrun/not-replay-safe"]),
    // The same lock or the same work, told of more closely.
    (
        "sql/constraint-missing-not-valid",
        &[
            "sql/adding-foreign-key-constraint",
            "sql/adding-serial-primary-key-field",
            "sql/disallowed-unique-constraint",
        ],
    ),
    ("sql/cluster", &["sql/prefer-repack"]),
    ("sql/vacuum-full", &["sql/prefer-repack"]),
    ("sql/truncate", &["sql/ban-truncate-cascade"]),
    (
        "sql/unbatched-backfill",
        &[
            "sql/delete-without-where",
            "sql/statements-after-access-exclusive",
            "sql/update-without-where",
        ],
    ),
    ("sql/update-without-where", &["sql/statements-after-access-exclusive"]),
    ("sql/ban-drop-index", &["sql/require-concurrent-index-deletion"]),
    ("sql/ban-detach-inheritance", &["sql/require-concurrent-partition-detach"]),
    ("sql/ban-disable-trigger", &["sql/ban-alter-row-level-security"]),
    ("sql/ban-alter-generated-expression", &["sql/adding-field-with-default"]),
    ("sql/prefer-bigint-over-int", &["sql/prefer-identity"]),
    ("sql/prefer-bigint-over-smallint", &["sql/prefer-identity"]),
    ("sql/ban-add-enum-value", &["sql/require-enum-value-ordering"]),
    ("sql/ban-add-column", &["sql/adding-field-with-default", "sql/adding-required-field"]),
    (
        "sql/ban-new-write-restriction",
        &[
            "sql/adding-foreign-key-constraint",
            "sql/adding-not-nullable-field",
            "sql/adding-required-field",
            "sql/adding-serial-primary-key-field",
            "sql/ban-alter-domain-with-add-constraint",
            "sql/constraint-missing-not-valid",
            "sql/disallowed-unique-constraint",
            "sql/require-concurrent-index-creation",
        ],
    ),
];

const REFUSED: &[&str] = &["dryrun/up-fails", "rollback/fails"];

/// Takes out what another finding stands for.
pub(super) fn drop_superseded(findings: &mut Vec<Finding>) {
    let stands_for = |finding: &Finding| {
        let rules = SUPERSEDED.iter().find(|(rule, _)| *rule == finding.rule)?.1;
        findings.iter().find(|other| {
            rules.contains(&other.rule)
                && other.set == finding.set
                && other.side == finding.side
                // Nothing that blocks may give way to something that does not.
                && other.level <= finding.level
                && covers(&other.location, &finding.location)
        })
    };
    let keep: Vec<bool> = findings.iter().map(|finding| stands_for(finding).is_none()).collect();
    let mut keep = keep.into_iter();
    findings.retain(|_| keep.next().unwrap_or(true));
}

/// Whether two places overlap; a whole file overlaps with everything in it.
fn covers(a: &Location, b: &Location) -> bool {
    a.path == b.path
        && match (a.span, b.span) {
            (Some(a), Some(b)) => a.start < b.end && b.start < a.end,
            (None, _) => true,
            (Some(_), None) => false,
        }
}

/// Every rule that is named here.
#[must_use]
pub fn superseding_rules() -> Vec<&'static str> {
    let all =
        SUPERSEDED.iter().flat_map(|(rule, by)| std::iter::once(*rule).chain(by.iter().copied()));
    all.collect()
}

#[cfg(test)]
mod tests {
    use super::drop_superseded;
    use crate::model::{Finding, Level, Span};
    use crate::render::sample::finding;

    fn at(rule: &'static str, start: usize, end: usize) -> Finding {
        let mut found = finding("rollback/missing", Level::Warning, "0001_a.sql", None);
        found.rule = rule;
        found.location.span = Some(Span::new(start, end));
        found
    }

    fn left(mut findings: Vec<Finding>) -> Vec<&'static str> {
        drop_superseded(&mut findings);
        findings.into_iter().map(|finding| finding.rule).collect()
    }

    #[test]
    fn what_says_more_stands_for_what_says_less_in_the_same_place() {
        let (weak, strong) = ("sql/truncate", "sql/ban-truncate-cascade");
        assert_eq!(left(vec![at(weak, 0, 20), at(strong, 15, 19)]), [strong]);
        assert_eq!(left(vec![at(weak, 0, 14), at(strong, 15, 19)]), [weak, strong]);
        assert_eq!(left(vec![at(weak, 0, 20)]), [weak]);
    }

    #[test]
    fn what_blocks_gives_way_only_to_what_blocks() {
        let (weak, strong) = ("sql/truncate", "sql/ban-truncate-cascade");
        let mut blocking = at(weak, 0, 20);
        blocking.level = Level::Error;
        assert_eq!(left(vec![blocking, at(strong, 15, 19)]), [weak, strong]);
    }

    #[test]
    fn a_chain_leaves_its_end() {
        let chain = [
            "sql/unbatched-backfill",
            "sql/update-without-where",
            "sql/statements-after-access-exclusive",
        ];
        assert_eq!(left(chain.map(|rule| at(rule, 0, 9)).to_vec()), [chain[2]]);
    }

    #[test]
    fn a_finding_of_the_whole_file_covers_what_is_in_it() {
        let mut refused = at("dryrun/up-fails", 0, 1);
        refused.location.span = None;
        let nested = at("sql/transaction-nesting", 3, 9);
        assert_eq!(left(vec![nested, refused]), ["dryrun/up-fails"]);
    }
}
