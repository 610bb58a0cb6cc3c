//! What a statement speaks of, by name.

use squawk_syntax::SyntaxNode;
use squawk_syntax::ast::{self, AstNode, NameLike};

/// What has the name; a function may be called like a table.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Kind {
    /// Tables, views, sequences, indexes: they share one name space.
    Relation,
    /// Functions, procedures, aggregates.
    Routine,
    /// Types and domains.
    Type,
    /// Schemas.
    Schema,
}

/// The name of something in the database.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(in crate::rules) struct Name {
    pub(super) kind: Kind,
    /// `None` for what is named without one.
    schema: Option<String>,
    name: String,
}

impl Name {
    fn new(kind: Kind, schema: Option<String>, name: String) -> Self {
        // Nearly every history lives in this schema, with or without saying so.
        Self { kind, schema: schema.filter(|schema| schema != "public"), name }
    }

    /// The name as people write it.
    pub(in crate::rules) fn shown(&self) -> String {
        match &self.schema {
            Some(schema) => format!("{}.{}", clipped(schema), clipped(&self.name)),
            None => clipped(&self.name),
        }
    }

    /// The relation that a path leads to.
    pub(in crate::rules) fn relation(path: &ast::PathRef) -> Option<Self> {
        Self::of(Kind::Relation, path)
    }

    fn of(kind: Kind, path: &ast::PathRef) -> Option<Self> {
        let schema = path.qualifier().and_then(|path| path.segment()).map(|name| name.text());
        Some(Self::new(kind, schema, path.segment()?.text()))
    }

    /// The same schema, another name.
    pub(super) fn renamed(&self, name: String) -> Self {
        Self { name, ..self.clone() }
    }
}

/// A name no longer than PostgreSQL keeps.
pub(in crate::rules) fn clipped(name: &str) -> String {
    match name.char_indices().nth(63) {
        Some((end, _)) => format!("{}…", &name[..end]),
        None => name.to_owned(),
    }
}

/// What the statement makes, where it makes something.
pub(in crate::rules) fn created(statement: &ast::Stmt) -> Option<Name> {
    let kind = match statement {
        ast::Stmt::CreateTable(_)
        | ast::Stmt::CreateTableAs(_)
        | ast::Stmt::CreateForeignTable(_)
        | ast::Stmt::CreateView(_)
        | ast::Stmt::CreateMaterializedView(_)
        | ast::Stmt::CreateSequence(_)
        | ast::Stmt::CreateIndex(_)
        | ast::Stmt::SelectInto(_) => Kind::Relation,
        ast::Stmt::CreateFunction(_)
        | ast::Stmt::CreateProcedure(_)
        | ast::Stmt::CreateAggregate(_) => Kind::Routine,
        ast::Stmt::CreateType(_) | ast::Stmt::CreateDomain(_) => Kind::Type,
        ast::Stmt::CreateSchema(schema) => {
            let name = schema.schema_name()?;
            return Some(Name::new(Kind::Schema, None, name.text().to_string().to_lowercase()));
        }
        _ => return None,
    };
    if let ast::Stmt::CreateIndex(index) = statement {
        let table = Name::relation(&table_of(&index.table_relation_name()?)?)?;
        return Some(table.renamed(index.index()?.path()?.segment()?.text()));
    }
    let path = statement.syntax().descendants().find_map(ast::Path::cast)?;
    let schema = path.qualifier().and_then(|path| path.segment()).map(|name| name.text());
    Some(Name::new(kind, schema, path.segment()?.text()))
}

/// Whether the statement makes something only where it is not there yet.
pub(super) fn only_if_missing(statement: &ast::Stmt) -> bool {
    statement.syntax().children().any(|child| ast::IfNotExists::can_cast(child.kind()))
}

