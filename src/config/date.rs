//! Days and times as people write them.

use jiff::civil::{Date, Time, Weekday};

use crate::model::day_name;

/// The day written as `YYYY-MM-DD`.
pub(super) fn date(text: &str) -> Option<Date> {
    let mut parts = text.split('-');
    let (year, month, day) = (parts.next()?, parts.next()?, parts.next()?);
    if parts.next().is_some() {
        return None;
    }
    let (month, day) = (i8::try_from(digits(month, 2)?).ok()?, i8::try_from(digits(day, 2)?).ok()?);
    Date::new(digits(year, 4)?, month, day).ok().filter(|date| date.year() > 0)
}

/// The minute written as `HH:MM`.
pub(super) fn time(text: &str) -> Option<Time> {
    let (hour, minute) = text.split_once(':')?;
    let (hour, minute) = (digits(hour, 2)?, digits(minute, 2)?);
    Time::new(i8::try_from(hour).ok()?, i8::try_from(minute).ok()?, 0, 0).ok()
}

/// The days of a list such as `Mon,Wed-Fri`, in the order of the week. A range may run over the
/// week's end.
pub(super) fn days(text: &str) -> Option<Vec<Weekday>> {
    let week: Vec<Weekday> = Weekday::Monday.cycle_forward().take(7).collect();
    let index = |name: &str| week.iter().position(|day| day_name(*day) == name.trim());
    let mut chosen = [false; 7];
    for part in text.split(',') {
        let (from, to) = part.split_once('-').unwrap_or((part, part));
        let (from, to) = (index(from)?, index(to)?);
        let length = (to + 7 - from) % 7;
        (0..=length).for_each(|step| chosen[(from + step) % 7] = true);
    }
    Some(week.into_iter().zip(chosen).filter_map(|(day, on)| on.then_some(day)).collect())
}

/// A number written with exactly that many digits.
fn digits(text: &str, count: usize) -> Option<i16> {
    let plain = text.len() == count && text.bytes().all(|byte| byte.is_ascii_digit());
    plain.then(|| text.parse().ok()).flatten()
}

#[cfg(test)]
mod tests {
    use super::{date, day_name, days, time};

    #[test]
    fn only_days_of_the_calendar_are_dates() {
        for good in ["2026-12-20", "2024-02-29", "2000-02-29", "0001-01-01", "9999-12-31"] {
            assert_eq!(date(good).unwrap().to_string(), good);
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
            assert_eq!(date(bad), None, "{bad}");
        }
    }

    #[test]
    fn times_are_minutes_of_a_day() {
        assert_eq!(time("09:05").unwrap().to_string(), "09:05:00");
        for bad in ["24:00", "9:00", "09:60", "0900", "09:00:00", "-1:00", ""] {
            assert_eq!(time(bad), None, "{bad}");
        }
    }

    #[test]
    fn lists_of_days_run_over_the_weekend() {
        let names =
            |text| -> Option<Vec<_>> { Some(days(text)?.into_iter().map(day_name).collect()) };
        assert_eq!(names("Tue-Thu"), Some(vec!["Tue", "Wed", "Thu"]));
        assert_eq!(names("Sat-Mon, Wed"), Some(vec!["Mon", "Wed", "Sat", "Sun"]));
        for bad in ["", "Tuesday", "Mon-", "Mon-Tue-Wed", "Mon;Tue"] {
            assert_eq!(names(bad), None, "{bad}");
        }
    }
}
