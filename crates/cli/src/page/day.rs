//! The day something was done, from the time of a file.

use std::path::Path;
use std::time::UNIX_EPOCH;

const SECONDS_A_DAY: u64 = 24 * 60 * 60;

/// The day (UTC) on which `path` was last written, as `2026-03-01`; empty where nobody knows.
pub(super) fn last_written(path: &Path) -> String {
    let seconds = std::fs::metadata(path)
        .and_then(|about| about.modified())
        .ok()
        .and_then(|time| time.duration_since(UNIX_EPOCH).ok());
    seconds.map_or(String::new(), |seconds| day(seconds.as_secs() / SECONDS_A_DAY))
}

/// The day that comes `days` after 1970-01-01.
fn day(mut days: u64) -> String {
    let mut year = 1970;
    while days >= 365 + leap_day(year) {
        days -= 365 + leap_day(year);
        year += 1;
    }
    let lengths = [31, 28 + leap_day(year), 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];
    let mut month = 0;
    while days >= lengths[month] {
        days -= lengths[month];
        month += 1;
    }
    format!("{year:04}-{:02}-{:02}", month + 1, days + 1)
}

fn leap_day(year: u64) -> u64 {
    let is_leap = year.is_multiple_of(4) && (!year.is_multiple_of(100) || year.is_multiple_of(400));
    u64::from(is_leap)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_are_those_of_the_calendar() {
        for (days, expected) in [
            (0, "1970-01-01"),
            (11_016, "2000-02-29"),
            (11_017, "2000-03-01"),
            (19_722, "2023-12-31"),
            (19_723, "2024-01-01"),
            (47_540, "2100-02-28"),
            (47_541, "2100-03-01"),
        ] {
            assert_eq!(day(days), expected);
        }
    }

    #[test]
    fn a_file_that_is_not_there_has_no_day() {
        assert_eq!(last_written(Path::new("no such file")), "");
    }
}
