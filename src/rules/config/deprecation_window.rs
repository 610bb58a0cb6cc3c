//! `config/deprecation-window`

use super::{count, join};
use crate::model::{Levels, Location, Moment, RemovedProperty, RuleMeta};
use crate::rules::{Check, Draft, Rule, SchemaCx, Sink};

pub(in crate::rules) static RULE: Rule = Rule {
    meta: RuleMeta {
        id: "config/deprecation-window",
        summary: "a property is removed before it was deprecated for as long as promised",
        why: "People learn from `deprecated: true`, in their editor and in warnings, that they \
              have to move on, and the contract says how long they have for it: so many released \
              versions, so many days, or both. The releases are those that the contract lists, \
              the days are counted from the commit that marked the property on the history of the \
              base to the moment of the check.",
        fix: "Put the property back with `deprecated: true`, and remove it when the time is over.",
        levels: Levels::ERROR,
    },
    check: Check::Schema(check),
};

const SECONDS_OF_A_DAY: i64 = 24 * 60 * 60;

fn check(cx: &SchemaCx<'_>, sink: &mut Sink<'_>) {
    for property in &cx.schema.removed {
        let days = property.since.map(|since| whole_days(since, cx.moment));
        if is_over(property, days) {
            continue;
        }
        let message = format!(
            "{} is removed from the schema {} too early: the contract asks for {} of deprecation, \
             and {}",
            property.name,
            cx.schema.name,
            asked(property),
            was(property, days)
        );
        // What is gone has no place in the file as it is now.
        let place = Location::file(property.location.path.clone());
        sink.push(Draft::new(place, true, message).help(match days {
            None if property.releases == 0 => "put it back with `deprecated: true`",
            _ => "put it back, still deprecated, until the time is over",
        }));
    }
}

fn whole_days(since: i64, moment: Moment) -> u64 {
    let seconds = moment.timestamp().as_second().saturating_sub(since);
    u64::try_from(seconds / SECONDS_OF_A_DAY).unwrap_or(0)
}

fn is_over(property: &RemovedProperty, days: Option<u64>) -> bool {
    let asked = property.asked;
    asked.releases.is_none_or(|asked| property.releases >= asked)
        && asked.days.is_none_or(|asked| days.is_some_and(|days| days >= u64::from(asked)))
}

/// `2 releases and 90 days`
fn asked(property: &RemovedProperty) -> String {
    let releases = property.asked.releases.map(|number| count(number, "release"));
    let days = property.asked.days.map(|number| count(number, "day"));
    join(&releases.into_iter().chain(days).collect::<Vec<_>>())
}

/// What there is of what was asked: `it was deprecated in 1 release and for 12 days`.
fn was(property: &RemovedProperty, days: Option<u64>) -> String {
    if property.releases == 0 && property.asked.days.is_some() && days.is_none() {
        return "it never was deprecated".to_owned();
    }
    let releases = property.asked.releases.map(|_| match property.releases {
        0 => "in no release".to_owned(),
        number => format!("in {}", count(number, "release")),
    });
    let days = property.asked.days.map(|_| match days {
        None => "for no day".to_owned(),
        Some(days) => format!("for {}", count(days, "day")),
    });
    let parts: Vec<String> = releases.into_iter().chain(days).collect();
    format!("it was deprecated {}", join(&parts))
}
