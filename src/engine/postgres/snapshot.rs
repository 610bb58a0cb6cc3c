//! The catalog as a [`Snapshot`]: what was written since the last one is described anew, the rest is
//! remembered.
//!
//! ```text
//! stamps.sql ──► who was written since?  ──► relations.sql for these, and for all where names changed
//!                                        └─► others.sql, rare.sql, where any of theirs was
//! ```

mod known;
mod query;

use std::collections::BTreeMap;

use postgres::types::Type;
use postgres::{Client, Row};

use super::names::is_generated;
use crate::model::{Object, ObjectKey, Snapshot};
use known::{Described, Known, Stamps};
pub(super) use query::Query;

/// What makes the catalog's own functions print the same text whatever the session was set to.
const STEADY: &str = "SET LOCAL SESSION AUTHORIZATION DEFAULT; SET LOCAL ROLE NONE; \
    SET LOCAL search_path = ''; SET LOCAL datestyle = 'ISO, YMD'; \
    SET LOCAL intervalstyle = 'postgres'; SET LOCAL timezone = 'UTC'; \
    SET LOCAL extra_float_digits = 1; SET LOCAL bytea_output = 'hex'; \
    SET LOCAL quote_all_identifiers = off; SET LOCAL standard_conforming_strings = on; \
    SET LOCAL row_security = on; SET LOCAL statement_timeout = 0; SET LOCAL lock_timeout = 0; \
    SET LOCAL jit = off; SET LOCAL client_min_messages = error; \
    SET LOCAL plan_cache_mode = force_generic_plan";

/// Reads snapshots over one connection.
pub(super) struct Catalog {
    stamps: Query,
    /// All relations, and some of them.
    relations: Query,
    few: Query,
    others: Query,
    rare: Query,
    /// The tables that can be filled with rows.
    pub(super) tables: Query,
    /// The roles that stood before the sandbox and are no part of it.
    foreign_roles: Vec<String>,
    /// What the last snapshot of a committed state read.
    known: Known,
}

impl Catalog {
    /// A reader for a server of that major version.
    pub(super) fn new(major: u32, foreign_roles: Vec<String>) -> Self {
        const HEAD: &str = include_str!("snapshot/head.sql");
        const RELATIONS: &str = include_str!("snapshot/relations.sql");
        const ASKED: &[Type] = &[Type::TEXT_ARRAY, Type::OID_ARRAY];
        let query =
            |text: &str| Query::new(query::assemble(&(HEAD.to_owned() + text), major), ASKED);
        Self {
            stamps: Query::new(query::assemble(include_str!("snapshot/stamps.sql"), major), &[]),
            relations: query(&RELATIONS.replace("wanted r", "rel r")),
            few: query(RELATIONS),
            others: query(include_str!("snapshot/others.sql")),
            rare: query(include_str!("snapshot/rare.sql")),
            tables: Query::new(
                include_str!("tables.sql").into(),
                &[Type::TEXT_ARRAY, Type::TEXT_ARRAY],
            ),
            foreign_roles,
            known: Known::default(),
        }
    }

    /// Names the roles that are no part of a snapshot from here on, and forgets what was read.
    pub(super) fn leave_out(&mut self, roles: Vec<String>) {
        self.foreign_roles = roles;
        self.known = Known::default();
    }

    /// Forgets what was prepared: the connection is new or the script threw it away.
    pub(super) fn prepare_again(&mut self) {
        let Self { stamps, relations, few, others, rare, tables, .. } = self;
        for query in [stamps, relations, few, others, rare, tables] {
            query.forget();
        }
    }

    /// Forgets everything: the state is another, whose transactions are numbered on their own.
    pub(super) fn forget(&mut self) {
        self.prepare_again();
        self.known = Known::default();
    }

    /// Describes the schema in a transaction of its own.
    pub(super) fn read(&mut self, client: &mut Client) -> Result<Snapshot, postgres::Error> {
        let opened = client
            .batch_execute(&format!("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY; {STEADY}"));
        let described = opened.and_then(|()| self.describe(client));
        let ended = client.batch_execute("ROLLBACK");
        let described = described?;
        ended?;
        let snapshot = described.snapshot();
        self.known = described;
        Ok(snapshot)
    }

    /// Describes the schema inside the transaction that is open, which must be rolled back: nothing
    /// is remembered of it.
    pub(super) fn read_inside(&mut self, client: &mut Client) -> Result<Snapshot, postgres::Error> {
        client.batch_execute(STEADY)?;
        Ok(self.describe(client)?.snapshot())
    }

