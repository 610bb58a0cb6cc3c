//! Days and times as people write them. No clock and no time zone data are needed for these.

use std::fmt;

/// A day of the calendar.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Date {
    year: u16,
    month: u8,
    day: u8,
}

impl Date {
    /// The day, where the calendar has it.
    #[must_use]
    pub fn new(year: u16, month: u8, day: u8) -> Option<Self> {
        let leap =
            year.is_multiple_of(4) && (!year.is_multiple_of(100) || year.is_multiple_of(400));
        let days = match month {
            4 | 6 | 9 | 11 => 30,
            2 if leap => 29,
            2 => 28,
            1..=12 => 31,
            _ => return None,
        };
        ((1..=9999).contains(&year) && (1..=days).contains(&day)).then_some(Self {
            year,
            month,
            day,
        })
    }

    /// The day written as `YYYY-MM-DD`.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let mut parts = text.split('-');
        let (year, month, day) = (parts.next()?, parts.next()?, parts.next()?);
        if parts.next().is_some() {
            return None;
        }
        Self::new(digits(year, 4)?, u8::try_from(digits(month, 2)?).ok()?, {
            u8::try_from(digits(day, 2)?).ok()?
        })
    }
}

impl fmt::Display for Date {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:04}-{:02}-{:02}", self.year, self.month, self.day)
    }
}

/// A minute of a day.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct TimeOfDay {
    minutes: u16,
}

impl TimeOfDay {
    /// The minute written as `HH:MM`.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let (hour, minute) = text.split_once(':')?;
        let (hour, minute) = (digits(hour, 2)?, digits(minute, 2)?);
        (hour < 24 && minute < 60).then_some(Self { minutes: hour * 60 + minute })
    }
}

impl fmt::Display for TimeOfDay {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:02}:{:02}", self.minutes / 60, self.minutes % 60)
    }
}

/// A day of the week.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[expect(missing_docs, reason = "the names say it")]
pub enum Day {
    Mon,
    Tue,
    Wed,
    Thu,
    Fri,
    Sat,
    Sun,
}

impl Day {
    /// The week.
    pub const ALL: [Self; 7] =
        [Self::Mon, Self::Tue, Self::Wed, Self::Thu, Self::Fri, Self::Sat, Self::Sun];

    /// The name in configuration and reports.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Mon => "Mon",
            Self::Tue => "Tue",
            Self::Wed => "Wed",
            Self::Thu => "Thu",
            Self::Fri => "Fri",
            Self::Sat => "Sat",
            Self::Sun => "Sun",
        }
    }

    /// The days of a list such as `Mon,Wed-Fri`, in the order of the week. A range may run over
    /// the week's end.
    #[must_use]
    pub fn parse_list(text: &str) -> Option<Vec<Self>> {
        let index = |name: &str| Self::ALL.iter().position(|day| day.name() == name.trim());
        let mut chosen = [false; 7];
        for part in text.split(',') {
            let (from, to) = part.split_once('-').unwrap_or((part, part));
            let (from, to) = (index(from)?, index(to)?);
            let length = (to + 7 - from) % 7;
            (0..=length).for_each(|step| chosen[(from + step) % 7] = true);
        }
        Some(Self::ALL.into_iter().zip(chosen).filter_map(|(day, on)| on.then_some(day)).collect())
    }
}

/// A number written with exactly that many digits.
fn digits(text: &str, count: usize) -> Option<u16> {
    let plain = text.len() == count && text.bytes().all(|byte| byte.is_ascii_digit());
    plain.then(|| text.parse().ok()).flatten()
}

#[cfg(test)]
mod tests {
    use super::{Date, Day, TimeOfDay};

    #[test]
    fn only_days_of_the_calendar_are_dates() {
        for good in ["2026-12-20", "2024-02-29", "2000-02-29", "0001-01-01", "9999-12-31"] {
            assert_eq!(Date::parse(good).unwrap().to_string(), good);
        }
        for bad in [
            "2026-02-29",
            "1900-02-29",
            "2026-13-01",
            "2026-00-10",
            "2026-04-31",
            "2026-1-1",
            "",
            "26-01-01",
            "2026-01-01T00:00:00Z",
            "2026-01-01-",
            "+026-01-01",
            "0000-01-01",
            "２０２６-01-01",
        ] {
            assert_eq!(Date::parse(bad), None, "{bad}");
        }
        assert!(Date::parse("2026-12-31") < Date::parse("2027-01-01"));
    }

    #[test]
    fn times_are_minutes_of_a_day() {
        assert_eq!(TimeOfDay::parse("09:05").unwrap().minutes, 545);
        for bad in ["24:00", "9:00", "09:60", "0900", "09:00:00", "-1:00", ""] {
            assert_eq!(TimeOfDay::parse(bad), None, "{bad}");
        }
    }

    #[test]
    fn lists_of_days_run_over_the_weekend() {
        let names = |text| -> Option<Vec<_>> {
            Some(Day::parse_list(text)?.into_iter().map(Day::name).collect())
        };
        assert_eq!(names("Tue-Thu"), Some(vec!["Tue", "Wed", "Thu"]));
        assert_eq!(names("Sat-Mon, Wed"), Some(vec!["Mon", "Wed", "Sat", "Sun"]));
        for bad in ["", "Tuesday", "Mon-", "Mon-Tue-Wed", "Mon;Tue"] {
            assert_eq!(names(bad), None, "{bad}");
        }
    }
}
