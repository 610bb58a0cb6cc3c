//! graphile-migrate: `committed/<number>-<name>.sql`, each with the hash of itself and of the one
//! before it.
//!
//! Source: [graphile-migrate] (`src/migration.ts`, `src/hash.ts`, `src/header.ts`). The headers
//! `--! Previous:` and `--! Hash:` stand first and end with an empty line. The hash is the SHA-1
//! of the previous hash and the body, and both are compared on every run unless the header says
//! `--! AllowInvalidHash`. A migration runs in a transaction unless its body begins with
//! `--! no-transaction`; there are no downs. `current.sql` and `current/` hold what is not
//! committed yet, which only developers' machines run, so they and all else outside `committed/`
//! are companions. Placeholders such as `:DATABASE_OWNER` are replaced anywhere in the text.
//!
//! [graphile-migrate]: https://github.com/graphile/migrate

use std::sync::Arc;

use sha1::{Digest, Sha1};

use super::shared::{self, File, Half};
use super::{Confidence, Detection, Layout, Reading, placeholder};
use crate::model::{
    EngineKind, Habits, LateMigrations, Location, RepoPath, Span, Step, TransactionMode, Tree, hex,
};

const FOLDER: &str = "committed/";

const EXPECTED: &str =
    "graphile-migrate commits migrations as `committed/<number>-<name>.sql` (`000001-books.sql`).";

/// See the module.
pub(super) struct Graphile;

impl Layout for Graphile {
    fn name(&self) -> &'static str {
        "graphile-migrate"
    }

    fn habits(&self) -> Habits {
        Habits {
            verifies_checksums: true,
            late: LateMigrations::Refused,
            planned: false,
            sqlite_foreign_keys: false,
        }
    }

    fn detect(&self, tree: &Tree) -> Option<Detection> {
        let folder = folder(tree);
        let files = shared::readable(tree);
        let marked = files.iter().find(|file| {
            let name = file.relative.strip_prefix(folder).and_then(number);
            name.is_some() && !headers(file.peek()).is_empty()
        })?;
        Some(Detection {
            confidence: Confidence::Sure,
            reason: format!("\"--! Previous:\" in {}", marked.relative),
            engine: Some((EngineKind::Postgres, "graphile-migrate, which knows no other".into())),
        })
    }

    fn read(&self, tree: &Tree) -> Reading {
        let mut reading = Reading::default();
        let folder = folder(tree);
        let mut committed = Vec::new();
        for file in shared::sift(tree, &mut reading) {
            let Some(name) = file.relative.strip_prefix(folder) else {
                reading.companions.push(file.path);
                continue;
            };
            let Some(digits) = number(name) else {
                reading.problems.push(shared::unclaimed(&file, EXPECTED));
                continue;
            };
            let tool = "graphile-migrate";
            let largest = i64::MAX.unsigned_abs();
            if let Some(version) = shared::integer(digits, largest, &file, tool, &mut reading) {
                committed.push((version, file));
            }
        }
        committed.sort_by(|(a, x), (b, y)| a.cmp(b).then_with(|| x.path.cmp(&y.path)));
        let mut chain = Chain { before: Some(None) };
        let mut ups = Vec::new();
        for (version, file) in committed {
            let stem = file.name().trim_end_matches(".sql");
            let step = chain.read(&file, &mut reading);
            ups.push(Half::new(version, stem, step));
        }
        shared::pair(ups, Vec::new(), &mut reading);
        shared::finish(reading)
    }
}

/// Where the committed migrations lie: the set may be named by that folder or by the one above.
fn folder(tree: &Tree) -> &'static str {
    let below = tree.iter().any(|(path, _)| path.starts_with(FOLDER));
    if below { FOLDER } else { "" }
}

/// The number of `000001.sql` or `000001-name.sql`.
fn number(name: &str) -> Option<&str> {
    let stem = name.strip_suffix(".sql")?;
    let (digits, slug) = stem.split_once('-').unwrap_or((stem, ""));
    let fits = digits.len() >= 6
        && digits.bytes().all(|byte| byte.is_ascii_digit())
        && slug.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_'));
    fits.then_some(digits)
}

/// A line `--! Key: value` at the top of a file.
struct Header<'t> {
    key: &'t str,
    value: &'t str,
    span: Span,
    next: usize,
}

/// The headers, which are the first lines.
fn headers(text: &str) -> Vec<Header<'_>> {
    shared::lines(text)
        .map_while(|line| {
            let body = text[line.start..line.end].strip_prefix("--! ")?;
            let (key, value) = body.split_once(':').unwrap_or((body, ""));
            let known = key.starts_with(|first: char| first.is_ascii_uppercase())
                && key.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_');
            let span = Span::new(line.start, line.end);
            known.then_some(Header { key, value: value.trim(), span, next: line.next })
        })
        .collect()
}

/// The hash of the migration before, as it says itself; `Some(None)` at the start, `None` where
/// that one cannot be read.
struct Chain {
    before: Option<Option<String>>,
}

impl Chain {
    fn read(&mut self, file: &File<'_>, reading: &mut Reading) -> Step {
        let Some(text) = file.text_or_problem(reading) else {
            self.before = None;
            return file.unreadable();
        };
        let headers = headers(&text);
        self.check(&file.path, &text, &headers, reading);
        let body = headers.last().map_or_else(|| shared::body_start(&text), |last| last.next);
        let first = text[body..].trim_start().lines().next().unwrap_or("");
        let alone = first
            .strip_prefix("--!")
            .is_some_and(|rest| rest.trim_start().starts_with("no-transaction"));
        // The whole body is one message to the server.
        let mode = if alone { TransactionMode::SingleBatch } else { TransactionMode::Wrapped };
        reading.placeholders.extend(placeholder::graphile(&file.path, &text));
        file.step(reading, |_| mode)
    }

