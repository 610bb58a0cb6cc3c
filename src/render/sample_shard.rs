//! The sample report as one shard of several.

use super::sample::{finding, parts};
use crate::model::{Level, Report, SetNotices, Shard, ShardNumber, WaiverUse, WaiverUseIn};
use crate::report::{Assembly, assemble};

/// The second of three shards, which tried one migration of the sample.
pub(crate) fn shard() -> Report {
    let about = |message: &str| {
        let mut about = finding("governance/policy-changed", Level::Warning, "0003_old.sql", None);
        (about.set, about.migration) = (String::new(), None);
        about.message = message.into();
        about
    };
    let mut parts = parts();
    let tried = "0006_drop_notes";
    parts.findings.retain(|finding| finding.migration.as_deref() == Some(tried));
    parts.inconclusive.clear();
    assemble(Assembly {
        said: vec![SetNotices {
            set: "shop".into(),
            accepted: vec!["0007_rates in shop is accepted by the policy".into()],
            history: vec!["shop: 0001_a of the history did not run".into()],
            unfilled: vec![("codes".into(), "no row was taken".into())],
        }],
        shard: Some(Shard {
            number: ShardNumber { index: 2, of: 3 },
            tried: vec![("shop".into(), tried.into())],
            sets: vec!["shop".into()],
            notices: Vec::new(),
            said: Vec::new(),
            waivers: vec![WaiverUse {
                unused: about("It excuses nothing any more."),
                sets: vec![WaiverUseIn {
                    set: "shop".into(),
                    found: true,
                    untold: false,
                    other_content: Some(about("It is for other content.")),
                }],
            }],
        }),
        ..parts
    })
}
