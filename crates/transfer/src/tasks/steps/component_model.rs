//! The component model of Zhukov et al. (arXiv:1903.08225): a step is scored by the components of its
//! words, which all tasks share.
//!
//! A word `w` scores a second by `w_w . x_t + b_w`, and a step by the mean over its words: `O = (X W +
//! b) A`, where the columns of `A` have a share for each word of a step. An assignment `Y` of seconds to
//! steps costs `1/T sum_tk Y_tk (lambda C_tk - log softmax_k O_tk)`, with `C = 1` outside of what
//! narration allows.
//!
//! Nobody says where the steps of the training videos are. So the assignment is the cheapest one for
//! the costs `dF/dY`, where `F = loss - lr/2 |grad loss|^2` is what the loss comes to after one step of
//! gradient descent. For this model that is closed: with `P = softmax O`, `D = dloss/dO` and `R = X X' D
//! A'A + 1 1' D A'A` (what a step along the gradient takes off `O`, per unit of rate),
//!
//! `T dF/dY_tk = lambda C_tk - log P_tk + lr (R_tk - sum_j P_tj R_tj)`.
//!
//! `D` depends on the assignment that the step is made with; the release keeps the one of the epoch
//! before, here it is the cheapest for the costs without looking ahead, so that nothing need be
//! remembered between epochs.

use std::collections::BTreeMap;

use burn::module::{Module, Param};
use burn::tensor::activation::log_softmax;
use burn::tensor::{Tensor, TensorData};
use locvtp_corpus::crosstask::CrossTaskTask;
use locvtp_model::layers::Linear;
use locvtp_model::{Device, Initialiser};

/// Which words there are, and which of them each step has.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Components {
    words: BTreeMap<String, usize>,
    steps: BTreeMap<String, Vec<Vec<usize>>>,
}

impl Components {
    /// Of the steps of `tasks`, in lower case and parted by space; a step without a word has one of
    /// its own kind.
    pub fn new<'a>(tasks: impl IntoIterator<Item = &'a CrossTaskTask>) -> Self {
        let mut components = Self::default();
        for task in tasks {
            let steps = task.steps.iter().map(|step| components.words_of(step)).collect();
            components.steps.insert(task.id.clone(), steps);
        }
        components
    }

    fn words_of(&mut self, step: &str) -> Vec<usize> {
        let step = step.to_lowercase();
        let words =
            if step.trim().is_empty() { vec![""] } else { step.split_whitespace().collect() };
        let mut number = |word: &str| {
            let next = self.words.len();
            *self.words.entry(word.to_owned()).or_insert(next)
        };
        words.into_iter().map(&mut number).collect()
    }

    /// How many words there are, `M`.
    pub fn num_words(&self) -> usize {
        self.words.len()
    }

    /// The share of each word in each step of a task, `A`: `[M, K]`, columns sum to 1.
    ///
    /// # Panics
    /// For a task that is not of these.
    pub fn shares(&self, task: &str) -> WordShares {
        let steps = &self.steps[task];
        let num_steps = steps.len();
        let mut values = vec![0.0; self.num_words() * num_steps];
        for (step, words) in steps.iter().enumerate() {
            for word in words {
                values[word * num_steps + step] += 1.0 / words.len() as f32;
            }
        }
        WordShares { values, num_steps }
    }
}

/// The share of each word in each step of a task.
#[derive(Clone, Debug, PartialEq)]
pub struct WordShares {
    /// `[M, K]`
    pub values: Vec<f32>,
    /// `K`
    pub num_steps: usize,
}

impl WordShares {
    /// `A' A`: `[K, K]`, how much steps have in common.
    fn in_common(&self) -> Vec<f64> {
        let k = self.num_steps;
        let mut common = vec![0.0; k * k];
        for word in self.values.chunks_exact(k) {
            for (i, a) in word.iter().enumerate().filter(|(_, a)| **a != 0.0) {
                for (j, b) in word.iter().enumerate() {
                    common[i * k + j] += f64::from(*a) * f64::from(*b);
                }
            }
        }
        common
    }
}

