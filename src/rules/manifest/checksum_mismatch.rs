//! `manifest/checksum-mismatch`

use crate::model::{Levels, RuleMeta};
use crate::rules::{CatalogCx, Check, Draft, Rule, Sink};

pub(in crate::rules) static RULE: Rule = Rule {
    meta: RuleMeta {
        id: "manifest/checksum-mismatch",
        summary: "an up file is not the one whose checksum the manifest holds",
        why: "The checksum was written down when the migration was reviewed. A file that differs \
              was changed afterwards, or the review was of another text.",
        fix: "Take the edit back; where it is meant, write the new SHA-256 into the manifest, so \
              that the review sees it.",
        levels: Levels::ERROR,
    },
    check: Check::Catalog(check),
};

fn check(cx: &CatalogCx<'_>, sink: &mut Sink<'_>) {
    for entry in &cx.catalog.entries {
        let Some((listed, location)) = &entry.declared.checksum else { continue };
        if !listed.eq_ignore_ascii_case(&entry.declared.actual_checksum) {
            let touched = super::touched(cx, entry, location);
            let message =
                format!("{} has another SHA-256 than is listed", entry.migration.up.path());
            sink.push(
                Draft::new(location.clone(), touched, message)
                    .migration(&entry.migration.id)
                    .detail(format!("listed: {listed}"))
                    .detail(format!("file:   {}", entry.declared.actual_checksum)),
            );
        }
    }
}
