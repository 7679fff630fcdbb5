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
        ParameterCounts { video, text, heads, largest: largest.0 }
    }
}

/// Numbers of the largest parameter so far.
struct Largest(usize);

impl ModuleVisitor for Largest {
    fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<D>>) {
        self.0 = self.0.max(param.val().dims().iter().product());
    }
}
