//! Features that are far shorter than those of the other videos: cut off while they were made or
//! copied. They are used as they are, and named.

use locvtp_video::counted::counted_as;

/// How many clips a video has, and how long it is as far as the annotations say.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct VideoLength {
    /// The video.
    pub id: String,
    /// Clips, or seconds with features.
    pub num_clips: usize,
    /// Seconds.
    pub duration_s: f64,
}

/// A video with less than this share of the clips that others have is named.
const SHARE: f64 = 0.2;

/// What is told of videos that have too few clips, by their number and by their number a second: a file
/// that has as many for every video is as right as one that has as many for every second.
pub(crate) fn note_of_short(videos: &[VideoLength]) -> Option<String> {
    let rate = |video: &VideoLength| video.num_clips as f64 / video.duration_s.max(1e-3);
    let clips = |video: &VideoLength| video.num_clips as f64;
    let (median_rate, median_clips) =
        (median(videos.iter().map(rate))?, median(videos.iter().map(clips))?);
    let is_short = |video: &&VideoLength| {
        rate(video) < SHARE * median_rate && clips(video) < SHARE * median_clips
    };
    let short: Vec<&VideoLength> = videos.iter().filter(is_short).collect();
    let first = short.first()?;
    Some(format!(
        "the features of {} far shorter than those of the rest: {} has {} for {:.1} s, others have \
         {median_rate:.2} a second; they are used as they are",
        counted_as(short.len(), "video are", "videos are"),
        first.id,
        counted_as(first.num_clips, "clip", "clips"),
        first.duration_s,
    ))
}

/// The middle one; none of fewer than three.
fn median(values: impl Iterator<Item = f64>) -> Option<f64> {
    let mut values: Vec<f64> = values.collect();
    values.sort_unstable_by(f64::total_cmp);
    (values.len() >= 3).then(|| values[values.len() / 2])
}

#[cfg(test)]
mod tests {
    use super::*;

    fn note(videos: &[(usize, f64)]) -> Option<String> {
        let video = |(place, (clips, duration_s)): (usize, &(usize, f64))| VideoLength {
            id: format!("v{place}"),
            num_clips: *clips,
            duration_s: *duration_s,
        };
        note_of_short(&videos.iter().enumerate().map(video).collect::<Vec<_>>())
    }

    #[test]
    fn a_tenth_of_the_clips_is_named_and_neither_short_videos_nor_fixed_numbers_are() {
        // A clip a second, and one video of which a tenth is there.
        let told = note(&[(40, 40.0), (41, 41.0), (3, 42.0), (43, 43.0)]).unwrap();
        for piece in ["1 video", "v2 has 3 clips for 42.0 s", "1.00 a second"] {
            assert!(told.contains(piece), "{told}");
        }
        // A video that is a tenth as long, and as many clips whatever the length.
        assert_eq!(note(&[(40, 40.0), (41, 41.0), (4, 4.0), (43, 43.0)]), None);
        assert_eq!(note(&[(128, 40.0), (128, 41.0), (128, 4000.0), (128, 43.0)]), None);
        assert_eq!(note(&[(40, 40.0), (3, 42.0)]), None);
    }
}
