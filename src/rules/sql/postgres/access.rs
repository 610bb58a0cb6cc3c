//! Rules of the linter about rights and settings; all of them are a matter of taste.

use squawk_linter::Rule as Code;

use super::lint::{Row, Scope, linted};
use crate::model::Levels;
use crate::rules::Rule;

pub(in crate::rules) static BAN_ALTER_DATABASE_OPTIONS: Rule = linted(
    Code::BanAlterDatabaseOptions,
    Row {
        id: "sql/ban-alter-database-options",
        levels: Levels::TASTE,
        scope: Scope::Standing,
        message: "the database gets other settings",
        summary: "settings of a database change",
        why: "Every new session begins with them.",
        fix: "Leave settings to whoever runs the server.",
    },
);

pub(in crate::rules) static BAN_ALTER_EXTENSION: Rule = linted(
    Code::BanAlterExtension,
    Row {
        id: "sql/ban-alter-extension",
        levels: Levels::TASTE,
        scope: Scope::Standing,
        message: "an extension is changed under running code",
        summary: "an extension in use is changed",
        why: "An update may change or take away functions that code calls.",
        fix: "Try the new version with the code that runs.",
    },
);

pub(in crate::rules) static BAN_ALTER_FUNCTION_OPTIONS: Rule = linted(
    Code::BanAlterFunctionOptions,
    Row {
        id: "sql/ban-alter-function-options",
        levels: Levels::TASTE,
        scope: Scope::Standing,
        message: "{} runs under other options",
        summary: "options of a function in use change",
        why: "A function that is SECURITY DEFINER, or has another search_path, does other things \
              for the same caller.",
        fix: "Make a new function and move the code over.",
    },
);

pub(in crate::rules) static BAN_ALTER_POLICY_CONDITION: Rule = linted(
    Code::BanAlterPolicyCondition,
    Row {
        id: "sql/ban-alter-policy-condition",
        levels: Levels::TASTE,
        scope: Scope::Standing,
        message: "a policy of {} lets other rows through",
        summary: "the condition of a policy changes",
        why: "Roles may see more rows, or none at all.",
        fix: "Have it reviewed by those who own the data.",
    },
);

pub(in crate::rules) static BAN_ALTER_POLICY_ROLES: Rule = linted(
    Code::BanAlterPolicyRoles,
    Row {
        id: "sql/ban-alter-policy-roles",
        levels: Levels::TASTE,
        scope: Scope::Standing,
        message: "a policy of {} holds for other roles",
        summary: "the roles of a policy change",
        why: "Roles may see more rows, or none at all.",
        fix: "Have it reviewed by those who own the data.",
    },
);

pub(in crate::rules) static BAN_ALTER_ROLE_OPTIONS: Rule = linted(
    Code::BanAlterRoleOptions,
    Row {
        id: "sql/ban-alter-role-options",
        levels: Levels::TASTE,
        scope: Scope::Standing,
        message: "a role gets other rights or settings",
        summary: "rights or settings of a role change",
        why: "What the role may do, or how its sessions begin, changes for all who use it, in \
              every database of the server.",
        fix: "Leave roles to whoever runs the server.",
    },
);

pub(in crate::rules) static BAN_ALTER_ROW_LEVEL_SECURITY: Rule = linted(
    Code::BanAlterRowLevelSecurity,
    Row {
        id: "sql/ban-alter-row-level-security",
        levels: Levels::TASTE,
        scope: Scope::Standing,
        message: "row security of {} is switched on or off",
        summary: "row security is switched",
        why: "Without a policy nobody but the owner sees a row; without row security everybody \
              sees them all.",
        fix: "Have it reviewed by those who own the data.",
    },
);

pub(in crate::rules) static BAN_ALTER_SYSTEM_OPTIONS: Rule = linted(
    Code::BanAlterSystemOptions,
    Row {
        id: "sql/ban-alter-system-options",
        levels: Levels::TASTE,
        scope: Scope::Standing,
        message: "the whole server gets other settings",
        summary: "settings of the server change",
        why: "They hold for every database of the server, and cannot be set in a transaction.",
        fix: "Leave settings to whoever runs the server.",
    },
);

pub(in crate::rules) static BAN_ALTER_VIEW_OPTIONS: Rule = linted(
    Code::BanAlterViewOptions,
    Row {
        id: "sql/ban-alter-view-options",
        levels: Levels::TASTE,
        scope: Scope::Standing,
        message: "{} runs under other options",
        summary: "options of a view in use change",
        why: "security_invoker and security_barrier decide with whose rights a view reads.",
        fix: "Make a new view and move the code over.",
    },
);

pub(in crate::rules) static BAN_CREATE_POLICY: Rule = linted(
    Code::BanCreatePolicy,
    Row {
        id: "sql/ban-create-policy",
        levels: Levels::TASTE,
        scope: Scope::Standing,
        message: "{} gets a policy, which changes who sees which rows",
        summary: "a row security policy is created",
        why: "Roles may see fewer rows, or none at all.",
        fix: "Have it reviewed by those who own the data.",
    },
);

pub(in crate::rules) static BAN_REVOKE: Rule = linted(
    Code::BanRevoke,
    Row {
        id: "sql/ban-revoke",
        levels: Levels::TASTE,
        scope: Scope::Standing,
        message: "a right is taken away that code may need",
        summary: "a right or an owner changes",
        why: "Code that needs the right fails at its next query.",
        fix: "Make sure that nobody uses it any more.",
    },
);