    fn describe(&mut self, client: &mut Client) -> Result<Known, postgres::Error> {
        let stamps = Stamps::of(&self.stamps.rows(client, &[])?)?;
        let mut now = Known { stamps, ..Known::default() };
        let stays = now.stamps.keeps_others(&self.known.stamps);
        now.others = match stays {
            true => self.known.others.clone(),
            false => self.others(client, &now)?.into(),
        };
        let wanted = now.written_since(&self.known);
        self.relations(client, Some(&wanted), &mut now)?;
        if now.renames(&self.known) {
            if stays {
                now.others = self.others(client, &now)?.into();
            }
            if !now.has_all() {
                self.relations(client, None, &mut now)?;
            }
        }
        now.take_over(&self.known);
        Ok(now)
    }

    /// What hangs on no relation.
    fn others(&mut self, client: &mut Client, now: &Known) -> Result<Described, postgres::Error> {
        let none: &[u32] = &[];
        let mut rows = self.others.rows(client, &[&self.foreign_roles, &none])?;
        if now.stamps.others.fresh {
            rows.extend(self.rare.rows(client, &[&self.foreign_roles, &none])?);
        }
        let mut others = Described::default();
        for row in &rows {
            add(row, &mut others)?;
        }
        Ok(others)
    }

    /// Some relations or all, and the roles and the database.
    fn relations(
        &mut self,
        client: &mut Client,
        wanted: Option<&[u32]>,
        now: &mut Known,
    ) -> Result<(), postgres::Error> {
        let all = now.stamps.relations.len();
        // How a few are best looked up is not how all are.
        let few = wanted.filter(|wanted| wanted.len() * 2 < all);
        let query = if few.is_some() { &mut self.few } else { &mut self.relations };
        let rows = query.rows(client, &[&self.foreign_roles, &few.unwrap_or_default()])?;
        let asked = |oid: &&u32| few.is_none_or(|few| few.contains(oid));
        let asked = now.stamps.relations.keys().filter(asked);
        let mut relations: BTreeMap<u32, Described> =
            asked.map(|oid| (*oid, Described::default())).collect();
        let mut server = Described::default();
        for row in &rows {
            let of = row.try_get::<_, Option<u32>>(10)?;
            let is_role = row.try_get::<_, Option<i16>>(11)? == Some(-1);
            let of = of.filter(|_| !is_role).and_then(|of| relations.get_mut(&of));
            add(row, of.unwrap_or(&mut server))?;
        }
        now.server = server.into();
        now.relations = relations.into_iter().map(|(oid, one)| (oid, one.into())).collect();
        Ok(())
    }
}

/// Adds what one row describes.
fn add(row: &Row, described: &mut Described) -> Result<(), postgres::Error> {
    let text = |index: usize| row.try_get::<_, Option<&str>>(index);
    let key = ObjectKey::new(text(0)?.unwrap_or_default(), text(1)?.unwrap_or_default());
    let parent = match (text(2)?, text(3)?) {
        (Some(kind), Some(name)) => Some(ObjectKey::new(kind, name)),
        _ => None,
    };
    let generated_name = match (text(4)?, text(5)?, text(7)?) {
        (Some(own), Some(stem), Some(label)) => is_generated(own, stem, text(6)?, label),
        _ => false,
    };
    let facts = pairs(row.try_get(8)?);
    let notes = pairs(row.try_get(9)?);
    if let (Some(of), Some(own)) = (row.try_get(10)?, row.try_get(11)?) {
        described.names.insert((of, own), key.clone());
    }
    described.objects.insert(key, Object { parent, facts, notes, generated_name });
    Ok(())
}

/// Name, value, name, value, …; a name without a value is left out.
fn pairs(flat: Option<Vec<Option<String>>>) -> BTreeMap<String, String> {
    let mut flat = flat.unwrap_or_default().into_iter();
    let mut pairs = BTreeMap::new();
    while let (Some(name), Some(value)) = (flat.next(), flat.next()) {
        if let (Some(name), Some(value)) = (name, value) {
            pairs.insert(name, value);
        }
    }
    pairs
}

/// Takes the name of a sequence that PostgreSQL named out of the default of the column that the
/// sequence belongs to: `t_id_seq` and `t_id_seq1` make the same column.
fn fold_own_sequences(snapshot: &mut Snapshot) {
    let own: Vec<(ObjectKey, String)> = snapshot
        .objects
        .iter()
        .filter(|(key, object)| key.kind == "sequence" && object.generated_name)
        .filter_map(|(key, object)| Some((object.parent.clone()?, key.name.clone())))
        .collect();
    for (column, sequence) in own {
        let column = snapshot.objects.get_mut(&column);
        if let Some(default) = column.and_then(|column| column.facts.get_mut("default")) {
            let quoted = format!("'{}'::regclass", sequence.replace('\'', "''"));
            *default = default.replace(&quoted, "its own sequence");
        }
    }
}

#[cfg(test)]
mod tests;
