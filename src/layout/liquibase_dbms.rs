//! For which engines liquibase's change sets are, by their `dbms`.

use std::collections::BTreeSet;

use super::Reading;
use super::liquibase::Found;
use super::liquibase_sql::ChangeSet;
use super::shared;
use crate::model::{EngineKind, Location};

/// The names in a `dbms` attribute, and whether each is excluded.
fn databases(set: &ChangeSet) -> impl Iterator<Item = (&str, bool)> {
    let names = set.dbms.as_deref().unwrap_or("").split(',').map(str::trim);
    names.filter(|name| !name.is_empty()).map(|name| match name.strip_prefix('!') {
        Some(name) => (name, true),
        None => (name, false),
    })
}

fn named(database: &str) -> Option<EngineKind> {
    match database {
        "postgresql" => Some(EngineKind::Postgres),
        "sqlite" => Some(EngineKind::Sqlite),
        "mysql" | "mariadb" => Some(EngineKind::Mysql),
        _ => None,
    }
}

/// Whether a target of that engine runs it; where the engine is unknown, one that can be run here.
pub(super) fn runs_on(set: &ChangeSet, engine: Option<EngineKind>) -> bool {
    let fits = |name: &str| {
        name == "all" || named(name).is_some_and(|named| engine.is_none_or(|own| own == named))
    };
    let excluded = engine.is_some() && databases(set).any(|(name, not)| not && fits(name));
    let mut asked = databases(set).filter(|(_, not)| !not).peekable();
    !excluded && (asked.peek().is_none() || asked.any(|(name, _)| fits(name)))
}

/// The engines that the change sets are for, as far as they can be run here.
pub(super) fn engines(found: &[Found]) -> BTreeSet<EngineKind> {
    let names = found.iter().flat_map(|found| databases(&found.set));
    names.filter(|(_, not)| !not).filter_map(|(name, _)| named(name)).collect()
}

pub(super) fn ask_for_engine(found: &[Found], reading: &mut Reading) {
    let special = |found: &&Found| databases(&found.set).any(|(name, _)| named(name).is_some());
    let Some(first) = found.iter().find(special) else { return };
    let set = &first.set;
    let message = format!(
        "`{}:{}` is for {}, and nothing says for which engine this set is to be read",
        set.author,
        set.id,
        set.dbms.as_deref().unwrap_or_default()
    );
    let help = "Put engine = \"…\" into the [[set]] of migration-gate.toml, or run once for each \
                engine with --engine.";
    reading.problems.push(shared::invalid(
        Location::at(first.path.clone(), set.line),
        message,
        help,
    ));
}
