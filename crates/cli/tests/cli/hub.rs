//! A hub that is a server of our own, with tiny models.

use std::fmt::Write as _;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};

use sha2::{Digest, Sha256};

use crate::weights::foreign;

/// Models of the hub, and the folders of goldens in which they lie.
const MODELS: [(&str, &str); 6] = [
    ("tiny/timesformer", "hf-timesformer"),
    ("tiny/sharded", "sharded"),
    ("tiny/sentences", "../sentence_models/bert"),
    ("sentence-transformers/all-MiniLM-L6-v2", "../sentence_models/bert"),
    ("laion/CLIP-ViT-B-32-laion2B-s34B-b79K", "../open_clip"),
    ("facebook/timesformer-base-finetuned-k400", "hf-timesformer"),
];

/// A model whose files are not what their tags say.
const OF_A_LIAR: &str = "liar/timesformer";

/// A hub with [`MODELS`]; its address.
pub(crate) fn hub() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = format!("http://{}", listener.local_addr().unwrap());
    std::thread::spawn(move || {
        for connection in listener.incoming() {
            std::thread::spawn(move || answer(connection.unwrap()));
        }
    });
    address
}

/// Answers as the hub does: parts of files, with the commit and the tag of the file.
fn answer(mut connection: TcpStream) {
    let mut request = BufReader::new(connection.try_clone().unwrap());
    let mut line = String::new();
    request.read_line(&mut line).unwrap();
    let path = line.split(' ').nth(1).unwrap_or_default().to_owned();
    let mut start = 0;
    let mut end = usize::MAX;
    loop {
        let mut header = String::new();
        request.read_line(&mut header).unwrap();
        let header = header.trim().to_lowercase();
        if let Some((_, range)) = header.split_once("range: bytes=") {
            let (from, to) = range.split_once('-').unwrap();
            start = from.parse().unwrap();
            end = to.parse().unwrap_or(usize::MAX);
        }
        if header.is_empty() {
            break;
        }
    }
    let models = MODELS.into_iter().chain([(OF_A_LIAR, "hf-timesformer")]);
    let file = models.into_iter().find_map(|(model, folder)| {
        let name = path.strip_prefix(&format!("/{model}/resolve/main/"))?;
        // A CLIP has its words beside it, which lie elsewhere among the goldens.
        let folders = [folder, if folder == "../open_clip" { "../clip_tokenizer" } else { folder }];
        folders.iter().find_map(|folder| std::fs::read(foreign(folder).join(name)).ok())
    });
    let status = if path.starts_with("/gated/") { "401 Unauthorized" } else { "404 Not Found" };
    let answer = match file {
        None => {
            format!("HTTP/1.1 {status}\r\ncontent-length: 0\r\nconnection: close\r\n\r\n").into()
        }
        Some(bytes) => {
            let part = &bytes[start.min(bytes.len())..end.saturating_add(1).min(bytes.len())];
            let head = format!(
                "HTTP/1.1 206 Partial Content\r\ncontent-length: {}\r\ncontent-range: bytes \
                 {start}-{}/{}\r\netag: \"{}\"\r\nx-repo-commit: 0123456789abcdef\r\n\
                 connection: close\r\n\r\n",
                part.len(),
                start + part.len() - 1,
                bytes.len(),
                tag(&path, &bytes),
            );
            [head.as_bytes(), part].concat()
        }
    };
    connection.write_all(&answer).unwrap();
    // Read what is left, so that closing is no reset.
    let _ = connection.shutdown(std::net::Shutdown::Write);
    let _ = request.read_to_end(&mut Vec::new());
}

/// The tag of a file: of weights the SHA-256 of what is in it, as the hub has it.
fn tag(path: &str, bytes: &[u8]) -> String {
    if !path.ends_with(".safetensors") {
        return path.replace('/', "-");
    }
    let bytes = if path.contains(OF_A_LIAR) { &bytes[1..] } else { bytes };
    Sha256::digest(bytes).iter().fold(String::new(), |mut tag, byte| {
        write!(tag, "{byte:02x}").unwrap();
        tag
    })
}
