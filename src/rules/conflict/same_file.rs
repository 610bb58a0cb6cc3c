//! `conflict/same-file`

use super::tip;
use crate::catalog::{Meeting, next_version};
use crate::model::{Levels, Location, RuleMeta};
use crate::rules::{CatalogCx, Check, Draft, Rule, Sink};

pub(in crate::rules) static RULE: Rule = Rule {
    meta: RuleMeta {
        id: "conflict/same-file",
        summary: "the change and the target branch changed the same migration's file",
        why: "Where both sides added the file, or one deleted what the other edited, Git stops the \
              merge: an error. Where both edited it, Git may weave the two into a script that \
              nobody wrote and nobody ran: a warning. Manifests and plans, to which both sides \
              append, are Git's matter.",
        fix: "Merge the target branch, and keep one side's file; what the other side wants goes \
              into a migration of its own.",
        levels: Levels::ERROR,
    },
    check: Check::Catalog(check),
};

fn check(cx: &CatalogCx<'_>, sink: &mut Sink<'_>) {
    let tip = tip(cx.catalog);
    for both in &cx.catalog.both_sides {
        let path = &both.path;
        let name = path.file_name();
        let (message, levels, help) = match both.meeting {
            Meeting::BothAdded => (
                format!("{name} is new here and on {tip}, with another text"),
                Levels::ERROR,
                match next_version(cx.catalog) {
                    Some(next) => {
                        format!("merge {tip}, keep its {name}, and give yours the version {next}")
                    }
                    None => format!("merge {tip}, keep its {name}, and give yours another name"),
                },
            ),
            Meeting::BothEdited => (
                format!("{name} was edited here and on {tip}"),
                Levels::WARNING,
                format!("merge {tip}, and write your edit as a new migration"),
            ),
            Meeting::DeletedAndEdited => (
                format!("{name} was edited on one side and deleted on the other ({tip})"),
                Levels::ERROR,
                format!("merge {tip}, and keep the file as it is there"),
            ),
        };
        sink.push(
            Draft::new(Location::file(path.clone()), true, message)
                .migration(&both.migration)
                .levels(levels)
                .help(help),
        );
    }
}
