//! Tables that a script makes anew under an old name, the way SQLite's manual tells to change
//! what ALTER TABLE cannot: <https://sqlite.org/lang_altertable.html#otheralter>.

use std::collections::BTreeMap;

use super::{Act, Insert, NewTable, Placed, Source, same};
use crate::model::Span;

/// A table that stood before the script, was dropped by it, and stands again as another one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rebuild {
    /// Its name.
    pub table: String,
    /// The table that takes its place, as it was created.
    pub new: NewTable,
    /// The CREATE TABLE.
    pub created: Span,
    /// The DROP TABLE.
    pub dropped: Span,
    /// Whether it was dropped and only then created under the same name, without a rename.
    pub anew: bool,
    /// What becomes of its rows.
    pub copied: Copied,
}

/// How the rows of a rebuilt table come into the new one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Copied {
    /// They do not.
    Nothing,
    /// By one statement.
    By {
        /// The statement that fills the new table.
        span: Span,
        /// Whether rows are left out on the way, by a condition or by a join.
        filtered: bool,
        /// Whether rows that a constraint refuses are left out.
        ignores: bool,
        /// Columns of the new table that are filled; `None` where that cannot be told.
        columns: Option<Vec<String>>,
    },
    /// It cannot be told: several statements, or some that were not read.
    Unclear,
}

/// A table as it goes through the script, whatever it is called.
struct Tracked {
    /// Its name before the script; `None` where the script made it.
    origin: Option<String>,
    created: Option<(NewTable, Span)>,
    dropped: Option<Span>,
    renamed: bool,
    updated: bool,
    /// Tables whose rows were put into it.
    from: Vec<Flow>,
}

struct Flow {
    source: usize,
    span: Span,
    filtered: bool,
    ignores: bool,
    columns: Option<Vec<String>>,
}

#[derive(Default)]
struct Walk {
    tables: Vec<Tracked>,
    /// The live table of a name in lower case; `None` once it is dropped or renamed.
    names: BTreeMap<String, Option<usize>>,
}

/// The tables that a script rebuilds, in the order of their drops.
#[must_use]
pub fn rebuilds(acts: &[Placed]) -> Vec<Rebuild> {
    let mut walk = Walk::default();
    acts.iter().for_each(|placed| walk.step(placed));
    let unread = acts.iter().any(|placed| placed.act == Act::Unread);
    let mut found: Vec<Rebuild> = (0..walk.tables.len())
        .filter_map(|old| walk.rebuild(old))
        .map(|rebuild| match rebuild.copied {
            Copied::Nothing if unread => Rebuild { copied: Copied::Unclear, ..rebuild },
            _ => rebuild,
        })
        .collect();
    found.sort_by_key(|rebuild| rebuild.dropped.start);
    found
}

impl Walk {
    fn step(&mut self, placed: &Placed) {
        let span = placed.span;
        match &placed.act {
            Act::CreateTable(table) => self.create(table, span),
            Act::DropTable(name) => {
                if let Some(index) = self.live(name) {
                    self.tables[index].dropped = Some(span);
                    self.names.insert(name.to_ascii_lowercase(), None);
                }
            }
            Act::RenameTable { from, to } => {
                if let Some(index) = self.live(from) {
                    self.tables[index].renamed = true;
                    self.names.insert(from.to_ascii_lowercase(), None);
                    self.names.insert(to.to_ascii_lowercase(), Some(index));
                }
            }
            Act::Insert(insert) => self.insert(insert, span),
            Act::Update { table, .. } => {
                if let Some(index) = self.live(table) {
                    self.tables[index].updated = true;
                }
            }
            _ => {}
        }
    }

    /// The table of that name; one that was not seen so far stood before the script.
    fn live(&mut self, name: &str) -> Option<usize> {
        let next = self.tables.len();
        let index = *self.names.entry(name.to_ascii_lowercase()).or_insert(Some(next));
        if index == Some(next) {
            self.tables.push(Tracked {
                origin: Some(name.to_owned()),
                created: None,
                dropped: None,
                renamed: false,
                updated: false,
                from: Vec::new(),
            });
        }
        index
    }

    fn create(&mut self, table: &NewTable, span: Span) {
        let name = table.name.to_ascii_lowercase();
        if matches!(self.names.get(&name), Some(Some(_))) {
            return;
        }
        let from = table.source.as_ref().map(|source| self.flows(source, span, None, false));
        let next = self.tables.len();
        self.names.insert(name, Some(next));
        self.tables.push(Tracked {
            origin: None,
            created: Some((table.clone(), span)),
            dropped: None,
            renamed: false,
            updated: false,
            from: from.unwrap_or_default(),
        });
    }

    fn insert(&mut self, insert: &Insert, span: Span) {
        let Some(index) = self.live(&insert.table) else { return };
        if let Some(source) = &insert.source {
            let flows = self.flows(source, span, insert.columns.as_ref(), insert.ignores);
            self.tables[index].from.extend(flows);
        }
    }

    fn flows(
        &mut self,
        source: &Source,
        span: Span,
        columns: Option<&Vec<String>>,
        ignores: bool,
    ) -> Vec<Flow> {
        let mut flows = Vec::new();
        for table in &source.tables {
            if let Some(source_index) = self.live(table) {
                let filtered = source.filtered;
                let columns = columns.cloned();
                flows.push(Flow { source: source_index, span, filtered, ignores, columns });
            }
        }
        flows
    }

    fn rebuild(&self, old: usize) -> Option<Rebuild> {
        let table = self.tables[old].origin.clone()?;
        let dropped = self.tables[old].dropped?;
        let index = (*self.names.get(&table.to_ascii_lowercase())?)?;
        let (new, created) = self.tables[index].created.clone()?;
        let anew = same(&new.name, &table) && !self.tables[old].renamed;
        let copied = self.copied(index, old);
        Some(Rebuild { table, new, created, dropped, anew, copied })
    }

    fn copied(&self, new: usize, old: usize) -> Copied {
        let mut ways = self.tables[new].from.iter().filter(|flow| self.leads(flow.source, old));
        match (ways.next(), ways.next()) {
            (None, _) => Copied::Nothing,
            (Some(flow), None) => {
                // Through a third table: whether that one got all is another question.
                let before = self.tables[flow.source].from.iter().any(|flow| flow.filtered);
                let told = flow.source == old && !self.tables[new].updated;
                Copied::By {
                    span: flow.span,
                    filtered: flow.filtered || before,
                    ignores: flow.ignores,
                    columns: flow.columns.clone().filter(|_| told),
                }
            }
            _ => Copied::Unclear,
        }
    }

    /// Whether rows of `old` are in `table`, directly or through one other table.
    fn leads(&self, table: usize, old: usize) -> bool {
        table == old || self.tables[table].from.iter().any(|flow| flow.source == old)
    }
}
