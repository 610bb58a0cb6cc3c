//! `class/outside-window`

use crate::model::{Levels, RuleMeta};
use crate::rules::{CatalogCx, Check, Rule, Sink};

pub(in crate::rules) static RULE: Rule = Rule {
    meta: RuleMeta {
        id: "class/outside-window",
        summary: "a migration comes outside the windows of its class",
        why: "The team named the times at which migrations of this class may be rolled out, by \
              `windows` in the base's `migration-gate.toml`: when somebody is there who can help, \
              or when few are disturbed. The moment is that of the check, or `--as-of`.",
        fix: "Run the check again when a window is open, and merge then.",
        levels: Levels::ERROR,
    },
    check: Check::Catalog(check),
};

fn check(cx: &CatalogCx<'_>, sink: &mut Sink<'_>) {
    let at = cx.terms.moment.timestamp();
    for entry in super::rolled_out(cx) {
        let windows = super::policy(cx, entry).map_or(&[][..], |class| &class.windows);
        if windows.is_empty() || windows.iter().any(|window| window.is_open(at)) {
            continue;
        }
        let (id, class) = (&entry.migration.id, entry.class());
        let message = format!("{id} is {class}, and no window for that is open");
        let mut draft = super::draft(entry, message);
        for window in windows {
            draft = draft.detail(format!("window: {window}"));
        }
        let next = windows.iter().filter_map(|window| window.next_opening(at)).min();
        let help = next.map_or_else(
            || "none of its windows ever opens; mend them in the base's policy".to_owned(),
            |next| {
                let next = next.strftime("%a %Y-%m-%d %H:%M %Q");
                format!("run the check again when the next window is open, from {next} on")
            },
        );
        sink.push(draft.help(help));
    }
}
