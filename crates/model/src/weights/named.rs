//! Walking a module's parameters in order, with their paths as names.
//!
//! Linear weights are `[input, output]` in memory and `[output, input]` in files; everything else
//! is the same.

use std::collections::{BTreeMap, BTreeSet};
use std::convert::Infallible;

use burn::module::{Module, ModuleMapper, ModuleVisitor, Param};
use burn::tensor::{Tensor, TensorData};

use super::{LoadReport, ParameterPath, StoredTensor};
use crate::ModelError;

/// A parameter's numbers in PyTorch's orientation.
#[derive(Clone, Debug, PartialEq)]
pub struct NamedTensor {
    /// Sizes of the axes.
    pub shape: Vec<usize>,
    /// The numbers, row by row.
    pub values: Vec<f32>,
}

/// All parameters by name, in the module's order of names.
pub fn named_parameters(module: &impl Module) -> BTreeMap<String, NamedTensor> {
    let parameters = parameters(module).into_iter();
    parameters.map(|(name, parameter)| (name, parameter.numbers())).collect()
}

/// The names of all parameters.
pub(super) fn parameter_names(module: &impl Module) -> BTreeSet<String> {
    parameters(module).into_keys().collect()
}

/// A parameter whose numbers are copied out when they are asked for.
pub struct Parameter {
    /// Sizes of the axes in a file.
    pub(super) shape: Vec<usize>,
    values: Box<dyn Fn() -> Vec<f32>>,
}

impl Parameter {
    /// Of these sizes in a file, whose numbers `values` gives, row by row.
    pub fn new(shape: Vec<usize>, values: impl Fn() -> Vec<f32> + 'static) -> Self {
        Self { shape, values: Box::new(values) }
    }

    pub(super) fn numbers(&self) -> NamedTensor {
        NamedTensor { shape: self.shape.clone(), values: (self.values)() }
    }
}

/// All parameters by name, their numbers not copied.
pub(super) fn parameters(module: &impl Module) -> BTreeMap<String, Parameter> {
    let mut visitor = Collect { path: ParameterPath::default(), found: BTreeMap::new() };
    module.visit(&mut visitor);
    visitor.found
}

struct Collect {
    path: ParameterPath,
    found: BTreeMap<String, Parameter>,
}

impl ModuleVisitor for Collect {
    fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<D>>) {
        let mut value = param.val();
        if self.path.is_transposed() {
            value = value.swap_dims(0, 1);
        }
        let shape = value.dims().to_vec();
        let values =
            move || value.clone().into_data().try_to_vec::<f32>().expect("parameters are f32");
        self.found.insert(self.path.name(), Parameter::new(shape, values));
    }

    fn enter_module(&mut self, name: &str, container: &str) {
        self.path.enter(name, container);
    }

    fn exit_module(&mut self, _name: &str, _container: &str) {
        self.path.exit();
    }
}

/// The module with its parameters taken from `source`, and what became of them.
///
/// Parameters that `source` lacks or holds in another shape keep their numbers.
pub fn fill_parameters<M: Module>(
    module: M,
    mut source: BTreeMap<String, NamedTensor>,
) -> (M, LoadReport) {
    let mut report = LoadReport::default();
    let filled = fill_each(module, |name, expected| {
        let found = source.remove(name);
        Ok::<_, Infallible>(report.fitting(name, found, |found| &found.shape, expected))
    });
    let Ok(module) = filled;
    report.unused = source.into_keys().collect();
    (module, report)
}

/// The same for tensors that are read from their file one after the other.
///
/// # Errors
/// When a tensor cannot be read.
pub fn fill_from_file<M: Module>(
    module: M,
    mut source: BTreeMap<String, StoredTensor>,
) -> Result<(M, LoadReport), ModelError> {
    let mut report = LoadReport::default();
    let module = fill_each(module, |name, expected| {
        let found = source.remove(name);
        let fitting = report.fitting(name, found, |found| &found.shape, expected);
        fitting.map(|tensor| tensor.read(name)).transpose()
    })?;
    report.unused = source.into_keys().collect();
    Ok((module, report))
}

/// The module with each parameter replaced by what `numbers` gives for its name and its shape in a
/// file; where it gives nothing, the parameter keeps its numbers.
///
/// # Errors
/// The first error of `numbers`; it is not asked again then.
///
/// # Panics
/// When `numbers` gives another shape than it was asked for.
pub fn fill_each<M: Module, E>(
    module: M,
    numbers: impl FnMut(&str, &[usize]) -> Result<Option<NamedTensor>, E>,
) -> Result<M, E> {
    let mut mapper = Fill { path: ParameterPath::default(), numbers, error: None };
    let module = module.map(&mut mapper);
    match mapper.error {
        Some(error) => Err(error),
        None => Ok(module),
    }
}

struct Fill<F, E> {
    path: ParameterPath,
    numbers: F,
    error: Option<E>,
}

impl<F, E> ModuleMapper for Fill<F, E>
where
    F: FnMut(&str, &[usize]) -> Result<Option<NamedTensor>, E>,
{
    fn map_float<const D: usize>(&mut self, param: Param<Tensor<D>>) -> Param<Tensor<D>> {
        if self.error.is_some() {
            return param;
        }
        let transposed = self.path.is_transposed();
        let mut expected = param.dims().to_vec();
        if transposed {
            expected.swap(0, 1);
        }
        let NamedTensor { shape, values } = match (self.numbers)(&self.path.name(), &expected) {
            Ok(Some(tensor)) => tensor,
            Ok(None) => return param,
            Err(error) => {
                self.error = Some(error);
                return param;
            }
        };
        assert_eq!(shape, expected, "shape of {}", self.path.name());
        param.map(|old| {
            let device = old.device();
            let requires_grad = old.is_require_grad();
            let mut value = Tensor::<D>::from_data(TensorData::new(values, shape), &device);
            if transposed {
                // Stored transposed for good: kernels want contiguous rows.
                value = contiguous(value.swap_dims(0, 1));
            }
            if requires_grad { value.require_grad() } else { value }
        })
    }

    fn enter_module(&mut self, name: &str, container: &str) {
        self.path.enter(name, container);
    }

    fn exit_module(&mut self, _name: &str, _container: &str) {
        self.path.exit();
    }
}

/// The same numbers in row order, by a round trip through plain data.
fn contiguous<const D: usize>(tensor: Tensor<D>) -> Tensor<D> {
    let device = tensor.device();
    Tensor::from_data(tensor.into_data(), &device)
}
