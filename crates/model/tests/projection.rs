//! The projection head against its formula, computed by PyTorch.

#![expect(clippy::unwrap_used, reason = "a test that fails shall panic")]

mod golden;

use burn::tensor::{DType, Device, Tensor};
use golden::{Arrays, assert_close, numbers};
use locvtp_model::{Projection, ProjectionConfig, ProjectionKind};

/// The golden's names and ours.
const NAMES: [(&str, &str); 3] =
    [("projection.", "linear."), ("fc.", "feed."), ("layer_norm.", "norm.")];

fn our_name(golden: &str) -> String {
    let (theirs, ours) = NAMES.into_iter().find(|(theirs, _)| golden.starts_with(theirs)).unwrap();
    golden.replacen(theirs, ours, 1)
}

fn head(device: &Device) -> Projection {
    let config = golden::json("projection/config.json");
    let (input, dim) = (golden::size(&config, "input_width"), golden::size(&config, "joint_width"));
    let weights = golden::weights("projection/weights.safetensors");
    let weights = weights.into_iter().map(|(name, tensor)| (our_name(&name), tensor)).collect();
    let config = ProjectionConfig { kind: ProjectionKind::Residual, dim, dropout: 0.0 };
    golden::filled(config.init(input, 0.02, &mut golden::any_weights(device)).unwrap(), weights)
}

#[test]
fn the_residual_head_equals_its_formula_in_value_and_gradient() {
    let device = Device::flex().autodiff();
    let arrays = Arrays::read("projection/activations.safetensors");
    // f32 runs the fused operations and f64 the engine's; the golden itself is stored in f32.
    for (dtype, tolerance) in [(DType::F32, 5e-6), (DType::F64, 2e-7)] {
        let head = golden::cast(head(&device), dtype);
        let input = arrays.tensor::<3>("input", &device, dtype).require_grad();
        let output = head.forward(input.clone());
        assert_close("output", &numbers(output.clone()), arrays.values("output"), tolerance);

        let loss_weights = arrays.tensor("loss_weights", &device, dtype);
        let gradients = (output * loss_weights).sum().backward();
        let of_input = numbers(input.grad(&gradients).unwrap());
        let mut found = golden::named_gradients(&head, gradients);
        found.insert("input".into(), of_input);
        let mut compared = 0;
        for (name, expected) in arrays.gradients() {
            let name = if name == "input" { name.to_owned() } else { our_name(name) };
            assert_close(&name, &found[&name], expected, tolerance);
            compared += 1;
        }
        assert_eq!(compared, found.len());
    }
}

#[test]
fn a_linear_head_is_one_matrix_and_a_bias() {
    let device = Device::flex();
    let config = ProjectionConfig { kind: ProjectionKind::Linear, dim: 2, dropout: 0.0 };
    let head = config.init(3, 0.5, &mut golden::any_weights(&device)).unwrap();
    let zero = numbers(head.forward(Tensor::<2>::zeros([1, 3], &device)));
    assert_eq!(zero, [0.0, 0.0]);
    // Linear: f(x) + f(y) = f(x + y).
    let x = Tensor::<2>::from_floats([[1.0, -2.0, 0.5]], &device);
    let y = Tensor::<2>::from_floats([[0.25, 1.0, 3.0]], &device);
    let sum = numbers(head.forward(x.clone()) + head.forward(y.clone()));
    assert_close("f(x) + f(y)", &sum, &numbers(head.forward(x + y)), 1e-6);
}
