//! From the parser's tree to [`Act`].

use sqlite3_parser::ast::{
    AlterTableBody, Cmd, ColumnConstraint, ColumnDefinition, CreateTableBody, Expr,
    ForeignKeyClause, FromClause, InsertBody, JoinOperator, JoinType, Literal, Name,
    NamedTableConstraint, OneSelect, PragmaBody, RefAct, RefArg, ResolveType, Select, SelectTable,
    Stmt, TabFlags, TableConstraint, UnaryOperator, UpsertDo,
};
use sqlite3_parser::lexer::sql::Parser;
use sqlite3_parser::{Bump, FallibleIterator as _};

use super::{
    Act, Column, ColumnDefault, ForeignKey, Generated, Insert, NewIndex, NewTable, OnDelete, Source,
};

/// Parentheses deeper than this are not read: the tree is taken down by recursion, and SQL from a
/// pull request must not exhaust the stack. SQLite's own limit for expressions is 1000.
const DEEPEST: usize = 200;
/// A definition of more parts than this is not read: the parser compares each column with all before
/// it. SQLite itself takes 2000.
const WIDEST: usize = 5000;

/// Every statement of a text; the rest is one [`Act::Unread`] where reading stops.
pub(super) fn acts(text: &str) -> Vec<Act> {
    let mut found = Vec::new();
    if super::is_too_complex(text) {
        return vec![Act::Unread];
    }
    let bump = Bump::new();
    let mut parser = Parser::new(&bump, text.as_bytes());
    loop {
        match parser.next() {
            Ok(Some(Cmd::Stmt(stmt))) => found.push(act(&stmt)),
            Ok(Some(_)) => found.push(Act::Other),
            Ok(None) => return found,
            Err(_) => {
                found.push(Act::Unread);
                return found;
            }
        }
    }
}

/// Whether parentheses are too deep; those in quotes count as well, which only errs on the safe
/// side.
pub(super) fn is_too_deep(text: &str) -> bool {
    let mut depth = 0_usize;
    text.bytes().any(|byte| {
        match byte {
            b'(' => depth += 1,
            b')' => depth = depth.saturating_sub(1),
            _ => {}
        }
        depth > DEEPEST
    })
}

/// Whether a statement has too many parts, rows of values aside.
pub(super) fn is_too_wide(text: &str) -> bool {
    let is_insert = text.get(.."INSERT".len()).is_some_and(|word| {
        word.eq_ignore_ascii_case("INSERT") || word.eq_ignore_ascii_case("REPLAC")
    });
    !is_insert && text.bytes().filter(|byte| *byte == b',').count() > WIDEST
}

fn act(stmt: &Stmt<'_>) -> Act {
    match stmt {
        Stmt::CreateTable { tbl_name, body, .. } => {
            Act::CreateTable(new_table(plain(tbl_name.name.0), body))
        }
        Stmt::DropTable { tbl_name, .. } => Act::DropTable(plain(tbl_name.name.0)),
        Stmt::DropIndex { idx_name: name, .. }
        | Stmt::DropTrigger { trigger_name: name, .. }
        | Stmt::DropView { view_name: name, .. } => Act::DropObject(plain(name.name.0)),
        Stmt::CreateIndex { unique, idx_name, tbl_name, columns, .. } => {
            Act::CreateIndex(NewIndex {
                name: plain(idx_name.name.0),
                table: plain(tbl_name.0),
                unique: *unique,
                columns: columns.iter().map(|column| indexed(&column.expr)).collect(),
            })
        }
        Stmt::CreateTrigger { tbl_name, .. } => {
            Act::CreateTrigger { table: plain(tbl_name.name.0) }
        }
        Stmt::AlterTable(table, body) => alter(plain(table.name.0), body),
        Stmt::Insert { or_conflict, tbl_name, columns, body, .. } => {
            let columns = columns.as_ref();
            let mut insert = Insert {
                table: plain(tbl_name.name.0),
                columns: columns.map(|names| names.iter().map(|name| plain(name.0)).collect()),
                ignores: *or_conflict == Some(ResolveType::Ignore),
                ..Insert::default()
            };
            insert_body(&mut insert, body);
            Act::Insert(insert)
        }
        Stmt::Update { tbl_name, from, .. } => Act::Update {
            table: plain(tbl_name.name.0),
            from: from.as_ref().is_some_and(|from| from.select.is_some()),
        },
        Stmt::Pragma(name, body) => {
            let value = body.as_ref().and_then(|body| match body {
                PragmaBody::Equals(value) | PragmaBody::Call(value) => word(value),
            });
            Act::Pragma { name: plain(name.name.0).to_ascii_lowercase(), value }
        }
        Stmt::Begin(..) | Stmt::Savepoint(_) => Act::Begin,
        Stmt::Commit(_) | Stmt::Rollback { savepoint_name: None, .. } => Act::End,
        _ => Act::Other,
    }
}

