//! `locvtp corpus pack`, and what reads shards: checks and runs, from disk, HTTP and S3.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

use serde_json::Value;
use tempfile::TempDir;

use crate::tiny::{locvtp, refused, run, says, str, succeeded, tiny};

use crate::server::{Faults, Server};

/// The tiny corpus in shards of five videos, in `bucket/set`.
fn packed() -> &'static Path {
    static PACKED: OnceLock<TempDir> = OnceLock::new();
    let folder = PACKED.get_or_init(|| {
        let folder = tempfile::tempdir().unwrap();
        std::fs::create_dir(folder.path().join("bucket")).unwrap();
        let (train, out) = (tiny().path("corpus/train"), folder.path().join("bucket/set"));
        let arguments = ["corpus", "pack", str(&train), "--out", str(&out), "--shard-samples", "5"];
        says(&succeeded(&run(&arguments)), &["12 videos in 3 shards", "corpus.dir = "]);
        folder
    });
    folder.path()
}

/// A run of six steps on `dir`: its weights, and the losses of each step.
fn trained(
    dir: &Path,
    cache: &Path,
    configure: impl FnOnce(&mut Command),
) -> (Vec<u8>, Vec<Value>) {
    let run = tempfile::tempdir().unwrap();
    let run = run.path().join("run");
    let set = format!("corpus.dir={}", dir.display());
    let few = ["--set", &set, "--set", "train.steps=6", "--set", "train.log_every=1"];
    let mut command = tiny().pretrain_command(&run, &few);
    command.env("LOCVTP_CACHE", cache);
    configure(&mut command);
    succeeded(&command.output().unwrap());
    let log = std::fs::read_to_string(run.join("log.jsonl")).unwrap();
    let losses = log.lines().map(|line| {
        let line: Value = serde_json::from_str(line).unwrap();
        serde_json::json!([line["step"], line["kind"], line["total"], line["gradient_norm"]])
    });
    let losses = losses.collect();
    (std::fs::read(run.join("model/model.safetensors")).unwrap(), losses)
}

#[test]
fn a_run_is_the_same_from_loose_files_from_shards_and_from_shards_on_servers() {
    let shards = packed().join("bucket/set");
    let server = Server::over(packed());
    let cache = tempfile::tempdir().unwrap();
    let expected = trained(&tiny().path("corpus/train"), cache.path(), |_| {});
    assert_eq!(expected.1.len(), 6);
    let same = |dir: &Path| {
        let found = trained(dir, cache.path(), |_| {});
        assert_eq!(found.1, expected.1, "{}", dir.display());
        assert!(found.0 == expected.0, "{}", dir.display());
    };
    same(&shards);
    same(&shards.join("{00000..00002}.tar"));
    same(&server.url("bucket/set/"));
    let fetched = server.requests().iter().filter(|r| r.contains(".tar ")).count();
    assert!(fetched > 0, "videos come by ranges");
    // From a server that cuts connections, serves no ranges and has nothing in the cache yet.
    std::fs::remove_dir_all(cache.path().join("shards")).unwrap();
    server.fail(Faults { cuts: 4, no_ranges: true, ..Faults::default() });
    same(&server.url("bucket/set/{00000..00002}.tar"));
}

#[test]
fn a_run_reads_shards_from_a_store_that_speaks_s3() {
    let server = Server::over(packed());
    let cache = tempfile::tempdir().unwrap();
    let endpoint = server.url("");
    let s3 = |command: &mut Command| {
        command
            .env("AWS_ENDPOINT", str(&endpoint).trim_end_matches('/'))
            .env("AWS_ALLOW_HTTP", "true")
            .env("AWS_ACCESS_KEY_ID", "someone")
            .env("AWS_SECRET_ACCESS_KEY", "secret")
            .env("AWS_REGION", "eu-central-1");
    };
    let expected = trained(&tiny().path("corpus/train"), cache.path(), |_| {});
    assert!(trained(Path::new("s3://bucket/set"), cache.path(), s3) == expected);
    // Without the list of shards the store is asked for one.
    let list = packed().join("bucket/set/shards.json");
    let unlisted = tempfile::tempdir().unwrap();
    let set = unlisted.path().join("bucket/set");
    std::fs::create_dir_all(&set).unwrap();
    for entry in std::fs::read_dir(list.parent().unwrap()).unwrap() {
        let path = entry.unwrap().path();
        if path != list {
            std::fs::copy(&path, set.join(path.file_name().unwrap())).unwrap();
        }
    }
    let server = Server::over(unlisted.path());
    let mut check = locvtp();
    check.args(["corpus", "check", "s3://bucket/set", "--decode", "probe", "--json"]);
    s3(&mut check);
    let endpoint = server.url("");
    check.env("AWS_ENDPOINT", str(&endpoint).trim_end_matches('/'));
    check.env("LOCVTP_CACHE", cache.path());
    let found: Value = serde_json::from_str(&succeeded(&check.output().unwrap())).unwrap();
    assert_eq!((&found["sources"][0]["media"]["usable"], &found["bad"]), (&12.into(), &0.into()));
    let requests = server.requests();
    assert!(requests.iter().any(|r| r.contains("list-type=2")), "{requests:?}");
}

