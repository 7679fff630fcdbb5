//! The text encoder against Hugging Face's `DistilBertModel`.

#![expect(clippy::unwrap_used, reason = "a test that fails shall panic")]

mod golden;

use burn::tensor::{DType, Device};
use golden::{Arrays, assert_close, numbers};
use locvtp_model::TokenBatch;
use locvtp_model::encoders::{DistilBert, DistilBertConfig};

fn config() -> DistilBertConfig {
    let golden = golden::json("distilbert/config.json");
    DistilBertConfig {
        vocab_size: golden::size(&golden, "vocab_size"),
        max_position_embeddings: golden::size(&golden, "max_position_embeddings"),
        dim: golden::size(&golden, "dim"),
        n_layers: golden::size(&golden, "n_layers"),
        n_heads: golden::size(&golden, "n_heads"),
        hidden_dim: golden::size(&golden, "hidden_dim"),
        ..DistilBertConfig::default()
    }
}

/// The encoder with Hugging Face's weights, under Hugging Face's names.
fn encoder(device: &Device) -> DistilBert {
    let weights = golden::weights("distilbert/weights.safetensors");
    golden::filled(config().init(&mut golden::any_weights(device)), weights)
}

fn tokens(arrays: &Arrays) -> TokenBatch {
    let [_, n] = arrays.shape("input_ids") else { panic!("ids of sentences") };
    let mask = arrays.values("attention_mask").chunks(*n);
    TokenBatch {
        ids: arrays.values("input_ids").iter().map(|id| *id as u32).collect(),
        lengths: mask.map(|row| row.iter().sum::<f64>() as usize).collect(),
        padded_length: *n,
    }
}

/// Sentence `i` of a batch without its padding.
fn alone(batch: &TokenBatch, i: usize) -> TokenBatch {
    let length = batch.lengths[i];
    let first = i * batch.padded_length;
    TokenBatch {
        ids: batch.ids[first..first + length].to_vec(),
        lengths: vec![length],
        padded_length: length,
    }
}

#[test]
fn hidden_states_and_gradients_equal_hugging_faces() {
    let device = Device::flex().autodiff();
    let arrays = Arrays::read("distilbert/activations.safetensors");
    let tokens = tokens(&arrays);
    // Two post-norm blocks in f32 err by a few units in the last place of numbers around 3; a
    // gradient sums products over all 17 tokens and passes every layer twice. In f64 only the
    // golden's own storage in f32 is left.
    for (dtype, forward, backward) in [(DType::F32, 1e-5, 1e-4), (DType::F64, 2e-7, 2e-7)] {
        let encoder = golden::cast(encoder(&device), dtype);
        let hidden = encoder.forward(&tokens);
        // Rows of padding have no meaning; the golden holds zeros there.
        let is_token = arrays.tensor::<2>("attention_mask", &device, dtype).unsqueeze_dim::<3>(2);
        let hidden = hidden * is_token;
        let expected = arrays.values("last_hidden_state");
        assert_close("last_hidden_state", &numbers(hidden.clone()), expected, forward);

        let loss_weights = arrays.tensor("loss_weights", &device, dtype);
        let gradients = (hidden * loss_weights).sum().backward();
        let found = golden::named_gradients(&encoder, gradients);
        let mut compared = 0;
        for (name, expected) in arrays.gradients() {
            assert_close(name, &found[name], expected, backward);
            compared += 1;
        }
        assert!(compared > 20, "{compared} gradients compared");
    }
}

#[test]
fn a_sentence_alone_equals_the_sentence_in_a_padded_batch() {
    let device = Device::flex();
    let batch = tokens(&Arrays::read("distilbert/activations.safetensors"));
    let encoder = encoder(&device);
    let together = encoder.forward(&batch);
    let [_, _, d] = together.dims();
    for (i, length) in batch.lengths.iter().enumerate() {
        let in_batch = together.clone().narrow(0, i, 1).narrow(1, 0, *length);
        let found = encoder.forward(&alone(&batch, i));
        assert_eq!(found.dims(), [1, *length, d]);
        // Matrix products are tiled by their number of rows, so the last bit may differ.
        assert_close(&format!("sentence {i}"), &numbers(found), &numbers(in_batch), 1e-6);
    }
}

#[test]
fn what_stands_in_the_padding_changes_no_token() {
    let device = Device::flex();
    let batch = tokens(&Arrays::read("distilbert/activations.safetensors"));
    let mut junk = batch.clone();
    for (row, length) in junk.ids.chunks_mut(batch.padded_length).zip(&batch.lengths) {
        row[*length..].fill(17);
    }
    assert_ne!(batch.ids, junk.ids);
    let encoder = encoder(&device);
    let (clean, dirty) = (encoder.forward(&batch), encoder.forward(&junk));
    for (i, length) in batch.lengths.iter().enumerate() {
        let tokens = |hidden: &burn::tensor::Tensor<3>| {
            numbers(hidden.clone().narrow(0, i, 1).narrow(1, 0, *length))
        };
        assert_eq!(tokens(&clean), tokens(&dirty), "sentence {i}");
    }
}

#[test]
fn hugging_faces_weights_of_another_width_are_reported_by_name_and_shape() {
    let config = DistilBertConfig { hidden_dim: 40, ..config() };
    let device = Device::flex();
    let weights = golden::weights("distilbert/weights.safetensors");
    let encoder = config.init(&mut golden::any_weights(&device));
    let (_, report) = locvtp_model::weights::fill_parameters(encoder, weights);
    assert!(!report.is_complete());
    // Two blocks, each with lin1's weight and bias and lin2's weight.
    assert_eq!(report.misshapen.len(), 6, "{report}");
    let expected = "transformer.layer.0.ffn.lin1.weight: [48, 24] instead of [40, 24]";
    assert!(report.misshapen.iter().any(|line| line == expected), "{:?}", report.misshapen);
}
