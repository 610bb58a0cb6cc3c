//! When migrations may be rolled out, and by whose leave.

use std::collections::BTreeMap;
use std::fmt;

use croner::Cron;
use jiff::civil::{Date, Time, Weekday};
use jiff::tz::{TimeZone, TimeZoneDatabase};
use jiff::{SignedDuration, Timestamp, ToSpan as _, Zoned};

use super::{Class, Sited, Span};

/// The time zone of that IANA name, from the data that comes with the program, so that every
/// machine decides alike.
#[must_use]
pub fn time_zone(name: &str) -> Option<TimeZone> {
    TimeZoneDatabase::bundled().get(name).ok()
}

/// What a policy asks of a roll-out.
#[derive(Clone, Debug, Default)]
pub struct Rollout {
    /// What is asked of migrations of one class.
    pub classes: BTreeMap<Class, ClassPolicy>,
    /// Times in which nothing is to be rolled out.
    pub freezes: Vec<Freeze>,
}

impl Rollout {
    /// Whether it hangs on the minute and not only on the day in UTC.
    #[must_use]
    pub fn needs_minutes(&self) -> bool {
        self.classes.values().any(|class| !class.windows.is_empty())
            || self.freezes.iter().any(|freeze| freeze.zone.iana_name() != Some("UTC"))
    }
}

/// What is asked of migrations of one class.
#[derive(Clone, Debug, Default)]
pub struct ClassPolicy {
    /// When they may be rolled out; at any time where there is none.
    pub windows: Vec<Window>,
    /// Who has to agree.
    pub approval: Option<Approval>,
}

/// Who has to agree.
#[derive(Clone, Debug)]
pub struct Approval {
    /// The team.
    pub team: Sited<String>,
    /// A label of the pull request that stands for the team's word.
    pub label: Option<Sited<String>>,
}

/// A time in which migrations may be rolled out, again and again.
#[derive(Clone, Debug)]
pub struct Window {
    /// When it opens and closes.
    pub opening: Opening,
    /// Whose clock counts.
    pub zone: TimeZone,
    /// The whole entry.
    pub span: Span,
}

/// When a window opens and closes.
#[derive(Clone, Debug)]
pub enum Opening {
    /// On days of the week.
    Weekly {
        /// The days on which it opens, in the order of the week.
        days: Vec<Weekday>,
        /// The first minute.
        from: Time,
        /// The first minute after it; on the next day where it is before `from`.
        to: Time,
    },
    /// At the times of a cron pattern.
    Cron {
        /// The pattern.
        pattern: Box<Cron>,
        /// The pattern as it was written.
        text: String,
        /// How long it stays open.
        lasts: SignedDuration,
    },
}

impl Window {
    /// Whether it is open at that moment.
    #[must_use]
    pub fn is_open(&self, at: Timestamp) -> bool {
        let now = at.to_zoned(self.zone.clone());
        match &self.opening {
            Opening::Weekly { .. } => [now.date().yesterday(), Ok(now.date())]
                .into_iter()
                .filter_map(Result::ok)
                .filter_map(|day| self.on(day))
                .any(|(opens, closes)| opens <= now && now < closes),
            Opening::Cron { pattern, lasts, .. } => pattern
                .find_previous_occurrence(&now, true)
                .is_ok_and(|opened| now.duration_since(&opened) < *lasts),
        }
    }

    /// When it opens next after that moment; `None` where it never does.
    #[must_use]
    pub fn next_opening(&self, at: Timestamp) -> Option<Zoned> {
        let now = at.to_zoned(self.zone.clone());
        match &self.opening {
            Opening::Weekly { .. } => (0..=8)
                .filter_map(|days| now.date().checked_add(days.days()).ok())
                .filter_map(|day| self.on(day))
                .map(|(opens, _)| opens)
                .find(|opens| *opens > now),
            Opening::Cron { pattern, .. } => pattern.find_next_occurrence(&now, false).ok(),
        }
    }

    /// The weekly window that opens on that day.
    fn on(&self, day: Date) -> Option<(Zoned, Zoned)> {
        let Opening::Weekly { days, from, to } = &self.opening else { return None };
        let last = if to < from { day.tomorrow().ok()? } else { day };
        let at = |day: Date, time: &Time| day.to_datetime(*time).to_zoned(self.zone.clone()).ok();
        days.contains(&day.weekday()).then(|| at(day, from).zip(at(last, to))).flatten()
    }
}

impl fmt::Display for Window {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.opening {
            Opening::Weekly { days, from, to } => {
                let days: Vec<&str> = days.iter().map(|day| day_name(*day)).collect();
                let (from, to) = (from.strftime("%H:%M"), to.strftime("%H:%M"));
                write!(f, "{} {from}–{to}", days.join(","))?;
            }
            Opening::Cron { text, lasts, .. } => {
                write!(f, "{lasts:#} from each \"{text}\"")?;
            }
        }
        write!(f, " {}", self.zone.iana_name().unwrap_or("UTC"))
    }
}

