//! A password that stands beside the address: in `PGPASSWORD`, or in a file as PostgreSQL's own
//! programs read it.

use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use postgres::config::{Config, Host};

/// The password for an address that has none.
pub(super) fn of(config: &Config) -> Option<String> {
    if let Ok(password) = std::env::var("PGPASSWORD") {
        return Some(password);
    }
    let home = || Some(PathBuf::from(std::env::var_os("HOME")?).join(".pgpass"));
    let file = std::env::var_os("PGPASSFILE").map(PathBuf::from).or_else(home)?;
    let host = match config.get_hosts().first()? {
        Host::Tcp(name) => name.clone(),
        Host::Unix(_) => "localhost".into(),
    };
    let port = config.get_ports().first().copied().unwrap_or(5432).to_string();
    let names = [&host, &port, config.get_dbname()?, config.get_user()?];
    find(&readable(&file)?, names)
}

/// The file, where nobody else can read it; others are passed over as PostgreSQL does.
fn readable(file: &Path) -> Option<String> {
    let is_private = std::fs::metadata(file).ok()?.mode() & 0o077 == 0;
    is_private.then(|| std::fs::read_to_string(file).ok()).flatten()
}

/// The password of the first line whose host, port, database and user fit; `*` fits all.
fn find(lines: &str, names: [&str; 4]) -> Option<String> {
    let lines = lines.lines().filter(|line| !line.starts_with('#'));
    let mut fields = lines.map(fields);
    let fits = |fields: &Vec<String>| {
        let pairs = fields.iter().zip(names);
        fields.len() == 5 && pairs.into_iter().all(|(field, name)| field == "*" || field == name)
    };
    fields.find(fits)?.pop()
}

/// The parts between colons; a backslash stands before a colon or backslash that is none.
fn fields(line: &str) -> Vec<String> {
    let (mut fields, mut signs) = (vec![String::new()], line.chars());
    while let Some(sign) = signs.next() {
        let last = fields.len() - 1;
        match sign {
            ':' if last < 4 => fields.push(String::new()),
            '\\' => fields[last].extend(signs.next()),
            sign => fields[last].push(sign),
        }
    }
    fields
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_line_that_fits_has_the_password() {
        let lines =
            "# mine\nother:5432:videos:anna:no\n*:*:videos:anna:a\\:b\\\\c:d\n*:*:*:*:last\n";
        let find = |names| find(lines, names);
        assert_eq!(find(["db", "5432", "videos", "anna"]), Some("a:b\\c:d".into()));
        assert_eq!(find(["db", "5432", "videos", "otto"]), Some("last".into()));
        assert_eq!(super::find("db:1:a", ["db", "1", "a", "b"]), None);
    }
}