/// What the statement works on: what it alters, drops, indexes or fills.
pub(in crate::rules) fn targets(statement: &ast::Stmt) -> Vec<Name> {
    let (kind, many) = match statement {
        ast::Stmt::DropTable(_)
        | ast::Stmt::DropView(_)
        | ast::Stmt::DropMaterializedView(_)
        | ast::Stmt::DropSequence(_)
        | ast::Stmt::DropIndex(_)
        | ast::Stmt::DropForeignTable(_)
        | ast::Stmt::Truncate(_)
        | ast::Stmt::Vacuum(_) => (Kind::Relation, true),
        ast::Stmt::DropFunction(_)
        | ast::Stmt::DropProcedure(_)
        | ast::Stmt::DropRoutine(_)
        | ast::Stmt::DropAggregate(_) => (Kind::Routine, true),
        ast::Stmt::AlterFunction(_)
        | ast::Stmt::AlterProcedure(_)
        | ast::Stmt::AlterRoutine(_)
        | ast::Stmt::AlterAggregate(_) => (Kind::Routine, false),
        ast::Stmt::DropType(_) | ast::Stmt::DropDomain(_) => (Kind::Type, true),
        ast::Stmt::AlterType(_) | ast::Stmt::AlterDomain(_) => (Kind::Type, false),
        ast::Stmt::Update(update) => return relation(update.relation_name()),
        ast::Stmt::Delete(delete) => return relation(delete.relation_name()),
        ast::Stmt::Insert(insert) => {
            let path = insert.relation_name_ref().and_then(|name| name.path_ref());
            return path.as_ref().and_then(Name::relation).into_iter().collect();
        }
        // The old way, CLUSTER index ON table, names the index first.
        ast::Stmt::Cluster(cluster) => {
            let new = cluster.table_name_ref().and_then(|table| table.path_ref());
            let path =
                new.or_else(|| cluster.cluster_legacy()?.on_path()?.table_name_ref()?.path_ref());
            return path.as_ref().and_then(Name::relation).into_iter().collect();
        }
        _ => (Kind::Relation, false),
    };
    paths(statement.syntax())
        .filter_map(|path| Name::of(kind, &path))
        .take(if many { usize::MAX } else { 1 })
        .collect()
}

fn relation(name: Option<ast::RelationName>) -> Vec<Name> {
    let path = name.and_then(|name| name.relation_name_ref()).and_then(|name| name.path_ref());
    path.as_ref().and_then(Name::relation).into_iter().collect()
}

/// The functions and procedures that the statement calls as it runs, with what they are given.
pub(super) fn called(statement: &ast::Stmt) -> Vec<(Name, Option<ast::ArgList>)> {
    let runs = matches!(
        statement,
        ast::Stmt::Select(_)
            | ast::Stmt::SelectInto(_)
            | ast::Stmt::CompoundSelect(_)
            | ast::Stmt::CreateTableAs(_)
            | ast::Stmt::Values(_)
            | ast::Stmt::Insert(_)
            | ast::Stmt::Update(_)
            | ast::Stmt::Delete(_)
            | ast::Stmt::Merge(_)
    );
    if let ast::Stmt::Call(call) = statement {
        let path = call.procedure_name_ref().and_then(|name| name.path_ref());
        let name = path.as_ref().and_then(|path| Name::of(Kind::Routine, path));
        return name.into_iter().map(|name| (name, call.arg_list())).collect();
    }
    let calls = statement.syntax().descendants().filter(|_| runs).filter_map(ast::CallExpr::cast);
    let named = calls.filter_map(|call| {
        let (schema, name) = match call.expr()? {
            ast::Expr::NameRef(name) => (None, name),
            ast::Expr::FieldExpr(field) => {
                let ast::Expr::NameRef(schema) = field.base()? else { return None };
                (Some(schema.text()), field.field()?)
            }
            _ => return None,
        };
        Some((Name::new(Kind::Routine, schema, name.text()), call.arg_list()))
    });
    named.collect()
}

/// The table that `ON table` leads to.
pub(super) fn table_of(relation: &ast::TableRelationName) -> Option<ast::PathRef> {
    relation.table_name_ref()?.path_ref()
}

/// The names a statement refers to, less the parts of longer ones and the types of parameters.
fn paths(node: &SyntaxNode) -> impl Iterator<Item = ast::PathRef> + use<> {
    node.descendants().filter_map(ast::PathRef::cast).filter(|path| {
        path.syntax().ancestors().skip(1).all(|above| {
            !ast::PathRef::can_cast(above.kind()) && !ast::ParamList::can_cast(above.kind())
        })
    })
}

/// The column that stands at a byte of a statement, where an action or a definition speaks of one.
pub(in crate::rules) fn column_at(statement: &ast::Stmt, at: usize) -> Option<String> {
    let holds = |node: &SyntaxNode| {
        let range = super::source::range(node);
        range.start <= at && at < range.end
    };
    statement.syntax().descendants().filter(holds).find_map(|node| {
        if let Some(add) = ast::AddColumn::cast(node.clone()) {
            return add.column_name().map(|name| name.text());
        }
        if let Some(alter) = ast::AlterColumn::cast(node.clone()) {
            return alter.column_name_ref().map(|name| name.text());
        }
        if let Some(rename) = ast::RenameColumn::cast(node.clone()) {
            return rename.column_name_ref().map(|name| name.text());
        }
        if let Some(drop) = ast::DropColumn::cast(node.clone()) {
            return drop.column_name_ref().map(|name| name.text());
        }
        ast::Column::cast(node)?.name().map(|name| name.text())
    })
}