/// The name of a day in configuration and reports.
#[must_use]
pub fn day_name(day: Weekday) -> &'static str {
    match day {
        Weekday::Monday => "Mon",
        Weekday::Tuesday => "Tue",
        Weekday::Wednesday => "Wed",
        Weekday::Thursday => "Thu",
        Weekday::Friday => "Fri",
        Weekday::Saturday => "Sat",
        Weekday::Sunday => "Sun",
    }
}

/// A time in which nothing is to be rolled out, both days included.
#[derive(Clone, Debug)]
pub struct Freeze {
    /// The first day.
    pub from: Date,
    /// The last day.
    pub to: Date,
    /// Whose days these are.
    pub zone: TimeZone,
    /// The classes it holds for; none is all of them.
    pub classes: Vec<Class>,
    /// Why.
    pub reason: String,
    /// The whole entry.
    pub span: Span,
}

impl Freeze {
    /// Whether migrations of that class are frozen at that moment.
    #[must_use]
    pub fn holds(&self, class: Class, at: Timestamp) -> bool {
        let day = at.to_zoned(self.zone.clone()).date();
        (self.classes.is_empty() || self.classes.contains(&class))
            && (self.from..=self.to).contains(&day)
    }
}

#[cfg(test)]
mod tests {
    use std::str::FromStr as _;

    use super::*;

    fn window(opening: Opening, zone: &str) -> Window {
        Window { opening, zone: time_zone(zone).unwrap(), span: Span::new(0, 0) }
    }

    fn weekly(days: &[Weekday], from: &str, to: &str, zone: &str) -> Window {
        let time = |text: &str| Time::from_str(text).unwrap();
        window(Opening::Weekly { days: days.to_vec(), from: time(from), to: time(to) }, zone)
    }

    fn cron(text: &str) -> Window {
        let pattern = Box::new(Cron::from_str(text).unwrap());
        let lasts = SignedDuration::from_hours(2);
        window(Opening::Cron { pattern, text: text.to_owned(), lasts }, "UTC")
    }

    fn at(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    #[test]
    fn a_window_is_open_from_its_first_minute_to_its_last_on_its_own_clock() {
        // Berlin is an hour ahead in November and two in June.
        let window = weekly(&[Weekday::Tuesday], "09:00", "16:00", "Europe/Berlin");
        for (moment, open) in [
            ("2026-11-24T07:59Z", false),
            ("2026-11-24T08:00Z", true),
            ("2026-11-24T14:59Z", true),
            ("2026-11-24T15:00Z", false),
            ("2026-11-25T08:00Z", false),
            ("2026-06-23T07:00Z", true),
            ("2026-06-23T14:00Z", false),
        ] {
            assert_eq!(window.is_open(at(moment)), open, "{moment}");
        }
        let next = window.next_opening(at("2026-11-24T08:00Z")).unwrap();
        assert_eq!(
            next.strftime("%a %F %H:%M %Q").to_string(),
            "Tue 2026-12-01 09:00 Europe/Berlin"
        );
        assert_eq!(window.to_string(), "Tue 09:00–16:00 Europe/Berlin");
    }

    #[test]
    fn a_window_may_run_over_midnight_and_over_a_change_of_the_clock() {
        let night = weekly(&[Weekday::Saturday], "22:00", "04:00", "Europe/Berlin");
        // The night of 24 to 25 October 2026 has an hour more.
        for (moment, open) in [
            ("2026-10-24T19:59Z", false),
            ("2026-10-24T20:00Z", true),
            ("2026-10-25T02:59Z", true),
            ("2026-10-25T03:00Z", false),
        ] {
            assert_eq!(night.is_open(at(moment)), open, "{moment}");
        }
    }

    #[test]
    fn a_cron_pattern_opens_a_window_for_a_while() {
        let window = cron("0 9 1-7 * TUE");
        for (moment, open) in [
            ("2026-11-24T08:59Z", false),
            ("2026-11-24T09:00Z", true),
            ("2026-11-24T10:59Z", true),
            ("2026-11-24T11:00Z", false),
        ] {
            assert_eq!(window.is_open(at(moment)), open, "{moment}");
        }
        assert_eq!(window.to_string(), "2h from each \"0 9 1-7 * TUE\" UTC");
        let never = cron("0 0 31 2 *");
        assert!(!never.is_open(at("2026-11-24T09:00Z")));
        assert_eq!(never.next_opening(at("2026-11-24T09:00Z")), None);
    }

    #[test]
    fn a_freeze_holds_for_whole_days_of_its_zone() {
        let freeze = Freeze {
            from: Date::constant(2026, 12, 20),
            to: Date::constant(2027, 1, 4),
            zone: time_zone("Pacific/Auckland").unwrap(),
            classes: vec![Class::PostDeploy],
            reason: String::new(),
            span: Span::new(0, 0),
        };
        for (moment, frozen) in [
            ("2026-12-19T10:59Z", false),
            ("2026-12-19T11:00Z", true),
            ("2027-01-04T10:59Z", true),
            ("2027-01-04T11:00Z", false),
        ] {
            assert_eq!(freeze.holds(Class::PostDeploy, at(moment)), frozen, "{moment}");
            assert!(!freeze.holds(Class::Online, at(moment)), "{moment}");
        }
    }
}
