//! Where a catalogue lies, and opening it.

use std::ffi::OsStr;
use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::Catalogue;
use super::error::CatalogueError;
use super::postgres::{PostgresCatalogue, ServerAddress};
use super::sqlite::SqliteCatalogue;
use super::writer_lock::Access;

/// A folder, or a database on a server. As text it can be typed again; a password is never part of it.
#[derive(Clone, Debug)]
pub enum CatalogueLocation {
    /// A folder.
    Folder(PathBuf),
    /// A database on a server.
    Server(ServerAddress),
}

impl CatalogueLocation {
    /// What was typed: an address where it begins as one of whatever kind, else a folder.
    ///
    /// # Errors
    /// [`CatalogueError::Server`] for an address that cannot be read, or is of no database that we know; nothing of it
    /// is shown. [`CatalogueError::NoPlace`] where nothing was typed.
    pub fn of(typed: &OsStr) -> Result<Self, CatalogueError> {
        if typed.to_string_lossy().trim().is_empty() {
            return Err(CatalogueError::NoPlace);
        }
        match typed.to_str().filter(|text| ServerAddress::is_meant(text)) {
            Some(address) => Ok(Self::Server(address.parse()?)),
            None => Ok(Self::Folder(PathBuf::from(typed))),
        }
    }

    /// The folder; none on a server.
    pub fn folder(&self) -> Option<&Path> {
        match self {
            Self::Folder(folder) => Some(folder),
            Self::Server(_) => None,
        }
    }
}

impl fmt::Display for CatalogueLocation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Folder(folder) => folder.display().fmt(f),
            Self::Server(address) => address.fmt(f),
        }
    }
}

/// Opens a catalogue wherever it lies; a writer makes it where there is none.
///
/// # Errors
/// As [`SqliteCatalogue::open`] and [`PostgresCatalogue::open`].
pub fn open_catalogue(
    location: &CatalogueLocation,
    access: Access,
) -> Result<Arc<dyn Catalogue>, CatalogueError> {
    Ok(match location {
        CatalogueLocation::Folder(folder) => Arc::new(SqliteCatalogue::open(folder, access)?),
        CatalogueLocation::Server(address) => Arc::new(PostgresCatalogue::open(address, access)?),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(typed: &str) -> Result<CatalogueLocation, CatalogueError> {
        CatalogueLocation::of(OsStr::new(typed))
    }

    #[test]
    fn what_begins_as_an_address_is_never_a_folder() {
        for typed in ["Postgres://anna:geheim@db/v", "POSTGRESQL://anna:geheim@db/v"] {
            assert_eq!(of(typed).unwrap().to_string(), "postgres://anna@db/v");
        }
        for typed in [
            "postgre://anna:geheim@db/v",
            "mysql://anna:geheim@db/v",
            "postgres:/anna:geheim@db/v",
            "postgres:anna:geheim@db/v",
            "s3://geheim/v",
        ] {
            let said = of(typed).unwrap_err().to_string();
            assert!(said.contains("write postgres://USER@HOST"), "{said}");
            assert!(!said.contains("geheim"), "{said}");
            if let Some((kind, _)) = typed.split_once("://") {
                assert!(said.starts_with(&format!("{kind}://...: no index lies")), "{said}");
            }
        }
        for folder in ["videos", "/a/b", "./mysql://v", "a:b", "C:/videos", "1://x", "ä://x"] {
            assert_eq!(of(folder).unwrap().folder(), Some(Path::new(folder)), "{folder}");
        }
    }

    #[test]
    fn nothing_is_no_place() {
        for typed in ["", " ", "\n"] {
            assert!(matches!(of(typed), Err(CatalogueError::NoPlace)), "{typed:?}");
        }
    }
}
