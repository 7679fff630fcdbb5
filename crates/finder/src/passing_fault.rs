//! Files that are bad for a reason of the moment, which need not change to be good the next time.

/// As [`VideoError`](locvtp_video::VideoError) says it: of no thread, and of a worker that somebody ended from outside, the
/// system too where memory is short.
const REASONS: [&str; 2] = ["cannot start a thread for it", "(SIGKILL)"];

/// Whether the machine failed and not the file.
pub(crate) fn is_of_the_moment(reason: &str) -> bool {
    REASONS.iter().any(|one| reason.contains(one))
}

#[cfg(test)]
mod tests {
    use std::io;

    use locvtp_video::VideoError;

    use super::*;

    #[test]
    fn a_thread_that_was_not_to_be_had_and_a_killed_worker_are_no_faults_of_the_file() {
        let path = || "a.mp4".into();
        let no_thread = VideoError::Io {
            path: path(),
            action: "start a thread for it".into(),
            source: io::Error::from_raw_os_error(11),
        };
        let ended = |how: &str| VideoError::DecoderEnded { path: path(), how: how.to_owned() };
        assert!(is_of_the_moment(&no_thread.to_string()));
        assert!(is_of_the_moment(&ended("signal: 9 (SIGKILL)").to_string()));
        assert!(!is_of_the_moment(&ended("signal: 11 (SIGSEGV)").to_string()));
    }
}
