//! Which clips of a video go into an index.

use locvtp_model::Preprocessing;
use locvtp_video::sampling::SHORTEST_STRIDE_S;
use locvtp_video::{ClipStride, Seconds};
use serde::{Deserialize, Serialize};

/// Where clips begin. It stands in the index as JSON: vectors of another sampling are another index.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct IndexSampling {
    /// Seconds from the start of a clip to the start of the next. None: clips end to end, and of a model
    /// that sees one frame at a time a frame a second.
    pub stride_s: Option<f64>,
}

impl IndexSampling {
    /// The stride for a model's clips.
    pub(crate) fn stride(&self, preprocessing: &Preprocessing) -> ClipStride {
        match self.stride_s {
            Some(seconds) => ClipStride::Time(Seconds(seconds)),
            None => preprocessing.stride(ClipStride::Clip),
        }
    }

    /// What an index was made with, from what stands in it.
    pub fn of_json(json: &str) -> Self {
        let read: Self = serde_json::from_str(json).unwrap_or_default();
        Self { stride_s: read.stride_s.filter(|seconds| *seconds >= SHORTEST_STRIDE_S) }
    }

    /// What stands in the index.
    pub(crate) fn as_json(&self, preprocessing: &Preprocessing) -> String {
        match self.stride(preprocessing) {
            ClipStride::Time(Seconds(seconds)) => format!("{{\"stride_s\":{seconds}}}"),
            _ => "{\"stride\":\"clip\"}".to_owned(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_stands_in_an_index_gives_the_same_clips_again() {
        let clips = Preprocessing { clip_duration_s: 0.5, ..Preprocessing::default() };
        let frames = Preprocessing { num_frames: 1, ..Preprocessing::default() };
        for stride_s in [None, Some(0.1), Some(2.5)] {
            let sampling = IndexSampling { stride_s };
            for preprocessing in [&clips, &frames] {
                let again = IndexSampling::of_json(&sampling.as_json(preprocessing));
                assert_eq!(again.stride(preprocessing), sampling.stride(preprocessing));
            }
        }
        // What no command writes.
        for json in ["{\"stride_s\":0}", "{\"stride_s\":-1}", "{\"stride_s\":1e-9}", "7", ""] {
            assert_eq!(IndexSampling::of_json(json), IndexSampling::default(), "{json}");
        }
        assert_eq!(IndexSampling::default().stride(&frames), ClipStride::Time(Seconds(1.0)));
    }
}
