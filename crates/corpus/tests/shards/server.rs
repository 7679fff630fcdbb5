//! A web server over a folder, with the faults that servers have. It also answers as an S3 store
//! with one bucket: `/bucket/key`, and the listing that S3's clients ask for.

#![allow(clippy::unwrap_used, reason = "an unwrap that fails is a test that fails")]
#![allow(dead_code, reason = "tests of several crates use parts of it")]

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::PathBuf;
use std::sync::{Arc, Mutex};

/// How the server behaves; may change while it runs.
#[derive(Debug, Clone, Default)]
pub(crate) struct Faults {
    /// Ranges are ignored, as by Python's `http.server`.
    pub(crate) no_ranges: bool,
    /// So many answers to come are cut off in the middle.
    pub(crate) cuts: usize,
    /// So many answers to come are 500.
    pub(crate) errors: usize,
    /// Names that end so get no answer at all.
    pub(crate) silent: Option<&'static str>,
}

struct State {
    folder: PathBuf,
    faults: Mutex<Faults>,
    /// Method, path and range of every request.
    requests: Mutex<Vec<String>>,
}

pub(crate) struct Server {
    address: SocketAddr,
    state: Arc<State>,
}

impl Server {
    /// Serves a folder until the process ends.
    pub(crate) fn over(folder: impl Into<PathBuf>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let state =
            State { folder: folder.into(), faults: Mutex::default(), requests: Mutex::default() };
        let state = Arc::new(state);
        let shared = Arc::clone(&state);
        std::thread::spawn(move || {
            for connection in listener.incoming().flatten() {
                let state = Arc::clone(&shared);
                // A client that goes away ends its own connection only.
                std::thread::spawn(move || drop(answer(connection, &state)));
            }
        });
        Self { address, state }
    }

    pub(crate) fn url(&self, path: &str) -> PathBuf {
        format!("http://{}/{path}", self.address).into()
    }

    pub(crate) fn fail(&self, faults: Faults) {
        *self.state.faults.lock().unwrap() = faults;
    }

    /// The requests since the last call.
    pub(crate) fn requests(&self) -> Vec<String> {
        std::mem::take(&mut *self.state.requests.lock().unwrap())
    }
}

fn answer(connection: TcpStream, state: &State) -> std::io::Result<()> {
    let mut lines = BufReader::new(connection.try_clone()?);
    let mut out = connection;
    let mut request = String::new();
    lines.read_line(&mut request)?;
    let (mut range, mut line) = (None, String::new());
    loop {
        line.clear();
        lines.read_line(&mut line)?;
        let header = line.trim().to_ascii_lowercase();
        if header.is_empty() {
            break;
        }
        if let Some(bytes) = header.strip_prefix("range: bytes=") {
            range = Some(bytes.to_owned());
        }
    }
    let mut words = request.split_whitespace();
    let (method, path) = (words.next().unwrap_or_default(), words.next().unwrap_or_default());
    let asked = range.clone().unwrap_or_default();
    state.requests.lock().unwrap().push(format!("{method} {path} {asked}").trim().to_owned());
    let (path, query) = path.split_once('?').unwrap_or((path, ""));
    let path = path.trim_start_matches('/').replace("%7B", "{").replace("%7D", "}");

    let (cut, error) = {
        let mut faults = state.faults.lock().unwrap();
        if faults.silent.is_some_and(|ending| path.ends_with(ending)) {
            drop(faults);
            // Until the client has had enough.
            lines.read_to_end(&mut Vec::new())?;
            return Ok(());
        }
        if faults.no_ranges {
            range = None;
        }
        let error = faults.errors > 0;
        faults.errors = faults.errors.saturating_sub(1);
        let cut = !error && faults.cuts > 0 && method == "GET" && path.ends_with(".tar");
        faults.cuts -= usize::from(cut);
        (cut, error)
    };
    if error {
        return out.write_all(
            b"HTTP/1.1 500 Internal Server Error\r\nContent-Length: 0\r\nConnection: close\r\n\r\n",
        );
    }
    let file = state.folder.join(&path);
    let body = if query.contains("list-type=2") { Ok(listing(state)) } else { std::fs::read(file) };
    let Ok(body) = body else {
        return out.write_all(
            b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\nConnection: close\r\n\r\n",
        );
    };
    let whole = body.len();
    let (status, part, body) = match range.as_deref().and_then(|range| range.split_once('-')) {
        Some((first, last)) => {
            let first: usize = first.parse().unwrap();
            let last = last.parse().map_or(whole - 1, |last: usize| last.min(whole - 1));
            let part = format!("Content-Range: bytes {first}-{last}/{whole}\r\n");
            ("206 Partial Content", part, body[first..=last].to_vec())
        }
        None => ("200 OK", String::new(), body),
    };
    write!(
        out,
        "HTTP/1.1 {status}\r\nContent-Length: {}\r\n{part}Accept-Ranges: bytes\r\n\
         Last-Modified: Tue, 01 Oct 2024 10:00:00 GMT\r\nETag: \"{whole}\"\r\n\
         Connection: close\r\n\r\n",
        body.len()
    )?;
    if method != "HEAD" {
        let sent = if cut { body.len() / 2 } else { body.len() };
        out.write_all(&body[..sent])?;
    }
    Ok(())
}

/// All files of the bucket `bucket`, as S3 lists them.
fn listing(state: &State) -> Vec<u8> {
    let mut names: Vec<String> = std::fs::read_dir(state.folder.join("bucket/set"))
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    let mut xml = String::from("<?xml version=\"1.0\"?><ListBucketResult>");
    for name in names {
        let size = std::fs::metadata(state.folder.join("bucket/set").join(&name)).unwrap().len();
        xml += &format!(
            "<Contents><Key>set/{name}</Key><Size>{size}</Size><ETag>\"{size}\"</ETag>\
             <LastModified>2024-10-01T10:00:00.000Z</LastModified></Contents>"
        );
    }
    (xml + "</ListBucketResult>").into_bytes()
}
