//! Ranks under a real mpirun: what they exchange, and that they end together.
//!
//! Every command has a time within which it must be over, so that what hangs fails.

#![expect(clippy::unwrap_used, reason = "an unwrap that fails is a test that fails")]

#[path = "../../../tests/support/not_run.rs"]
mod not_run;

use std::io::Read;
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Child, Command, Output, Stdio};
use std::time::{Duration, Instant};

use not_run::not_run;

/// What is not over by then hangs.
const HANG: Duration = Duration::from_secs(300);

/// All ranks are gone within this time after one of them ended; what the issue of several processes asks for.
const ALL_GONE: Duration = Duration::from_secs(10);

const RANKS: &str = env!("CARGO_BIN_EXE_locvtp-ranks");

/// `mpirun` of so many ranks; `None`, and the test says so, where there is none.
fn mpirun(num_ranks: usize, arguments: &[&str]) -> Option<Command> {
    let found = Command::new("mpirun").arg("--version").output();
    if !found.is_ok_and(|output| output.status.success()) {
        not_run("mpirun is not installed");
        return None;
    }
    let mut command = Command::new("mpirun");
    command.args(["--allow-run-as-root", "--oversubscribe", "-n", &num_ranks.to_string(), RANKS]);
    // A group of its own, so that all that is left of it can be ended.
    command.args(arguments).stdin(Stdio::null()).process_group(0);
    Some(command)
}

/// Starts it with its output kept.
fn started(mut command: Command) -> Child {
    command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap()
}

/// Its output, within `bound`.
fn ended(mut child: Child, bound: Duration) -> Output {
    let (mut out, mut err) = (child.stdout.take().unwrap(), child.stderr.take().unwrap());
    let read = |pipe: &mut dyn Read| {
        let mut text = Vec::new();
        pipe.read_to_end(&mut text).unwrap();
        text
    };
    let (out, err) =
        (std::thread::spawn(move || read(&mut out)), std::thread::spawn(move || read(&mut err)));
    let began = Instant::now();
    let status = loop {
        if let Some(status) = child.try_wait().unwrap() {
            break status;
        }
        if began.elapsed() > bound {
            let group = -i32::try_from(child.id()).unwrap();
            // SAFETY: a signal to the group that this test made.
            unsafe { libc::kill(group, libc::SIGKILL) };
            panic!("not over after {bound:?}: {}", String::from_utf8_lossy(&err.join().unwrap()));
        }
        std::thread::sleep(Duration::from_millis(2));
    };
    Output { status, stdout: out.join().unwrap(), stderr: err.join().unwrap() }
}

/// Standard output of what must end well.
fn printed(num_ranks: usize, arguments: &[&str]) -> Option<String> {
    let output = ended(started(mpirun(num_ranks, arguments)?), HANG);
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{num_ranks} ranks: {said}");
    Some(String::from_utf8(output.stdout).unwrap())
}

/// Standard error of what must fail on all ranks, and not by a hang.
fn failed(num_ranks: usize, arguments: &[&str]) -> Option<String> {
    let output = ended(started(mpirun(num_ranks, arguments)?), HANG);
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(!output.status.success(), "{said}");
    Some(said)
}

#[track_caller]
fn assert_says(said: &str, expected: &str) {
    assert!(said.contains(expected), "{expected:?} is not in: {said}");
}

#[test]
fn every_exchange_is_right_and_its_bits_repeat() {
    for num_ranks in [1, 2, 3, 4] {
        let Some(first) = printed(num_ranks, &["exchanges"]) else { return };
        assert!(first.starts_with(&format!("{num_ranks} ranks, sums ")), "{first}");
        assert_eq!(printed(num_ranks, &["exchanges"]).unwrap(), first);
    }
}

#[test]
fn letters_of_all_sizes_come_whole_and_in_order() {
    let Some(said) = printed(3, &["letters"]) else { return };
    assert_eq!(said, "3 ranks, 9 letters each\n");
}

#[test]
fn an_error_of_one_rank_ends_all_with_rank_and_cause() {
    for num_ranks in [2, 3, 4] {
        let Some(said) = failed(num_ranks, &["error"]) else { return };
        let last = num_ranks - 1;
        assert_says(&said, &format!("error: rank {last} of {num_ranks}: the disk is full\n"));
    }
}

