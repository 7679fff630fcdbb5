//! What the ranks of a run exchange in a step: the embeddings of all pairs before the losses, and the
//! gradients of all after them.
//!
//! Every rank encodes its own pairs, gathers the embeddings of all, and works the whole loss out. That is
//! done as often as there are ranks, and costs little beside the encoders (`docs/decisions/0016`); in
//! exchange the loss is that of one process, with every count and every draw that it has, and its gradient
//! is whole on each rank, which takes the rows of its own pairs.

use burn::module::{Module, ModuleVisitor, Param};
use burn::tensor::{Tensor, TensorData};
use locvtp_cluster::{ClusterError, Communicator};
use locvtp_model::loss::VideoTextEmbeddings;
use locvtp_model::{EmbeddingGradients, LocVtp, ParameterGradients};

/// Numbers that are summed at once: the whole gradient of a large model would be there twice.
const SUMMED_AT_ONCE: usize = 4 << 20;

/// The embeddings of all ranks' pairs, by place in the batch, and which of them are this rank's.
pub(crate) struct GatheredEmbeddings {
    pub(crate) all: VideoTextEmbeddings,
    own_pairs: std::ops::Range<usize>,
    /// Words of the longest sentence of this rank.
    own_words: usize,
}

impl GatheredEmbeddings {
    /// Gathers what all ranks have; `own` is without a graph, and what comes back is, too.
    ///
    /// # Errors
    /// When the ranks are not in step.
    pub(crate) fn gather(
        ranks: &dyn Communicator,
        own: VideoTextEmbeddings,
    ) -> Result<Self, ClusterError> {
        let ([b, t, e], [_, n, _]) = (own.clips.dims(), own.words.dims());
        if ranks.rank().world_size() == 1 {
            return Ok(Self { all: own, own_pairs: 0..b, own_words: n });
        }
        let device = own.clips.device();
        let clips = ranks.gather_rows(&values(own.clips), t * e)?;
        let counts: Vec<f32> = own.num_words.iter().map(|&count| count as f32).collect();
        let counts = ranks.gather_rows(&counts, 1)?.values;
        let num_words: Vec<usize> = counts.into_iter().map(|count| count as usize).collect();
        let words =
            ranks.gather_rows(&real_words(&values(own.words), [n, e], &own.num_words), e)?;
        let (pairs, longest) = (num_words.len(), num_words.iter().copied().max().unwrap_or(0));
        let words = padded(&words.values, [longest, e], &num_words);
        let tensor = |values: Vec<f32>, shape| {
            Tensor::<3>::from_data(TensorData::new(values, shape), &device)
        };
        let all = VideoTextEmbeddings {
            clips: tensor(clips.values, [pairs, t, e]),
            words: tensor(words, [pairs, longest, e]),
            num_words,
        };
        Ok(Self { all, own_pairs: clips.rows[ranks.rank().index()].clone(), own_words: n })
    }

    /// The rows of this rank's pairs in the gradient at all embeddings.
    pub(crate) fn own(&self, gradients: EmbeddingGradients) -> EmbeddingGradients {
        let own = |x: Tensor<3>| x.narrow(0, self.own_pairs.start, self.own_pairs.len());
        EmbeddingGradients {
            clips: gradients.clips.map(own),
            words: gradients.words.map(|words| padded_to(own(words), self.own_words)),
        }
    }
}

/// Words `[b, n, e]` with so many `n`: padding is cut off or added.
fn padded_to(words: Tensor<3>, n: usize) -> Tensor<3> {
    let [b, found, e] = words.dims();
    if found >= n {
        return words.narrow(1, 0, n);
    }
    let rest = Tensor::zeros([b, n - found, e], &words.device());
    Tensor::cat(vec![words, rest], 1)
}

fn values(x: Tensor<3>) -> Vec<f32> {
    x.into_data().try_into_vec().expect("embeddings are f32")
}

/// The words of all sentences without padding, `[sum of num_words, e]`, of `[b, n, e]`.
fn real_words(words: &[f32], [n, e]: [usize; 2], num_words: &[usize]) -> Vec<f32> {
    let sentences = words.chunks_exact(n * e).zip(num_words);
    sentences.flat_map(|(words, &count)| words[..count * e].iter().copied()).collect()
}

/// The way back, with zeros for padding.
fn padded(words: &[f32], [n, e]: [usize; 2], num_words: &[usize]) -> Vec<f32> {
    let mut padded = vec![0.0; num_words.len() * n * e];
    let mut first = 0;
    for (place, count) in padded.chunks_exact_mut(n * e).zip(num_words) {
        let end = first + count * e;
        place[..count * e].copy_from_slice(&words[first..end]);
        first = end;
    }
    padded
}

