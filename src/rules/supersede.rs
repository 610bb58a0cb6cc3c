//! One finding for one cause: what says more about the same place stands for what says less.

use std::collections::BTreeMap;

use crate::model::{Evidenced, Finding, Level, Location};

/// A rule, and the rules whose finding at the same place of the same migration stands for its own;
/// either is an id, or the beginning of several where it ends with `-`.
const TABLE: &[(&str, &[&str])] = &[
    // The engine said so itself.
    ("sql/ban-concurrent-index-creation-in-transaction", REFUSED),
    ("sql/ban-duplicate-column-assignments", REFUSED),
    ("sql/ban-uncommitted-transaction", REFUSED),
    ("sql/enum-value-used-in-same-transaction", REFUSED),
    ("sql/transaction-nesting", REFUSED),
    ("portability/placeholder", REFUSED),
    ("sql/prefer-robust-stmts", &["dryrun/not-replay-safe"]),
    ("sql/adding-required-field", &["dryrun/fails-on-data"]),
    ("sql/sqlite-add-column", &["dryrun/fails-on-data"]),
    ("sql/sqlite-rebuild-referenced", &["dryrun/fails-on-data"]),
    // The locks and the work were seen.
    ("sql/adding-field-with-default", &["dryrun/rewrites-table"]),
    ("sql/changing-column-type", &["dryrun/rewrites-table"]),
    ("sql/require-concurrent-reindex", &["dryrun/rewrites-table"]),
    ("sql/adding-foreign-key-constraint", SEEN),
    ("sql/adding-not-nullable-field", SEEN),
    ("sql/disallowed-unique-constraint", SEEN),
    ("sql/require-concurrent-index-creation", SEEN),
    ("sql/statements-after-access-exclusive", SEEN),
    ("class/mixed-schema-and-data", SEEN),
    // The class rules out what is done here at all.
    ("dryrun/blocks-", WRONG_CLASS),
    ("dryrun/rewrites-table", WRONG_CLASS),
    ("sql/ban-drop-", WRONG_CLASS),
    ("sql/renaming-", WRONG_CLASS),
    // Who must not have one at all need not be told how to make it.
    ("sql/adding-foreign-key-constraint", BANNED),
    ("sql/foreign-key-without-index", BANNED),
    ("portability/timestamp", &["sql/prefer-timestamp-tz"]),
    // The same lock or the same work, told of more closely.
    (
        "sql/constraint-missing-not-valid",
        &[
            "dryrun/blocks-",
            "sql/adding-foreign-key-constraint",
            "sql/adding-serial-primary-key-field",
            "sql/disallowed-unique-constraint",
        ],
    ),
    ("sql/cluster", &["dryrun/rewrites-table", "sql/prefer-repack"]),
    ("sql/vacuum-full", &["dryrun/rewrites-table", "sql/prefer-repack"]),
    ("sql/truncate", &["sql/ban-truncate-cascade"]),
    (
        "sql/unbatched-backfill",
        &[
            "class/mismatch",
            "dryrun/blocks-",
            "sql/delete-without-where",
            "sql/statements-after-access-exclusive",
            "sql/update-without-where",
        ],
    ),
    (
        "sql/update-without-where",
        &["class/mismatch", "dryrun/blocks-", "sql/statements-after-access-exclusive"],
    ),
    ("sql/delete-without-where", WRONG_CLASS),
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
            "dryrun/blocks-",
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
const BANNED: &[&str] = &["portability/foreign-key"];
const SEEN: &[&str] = &["dryrun/blocks-"];
const WRONG_CLASS: &[&str] = &["class/mismatch"];

/// Takes away the findings of one set that another one of it tells better. The one that stays
/// takes over the heavier level, so that a policy that forbids something forbids it still, and
/// the help where it has none. A rule that is switched off knows nothing.
pub fn supersede(findings: &mut Vec<Finding>) {
    findings.retain(|finding| finding.level != Level::Off);
    let mut of_migration: BTreeMap<Option<&str>, BTreeMap<&str, Vec<usize>>> = BTreeMap::new();
    for (at, finding) in findings.iter().enumerate() {
        let of_rules = of_migration.entry(finding.migration.as_deref()).or_default();
        of_rules.entry(finding.rule).or_default().push(at);
    }
    let better_than = |finding: &Finding| {
        let of_rules = of_migration.get(&finding.migration.as_deref())?;
        let stronger = of_rules.iter().filter(|(rule, _)| may_stand_for(rule, finding.rule));
        let first = |others: &Vec<usize>| {
            others.iter().copied().find(|other| stands_for(&findings[*other], finding))
        };
        stronger.filter_map(|(_, others)| first(others)).min()
    };
    let better: Vec<Option<usize>> = findings.iter().map(better_than).collect();
    for (loser, winner) in better.iter().enumerate() {
        // What stands may itself be told better by a third; the bound is against a table in a
        // circle.
        let chain = std::iter::successors(*winner, |at| better[*at]).take(TABLE.len());
        let Some(last) = chain.last() else { continue };
        let (level, help) = (findings[loser].level, findings[loser].help.clone());
        let stays = &mut findings[last];
        stays.level = stays.level.min(level);
        stays.help = stays.help.take().or(help);
    }
    let mut better = better.into_iter();
    findings.retain(|_| better.next().is_some_and(|winner| winner.is_none()));
}

fn is_named(rule: &str, name: &str) -> bool {
    rule == name || (name.ends_with('-') && rule.starts_with(name))
}

/// Whether what a rule finds may stand for what another one does.
fn may_stand_for(better: &str, other: &str) -> bool {
    TABLE.iter().any(|(weak, strong)| {
        is_named(other, weak) && strong.iter().any(|name| is_named(better, name))
    })
}

/// Whether `better` tells what `other` suspects.
fn stands_for(better: &Finding, other: &Finding) -> bool {
    may_stand_for(better.rule, other.rule)
        && better.side == other.side
        && better.migration == other.migration
        && !are_apart(better, other)
        && std::iter::once(&better.location)
            .chain(&better.also)
            .any(|place| covers(place, &other.location) || stopped_before(better, place, other))
}

/// Whether both were read in functions that are called at that place, in different statements.
fn are_apart(one: &Finding, two: &Finding) -> bool {
    let read = one.evidenced == Evidenced::Static && two.evidenced == Evidenced::Static;
    read && one.also.iter().any(|a| !two.also.is_empty() && !two.also.iter().any(|b| covers(a, b)))
}

/// Whether the engine refused the script before it came to the other place: what stands there
/// would be refused for the same reason.
fn stopped_before(better: &Finding, place: &Location, other: &Finding) -> bool {
    REFUSED.contains(&better.rule) && place.path == other.location.path && place < &other.location
}

/// Whether two places overlap; a whole file overlaps with everything in it.
fn covers(one: &Location, two: &Location) -> bool {
    one.path == two.path
        && match (one.span, two.span) {
            (Some(a), Some(b)) => a.start < b.end && b.start < a.end,
            (None, _) => true,
            (Some(_), None) => false,
        }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{RepoPath, Side, SnapshotDiff, Span};

    const SEEN: &str = "dryrun/blocks-writes";
    const SUSPECTED: &str = "sql/require-concurrent-index-creation";

    fn finding(rule: &'static str, level: Level, span: (usize, usize)) -> Finding {
        let path = RepoPath::new("0001_a.sql").unwrap();
        Finding {
            rule,
            level,
            set: "shop".into(),
            migration: Some("0001_a".into()),
            schema: None,
            location: Location::at(path, Span::new(span.0, span.1)),
            also: Vec::new(),
            message: "it is so".into(),
            evidenced: Evidenced::Static,
            diff: SnapshotDiff::default(),
            details: Vec::new(),
            help: Some(format!("{rule} helps")),
            side: Side::Change,
        }
    }

    fn rules(mut findings: Vec<Finding>) -> Vec<&'static str> {
        supersede(&mut findings);
        findings.iter().map(|finding| finding.rule).collect()
    }

    #[test]
    fn what_was_seen_stays_and_what_was_suspected_goes() {
        let suspected = finding(SUSPECTED, Level::Warning, (12, 20));
        let seen = finding(SEEN, Level::Warning, (10, 40));
        assert_eq!(rules(vec![suspected.clone(), seen.clone()]), [SEEN]);
        let other = finding("sql/ban-drop-column", Level::Warning, (12, 20));
        assert_eq!(rules(vec![other, seen.clone()]).len(), 2);
        let elsewhere = finding(SUSPECTED, Level::Warning, (40, 50));
        assert_eq!(rules(vec![elsewhere.clone(), seen.clone()]).len(), 2);
        let both = Finding { also: vec![elsewhere.location.clone()], ..seen.clone() };
        assert_eq!(rules(vec![elsewhere, both]), [SEEN]);
        let another = Finding { migration: Some("0002_b".into()), ..suspected.clone() };
        assert_eq!(rules(vec![another, seen.clone()]).len(), 2);
        let silent = Finding { level: Level::Off, ..seen };
        assert_eq!(rules(vec![suspected, silent]), [SUSPECTED]);
    }

    #[test]
    fn the_heavier_level_and_the_only_help_are_kept() {
        let suspected = finding(SUSPECTED, Level::Error, (12, 20));
        let mut findings = vec![suspected.clone(), finding(SEEN, Level::Warning, (10, 40))];
        supersede(&mut findings);
        assert_eq!(findings[0].level, Level::Error);
        assert_eq!(findings[0].help.as_deref(), Some("dryrun/blocks-writes helps"));
        let mut findings =
            vec![suspected, Finding { help: None, ..finding(SEEN, Level::Note, (10, 40)) }];
        supersede(&mut findings);
        assert_eq!(
            findings[0].help.as_deref(),
            Some("sql/require-concurrent-index-creation helps")
        );
    }

    #[test]
    fn a_chain_leaves_its_end() {
        let chain = [
            "sql/unbatched-backfill",
            "sql/update-without-where",
            "sql/statements-after-access-exclusive",
        ];
        let findings = chain.map(|rule| finding(rule, Level::Warning, (0, 9)));
        assert_eq!(rules(findings.to_vec()), [chain[2]]);
    }

    #[test]
    fn a_finding_of_the_whole_file_covers_what_is_in_it() {
        let mut refused = finding("dryrun/up-fails", Level::Error, (0, 1));
        refused.location.span = None;
        let nested = finding("sql/transaction-nesting", Level::Warning, (3, 9));
        assert_eq!(rules(vec![nested, refused]), ["dryrun/up-fails"]);
    }

    #[test]
    fn what_one_call_runs_in_two_places_are_two_causes() {
        let [mut weak, mut strong] = ["sql/unbatched-backfill", "sql/update-without-where"]
            .map(|rule| finding(rule, Level::Warning, (0, 9)));
        weak.also.push(finding(SEEN, Level::Note, (50, 60)).location);
        strong.also.push(finding(SEEN, Level::Note, (60, 70)).location);
        assert_eq!(rules(vec![weak.clone(), strong.clone()]).len(), 2);
        strong.also = weak.also.clone();
        assert_eq!(rules(vec![weak, strong]), ["sql/update-without-where"]);
    }

    #[test]
    fn every_rule_that_is_named_is_one() {
        for (weak, strong) in TABLE {
            for name in strong.iter().chain([weak]) {
                let known = super::super::RULES.iter().any(|rule| is_named(rule.meta.id, name));
                assert!(known, "there is no rule {name}");
            }
        }
    }
}
