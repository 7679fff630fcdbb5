//! A worker from the side of the process that asks it.

use std::fs::File;
use std::io;
use std::os::fd::OwnedFd;
use std::os::unix::net::UnixStream;
use std::os::unix::process::{CommandExt, ExitStatusExt};
use std::path::{Path, PathBuf};
use std::process::{self, Child, Command, ExitStatus, Stdio};
use std::thread;
use std::time::Duration;

use super::channel::{Channel, Message, Most};
use super::layers::Layers;
use super::messages::{Answer, Request};
use super::{OUT_OF_MEMORY, WORKER_COMMAND};

/// How long a worker may take to start and lock itself up.
const START: Duration = Duration::from_secs(60);

/// How long the system may take to end a process that was killed, before it is left to do so alone.
const END_MS: u64 = 1000;

/// Variables that a worker keeps: where libraries lie. Others may hold secrets.
const KEPT: [&str; 1] = ["LD_LIBRARY_PATH"];

/// A process that decodes. It is ended when this is dropped.
pub(super) struct Worker {
    child: Child,
    channel: Channel,
}

/// Why there is no answer.
#[derive(Debug)]
pub(super) enum Ended {
    /// It ended for want of memory.
    OutOfMemory,
    /// It ended itself, as programs do when a check of their own fails or memory is out; in words.
    Aborted(String),
    /// Otherwise; in words.
    Otherwise(String),
}

impl Worker {
    /// Starts the program as a worker and locks it up.
    ///
    /// # Errors
    /// When it does not start, or a layer does not hold; in words.
    pub(super) fn start(program: &Path, memory: u64) -> Result<(Self, Layers), String> {
        let mut worker = Self::spawn(program)
            .map_err(|error| format!("{}: cannot be started: {error}", program.display()))?;
        let begin = Request::Begin { asker: process::id(), memory };
        let most = Most { head: 1 << 16, beside: 0 };
        match worker.ask(&begin, b"", None, most, Some(START)) {
            Ok((Answer::Ready(layers), _)) => Ok((worker, layers)),
            Ok((Answer::Refused(reason), _)) => Err(reason),
            Ok(_) => Err("a worker gave another answer than it was asked for".into()),
            Err(Ended::OutOfMemory) => {
                Err(format!("{memory} bytes of memory are too few to begin"))
            }
            Err(Ended::Aborted(how)) => Err(format!(
                "a worker ended before it began ({how}), as where {memory} bytes of memory are too few"
            )),
            Err(Ended::Otherwise(how)) => Err(format!("a worker ended before it began ({how})")),
        }
    }

    fn spawn(program: &Path) -> io::Result<Self> {
        let (ours, theirs) = UnixStream::pair()?;
        let kept = KEPT.iter().filter_map(|name| Some((name, std::env::var_os(name)?)));
        let child = Command::new(program)
            .arg0("locvtp")
            .arg(WORKER_COMMAND)
            .env_clear()
            .envs(kept)
            // The allocator of `locvtp` shall take memory as it is needed, for all that it takes counts.
            .env("MIMALLOC_ARENA_EAGER_COMMIT", "0")
            .stdin(OwnedFd::from(theirs))
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            // Ctrl-C is for the process that asks, which ends its workers.
            .process_group(0)
            .spawn()?;
        Ok(Self { child, channel: Channel::new(ours) })
    }

    /// Whether it is there still.
    pub(super) fn lives(&mut self) -> bool {
        matches!(self.child.try_wait(), Ok(None))
    }

    /// Asks something that has no answer; false where nobody hears it.
    pub(super) fn tell(&mut self, request: &Request) -> bool {
        self.channel.wait_for(Some(START)).is_ok() && self.channel.send(request, b"", None).is_ok()
    }

    /// Asks something. After an error the worker is of no use any more.
    pub(super) fn ask(
        &mut self,
        request: &Request,
        beside: &[u8],
        file: Option<&File>,
        most: Most,
        patience: Option<Duration>,
    ) -> Result<(Answer, Vec<u8>), Ended> {
        let asked = self.channel.wait_for(patience).and_then(|()| {
            self.channel.send(request, beside, file)?;
            self.channel.receive(most)
        });
        match asked {
            Ok(Some(Message { head, beside, .. })) => Ok((head, beside)),
            Ok(None) => Err(self.ended(None)),
            Err(error) => Err(self.ended(Some(error))),
        }
    }

    /// How it ended, or what else is wrong with it.
    fn ended(&mut self, error: Option<io::Error>) -> Ended {
        // What hung up is ending, and what broke the channel off may be.
        let hung_up = |error: &io::Error| {
            use io::ErrorKind::{BrokenPipe, ConnectionReset, UnexpectedEof};
            matches!(error.kind(), BrokenPipe | ConnectionReset | UnexpectedEof)
        };
        let status = error.as_ref().is_none_or(hung_up).then(|| self.wait()).flatten();
        match (status, error) {
            (Some(status), _) if status.code() == Some(OUT_OF_MEMORY) => Ended::OutOfMemory,
            (Some(status), _) if status.signal() == Some(libc::SIGABRT) => {
                Ended::Aborted(status.to_string())
            }
            (Some(status), _) => Ended::Otherwise(status.to_string()),
            (None, Some(error)) => Ended::Otherwise(format!("no answer that can be used: {error}")),
            (None, None) => Ended::Otherwise("it hung up".into()),
        }
    }

    /// Waits for its end, but not for ever.
    fn wait(&mut self) -> Option<ExitStatus> {
        for _ in 0..END_MS {
            match self.child.try_wait() {
                Ok(None) => thread::sleep(Duration::from_millis(1)),
                Ok(status) => return status,
                Err(_) => return None,
            }
        }
        None
    }
}

impl Drop for Worker {
    fn drop(&mut self) {
        let _ = self.child.kill();
        self.wait();
    }
}

/// This program, also where its file was exchanged or removed meanwhile.
pub(super) fn this_program() -> PathBuf {
    "/proc/self/exe".into()
}

#[cfg(test)]
impl Worker {
    /// A worker of which a test answers, at the other end of the pair.
    pub(super) fn of_test() -> (Self, Channel) {
        let (ours, theirs) = UnixStream::pair().unwrap();
        let child = Command::new("sleep").arg("600").spawn().unwrap();
        (Self { child, channel: Channel::new(ours) }, Channel::new(theirs))
    }
}
