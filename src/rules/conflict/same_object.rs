//! `conflict/same-object`

use super::{next_free, tip};
use crate::catalog::{Edit, Entry, SetCatalog};
use crate::model::{EngineKind, Levels, Location, Migration, RuleMeta};
use crate::rules::{CatalogCx, Check, Draft, Rule, Sink};
use crate::sql::{Action, ObjectKind, Touched, net_effects, touched_objects};

pub(in crate::rules) static RULE: Rule = Rule {
    meta: RuleMeta {
        id: "conflict/same-object",
        summary: "the change and the target branch work on the same object",
        why: "Each side was tried without the other. An error where the two certainly break each \
              other: both create a table or a column, or one drops or rebuilds what the other \
              changes or builds upon. A warning where the last one merely wins: both change a \
              column or replace a function. Different columns of one table do not get in each \
              other's way. Within one change the migrations run one after the other, so there it \
              is only a warning about what one creates and the next drops again.",
        fix: "Merge the target branch and write the migration for the schema it has now; within a \
              change, leave out what cancels itself.",
        levels: Levels::ERROR,
    },
    check: Check::Catalog(check),
};

/// A clash between a migration of the change and another one.
pub(super) struct Clash<'a> {
    entry: &'a Entry,
    other: &'a Migration,
    /// Each with its weight and its words; the heaviest first.
    points: Vec<(Levels, Touched, String)>,
}

fn check(cx: &CatalogCx<'_>, sink: &mut Sink<'_>) {
    let catalog = cx.catalog;
    for clash in with_the_tip(catalog) {
        let tip = tip(catalog);
        let (id, other) = (&clash.entry.migration.id, &clash.other.id);
        let version = next_free(catalog, clash.entry);
        let version = version.map_or_else(String::new, |next| format!(", as version {next}"));
        let help =
            format!("merge {tip}, and write {id} for the schema that {other} leaves{version}");
        push(&clash, &format!("on {tip}"), &help, sink);
    }
    for clash in inside(catalog) {
        let (id, other) = (&clash.entry.migration.id, &clash.other.id);
        push(&clash, "in the same change", &format!("leave it out of {other} and of {id}"), sink);
    }
}

fn push(clash: &Clash<'_>, place: &str, help: &str, sink: &mut Sink<'_>) {
    let Some(((levels, touch, words), rest)) = clash.points.split_first() else { return };
    let migration = &clash.entry.migration;
    let message = format!("{} {words} {} {place}", migration.id, clash.other.id);
    let location = Location::at(migration.up.path().clone(), touch.span);
    let mut draft = Draft::new(location, true, message).migration(&migration.id).levels(*levels);
    for (_, _, words) in rest {
        draft = draft.detail(format!("{} {words} {}", migration.id, clash.other.id));
    }
    sink.push(draft.detail(format!("the other: {}", clash.other.up.path())).help(help));
}

/// The effects of an up.
fn effects(migration: &Migration, engine: EngineKind) -> Vec<Touched> {
    migration
        .up
        .script()
        .map_or_else(Vec::new, |script| net_effects(&touched_objects(script, engine)))
}

/// The clashes between what the change adds or edits and what the target branch gained.
pub(super) fn with_the_tip(catalog: &SetCatalog) -> Vec<Clash<'_>> {
    let engine = catalog.info.engine;
    // What both sides have is one migration, and of files with two texts another rule speaks.
    let gained: Vec<(&Migration, Vec<Touched>)> = catalog
        .tip
        .iter()
        .filter(|gained| catalog.entry(&gained.id).is_none())
        .map(|gained| (gained, effects(gained, engine)))
        .collect();
    let mut found = Vec::new();
    if gained.is_empty() {
        return found;
    }
    for entry in catalog.entries.iter().filter(|e| e.touch.added || e.touch.up == Edit::Real) {
        let own = effects(&entry.migration, engine);
        for (other, theirs) in &gained {
            found.extend(clash(entry, other, &own, theirs, meets));
        }
    }
    found
}

/// What one migration of the change creates and a later one drops again.
fn inside(catalog: &SetCatalog) -> Vec<Clash<'_>> {
    let added: Vec<(&Entry, Vec<Touched>)> = catalog
        .entries
        .iter()
        .filter(|entry| entry.touch.added)
        .map(|entry| (entry, effects(&entry.migration, catalog.info.engine)))
        .collect();
    let mut found = Vec::new();
    for (index, (entry, own)) in added.iter().enumerate() {
        for (other, theirs) in &added[..index] {
            found.extend(clash(entry, &other.migration, own, theirs, cancels));
        }
    }
    found
}

type Judge = fn(&Touched, &Touched) -> Option<(Levels, &'static str)>;

fn clash<'a>(
    entry: &'a Entry,
    other: &'a Migration,
    own: &[Touched],
    theirs: &[Touched],
    judge: Judge,
) -> Option<Clash<'a>> {
    let mut points: Vec<(Levels, Touched, String)> = Vec::new();
    for a in own {
        for b in theirs.iter().filter(|b| b.kind == a.kind && b.name == a.name) {
            if let Some((levels, words)) = judge(a, b) {
                // The part says more than the whole.
                let object = if a.part.is_some() { a } else { b };
                points.push((levels, a.clone(), words.replace("{}", &object.words())));
            }
        }
    }
    points.sort_by_key(|(levels, touch, _)| (levels.recommended, touch.span.start));
    points.dedup_by(|a, b| a.2 == b.2);
    (!points.is_empty()).then_some(Clash { entry, other, points })
}

