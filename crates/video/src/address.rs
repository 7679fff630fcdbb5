//! Addresses of other machines, of which the password is never shown.
//!
//! `https://anna:word@host/shards` and `postgres://anna:word@host/films` are typed, stand in settings,
//! and reach errors, logs, pages and files. [`Address`] shows itself without the password; of a text
//! that may hold addresses [`without_passwords`] leaves all of them out.

use std::borrow::Cow;
use std::fmt;

/// What stands in the place of a password.
pub const HIDDEN: &str = "***";

/// Parts of the names of values in an address that are secret: `?password=`, `&X-Amz-Signature=`.
const SECRETS: [&str; 7] = ["pass", "secret", "token", "sig", "credential", "key", "auth"];

/// An address that shows itself without its password.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct Address(String);

impl Address {
    /// As it was typed.
    pub fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    /// With its password, for who connects.
    pub fn whole(&self) -> &str {
        &self.0
    }

    /// Whether it was shown before, so that its password is not known any more.
    pub fn lacks_its_password(&self) -> bool {
        self.0.contains(&format!("{HIDDEN}@"))
    }
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&without_passwords(&self.0))
    }
}

impl fmt::Debug for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Address({self})")
    }
}

/// Whether a text is the address of something on another machine, and no path.
pub fn is_address(text: &str) -> bool {
    text.split_once("://").is_some_and(|(before, _)| scheme(before) == before && !before.is_empty())
}

/// A text in which the addresses have no passwords. An address ends at a blank or a quotation mark.
pub fn without_passwords(text: &str) -> Cow<'_, str> {
    if !text.contains("://") {
        return Cow::Borrowed(text);
    }
    let (mut shown, mut rest) = (String::with_capacity(text.len()), text);
    while let Some(at) = rest.find("://") {
        let (before, behind) = (&rest[..at], &rest[at + 3..]);
        let (address, after) = behind.split_at(end(behind));
        shown += &format!("{before}://{}", of_one(scheme(before), address));
        rest = after;
    }
    Cow::Owned(shown + rest)
}

/// Where an address ends that a text begins with. A quotation mark behind a backslash is a part of it, as in TOML
/// and JSON.
fn end(text: &str) -> usize {
    let mut is_escaped = false;
    let is_end = |letter: char| {
        let is_mark = "\"'`<>|".contains(letter) && !is_escaped;
        is_escaped = letter == '\\' && !is_escaped;
        is_mark || letter.is_whitespace() || letter.is_control()
    };
    text.find(is_end).unwrap_or(text.len())
}

/// The scheme that a text ends with.
fn scheme(text: &str) -> &str {
    let is_of_it = |letter: char| letter.is_ascii_alphanumeric() || "+.-".contains(letter);
    text[text.trim_end_matches(is_of_it).len()..].trim_start_matches(|c: char| !c.is_alphabetic())
}

/// What stands behind `://`, without a password and secret values.
fn of_one(scheme: &str, address: &str) -> String {
    let Some(at) = end_of_user(scheme, address) else {
        return match host(address).split_once(':') {
            // The beginning of a password, where the rest was not typed.
            Some((user, port))
                if !is_port(port.trim_end_matches([':', ';', ',', '.', ')']))
                    && !user.starts_with('[') =>
            {
                format!("{user}:{HIDDEN}")
            }
            _ => without_secrets(address),
        };
    };
    let (user, rest) = (&address[..at], &address[at + 1..]);
    let user = match user.split_once(':') {
        Some((user, _)) => format!("{user}:{HIDDEN}@"),
        // Servers of files take a secret word for a user.
        None if !is_database(scheme) => format!("{HIDDEN}@"),
        None => format!("{user}@"),
    };
    user + &without_secrets(rest)
}

/// Where user and password end. A password that holds signs of an address, as `/` and `@`, is to be
/// typed with `%XX`; one that is not is found all the same.
fn end_of_user(scheme: &str, address: &str) -> Option<usize> {
    let last = address.rfind('@')?;
    let host = host(address);
    let first = host.rfind('@');
    let is_shown_before = first.is_some_and(|at| host[..at].ends_with(HIDDEN));
    let has_password = |user: &str| user.contains(':');
    let has_port = |(_, port): (&str, &str)| is_port(port);
    match first {
        Some(at) if is_shown_before => Some(at),
        _ if is_database(scheme) => Some(last),
        Some(at) if !has_password(&host[..at]) => Some(at),
        Some(_) => Some(last),
        // `host:8000/a@b` has no user, `anna:wo/rd@host` has.
        None => (!host.rsplit_once(':').is_none_or(has_port)).then_some(last),
    }
}