/// The weights: a linear map to the words.
#[derive(Module, Debug)]
pub struct ComponentModel {
    /// `d` to `M`
    pub fc: Linear,
}

impl ComponentModel {
    /// Drawn as PyTorch draws a linear layer: weights and biases uniform within `1 / sqrt(d)`.
    pub fn init(width: usize, num_words: usize, seed: u64, device: &Device) -> Self {
        let mut random = Initialiser::new(seed, device);
        let bound = (width as f64).sqrt().recip();
        let weight = Param::from_tensor(random.uniform([width, num_words], bound));
        let bias = Param::from_tensor(random.uniform([num_words], bound));
        Self { fc: Linear { weight, bias } }
    }

    /// The score of every step in every second.
    ///
    /// # Shapes
    /// - `x`: `[t, d]`
    /// - returns `[t, k]`
    pub fn scores(&self, x: Tensor<2>, shares: &WordShares) -> Tensor<2> {
        let (device, k) = (x.device(), shares.num_steps);
        let words = shares.values.len() / k;
        let shares = TensorData::new(shares.values.clone(), [words, k]);
        self.fc.forward(x).matmul(Tensor::from_data(shares, &device))
    }
}

/// What an assignment of seconds to steps costs, apart from what narration allows (which no weight
/// changes): `-1/T sum log softmax_k O` over the chosen seconds.
///
/// # Shapes
/// - `scores`: `[t, k]`; `seconds`: one a step
/// - returns `[1]`
pub fn assignment_loss(scores: Tensor<2>, seconds: &[usize]) -> Tensor<1> {
    let ([t, k], device) = (scores.dims(), scores.device());
    let mut chosen = vec![0.0f32; t * k];
    for (step, second) in seconds.iter().enumerate() {
        chosen[second * k + step] = 1.0;
    }
    let chosen = Tensor::from_data(TensorData::new(chosen, [t, k]), &device);
    (log_softmax(scores, 1) * chosen).sum().mul_scalar(-1.0 / t as f64)
}

/// What no gradient touches of a video while its assignment is sought.
#[derive(Clone, Copy, Debug)]
pub struct StepAssignment<'a> {
    /// The features that the scores came from: `[t, d]`.
    pub x: &'a [f32],
    /// `[t, k]`
    pub scores: &'a [f64],
    /// 1 outside of what narration allows, else 0: `[t, k]`.
    pub constraints: &'a [f64],
    /// `lambda`
    pub constraint_weight: f64,
    /// `lr`
    pub learning_rate: f64,
}

impl StepAssignment<'_> {
    /// `T dloss/dY`: what each second costs each step as the weights are, `[t, k]`.
    pub fn costs(&self, num_steps: usize) -> Vec<f64> {
        let log_p = log_softmax_rows(self.scores, num_steps);
        let constraints = self.constraints.iter();
        log_p.iter().zip(constraints).map(|(log_p, c)| self.constraint_weight * c - log_p).collect()
    }

    /// `T dF/dY`: what it will cost after one step with the assignment `seconds`, `[t, k]`.
    pub fn costs_ahead(&self, shares: &WordShares, seconds: &[usize]) -> Vec<f64> {
        let k = shares.num_steps;
        let t = self.scores.len() / k;
        let width = self.x.len() / t.max(1);
        let row = |second: usize| &self.x[second * width..(second + 1) * width];
        let p: Vec<f64> = log_softmax_rows(self.scores, k).into_iter().map(f64::exp).collect();
        // D = dloss/dO: only seconds that are assigned have a gradient.
        let mut d: BTreeMap<usize, Vec<f64>> = BTreeMap::new();
        for (step, second) in seconds.iter().enumerate() {
            let row = d.entry(*second).or_insert_with(|| vec![0.0; k]);
            for (j, d) in row.iter_mut().enumerate() {
                *d += (p[second * k + j] - f64::from(u8::from(j == step))) / t as f64;
            }
        }
        // H = [X' D; 1' D]: [d + 1, k].
        let mut h = vec![0.0; (width + 1) * k];
        for (second, d) in &d {
            for (x, h) in row(*second).iter().chain([&1.0]).zip(h.chunks_exact_mut(k)) {
                h.iter_mut().zip(d).for_each(|(h, d)| *h += f64::from(*x) * d);
            }
        }
        let common = shares.in_common();
        let h: Vec<f64> = h.chunks_exact(k).flat_map(|h| times(h, &common)).collect();
        let mut costs = self.costs(k);
        for (second, costs) in costs.chunks_exact_mut(k).enumerate() {
            let mut r = vec![0.0; k];
            for (x, h) in row(second).iter().chain([&1.0]).zip(h.chunks_exact(k)) {
                r.iter_mut().zip(h).for_each(|(r, h)| *r += f64::from(*x) * h);
            }
            let p = &p[second * k..(second + 1) * k];
            let mean: f64 = p.iter().zip(&r).map(|(p, r)| p * r).sum();
            costs.iter_mut().zip(&r).for_each(|(cost, r)| *cost += self.learning_rate * (r - mean));
        }
        costs
    }
}

