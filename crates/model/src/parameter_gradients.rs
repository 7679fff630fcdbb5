//! The gradients of a model's parameters, by parameter: what a step adds up and the optimiser reads.

use burn::module::{Module, ModuleVisitor, Param};
use burn::optim::GradientsParams;
use burn::tensor::{Gradients, Tensor};

/// A sum of gradients for every parameter that has had one.
#[derive(Default, Debug)]
pub struct ParameterGradients(GradientsParams);

impl ParameterGradients {
    /// Those of one backward pass, moved and not copied.
    pub fn of(module: &impl Module, mut gradients: Gradients) -> Self {
        let mut sum = Self::default();
        sum.add(module, &mut gradients);
        sum
    }

    /// Adds those that a backward pass has for parameters of `module`, and takes them from it.
    pub fn add(&mut self, module: &impl Module, gradients: &mut Gradients) {
        module.visit(&mut Add { sum: &mut self.0, gradients });
    }

    /// The gradient of a parameter, in its shape; [`None`] where no loss has reached it.
    pub fn get<const D: usize>(&self, param: &Param<Tensor<D>>) -> Option<Tensor<D>> {
        self.0.get(param.id)
    }

    /// [`get`](Self::get), and takes it out.
    pub fn take<const D: usize>(&mut self, param: &Param<Tensor<D>>) -> Option<Tensor<D>> {
        self.0.remove(param.id)
    }

    /// Puts a gradient, in the parameter's shape, in the place of the one that is there.
    pub fn put<const D: usize>(&mut self, param: &Param<Tensor<D>>, gradient: Tensor<D>) {
        self.0.register::<D>(param.id, gradient);
    }
}

struct Add<'a> {
    sum: &'a mut GradientsParams,
    gradients: &'a mut Gradients,
}

impl ModuleVisitor for Add<'_> {
    fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<D>>) {
        let Some(added) = param.val().grad_remove(self.gradients) else { return };
        let sum = match self.sum.remove(param.id) {
            // In place: nobody else has the sum.
            Some(sum) => sum + added,
            None => added,
        };
        self.sum.register::<D>(param.id, sum);
    }
}