fn alter(table: String, body: &AlterTableBody<'_>) -> Act {
    match body {
        AlterTableBody::RenameTo(to) => Act::RenameTable { from: table, to: plain(to.0) },
        AlterTableBody::AddColumn(column) => Act::AddColumn { table, column: self::column(column) },
        AlterTableBody::DropColumn(_) => Act::DropColumn,
        AlterTableBody::RenameColumn { .. } => Act::RenameColumn,
        AlterTableBody::DropColumnNotNull(_)
        | AlterTableBody::SetColumnNotNull(..)
        | AlterTableBody::AddConstraint(_)
        | AlterTableBody::DropConstraint(_) => Act::AlterConstraint,
    }
}

fn new_table(name: String, body: &CreateTableBody<'_>) -> NewTable {
    let mut table = NewTable { name, ..NewTable::default() };
    match body {
        CreateTableBody::AsSelect(select) => table.source = Some(source(select)),
        CreateTableBody::ColumnsAndConstraints { columns, constraints, flags } => {
            table.strict = flags.contains(TabFlags::Strict);
            table.without_rowid = flags.contains(TabFlags::WithoutRowid);
            for definition in columns {
                add_column(&mut table, definition);
            }
            for constraint in constraints.unwrap_or(&[]) {
                add_constraint(&mut table, constraint);
            }
        }
    }
    table
}

fn add_column(table: &mut NewTable, definition: &ColumnDefinition<'_>) {
    let column = column(definition);
    for constraint in definition.constraints {
        match &constraint.constraint {
            ColumnConstraint::PrimaryKey { auto_increment, .. } => {
                table.key.push(column.name.clone());
                table.autoincrement |= *auto_increment;
            }
            ColumnConstraint::Unique(_) => table.unique.push(vec![column.name.clone()]),
            ColumnConstraint::Check(_) => table.checks += 1,
            _ => {}
        }
    }
    table.foreign_keys.extend(column.references.clone());
    table.columns.push(column);
}

fn add_constraint(table: &mut NewTable, constraint: &NamedTableConstraint<'_>) {
    match &constraint.constraint {
        TableConstraint::PrimaryKey { columns, auto_increment, .. } => {
            table.key.extend(columns.iter().filter_map(|column| indexed(&column.expr)));
            table.autoincrement |= *auto_increment;
        }
        TableConstraint::Unique { columns, .. } => {
            table.unique.push(columns.iter().filter_map(|column| indexed(&column.expr)).collect());
        }
        TableConstraint::Check(..) => table.checks += 1,
        TableConstraint::ForeignKey { columns, clause, .. } => {
            let columns = columns.iter().map(|column| plain(column.col_name.0)).collect();
            table.foreign_keys.push(foreign_key(columns, clause));
        }
    }
}

/// The column of a key or an index, with its collation left out.
fn indexed(expr: &Expr<'_>) -> Option<String> {
    match expr {
        Expr::Collate(inner, _) => word(inner),
        other => word(other),
    }
}

fn column(definition: &ColumnDefinition<'_>) -> Column {
    let mut column = Column {
        name: plain(definition.col_name.0),
        kind: definition.col_type.as_ref().map(|kind| plain(kind.name)),
        ..Column::default()
    };
    for constraint in definition.constraints {
        match &constraint.constraint {
            ColumnConstraint::NotNull { nullable: false, .. } => column.not_null = true,
            ColumnConstraint::Default(value) => column.default = default_of(value),
            ColumnConstraint::ForeignKey { clause, .. } => {
                column.references = Some(foreign_key(vec![column.name.clone()], clause));
            }
            ColumnConstraint::Generated { typ, .. } => {
                let stored = typ.as_ref().is_some_and(|typ| typ.0.eq_ignore_ascii_case("STORED"));
                column.generated =
                    Some(if stored { Generated::Stored } else { Generated::Virtual });
            }
            _ => {}
        }
    }
    column
}

fn foreign_key(columns: Vec<String>, clause: &ForeignKeyClause<'_>) -> ForeignKey {
    let on_delete = clause.args.iter().rev().find_map(|arg| match arg {
        RefArg::OnDelete(RefAct::Cascade) => Some(OnDelete::Cascade),
        RefArg::OnDelete(RefAct::SetNull | RefAct::SetDefault) => Some(OnDelete::Reset),
        RefArg::OnDelete(_) => Some(OnDelete::Refuse),
        _ => None,
    });
    let on_delete = on_delete.unwrap_or(OnDelete::Refuse);
    ForeignKey { columns, table: plain(clause.tbl_name.0), on_delete }
}

