//! The moment of a check.

use std::fmt;

use jiff::civil::Date;
use jiff::tz::TimeZone;
use jiff::{RoundMode, Timestamp, TimestampRound, Unit};

/// The rules whose findings hang on the moment of the check and not only on the change.
pub const TIMED_RULES: [&str; 6] = [
    "class/frozen",
    "class/outside-window",
    "config/deprecation-window",
    "governance/waiver-expired",
    "governance/waiver-incomplete",
    "governance/waiver-unused",
];

/// The moment at which windows, freezes and last days are decided, no finer than it is shown, so
/// that a check at the moment in the report decides the same.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Moment {
    at: Timestamp,
    to_the_minute: bool,
}

impl Moment {
    /// The minute in which `at` lies.
    #[must_use]
    pub fn minute(at: Timestamp) -> Self {
        let down = TimestampRound::new().smallest(Unit::Minute).mode(RoundMode::Floor);
        Self { at: at.round(down).unwrap_or(at), to_the_minute: true }
    }

    /// The first minute of the day in UTC on which `at` lies.
    #[must_use]
    pub fn day(at: Timestamp) -> Self {
        let first = at.to_zoned(TimeZone::UTC).start_of_day();
        Self { at: first.map_or(at, |first| first.timestamp()), to_the_minute: false }
    }

    /// The moment as a report shows it; `None` where it is none.
    #[must_use]
    pub fn parse(shown: &str) -> Option<Self> {
        let at = |text: &str| text.parse::<Timestamp>().ok();
        let moment = match shown.strip_suffix('Z') {
            Some(minute) => Self::minute(at(&format!("{minute}:00Z"))?),
            None => Self::day(at(&format!("{shown}T00:00:00Z"))?),
        };
        (moment.to_string() == shown).then_some(moment)
    }

    /// The point in time.
    #[must_use]
    pub fn timestamp(self) -> Timestamp {
        self.at
    }

    /// The day in UTC.
    #[must_use]
    pub fn date(self) -> Date {
        self.at.to_zoned(TimeZone::UTC).date()
    }
}

impl fmt::Display for Moment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let format = if self.to_the_minute { "%Y-%m-%dT%H:%MZ" } else { "%Y-%m-%d" };
        write!(f, "{}", self.at.strftime(format))
    }
}

#[cfg(test)]
mod tests {
    use super::Moment;

    #[test]
    fn a_moment_is_no_finer_than_it_is_shown() {
        let at = "2026-11-21T10:30:59.9Z".parse().unwrap();
        for (moment, shown, whole) in [
            (Moment::minute(at), "2026-11-21T10:30Z", "2026-11-21T10:30:00Z"),
            (Moment::day(at), "2026-11-21", "2026-11-21T00:00:00Z"),
        ] {
            assert_eq!(moment.to_string(), shown);
            assert_eq!(moment.timestamp().to_string(), whole);
            assert_eq!(moment.date().to_string(), "2026-11-21");
            assert_eq!(Moment::parse(shown), Some(moment));
        }
        for none in ["", "now", "2026-02-30", "2026-11-21T10:30:01Z"] {
            assert_eq!(Moment::parse(none), None, "{none}");
        }
    }
}
