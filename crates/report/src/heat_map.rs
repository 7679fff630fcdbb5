//! The clip-word heat map (paper, fig. 5b): which words of a sentence each clip of a video is close
//! to.
//!
//! Rows are words, columns are clips in order of time under a frame of each; the colour is the
//! cosine of clip and word, and the words a clip is closest to are outlined (ties: the earlier
//! word). What truly happens in the video stands below on the same time axis. A column is one clip,
//! so time runs evenly inside a clip only; a gap between clips takes no space.

mod drawn;

use serde::{Deserialize, Serialize};

use crate::error::{ReportError, filled, finite, same_length};
use crate::figure::{Figure, WIDE};
use crate::span::Span;
use crate::thumbnail::Thumbnail;

/// Cosines of the clips of one video and the words of one sentence.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct HeatMap {
    /// File name of the figure, e.g. `heat-map-1`.
    pub name: String,
    /// The sentence, as a person wrote it.
    pub sentence: String,
    /// Identifier of the video.
    pub video: String,
    /// The words, in order.
    pub words: Vec<String>,
    /// The clips, in order of time.
    pub clips: Vec<HeatMapClip>,
    /// `cosine[word][clip]`, in -1..=1.
    pub cosine: Vec<Vec<f32>>,
    /// How many of its closest words are outlined per clip; the paper marks 3.
    pub num_marked: usize,
    /// What truly happens, drawn as bands under the map; may be empty.
    pub events: Vec<NamedSpan>,
}

/// A column of the map.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct HeatMapClip {
    /// Time the clip covers.
    pub span: Span,
    /// A frame that stands for it.
    pub frame: Thumbnail,
}

/// A stretch of a video with a name, e.g. a true event.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NamedSpan {
    /// When.
    pub span: Span,
    /// What.
    pub name: String,
}

impl HeatMap {
    /// Draws the map.
    ///
    /// # Errors
    /// [`ReportError::Empty`] for no words or no clips, [`ReportError::Length`] when `cosine` is
    /// not words by clips, [`ReportError::Value`] for a cosine that is no finite number,
    /// [`ReportError::Span`] for a reversed span.
    pub fn figure(&self) -> Result<Figure, ReportError> {
        self.check()?;
        Ok(Figure {
            name: self.name.clone(),
            title: format!("“{}”", self.sentence),
            alt: self.alt(),
            wide: self.drawn(&self.layout(WIDE, 26.0, 64.0)),
            narrow: Some(self.drawn(&self.layout(560.0, 30.0, 46.0))),
        })
    }

    fn check(&self) -> Result<(), ReportError> {
        let name = &self.name;
        filled(name, "the list of words", self.words.len())?;
        filled(name, "the list of clips", self.clips.len())?;
        same_length(name, || "the table of cosines".into(), self.words.len(), self.cosine.len())?;
        for (word, row) in self.words.iter().zip(&self.cosine) {
            same_length(name, || format!("the row of “{word}”"), self.clips.len(), row.len())?;
            for (clip, value) in row.iter().enumerate() {
                let what = || format!("the cosine of “{word}” and clip {clip}");
                finite(name, what, f64::from(*value))?;
            }
        }
        for clip in &self.clips {
            clip.span.checked(name, "a clip")?;
        }
        for event in &self.events {
            event.span.checked(name, &format!("the event “{}”", event.name))?;
        }
        Ok(())
    }

    /// For every event (or the whole video) the words marked most often.
    fn alt(&self) -> String {
        let whole = NamedSpan {
            span: Span::new(f64::NEG_INFINITY, f64::INFINITY),
            name: "the whole video".into(),
        };
        let events =
            if self.events.is_empty() { std::slice::from_ref(&whole) } else { &self.events };
        let one = |event: &NamedSpan| {
            let mut votes = vec![0usize; self.words.len()];
            for (t, clip) in self.clips.iter().enumerate() {
                let middle = clip.span.midpoint_s();
                if middle >= event.span.start_s && middle < event.span.end_s {
                    self.closest_words(t).into_iter().for_each(|s| votes[s] += 1);
                }
            }
            let mut order: Vec<usize> = (0..votes.len()).filter(|s| votes[*s] > 0).collect();
            order.sort_by_key(|s| (std::cmp::Reverse(votes[*s]), *s));
            let words: Vec<&str> =
                order.iter().take(self.num_marked).map(|s| self.words[*s].as_str()).collect();
            let words = if words.is_empty() { "none".into() } else { words.join(", ") };
            format!("during “{}” most often {words}", event.name)
        };
        let parts: Vec<String> = events.iter().map(one).collect();
        format!(
            "Heat map of words ({}) by clips ({}) of video {}. Closest words: {}.",
            self.words.len(),
            self.clips.len(),
            self.video,
            parts.join("; ")
        )
    }

