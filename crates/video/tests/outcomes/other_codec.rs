//! Files that change midway what they are encoded with: what the errors say, and that it helps.

use locvtp_video::{FrameTransform, VideoError, VideoReader};

use crate::joined::{fragments_with_two_clocks, joined};
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

#[test]
fn fragments_under_the_header_of_others_are_told_from_damage() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let fragments = format!("{H264} -movflags frag_keyframe+empty_moov+default_base_moof");
    let large = Source { first: 100, width: 192, height: 128, ..SOURCE };
    encode(folder, SOURCE, "first.mp4", &fragments);
    encode(folder, large, "second.mp4", &fragments);
    let path = fragments_with_two_clocks(folder, "both.mp4", ["first.mp4", "second.mp4"]);
    let mut video = VideoReader::open(&path).unwrap();
    let first: Vec<usize> = (0..100).collect();
    video.read_frames(&first, &FrameTransform::AsDecoded).unwrap();
    let error = video.read_frames(&[100], &FrameTransform::AsDecoded).unwrap_err();
    assert!(matches!(error, VideoError::Undecodable { frame: 100, .. }), "{error}");
    assert!(error.to_string().contains("another recording begins there"), "{error}");
}
