//! supabase: `supabase/migrations/<timestamp>_<name>.sql`, always for PostgreSQL.
//!
//! Source: [the guide] and the CLI's `pkg/migration`. Files run in the order of their names. The
//! statements of a file and the row that records it are sent as [one pipeline], which is one
//! implicit transaction; a file of a single statement is near enough to one message that such a
//! statement may still be `CREATE INDEX CONCURRENTLY`. A file that sorts before one already
//! applied [stops `db push`] unless `--include-all` is given. Applied files are not compared.
//! There are no downs. Seeds stand in `supabase/seed.sql`, outside the folder.
//!
//! [the guide]: https://supabase.com/docs/guides/deployment/database-migrations
//! [one pipeline]: https://github.com/supabase/cli/blob/develop/pkg/migration/file.go
//! [stops `db push`]: https://github.com/supabase/cli/issues/1882

use super::shared::{self, Half};
use super::{Confidence, Detection, Layout, Reading};
use crate::model::{EngineKind, Habits, LateMigrations, TransactionMode, Tree, Version};

const EXPECTED: &str = "supabase expects `<version>_<name>.sql`.";
const FOLDER: &str = "supabase/migrations";

/// See the module.
pub(super) struct Supabase;

impl Layout for Supabase {
    fn name(&self) -> &'static str {
        "supabase"
    }

    fn habits(&self) -> Habits {
        Habits {
            verifies_checksums: false,
            late: LateMigrations::Refused,
            planned: false,
            sqlite_foreign_keys: false,
        }
    }

    fn detect(&self, tree: &Tree) -> Option<Detection> {
        let root = tree.root().as_str();
        let here = root == FOLDER || root.ends_with(&format!("/{FOLDER}"));
        let files = shared::readable(tree);
        let fits = |name: &str| name.strip_suffix(".sql").and_then(shared::numbered).is_some();
        let first = files.iter().find(|file| file.folder().is_none() && fits(file.name()))?;
        here.then(|| Detection {
            confidence: Confidence::Likely,
            reason: format!("{} in the folder {FOLDER}", first.name()),
            engine: Some((EngineKind::Postgres, "supabase is PostgreSQL".to_owned())),
        })
    }

    fn read(&self, tree: &Tree) -> Reading {
        let mut reading = Reading::default();
        for file in shared::sift(tree, &mut reading) {
            if file.folder().is_some() {
                reading.problems.push(shared::nested(&file, "supabase"));
                continue;
            }
            let stem = file.name().strip_suffix(".sql");
            let Some((stem, (digits, _))) = stem.and_then(|s| Some((s, shared::numbered(s)?)))
            else {
                reading.problems.push(shared::unclaimed(&file, EXPECTED));
                continue;
            };
            // Versions are text: `10` stands before `9`.
            let version = Version::text(digits);
            let step = file.step(&mut reading, |_| TransactionMode::SingleBatch);
            shared::pair(vec![Half::new(version, stem, step)], Vec::new(), &mut reading);
        }
        shared::finish(reading)
    }
}

#[cfg(test)]
#[path = "supabase_tests.rs"]
mod tests;