/// A row `[k]` times a table `[k, k]`.
fn times(row: &[f64], table: &[f64]) -> Vec<f64> {
    let mut product = vec![0.0; row.len()];
    for (x, line) in row.iter().zip(table.chunks_exact(row.len())) {
        product.iter_mut().zip(line).for_each(|(sum, y)| *sum += x * y);
    }
    product
}

/// `log softmax` of every row of `[t, k]`.
pub(super) fn log_softmax_rows(scores: &[f64], num_steps: usize) -> Vec<f64> {
    let of_row = |row: &[f64]| {
        let largest = row.iter().copied().fold(f64::NEG_INFINITY, f64::max);
        let sum: f64 = row.iter().map(|score| (score - largest).exp()).sum();
        row.iter().map(|score| score - largest - sum.ln()).collect::<Vec<_>>()
    };
    scores.chunks_exact(num_steps).flat_map(of_row).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn task(id: &str, steps: &[&str]) -> CrossTaskTask {
        let steps = steps.iter().map(|step| (*step).to_owned()).collect();
        CrossTaskTask { id: id.into(), title: String::new(), url: String::new(), steps }
    }

    #[test]
    fn a_step_is_the_mean_of_its_words_and_tasks_share_them() {
        let tasks = [task("1", &["pour water", "Pour pour milk"]), task("2", &["add milk", ""])];
        let components = Components::new(&tasks);
        assert_eq!(components.num_words(), 5); // pour water milk add ""
        let third = 1.0 / 3.0;
        let first = components.shares("1");
        assert_eq!(first.values, [0.5, third + third, 0.5, 0.0, 0.0, third, 0.0, 0.0, 0.0, 0.0]);
        let second = components.shares("2");
        assert_eq!(second.values, [0.0, 0.0, 0.0, 0.0, 0.5, 0.0, 0.5, 0.0, 0.0, 1.0]);
    }

    #[test]
    fn looking_ahead_by_nothing_changes_nothing() {
        let components = Components::new(&[task("1", &["a b", "b c"])]);
        let assignment = StepAssignment {
            x: &[0.1, 0.2, 0.3, -0.4, 0.5, 0.6],
            scores: &[0.3, -0.1, 0.2, 0.9, 0.0, 0.0],
            constraints: &[0.0, 1.0, 0.0, 0.0, 1.0, 1.0],
            constraint_weight: 10.0,
            learning_rate: 0.0,
        };
        let ahead = assignment.costs_ahead(&components.shares("1"), &[0, 2]);
        assert_eq!(ahead, assignment.costs(2));
        let log_p = |a: f64, b: f64| a - (a.exp() + b.exp()).ln();
        assert!((ahead[1] - (10.0 - log_p(-0.1, 0.3))).abs() < 1e-12);
    }
}