#[test]
fn a_panic_of_one_rank_ends_all_with_rank_and_cause() {
    let Some(said) = failed(3, &["panic"]) else { return };
    assert_says(&said, "error: rank 2 of 3: panicked at ");
    assert_says(&said, ": not a number\n");
    let said = failed(2, &["panic of a thread"]).unwrap();
    assert_says(&said, "error: rank 1 of 2: a thread panicked at ");
    assert_says(&said, "error: rank 1 of 2: a panic, told above\n");
}

#[test]
fn a_rank_that_is_not_well_ends_all_at_the_same_step() {
    let Some(said) = failed(3, &["not well"]) else { return };
    assert_says(&said, "error: rank 2 of 3: rank 2 failed: clip.mp4: cannot be read\n");
}

#[test]
fn one_rank_that_is_asked_to_stop_stops_all_at_the_same_step() {
    let Some(said) = printed(3, &["stop"]) else { return };
    let mut lines: Vec<_> = said.lines().collect();
    lines.sort_unstable();
    assert_eq!(lines, ["rank 0 stopped at 3", "rank 1 stopped at 3", "rank 2 stopped at 3"]);
}

#[test]
fn ranks_that_are_not_in_step_say_where_they_are() {
    let Some(said) = failed(3, &["elsewhere"]) else { return };
    assert_says(&said, "rank 2 gathers rows of 10 numbers in exchange 1");
    assert_says(&said, "sums 100000 single numbers in exchange 1");
    let said = failed(2, &["other length"]).unwrap();
    assert_says(&said, "rank 1 sums 99999 single numbers in exchange 1");
    let said = failed(2, &["done too early"]).unwrap();
    assert_says(&said, "rank 1 is done in exchange 1");
}

#[test]
fn a_rank_that_goes_without_a_word_ends_all() {
    let Some(said) = failed(2, &["exit"]) else { return };
    assert_says(&said, "mpirun");
}

#[test]
fn ranks_that_do_not_do_the_same_work_are_refused_before_it() {
    let Some(said) = failed(3, &["other text"]) else { return };
    assert_says(&said, "the ranks do not have the same run file (ranks 0 and 1 have ");
    assert_says(&said, ", rank 2 has ");
    assert!(!said.contains("version (") && !said.contains("program ("), "{said}");
}

#[test]
fn the_watchdog_ends_what_hangs() {
    let Some(mut command) = mpirun(2, &["hang"]) else { return };
    command.env("LOCVTP_RANKS_WATCHDOG", "2");
    let output = ended(started(command), HANG);
    assert!(!output.status.success());
    let said = String::from_utf8_lossy(&output.stderr);
    assert_says(&said, "error: rank 1 of 2: nothing was done for 2 s\n");
}

#[test]
fn mpi_is_refused_outside_of_the_main_thread() {
    let Some(said) = failed(2, &["other thread"]) else { return };
    assert_says(&said, "NotMainThread");
}

#[test]
fn a_world_of_another_size_than_the_launcher_says_is_refused() {
    let Some(mut command) = mpirun(2, &["exchanges"]) else { return };
    command.env("WORLD_SIZE", "4");
    let output = ended(started(command), HANG);
    assert!(!output.status.success());
    let said = String::from_utf8_lossy(&output.stderr);
    assert_says(&said, "WORLD_SIZE says that 4 processes were started, but this one finds 2");
    // torchrun starts what MPI does not know.
    let mut alone = Command::new(RANKS);
    alone.arg("exchanges").env("WORLD_SIZE", "2").stdin(Stdio::null());
    let output = ended(started(alone), HANG);
    assert!(!output.status.success());
    let said = String::from_utf8_lossy(&output.stderr);
    assert_says(&said, "OtherWorld");
}

