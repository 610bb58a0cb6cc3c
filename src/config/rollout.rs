//! Windows, freezes and waivers: everything that has to do with time.

use std::str::FromStr as _;

use croner::Cron;
use jiff::SignedDuration;
use jiff::civil::{Date, Time};
use jiff::tz::TimeZone;
use toml::Spanned;

use super::date;
use super::raw::{MomentText, RawClass, RawFreeze, RawWaiver, RawWindow};
use super::read::span;
use super::resolve::Resolver;
use crate::model::{
    Approval, Class, ClassPolicy, Freeze, Opening, Sited, Span, Subject, Waiver, Window, quoted,
    time_zone,
};

/// The longest that a window may stay open after its cron pattern.
const LONGEST: SignedDuration = SignedDuration::from_hours(7 * 24);
/// A longer text is no cron pattern.
const LONGEST_PATTERN: usize = 200;

impl Resolver<'_> {
    pub(super) fn class(&mut self, raw: RawClass) -> ClassPolicy {
        ClassPolicy {
            windows: raw.windows.into_iter().filter_map(|window| self.window(window)).collect(),
            approval: raw.approval.map(|approval| Approval {
                team: self.text("the team's name", approval.team),
                label: approval.label.map(|label| self.text("the label", label)),
            }),
        }
    }

    fn window(&mut self, raw: Spanned<RawWindow>) -> Option<Window> {
        let whole = span(raw.span());
        let raw = raw.into_inner();
        let zone = self.zone(&raw.zone);
        let opening = match (raw.days, raw.from, raw.to, raw.cron, raw.duration) {
            (Some(days), Some(from), Some(to), None, None) => self.weekly(&days, &from, &to),
            (None, None, None, Some(cron), Some(lasts)) => self.cron(&cron, &lasts),
            _ => {
                // A key that could not be read is not missing.
                if self.complete {
                    let message = "a window is either days of the week or a cron pattern";
                    let help = "write `days`, `from` and `to`, or `cron` and `duration`";
                    self.report(whole, message, help);
                }
                None
            }
        };
        Some(Window { opening: opening?, zone: zone?, span: whole })
    }

    fn weekly(
        &mut self,
        days: &Spanned<String>,
        from: &Spanned<MomentText>,
        to: &Spanned<MomentText>,
    ) -> Option<Opening> {
        let known = date::days(days.get_ref());
        if known.is_none() {
            self.report(
                span(days.span()),
                format!("{} are not days of the week", quoted(days.get_ref())),
                "write days such as \"Tue\", \"Tue-Thu\" or \"Mon,Wed-Fri\"",
            );
        }
        let (opens, closes) = (self.time(from), self.time(to));
        if opens.is_some() && opens == closes {
            let help = "leave `windows` away where any time will do";
            self.report(span(to.span()), "the window ends when it begins", help);
        }
        Some(Opening::Weekly { days: known?, from: opens?, to: closes? })
    }

    fn cron(&mut self, cron: &Spanned<String>, lasts: &Spanned<String>) -> Option<Opening> {
        let text = cron.get_ref();
        let pattern = (text.len() <= LONGEST_PATTERN).then(|| Cron::from_str(text).ok()).flatten();
        if pattern.is_none() {
            self.report(
                span(cron.span()),
                format!("{} is not a cron pattern", quoted(text)),
                "write minute, hour, day, month and day of the week: \"0 9 * * TUE-THU\"",
            );
        }
        let duration = SignedDuration::from_str(lasts.get_ref())
            .ok()
            .filter(|duration| *duration > SignedDuration::ZERO && *duration <= LONGEST);
        if duration.is_none() {
            self.report(
                span(lasts.span()),
                format!("{} is not a time of up to a week", quoted(lasts.get_ref())),
                "write hours and minutes: \"7h\", \"90m\", \"1h 30m\"",
            );
        }
        Some(Opening::Cron { pattern: Box::new(pattern?), text: text.clone(), lasts: duration? })
    }

    fn zone(&mut self, name: &Spanned<String>) -> Option<TimeZone> {
        let zone = time_zone(name.get_ref());
        if zone.is_none() {
            let message = format!("{} is not a time zone", quoted(name.get_ref()));
            let help = "write an IANA name such as \"Europe/Berlin\" or \"UTC\"";
            self.report(span(name.span()), message, help);
        }
        zone
    }

    fn time(&mut self, text: &Spanned<MomentText>) -> Option<Time> {
        let time = date::time(&text.get_ref().0);
        if time.is_none() {
            self.report(
                span(text.span()),
                format!("{} is not a time of day", quoted(&text.get_ref().0)),
                "write hours and minutes: \"09:00\"",
            );
        }
        time
    }

    fn date(&mut self, text: &Spanned<MomentText>) -> Option<Date> {
        let date = date::date(&text.get_ref().0);
        if date.is_none() {
            self.report(
                span(text.span()),
                format!("{} is not a day of the calendar", quoted(&text.get_ref().0)),
                "write year, month and day: \"2027-03-01\"",
            );
        }
        date
    }

    pub(super) fn freeze(&mut self, raw: Spanned<RawFreeze>) -> Option<Freeze> {
        let whole = span(raw.span());
        let raw = raw.into_inner();
        let (from, to) = (self.date(&raw.from), self.date(&raw.to));
        let reason = self.text("the reason", raw.reason).value;
        let zone = raw.zone.map_or(Some(TimeZone::UTC), |zone| self.zone(&zone));
        let known = Class::ALL.map(|class| (class.name(), class));
        let classes = raw.classes.iter().filter_map(|word| self.word("class", word, &known));
        let classes = classes.collect();
        let (from, to) = (from?, to?);
        if from > to {
            let message = format!("the freeze ends on {to}, before it begins on {from}");
            self.report(span(raw.to.span()), message, "exchange `from` and `to`");
        }
        Some(Freeze { from, to, zone: zone?, classes, reason, span: whole })
    }

    /// A waiver that lacks something is not a broken file: a rule says so about the waiver.
    pub(super) fn waiver(&mut self, raw: Spanned<RawWaiver>) -> Waiver {
        let whole = span(raw.span());
        let raw = raw.into_inner();
        let said = |text: Option<Spanned<String>>| {
            text.map(Spanned::into_inner).filter(|text| !text.trim().is_empty())
        };
        let rule = self.text("the rule's id", raw.rule);
        if rule.value.starts_with("governance/") {
            let message = "what is said about the policy itself cannot be waived";
            self.report(rule.span, message, "mend what the finding is about");
        }
        let subject = match (raw.migration, raw.schema) {
            (Some(id), None) => {
                let id = self.text("the migration's id", id);
                Sited::new(Subject::Migration(id.value), id.span)
            }
            (None, Some(name)) => {
                let name = self.text("the schema's name", name);
                Sited::new(Subject::Schema(name.value), name.span)
            }
            (found, _) => {
                let both = found.is_some();
                let what = if both { "both a migration and a schema" } else { "nothing" };
                let help = "write either `migration` or `schema`";
                self.report(whole, format!("the waiver is about {what}"), help);
                Sited::new(Subject::Migration(String::new()), whole)
            }
        };
        Waiver {
            rule,
            subject,
            set: raw.set.map(|set| self.text("the set's name", set).value),
            content: raw.content.and_then(|content| self.content(&content)),
            reason: said(raw.reason),
            owner: said(raw.owner),
            expires: raw.expires.and_then(|text| {
                let at = span(text.span());
                self.date(&text).map(|date| Sited::new(date, at))
            }),
            span: whole,
        }
    }

    /// The digits of `sha256:…`.
    fn content(&mut self, text: &Spanned<String>) -> Option<String> {
        let at: Span = span(text.span());
        let digits = text.get_ref().strip_prefix("sha256:").filter(|digits| {
            digits.len() == 64 && digits.bytes().all(|byte| byte.is_ascii_hexdigit())
        });
        if digits.is_none() && !text.get_ref().trim().is_empty() {
            let message = format!("{} is not the content of anything", quoted(text.get_ref()));
            let help = "write \"sha256:\" and 64 digits; `migration-gate list --format json` \
                        shows them as `content`";
            self.report(at, message, help);
        }
        digits.map(str::to_ascii_lowercase)
    }
}
