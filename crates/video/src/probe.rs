//! What a file says about itself.

use std::ffi::OsString;
use std::path::Path;

use crate::error::VideoError;

/// The path as FFmpeg takes it: `file:` keeps a name with a colon or a leading dash from being read as a protocol.
pub(crate) fn file_url(path: &Path) -> Result<OsString, VideoError> {
    if path.as_os_str().as_encoded_bytes().contains(&0) {
        return Err(VideoError::ZeroByteInPath {
            path: path.to_owned(),
        });
    }
    let mut url = OsString::from("file:");
    url.push(path);
    Ok(url)
}