#[test]
fn processes_that_believe_they_are_alone_do_not_share_a_folder() {
    let folder = tempfile::tempdir().unwrap();
    let hold = || {
        let mut alone = Command::new(RANKS);
        alone.arg("folder").arg(folder.path()).stdin(Stdio::null());
        alone
    };
    let mut first = started(hold());
    // It says so when it has the folder.
    let mut line = [0; 8];
    first.stdout.as_mut().unwrap().read_exact(&mut line).unwrap();
    assert_eq!(&line, b"claimed\n");
    let second = ended(started(hold()), HANG);
    assert!(!second.status.success());
    assert_says(&String::from_utf8_lossy(&second.stderr), "FolderBusy");
    // Ranks that know each other share it, and one who knows no others does not come in.
    if let Some(command) = mpirun(3, &["folder", folder.path().to_str().unwrap()]) {
        let ranks = ended(started(command), HANG);
        assert!(!ranks.status.success());
        let said = String::from_utf8_lossy(&ranks.stderr);
        assert_says(&said, "error: rank 0 of 3: ");
        assert_says(&said, "they do not know each other");
    }
    std::fs::write(folder.path().join("go"), "").unwrap();
    assert!(ended(first, HANG).status.success());
    let Some(said) = printed(3, &["folder", folder.path().to_str().unwrap()]) else { return };
    assert_eq!(said, "claimed\n".repeat(3));
}

/// Processes of the ranks, when all are at work.
fn at_work(folder: &Path, num_ranks: usize) -> Vec<i32> {
    let began = Instant::now();
    let number = |rank: usize| {
        let file = folder.join(rank.to_string());
        loop {
            match std::fs::read_to_string(&file) {
                Ok(text) => return text.parse().unwrap(),
                Err(_) => assert!(began.elapsed() < HANG, "rank {rank} never worked"),
            }
            std::thread::sleep(Duration::from_millis(2));
        }
    };
    (0..num_ranks).map(number).collect()
}

fn signal(process: i32, signal: i32) {
    // SAFETY: a signal to a process that this test started.
    assert_eq!(unsafe { libc::kill(process, signal) }, 0);
}

/// Waits until none of them runs; the system may still keep their exit codes for somebody.
fn assert_gone(processes: &[i32], since: Instant) {
    let runs = |process: &i32| {
        let state = std::fs::read_to_string(format!("/proc/{process}/stat"));
        state.is_ok_and(|state| !state.contains(") Z ") && !state.contains(") X "))
    };
    while let Some(process) = processes.iter().find(|process| runs(process)) {
        assert!(since.elapsed() < ALL_GONE, "{process} of {processes:?} still runs");
        std::thread::sleep(Duration::from_millis(2));
    }
}

/// Ranks at work of which one gets a signal: all are gone in time, and the exit code is not 0.
fn all_gone_after(signal_number: i32) -> Option<String> {
    let folder = tempfile::tempdir().unwrap();
    let child = started(mpirun(3, &["work", folder.path().to_str().unwrap()])?);
    let processes = at_work(folder.path(), 3);
    let since = Instant::now();
    signal(processes[1], signal_number);
    let output = ended(child, ALL_GONE);
    assert!(!output.status.success());
    assert_gone(&processes, since);
    Some(String::from_utf8_lossy(&output.stderr).into_owned())
}

#[test]
fn a_rank_that_is_killed_ends_all_within_ten_seconds() {
    let Some(said) = all_gone_after(libc::SIGKILL) else { return };
    assert_says(&said, "rank 1");
    assert_says(&all_gone_after(libc::SIGINT).unwrap(), "rank 1");
}

#[test]
fn ctrl_c_ends_all() {
    let folder = tempfile::tempdir().unwrap();
    let Some(command) = mpirun(3, &["work", folder.path().to_str().unwrap()]) else { return };
    let child = started(command);
    let processes = at_work(folder.path(), 3);
    let since = Instant::now();
    signal(i32::try_from(child.id()).unwrap(), libc::SIGINT);
    assert!(!ended(child, ALL_GONE).status.success());
    assert_gone(&processes, since);
}

#[test]
fn a_rank_that_stands_still_is_named_by_those_who_wait_for_it() {
    let folder = tempfile::tempdir().unwrap();
    let Some(mut command) = mpirun(3, &["work", folder.path().to_str().unwrap()]) else { return };
    command.env("LOCVTP_RANKS_WATCHDOG", "2");
    let child = started(command);
    let processes = at_work(folder.path(), 3);
    signal(processes[1], libc::SIGSTOP);
    let output = ended(child, HANG);
    assert!(!output.status.success());
    let said = String::from_utf8_lossy(&output.stderr);
    assert_says(&said, "rank 1 was waited for in vain for 2.5 s");
}
