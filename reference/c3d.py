"""Goldens of C3D up to fc6: eight 3 x 3 x 3 convolutions, five poolings and one affine map, with
PyTorch's own operations, narrow and with random weights.

Computed in f64 from weights that are exact in f32.
"""

import torch
from torch import nn
from torch.nn import functional

from golden_files import folder, write_json, write_tensors
from random_weights import random_normal

CONFIG = {"image_size": 48, "num_frames": 16, "base_width": 1, "feature_width": 12}
# Outputs in units of the base width, and whether a pooling follows.
LAYERS = (
    ("conv1", 1, True),
    ("conv2", 2, True),
    ("conv3a", 4, False),
    ("conv3b", 4, True),
    ("conv4a", 8, False),
    ("conv4b", 8, True),
    ("conv5a", 8, False),
    ("conv5b", 8, True),
)


def pattern(shape: tuple[int, ...]) -> torch.Tensor:
    """Numbers from -1 to 1 by a rule, so that they need not be stored; exact in f32."""
    i = torch.arange(torch.Size(shape).numel(), dtype=torch.int64)
    return (((i * 37 + i // 1000 * 11) % 257).to(torch.float64) / 128 - 1).reshape(shape)


def pool(name: str) -> nn.MaxPool3d:
    """The first keeps all frames; the last pads height and width, so that 7 becomes 4."""
    if name == "conv1":
        return nn.MaxPool3d((1, 2, 2), stride=(1, 2, 2))
    padding = (0, 1, 1) if name == "conv5b" else 0
    return nn.MaxPool3d(2, stride=2, padding=padding)


def main() -> None:
    generator = torch.Generator().manual_seed(15)
    side, frames = CONFIG["image_size"], CONFIG["num_frames"]
    weights: dict[str, torch.Tensor] = {}
    inputs = 3
    x = pattern((2, frames, 3, side, side)).transpose(1, 2)
    for name, factor, is_pooled in LAYERS:
        outputs = factor * CONFIG["base_width"]
        scale = (2 / (27 * inputs)) ** 0.5
        weights[f"{name}.weight"] = random_normal((outputs, inputs, 3, 3, 3), generator, scale)
        weights[f"{name}.bias"] = random_normal((outputs,), generator, 0.1)
        x = functional.conv3d(x, weights[f"{name}.weight"], weights[f"{name}.bias"], padding=1)
        x = functional.relu(x)
        if is_pooled:
            x = pool(name)(x)
        inputs = outputs
    x = x.flatten(1)
    scale = (2 / x.shape[1]) ** 0.5
    weights["fc6.weight"] = random_normal((CONFIG["feature_width"], x.shape[1]), generator, scale)
    weights["fc6.bias"] = random_normal((CONFIG["feature_width"],), generator, 0.1)
    features = functional.relu(functional.linear(x, weights["fc6.weight"], weights["fc6.bias"]))
    assert (features > 0).sum() > 6 and (features == 0).any(), "both sides of the last ReLU"
    assert (features[0] - features[1]).abs().max() > 0.05

    # Sizes do not depend on the width: the paper's clip gives 512 x 1 x 4 x 4 = 8192 numbers.
    shape = torch.zeros(1, 1, 16, 112, 112)
    for name, _, is_pooled in LAYERS:
        shape = pool(name)(shape) if is_pooled else shape
    assert shape.shape[2:] == (1, 4, 4)

    out = folder("c3d")
    write_json(
        out / "config.json",
        {
            "about": "Written by reference/c3d.py; do not edit.",
            "model": CONFIG,
            "files": {
                "weights.safetensors": "names and orientation of the usual PyTorch C3D",
                "activations.safetensors": "features [b,d] after fc6 and ReLU, of two clips whose "
                "number i, counted over [b,f,c,h,w], is ((37 i + 11 (i // 1000)) % 257) / 128 - 1",
            },
        },
    )
    write_tensors(out / "weights.safetensors", weights)
    write_tensors(out / "activations.safetensors", {"features": features})
    print("features", features[0].tolist())


if __name__ == "__main__":
    torch.set_num_threads(1)
    main()
