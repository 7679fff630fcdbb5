//! How well a clip fits a sentence: one number, by the sentence as a whole or by its words.

use crate::embedding::{JointVector, SentenceEmbedding, VideoEmbedding, dot};

/// How a clip is compared with a sentence.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ClipScore {
    /// With the sentence as a whole.
    Sentence,
    /// With the words that fit it best, on average.
    Words {
        /// How many words: the `K` that the model was trained with (`correspondence.num_matches` of
        /// its run file; the paper's is 3). Of a sentence of fewer words, all.
        num_matches: usize,
    },
}

impl ClipScore {
    /// The name in results: `sentence` or `words`.
    pub fn name(self) -> &'static str {
        match self {
            Self::Sentence => "sentence",
            Self::Words { .. } => "words",
        }
    }

    /// The score of every clip of `video` for `sentence`: a cosine, or a mean of cosines.
    pub fn scores(self, video: &VideoEmbedding, sentence: &SentenceEmbedding) -> Vec<f32> {
        self.scores_of(video.clips.iter().map(Vec::as_slice), sentence)
    }

    /// The same of clips that are unit vectors already.
    pub fn scores_of<'a>(
        self,
        clips: impl IntoIterator<Item = &'a [f32]>,
        sentence: &SentenceEmbedding,
    ) -> Vec<f32> {
        clips
            .into_iter()
            .map(|clip| match self {
                Self::Sentence => dot(clip, &sentence.sentence),
                Self::Words { num_matches } => mean_of_best(clip, &sentence.words, num_matches),
            })
            .collect()
    }
}

/// The mean of the `k` greatest cosines of `clip` with `words`.
fn mean_of_best(clip: &[f32], words: &[JointVector], k: usize) -> f32 {
    let mut cosines: Vec<f32> = words.iter().map(|word| dot(clip, word)).collect();
    cosines.sort_by(|a, b| b.total_cmp(a));
    cosines.truncate(k.max(1));
    cosines.iter().sum::<f32>() / cosines.len() as f32
}

#[cfg(test)]
mod tests {
    use super::*;
    use locvtp_video::TimeSpan;

    #[test]
    fn a_clip_is_compared_with_as_many_words_as_it_was_trained_with() {
        let clip = vec![1.0, 0.0];
        let video = VideoEmbedding {
            spans: vec![TimeSpan::new(0.0, 1.0)],
            clips: vec![clip.clone()],
            video: clip.clone(),
            raw_clips: vec![clip],
        };
        // The cosine with the clip is the first number of each.
        let words = vec![vec![0.25, 0.1], vec![1.0, 0.2], vec![0.5, 0.3]];
        let sentence = SentenceEmbedding {
            tokens: vec!["word".into(); 3],
            words: words.clone(),
            sentence: vec![0.75, 0.9],
            raw_words: words,
        };
        assert_eq!(ClipScore::Sentence.scores(&video, &sentence), [0.75]);
        let by = |num_matches| ClipScore::Words { num_matches }.scores(&video, &sentence)[0];
        assert_eq!((by(1), by(2)), (1.0, 0.75));
        assert_eq!(by(9), by(3), "a sentence of fewer words has no more to give");
        assert!((by(3) - 1.75 / 3.0).abs() < 1e-6);
    }
}