/// What SQLite makes of a default. It takes for constant what `sqlite3ValueFromExpr` can work
/// out: a literal with signs, parentheses and casts around it; `1 + 1` it does not.
fn default_of(value: &Expr<'_>) -> ColumnDefault {
    let mut inner = value;
    loop {
        inner = match inner {
            Expr::Parenthesized(list) if list.len() == 1 => &list[0],
            Expr::Unary(UnaryOperator::Negative | UnaryOperator::Positive, inner) => inner,
            Expr::Cast { expr, .. } => expr,
            _ => break,
        };
    }
    let computed = |what: &str| ColumnDefault::Computed(what.to_owned());
    match inner {
        Expr::Literal(Literal::Null) => ColumnDefault::Null,
        Expr::Literal(Literal::CurrentDate) => computed("CURRENT_DATE"),
        Expr::Literal(Literal::CurrentTime) => computed("CURRENT_TIME"),
        Expr::Literal(Literal::CurrentTimestamp) => computed("CURRENT_TIMESTAMP"),
        Expr::Literal(_) => ColumnDefault::Constant,
        // A bare word is a string here; TRUE and FALSE are numbers.
        Expr::Id(_) | Expr::Name(_) => match quoted(inner) {
            Some(text) => ColumnDefault::Quoted(text),
            None => ColumnDefault::Constant,
        },
        Expr::FunctionCall { name, .. } | Expr::FunctionCallStar { name, .. } => {
            ColumnDefault::Computed(format!("{}()", plain(name.0)))
        }
        _ => computed("an expression"),
    }
}

fn insert_body(insert: &mut Insert, body: &InsertBody<'_>) {
    let InsertBody::Select(select, upsert) = body else { return };
    if let Some(upsert) = upsert {
        insert.ignores |= matches!(upsert.do_clause, UpsertDo::Nothing);
    }
    match &select.body.select {
        OneSelect::Values(rows) => {
            insert.quoted = rows.iter().flatten().find_map(quoted);
        }
        OneSelect::Select { .. } => insert.source = Some(source(select)),
    }
}

fn source(select: &Select<'_>) -> Source {
    let mut source = Source::default();
    read_select(select, &mut source);
    source
}

/// Adds the tables of a SELECT. Its subqueries stand in parentheses, so the depth is bounded.
fn read_select(select: &Select<'_>, source: &mut Source) {
    for table in select.with.iter().flat_map(|with| with.ctes) {
        read_select(table.select, source);
    }
    source.filtered |= select.limit.is_some();
    read_one(&select.body.select, source);
    for compound in select.body.compounds.iter().flatten() {
        read_one(&compound.select, source);
    }
    // Several parts may well make up the whole.
    source.filtered &= select.body.compounds.is_none();
}

fn read_one(one: &OneSelect<'_>, source: &mut Source) {
    let OneSelect::Select { distinctness, from, where_clause, group_by, .. } = one else { return };
    // An upsert needs a WHERE to be told from a join, and `WHERE true` is what people write.
    let sifts = where_clause.is_some_and(|condition| word(condition).is_none());
    source.filtered |= sifts
        || group_by.is_some()
        || *distinctness == Some(sqlite3_parser::ast::Distinctness::Distinct);
    if let Some(from) = from {
        read_from(from, source);
    }
}

fn read_from(from: &FromClause<'_>, source: &mut Source) {
    if let Some(table) = from.select {
        read_table(table, source);
    }
    for join in from.joins.iter().flatten() {
        let keeps_all = matches!(join.operator, JoinOperator::TypedJoin(Some(kind))
            if kind.contains(JoinType::LEFT));
        source.filtered |= !keeps_all;
        read_table(&join.table, source);
    }
}

fn read_table(table: &SelectTable<'_>, source: &mut Source) {
    match table {
        SelectTable::Table(name, ..) => source.tables.push(plain(name.name.0)),
        SelectTable::TableCall(..) => {}
        SelectTable::Select(select, _) => read_select(select, source),
        SelectTable::Sub(from, _) => read_from(from, source),
    }
}

/// A value that is a word or a number.
fn word(expr: &Expr<'_>) -> Option<String> {
    match expr {
        Expr::Id(id) => Some(plain(id.0)),
        Expr::Name(Name(name)) => Some(plain(name)),
        Expr::Literal(Literal::Numeric(text) | Literal::String(text) | Literal::Keyword(text)) => {
            Some(plain(text))
        }
        _ => None,
    }
}

/// What stands in double quotes, where an expression is only that.
fn quoted(expr: &Expr<'_>) -> Option<String> {
    let (Expr::Id(sqlite3_parser::ast::Id(text)) | Expr::Name(Name(text))) = expr else {
        return None;
    };
    text.starts_with('"').then(|| plain(text))
}

/// A name without its quotes.
pub(super) fn plain(name: &str) -> String {
    for (open, close) in [('"', '"'), ('`', '`'), ('[', ']'), ('\'', '\'')] {
        if let Some(inner) = name.strip_prefix(open).and_then(|rest| rest.strip_suffix(close)) {
            return inner.replace(&format!("{close}{close}"), &close.to_string());
        }
    }
    name.to_owned()
}
