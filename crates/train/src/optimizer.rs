//! Adam over a module's parameters, with its moments under the parameters' names.
//!
//! Our own and not the engine's, because the engine keys its moments by numbers drawn at random in every process, and a
//! checkpoint must name them. Kingma and Ba, arXiv:1412.6980; epsilon 1e-8 outside the bias correction as in PyTorch.

use std::collections::BTreeMap;

use burn::module::{Module, ModuleMapper, ModuleVisitor, Param};
use burn::tensor::{Gradients, Tensor};
use locvtp_model::ParameterGradients;
use locvtp_model::weights::{NamedTensor, Parameter, ParameterPath};
use serde::{Deserialize, Serialize};

use crate::error::TrainError;
use crate::schedule::Schedule;

/// Adam and its rate.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct OptimizerConfig {
    /// Rate at its highest. Paper: 1e-4.
    pub learning_rate: f64,
    /// Decay of the first and the second moment.
    pub betas: (f64, f64),
    /// Added to the root of the second moment.
    pub epsilon: f64,
    /// Steps over which the rate rises from zero.
    pub warm_up_steps: u64,
    /// How the rate falls.
    pub schedule: Schedule,
    /// Longest gradient, over all parameters together; 0 leaves it as it is.
    pub gradient_clip: f64,
    /// So much of a parameter is added to its gradient, after clipping, as in PyTorch's Adam.
    pub weight_decay: f64,
}

impl Default for OptimizerConfig {
    fn default() -> Self {
        Self {
            learning_rate: 1e-4,
            betas: (0.9, 0.999),
            epsilon: 1e-8,
            warm_up_steps: 0,
            schedule: Schedule::default(),
            gradient_clip: 0.0,
            weight_decay: 0.0,
        }
    }
}

impl OptimizerConfig {
    /// # Errors
    /// When a number is out of its range.
    pub fn check(&self) -> Result<(), TrainError> {
        let setting = |key: &str, found: f64, expected| {
            Err(TrainError::Setting { key: key.to_owned(), found: found.to_string(), expected })
        };
        if !(self.learning_rate > 0.0 && self.learning_rate.is_finite()) {
            return setting("optimizer.learning_rate", self.learning_rate, "a number above 0");
        }
        for beta in [self.betas.0, self.betas.1] {
            if !(0.0..1.0).contains(&beta) {
                return setting("optimizer.betas", beta, "numbers from 0 to below 1");
            }
        }
        if !(self.epsilon > 0.0 && self.epsilon.is_finite()) {
            return setting("optimizer.epsilon", self.epsilon, "a number above 0");
        }
        self.schedule.check()?;
        if !self.gradient_clip.is_finite() || self.gradient_clip < 0.0 {
            return setting("optimizer.gradient_clip", self.gradient_clip, "0 (off) or more");
        }
        if !(self.weight_decay >= 0.0 && self.weight_decay.is_finite()) {
            return setting("optimizer.weight_decay", self.weight_decay, "0 (off) or more");
        }
        Ok(())
    }
}

/// Where the optimiser finds the gradient of a parameter: in the engine's own, or in a sum of several.
pub trait GradientSource {
    /// The gradient, in the parameter's shape; [`None`] where no loss has reached it.
    fn of<const D: usize>(&self, param: &Param<Tensor<D>>) -> Option<Tensor<D>>;
}

impl GradientSource for Gradients {
    fn of<const D: usize>(&self, param: &Param<Tensor<D>>) -> Option<Tensor<D>> {
        param.val().grad(self)
    }
}

impl GradientSource for ParameterGradients {
    fn of<const D: usize>(&self, param: &Param<Tensor<D>>) -> Option<Tensor<D>> {
        self.get(param)
    }
}

/// A parameter's moments, flat, and how often it was updated.
///
/// Each counts for itself, as in PyTorch: a parameter whose first gradient comes late (the
/// context-warping head in the second stage of `multi_stage`) is corrected as any other at its start.
struct Moments {
    steps: u64,
    first: Tensor<1>,
    second: Tensor<1>,
}

/// Adam's state.
pub struct Adam {
    config: OptimizerConfig,
    moments: BTreeMap<String, Moments>,
}

impl Adam {
    /// No steps taken yet.
    pub fn new(config: OptimizerConfig) -> Self {
        Self { config, moments: BTreeMap::new() }
    }

    /// The length of the gradient over all parameters together.
    pub fn gradient_norm(module: &impl Module, gradients: &impl GradientSource) -> f64 {
        let mut visitor = SquaredNorm { gradients, sum: None };
        module.visit(&mut visitor);
        visitor.sum.map_or(0.0, |sum| f64::from(sum.into_scalar::<f32>()).sqrt())
    }

    /// One update with `learning_rate`; `norm` is [`Adam::gradient_norm`], by which the gradient is clipped.
    pub fn step<M: Module>(
        &mut self,
        module: M,
        gradients: &impl GradientSource,
        norm: f64,
        learning_rate: f64,
    ) -> M {
        self.step_with_rates(module, gradients, norm, &|_| learning_rate)
    }

