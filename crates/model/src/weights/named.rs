//! Walking a module's parameters in order, with their paths as names.
//!
//! Linear weights are `[input, output]` in memory and `[output, input]` in files; everything else
//! is the same.

use std::collections::BTreeMap;

use burn::module::{Module, ModuleMapper, ModuleVisitor, Param};
use burn::tensor::{Tensor, TensorData};

use super::{LoadReport, ParameterPath};

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
    let mut visitor = Collect { path: ParameterPath::default(), found: BTreeMap::new() };
    module.visit(&mut visitor);
    visitor.found
}

struct Collect {
    path: ParameterPath,
    found: BTreeMap<String, NamedTensor>,
}

impl ModuleVisitor for Collect {
    fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<D>>) {
        let mut value = param.val();
        if self.path.is_transposed() {
            value = value.swap_dims(0, 1);
        }
        let shape = value.dims().to_vec();
        let values = value.into_data().try_to_vec::<f32>().expect("parameters are f32");
        self.found.insert(self.path.name(), NamedTensor { shape, values });
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
    source: BTreeMap<String, NamedTensor>,
) -> (M, LoadReport) {
    let mut mapper = Fill { path: ParameterPath::default(), source, report: LoadReport::default() };
    let module = module.map(&mut mapper);
    mapper.report.unused = mapper.source.into_keys().collect();
    (module, mapper.report)
}

struct Fill {
    path: ParameterPath,
    source: BTreeMap<String, NamedTensor>,
    report: LoadReport,
}

impl ModuleMapper for Fill {
    fn map_float<const D: usize>(&mut self, param: Param<Tensor<D>>) -> Param<Tensor<D>> {
        let name = self.path.name();
        let Some(NamedTensor { shape, values }) = self.source.remove(&name) else {
            self.report.missing.push(name);
            return param;
        };
        let transposed = self.path.is_transposed();
        let mut expected = param.dims().to_vec();
        if transposed {
            expected.swap(0, 1);
        }
        if shape != expected {
            self.report.misshapen.push(format!("{name}: {shape:?} instead of {expected:?}"));
            return param;
        }
        self.report.filled.push(name);
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
