"""Goldens of DINOv2: Hugging Face's Dinov2Model, tiny, with random weights, on pictures smaller than those that its table
of places is made for, as its own programs give them.

Computed in f64 from weights that are exact in f32; the resizing of the places is in f32 there, as in the program.
"""

import json
import shutil

import torch
from transformers import Dinov2Config, Dinov2Model

from golden_files import folder, write_tensors
from random_weights import random_normal, randomise

CONFIG = {
    "hidden_size": 8,
    "num_hidden_layers": 2,
    "num_attention_heads": 2,
    "mlp_ratio": 2,
    "image_size": 20,
    "patch_size": 4,
}
# 3 x 3 patches of 5 x 5.
SIDE = 12
PREPROCESSOR = {
    "image_processor_type": "BitImageProcessor",
    "do_center_crop": True,
    "crop_size": {"height": SIDE, "width": SIDE},
    "size": {"shortest_edge": 14},
    "resample": 3,
    "image_mean": [0.485, 0.456, 0.406],
    "image_std": [0.229, 0.224, 0.225],
}


def waves(pictures: int, side: int) -> torch.Tensor:
    """Pixels by a formula, which the test has too."""
    places = torch.arange(pictures * 3 * side**2, dtype=torch.float64)
    return torch.sin(0.37 * places).reshape(pictures, 3, side, side)


def main() -> None:
    generator = torch.Generator().manual_seed(43)
    out = folder("dinov2")
    model = Dinov2Model(Dinov2Config(**CONFIG, attn_implementation="eager")).double().eval()
    randomise(model, generator)
    # The names of the hub's files.
    shutil.rmtree(out)
    model.float().save_pretrained(out)
    for file in out.iterdir():
        file.chmod(0o644)
    (out / "preprocessor_config.json").write_text(json.dumps(PREPROCESSOR, indent=1) + "\n")
    model = model.double()

    pixels = waves(2, SIDE)
    output = model(pixels)
    tokens = output.last_hidden_state
    assert torch.equal(output.pooler_output, tokens[:, 0])
    # What is resized must show.
    larger = waves(1, CONFIG["image_size"])
    with torch.no_grad():
        known = model(larger).last_hidden_state[:, 0]
    clip = tokens[:, 0].mean(0, keepdim=True)
    loss_weights = random_normal(clip.shape, generator, 1.0)
    (clip * loss_weights).sum().backward()
    found = {
        "tokens": tokens,
        "clip": clip,
        "loss_weights": loss_weights,
        "larger_class": known,
    }
    kept = {
        "q_proj": "attention.attention.query",
        "k_proj": "attention.attention.key",
        "v_proj": "attention.attention.value",
        "o_proj": "attention.output.dense",
    }
    for name, parameter in model.named_parameters():
        if "mask_token" in name or "position" in name or ("layer.1." in name and "lambda" not in name):
            continue
        gradient = parameter.grad
        if "k_proj.bias" in name:
            # The softmax does not see a constant added to all keys: rounding alone is left of that gradient.
            gradient = torch.zeros_like(gradient)
        for theirs, of_files in kept.items():
            name = name.replace(f"attention.{theirs}", of_files)
        found[f"grad.{name}"] = gradient
    write_tensors(out / "expected.safetensors", found)
    print(tokens[0, 0, :3].tolist(), known[0, :3].tolist())


if __name__ == "__main__":
    torch.set_num_threads(1)
    main()
