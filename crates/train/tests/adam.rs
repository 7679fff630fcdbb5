//! Adam against PyTorch's, step by step, with clipping by the global length (golden: `reference/adam.py`).

#![allow(clippy::unwrap_used, reason = "an unwrap that fails is a test that fails")]

use burn::module::{Module, Param};
use burn::tensor::{Device, Tensor, TensorData};
use locvtp_train::{Adam, OptimizerConfig};
use serde::Deserialize;

#[derive(Deserialize)]
struct Golden {
    optimizer: GoldenOptimizer,
    start: (Vec<f32>, Vec<Vec<f32>>),
    steps: Vec<Step>,
}

#[derive(Deserialize)]
struct GoldenOptimizer {
    weight_decay: f64,
    max_gradient_norm: f64,
}

#[derive(Deserialize)]
struct Step {
    learning_rate: f64,
    gradients: (Vec<f32>, Vec<Vec<f32>>),
    global_norm: f64,
    parameters: (Vec<f32>, Vec<Vec<f32>>),
}

#[derive(Module, Debug)]
struct TwoParameters {
    vector: Param<Tensor<1>>,
    matrix: Param<Tensor<2>>,
}

fn vector(values: &[f32], device: &Device) -> Tensor<1> {
    Tensor::from_data(TensorData::new(values.to_vec(), [values.len()]), device)
}

fn matrix(rows: &[Vec<f32>], device: &Device) -> Tensor<2> {
    let shape = [rows.len(), rows[0].len()];
    Tensor::from_data(TensorData::new(rows.concat(), shape), device)
}

/// Without weight decay, and with it.
const GOLDENS: [&str; 2] = ["steps.json", "weight_decay.json"];

fn golden(name: &str) -> Golden {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../model/tests/goldens/adam/").to_owned();
    serde_json::from_str(&std::fs::read_to_string(path + name).unwrap()).unwrap()
}

/// Runs the golden's steps; `between` may replace the optimiser after each.
fn run(golden: &Golden, between: impl Fn(Adam, &Device) -> Adam) -> Vec<Vec<f32>> {
    let device = Device::flex().autodiff();
    let mut module = TwoParameters {
        vector: Param::from_tensor(vector(&golden.start.0, &device)),
        matrix: Param::from_tensor(matrix(&golden.start.1, &device)),
    };
    let mut adam = Adam::new(config(golden));
    let mut after = Vec::new();
    for step in &golden.steps {
        // The gradient of sum(parameter * constant) is the constant.
        let loss = (module.vector.val() * vector(&step.gradients.0, &device)).sum()
            + (module.matrix.val() * matrix(&step.gradients.1, &device)).sum();
        let gradients = loss.backward();
        let norm = Adam::gradient_norm(&module, &gradients);
        assert!((norm - step.global_norm).abs() < 1e-6 * step.global_norm, "{norm}");
        module = adam.step(module, &gradients, norm, step.learning_rate);
        adam = between(adam, &device);
        let mut values: Vec<f32> = module.vector.val().into_data().try_to_vec().unwrap();
        values.extend(module.matrix.val().into_data().try_to_vec::<f32>().unwrap());
        after.push(values);
    }
    after
}

fn config(golden: &Golden) -> OptimizerConfig {
    OptimizerConfig {
        gradient_clip: golden.optimizer.max_gradient_norm,
        weight_decay: golden.optimizer.weight_decay,
        ..OptimizerConfig::default()
    }
}

#[test]
fn three_steps_equal_pytorchs() {
    for name in GOLDENS {
        let golden = golden(name);
        for (found, step) in run(&golden, |adam, _| adam).iter().zip(&golden.steps) {
            let expected = step.parameters.0.iter().chain(step.parameters.1.iter().flatten());
            for (found, expected) in found.iter().zip(expected) {
                // f32 throughout, against f64 in the golden: a few units in the last place of 1.
                assert!((found - expected).abs() < 1e-6, "{name}: {found} against {expected}");
            }
        }
    }
}

#[test]
fn a_saved_and_restored_state_goes_on_with_the_same_bits() {
    let golden = golden("weight_decay.json");
    let restored = run(&golden, |adam, device| {
        let (steps, named) = adam.to_named();
        Adam::from_named(config(&golden), &steps, &named, device)
    });
    assert_eq!(restored, run(&golden, |adam, _| adam));
}

#[test]
fn a_parameter_whose_first_gradient_comes_late_is_corrected_as_at_its_start() {
    let device = Device::flex().autodiff();
    let fresh = || TwoParameters {
        vector: Param::from_tensor(vector(&[1.0, -2.0], &device)),
        matrix: Param::from_tensor(matrix(&[vec![0.5, 3.0]], &device)),
    };
    let step = |adam: &mut Adam, module: TwoParameters, with_matrix: bool| {
        let of_vector = (module.vector.val() * vector(&[0.3, -0.7], &device)).sum();
        let of_matrix = (module.matrix.val() * matrix(&[vec![0.25, -4.0]], &device)).sum();
        let loss = if with_matrix { of_vector + of_matrix } else { of_vector };
        let gradients = loss.backward();
        let norm = Adam::gradient_norm(&module, &gradients);
        adam.step(module, &gradients, norm, 0.1)
    };
    let values = |module: &TwoParameters| -> Vec<f32> {
        module.matrix.val().into_data().try_to_vec().unwrap()
    };
    // PyTorch counts the steps of each parameter on its own, so the first step is the same early or
    // late: about the learning rate against the gradient's sign.
    let early = step(&mut Adam::new(OptimizerConfig::default()), fresh(), true);
    let mut adam = Adam::new(OptimizerConfig::default());
    let mut late = fresh();
    for with_matrix in [false, false, false, true] {
        let (steps, named) = adam.to_named();
        adam = Adam::from_named(OptimizerConfig::default(), &steps, &named, &device);
        late = step(&mut adam, late, with_matrix);
    }
    assert_eq!(values(&late), values(&early));
    assert!((values(&late)[0] - 0.4).abs() < 1e-6 && (values(&late)[1] - 3.1).abs() < 1e-6);
    let steps: Vec<u64> = adam.to_named().0.into_values().collect();
    assert_eq!(steps, [1, 4], "of the matrix and of the vector");
}