/// What `own` of the change and `other` of the target branch do to each other, both about the
/// same object. The words end where the other migration's name follows.
fn meets(own: &Touched, other: &Touched) -> Option<(Levels, &'static str)> {
    use Action::{Alter, Create, Drop, Replace, Use};
    let guarded = own.guarded || other.guarded;
    let hard = if guarded { Levels::WARNING } else { Levels::ERROR };
    if own.part != other.part {
        let (whole, part) = if own.part.is_none() { (own, other) } else { (other, own) };
        if whole.part.is_some() {
            return None;
        }
        let words = match (whole.action, std::ptr::eq(whole, own)) {
            (Drop, true) => "drops the table of {}, which is touched by",
            (Drop, false) => "touches {}, whose table is dropped by",
            (Replace, true) if part.action != Use => {
                "builds the table of {} anew and forgets what is done by"
            }
            (Replace, false) if part.action != Use => "touches {}, whose table is built anew by",
            _ => return None,
        };
        return Some((Levels::ERROR, words));
    }
    Some(match (own.action, other.action) {
        (Create, Create) if matches!(own.kind, ObjectKind::Schema | ObjectKind::Extension) => {
            if guarded {
                return None;
            }
            (Levels::ERROR, "creates {}, and so does")
        }
        // Functions of one name may differ in their arguments, which are not compared.
        (Create, Create) if own.kind == ObjectKind::Function => {
            (Levels::WARNING, "creates {}, and so does")
        }
        (Create, Create) => (hard, "creates {}, and so does"),
        (Drop, Drop) => (hard, "drops {}, and so does"),
        (Drop, Create) | (Create, Drop) => {
            (Levels::WARNING, "drops or creates {}, and the other way round does")
        }
        (Drop, _) => (Levels::ERROR, "drops {}, which is needed by"),
        (_, Drop) => (Levels::ERROR, "needs {}, which is dropped by"),
        (Replace, Replace | Alter) | (Alter, Replace) if own.kind == ObjectKind::Table => {
            (Levels::ERROR, "builds {} anew or changes it, and so does")
        }
        (Use, _) | (_, Use) => return None,
        // Two settings of one table live side by side.
        (Alter, Alter) if own.kind == ObjectKind::Table && own.part.is_none() => return None,
        _ => (Levels::WARNING, "changes {}, and so does"),
    })
}

/// Whether `own` drops what an earlier migration of the same change creates.
fn cancels(own: &Touched, earlier: &Touched) -> Option<(Levels, &'static str)> {
    let is_same = own.part == earlier.part;
    let cancels = is_same && earlier.action == Action::Create && own.action == Action::Drop;
    cancels.then_some((Levels::WARNING, "drops {}, which is new in"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{Level, RepoPath, Script, TransactionMode};

    fn level(own: &str, other: &str) -> Option<Level> {
        let effects = |sql: &str| {
            let path = RepoPath::new("x.sql").unwrap();
            let script = Script::whole(path, sql.into(), TransactionMode::Wrapped);
            net_effects(&touched_objects(&script, EngineKind::Postgres))
        };
        let (own, other) = (effects(own), effects(other));
        let pairs = own.iter().flat_map(|a| other.iter().map(move |b| (a, b)));
        pairs
            .filter(|(a, b)| a.kind == b.kind && a.name == b.name)
            .filter_map(|(a, b)| meets(a, b))
            .map(|(levels, _)| levels.recommended)
            .min()
    }

    #[test]
    fn the_weight_follows_what_becomes_of_the_object() {
        let table = "CREATE TABLE t (a int)";
        let add = "ALTER TABLE t ADD COLUMN b int";
        let drop = "ALTER TABLE t DROP COLUMN b";
        let retype = "ALTER TABLE t ALTER COLUMN b TYPE text";
        let rebuild = "CREATE TABLE n (a int); DROP TABLE t; ALTER TABLE n RENAME TO t";
        let view = "CREATE OR REPLACE VIEW v AS SELECT 1";
        let error = Some(Level::Error);
        let warning = Some(Level::Warning);
        for (own, other, expected) in [
            (table, table, error),
            (table, "CREATE TABLE IF NOT EXISTS t (a int)", warning),
            (add, add, error),
            (add, "ALTER TABLE t ADD COLUMN c int", None),
            (retype, drop, error),
            (retype, retype, warning),
            (drop, drop, error),
            (add, "DROP TABLE t", error),
            ("DROP TABLE t", "INSERT INTO t VALUES (1)", error),
            ("CREATE TABLE u (a int REFERENCES t)", "DROP TABLE t", error),
            ("CREATE INDEX i ON t (b)", drop, error),
            ("CREATE INDEX i ON t (a)", "CREATE INDEX j ON t (a)", None),
            (rebuild, add, error),
            (rebuild, "INSERT INTO t VALUES (1)", None),
            (rebuild, rebuild, error),
            (view, view, warning),
            ("ALTER TABLE t SET (fillfactor = 70)", "ALTER TABLE t OWNER TO x", None),
            ("CREATE EXTENSION IF NOT EXISTS e", "CREATE EXTENSION IF NOT EXISTS e", None),
            ("ALTER TYPE m ADD VALUE 'a'", "ALTER TYPE m ADD VALUE 'b'", None),
            ("ALTER TYPE m ADD VALUE 'a'", "ALTER TYPE m ADD VALUE 'a'", error),
        ] {
            assert_eq!(level(own, other), expected, "{own} / {other}");
            assert_eq!(level(other, own), expected, "{other} / {own}");
        }
    }
}
