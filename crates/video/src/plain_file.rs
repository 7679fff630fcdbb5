//! Opening files whose names a folder or a list gives.
//!
//! Nobody chose such a file: `talk.srt` beside `talk.mp4` may be a pipe, which would be waited for, or a link to a
//! device that never ends. So what is no plain file is never opened here, and what is read whole has a stated end.
//! What a person names in a command may be a pipe, as `<(..)` of a shell is; that is read elsewhere.

use std::fs::{File, Metadata};
use std::io::{self, ErrorKind, Read};
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

use crate::json_size::{self, MOST_VALUES};

/// Bytes of the largest text that is read whole: the times of all words of a day, and every vocabulary, are smaller.
pub const LARGEST_TEXT: u64 = 256 << 20;

/// Bytes of the largest JSON that describes something: sizes, a tokenizer, an index of weights.
pub const LARGEST_DESCRIPTION: u64 = 32 << 20;

/// Opens a plain file; links are followed.
///
/// # Errors
/// When it cannot be opened. Of what is no plain file the kind is [`ErrorKind::InvalidInput`], of a folder
/// [`ErrorKind::IsADirectory`].
pub fn open(path: &Path) -> io::Result<File> {
    // Some devices do something when they are opened.
    check(&std::fs::metadata(path)?)?;
    // Another thing may lie there now, and a pipe would be waited for.
    let opened = File::options().read(true).custom_flags(libc::O_NONBLOCK).open(path);
    let file = match opened {
        // A plain file that another program has a lease on, as file servers do: the system waits for that one.
        Err(error) if error.kind() == ErrorKind::WouldBlock => File::open(path)?,
        opened => opened?,
    };
    check(&file.metadata()?)?;
    Ok(file)
}

/// The bytes of a plain file of at most `most` of them.
///
/// # Errors
/// As [`open`], and when it is larger ([`ErrorKind::FileTooLarge`]).
pub fn read(path: &Path, most: u64) -> io::Result<Vec<u8>> {
    let file = open(path)?;
    let too_large = || {
        let reason =
            format!("it is larger than {} MiB, which is the most that is read", most >> 20);
        io::Error::new(ErrorKind::FileTooLarge, reason)
    };
    let length = file.metadata()?.len();
    if length > most {
        return Err(too_large());
    }
    let mut bytes = Vec::with_capacity(length as usize);
    // It may grow meanwhile.
    file.take(most.saturating_add(1)).read_to_end(&mut bytes)?;
    if bytes.len() as u64 > most { Err(too_large()) } else { Ok(bytes) }
}

/// A text in UTF-8 of at most [`LARGEST_TEXT`].
///
/// # Errors
/// As [`read`], and when it is no UTF-8.
pub fn read_text(path: &Path) -> io::Result<String> {
    let no_text = |_| io::Error::new(ErrorKind::InvalidData, "it is no text in UTF-8");
    String::from_utf8(read(path, LARGEST_TEXT)?).map_err(no_text)
}

/// A JSON text that describes something, in UTF-8: of at most [`LARGEST_DESCRIPTION`] and [`MOST_VALUES`], so that it
/// can be taken into memory whatever stands in it.
///
/// # Errors
/// As [`read_text`], and when it has more values ([`ErrorKind::FileTooLarge`]).
pub fn read_json(path: &Path) -> io::Result<String> {
    let bytes = read(path, LARGEST_DESCRIPTION)?;
    json_size::check(&bytes, MOST_VALUES)
        .map_err(|too_many| io::Error::new(ErrorKind::FileTooLarge, too_many))?;
    let no_text = |_| io::Error::new(ErrorKind::InvalidData, "it is no text in UTF-8");
    String::from_utf8(bytes).map_err(no_text)
}

/// Opens a file of ours for reading and writing, or makes it. A link in its place is not followed.
///
/// # Errors
/// When the folder refuses. Of what is no plain file the kind is [`ErrorKind::InvalidInput`].
pub fn open_or_make(path: &Path) -> io::Result<File> {
    let mut options = File::options();
    options.read(true).write(true).create(true).truncate(false);
    let opened = options.custom_flags(libc::O_NOFOLLOW | libc::O_NONBLOCK).open(path);
    if std::fs::symlink_metadata(path).is_ok_and(|about| !about.is_file()) {
        let what = "a link, a folder or a pipe lies there, and no file of ours";
        return Err(io::Error::new(ErrorKind::InvalidInput, what));
    }
    opened
}

fn check(about: &Metadata) -> io::Result<()> {
    if about.is_file() {
        return Ok(());
    }
    Err(match about.is_dir() {
        true => io::Error::new(ErrorKind::IsADirectory, "it is a folder and no file"),
        false => no_file(),
    })
}

/// Why a pipe, a socket or a device is not opened.
pub fn no_file() -> io::Error {
    io::Error::new(ErrorKind::InvalidInput, "it is a pipe, a socket or a device, and no file")
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::symlink;
    use std::process::Command;

    use super::*;

    #[test]
    fn only_plain_files_and_links_to_them_are_opened_and_none_beyond_its_bound_is_read() {
        let folder = tempfile::tempdir().unwrap();
        let place = |name: &str| folder.path().join(name);
        std::fs::write(place("plain"), "text").unwrap();
        symlink(place("plain"), place("link")).unwrap();
        symlink("/dev/zero", place("endless")).unwrap();
        assert!(Command::new("mkfifo").arg(place("pipe")).status().unwrap().success());
        std::os::unix::net::UnixListener::bind(place("socket")).unwrap();
        for name in ["plain", "link"] {
            assert_eq!(read(&place(name), 4).unwrap(), b"text");
            assert_eq!(read_text(&place(name)).unwrap(), "text");
            assert_eq!(read(&place(name), 3).unwrap_err().kind(), ErrorKind::FileTooLarge);
        }
        for name in ["endless", "pipe", "socket"] {
            let refused = read(&place(name), 4).unwrap_err();
            assert_eq!(refused.kind(), ErrorKind::InvalidInput, "{name}: {refused}");
            assert_eq!(open(&place(name)).unwrap_err().kind(), ErrorKind::InvalidInput);
        }
        assert_eq!(open(folder.path()).unwrap_err().kind(), ErrorKind::IsADirectory);
        assert_eq!(open(&place("none")).unwrap_err().kind(), ErrorKind::NotFound);
        std::fs::write(place("plain"), b"\xff").unwrap();
        assert_eq!(read_text(&place("plain")).unwrap_err().kind(), ErrorKind::InvalidData);
        assert_eq!(read_json(&place("plain")).unwrap_err().kind(), ErrorKind::InvalidData);
        std::fs::write(place("plain"), "[1],".repeat(MOST_VALUES)).unwrap();
        let refused = read_json(&place("plain")).unwrap_err();
        assert_eq!(refused.kind(), ErrorKind::FileTooLarge);
        assert!(refused.to_string().contains("2000000 values"), "{refused}");
    }
}
