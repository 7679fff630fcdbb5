//! Names that a file, a server or a setting states: data, and never a path.
//!
//! Whoever wrote the name may not be whoever typed the command. So a stated name becomes the name of a
//! file only as a [`PlainName`], which cannot lead out of the folder that it is put into.

use std::fmt;
use std::path::{Path, PathBuf};

/// Bytes of the longest name that file systems take.
const LONGEST: usize = 255;

/// The name of one file or folder: no folder before it, not hidden, no control letters.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PlainName(String);

/// Why a text is no plain name.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{name:?} is no plain file name: {why}")]
pub struct NotPlain {
    /// The text, at most as long as a name may be.
    pub name: String,
    /// What is wrong with it.
    pub why: &'static str,
}

impl PlainName {
    /// Takes a text for a name.
    ///
    /// # Errors
    /// When it is empty or longer than 255 bytes, begins with a dot, or has a slash, a backslash or a
    /// control letter in it.
    pub fn new(text: &str) -> Result<Self, NotPlain> {
        let is_of_paths = |letter: char| matches!(letter, '/' | '\\');
        let why = match text {
            "" => "it is empty",
            _ if text.len() > LONGEST => "it is longer than 255 bytes",
            _ if text.contains(is_of_paths) => "it has a folder in it",
            _ if text.starts_with('.') => "it begins with a dot",
            _ if text.contains(char::is_control) => "it has control letters in it",
            _ => return Ok(Self(text.to_owned())),
        };
        let beginning = text.char_indices().take_while(|(at, _)| *at < LONGEST);
        Err(NotPlain { name: beginning.map(|(_, letter)| letter).collect(), why })
    }

    /// The name.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The place of this name in a folder.
    pub fn inside(&self, folder: &Path) -> PathBuf {
        folder.join(&self.0)
    }
}

impl fmt::Display for PlainName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_of_a_file_is_taken_and_stays_in_its_folder() {
        for name in ["model-00001-of-00002.safetensors", "küche 7", "a..b", "-x", "~"] {
            let plain = PlainName::new(name).unwrap();
            assert_eq!((plain.as_str(), plain.to_string()), (name, name.to_owned()));
            assert_eq!(plain.inside(Path::new("folder")).parent(), Some(Path::new("folder")));
        }
    }

    #[test]
    fn what_could_lead_elsewhere_is_no_name_and_the_error_says_why() {
        for (text, why) in [
            ("", "empty"),
            (".", "dot"),
            ("..", "dot"),
            (".hidden", "dot"),
            ("../up", "folder"),
            ("/top", "folder"),
            ("a/b", "folder"),
            ("a\\b", "folder"),
            ("a\nb", "control"),
            ("a\0", "control"),
            ("a\u{9b}b", "control"),
        ] {
            let error = PlainName::new(text).unwrap_err();
            assert!(error.to_string().contains(why), "{error}");
            assert!(!error.to_string().contains(char::is_control), "{error:?}");
        }
        let error = PlainName::new(&"ü".repeat(200)).unwrap_err();
        assert!(error.why.contains("255") && error.name.len() <= 256, "{error}");
    }
}
