//! `class/approval-missing`

use crate::model::{Levels, RuleMeta};
use crate::rules::{CatalogCx, Check, Rule, Sink};

pub(in crate::rules) static RULE: Rule = Rule {
    meta: RuleMeta {
        id: "class/approval-missing",
        summary: "the team that has to agree to a class has not been heard",
        why: "The base's `migration-gate.toml` names a team that has to agree to migrations of \
              this class. `--approvals github` reads the reviews of the pull request; elsewhere \
              whoever runs the gate says who agreed, by `--approved-by TEAM`.",
        fix: "Ask the team for a review, and let the CI pass its name on once it has agreed.",
        levels: Levels::WARNING,
    },
    check: Check::Catalog(check),
};

fn check(cx: &CatalogCx<'_>, sink: &mut Sink<'_>) {
    for entry in super::rolled_out(cx) {
        let team = super::policy(cx, entry).and_then(|class| class.approval.as_ref());
        let Some(team) = team.map(|approval| &approval.team.value) else { continue };
        if !cx.terms.approved_by.contains(team) {
            let (id, class) = (&entry.migration.id, entry.class());
            let message = format!("{id} is {class}, and the team {team} has to agree to that");
            let help = format!(
                "ask {team} for a review; the gate learns of it by --approvals github or --approved-by {team}"
            );
            sink.push(super::draft(entry, message).help(help));
        }
    }
}
