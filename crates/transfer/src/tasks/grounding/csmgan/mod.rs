//! CSMGAN: a jointly cross- and self-modal graph attention network, as a head on frozen features.
//!
//! What comes in are the clips of a video brought to one number of frames (`sampling`) and the
//! vectors of a sentence's words; what goes out are a score and two offsets for every proposal, a
//! frame and a width around it (`anchors`). Frames and words are encoded each for itself
//! (`video_encoder`, `sentence_encoder`), tell each other what they hold and then themselves
//! (`joint_layer`), and every frame reads the words once more (`word_attention`).
//!
//! Liu et al., arXiv:2008.01403; `paper.md` D.2 as run from the authors' release, whose parameter
//! names the fields carry (below `joint` and `phrases`, which it has no names for). Axes: `b` sentences, `f` frames, `n` words, `d` width, `a` anchors,
//! `p = f a` proposals, frame by frame.
//!
//! | module | idea |
//! |---|---|
//! | `config` | sizes, and the presets of ActivityNet Captions and TACoS |
//! | `sampling` | clips to frames, seconds to frames and back |
//! | `anchors` | the proposals |
//! | `target` | what a proposal's score should be, and which are regressed |
//! | `loss` | cross-entropy of the scores, smooth distance of the bounds |
//! | `ranking` | proposals to ranked moments; recall |
//! | `learner` | the head that a task trains, and its numbers |
//! | `video_encoder`, `window_attention` | frames, each among its neighbours |
//! | `sentence_encoder`, `phrase_convolution` | words, phrases, sentence |
//! | `joint_layer`, `graph_update` | messages between and among frames and words |
//! | `word_attention` | the words that a frame reads |

mod anchors;
mod config;
mod graph_update;
mod joint_layer;
mod learner;
mod loss;
mod phrase_convolution;
mod ranking;
mod sampling;
mod sentence_encoder;
mod target;
mod video_encoder;
mod window_attention;
mod word_attention;

pub use anchors::{FrameSpan, offset_bases, proposals};
pub use config::{CsmganConfig, RegressedBy, RegressionRule};
pub use learner::CsmganLearner;
pub use loss::{LossTruth, loss};
pub use ranking::{ScoredMoments, scored_moments};
pub use sampling::FrameSampling;
pub use target::{ProposalTargets, targets};

use burn::module::Module;
use burn::nn::{Dropout, DropoutConfig};
use burn::tensor::Tensor;
use locvtp_model::Initialiser;
use locvtp_model::recurrent::{Gru, RecurrentSizes};

use joint_layer::{JointLayer, JointNodes};
use phrase_convolution::Convolution;
use sentence_encoder::SentenceEncoder;
use video_encoder::VideoEncoder;
use word_attention::WordAttention;

/// Frames and words of some sentences.
#[derive(Clone, Debug)]
pub struct CsmganInput {
    /// `[b, f, features]`, of as many frames as the config says.
    pub frames: Tensor<3>,
    /// `[b, n, words]`, zeros after a sentence's last word, of as many words as the config says.
    pub words: Tensor<3>,
    /// Words of every sentence, 1 to `n`.
    pub num_words: Vec<usize>,
}

/// What is said of every proposal.
#[derive(Clone, Debug)]
pub struct CsmganOutput {
    /// Before the sigmoid, `[b, p]`.
    pub logits: Tensor<2>,
    /// What is added to a proposal's start and end, frames, `[b, p, 2]`.
    pub offsets: Tensor<3>,
}

/// The network.
#[derive(Module, Debug)]
pub struct Csmgan {
    /// `video_encoder.*`
    video_encoder: VideoEncoder,
    /// `sentence_encoder.*`
    sentence_encoder: SentenceEncoder,
    /// `atten.*`, `update_v.*`, `update_s.*`, `update_v_intra.*`, `update_s_intra.*`
    joint: JointLayer,
    /// `v2s.*`
    v2s: WordAttention,
    /// `rnn.gru.*`
    rnn: NamedGru,
    /// `fc_score.*`
    fc_score: Convolution,
    /// `fc_reg.*`
    fc_reg: Convolution,
    dropout: Dropout,
}

/// Gated recurrent units, one word deeper in the names of the release.
#[derive(Module, Debug)]
pub struct NamedGru {
    /// `gru.*`
    gru: Gru,
}

impl NamedGru {
    /// One layer both ways, `output / 2` wide in each.
    pub fn bidirectional(input: usize, output: usize, random: &mut Initialiser) -> Self {
        let sizes =
            RecurrentSizes { input, hidden: output / 2, num_layers: 1, bidirectional: true };
        Self { gru: sizes.gru(random) }
    }

    /// # Shapes
    /// - `x`: `[b, n, input]`; returns `[b, n, output]`, zeros after `lengths`
    pub fn forward(&self, x: Tensor<3>, lengths: &[usize]) -> Tensor<3> {
        self.gru.forward(x, lengths, None)
    }
}

impl CsmganConfig {
    /// A network with random weights for features and words of these widths, drawn as PyTorch draws
    /// those of its layers; the gates of [`graph_update`] are orthogonal.
    pub fn init(&self, features: usize, words: usize, random: &mut Initialiser) -> Csmgan {
        let (d, anchors) = (self.hidden_width, self.anchor_widths.len());
        Csmgan {
            video_encoder: VideoEncoder::new(self, features, random),
            sentence_encoder: SentenceEncoder::new(self, words, random),
            joint: JointLayer::new(d, self.dropout, random),
            v2s: WordAttention::new(d, random),
            rnn: NamedGru::bidirectional(2 * d, d, random),
            fc_score: Convolution::new(d, anchors, 1, random),
            fc_reg: Convolution::new(d, 2 * anchors, 1, random),
            dropout: DropoutConfig::new(self.dropout).init(),
        }
    }
}

impl Csmgan {
    /// Scores and offsets of every proposal; numbers are dropped only where gradients are recorded.
    ///
    /// # Panics
    /// When `num_words` does not fit `words`.
    pub fn forward(&self, input: CsmganInput) -> CsmganOutput {
        let CsmganInput { frames, words, num_words } = input;
        let [b, f, _] = frames.dims();
        let frames = self.video_encoder.forward(self.dropout.forward(frames));
        let words = self.sentence_encoder.forward(self.dropout.forward(words), &num_words);
        let JointNodes { frames, words } = self.joint.forward(JointNodes { frames, words });
        let read = self.v2s.forward(frames.clone(), words, &num_words);
        let x = self.rnn.forward(Tensor::cat(vec![frames, read], 2), &vec![f; b]);
        let x = self.dropout.forward(x);
        let scores = self.fc_score.at_each(x.clone());
        let offsets = self.fc_reg.at_each(x);
        let [_, _, anchors] = scores.dims();
        CsmganOutput {
            logits: scores.reshape([b, f * anchors]),
            offsets: offsets.reshape([b, f * anchors, 2]),
        }
    }
}