/// User, host and port.
fn host(address: &str) -> &str {
    &address[..address.find(['/', '?', '#']).unwrap_or(address.len())]
}

fn is_port(text: &str) -> bool {
    text.bytes().all(|digit| digit.is_ascii_digit())
}

fn is_database(scheme: &str) -> bool {
    scheme.get(..7).is_some_and(|start| start.eq_ignore_ascii_case("postgre"))
}

/// What stands behind `?`, with secret values left out.
fn without_secrets(address: &str) -> String {
    let Some((before, values)) = address.split_once('?') else { return address.to_owned() };
    let shown = values.split('&').map(|pair| match pair.split_once('=') {
        Some((name, _)) if is_secret(name) => format!("{name}={HIDDEN}"),
        _ => pair.to_owned(),
    });
    format!("{before}?{}", shown.collect::<Vec<_>>().join("&"))
}

fn is_secret(name: &str) -> bool {
    let name = name.to_ascii_lowercase();
    SECRETS.iter().any(|secret| name.contains(secret))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_shows_no_password_and_gives_it_to_who_connects() {
        for (typed, shown) in [
            ("https://anna:geheim@host/a/b.tar", "https://anna:***@host/a/b.tar"),
            ("https://geheim@host/a", "https://***@host/a"),
            ("http://anna:ge/h?e@im@host:80/a", "http://anna:***@host:80/a"),
            ("postgres://anna:geheim@db/v", "postgres://anna:***@db/v"),
            ("postgres://anna:1/geh@eim@db/v", "postgres://anna:***@db/v"),
            ("postgres://anna@db/v", "postgres://anna@db/v"),
            ("postgres://a@/v?host=/run&password=geheim", "postgres://a@/v?host=/run&password=***"),
            (
                "https://h/a.tar?X-Amz-Signature=geheim&b=1",
                "https://h/a.tar?X-Amz-Signature=***&b=1",
            ),
            ("postgres://anna:geheim", "postgres://anna:***"),
            ("https://anna:geh\\\"eim@host/a", "https://anna:***@host/a"),
            // What has none stays.
            ("http://[::1]:8000/a", "http://[::1]:8000/a"),
            ("http://host{1..3}:80/{0..3}.tar", "http://host{1..3}:80/{0..3}.tar"),
            ("https://host:8000/a@b.tar", "https://host:8000/a@b.tar"),
            ("s3://bucket/a@b/{0..3}.tar", "s3://bucket/a@b/{0..3}.tar"),
            ("https://anna:***@host/a@b.tar", "https://anna:***@host/a@b.tar"),
        ] {
            let address = Address::new(typed);
            assert_eq!((address.to_string().as_str(), address.whole()), (shown, typed));
            assert!(!format!("{address:?}").contains("geh"), "{address:?}");
            let twice = without_passwords(shown).into_owned();
            assert_eq!(twice, shown, "shown twice");
        }
        assert!(Address::new("https://anna:***@host/a").lacks_its_password());
        assert!(!Address::new("https://anna:geheim@host/a").lacks_its_password());
    }

    #[test]
    fn in_a_text_every_address_loses_its_password_and_all_else_stays() {
        let text = "corpus.dir = \"https://a:geheim@h/x\", 'postgres://b:geheim@d/v': see ftp://c:geheim@e";
        let shown = "corpus.dir = \"https://a:***@h/x\", 'postgres://b:***@d/v': see ftp://c:***@e";
        assert_eq!(without_passwords(text), shown);
        for plain in ["", "a@b", "mail: anna@host", "a://", "://@", "a b://c d@e", "ü://ä@ö"] {
            without_passwords(plain);
        }
        assert_eq!(without_passwords("anna@host: a/b"), "anna@host: a/b");
    }

    #[test]
    fn an_address_is_told_from_a_path() {
        for address in ["https://h/a", "postgres://a:b@h/d", "s3://b", "git+ssh://h"] {
            assert!(is_address(address), "{address}");
        }
        for path in ["a/b", "./https://h", "/a://b", "C:/a", "", "://a", "a b://c"] {
            assert!(!is_address(path), "{path}");
        }
    }
}
