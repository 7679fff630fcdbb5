//! Reading the goldens, and what every golden test needs: numbers, gradients by name, comparison.
//!
//! The goldens and the scripts that wrote them are described in `reference/README.md`.

#![allow(dead_code, reason = "every test file is a crate of its own and uses a part of this one")]

use std::collections::BTreeMap;
use std::path::PathBuf;

use burn::module::{Module, ModuleMapper, ModuleVisitor, Param};
use burn::optim::GradientsParams;
use burn::tensor::{DType, Device, Gradients, Tensor, TensorData};
use locvtp_model::Initialiser;
use locvtp_model::weights::{NamedTensor, ParameterPath, fill_parameters, read_safetensors};
use safetensors::{Dtype, SafeTensors};

/// Where a golden lies.
pub(crate) fn path(name: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/goldens").join(name)
}

pub(crate) fn json(name: &str) -> serde_json::Value {
    let text = std::fs::read_to_string(path(name)).unwrap();
    serde_json::from_str(&text).unwrap()
}

/// A size in the `model` section of a golden's `config.json`.
pub(crate) fn size(config: &serde_json::Value, key: &str) -> usize {
    config["model"][key].as_u64().unwrap_or_else(|| panic!("no {key} in {config}")) as usize
}

/// A generator for weights that are overwritten right away.
pub(crate) fn any_weights(device: &Device) -> Initialiser {
    Initialiser::new(1, device)
}

pub(crate) fn weights(name: &str) -> BTreeMap<String, NamedTensor> {
    read_safetensors(&path(name)).unwrap()
}

/// A module with a golden's weights; panics when one is missing or left over.
pub(crate) fn filled<M: Module>(module: M, weights: BTreeMap<String, NamedTensor>) -> M {
    let count = weights.len();
    let (module, report) = fill_parameters(module, weights);
    assert!(report.is_complete(), "{report}");
    assert_eq!(report.filled.len(), count);
    module
}

/// A golden's arrays; integers and floats alike become `f64`.
pub(crate) struct Arrays(BTreeMap<String, (Vec<usize>, Vec<f64>)>);

impl Arrays {
    pub(crate) fn read(name: &str) -> Self {
        let bytes = std::fs::read(path(name)).unwrap();
        let file = SafeTensors::deserialize(&bytes).unwrap();
        let arrays = file.tensors().into_iter().map(|(name, view)| {
            let data = view.data();
            let values = match view.dtype() {
                Dtype::F32 => data
                    .chunks_exact(4)
                    .map(|bytes| f64::from(f32::from_le_bytes(bytes.try_into().unwrap())))
                    .collect(),
                Dtype::I64 => data
                    .chunks_exact(8)
                    .map(|bytes| i64::from_le_bytes(bytes.try_into().unwrap()) as f64)
                    .collect(),
                other => panic!("{name} holds {other:?}"),
            };
            (name, (view.shape().to_vec(), values))
        });
        Self(arrays.collect())
    }

    pub(crate) fn shape(&self, name: &str) -> &[usize] {
        &self.0[name].0
    }

    pub(crate) fn values(&self, name: &str) -> &[f64] {
        &self.0[name].1
    }

    pub(crate) fn tensor<const D: usize>(
        &self,
        name: &str,
        device: &Device,
        dtype: DType,
    ) -> Tensor<D> {
        let (shape, values) = &self.0[name];
        Tensor::from_data(TensorData::new(values.clone(), shape.clone()), (device, dtype))
    }

    /// The arrays `grad.*`, by the name of the parameter.
    pub(crate) fn gradients(&self) -> impl Iterator<Item = (&str, &[f64])> {
        self.0
            .iter()
            .filter_map(|(name, (_, values))| Some((name.strip_prefix("grad.")?, &values[..])))
    }
}

pub(crate) fn numbers<const D: usize>(tensor: Tensor<D>) -> Vec<f64> {
    tensor.into_data().convert::<f64>().try_to_vec().unwrap()
}

/// Checks numbers against a golden: errors relative to the largest number expected, or to 1 where
/// that is larger.
#[track_caller]
pub(crate) fn assert_close(what: &str, found: &[f64], expected: &[f64], tolerance: f64) {
    assert_eq!(found.len(), expected.len(), "{what}: how many numbers");
    let scale = expected.iter().fold(1.0f64, |scale, x| scale.max(x.abs()));
    for (i, (x, y)) in found.iter().zip(expected).enumerate() {
        // Written so that a NaN fails.
        let close = (x - y).abs() <= tolerance * scale;
        assert!(close, "{what}, number {i}: {x} instead of {y}, of {scale} at most");
    }
}

/// The module with its parameters in another number type.
pub(crate) fn cast<M: Module>(module: M, dtype: DType) -> M {
    struct Cast(DType);
    impl ModuleMapper for Cast {
        fn map_float<const D: usize>(&mut self, param: Param<Tensor<D>>) -> Param<Tensor<D>> {
            param.map(|old| {
                let device = old.device();
                let cast = Tensor::from_data(old.into_data(), (&device, self.0));
                if device.is_autodiff() { cast.require_grad() } else { cast }
            })
        }
    }
    module.map(&mut Cast(dtype))
}

/// The gradient of every parameter by name, in PyTorch's orientation as the goldens have it.
pub(crate) fn named_gradients<M: Module>(
    module: &M,
    gradients: Gradients,
) -> BTreeMap<String, Vec<f64>> {
    struct Collect {
        gradients: GradientsParams,
        path: ParameterPath,
        found: BTreeMap<String, Vec<f64>>,
    }
    impl ModuleVisitor for Collect {
        fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<D>>) {
            let name = self.path.name();
            let Some(mut gradient) = self.gradients.get::<D>(param.id) else {
                panic!("{name} has no gradient");
            };
            if self.path.is_transposed() {
                gradient = gradient.swap_dims(0, 1);
            }
            self.found.insert(name, numbers(gradient));
        }

        fn enter_module(&mut self, name: &str, container: &str) {
            self.path.enter(name, container);
        }

        fn exit_module(&mut self, _name: &str, _container: &str) {
            self.path.exit();
        }
    }
    let mut collect = Collect {
        gradients: GradientsParams::from_grads(gradients, module),
        path: ParameterPath::default(),
        found: BTreeMap::new(),
    };
    module.visit(&mut collect);
    collect.found
}
