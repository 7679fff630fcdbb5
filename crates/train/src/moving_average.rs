//! A second model beside the one that is trained: the moving average of its weights.

use std::collections::BTreeMap;

use burn::module::{Module, ModuleMapper, ModuleVisitor, Param};
use burn::tensor::Tensor;
use locvtp_model::LocVtp;

/// The average after a step: so much of itself, and the rest of the model. Both are the same model at other times.
///
/// The first steps count for less than `keep` would have it, so that the first weights, which are random, are
/// soon forgotten: of step `n`, from 1, at most `(1 + n) / (10 + n)` of the average is kept.
pub(crate) fn averaged(average: LocVtp, model: &LocVtp, keep: f64, steps_done: u64) -> LocVtp {
    let early = (1 + steps_done) as f64 / (10 + steps_done) as f64;
    let mut weights = Weights(BTreeMap::new());
    model.visit(&mut weights);
    average.map(&mut Average { weights: weights.0, next: 0, keep: keep.min(early) })
}

/// The weights by their place in the model, flat and outside of every graph.
struct Weights(BTreeMap<usize, Tensor<1>>);

impl ModuleVisitor for Weights {
    fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<D>>) {
        let value = param.val().inner();
        let length = value.dims().iter().product::<usize>();
        self.0.insert(self.0.len(), value.reshape([length]));
    }
}

struct Average {
    weights: BTreeMap<usize, Tensor<1>>,
    next: usize,
    keep: f64,
}

impl ModuleMapper for Average {
    fn map_float<const D: usize>(&mut self, param: Param<Tensor<D>>) -> Param<Tensor<D>> {
        let weight = self.weights.remove(&self.next).expect("two models of one shape");
        self.next += 1;
        let keep = self.keep;
        param.map(|value| {
            let value = value.inner();
            let weight = weight.reshape(value.dims());
            Tensor::from_inner(value.mul_scalar(keep) + weight.mul_scalar(1.0 - keep))
        })
    }
}
