//! How many numbers the parts of a model have.

use burn::module::{Module, ModuleVisitor, Param};
use burn::tensor::Tensor;

use crate::locvtp::LocVtp;

/// Numbers in the parts of a model.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ParameterCounts {
    /// In the video encoder.
    pub video: usize,
    /// In the text encoder.
    pub text: usize,
    /// In the projections and the context-warping head.
    pub heads: usize,
    /// In the largest parameter.
    pub largest: usize,
    /// Of those that learn.
    pub learning: Learning,
}

/// Numbers in the parameters that learn.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Learning {
    /// In the video encoder.
    pub video: usize,
    /// In the text encoder.
    pub text: usize,
    /// In all of the model.
    pub total: usize,
    /// How deep in the half of the videos and in that of the words the first part lies that learns: the number of its
    /// block, 0 also for the embedding, the number of blocks where only what follows them does; [`None`] where nothing does.
    pub first: [Option<usize>; 2],
}

impl ParameterCounts {
    /// In all of it.
    pub fn total(&self) -> usize {
        self.video + self.text + self.heads
    }
}

impl LocVtp {
    /// Numbers in its parts.
    pub fn parameter_counts(&self) -> ParameterCounts {
        let mut largest = Largest(0);
        self.visit(&mut largest);
        let (video, text) = self.encoders();
        let (video, text) = (video.num_params(), text.map_or(0, Module::num_params));
        let heads = self.num_params() - video - text;
        let (of_video, of_text) = self.encoders();
        let learning = Learning {
            video: learning(of_video),
            text: of_text.map_or(0, learning),
            total: learning(self),
            first: self.first_trained(),
        };
        ParameterCounts { video, text, heads, largest: largest.0, learning }
    }
}

/// Numbers in the parameters of a module that learn.
fn learning(module: &impl Module) -> usize {
    struct Sum(usize);
    impl ModuleVisitor for Sum {
        fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<D>>) {
            if param.is_require_grad() {
                self.0 += param.val().dims().iter().product::<usize>();
            }
        }
    }
    let mut sum = Sum(0);
    module.visit(&mut sum);
    sum.0
}

/// Numbers of the largest parameter so far.
struct Largest(usize);

impl ModuleVisitor for Largest {
    fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<D>>) {
        self.0 = self.0.max(param.val().dims().iter().product());
    }
}
