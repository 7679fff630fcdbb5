//! Where a server is: an address as people type it, of which the password is never shown.

use std::fmt;
use std::path::PathBuf;
use std::str::FromStr;
use std::time::Duration;

use postgres::config::{Config, Host, SslMode};

use super::password;
use crate::catalogue::error::CatalogueError;

/// How a server is to be reached, in words for people.
const FORM: &str = "write postgres://USER@HOST:5432/DATABASE, with %XX for signs such as `@`, `/` and \
                    `?` in names; `?sslmode=` takes disable, prefer, require or verify-full, and \
                    `?sslrootcert=` a file";

/// The address of a database, as `postgres://anna@db.example/videos`. A password in it, in `PGPASSWORD`
/// or in `~/.pgpass` is used and never shown.
#[derive(Clone)]
pub struct ServerAddress {
    shown: String,
    pub(super) config: Box<Config>,
    pub(super) encryption: Encryption,
}

/// Whether a connection is encrypted, and whether the server must prove who it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Encryption {
    /// As `sslmode` in the configuration says; any certificate is taken.
    Unproved,
    /// With a certificate for the host's name, signed by one of the system's or of a file's authorities.
    Proved { authorities: Option<PathBuf> },
}

impl ServerAddress {
    /// Whether a text is meant as the address of a server, one of ours or of another kind: a folder of such a name is
    /// written as `./NAME`.
    pub fn is_meant(text: &str) -> bool {
        let Some((scheme, behind)) = text.split_once(':') else { return false };
        let is_letter = |c: char| c.is_ascii_alphanumeric() || "+.-".contains(c);
        let is_scheme =
            scheme.starts_with(|c: char| c.is_ascii_alphabetic()) && scheme.chars().all(is_letter);
        is_scheme && (behind.starts_with("//") || is_ours(scheme))
    }
}

/// Schemes count in any case.
fn is_ours(scheme: &str) -> bool {
    ["postgres", "postgresql"].iter().any(|ours| scheme.eq_ignore_ascii_case(ours))
}

impl FromStr for ServerAddress {
    type Err = CatalogueError;

    fn from_str(text: &str) -> Result<Self, CatalogueError> {
        // Nothing of a text that cannot be read is shown: any part of it may be of the password.
        let wrong = || CatalogueError::Server {
            place: "postgres://...".into(),
            what: format!("this is no address of a database; {FORM}"),
        };
        let (scheme, behind) = text.split_once("://").ok_or_else(wrong)?;
        if !is_ours(scheme) {
            let what =
                format!("no index lies at such an address, but in a folder or a database; {FORM}");
            return Err(CatalogueError::Server { place: format!("{scheme}://..."), what });
        }
        let text = &format!("postgres://{behind}");
        let (plain, encryption) = split_encryption(text).ok_or_else(wrong)?;
        let mut config: Config = plain.parse().map_err(|_| wrong())?;
        let has_name = config.get_dbname().is_some_and(|name| !name.is_empty());
        if config.get_hosts().is_empty() || !has_name {
            return Err(wrong());
        }
        if encryption != Encryption::Unproved {
            config.ssl_mode(SslMode::Require);
        }
        let shown = shown(&config, &encryption);
        if config.get_password().is_none()
            && let Some(password) = password::of(&config)
        {
            config.password(password);
        }
        // A server that does not answer is told within seconds, a broken line within a minute.
        config.connect_timeout(config.get_connect_timeout().copied().unwrap_or(CONNECT));
        config.keepalives_idle(KEEPALIVE).keepalives_interval(KEEPALIVE).keepalives_retries(3);
        config.tcp_user_timeout(BROKEN);
        config.application_name(&format!("locvtp, process {}", std::process::id()));
        Ok(Self { shown, config: Box::new(config), encryption })
    }
}

const CONNECT: Duration = Duration::from_secs(10);
const KEEPALIVE: Duration = Duration::from_secs(15);
const BROKEN: Duration = Duration::from_secs(60);

/// Takes the options out that the client does not know.
fn split_encryption(text: &str) -> Option<(String, Encryption)> {
    let names = text.find('@').map_or(0, |at| at + 1);
    let Some(question) = text[names..].find('?').map(|at| names + at) else {
        return Some((text.to_owned(), Encryption::Unproved));
    };
    let (mut is_proved, mut authorities, mut others) = (false, None, Vec::new());
    for pair in text[question + 1..].split('&') {
        match pair.split_once('=')? {
            ("sslmode", "verify-full") => is_proved = true,
            ("sslrootcert", file) => authorities = Some(PathBuf::from(decoded(file)?)),
            _ => others.push(pair),
        }
    }
    let plain = match others.is_empty() {
        true => text[..question].to_owned(),
        false => format!("{}?{}", &text[..question], others.join("&")),
    };
    match (is_proved, authorities) {
        (true, authorities) => Some((plain, Encryption::Proved { authorities })),
        (false, None) => Some((plain, Encryption::Unproved)),
        // A file of authorities that nobody looks at would be a false comfort.
        (false, Some(_)) => None,
    }
}

