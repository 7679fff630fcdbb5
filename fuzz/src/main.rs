//! `locvtp-fuzz [TARGET ..] [--seconds N] [--first N] [--cases N] [--here]`: files made to be misread, read.

#![allow(clippy::unwrap_used, reason = "a wrong flag ends this tool")]
#![allow(clippy::print_stdout, reason = "it is a program")]

use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use locvtp_fuzz::targets::{ALL, named};
use locvtp_fuzz::watch::{Cases, run, watched};

fn main() -> ExitCode {
    let mut targets = Vec::new();
    let mut cases = Cases { first: 0, count: u64::MAX, time: Duration::from_secs(60) };
    let mut here = false;
    let mut words = std::env::args().skip(1);
    while let Some(word) = words.next() {
        let mut number = || words.next().unwrap().parse::<u64>().unwrap();
        match word.as_str() {
            "--seconds" => cases.time = Duration::from_secs(number()),
            "--first" => cases.first = number(),
            "--cases" => cases.count = number(),
            "--here" => here = true,
            name => targets.push(named(name).unwrap_or_else(|| panic!("no target {name}"))),
        }
    }
    if targets.is_empty() {
        targets = ALL.to_vec();
    }
    if here {
        let progress = std::env::var_os("LOCVTP_FUZZ_PROGRESS").map(PathBuf::from);
        let progress = progress.unwrap_or_else(|| std::env::temp_dir().join("locvtp-fuzz-case"));
        targets.into_iter().for_each(|target| run(target, cases, &progress));
        return ExitCode::SUCCESS;
    }
    let program = std::env::current_exe().unwrap();
    let mut finds = 0;
    for target in targets {
        let outcome = watched(&program, target, cases);
        println!("{:18} {:10} cases, {} finds", target.name, outcome.cases, outcome.finds.len());
        for find in &outcome.finds {
            println!("  locvtp-fuzz {} --here --first {} --cases 1", target.name, find.case);
            println!("    {}", find.what);
        }
        finds += outcome.finds.len();
    }
    if finds == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}
