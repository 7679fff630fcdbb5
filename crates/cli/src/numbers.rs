//! Numbers that are typed, refused in words that say which are taken.

use std::fmt::Display;
use std::str::FromStr;

/// The largest whole number that a run file can hold (TOML).
pub(crate) const MOST_IN_A_FILE: u64 = i64::MAX as u64;

/// Reads a whole number from `least` to `most`.
pub(crate) fn whole<T>(least: T, most: T) -> impl Fn(&str) -> Result<T, String> + Clone
where
    T: FromStr + PartialOrd + Display + Clone + Send + Sync + 'static,
{
    move |text| {
        let number = text.trim().parse().ok();
        let number = number.filter(|number| (&least..=&most).contains(&number));
        number.ok_or_else(|| format!("expected a whole number from {least} to {most}"))
    }
}

/// Reads a seed.
pub(crate) fn seed(text: &str) -> Result<u64, String> {
    whole(0, MOST_IN_A_FILE)(text)
}

/// Reads a number from `least` to `most`.
pub(crate) fn number(least: f64, most: f64) -> impl Fn(&str) -> Result<f64, String> + Clone {
    move |text| {
        let number = text.trim().parse().ok();
        let number = number.filter(|number| (least..=most).contains(number));
        number.ok_or_else(|| format!("expected a number from {least} to {most}"))
    }
}

/// Reads a number above 0, up to `most`.
pub(crate) fn above_zero(most: f64) -> impl Fn(&str) -> Result<f64, String> + Clone {
    move |text| {
        let number = text.trim().parse().ok();
        let number = number.filter(|number: &f64| *number > 0.0 && *number <= most);
        number.ok_or_else(|| format!("expected a number above 0, up to {most}"))
    }
}

/// Reads a number from 0 to 1.
pub(crate) fn share(text: &str) -> Result<f64, String> {
    number(0.0, 1.0)(text)
}

#[cfg(test)]
mod tests {
    use clap::error::ErrorKind;
    use clap::{Arg, Command};

    use super::*;
    use crate::help::command_line;

    #[test]
    fn what_is_no_number_or_out_of_its_range_is_told_the_range() {
        let count = whole(1u32, 512);
        assert_eq!((count("1"), count(" 512 ")), (Ok(1), Ok(512)));
        for wrong in ["0", "513", "-1", "1.5", "", "many", "nan", "99999999999999999999"] {
            let said = "expected a whole number from 1 to 512";
            assert_eq!(count(wrong).unwrap_err(), said, "{wrong}");
        }
        assert_eq!(seed("9223372036854775807"), Ok(MOST_IN_A_FILE));
        assert!(seed("9223372036854775808").is_err());
        assert_eq!((share("0"), share("1")), (Ok(0.0), Ok(1.0)));
        let seconds = above_zero(60.0);
        assert_eq!(seconds("60"), Ok(60.0));
        for wrong in ["nan", "inf", "-inf", "-1", "1e300"] {
            assert_eq!(share(wrong).unwrap_err(), "expected a number from 0 to 1", "{wrong}");
            let said = "expected a number above 0, up to 60";
            assert_eq!(seconds(wrong).unwrap_err(), said, "{wrong}");
        }
        assert!(seconds("0").is_err() && seconds("1e-300").is_ok());
    }

    /// What the values of flags are called that are numbers.
    const NUMBERS: [&str; 7] = ["N", "S", "M", "E", "IOU", "BELOW", "TEMPERATURE"];
    /// Flags that 0 means something for.
    const ZERO: [&str; 7] =
        ["seed", "max-bad", "epsilon", "clip-seconds", "iou", "nms", "nms-below"];

    fn has_number(arg: &Arg) -> bool {
        let names = arg.get_value_names().unwrap_or_default();
        names.iter().any(|name| NUMBERS.contains(&name.as_str()))
    }

    /// The words of a refusal of this value; `None` where it is taken.
    fn refusal(words: &[&str]) -> Option<String> {
        let error = command_line().try_get_matches_from(words).err()?;
        // What must be given besides is asked for later.
        let is_taken = matches!(error.kind(), ErrorKind::MissingRequiredArgument);
        (!is_taken).then(|| error.to_string())
    }

    fn check_flags(command: &Command, path: &[&str], found: &mut usize) {
        for arg in command.get_arguments().filter(|arg| has_number(arg)) {
            *found += 1;
            let name = arg.get_long().unwrap();
            let flag = format!("--{name}");
            for value in ["nan", "inf", "-inf", "-1", "1e300", "many", "", "99999999999999999999"] {
                let joined = format!("{flag}={value}");
                let told = refusal(&[path, &[&joined]].concat());
                let told = told.unwrap_or_else(|| panic!("{path:?} {joined} is taken"));
                let says_range = told.contains("expected a") || value.is_empty();
                assert!(told.contains(&flag) && says_range, "{joined}: {told}");
            }
            let told = refusal(&[path, &[&flag, "-1"]].concat()).unwrap();
            assert!(told.contains(&flag) && told.contains("expected a"), "{flag} -1: {told}");
            for (value, is_taken) in [("0", ZERO.contains(&name)), ("1", true)] {
                let refusal = refusal(&[path, &[&flag, value]].concat());
                assert_eq!(refusal.is_none(), is_taken, "{path:?} {flag} {value}: {refusal:?}");
            }
        }
        for inner in command.get_subcommands() {
            check_flags(inner, &[path, &[inner.get_name()]].concat(), found);
        }
    }

    #[test]
    fn every_flag_with_a_number_refuses_what_is_out_of_its_range_and_says_the_range() {
        let mut found = 0;
        check_flags(&command_line(), &["locvtp"], &mut found);
        assert!(found >= 25, "{found} flags with a number");
        // Three numbers.
        for flag in ["--mean", "--std"] {
            for value in ["nan,0,0", "0.5,0.5,-0.5", "0.5,0.5", "inf,1,1", "123,117,104"] {
                let told = refusal(&["locvtp", "weights", "import", flag, value]).unwrap();
                assert!(told.contains(flag) && told.contains("three numbers"), "{told}");
            }
            assert_eq!(refusal(&["locvtp", "weights", "import", flag, "0.5,0.5,0.5"]), None);
        }
        assert!(refusal(&["locvtp", "weights", "import", "--std", "0,0,0"]).is_some());
    }
}
