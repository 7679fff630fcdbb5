//! A file that changes its codec, or its stream, midway is cut where the error says.

use locvtp_video::{VideoError, VideoReader};

use crate::joined::joined;
use crate::joined_fixtures::{H264, PS};
use crate::maker::{SOURCE, Source, encode, written};

#[test]
fn a_stream_that_is_cut_where_the_error_says_gives_both_parts() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let second = Source { first: 100, count: 50, ..SOURCE };
    for (ending, arguments, found) in [
        ("ts", [H264, PS], "changes from h264 to mpeg2video after 100 pictures"),
        ("ts", [PS, H264], "changes from mpeg2video to h264 after 100 pictures"),
        ("m2ts", [H264, PS], "changes from h264 to mpeg2video after 100 pictures"),
        ("vob", [PS, H264], "goes on in another stream after 100 pictures"),
    ] {
        let names = [format!("first.{ending}"), format!("second.{ending}")];
        encode(folder, SOURCE, &names[0], arguments[0]);
        encode(folder, second, &names[1], arguments[1]);
        let path = joined(folder, &format!("both.{ending}"), &[&names[0], &names[1]]);
        let error = VideoReader::open(&path).err().unwrap();
        assert!(matches!(error, VideoError::Joined { .. }), "{error}");
        let message = error.to_string();
        assert!(message.contains(found), "{message}");
        let (_, rest) = message.split_once("`head -c ").unwrap();
        let at: usize = rest.split_once(' ').unwrap().0.parse().unwrap();
        let bytes = std::fs::read(&path).unwrap();
        for (part, expected) in [(&bytes[..at], 100), (&bytes[at..], 50)] {
            let part = written(folder, &format!("part.{ending}"), part);
            let video = VideoReader::open(&part).unwrap();
            assert_eq!(video.info().num_frames, expected, "{message}");
            assert_eq!(video.info().gaps, []);
        }
    }
}
