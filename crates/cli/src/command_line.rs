//! Commands that are told to be typed next: the program as it was called, its arguments quoted for
//! a shell, so that they run as they stand.

use std::ffi::{OsStr, OsString};

use locvtp_search::catalogue::CatalogueLocation;
use locvtp_train::shell_words::joined;
use locvtp_video::address::without_passwords;

/// The program as it was called, with `arguments`.
pub(crate) fn command<'a>(arguments: impl IntoIterator<Item = &'a str>) -> String {
    let arguments = arguments.into_iter().map(str::to_owned);
    joined(std::iter::once(program()).chain(arguments))
}

/// What was typed, once more: with the flag `with` and without the flag `without`.
pub(crate) fn typed_again(with: Option<&str>, without: Option<&str>) -> String {
    let arguments = std::env::args_os().skip(1).map(readable).collect();
    let launcher = launcher(|name| std::env::var(name).ok()).unwrap_or_default();
    joined(launcher.into_iter().chain([program()]).chain(changed(arguments, with, without)))
}

/// What started this process and others beside it, as one types it; `variable` gives those of the environment.
fn launcher(variable: impl Fn(&str) -> Option<String>) -> Option<Vec<String>> {
    let several = |name: &str| variable(name)?.parse::<usize>().ok().filter(|count| *count > 1);
    let (command, count) = match several("OMPI_COMM_WORLD_SIZE") {
        Some(count) => ("mpirun", count),
        None if variable("SLURM_PROCID").is_some() => ("srun", several("SLURM_STEP_NUM_TASKS")?),
        None => return None,
    };
    Some(vec![command.to_owned(), "-n".to_owned(), count.to_string()])
}

/// Whether others were started beside this process, and whether this is the one that speaks for all.
pub(crate) fn beside_others() -> Option<bool> {
    launcher(|name| std::env::var(name).ok())?;
    let rank = ["OMPI_COMM_WORLD_RANK", "SLURM_PROCID"];
    let rank = rank.into_iter().find_map(|name| std::env::var(name).ok());
    Some(rank.is_none_or(|rank| rank == "0"))
}

/// `arguments` with a flag behind the command's name, where flags may always stand.
fn changed(mut arguments: Vec<String>, with: Option<&str>, without: Option<&str>) -> Vec<String> {
    arguments.retain(|argument| Some(argument.as_str()) != without);
    if let Some(flag) = with
        && !arguments.iter().any(|argument| argument == flag)
    {
        arguments.insert(arguments.len().min(1), flag.to_owned());
    }
    arguments
}

fn program() -> String {
    std::env::args_os().next().map_or("locvtp".to_owned(), readable)
}

fn readable(argument: OsString) -> String {
    without_password(&argument.to_string_lossy())
}

/// An argument as it may be shown: an address in it has no password.
fn without_password(argument: &str) -> String {
    let value = argument.find('=').filter(|_| argument.starts_with("--")).map_or(0, |at| at + 1);
    let (before, value) = argument.split_at(value);
    if !value.get(..7).is_some_and(|start| start.eq_ignore_ascii_case("postgre")) {
        return without_passwords(argument).into_owned();
    }
    match CatalogueLocation::of(OsStr::new(value)) {
        Ok(CatalogueLocation::Folder(_)) => argument.to_owned(),
        Ok(address) => format!("{before}{address}"),
        Err(_) => format!("{before}postgres://..."),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_several_processes_do_is_typed_again_with_what_started_them() {
        let words = |variables: &[(&str, &str)]| {
            let given = |name: &str| {
                let found = variables.iter().find(|(variable, _)| *variable == name);
                found.map(|(_, value)| (*value).to_owned())
            };
            launcher(given).map(|words| words.join(" "))
        };
        assert_eq!(words(&[]), None);
        assert_eq!(words(&[("OMPI_COMM_WORLD_SIZE", "1")]), None);
        assert_eq!(words(&[("OMPI_COMM_WORLD_SIZE", "4")]).unwrap(), "mpirun -n 4");
        let in_a_job = [("SLURM_STEP_NUM_TASKS", "64")];
        assert_eq!(words(&in_a_job), None, "a batch script's own command");
        let by_srun = [in_a_job[0], ("SLURM_PROCID", "3")];
        assert_eq!(words(&by_srun).unwrap(), "srun -n 64");
    }

    #[test]
    fn a_command_that_is_told_has_no_password() {
        for (typed, shown) in [
            ("postgres://a:geheim@db/v", "postgres://a@db/v"),
            ("--catalog=postgresql://a:geheim@db/v", "--catalog=postgres://a@db/v"),
            ("postgres://a:geheim", "postgres://..."),
            ("Postgres://a:geheim@db/v", "postgres://a@db/v"),
            ("--catalog=postgre://a:geheim@db/v", "--catalog=postgres://..."),
            ("https://films.example/{0..3}.tar", "https://films.example/{0..3}.tar"),
            ("https://a:geheim@films.example/0.tar", "https://a:***@films.example/0.tar"),
            ("corpus.dir=https://a:geheim@h/0.tar", "corpus.dir=https://a:***@h/0.tar"),
            ("postgres in films", "postgres in films"),
            ("--catalog=", "--catalog="),
            ("", ""),
            ("--scores=words", "--scores=words"),
            ("note: a dog", "note: a dog"),
            ("a dog", "a dog"),
        ] {
            assert_eq!(without_password(typed), shown);
        }
    }

    #[test]
    fn a_flag_is_added_once_and_another_taken_away() {
        let typed = |words: &[&str]| words.iter().map(|word| (*word).to_owned()).collect();
        let resumed = changed(typed(&["pretrain", "--", "a.toml"]), Some("--resume"), None);
        assert_eq!(resumed, ["pretrain", "--resume", "--", "a.toml"]);
        let again = changed(resumed.clone(), Some("--resume"), None);
        assert_eq!(again, resumed);
        let demo = changed(typed(&["demo", "--fresh", "--out", "x"]), None, Some("--fresh"));
        assert_eq!(demo, ["demo", "--out", "x"]);
    }
}
