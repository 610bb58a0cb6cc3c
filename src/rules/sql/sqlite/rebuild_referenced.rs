//! `sql/sqlite-rebuild-referenced`

use super::{History, list, pragma_in_transaction, ran};
use crate::catalog::{Entry, SetCatalog};
use crate::model::{Levels, Location, MigrationEvidence, RuleMeta, Script, Span, Step};
use crate::rules::{Check, Direction, Draft, EvidenceCx, Rule, Sink};
use crate::sql::sqlite::{
    Act, Link, Links, OnDelete, Placed, acts, in_transaction, is_off, rebuilds, same,
};
use crate::sql::statements;

pub(in crate::rules) static RULE: Rule = Rule {
    meta: RuleMeta {
        id: "sql/sqlite-rebuild-referenced",
        summary: "a table that others refer to is rebuilt while foreign keys are enforced",
        why: "With foreign keys enforced, DROP TABLE first deletes every row of the table \
              (https://sqlite.org/foreignkeys.html#fk_schemacommands). Where another table refers \
              to it with ON DELETE CASCADE, that table's rows go too; with SET NULL they lose \
              what they referred to: the rows of the rebuilt table were copied before, so nothing \
              fails and nothing looks wrong, except that the other table is empty. Without such a \
              clause the DROP fails as soon as a row refers to the table, and defer_foreign_keys \
              only puts that off until COMMIT. On an empty sandbox nothing of it shows. sqlx \
              enforces foreign keys; other tools do where the connection string says so.",
        fix: "Run the script outside a transaction, with PRAGMA foreign_keys = OFF before its own \
              BEGIN and ON after its COMMIT; or change the table without dropping it.",
        levels: Levels::ERROR,
    },
    check: Check::Evidence(check),
};

fn check(cx: &EvidenceCx<'_>, sink: &mut Sink<'_>) {
    for ran in ran(cx) {
        judge(cx.catalog, ran.entry, Direction::Up, ran.script, ran.seen, sink);
        if let Some(down) = ran.entry.migration.down.step().and_then(Step::script) {
            judge(cx.catalog, ran.entry, Direction::Down, down, ran.seen, sink);
        }
    }
}

fn judge(
    catalog: &SetCatalog,
    entry: &Entry,
    direction: Direction,
    script: &Script,
    seen: &MigrationEvidence,
    sink: &mut Sink<'_>,
) {
    let acts = acts(&script.text, &statements(script));
    // A script that tried to switch them off is told why that did not work.
    if pragma_in_transaction::ignored_off(script, &acts).is_some() {
        return;
    }
    let enforced = enforced(catalog, script, &acts);
    for Referenced { table, span, children } in referenced(catalog, entry, direction, &acts) {
        let location = Location::at(script.path.clone(), span);
        let rows = seen.rows.as_ref().filter(|_| direction == Direction::Up);
        if !acts.iter().zip(&enforced).any(|(placed, on)| placed.span == span && *on) {
            continue;
        }
        let message = format!("dropping {table} in order to rebuild it {}", effect(&children));
        let mut finding = Draft::new(location, true, message)
            .migration(&seen.id)
            .help("switch foreign_keys off outside of any transaction before the rebuild");
        let gone = rows.into_iter().flat_map(|rows| &rows.changed).filter(|changed| {
            changed.deleted > 0 && children.iter().any(|link| same(&link.child, &changed.table))
        });
        for changed in gone {
            let (count, child) = (changed.deleted, &changed.table);
            finding = finding.proved().detail(format!("{count} rows of {child} were gone"));
        }
        sink.push(finding);
    }
}

/// Whether foreign keys are enforced at each statement, as far as the tool and the script say.
fn enforced(catalog: &SetCatalog, script: &Script, acts: &[Placed]) -> Vec<bool> {
    let mut on = catalog.info.habits.sqlite_foreign_keys;
    let inside = in_transaction(script.transaction, acts);
    let step = |(placed, inside): (&Placed, bool)| {
        if let Act::Pragma { name, value: Some(value) } = &placed.act
            && name == "foreign_keys"
            && !inside
        {
            on = !is_off(value);
        }
        on
    };
    acts.iter().zip(inside).map(step).collect()
}

/// A table that is rebuilt though others refer to it.
pub(super) struct Referenced {
    /// The table that is dropped.
    pub(super) table: String,
    /// The DROP.
    pub(super) span: Span,
    /// The tables that refer to it.
    pub(super) children: Vec<Link>,
}

/// What a script rebuilds that other tables refer to and that may hold rows.
pub(super) fn referenced(
    catalog: &SetCatalog,
    entry: &Entry,
    direction: Direction,
    acts: &[Placed],
) -> Vec<Referenced> {
    let rebuilds = rebuilds(acts);
    if rebuilds.is_empty() {
        return Vec::new();
    }
    let mut links = Links::default();
    let history = History::before(catalog, entry, direction);
    for (_, before) in &history.0 {
        before.iter().for_each(|placed| links.apply(&placed.act));
    }
    let mut found = Vec::new();
    for (at, placed) in acts.iter().enumerate() {
        let rebuild = rebuilds.iter().find(|rebuild| rebuild.dropped == placed.span);
        if let (Act::DropTable(name), Some(rebuild)) = (&placed.act, rebuild) {
            let empty = |table: &str| history.leaves_empty(table, &acts[..at]);
            let mut children = links.to(name);
            children.retain(|link| !empty(&link.child));
            if !children.is_empty() && !empty(&rebuild.table) {
                found.push(Referenced {
                    table: rebuild.table.clone(),
                    span: placed.span,
                    children,
                });
            }
        }
        links.apply(&placed.act);
    }
    found
}

/// What becomes of those that refer to the table, as the end of a sentence.
pub(super) fn effect(children: &[Link]) -> String {
    let effects = [
        (OnDelete::Cascade, "deletes the rows of", "that refer to it"),
        (OnDelete::Reset, "clears the references of", "to it"),
        (OnDelete::Refuse, "fails as soon as rows of", "refer to it"),
    ];
    let parts = effects.into_iter().filter_map(|(kind, what, rest)| {
        let matching = children.iter().filter(|link| link.on_delete == kind);
        let names: Vec<String> = matching.map(|link| link.child.clone()).collect();
        (!names.is_empty()).then(|| format!("{what} {} {rest}", list(&names)))
    });
    list(&parts.collect::<Vec<String>>())
}
