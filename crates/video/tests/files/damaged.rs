//! One damaged place in a file whose frames are counted costs what is made from it, and no picture behind it is
//! another one.

use std::fs;

use locvtp_video::{FrameTransform, Seconds, VideoReader, sampling};

use crate::made_files::*;

const NUM_FRAMES: usize = 200;

/// Frames that are left out where so many bytes of a hundred lie before the damaged place.
fn left_out(codec: &str, container: &str, hundredth: usize) -> usize {
    let (_folder, path) = place(&format!("damaged.{container}"));
    let format = if container == "mpg" { "vob" } else { container };
    write_numbered_by(&path, codec, format, NUM_FRAMES, 2, &[("g", "12")]);
    let mut bytes = fs::read(&path).unwrap();
    let at = bytes.len() * hundredth / 100;
    bytes[at..at + 24].fill(0);
    fs::write(&path, bytes).unwrap();
    let mut video = VideoReader::open(&path).unwrap();
    let plan = sampling::windows(video.frame_table(), Seconds(0.04), Seconds(0.04), 1);
    let wanted = plan.frames();
    let mut clips = video.clip_stream(plan, &FrameTransform::AsDecoded).skip_damaged();
    let (mut num_given, mut others) = (0, Vec::new());
    while let Some(clip) = clips.next_clip().unwrap() {
        let frame = (clip.spans[0].midpoint().0 / 0.04) as usize;
        if number_in(&clip.data) != frame {
            others.push(frame);
        }
        num_given += 1;
    }
    // A decoder may take damaged data for good, and then the frames up to the next key frame are spoilt.
    let length = others.first().zip(others.last()).map_or(0, |(first, last)| last - first);
    assert!(length < 24, "{codec} in {container}, damaged at {hundredth} of 100: {others:?}");
    assert_eq!(num_given + clips.num_skipped(), wanted.len());
    clips.num_skipped()
}

#[test]
fn what_lies_behind_a_damaged_place_is_given_again_from_the_next_key_frame() {
    let left_out = [20, 35, 50, 65, 80].map(|place| left_out("mpeg4", "avi", place));
    // A group of 12 frames, and a part of the next one.
    assert!(left_out.iter().all(|num| *num <= 24), "{left_out:?} of {NUM_FRAMES}");
}

#[test]
fn where_a_frame_may_be_lost_no_picture_behind_it_is_another_one() {
    for (codec, container) in [("mpeg2video", "mpg"), ("libx264", "avi")] {
        for place in [20, 40, 60, 80] {
            assert!(left_out(codec, container, place) < NUM_FRAMES);
        }
    }
}