/// The address without its password, so that it can be typed again.
fn shown(config: &Config, encryption: &Encryption) -> String {
    let mut shown = String::from("postgres://");
    if let Some(user) = config.get_user() {
        shown += &format!("{}@", encoded(user));
    }
    let (mut hosts, mut options) = (Vec::new(), Vec::new());
    for (place, host) in config.get_hosts().iter().enumerate() {
        let ports = config.get_ports();
        let port = ports.get(place).or(ports.first()).filter(|port| **port != 5432);
        match host {
            Host::Tcp(name) => {
                let name = if name.contains(':') { format!("[{name}]") } else { name.clone() };
                hosts.push(name + &port.map(|port| format!(":{port}")).unwrap_or_default());
            }
            Host::Unix(folder) => {
                options.push(format!("host={}", encoded(&folder.to_string_lossy())));
                options.extend(port.map(|port| format!("port={port}")));
            }
        }
    }
    shown += &hosts.join(",");
    shown += &format!("/{}", encoded(config.get_dbname().unwrap_or_default()));
    match (encryption, config.get_ssl_mode()) {
        (Encryption::Proved { authorities }, _) => {
            options.push("sslmode=verify-full".into());
            let file = authorities.as_ref().map(|file| encoded(&file.to_string_lossy()));
            options.extend(file.map(|file| format!("sslrootcert={file}")));
        }
        (_, SslMode::Disable) => options.push("sslmode=disable".into()),
        (_, SslMode::Require) => options.push("sslmode=require".into()),
        _ => {}
    }
    if !options.is_empty() {
        shown += &format!("?{}", options.join("&"));
    }
    shown
}

fn encoded(text: &str) -> String {
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~/".contains(&byte);
    let byte = |byte: u8| match is_plain(byte) {
        true => char::from(byte).to_string(),
        false => format!("%{byte:02X}"),
    };
    text.bytes().map(byte).collect()
}

fn decoded(text: &str) -> Option<String> {
    let mut bytes = Vec::new();
    let mut rest = text.bytes();
    while let Some(byte) = rest.next() {
        if byte != b'%' {
            bytes.push(byte);
            continue;
        }
        let mut digit = || char::from(rest.next()?).to_digit(16);
        bytes.push((digit()? * 16 + digit()?) as u8);
    }
    String::from_utf8(bytes).ok()
}

impl fmt::Display for ServerAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.shown)
    }
}

impl fmt::Debug for ServerAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ServerAddress({})", self.shown)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_shown_without_its_password_and_can_be_typed_again() {
        for (typed, expected) in [
            ("postgres://anna:geheim@db/videos", "postgres://anna@db/videos"),
            ("postgresql://anna:geh%40im@db:5433/v", "postgres://anna@db:5433/v"),
            ("postgres://anna:ge/h?im@db/v", "postgres://anna@db/v"),
            ("postgres://a@/v?host=/run/pg&password=geheim", "postgres://a@/v?host=/run/pg"),
            ("postgres://a@one,two/v", "postgres://a@one,two/v"),
            ("postgres://a@[::1]:5433/v", "postgres://a@[::1]:5433/v"),
            ("postgres://a@/v?host=%2Frun&port=5433", "postgres://a@/v?host=/run&port=5433"),
            ("postgres://a@db/v?sslmode=verify-full", "postgres://a@db/v?sslmode=verify-full"),
            (
                "postgres://a@db/v?sslrootcert=/a%20b.pem&sslmode=verify-full",
                "postgres://a@db/v?sslmode=verify-full&sslrootcert=/a%20b.pem",
            ),
            ("postgres://a@db/v?sslmode=disable", "postgres://a@db/v?sslmode=disable"),
        ] {
            let address: ServerAddress = typed.parse().unwrap();
            assert_eq!(address.to_string(), expected, "{typed}");
            assert_eq!(expected.parse::<ServerAddress>().unwrap().to_string(), expected);
            assert!(!format!("{address:?}").contains("im"), "{address:?}");
        }
    }

    #[test]
    fn what_is_no_address_is_refused_and_nothing_of_it_is_shown() {
        for typed in [
            "postgres://anna:geheim@db",
            "postgres://anna:geheim@db/",
            "postgres://anna:geheim@/videos",
            "postgres://anna:geheim@db:x/videos",
            "postgres://anna:geheim@db/v?geheim=7",
            "postgres://anna:geheim@db/v?geheim",
            "postgres://anna:geheim@db/v?sslmode=verify",
            "postgres://anna:geheim@db/v?sslrootcert=geheim.pem",
            "postgres://anna:geheim",
            "host=db password=geheim dbname=v",
        ] {
            let error = typed.parse::<ServerAddress>().unwrap_err();
            let said = locvtp_video::causes::with_causes(&error);
            assert!(said.contains("postgres://USER@HOST"), "{said}");
            assert!(!said.contains("geheim") && !format!("{error:?}").contains("geheim"), "{said}");
        }
    }
}
