//! What a set's statements made so far, as far as they can be read.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;

use squawk_syntax::ast::{self, AstNode, NameLike};

use super::names::{self, Name};

/// What stands when the next migration begins, and what of the change stood before each.
#[derive(Default)]
pub(super) struct History {
    /// How many migrations it went over.
    passed: usize,
    /// Made by merged migrations and not dropped since.
    merged: BTreeSet<Name>,
    /// Made by earlier migrations of the change, with the number of the first that finds it there.
    change: BTreeMap<Name, usize>,
    /// What such migrations made and others took away, with the numbers of those that found it.
    gone: BTreeMap<Name, Vec<Range<usize>>>,
    /// Where an index helps: by table and leading column, the indexes that have it first.
    indexed: BTreeMap<(Name, String), BTreeSet<Option<Name>>>,
}

impl History {
    /// The number of the next migration.
    pub(super) fn next(&self) -> usize {
        self.passed
    }

    /// Whether earlier migrations of the change made it and left it for the one of this number.
    pub(super) fn stood(&self, name: &Name, number: usize) -> bool {
        self.change.get(name).is_some_and(|first| *first <= number)
            || self.gone.get(name).is_some_and(|all| all.iter().any(|one| one.contains(&number)))
    }

    /// What the next script makes itself, with the byte from which on it is there.
    pub(super) fn new_in(&self, statements: &[ast::Stmt]) -> BTreeMap<Name, usize> {
        let mut new: BTreeMap<Name, usize> = BTreeMap::new();
        for statement in statements {
            let at = super::source::range(statement.syntax()).start;
            if let Some(name) = self.made(statement) {
                new.entry(name).or_insert(at);
            }
            if let Some((from, to)) = renamed(statement)
                && (new.contains_key(&from) || self.change.contains_key(&from))
            {
                new.entry(to).or_insert(at);
            }
        }
        new
    }

    /// What the statement makes that was not there before; `IF NOT EXISTS` may make nothing.
    fn made(&self, statement: &ast::Stmt) -> Option<Name> {
        names::created(statement)
            .filter(|name| !names::only_if_missing(statement) || !self.merged.contains(name))
    }

    /// Goes on over an up.
    pub(super) fn pass(&mut self, statements: &[ast::Stmt], added: bool) {
        for statement in statements {
            if let Some(made) = self.made(statement) {
                match added {
                    true => self.appear(made),
                    false => _ = self.merged.insert(made),
                }
            }
            if let Some((from, to)) = renamed(statement) {
                self.rename(&from, &to);
            }
            for key in leading_columns(statement) {
                self.indexed.entry(key).or_default().insert(names::created(statement));
            }
            self.drop(statement);
        }
        self.passed += 1;
    }

    fn appear(&mut self, name: Name) {
        self.change.entry(name).or_insert(self.passed + 1);
    }

    /// Takes away what the change made; whether it had.
    fn vanish(&mut self, name: &Name) -> bool {
        let Some(first) = self.change.remove(name) else { return false };
        // What lived in one migration alone was found by none.
        if first <= self.passed {
            self.gone.entry(name.clone()).or_default().push(first..self.passed + 1);
        }
        true
    }

    fn drop(&mut self, statement: &ast::Stmt) {
        let drops = matches!(
            statement,
            ast::Stmt::DropTable(_)
                | ast::Stmt::DropIndex(_)
                | ast::Stmt::DropView(_)
                | ast::Stmt::DropFunction(_)
                | ast::Stmt::DropType(_)
        );
        if drops {
            for name in names::targets(statement) {
                self.merged.remove(&name);
                self.vanish(&name);
                self.indexed.retain(|(table, _), by| {
                    by.remove(&Some(name.clone()));
                    *table != name && !by.is_empty()
                });
            }
        }
    }

    fn rename(&mut self, from: &Name, to: &Name) {
        if self.merged.remove(from) {
            self.merged.insert(to.clone());
        }
        if self.vanish(from) {
            self.appear(to.clone());
        }
        let indexed = std::mem::take(&mut self.indexed);
        let moved = |table: Name| if table == *from { to.clone() } else { table };
        self.indexed =
            indexed.into_iter().map(|((table, column), by)| ((moved(table), column), by)).collect();
    }

    /// Whether the change made it and left it standing.
    pub(super) fn is_of_the_change(&self, name: &Name) -> bool {
        self.change.contains_key(name)
    }

    /// Whether an index begins with this column.
    pub(super) fn is_indexed(&self, table: &Name, column: &str) -> bool {
        self.indexed.contains_key(&(table.clone(), column.to_owned()))
    }
}

/// `ALTER TABLE from RENAME TO to`.
fn renamed(statement: &ast::Stmt) -> Option<(Name, Name)> {
    let ast::Stmt::AlterTable(alter) = statement else { return None };
    let from = names::targets(statement).pop()?;
    let to = alter.actions().find_map(|action| match action {
        ast::AlterTableAction::TableRenameTo(rename) => {
            rename.syntax().descendants().find_map(ast::TableName::cast)?.path()?.segment()
        }
        _ => None,
    })?;
    let to = from.renamed(to.text());
    Some((from, to))
}

/// The table and the first column of every index and every constraint that brings one.
fn leading_columns(statement: &ast::Stmt) -> Vec<(Name, String)> {
    let mut found = Vec::new();
    match statement {
        ast::Stmt::CreateIndex(index) => {
            let table = index.table_relation_name().as_ref().and_then(names::table_of);
            let table = table.as_ref().and_then(Name::relation);
            let first = index.partition_item_list().and_then(|list| list.partition_items().next());
            let column = first.and_then(|item| match item.expr()? {
                ast::Expr::NameRef(name) => Some(name.text()),
                _ => None,
            });
            // A partial index may well not cover the rows that matter.
            if index.where_clause().is_none() {
                found.extend(table.zip(column));
            }
        }
        ast::Stmt::CreateTable(_) => {
            let Some(table) = names::created(statement) else { return found };
            found
                .extend(by_constraint(statement).into_iter().map(|column| (table.clone(), column)));
        }
        ast::Stmt::AlterTable(_) => {
            let Some(table) = names::targets(statement).pop() else { return found };
            found
                .extend(by_constraint(statement).into_iter().map(|column| (table.clone(), column)));
        }
        _ => {}
    }
    found
}

/// The first column of each primary key and unique constraint.
fn by_constraint(statement: &ast::Stmt) -> Vec<String> {
    statement
        .syntax()
        .descendants()
        .filter(|node| {
            ast::PrimaryKeyConstraint::can_cast(node.kind())
                || ast::UniqueConstraint::can_cast(node.kind())
        })
        .filter_map(|node| {
            let listed = node
                .descendants()
                .find_map(ast::ColumnNameRef::cast)
                .map(|column| column.text())
                .or_else(|| node.descendants().find_map(ast::ColumnName::cast).map(|c| c.text()));
            listed.or_else(|| {
                let start = super::source::range(&node).start;
                names::column_at(statement, start)
            })
        })
        .collect()
}
