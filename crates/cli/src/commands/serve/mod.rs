//! `locvtp serve`: a page and an HTTP interface over an index.

mod asking;
mod failures;
mod giving_away;
mod index_library;
mod index_place;
mod line_writer;
mod live_index;
mod open_index;
mod picture;
mod request_lines;
mod videos;

use std::fs::File;
use std::io::Read;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, TcpListener};
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, bail};
use clap::Args as ClapArgs;
use locvtp_serve::{ServeSettings, Server, Token};

use crate::catalogue_place::{CataloguePlace, videos_folder};
use crate::interrupt::Listening;
use crate::{Outcome, file_reading, interrupt, missing, output};

use index_library::IndexLibrary;
use request_lines::RequestLines;

/// Between two questions whether Ctrl-C was pressed.
const GLANCE: Duration = Duration::from_millis(50);

/// Bytes of a file that can be a token; a larger one is another file.
const LONGEST_TOKEN: u64 = 4096;

/// `locvtp serve`
#[derive(Debug, ClapArgs)]
pub(crate) struct Serve {
    /// The folder whose index is shown [default: the index here or in a folder above]
    #[arg(value_name = "FOLDER", conflicts_with = "catalog")]
    pub(crate) folder: Option<PathBuf>,
    #[command(flatten)]
    pub(crate) place: CataloguePlace,
    /// Model directory [default: where it lay when the index was made]
    #[arg(long, value_name = "DIR")]
    pub(crate) model: Option<PathBuf>,
    /// Where to listen; port 0 takes any that is free. An address that other machines reach needs a token
    #[arg(long, value_name = "ADDRESS:PORT", default_value = "127.0.0.1:8765", value_parser = address)]
    pub(crate) address: SocketAddr,
    /// A file with the word that visitors must know
    #[arg(long, value_name = "FILE")]
    pub(crate) token_file: Option<PathBuf>,
    /// Open the page in the browser
    #[arg(long)]
    pub(crate) open: bool,
    /// Append a line of JSON for each request to this file
    #[arg(long, value_name = "FILE")]
    pub(crate) log: Option<PathBuf>,
}

impl Serve {
    /// The index of a folder, opened in the browser; at any free port where another program has the usual one.
    pub(crate) fn of_folder(folder: &Path) -> Self {
        let mut address = ServeSettings::new().address;
        if TcpListener::bind(address).is_err() {
            address.set_port(0);
        }
        Self {
            folder: Some(folder.to_owned()),
            place: CataloguePlace { catalog: None },
            model: None,
            address,
            token_file: None,
            open: true,
            log: None,
        }
    }
}

pub(crate) fn run(args: &Serve) -> anyhow::Result<Outcome> {
    let mut settings = ServeSettings::new();
    settings.address = args.address;
    settings.token = args.token_file.as_deref().map(token).transpose()?;
    let lines = RequestLines::open(args.log.as_deref())?;
    let place = args.place.of_folder(args.folder.as_deref())?;
    let root = videos_folder(&place);
    settings.frame_tables = file_reading::default_tables();
    let tables = settings.frame_tables.clone();
    let library = IndexLibrary::open(place, args.model.clone(), root, tables)?;
    let needs_token = settings.token.is_some();
    let server = Server::bind(settings, Arc::new(library), lines.observer())?;
    let page = format!("http://{}/", on_this_machine(server.address()));
    output::text(&format!("the page is at {page} (Ctrl-C ends the server)"))?;
    if needs_token {
        output::note("whoever opens it is asked for the token");
    }
    if !server.address().ip().is_loopback() {
        output::note(
            "note: other machines reach it by this machine's own address, and what is sent is not encrypted; behind a \
             proxy with HTTPS it is",
        );
    }
    if args.open {
        open_page(&page);
    }
    let stopper = server.stopper();
    let _listening = Listening::serving()?;
    std::thread::spawn(move || {
        while !interrupt::pressed() {
            std::thread::sleep(GLANCE);
        }
        stopper.stop();
    });
    server.run()?;
    lines.end("the server has ended");
    Ok(Outcome::Done)
}

/// Reads `--address`.
fn address(text: &str) -> Result<SocketAddr, String> {
    let local = || {
        Some(SocketAddr::new(
            Ipv4Addr::LOCALHOST.into(),
            text.strip_prefix("localhost:")?.parse().ok()?,
        ))
    };
    text.parse().ok().or_else(local).ok_or_else(|| {
        "expected an address in figures and a port, as 127.0.0.1:8765, or 0.0.0.0:8765 for all addresses of this machine"
            .to_owned()
    })
}

/// Where a browser on this machine finds a server that listens at all of its addresses.
fn on_this_machine(mut address: SocketAddr) -> SocketAddr {
    match address.ip() {
        IpAddr::V4(ip) if ip.is_unspecified() => address.set_ip(Ipv4Addr::LOCALHOST.into()),
        IpAddr::V6(ip) if ip.is_unspecified() => address.set_ip(Ipv6Addr::LOCALHOST.into()),
        _ => {}
    }
    address
}

fn token(file: &Path) -> anyhow::Result<Token> {
    // It may be a pipe, as `<(..)` of a shell is: how long that is nobody knows.
    let opened = File::open(file).map_err(missing::reading(file))?;
    let mut text = String::new();
    let read = opened.take(LONGEST_TOKEN + 1).read_to_string(&mut text);
    if read.map_err(missing::reading(file))? as u64 > LONGEST_TOKEN {
        bail!("{}: is too long for a token; give a file with one word in it", file.display());
    }
    Token::new(&text).with_context(|| file.display().to_string())
}

/// Opens the page in the person's browser. Where there is none, the address stands in the terminal.
fn open_page(page: &str) {
    let opener = if cfg!(target_os = "macos") { "open" } else { "xdg-open" };
    let mut command = std::process::Command::new(opener);
    command.arg(page).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    if command.spawn().is_err() {
        output::note(&format!("note: no browser could be opened; open {page} yourself"));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_figures_and_a_port_and_a_browser_is_sent_where_it_can_go() {
        for (typed, shown) in [
            ("127.0.0.1:8931", "127.0.0.1:8931"),
            ("localhost:0", "127.0.0.1:0"),
            ("0.0.0.0:80", "127.0.0.1:80"),
            ("[::]:80", "[::1]:80"),
            ("192.168.0.3:80", "192.168.0.3:80"),
        ] {
            assert_eq!(on_this_machine(address(typed).unwrap()).to_string(), shown, "{typed}");
        }
        for typed in ["localhost", "127.0.0.1", ":9000", "example.com:80", "localhost:port"] {
            assert!(address(typed).unwrap_err().contains("as 127.0.0.1:8765"), "{typed}");
        }
    }

    #[test]
    fn a_token_is_read_from_a_pipe_and_no_device_is_read_to_its_end() {
        let said = |file: &str| format!("{:#}", token(Path::new(file)).err().unwrap());
        assert!(said("/dev/zero").contains("too long for a token"), "{}", said("/dev/zero"));
        let folder = tempfile::tempdir().unwrap();
        let pipe = folder.path().join("pipe");
        let made = std::process::Command::new("mkfifo").arg(&pipe).status().unwrap();
        assert!(made.success());
        let writer = pipe.clone();
        let writing = std::thread::spawn(move || std::fs::write(writer, "0123456789abcdef\n"));
        assert!(token(&pipe).is_ok());
        writing.join().unwrap().unwrap();
    }
}
