//! Requests as lines of JSON in a file, and failures on the terminal.

use std::fs::OpenOptions;
use std::io::Write;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};

use anyhow::Context;
use locvtp_serve::{Observer, RequestLog};
use locvtp_video::shown;

use super::line_writer::{LineWriter, Writing};
use crate::output;

/// Where requests are noted. Nobody waits until a line is written.
pub(super) struct RequestLines {
    file: Option<(LineWriter, Writing)>,
    terminal: (LineWriter, Writing),
    /// The failure that was last told on the terminal, which each request may repeat.
    told: Arc<Mutex<String>>,
}

impl RequestLines {
    /// Opens the file, to write at its end.
    pub(super) fn open(path: Option<&Path>) -> anyhow::Result<Self> {
        const NO_THREAD: &str = "cannot start a thread that writes the log";
        let file = path.map(|path| {
            output::make_folder_of(path)?;
            let file = OpenOptions::new().create(true).append(true).open(path);
            let mut file =
                file.with_context(|| format!("{}: cannot be written", path.display()))?;
            // A full disk does not end the server.
            let write = move |line: &str| drop(file.write_all((line.to_owned() + "\n").as_bytes()));
            LineWriter::start(write, dropped_from_file).context(NO_THREAD)
        });
        let terminal = LineWriter::start(output::note, dropped_from_terminal).context(NO_THREAD)?;
        Ok(Self { file: file.transpose()?, terminal, told: Arc::default() })
    }

    /// What the server tells its requests to.
    pub(super) fn observer(&self) -> Observer {
        let file = self.file.as_ref().map(|(lines, _)| lines.clone());
        let (terminal, told) = (self.terminal.0.clone(), Arc::clone(&self.told));
        Arc::new(move |request: &RequestLog| {
            if let Some(failure) = failure(request) {
                let mut told = told.lock().unwrap_or_else(PoisonError::into_inner);
                if *told != failure {
                    terminal.put(format!("{} {}: {failure}", request.method, request.path));
                    *told = failure;
                }
            }
            if let (Some(file), Ok(line)) = (&file, serde_json::to_string(request)) {
                file.put(shown::json(&line).into_owned());
            }
        })
    }

    /// Tells a last remark and waits a moment for what is to be written; the server, which has the observer, has ended.
    pub(super) fn end(self, remark: &str) {
        let Self { file, terminal, .. } = self;
        terminal.0.put(remark.to_owned());
        for (lines, writing) in file.into_iter().chain([terminal]) {
            drop(lines);
            writing.end();
        }
    }
}

fn dropped_from_file(num: u64) -> String {
    format!("{{\"num_lines_dropped\":{num}}}")
}

fn dropped_from_terminal(num: u64) -> String {
    format!("{num} further failures could not be shown")
}

/// What failed in a request, with the causes that its answer does not say. That too much is asked at once is no
/// failure, and what somebody asked for that is not there neither.
fn failure(request: &RequestLog) -> Option<String> {
    let problem = request.problem.as_ref().filter(|_| request.status >= 500)?;
    match &request.cause {
        Some(cause) => Some(format!("{problem}: {cause}")),
        None => Some(problem.clone()).filter(|_| request.status != 503),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_terminal_tells_the_causes_of_failures_and_nothing_of_full_queues() {
        let request = |status, problem: &str, cause: Option<&str>| RequestLog {
            unix_s: 0.0,
            method: "GET".into(),
            path: "/api/v1/state".into(),
            status,
            body_bytes: None,
            took_ms: 1.0,
            problem: Some(problem.into()).filter(|it: &String| !it.is_empty()),
            cause: cause.map(str::to_owned),
        };
        let told = |status, problem: &str, cause| failure(&request(status, problem, cause));
        assert_eq!(told(503, "unreadable", Some("page 7")).unwrap(), "unreadable: page 7");
        assert_eq!(told(500, "it failed", None).unwrap(), "it failed");
        for (status, problem, cause) in
            [(503, "too many", None), (404, "gone", Some("/a/b.mp4")), (200, "", None)]
        {
            assert_eq!(told(status, problem, cause), None, "{status}");
        }
    }
}