/// Puts the sum over all ranks in the place of every parameter's gradient.
///
/// # Errors
/// When the ranks are not in step.
pub(crate) fn sum_gradients(
    ranks: &dyn Communicator,
    model: &LocVtp,
    gradients: &mut ParameterGradients,
) -> Result<(), ClusterError> {
    if ranks.rank().world_size() == 1 {
        return Ok(());
    }
    let mut places = Places::default();
    model.visit(&mut places);
    let mut first = 0;
    while first < places.0.len() {
        let count = bundle(&places.0[first..]);
        sum_some(ranks, model, gradients, first..first + count)?;
        first += count;
    }
    Ok(())
}

/// How many numbers each parameter has.
#[derive(Default)]
struct Places(Vec<usize>);

impl ModuleVisitor for Places {
    fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<D>>) {
        self.0.push(param.val().dims().iter().product());
    }
}

/// How many of the next parameters are summed at once.
fn bundle(lengths: &[usize]) -> usize {
    let mut sum = 0;
    let fits = lengths.iter().take_while(|&&length| {
        sum += length;
        sum <= SUMMED_AT_ONCE
    });
    fits.count().max(1)
}

/// The same for the parameters of these places. One without a gradient brings zeros, and has one where any
/// rank brings one.
fn sum_some(
    ranks: &dyn Communicator,
    model: &LocVtp,
    gradients: &mut ParameterGradients,
    places: std::ops::Range<usize>,
) -> Result<(), ClusterError> {
    let mut out =
        TakeOut { gradients, places: places.clone(), next: 0, values: Vec::new(), has: Vec::new() };
    model.visit(&mut out);
    let TakeOut { mut values, mut has, .. } = out;
    ranks.sum_f32(&mut has)?;
    ranks.sum_f32(&mut values)?;
    model.visit(&mut PutBack { gradients, places, next: 0, values: &values, has: &has });
    Ok(())
}

struct TakeOut<'a> {
    gradients: &'a mut ParameterGradients,
    places: std::ops::Range<usize>,
    next: usize,
    values: Vec<f32>,
    /// 1 for a parameter that has a gradient.
    has: Vec<f32>,
}

impl ModuleVisitor for TakeOut<'_> {
    fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<D>>) {
        let place = self.next;
        self.next += 1;
        if !self.places.contains(&place) {
            return;
        }
        let gradient = self.gradients.take(param);
        self.has.push(if gradient.is_some() { 1.0 } else { 0.0 });
        match gradient {
            Some(gradient) => self
                .values
                .extend(gradient.into_data().try_into_vec::<f32>().expect("gradients are f32")),
            None => {
                let length = self.values.len() + param.val().dims().iter().product::<usize>();
                self.values.resize(length, 0.0);
            }
        }
    }
}

struct PutBack<'a> {
    gradients: &'a mut ParameterGradients,
    places: std::ops::Range<usize>,
    next: usize,
    values: &'a [f32],
    has: &'a [f32],
}

impl ModuleVisitor for PutBack<'_> {
    fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<D>>) {
        let place = self.next;
        self.next += 1;
        if !self.places.contains(&place) {
            return;
        }
        let shape = param.val().dims();
        let (own, rest) = self.values.split_at(shape.iter().product());
        self.values = rest;
        if self.has[place - self.places.start] == 0.0 {
            return;
        }
        let device = param.val().device().without_autodiff();
        let gradient = Tensor::<D>::from_data(TensorData::new(own.to_vec(), shape), &device);
        self.gradients.put(param, gradient);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_come_back_to_their_places_with_zeros_for_padding() {
        let words: Vec<f32> = (0..12).map(|i| i as f32).collect();
        let real = real_words(&words, [3, 2], &[3, 1]);
        assert_eq!(real, [0.0, 1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0]);
        let back = padded(&real, [4, 2], &[3, 1]);
        assert_eq!(back[..8], [0.0, 1.0, 2.0, 3.0, 4.0, 5.0, 0.0, 0.0]);
        assert_eq!(back[8..], [6.0, 7.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0]);
    }

    #[test]
    fn parameters_are_summed_in_bundles_and_a_large_one_alone() {
        let all = SUMMED_AT_ONCE;
        assert_eq!(bundle(&[all, 1]), 1);
        assert_eq!(bundle(&[all + 1, 1]), 1);
        assert_eq!(bundle(&[1, all - 2, 1, 1]), 3);
    }
}
