"""Goldens of the video encoder: Hugging Face's TimesformerModel, tiny, with random weights.

Everything that a fresh model leaves at zero (temporal_dense, time and position embeddings,
biases) is random here, so that nothing is checked by accident of being zero. Computed in f64 from
weights that are exact in f32.
"""

import torch
from transformers import TimesformerConfig, TimesformerModel

from golden_files import folder, write_json, write_tensors
from random_weights import random_normal, randomise

CONFIG = {
    "image_size": 16,
    "patch_size": 8,
    "num_channels": 3,
    "num_frames": 4,
    "hidden_size": 24,
    "num_hidden_layers": 2,
    "num_attention_heads": 3,
    "intermediate_size": 48,
    "hidden_act": "gelu",
    "layer_norm_eps": 1e-6,
    "qkv_bias": True,
    "attention_type": "divided_space_time",
}


def kept_gradient(name: str) -> bool:
    """All of block 0 and everything outside the blocks; of block 1 the vectors and one matrix, to
    stay small.
    """
    if not name.startswith("encoder.layer.1."):
        return True
    return (
        name.endswith("bias")
        or "layernorm" in name
        or name.endswith("temporal_attention.attention.qkv.weight")
    )


def main() -> None:
    generator = torch.Generator().manual_seed(11)
    config = TimesformerConfig(**CONFIG, hidden_dropout_prob=0.0, attention_probs_dropout_prob=0.0)
    model = TimesformerModel(config).to(torch.float64).eval()
    randomise(model, generator)
    out = folder("timesformer")
    weights = {name: p.detach().clone() for name, p in model.named_parameters()}

    pixels = random_normal((2, CONFIG["num_frames"], 3, 16, 16), generator, 1.0)
    hidden = model(pixels).last_hidden_state
    reversed_cls = model(pixels.flip(1)).last_hidden_state[:, 0]
    assert (hidden[:, 0] - reversed_cls).abs().max() > 1e-2, (
        "the frames' order must show in the golden"
    )
    loss_weights = random_normal(hidden.shape, generator, 1.0)
    (hidden * loss_weights).sum().backward()
    gradients = {f"grad.{n}": p.grad for n, p in model.named_parameters() if kept_gradient(n)}
    assert all(bool((g != 0).any()) for g in gradients.values())

    # A wide picture with its own positions, 2 x 3 patches: the blocks only ever need the number of
    # patches.
    wide_pixels = random_normal((1, CONFIG["num_frames"], 3, 16, 24), generator, 1.0)
    wide_positions = random_normal((1, 7, CONFIG["hidden_size"]), generator, 0.3)
    with torch.no_grad():
        # The same weights on fewer frames and a wide picture: positions and times are resized,
        # nearest neighbour.
        resized_pixels = wide_pixels[:, :2]
        model.config.num_frames = 2
        resized_hidden = model(resized_pixels).last_hidden_state
        model.config.num_frames = CONFIG["num_frames"]
        model.embeddings.position_embeddings = torch.nn.Parameter(wide_positions)
        wide_hidden = model(wide_pixels).last_hidden_state

    write_json(
        out / "config.json",
        {
            "about": "Written by reference/timesformer.py; do not edit.",
            "model": CONFIG,
            "files": {
                "weights.safetensors": "Hugging Face names, PyTorch orientation",
                "square.safetensors": "pixel_values [b,f,c,h,w], last_hidden_state "
                "[b,1+patches*f,d] (class token, then patch by patch with time fastest), "
                "loss_weights; grad.* of sum(last_hidden_state * loss_weights)",
                "wide.safetensors": "16 x 24 pixels; "
                "embeddings.position_embeddings replaces that of the weights",
                "resized.safetensors": "the first 2 frames of wide.safetensors; "
                "positions 2x2 -> 2x3 and times 4 -> 2, nearest",
            },
        },
    )
    write_tensors(out / "weights.safetensors", weights)
    write_tensors(
        out / "square.safetensors",
        {
            "pixel_values": pixels,
            "last_hidden_state": hidden,
            "loss_weights": loss_weights,
            **gradients,
        },
    )
    write_tensors(
        out / "wide.safetensors",
        {
            "pixel_values": wide_pixels,
            "last_hidden_state": wide_hidden,
            "embeddings.position_embeddings": wide_positions,
        },
    )
    write_tensors(out / "resized.safetensors", {"last_hidden_state": resized_hidden})
    print(
        "cls", hidden[0, 0, :3].tolist(), "wide", wide_hidden.shape, "resized", resized_hidden.shape
    )


if __name__ == "__main__":
    torch.set_num_threads(1)
    main()
