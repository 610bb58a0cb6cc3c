//! One finding for one cause: what was seen on the engine says what files only suggest.

use crate::model::{Finding, Level, Location};

/// A rule that knows a cause better than others do.
struct Better {
    /// Its id, or the beginning of several.
    rule: &'static str,
    /// The rules that suspect the same cause from the text alone.
    than: &'static [&'static str],
}

/// Who knows better than whom, each at the same place of the same migration.
const TABLE: &[Better] = &[
    Better {
        rule: "dryrun/rewrites-table",
        than: &[
            "sql/adding-field-with-default",
            "sql/changing-column-type",
            "sql/require-concurrent-reindex",
        ],
    },
    Better {
        rule: "dryrun/blocks-",
        than: &[
            "sql/adding-foreign-key-constraint",
            "sql/adding-not-nullable-field",
            "sql/adding-primary-key-constraint",
            "sql/constraint-missing-not-valid",
            "sql/disallowed-unique-constraint",
            "sql/require-concurrent-index-creation",
            "sql/require-concurrent-partition-attach",
        ],
    },
];

/// Takes away the findings of one set that another one of it tells better. The one that stays
/// takes over the heavier level, so that a policy that forbids something forbids it still, and
/// the help where it has none. A rule that is switched off knows nothing.
pub fn supersede(findings: &mut Vec<Finding>) {
    let mut gone = vec![false; findings.len()];
    for loser in 0..findings.len() {
        let winner = (0..findings.len()).find(|winner| tells(&findings[*winner], &findings[loser]));
        let Some(winner) = winner else { continue };
        gone[loser] = true;
        let (level, help) = (findings[loser].level, findings[loser].help.clone());
        let stays = &mut findings[winner];
        stays.level = stays.level.min(level);
        stays.help = stays.help.take().or(help);
    }
    let mut gone = gone.into_iter();
    findings.retain(|_| !gone.next().unwrap_or_default());
}

/// Whether `better` tells what `other` suspects.
fn tells(better: &Finding, other: &Finding) -> bool {
    let knows = |row: &Better| better.rule.starts_with(row.rule) && row.than.contains(&other.rule);
    better.level != Level::Off
        && TABLE.iter().any(knows)
        && better.side == other.side
        && better.migration.is_some()
        && better.migration == other.migration
        && std::iter::once(&better.location)
            .chain(&better.also)
            .any(|place| overlap(place, &other.location))
}

/// Whether two places share something; the whole of a file is no place.
fn overlap(one: &Location, two: &Location) -> bool {
    match (one.span, two.span) {
        (Some(a), Some(b)) => one.path == two.path && a.start < b.end && b.start < a.end,
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{Evidenced, RepoPath, Side, SnapshotDiff, Span};

    const SEEN: &str = "dryrun/blocks-writes";
    const SUSPECTED: &str = "sql/require-concurrent-index-creation";

    fn finding(rule: &'static str, level: Level, span: (usize, usize)) -> Finding {
        let path = RepoPath::new("0001_a.sql").unwrap();
        Finding {
            rule,
            level,
            set: "shop".into(),
            migration: Some("0001_a".into()),
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
        assert_eq!(rules(vec![suspected, silent]).len(), 2);
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
    fn who_knows_better_is_a_rule() {
        for row in TABLE {
            let known = super::super::RULES.iter().any(|rule| rule.meta.id.starts_with(row.rule));
            assert!(known, "no rule begins with {}", row.rule);
        }
    }
}