#[test]
fn what_is_wrong_with_a_store_is_told_at_once_and_in_one_line() {
    let server = Server::over(packed());
    let endpoint = server.url("");
    let endpoint = str(&endpoint).trim_end_matches('/');
    // A port that nothing listens on.
    let closed = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let closed = format!("http://{closed}/set/{{00000..00002}}.tar");
    let check = |corpus: &str, environment: &[(&str, &str)]| {
        let cache = tempfile::tempdir().unwrap();
        let mut check = locvtp();
        check.args(["corpus", "check", corpus]).env("LOCVTP_CACHE", cache.path());
        check.env("AWS_ACCESS_KEY_ID", "someone").env("AWS_SECRET_ACCESS_KEY", "secret");
        let error = refused(&check.envs(environment.iter().copied()).output().unwrap());
        assert!(error.len() < 400 && error.trim_end().lines().count() == 1, "{error}");
        error
    };
    let http = ("AWS_ALLOW_HTTP", "true");
    let told = check("s3://bucket/set", &[("AWS_ENDPOINT", &endpoint["http://".len()..]), http]);
    says(&told, &["s3://bucket/set", "AWS_ENDPOINT is", "no address", "https://HOST"]);
    let told = check("s3://bucket/set", &[("AWS_ENDPOINT", endpoint)]);
    says(&told, &["not https", "AWS_ALLOW_HTTP=true"]);
    let told = check("s3://none/set", &[("AWS_ENDPOINT", endpoint), http]);
    says(&told, &["s3://none/set"]);
    says(&check("http://127.0.0.1:99999/a.tar", &[]), &["99999", "port", "http://HOST/PATH"]);
    says(&check(&closed, &[]), &["refused", "that the server runs"]);
}

#[test]
fn a_run_may_go_shard_by_shard_and_is_resumed_exactly() {
    let shards = format!("corpus.dir={}", packed().join("bucket/set").display());
    let order = "pairs.order={ shards = { buffer = 6 } }";
    let folder = tempfile::tempdir().unwrap();
    let train = |run: &str, more: &[&str]| {
        let run = folder.path().join(run);
        let few = ["--set", "train.steps=8", "--set", "train.checkpoint_every=5"];
        let set = ["--set", &shards, "--set", order];
        succeeded(&tiny().pretrain(&run, &[&set[..], &few, more].concat()));
        std::fs::read(run.join("model/model.safetensors")).unwrap()
    };
    let whole = train("run", &[]);
    // As it stands when it is killed after its first checkpoint.
    let run = folder.path().join("run");
    std::fs::remove_dir_all(run.join("model")).unwrap();
    std::fs::remove_dir_all(run.join("checkpoints/step-00000008")).unwrap();
    assert!(train("run", &["--resume"]) == whole);
    let loose = tiny().pretrain(&folder.path().join("loose"), &["--set", order]);
    says(&refused(&loose), &["pairs.order", "corpus pack"]);
}

#[test]
fn a_damaged_shard_is_counted_by_the_check_and_left_out_by_the_run() {
    let copy = tempfile::tempdir().unwrap();
    crate::tiny::copy_folder(&packed().join("bucket/set"), copy.path());
    let path = copy.path().join("00000.tar");
    let mut bytes = std::fs::read(&path).unwrap();
    bytes.truncate(bytes.len() / 2);
    std::fs::write(&path, bytes).unwrap();
    let arguments = ["corpus", "check", str(copy.path()), "--decode", "all"];
    let text = succeeded(&run(&arguments));
    says(&text, &["shards", "shard cut short or damaged", "00000.tar", "0 cannot"]);
    let most = run(&[&arguments[..], &["--max-bad", "1"]].concat());
    assert_eq!(most.status.code(), Some(2));
    let (_, losses) = trained(copy.path(), copy.path(), |_| {});
    assert_eq!(losses.len(), 6);
}

#[test]
fn a_full_disk_is_said_and_the_same_command_goes_on() {
    let folder = tempfile::tempdir().unwrap();
    let (train, out) = (tiny().path("corpus/train"), folder.path().join("out"));
    let pack = ["corpus", "pack", str(&train), "--out", str(&out), "--shard-samples", "4"];
    let mut limited = Command::new("sh");
    limited.args(["-c", "ulimit -f 8; exec \"$@\"", "sh"]);
    limited.arg(env!("CARGO_BIN_EXE_locvtp")).args(pack);
    let message = refused(&limited.output().unwrap());
    says(&message, &["00000.tar: cannot be written", "free space"]);
    let left: Vec<PathBuf> =
        std::fs::read_dir(&out).unwrap().map(|entry| entry.unwrap().path()).collect();
    assert_eq!(left, [out.join("shards.json")], "nothing half-written stays");
    says(&refused(&run(&["corpus", "check", str(&out)])), &["packing was not finished"]);
    says(&succeeded(&run(&pack)), &["12 videos in 3 shards"]);
    says(&succeeded(&run(&pack)), &["there already: 3 shards"]);
}

#[test]
fn addresses_that_lead_nowhere_are_refused_with_a_way_out() {
    let server = Server::over(packed());
    let cache = tempfile::tempdir().unwrap();
    let check = |address: &Path| {
        let mut command = locvtp();
        command.args(["corpus", "check", str(address)]).env("LOCVTP_CACHE", cache.path());
        refused(&command.output().unwrap())
    };
    let missing = check(&server.url("bucket/set/{00000..00009}.tar"));
    says(&missing, &["00003.tar", "last number of a pattern"]);
    says(&check(&server.url("bucket/")), &["holds no shards", "locvtp corpus pack"]);
    says(&check(Path::new("shards/{00000..00001.tar")), &["a brace is not closed"]);
}
