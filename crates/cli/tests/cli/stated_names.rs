//! Names that a hub, an index or a setting states are data, and never lead out of their folder; and the hub's token goes
//! nowhere but to the hub.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpListener;
use std::path::Path;
use std::process::Output;
use std::sync::{Arc, Mutex};

use crate::tiny::{locvtp, refused, says, str, tiny};

/// What a hub answers to a request for a path: the head's lines and the body; none where it has no such file.
type Answer = fn(path: &str) -> Option<(String, Vec<u8>)>;

/// A hub that answers as it is told, and notes each request with its headers.
struct Hub {
    address: String,
    requests: Arc<Mutex<Vec<String>>>,
}

impl Hub {
    fn answering(answer: Answer) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = format!("http://{}", listener.local_addr().unwrap());
        let requests = Arc::<Mutex<Vec<String>>>::default();
        let noted = Arc::clone(&requests);
        std::thread::spawn(move || {
            for connection in listener.incoming() {
                let mut connection = connection.unwrap();
                let mut lines = BufReader::new(connection.try_clone().unwrap()).lines();
                let head: Vec<String> = lines
                    .by_ref()
                    .map(Result::unwrap)
                    .take_while(|line| !line.is_empty())
                    .collect();
                let path = head[0].split(' ').nth(1).unwrap().to_owned();
                noted.lock().unwrap().push(head.join("\n"));
                let (head, body) = answer(&path)
                    .unwrap_or_else(|| ("HTTP/1.1 404 Not Found\r\n".to_owned(), Vec::new()));
                let head =
                    format!("{head}content-length: {}\r\nconnection: close\r\n\r\n", body.len());
                let _ = connection.write_all(&[head.as_bytes(), &body].concat());
                let _ = connection.shutdown(std::net::Shutdown::Write);
                let _ = connection.read_to_end(&mut Vec::new());
            }
        });
        Self { address, requests }
    }

    fn import(&self, home: &Path) -> Output {
        let mut command = locvtp();
        command.env("HF_ENDPOINT", &self.address).env("HF_HOME", home).env("NO_PROXY", "127.0.0.1");
        command.env_remove("HF_HUB_OFFLINE");
        command.args(["weights", "import", "--from", "hub:some/model", "--out"]);
        command.arg(home.join("model")).output().unwrap()
    }

    fn requests(&self) -> Vec<String> {
        self.requests.lock().unwrap().clone()
    }
}

fn file(tag: &str, commit: &str, body: &str) -> (String, Vec<u8>) {
    let length = body.len();
    let head = format!(
        "HTTP/1.1 206 Partial Content\r\ncontent-range: bytes 0-{}/{length}\r\netag: \"{tag}\"\r\nx-repo-commit: \
         {commit}\r\n",
        length - 1
    );
    (head, body.as_bytes().to_vec())
}

/// All files and links below a folder, by their paths from there.
fn files(folder: &Path) -> Vec<String> {
    let mut found = Vec::new();
    let mut open = vec![folder.to_owned()];
    while let Some(next) = open.pop() {
        for entry in std::fs::read_dir(next).unwrap() {
            let path = entry.unwrap().path();
            match path.is_dir() && !path.is_symlink() {
                true => open.push(path),
                false => found.push(str(path.strip_prefix(folder).unwrap()).to_owned()),
            }
        }
    }
    found
}

#[test]
fn a_name_in_a_downloaded_index_is_no_path() {
    let hub = Hub::answering(|path| {
        let index = r#"{"weight_map": {"a": "../../../planted.safetensors"}}"#;
        path.ends_with("model.safetensors.index.json").then(|| file("t", "c", index))
    });
    let home = tempfile::tempdir().unwrap();
    let message = refused(&hub.import(home.path()));
    says(
        &message,
        &["model.safetensors.index.json", "weight_map", "planted", "no plain file name"],
    );
    assert!(!hub.requests().iter().any(|request| request.contains("planted")));
    assert!(!files(home.path()).iter().any(|file| file.contains("planted")));
}

#[test]
fn a_tag_or_a_commit_of_a_server_is_no_path() {
    let by_tag: Answer = |_| Some(file("../../../../planted", "c", "{}"));
    let by_commit: Answer = |_| Some(file("t", "../../../planted", "{}"));
    for (answer, header) in [(by_tag, "etag"), (by_commit, "x-repo-commit")] {
        let hub = Hub::answering(answer);
        let above = tempfile::tempdir().unwrap();
        let home = above.path().join("home");
        std::fs::create_dir(&home).unwrap();
        let message = refused(&hub.import(&home));
        says(&message, &[header, "no plain file name", "nothing was written"]);
        assert_eq!(files(above.path()), [""; 0], "{header}");
    }
}

#[test]
fn more_than_a_server_stated_is_not_taken() {
    let hub = Hub::answering(|path| {
        // Two bytes are stated, and a hundred come.
        let (head, _) = file("t", "c", "{}");
        path.ends_with("/config.json").then(|| (head, vec![b' '; 100]))
    });
    let home = tempfile::tempdir().unwrap();
    let message = refused(&hub.import(home.path()));
    says(&message, &["no weights"]);
    let kept = home.path().join("hub/models--some--model/snapshots/c/config.json");
    assert_eq!(std::fs::metadata(kept).unwrap().len(), 2);
}

#[test]
fn the_token_is_not_sent_without_encryption() {
    let hub = Hub::answering(|_| None);
    let home = tempfile::tempdir().unwrap();
    std::fs::write(home.path().join("token"), "geheim").unwrap();
    says(&refused(&hub.import(home.path())), &["no weights"]);
    let requests = hub.requests();
    assert!(!requests.is_empty());
    assert!(!requests.iter().any(|request| request.contains("geheim")), "{requests:?}");
}

#[test]
fn a_runs_name_is_a_folder_in_runs_and_leads_nowhere_else() {
    let tiny = tiny();
    let here = tempfile::tempdir().unwrap();
    let inside = here.path().join("inside");
    std::fs::create_dir(&inside).unwrap();
    for name in ["../../out", "/tmp/out", "a/b", ".."] {
        let mut command = locvtp();
        command.current_dir(&inside).arg("pretrain").arg(tiny.path("run.toml"));
        command.args(["--set", &format!("run.name={name:?}")]);
        says(
            &refused(&command.output().unwrap()),
            &["run.name", "no plain file name", "--run DIR"],
        );
    }
    assert_eq!(files(here.path()), [""; 0]);
}
