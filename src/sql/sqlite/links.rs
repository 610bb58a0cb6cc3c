//! Which tables refer to which, read from the scripts of a history.

use std::collections::BTreeMap;

use super::{Act, ForeignKey, OnDelete, same};

/// A foreign key seen from the table it refers to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Link {
    /// The table that refers.
    pub child: String,
    /// What becomes of its rows when those they refer to are deleted.
    pub on_delete: OnDelete,
}

/// The foreign keys that stand after the statements applied so far.
#[derive(Clone, Debug, Default)]
pub struct Links {
    /// By name in lower case: the name as written, and its foreign keys.
    tables: BTreeMap<String, (String, Vec<ForeignKey>)>,
}

impl Links {
    /// Goes one statement on.
    pub fn apply(&mut self, act: &Act) {
        match act {
            Act::CreateTable(table) => {
                let keys = table.foreign_keys.clone();
                let name = table.name.to_ascii_lowercase();
                self.tables.entry(name).or_insert_with(|| (table.name.clone(), keys));
            }
            Act::DropTable(name) => {
                self.tables.remove(&name.to_ascii_lowercase());
            }
            Act::RenameTable { from, to } => self.rename(from, to),
            Act::AddColumn { table, column } => {
                if let Some((_, keys)) = self.tables.get_mut(&table.to_ascii_lowercase()) {
                    keys.extend(column.references.clone());
                }
            }
            _ => {}
        }
    }

    /// Other tables that refer to this one, each with the worst that becomes of its rows.
    #[must_use]
    pub fn to(&self, parent: &str) -> Vec<Link> {
        let others = self.tables.values().filter(|(child, _)| !same(child, parent));
        others
            .filter_map(|(child, keys)| {
                let to_parent = keys.iter().filter(|key| same(&key.table, parent));
                let on_delete = to_parent.map(|key| key.on_delete).min()?;
                Some(Link { child: child.clone(), on_delete })
            })
            .collect()
    }

    /// SQLite lets references follow a renamed table.
    fn rename(&mut self, from: &str, to: &str) {
        if let Some((_, keys)) = self.tables.remove(&from.to_ascii_lowercase()) {
            self.tables.insert(to.to_ascii_lowercase(), (to.to_owned(), keys));
        }
        let keys = self.tables.values_mut().flat_map(|(_, keys)| keys);
        keys.filter(|key| same(&key.table, from)).for_each(|key| to.clone_into(&mut key.table));
    }
}
