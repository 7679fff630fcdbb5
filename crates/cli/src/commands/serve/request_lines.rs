//! Requests as lines of JSON in a file, and failures on the terminal.

use std::fs::{File, OpenOptions};
use std::io::Write;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};

use anyhow::Context;
use locvtp_serve::{Observer, RequestLog};

use crate::output;

/// Where requests are noted.
pub(super) struct RequestLines {
    file: Option<Arc<Mutex<File>>>,
}

impl RequestLines {
    /// Opens the file, to write at its end.
    pub(super) fn open(path: Option<&Path>) -> anyhow::Result<Self> {
        let open = |path: &Path| {
            output::make_folder_of(path)?;
            let file = OpenOptions::new().create(true).append(true).open(path);
            file.with_context(|| format!("{}: cannot be written", path.display()))
        };
        let file = path.map(open).transpose()?;
        Ok(Self { file: file.map(|file| Arc::new(Mutex::new(file))) })
    }

    /// What the server tells its requests to.
    pub(super) fn observer(&self) -> Observer {
        let file = self.file.clone();
        Arc::new(move |request: &RequestLog| {
            // That too much is asked at once is no failure, and would be a line for each request.
            if request.status >= 500
                && request.status != 503
                && let Some(problem) = &request.problem
            {
                output::note(&format!("{} {}: {problem}", request.method, request.path));
            }
            if let (Some(file), Ok(line)) = (&file, serde_json::to_string(request)) {
                let mut file = file.lock().unwrap_or_else(PoisonError::into_inner);
                // A full disk does not end the server.
                let _ = file.write_all((line + "\n").as_bytes());
            }
        })
    }
}
