//! What a migration's files hold: the content a waiver is bound to, and what they allow themselves.

use super::Allowed;
use crate::manifest::allowances;
use crate::model::{Location, Migration, Problem, Script, Span, Step, Tree, sha256};
use crate::sql::statements;

/// The content of a migration that is gone.
pub(super) fn nothing() -> String {
    sha256(b"")
}

/// The SHA-256 of all files of a migration, by name and content, so that nothing can move from one
/// to the other unseen. Line ends count as `\n`, whatever Git makes of them on this machine.
pub(super) fn content(migration: &Migration, tree: &Tree) -> String {
    let mut lines = String::new();
    for path in &migration.files {
        let name = path.below(tree.root()).unwrap_or_default();
        if let Some(entry) = tree.get(name) {
            let mut bytes = entry.bytes.to_vec();
            let mut after = entry.bytes.iter().skip(1).copied();
            bytes.retain(|byte| after.next() != Some(b'\n') || *byte != b'\r');
            lines.push_str(&format!("{}  {name}\n", sha256(&bytes)));
        }
    }
    sha256(lines.as_bytes())
}

/// What the scripts of a migration allow themselves, and what is wrong with such lines.
pub(super) fn allowed(migration: &Migration) -> (Vec<Allowed>, Vec<Problem>) {
    let down = migration.down.step().and_then(Step::script);
    let scripts: Vec<_> =
        migration.up.script().into_iter().chain(down).chain(&migration.verify).collect();
    let (mut found, mut wrong) = (Vec::new(), Vec::new());
    for (at, script) in scripts.iter().enumerate() {
        let same_file = |other: &&&Script| other.path == script.path;
        // Up and down may stand in one file, which is read once.
        if scripts[..at].iter().any(|other| same_file(&other)) {
            continue;
        }
        let (allowances, problems) = allowances(&script.path, &script.text);
        wrong.extend(problems);
        if allowances.is_empty() {
            continue;
        }
        let same = scripts.iter().filter(|other| same_file(other));
        let mut spans: Vec<Span> =
            same.flat_map(|script| statements(script)).map(|statement| statement.span).collect();
        spans.sort_unstable();
        let first = spans.first().map_or(usize::MAX, |span| span.start);
        found.extend(allowances.into_iter().map(|allowance| {
            let line = allowance.span;
            // After the last statement there is nothing left to allow.
            let none = Span::new(script.text.len(), script.text.len());
            let next = spans.iter().find(|span| span.end > line.start).copied().unwrap_or(none);
            Allowed {
                rule: allowance.rule.value,
                reason: allowance.reason,
                location: Location::at(script.path.clone(), line),
                statement: (line.start >= first).then_some(next),
            }
        }));
    }
    (found, wrong)
}
