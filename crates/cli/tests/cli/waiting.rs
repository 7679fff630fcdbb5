//! Waiting for what a command does while it runs, and ending it then.

use std::os::unix::process::ExitStatusExt;
use std::path::Path;
use std::process::{Child, Command, Output};
use std::time::{Duration, Instant};

/// What has not happened after this time never will.
const HANG: Duration = Duration::from_secs(300);

/// Waits until `happened`, which is asked of the command's files; fails when the command ends before,
/// or hangs.
pub(crate) fn until(child: &mut Child, what: &str, happened: impl Fn() -> bool) {
    let began = Instant::now();
    while !happened() {
        let ended = child.try_wait().unwrap();
        if let Some(status) = ended.filter(|_| !happened()) {
            panic!("{what}: the command ended before ({status}): {}", said(child));
        }
        assert!(began.elapsed() < HANG, "{what}: never happened");
        std::thread::sleep(Duration::from_millis(1));
    }
}

/// Waits until the file has so many lines.
pub(crate) fn until_lines(child: &mut Child, file: &Path, lines: usize) {
    let what = format!("{lines} lines in {}", file.display());
    until(child, &what, || num_lines(file) >= lines);
}

/// Lines of a file; 0 where there is none.
pub(crate) fn num_lines(file: &Path) -> usize {
    std::fs::read_to_string(file).map_or(0, |text| text.lines().count())
}

/// Ends the command in the middle of what it does, as a power cut would.
pub(crate) fn kill(mut child: Child) {
    child.kill().unwrap();
    let output = child.wait_with_output().unwrap();
    assert_eq!(output.status.signal(), Some(9), "it was over before it was killed");
}

/// Sends SIGINT, as a terminal does at Ctrl-C.
pub(crate) fn press_ctrl_c(child: &Child) {
    signal(child, "-INT");
}

/// Does something while the command stands still, so that it cannot be over before.
pub(crate) fn while_stopped<T>(child: &Child, something: impl FnOnce() -> T) -> T {
    signal(child, "-STOP");
    let result = something();
    signal(child, "-CONT");
    result
}

fn signal(child: &Child, name: &str) {
    let id = child.id().to_string();
    assert!(Command::new("kill").args([name, &id]).status().unwrap().success());
}

/// Sends SIGINT, and waits for the end.
pub(crate) fn end_by_ctrl_c(child: Child) -> Output {
    press_ctrl_c(&child);
    child.wait_with_output().unwrap()
}

fn said(child: &mut Child) -> String {
    child.stderr.take().map_or_else(String::new, |stderr| std::io::read_to_string(stderr).unwrap())
}
