//! The tables as they stand, of which only those are described anew that changed.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::super::Run;
use crate::engine::EngineError;
use crate::model::{ObjectKey, Snapshot, Table, TableName};

/// What hangs on no table and says nothing of one.
const APART: [&str; 6] =
    ["view", "materialized view", "function", "procedure", "aggregate", "sequence"];

/// Tables with the schema that they were described in.
pub(in super::super) struct Known {
    schema: Snapshot,
    tables: Arc<[Table]>,
}

impl Run<'_> {
    /// The tables of the current schema, which must be described.
    pub(in super::super) fn tables_now(&mut self) -> Result<Arc<[Table]>, EngineError> {
        let changed = self.known.as_ref().and_then(|known| known.changed(&self.current));
        let tables: Arc<[Table]> = match (&self.known, changed) {
            (Some(known), Some(changed)) if changed.is_empty() => known.tables.clone(),
            (Some(known), Some(changed)) => {
                let stays =
                    |table: &&Table| !spellings(&table.name).any(|one| changed.contains(&one));
                let stay: Vec<Table> = known.tables.iter().filter(stays).cloned().collect();
                let names: Vec<TableName> = stay.iter().map(|table| table.name.clone()).collect();
                let mut tables = self.target.tables(&names)?;
                tables.extend(stay);
                // As engines sort them.
                tables.sort_by_cached_key(|table| (space(&table.name), table.name.name.clone()));
                tables.into()
            }
            _ => self.target.tables(&[])?.into(),
        };
        self.known = Some(Known { schema: self.current.clone(), tables: tables.clone() });
        Ok(tables)
    }
}

impl Known {
    /// The tables, those that are new or gone among them, that are not in this schema what they
    /// were, without the quotes in their names; `None` where that cannot be told.
    fn changed(&self, now: &Snapshot) -> Option<BTreeSet<String>> {
        let mut changed = BTreeSet::new();
        for (one, other) in [(&self.schema, now), (now, &self.schema)] {
            for (key, object) in &one.objects {
                if other.objects.get(key) == Some(object) {
                    continue;
                }
                let root = root(one, key);
                match root.kind.as_str() {
                    "table" => {
                        changed.insert(root.name.replace('"', ""));
                    }
                    kind if APART.contains(&kind) => {}
                    _ => return None,
                }
            }
        }
        Some(changed)
    }
}

/// The object on which another hangs in the end.
fn root<'a>(schema: &'a Snapshot, key: &'a ObjectKey) -> &'a ObjectKey {
    let mut root = key;
    for _ in 0..schema.objects.len() {
        match schema.objects.get(root).and_then(|object| object.parent.as_ref()) {
            Some(parent) => root = parent,
            None => break,
        }
    }
    root
}

/// How a snapshot may spell a table, with its schema or without.
fn spellings(name: &TableName) -> impl Iterator<Item = String> {
    [format!("{}.{}", space(name), name.name), name.name.clone()]
        .into_iter()
        .map(|name| name.replace('"', ""))
}

fn space(name: &TableName) -> String {
    name.schema.clone().unwrap_or_else(|| "public".into())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Object;

    /// Kind, name, the parent's kind and name, and a fact.
    type Described =
        (&'static str, &'static str, Option<(&'static str, &'static str)>, &'static str);

    fn schema(objects: &[Described]) -> Snapshot {
        let object = |(kind, name, parent, fact): &Described| {
            let object = Object {
                parent: parent.map(|(kind, name)| ObjectKey::new(kind, name)),
                facts: [("fact".to_owned(), (*fact).to_owned())].into(),
                ..Object::default()
            };
            (ObjectKey::new(*kind, *name), object)
        };
        Snapshot { objects: objects.iter().map(object).collect() }
    }

    #[test]
    fn a_table_has_changed_with_whatever_hangs_on_it() {
        let users = ("table", "public.users", None, "");
        let id = ("column", "public.users.id", Some(("table", "public.users")), "int");
        let bigger = ("column", "public.users.id", Some(("table", "public.users")), "bigint");
        let own = ("sequence", "public.s", Some(("column", "public.users.id")), "");
        let odd = ("table", "public.\"Odd\"", None, "");
        let view = ("view", "public.v", None, "");
        let kind = ("type", "public.mood", None, "");
        let known = Known { schema: schema(&[users, id]), tables: Arc::new([]) };
        let changed = |objects: &[_]| {
            let changed = known.changed(&schema(objects));
            changed.map(|names| names.into_iter().collect::<Vec<_>>().join(" "))
        };
        assert_eq!(changed(&[users, id]), Some(String::new()));
        assert_eq!(changed(&[users, id, view]), Some(String::new()));
        assert_eq!(changed(&[users, bigger]), Some("public.users".into()));
        assert_eq!(changed(&[users, id, own]), Some("public.users".into()));
        assert_eq!(changed(&[users, id, odd]), Some("public.Odd".into()));
        assert_eq!(changed(&[]), Some("public.users".into()));
        assert_eq!(changed(&[users, id, kind]), None);
    }

    #[test]
    fn tables_are_known_by_every_spelling() {
        let all = |name| spellings(&name).collect::<Vec<_>>();
        assert_eq!(all(TableName::plain("Odd")), ["public.Odd", "Odd"]);
        let name = TableName { schema: Some("a\"b".into()), name: "c".into() };
        assert_eq!(all(name), ["ab.c", "c"]);
    }
}
