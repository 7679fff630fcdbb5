//! Sheets of small pictures of a whole video, for what a player shows under the pointer.
//!
//! Every [`Layout::step_s`] seconds have one picture, the key frame before them; 25 pictures make a sheet.
//! A video is cut into at most 400 of them: a sheet is then 80 kB and a video 1.3 MB, however long it is.
//! Which piece of which sheet stands for which seconds is told as WebVTT, as many players read it.

use std::fmt::Write;

use crate::media::Media;
use crate::web_vtt::clock;

/// Pictures of a video at most.
const MOST_PICTURES: usize = 400;
/// Seconds that a picture stands for at least.
const SHORTEST_STEP_S: f64 = 1.0;
/// Pictures in a row, and rows, of a sheet.
const SIDE: usize = 5;
/// Width and height that a picture is made to fit into.
const FIT: (u32, u32) = (192, 144);

/// How the pictures of one video lie on its sheets. A pure function of its length and shape.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Layout {
    /// Seconds that one picture stands for.
    pub(crate) step_s: f64,
    /// Pictures of the whole video.
    pub(crate) num_pictures: usize,
    /// Width and height of a picture.
    pub(crate) size: (u32, u32),
    duration_s: f64,
}

impl Layout {
    pub(crate) fn of(media: &Media) -> Self {
        let duration_s = media.duration_s.max(0.001);
        let step_s = (duration_s / MOST_PICTURES as f64).max(SHORTEST_STEP_S);
        let num_pictures = ((duration_s / step_s).ceil() as usize).clamp(1, MOST_PICTURES);
        let (width, height) = (f64::from(media.width.max(1)), f64::from(media.height.max(1)));
        let scale = (f64::from(FIT.0) / width).min(f64::from(FIT.1) / height);
        let side = |length: f64, most: u32| ((length * scale).round() as u32).clamp(2, most);
        let size = (side(width, FIT.0), side(height, FIT.1));
        Self { step_s, num_pictures, size, duration_s }
    }

    /// Sheets of the whole video.
    pub(crate) fn num_sheets(&self) -> usize {
        self.num_pictures.div_ceil(SIDE * SIDE)
    }

    /// Columns and rows of a sheet, the last of which may have fewer.
    pub(crate) fn grid(&self, sheet: usize) -> (usize, usize) {
        let count = self.times(sheet).len();
        (count.min(SIDE), count.div_ceil(SIDE))
    }

    /// The moments of the pictures of a sheet.
    pub(crate) fn times(&self, sheet: usize) -> Vec<f64> {
        let first = sheet * SIDE * SIDE;
        let end = (first + SIDE * SIDE).min(self.num_pictures);
        (first..end).map(|picture| picture as f64 * self.step_s).collect()
    }

    /// Where the picture of this place on its sheet has its upper left corner.
    pub(crate) fn corner(&self, place: usize) -> (usize, usize) {
        let (width, height) = (self.size.0 as usize, self.size.1 as usize);
        (place % SIDE * width, place / SIDE * height)
    }

    /// All pictures as WebVTT, each a cue whose text is `sprites/SHEET.jpg#xywh=X,Y,WIDTH,HEIGHT`.
    pub(crate) fn web_vtt(&self) -> String {
        let mut text = "WEBVTT\n".to_owned();
        for picture in 0..self.num_pictures {
            let from = picture as f64 * self.step_s;
            let until = (from + self.step_s).min(self.duration_s);
            let (sheet, place) = (picture / (SIDE * SIDE), picture % (SIDE * SIDE));
            let ((x, y), (width, height)) = (self.corner(place), self.size);
            let (from, until) = (clock(from), clock(until));
            let box_ = format!("{x},{y},{width},{height}");
            // Writing into a text does not fail.
            let _ = write!(text, "\n{from} --> {until}\nsprites/{sheet}#xywh={box_}\n");
        }
        text
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::media::MediaId;

    fn layout(duration_s: f64, width: u32, height: u32) -> Layout {
        Layout::of(&Media {
            id: MediaId::new("a").unwrap(),
            name: String::new(),
            folder: String::new(),
            path: "a.mp4".into(),
            size_bytes: 0,
            duration_s,
            start_s: 0.0,
            width,
            height,
            frame_rate_hz: None,
            codec: "h264".into(),
            media_type: None,
            modified_unix_s: None,
            is_missing: false,
            is_changed: false,
            note: None,
        })
    }

    #[test]
    fn a_short_video_has_a_picture_a_second_and_a_long_one_400() {
        let short = layout(29.5, 1920, 1080);
        assert_eq!((short.step_s, short.num_pictures, short.num_sheets()), (1.0, 30, 2));
        assert_eq!((short.size, short.grid(0), short.grid(1)), ((192, 108), (5, 5), (5, 1)));
        assert_eq!(short.times(1), [25.0, 26.0, 27.0, 28.0, 29.0]);
        let long = layout(36_000.0, 1080, 1920);
        assert_eq!((long.step_s, long.num_pictures, long.num_sheets()), (90.0, 400, 16));
        assert_eq!(long.size, (81, 144));
    }

    #[test]
    fn the_cues_tile_the_video() {
        let text = layout(7.25, 64, 48).web_vtt();
        assert!(
            text.starts_with(
                "WEBVTT\n\n00:00:00.000 --> 00:00:01.000\nsprites/0#xywh=0,0,192,144\n"
            )
        );
        assert!(
            text.ends_with("\n00:00:07.000 --> 00:00:07.250\nsprites/0#xywh=384,144,192,144\n")
        );
    }

    #[test]
    fn the_shapes_of_nothing_and_of_lines_have_a_layout() {
        for (duration_s, width, height) in [(0.0, 0, 0), (1.0, 10_000, 1), (1e9, 1, 10_000)] {
            let layout = layout(duration_s, width, height);
            assert!(layout.size.0 >= 2 && layout.size.1 >= 2 && layout.num_pictures >= 1);
        }
    }
}
