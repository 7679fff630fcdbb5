//! Times in files, and days, as people read and type them.

/// Seconds in a day.
const DAY_S: i64 = 86_400;

/// `0:12.50` or `1:02:03.50`: hundredths of a second.
pub(crate) fn clock(seconds: f64) -> String {
    let hundredths = (seconds * 100.0).round() as u64;
    let (s, rest) = (hundredths / 100, hundredths % 100);
    match (s / 3600, s / 60 % 60, s % 60) {
        (0, m, s) => format!("{m}:{s:02}.{rest:02}"),
        (h, m, s) => format!("{h}:{m:02}:{s:02}.{rest:02}"),
    }
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
    Some(seconds)
}

/// Reads a day, `2026-07-31`: its first moment (UTC) in nanoseconds since 1970.
pub(crate) fn read_day(text: &str) -> Result<i64, String> {
    let wrong = || "expected a day as 2026-07-31".to_owned();
    let parts: Vec<&str> = text.trim().split('-').collect();
    let [year, month, day] = parts.as_slice() else { return Err(wrong()) };
    let number = |part: &str, least: i64, most: i64| {
        part.parse::<i64>().ok().filter(|number| (least..=most).contains(number))
    };
    let (year, month) = (number(year, 1970, 2200), number(month, 1, 12));
    let (Some(year), Some(month)) = (year, month) else { return Err(wrong()) };
    let Some(day) = number(day, 1, days_of(year, month)) else { return Err(wrong()) };
    let years: i64 = (1970..year).map(|year| if is_leap(year) { 366 } else { 365 }).sum();
    let months: i64 = (1..month).map(|month| days_of(year, month)).sum();
    Ok((years + months + day - 1) * DAY_S * 1_000_000_000)
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
        for wrong in ["", "a", "-1", "1:60", "1.5:00", "1:2:3:4", "nan", "inf"] {
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
        for wrong in ["2100-02-29", "2026-13-01", "2026-00-01", "31.7.2026", "2026-7", "soon"] {
            assert!(days(wrong).unwrap_err().contains("2026-07-31"), "{wrong}");
        }
    }
}