    /// Rows of the words closest to clip `t`, best first; of equal ones the earlier word.
    fn closest_words(&self, t: usize) -> Vec<usize> {
        let mut order: Vec<usize> = (0..self.words.len()).collect();
        order.sort_by(|a, b| self.cosine[*b][t].total_cmp(&self.cosine[*a][t]).then(a.cmp(b)));
        order.truncate(self.num_marked);
        order
    }

    /// Least and greatest cosine, rounded outwards to a twentieth.
    fn range(&self) -> (f64, f64) {
        let all = || self.cosine.iter().flatten().map(|v| f64::from(*v));
        let (low, high) =
            (all().fold(f64::INFINITY, f64::min), all().fold(f64::NEG_INFINITY, f64::max));
        let (low, high) = ((low * 20.0).floor() / 20.0, (high * 20.0).ceil() / 20.0);
        (low, if high > low { high } else { low + 0.05 })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn map(words: usize, clips: usize) -> HeatMap {
        let frame = Thumbnail::from_rgb(&[90; 48], 4, 4).unwrap();
        HeatMap {
            name: "heat-map-1".into(),
            sentence: "the red ball rolls left".into(),
            video: "v".into(),
            words: (0..words).map(|s| format!("word{s}")).collect(),
            clips: (0..clips)
                .map(|t| HeatMapClip {
                    span: Span::new(t as f64, t as f64 + 1.0),
                    frame: frame.clone(),
                })
                .collect(),
            cosine: (0..words)
                .map(|s| (0..clips).map(|t| ((s * 7 + t * 3) % 11) as f32 / 20.0 - 0.2).collect())
                .collect(),
            num_marked: 3,
            events: vec![NamedSpan { span: Span::new(0.0, 2.0), name: "<b>ball</b>".into() }],
        }
    }

    #[test]
    fn the_closest_words_are_marked_and_ties_go_to_the_earlier_one() {
        let mut map = map(4, 1);
        map.cosine = vec![vec![0.1], vec![0.5], vec![0.5], vec![0.5]];
        map.num_marked = 2;
        assert_eq!(map.closest_words(0), [1, 2]);
    }

    #[test]
    fn every_clip_has_its_words_outlined() {
        let svg = map(6, 5).figure().unwrap().svg();
        // 3 words of 5 clips, and the key of the legend
        assert_eq!(svg.matches("class=\"f-top\"").count(), 3 * 5 + 1);
        assert_eq!(svg.matches("<image ").count(), 5);
    }

    #[test]
    fn a_table_of_another_shape_is_refused() {
        let mut map = map(3, 3);
        map.cosine[1].pop();
        let problem = map.figure().unwrap_err();
        assert!(problem.to_string().contains("“word1” has the length 2, expected 3"), "{problem}");
    }

    #[test]
    fn a_cosine_that_is_no_number_is_refused() {
        let mut map = map(3, 3);
        map.cosine[2][1] = f32::NAN;
        assert!(map.figure().unwrap_err().to_string().contains("“word2” and clip 1"));
    }

    #[test]
    fn no_words_or_no_clips_is_refused() {
        assert!(matches!(map(0, 3).figure(), Err(ReportError::Empty { .. })));
        assert!(matches!(map(3, 0).figure(), Err(ReportError::Empty { .. })));
    }

    #[test]
    fn time_runs_evenly_inside_a_clip_and_skips_gaps() {
        let mut map = map(1, 2);
        map.clips[1].span = Span::new(5.0, 7.0);
        let layout = map.layout(WIDE, 26.0, 64.0);
        let column = |time_s| (map.x_of(&layout, time_s) - layout.grid.x) / layout.column;
        assert_eq!(
            [column(-1.0), column(0.5), column(3.0), column(6.0), column(9.0)],
            [0.0, 0.5, 1.0, 1.5, 2.0]
        );
    }

    #[test]
    fn equal_cosines_still_have_a_scale() {
        let mut map = map(2, 2);
        map.cosine = vec![vec![0.3; 2]; 2];
        let (low, high) = map.range();
        assert!(high > low);
        assert!(map.figure().is_ok());
    }
}
