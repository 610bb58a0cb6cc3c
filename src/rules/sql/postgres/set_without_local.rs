//! `sql/set-without-local`

use squawk_syntax::ast::{self, AstNode};

use super::names::{self, Name};
use super::{PostgresCx, Statement};
use crate::model::{Levels, RuleMeta};
use crate::rules::{Check, Rule, Sink};

pub(in crate::rules) static RULE: Rule = Rule {
    meta: RuleMeta {
        id: "sql/set-without-local",
        summary: "a SET changes what later migrations on the same connection do",
        why: "Without LOCAL a setting outlives its transaction, and tools run many migrations over \
              one connection: what comes next meets another search_path, role or trigger setting \
              than on the author's machine. Timeouts are let pass: they change how long a \
              migration waits, not what it does.",
        fix: "Write SET LOCAL, or true as the last argument of set_config, which end with the \
              transaction; or RESET it at the end.",
        levels: Levels::WARNING,
    },
    check: Check::Postgres(check),
};

/// Settings that change what a statement does.
const LASTING: [&str; 6] = [
    "search_path",
    "role",
    "session_authorization",
    "session_replication_role",
    "default_tablespace",
    "default_transaction_read_only",
];

fn check(cx: &PostgresCx<'_>, sink: &mut Sink<'_>) {
    for (at, statement) in cx.statements.iter().enumerate() {
        let Some(name) = set(statement).filter(|name| LASTING.contains(&name.as_str())) else {
            continue;
        };
        if !cx.statements[at + 1..].iter().any(|later| resets(later, &name)) {
            let message = format!("{name} stays set for the migrations that follow");
            sink.push(cx.draft(statement.range.clone(), message).help(RULE.meta.fix));
        }
    }
}

/// What the statement sets beyond its transaction.
fn set(statement: &Statement) -> Option<String> {
    let local = |scope: Option<ast::SetScope>| matches!(scope, Some(ast::SetScope::LocalScope(_)));
    match &statement.tree {
        ast::Stmt::Set(set) if !local(set.set_scope()) => match set.set_target()? {
            ast::SetTarget::SetConfig(config) => {
                Some(config.config_parameter_ref()?.path_ref()?.segment()?.text().to_lowercase())
            }
            ast::SetTarget::SetSchemaValue(_) => Some("search_path".to_owned()),
            _ => None,
        },
        ast::Stmt::SetRole(set) if !local(set.set_scope()) => {
            let none = matches!(set.set_role_target(), Some(ast::SetRoleTarget::SetRoleNone(_)));
            (!none).then(|| "role".to_owned())
        }
        ast::Stmt::Select(_) => {
            let mut called = names::called(&statement.tree).into_iter();
            called.find_map(|(name, given)| set_config(&name, &given?))
        }
        ast::Stmt::SetSessionAuth(set) if !local(set.set_scope()) => {
            Some("session_authorization".to_owned())
        }
        _ => None,
    }
}

/// What `set_config(name, value, false)` sets.
fn set_config(name: &Name, given: &ast::ArgList) -> Option<String> {
    if !["set_config", "pg_catalog.set_config"].contains(&name.shown().as_str()) {
        return None;
    }
    let mut given = given.args().map(|arg| arg.syntax().clone());
    let (setting, _, local) = (given.next()?, given.next()?, given.next()?);
    let setting = setting.descendants().find_map(ast::Literal::cast)?.string_value()?;
    let lasts = local.text().to_string().trim().eq_ignore_ascii_case("false");
    lasts.then(|| setting.to_lowercase())
}

/// Whether the statement puts a setting back: by RESET, DISCARD ALL, or SET … TO DEFAULT.
fn resets(statement: &Statement, name: &str) -> bool {
    match &statement.tree {
        ast::Stmt::Reset(reset) => match reset.reset_target() {
            Some(ast::ResetTarget::All(_)) => true,
            Some(ast::ResetTarget::ConfigParameterRef(parameter)) => {
                let parameter = parameter.path_ref().and_then(|path| path.segment());
                parameter.is_some_and(|parameter| parameter.text().eq_ignore_ascii_case(name))
            }
            _ => false,
        },
        ast::Stmt::ResetRole(_) => name == "role",
        ast::Stmt::SetRole(set) => {
            name == "role"
                && matches!(set.set_role_target(), Some(ast::SetRoleTarget::SetRoleNone(_)))
        }
        ast::Stmt::ResetSessionAuth(_) => name == "session_authorization",
        ast::Stmt::Discard(_) => true,
        ast::Stmt::Set(_) | ast::Stmt::Select(_) => set(statement).as_deref() == Some(name),
        _ => false,
    }
}
