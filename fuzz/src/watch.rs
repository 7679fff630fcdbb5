//! A process with little memory that runs case after case, and one that watches it.
//!
//! The process writes the number of the case that it begins into a file. When it ends before its time, or one
//! case takes too long, that number is the find, and another process goes on behind it.

use std::fs::File;
use std::io::Read;
use std::os::unix::fs::FileExt;
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use crate::choices::Choices;
use crate::targets::Target;

/// Address space of a process, bytes.
const MEMORY: u64 = 1 << 30;
/// One case may take so long; most take less than a millisecond.
const LONGEST: Duration = Duration::from_secs(20);
/// Finds after which a target is left: more of them say no more.
const MOST_FINDS: usize = 10;

/// Which cases.
#[derive(Clone, Copy, Debug)]
pub struct Cases {
    /// The number of the first.
    pub first: u64,
    /// How many at most.
    pub count: u64,
    /// How long at most.
    pub time: Duration,
}

/// A case that did not end as it should.
#[derive(Debug)]
pub struct Find {
    /// Its number.
    pub case: u64,
    /// What was said of it.
    pub what: String,
}

/// What became of the cases.
#[derive(Debug, Default)]
pub struct Outcome {
    /// How many were run.
    pub cases: u64,
    /// Those that did not end as they should.
    pub finds: Vec<Find>,
}

/// Runs cases in this process, each in an empty folder; says in `progress` which one has begun.
pub fn run(target: Target, cases: Cases, progress: &Path) {
    let progress = File::create(progress).unwrap();
    let began = Instant::now();
    let mut case = cases.first;
    while case < cases.first.saturating_add(cases.count) && began.elapsed() < cases.time {
        progress.write_all_at(&case.to_le_bytes(), 0).unwrap();
        let folder = tempfile::tempdir().unwrap();
        (target.run)(&mut Choices::of(target.name, case), folder.path());
        case += 1;
    }
    progress.write_all_at(&case.to_le_bytes(), 0).unwrap();
}

/// Runs cases in processes of their own, by the program `program` (this one).
pub fn watched(program: &Path, target: Target, cases: Cases) -> Outcome {
    let folder = tempfile::tempdir().unwrap();
    let progress = folder.path().join("case");
    let began = Instant::now();
    let mut outcome = Outcome::default();
    let (mut first, end) = (cases.first, cases.first.saturating_add(cases.count));
    while first < end && outcome.finds.len() < MOST_FINDS {
        let time = cases.time.saturating_sub(began.elapsed());
        if time.is_zero() {
            break;
        }
        std::fs::write(&progress, first.to_le_bytes()).unwrap();
        let rest = Cases { first, count: end - first, time };
        let child = started(program, target, rest, &progress, folder.path());
        let ended = awaited(child, &progress);
        let case = begun(&progress);
        outcome.cases += case - first;
        let Err(what) = ended else { break };
        outcome.finds.push(Find { case, what });
        outcome.cases += 1;
        first = case + 1;
    }
    outcome
}

fn started(program: &Path, target: Target, cases: Cases, progress: &Path, folder: &Path) -> Child {
    let mut command = Command::new(program);
    command
        .args([target.name, "--here", "--first", &cases.first.to_string()])
        .args(["--cases", &cases.count.to_string()])
        .args(["--seconds", &cases.time.as_secs().to_string()])
        .env("LOCVTP_FUZZ_PROGRESS", progress)
        // What a process leaves that dies goes with its folder.
        .env("TMPDIR", folder)
        // Threads take address space: a stack each, and an arena of the allocator.
        .env("RAYON_NUM_THREADS", "2")
        .env("MALLOC_ARENA_MAX", "2")
        .stdout(Stdio::null())
        .stderr(Stdio::from(File::create(folder.join("said")).unwrap()));
    let limit = libc::rlimit { rlim_cur: MEMORY, rlim_max: MEMORY };
    // SAFETY: setrlimit is one of the functions that may be called between fork and exec.
    unsafe {
        command.pre_exec(move || match libc::setrlimit(libc::RLIMIT_AS, &limit) {
            0 => Ok(()),
            _ => Err(std::io::Error::last_os_error()),
        });
    }
    command.spawn().unwrap()
}

/// Waits for the end of a process, or of the time that one case may take.
fn awaited(mut child: Child, progress: &Path) -> Result<(), String> {
    let (mut case, mut since) = (begun(progress), Instant::now());
    loop {
        if let Some(status) = child.try_wait().unwrap() {
            if status.success() {
                return Ok(());
            }
            let mut said = String::new();
            let path = progress.with_file_name("said");
            let _ = File::open(path).and_then(|mut file| file.read_to_string(&mut said));
            let said: Vec<&str> = said.lines().take(4).collect();
            return Err(format!("{status}: {}", said.join(" ")));
        }
        let now = begun(progress);
        if now != case {
            (case, since) = (now, Instant::now());
        } else if since.elapsed() > LONGEST {
            let _ = child.kill();
            let _ = child.wait();
            return Err(format!("it took more than {} s", LONGEST.as_secs()));
        }
        std::thread::sleep(Duration::from_millis(50));
    }
}

fn begun(progress: &Path) -> u64 {
    let mut bytes = [0; 8];
    let read = File::open(progress).and_then(|file| file.read_exact_at(&mut bytes, 0));
    read.map_or(0, |()| u64::from_le_bytes(bytes))
}
