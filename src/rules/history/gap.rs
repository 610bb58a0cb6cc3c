//! `history/gap`

use crate::catalog::Entry;
use crate::model::{Kind, Levels, RuleMeta};
use crate::rules::{CatalogCx, Check, Draft, Rule, Sink};

pub(in crate::rules) static RULE: Rule = Rule {
    meta: RuleMeta {
        id: "history/gap",
        summary: "consecutive numbers skip a version",
        why: "In a set that counts 1, 2, 3 a missing number is a file that was forgotten, or one \
              on another branch that will arrive late.",
        fix: "Renumber the new migration to the next free version, or merge the missing one first.",
        levels: Levels::WARNING,
    },
    check: Check::Catalog(check),
};

fn check(cx: &CatalogCx<'_>, sink: &mut Sink<'_>) {
    let entries = cx.catalog.entries.iter().map(|entry| (&entry.migration, Some(entry)));
    // What the target branch has in its place is not missing.
    let gained = cx.catalog.tip.iter().map(|migration| (migration, None));
    let mut numbered: Vec<(u128, Option<&Entry>)> = entries
        .chain(gained)
        .filter(|(migration, _)| migration.kind == Kind::Versioned)
        .filter_map(|(migration, entry)| Some((migration.version.number()?, entry)))
        .collect();
    numbered.sort_by_key(|(number, _)| *number);
    let numbers: Vec<u128> = numbered.iter().map(|(number, _)| *number).collect();
    // This tool refuses a gap, which is said where the file is read.
    let refused = cx.catalog.info.layout == "postgres-migrations";
    if cx.catalog.info.habits.planned || refused || !counts(&numbers) {
        return;
    }
    for pair in numbered.windows(2) {
        let ((before, _), (after, entry)) = (pair[0], pair[1]);
        if after > before + 1
            && let Some(entry) = entry
        {
            let missing = if after == before + 2 {
                format!("version {} is missing", before + 1)
            } else {
                format!("versions {} to {} are missing", before + 1, after - 1)
            };
            let message = format!("{missing} before {}", entry.migration.id);
            sink.push(
                Draft::new(entry.migration.location(), entry.touch.is_touched(), message)
                    .migration(&entry.migration.id),
            );
        }
    }
}

/// Whether versions are consecutive numbers and not dates: small, and most follow their
/// neighbour directly.
fn counts(sorted: &[u128]) -> bool {
    const SMALL: u128 = 1_000_000;
    let steps = sorted.len().saturating_sub(1);
    let single = sorted.windows(2).filter(|pair| pair[1] == pair[0] + 1).count();
    steps > 0 && sorted.iter().all(|number| *number < SMALL) && single * 2 >= steps
}

#[cfg(test)]
mod tests {
    use super::counts;

    #[test]
    fn consecutive_numbers_are_told_from_dates_and_from_wide_steps() {
        for (sorted, expected) in [
            (&[1, 2, 4][..], true),
            (&[1, 2, 3, 5, 7], true),
            // Two branches took the same number; it is still a set that counts.
            (&[1, 2, 2, 3], true),
            (&[], false),
            (&[7], false),
            // From these two alone nothing can be told.
            (&[1, 3], false),
            // Steps of ten leave room on purpose.
            (&[10, 20, 30, 31], false),
            // Dates and times, even where two stand side by side.
            (&[20260301, 20260302, 20260304], false),
            (&[20260301090000, 20260301090001], false),
        ] {
            assert_eq!(counts(sorted), expected, "{sorted:?}");
        }
    }
}