    /// The same, with a learning rate for each parameter by its name.
    pub fn step_with_rates<M: Module>(
        &mut self,
        module: M,
        gradients: &impl GradientSource,
        norm: f64,
        rate_of: &dyn Fn(&str) -> f64,
    ) -> M {
        let clip = self.config.gradient_clip;
        let scale = if clip > 0.0 { (clip / (norm + 1e-6)).min(1.0) } else { 1.0 };
        let mut update = Update {
            path: ParameterPath::default(),
            gradients,
            moments: &mut self.moments,
            scale,
            betas: self.config.betas,
            rate_of,
            epsilon: self.config.epsilon,
            weight_decay: self.config.weight_decay,
        };
        module.map(&mut update)
    }

    /// The state: how often each parameter was updated, and `first.<name>`, `second.<name>`.
    pub fn to_named(&self) -> (BTreeMap<String, u64>, BTreeMap<String, NamedTensor>) {
        let mut named = BTreeMap::new();
        for (name, moments) in &self.moments {
            for (kind, tensor) in [("first", &moments.first), ("second", &moments.second)] {
                let values: Vec<f32> =
                    tensor.clone().into_data().try_to_vec().expect("moments are f32");
                named.insert(
                    format!("{kind}.{name}"),
                    NamedTensor { shape: vec![values.len()], values },
                );
            }
        }
        let steps = self.moments.iter().map(|(name, moments)| (name.clone(), moments.steps));
        (steps.collect(), named)
    }

    /// The same, of which no number is copied before it is asked for.
    pub(crate) fn to_parameters(&self) -> (BTreeMap<String, u64>, BTreeMap<String, Parameter>) {
        let mut named = BTreeMap::new();
        for (name, moments) in &self.moments {
            for (kind, tensor) in [("first", &moments.first), ("second", &moments.second)] {
                let (shape, tensor) = (tensor.dims().to_vec(), tensor.clone());
                let values =
                    move || tensor.clone().into_data().try_to_vec().expect("moments are f32");
                named.insert(format!("{kind}.{name}"), Parameter::new(shape, values));
            }
        }
        let steps = self.moments.iter().map(|(name, moments)| (name.clone(), moments.steps));
        (steps.collect(), named)
    }

    /// The state from [`Adam::to_named`].
    pub fn from_named(
        config: OptimizerConfig,
        steps: &BTreeMap<String, u64>,
        named: &BTreeMap<String, NamedTensor>,
        device: &burn::tensor::Device,
    ) -> Self {
        let device = device.clone().without_autodiff();
        let tensor =
            |tensor: &NamedTensor| Tensor::<1>::from_data(tensor.values.as_slice(), &device);
        let moments = steps
            .iter()
            .filter_map(|(name, &steps)| {
                let first = tensor(named.get(&format!("first.{name}"))?);
                let second = tensor(named.get(&format!("second.{name}"))?);
                Some((name.clone(), Moments { steps, first, second }))
            })
            .collect();
        Self { config, moments }
    }
}

struct SquaredNorm<'a, G> {
    gradients: &'a G,
    sum: Option<Tensor<1>>,
}

impl<G: GradientSource> ModuleVisitor for SquaredNorm<'_, G> {
    fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<D>>) {
        if let Some(gradient) = self.gradients.of(param) {
            let square = gradient.square().sum();
            self.sum = Some(match self.sum.take() {
                Some(sum) => sum + square,
                None => square,
            });
        }
    }
}

struct Update<'a, G> {
    path: ParameterPath,
    gradients: &'a G,
    moments: &'a mut BTreeMap<String, Moments>,
    scale: f64,
    betas: (f64, f64),
    rate_of: &'a dyn Fn(&str) -> f64,
    epsilon: f64,
    weight_decay: f64,
}

impl<G: GradientSource> ModuleMapper for Update<'_, G> {
    fn map_float<const D: usize>(&mut self, param: Param<Tensor<D>>) -> Param<Tensor<D>> {
        let Some(gradient) = self.gradients.of(&param) else { return param };
        let shape = gradient.dims();
        let length = shape.iter().product::<usize>();
        let mut gradient = gradient.reshape([length]).mul_scalar(self.scale);
        if self.weight_decay > 0.0 {
            let value = param.val().inner().reshape([length]);
            gradient = gradient + value.mul_scalar(self.weight_decay);
        }
        let (beta_1, beta_2) = self.betas;
        let name = self.path.name();
        let (steps, first, second) = match self.moments.remove(&name) {
            Some(Moments { steps, first, second }) => {
                (steps + 1, first.mul_scalar(beta_1), second.mul_scalar(beta_2))
            }
            None => (1, gradient.zeros_like(), gradient.zeros_like()),
        };
        let rate = (self.rate_of)(&name) / (1.0 - beta_1.powi(steps as i32));
        let second_correction = (1.0 - beta_2.powi(steps as i32)).sqrt();
        let first = first + gradient.clone().mul_scalar(1.0 - beta_1);
        let second = second + gradient.square().mul_scalar(1.0 - beta_2);
        let root = second.clone().sqrt().div_scalar(second_correction).add_scalar(self.epsilon);
        let change = (first.clone() / root).mul_scalar(rate).reshape(shape);
        self.moments.insert(name, Moments { steps, first, second });
        param.map(|value| Tensor::from_inner(value.inner() - change).require_grad())
    }

    fn enter_module(&mut self, name: &str, container: &str) {
        self.path.enter(name, container);
    }

    fn exit_module(&mut self, _name: &str, _container: &str) {
        self.path.exit();
    }
}
