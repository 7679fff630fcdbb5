//! Times in files, and days, as people read and type them.

use locvtp_video::Seconds;

/// Seconds in a day.
const DAY_S: i64 = 86_400;

/// No file plays for longer than this: 115 days.
const LONGEST_S: f64 = 1e7;

/// `0:12.50` or `1:02:03.50`: hundredths of a second.
pub(crate) fn clock(seconds: f64) -> String {
    Seconds(seconds).clock()
}

/// Reads how long something lasts: a time above 0, as [`read_clock`] does.
pub(crate) fn read_length(text: &str) -> Result<f64, String> {
    let seconds = read_clock(text).filter(|seconds| *seconds > 0.0);
    seconds.ok_or_else(|| "expected a time above 0, as 90 or 1:02:03".to_owned())
}

/// Reads `12.5`, `1:12.5` or `1:02:03`: seconds.
pub(crate) fn read_clock(text: &str) -> Option<f64> {
    let mut seconds = 0.0;
    let parts: Vec<&str> = text.trim().split(':').collect();
    if parts.len() > 3 {
        return None;
    }
    for (place, part) in parts.iter().enumerate() {
        let number: f64 = part.parse().ok()?;
        let is_last = place + 1 == parts.len();
        let is_right = number >= 0.0 && number.is_finite() && (is_last || number.fract() == 0.0);
        if !is_right || (place > 0 && number >= 60.0) {
            return None;
        }
        seconds = seconds * 60.0 + number;
    }
    Some(seconds).filter(|seconds| *seconds <= LONGEST_S)
}

/// Reads a day, `2026-07-31`: its first moment (UTC) in nanoseconds since 1970. Days beyond those that can be
/// counted so, in the years 1677 and 2262, are the first and the last of them.
pub(crate) fn read_day(text: &str) -> Result<i64, String> {
    let wrong = || "expected a day as 2026-07-31".to_owned();
    let parts: Vec<&str> = text.trim().split('-').collect();
    let [year, month, day] = parts.as_slice() else { return Err(wrong()) };
    let number = |part: &str, least: i64, most: i64| {
        part.parse::<i64>().ok().filter(|number| (least..=most).contains(number))
    };
    let (year, month) = (number(year, 1, 9999), number(month, 1, 12));
    let (Some(year), Some(month)) = (year, month) else { return Err(wrong()) };
    let Some(day) = number(day, 1, days_of(year, month)) else { return Err(wrong()) };
    let months: i64 = (1..month).map(|month| days_of(year, month)).sum();
    let days = days_before(year) - days_before(1970) + months + day - 1;
    Ok((days * DAY_S).saturating_mul(1_000_000_000))
}

/// Days from the first of the year 1 to the first of a year.
fn days_before(year: i64) -> i64 {
    let past = year - 1;
    past * 365 + past / 4 - past / 100 + past / 400
}

fn is_leap(year: i64) -> bool {
    year % 4 == 0 && (year % 100 != 0 || year % 400 == 0)
}

fn days_of(year: i64, month: i64) -> i64 {
    match month {
        2 if is_leap(year) => 29,
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_written_as_players_write_them_and_read_back() {
        for (seconds, written) in [(0.0, "0:00.00"), (72.5, "1:12.50"), (3723.45, "1:02:03.45")] {
            assert_eq!((clock(seconds).as_str(), read_clock(written)), (written, Some(seconds)));
        }
        assert_eq!(clock(59.999), "1:00.00");
        assert_eq!(read_clock("90"), Some(90.0));
        assert_eq!((read_length("1:00"), read_length("0.5")), (Ok(60.0), Ok(0.5)));
        for wrong in ["0", "0:00", "-1", "soon", "1e300"] {
            assert!(read_length(wrong).unwrap_err().contains("1:02:03"), "{wrong}");
        }
        for wrong in ["", "a", "-1", "1:60", "1.5:00", "1:2:3:4", "nan", "inf", "1e300", "10000001"]
        {
            assert_eq!(read_clock(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn days_are_counted_from_1970_and_what_is_no_day_is_refused() {
        let days = |text: &str| read_day(text).map(|ns| ns / 1_000_000_000 / DAY_S);
        assert_eq!((days("1970-01-01"), days("1971-03-01")), (Ok(0), Ok(365 + 31 + 28)));
        // 2000 and 2024 are leap years, 2100 is none.
        assert_eq!(days("2000-03-01"), Ok(11_017));
        assert_eq!(days("2024-02-29"), Ok(19_782));
        assert_eq!((days("1969-12-31"), days("1900-01-01")), (Ok(-1), Ok(-25_567)));
        assert_eq!(read_day("9999-12-31"), Ok(i64::MAX));
        assert_eq!(read_day("0001-01-01"), Ok(i64::MIN));
        for wrong in ["2100-02-29", "2026-13-01", "2026-00-01", "31.7.2026", "2026-7", "soon"] {
            assert!(days(wrong).unwrap_err().contains("2026-07-31"), "{wrong}");
        }
    }
}