    fn check(
        &mut self,
        path: &RepoPath,
        text: &Arc<str>,
        headers: &[Header<'_>],
        reading: &mut Reading,
    ) {
        let find =
            |key| headers.iter().find(|header| header.key == key && !header.value.is_empty());
        let before = self.before.take();
        let (Some(previous), Some(hash)) = (find("Previous"), find("Hash")) else {
            let message = "the headers `--! Previous:` and `--! Hash:` do not stand first in it";
            let help = "Let `graphile-migrate commit` write the file.";
            let place = Location::file(path.clone());
            reading.problems.push(shared::invalid(place, message.to_owned(), help));
            return;
        };
        let parent = Some(previous.value).filter(|value| *value != "-");
        if let Some(before) = before
            && before.as_deref() != parent
        {
            let message = match &before {
                Some(_) => "`Previous` is not the hash of the migration before this one",
                None => "`Previous` names a migration, and there is none before this one",
            };
            let help = "graphile-migrate refuses a broken chain: uncommit the migration, bring in \
                        the ones before it, and commit it again.";
            let place = Location::at(path.clone(), previous.span);
            reading.problems.push(shared::invalid(place, message.to_owned(), help));
        }
        let allowed = headers.iter().any(|header| header.key == "AllowInvalidHash");
        let body = headers.last().map_or("", |last| text.get(last.next..).unwrap_or(""));
        if !allowed && !hashes(parent, body).iter().any(|known| known == hash.value) {
            let message = "`Hash` is not the hash of what stands below it";
            let help = "graphile-migrate refuses an edited migration (line endings count too): \
                        put the text back and write a new migration, or say \
                        `--! AllowInvalidHash` in the header.";
            let place = Location::at(path.clone(), hash.span);
            reading.problems.push(shared::invalid(place, message.to_owned(), help));
        }
        self.before = Some(Some(hash.value.to_owned()));
    }
}

/// The hashes a body may have: today's, of the trimmed body, and that of releases before 1.0.
fn hashes(parent: Option<&str>, body: &str) -> [String; 2] {
    let older = body.strip_prefix('\n').unwrap_or(body);
    [body.trim(), older].map(|body| {
        let text = format!("{}\n{body}", parent.unwrap_or(""));
        let digest = Sha1::digest(format!("{}\n", text.trim()));
        format!("sha1:{}", hex(&digest))
    })
}

#[cfg(test)]
mod tests {
    use super::super::tests::{ids, problems, tree};
    use super::*;

    fn committed(previous: Option<&str>, body: &str) -> (String, String) {
        let [hash, _] = hashes(previous, body);
        let previous = previous.unwrap_or("-");
        (format!("--! Previous: {previous}\n--! Hash: {hash}\n\n{body}\n"), hash)
    }

    #[test]
    fn the_hash_is_the_one_of_graphile_migrate() {
        // Reckoned by another program from the formula in `src/hash.ts`.
        let [hash, _] = hashes(None, "\nselect 1;\n");
        assert_eq!(hash, format!("sha1:{}", "005c6eb7364156e6b0d158d8b2767a24f1ce6611"));
    }

    #[test]
    fn a_chain_that_holds_is_no_problem_and_current_is_a_companion() {
        let (first, hash) = committed(None, "create table a (id int);");
        let (second, _) = committed(Some(&hash), "--! no-transaction\nvacuum;");
        let reading = Graphile.read(&tree(&[
            ("committed/000001.sql", &first),
            ("committed/000002-vacuum.sql", &second),
            ("current.sql", "-- later"),
            ("fixtures/f.sql", ""),
        ]));
        assert!(problems(&reading).is_empty(), "{:?}", problems(&reading));
        assert_eq!(ids(&reading), ["000001", "000002-vacuum"]);
        let mode = |at: usize| reading.migrations[at].up.script().unwrap().transaction;
        assert_eq!(mode(0), TransactionMode::Wrapped);
        assert_eq!(mode(1), TransactionMode::SingleBatch);
        assert_eq!(reading.companions.len(), 2);
    }

    #[test]
    fn a_broken_chain_and_an_edited_body_are_named_at_their_headers() {
        let (first, hash) = committed(None, "select 1;");
        let (second, _) = committed(Some("sha1:00"), "select 2;");
        let (third, _) = committed(Some(&hash), "select 3;");
        let edited = third.replace("select 3", "select 4");
        let reading = Graphile.read(&tree(&[
            ("000001.sql", &first),
            ("000002.sql", &second),
            ("000003.sql", &edited),
            ("000004.sql", &edited.replace("--! Hash", "--! AllowInvalidHash\n--! Hash")),
            ("000005.sql", "select 5;"),
        ]));
        assert_eq!(reading.migrations.len(), 5);
        let found = problems(&reading);
        assert_eq!(found.len(), 5, "{found:?}");
        assert!(found[0].contains("`Previous` is not the hash"));
        assert!(found[1].contains("`Previous` is not"));
        assert!(found[2].contains("`Hash` is not the hash"));
        assert!(found[3].contains("`Previous` is not"));
        assert!(found[4].contains("do not stand first"));
    }
}
