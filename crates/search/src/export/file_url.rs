//! Paths as URLs. Editors take a URL as it stands, so what may not stand in one is escaped here.

use std::path::Path;

/// `file:///…` of a path, made absolute; every byte but letters, digits and `-._~/` as `%XX`.
pub(super) fn file_url(path: &Path) -> String {
    let absolute = std::path::absolute(path);
    let path = absolute.as_deref().unwrap_or(path);
    let mut url = String::from("file://");
    for &byte in path.as_os_str().as_encoded_bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~/".contains(&byte) {
            url.push(byte as char);
        } else {
            url.push_str(&format!("%{byte:02X}"));
        }
    }
    url
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_may_not_stand_in_a_url_is_escaped_byte_by_byte() {
        let path = Path::new("/home/ä b/100% #1?&'\"<x>.mp4");
        assert_eq!(file_url(path), "file:///home/%C3%A4%20b/100%25%20%231%3F%26%27%22%3Cx%3E.mp4");
    }
}
