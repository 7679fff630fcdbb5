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
    /// Names that end so are lied about.
    pub(crate) lie: Option<(&'static str, Lie)>,
}

/// What a server may say or do that an honest one does not.
#[derive(Debug, Clone)]
pub(crate) enum Lie {
    /// Any answer is so long, and as many zeros come.
    Length(u64),
    /// What is asked after is so long; what comes is true.
    Size(u64),
    /// Behind a range that was asked for come so many bytes more.
    LongRange(u64),
    /// It lies somewhere else.
    SentTo(String),
    /// A byte now and then, without end, after the head of the answer.
    Drips,
    /// The same within the head.
    DripsInHead,
    /// This status, with so long a page.
    Status(&'static str, u64),
    /// What comes is packed so, which nobody asked for, and in truth it is not.
    Encoding(&'static str),
    /// A listing in which each page is followed by another one.
    Endless,
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

    let lie = state.faults.lock().unwrap().lie.clone();
    let lie = lie.filter(|(ending, _)| path.ends_with(ending)).map(|(_, lie)| lie);
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
    match &lie {
        Some(Lie::Length(bytes)) => return told(&mut out, method, "200 OK", *bytes),
        Some(Lie::Status(status, bytes)) => return told(&mut out, method, status, *bytes),
        Some(Lie::SentTo(place)) => {
            return write!(
                out,
                "HTTP/1.1 302 Found\r\nLocation: {place}\r\nContent-Length: 0\r\n\
                 Connection: close\r\n\r\n"
            );
        }
        Some(Lie::Drips) => {
            out.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\nETag: \"1\"\r\n\r\n")?;
            return drip(&mut out);
        }
        Some(Lie::DripsInHead) => {
            out.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\nX-Long: ")?;
            return drip(&mut out);
        }
        _ => {}
    }
    let file = state.folder.join(&path);
    let body = if query.contains("list-type=2") {
        Ok(if matches!(lie, Some(Lie::Endless)) { endless_listing() } else { listing(state) })
    } else {
        std::fs::read(file)
    };
    let Ok(body) = body else {
        return out.write_all(
            b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\nConnection: close\r\n\r\n",
        );
    };
    let whole = body.len();
    let (mut stated, mut more, mut encoding) = (whole as u64, 0, "identity");
    match lie {
        Some(Lie::Size(bytes)) => stated = bytes,
        Some(Lie::LongRange(bytes)) => more = bytes,
        Some(Lie::Encoding(how)) => encoding = how,
        _ => {}
    }
    let (status, part, body) = match range.as_deref().and_then(|range| range.split_once('-')) {
        Some((first, last)) => {
            let first: usize = first.parse().unwrap();
            let last = last.parse().map_or(whole - 1, |last: usize| last.min(whole - 1));
            let part = format!("Content-Range: bytes {first}-{last}/{whole}\r\n");
            ("206 Partial Content", part, body[first..=last].to_vec())
        }
        None => ("200 OK", String::new(), body),
    };
    let length = match (method, part.is_empty()) {
        ("HEAD", _) => stated,
        (_, true) => body.len() as u64,
        (_, false) => body.len() as u64 + more,
    };
    write!(
        out,
        "HTTP/1.1 {status}\r\nContent-Length: {length}\r\n{part}Accept-Ranges: bytes\r\n\
         Last-Modified: Tue, 01 Oct 2024 10:00:00 GMT\r\nETag: \"{whole}\"\r\n\
         Content-Encoding: {encoding}\r\nConnection: close\r\n\r\n",
    )?;
    if method != "HEAD" {
        let sent = if cut { body.len() / 2 } else { body.len() };
        out.write_all(&body[..sent])?;
        if !part.is_empty() {
            zeros(&mut out, more)?;
        }
    }
    Ok(())
}

/// An answer of so many zeros.
fn told(out: &mut TcpStream, method: &str, status: &str, bytes: u64) -> std::io::Result<()> {
    write!(out, "HTTP/1.1 {status}\r\nContent-Length: {bytes}\r\nConnection: close\r\n\r\n")?;
    if method == "HEAD" { Ok(()) } else { zeros(out, bytes) }
}

fn zeros(out: &mut TcpStream, mut bytes: u64) -> std::io::Result<()> {
    while bytes > 0 {
        let sent = bytes.min(1 << 16);
        out.write_all(&vec![0; sent as usize])?;
        bytes -= sent;
    }
    Ok(())
}

/// Until the client has had enough.
fn drip(out: &mut TcpStream) -> std::io::Result<()> {
    loop {
        out.write_all(b"x")?;
        std::thread::sleep(std::time::Duration::from_millis(50));
    }
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

/// A page of names, and a token for the next.
fn endless_listing() -> Vec<u8> {
    let mut xml = String::from(
        "<?xml version=\"1.0\"?><ListBucketResult><IsTruncated>true</IsTruncated>\
         <NextContinuationToken>more</NextContinuationToken>",
    );
    for name in 0..20_000 {
        xml += &format!(
            "<Contents><Key>set/{name}.tar</Key><Size>1</Size><ETag>\"1\"</ETag>\
             <LastModified>2024-10-01T10:00:00.000Z</LastModified></Contents>"
        );
    }
    (xml + "</ListBucketResult>").into_bytes()
}
