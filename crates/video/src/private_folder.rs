//! A folder of this user's own, also where everybody may write.

use std::fs::{DirBuilder, Metadata, symlink_metadata};
use std::io::{self, ErrorKind};
use std::os::unix::fs::{DirBuilderExt, MetadataExt};
use std::path::PathBuf;

/// A folder for caches of a user without a home: `locvtp-USER` in the folder for temporary files, by the user's number.
/// Nobody else may look into it; it is made where it is missing.
///
/// # Errors
/// When it cannot be made, or something lies there that is not this user's alone. Somebody else may have laid it there:
/// a folder of their own, or a link.
pub fn in_temporary() -> io::Result<PathBuf> {
    // SAFETY: asks for a number, and cannot fail.
    let user = unsafe { libc::geteuid() };
    let folder = std::env::temp_dir().join(format!("locvtp-{user}"));
    make(&folder, user)?;
    Ok(folder)
}

fn make(folder: &PathBuf, user: u32) -> io::Result<()> {
    match DirBuilder::new().mode(0o700).create(folder) {
        Err(error) if error.kind() == ErrorKind::AlreadyExists => {
            check(&symlink_metadata(folder)?, user)
        }
        made => made,
    }
}

fn check(about: &Metadata, user: u32) -> io::Result<()> {
    let why = if !about.is_dir() {
        "it is no folder"
    } else if about.uid() != user {
        "it is another user's"
    } else if about.mode() & 0o077 != 0 {
        "others may look into it; take that away with chmod 700"
    } else {
        return Ok(());
    };
    Err(io::Error::new(ErrorKind::PermissionDenied, why))
}

#[cfg(test)]
mod tests {
    use std::fs::{Permissions, create_dir, metadata, set_permissions};
    use std::os::unix::fs::{PermissionsExt, symlink};

    use super::*;

    #[test]
    fn it_is_made_for_its_user_alone_and_found_again() {
        let place = tempfile::tempdir().unwrap();
        let (folder, user) = (place.path().join("own"), metadata(place.path()).unwrap().uid());
        make(&folder, user).unwrap();
        assert_eq!(metadata(&folder).unwrap().mode() & 0o777, 0o700);
        make(&folder, user).unwrap();
    }

    #[test]
    fn what_somebody_else_may_have_laid_there_is_refused() {
        let place = tempfile::tempdir().unwrap();
        let user = metadata(place.path()).unwrap().uid();
        let at = |name: &str| place.path().join(name);
        create_dir(at("open")).unwrap();
        set_permissions(at("open"), Permissions::from_mode(0o755)).unwrap();
        symlink(at("open"), at("link")).unwrap();
        std::fs::write(at("file"), "").unwrap();
        for (name, user, why) in [
            ("open", user, "chmod 700"),
            ("open", user + 1, "another user's"),
            ("link", user, "no folder"),
            ("file", user, "no folder"),
        ] {
            let error = make(&at(name), user).unwrap_err();
            assert!(error.to_string().contains(why), "{error}");
        }
    }
}
