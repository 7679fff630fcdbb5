"""Goldens of the video encoder with Frozen-in-Time's block, stated from its description (§A.3 (b)).

Tokens lie frame by frame here, as in the source; the golden holds them in the order of
`timesformer/`, position by position. The names are those of Hugging Face's TimesformerModel, whose
`temporal_dense` the block does not have. Computed in f64 from weights that are exact in f32.
"""

import torch
from torch.nn import functional

from golden_files import folder, write_json, write_tensors
from random_weights import random_normal

CONFIG = {
    "image_size": 8,
    "patch_size": 4,
    "num_channels": 3,
    "num_frames": 3,
    "hidden_size": 16,
    "num_hidden_layers": 2,
    "num_attention_heads": 2,
    "intermediate_size": 32,
}
EPS = 1e-6


def random_weights(generator: torch.Generator) -> dict[str, torch.Tensor]:
    d, hidden, s = CONFIG["hidden_size"], CONFIG["intermediate_size"], CONFIG["patch_size"]
    patches = (CONFIG["image_size"] // s) ** 2
    shapes = {
        "embeddings.cls_token": (1, 1, d),
        "embeddings.position_embeddings": (1, 1 + patches, d),
        "embeddings.time_embeddings": (1, CONFIG["num_frames"], d),
        "embeddings.patch_embeddings.projection.weight": (d, 3, s, s),
        "embeddings.patch_embeddings.projection.bias": (d,),
        "layernorm.weight": (d,),
        "layernorm.bias": (d,),
    }
    for layer in range(CONFIG["num_hidden_layers"]):
        at = f"encoder.layer.{layer}"
        for norm in ("temporal_layernorm", "layernorm_before", "layernorm_after"):
            shapes |= {f"{at}.{norm}.weight": (d,), f"{at}.{norm}.bias": (d,)}
        for name, outputs, inputs in (
            ("temporal_attention.attention.qkv", 3 * d, d),
            ("temporal_attention.output.dense", d, d),
            ("attention.attention.qkv", 3 * d, d),
            ("attention.output.dense", d, d),
            ("intermediate.dense", hidden, d),
            ("output.dense", d, hidden),
        ):
            shapes |= {f"{at}.{name}.weight": (outputs, inputs), f"{at}.{name}.bias": (outputs,)}
    weights = {}
    for name, shape in shapes.items():
        if "norm" in name and name.endswith("weight"):
            value = 1 + random_normal(shape, generator, 0.2)
        elif name.endswith("weight"):
            inputs = torch.Size(shape[1:]).numel()
            value = random_normal(shape, generator, inputs**-0.5)
        else:
            value = random_normal(shape, generator, 0.3)
        weights[name] = value.to(torch.float32).to(torch.float64).requires_grad_()
    return weights


def affine(weights: dict, name: str, x: torch.Tensor) -> torch.Tensor:
    return functional.linear(x, weights[f"{name}.weight"], weights[f"{name}.bias"])


def norm(weights: dict, name: str, x: torch.Tensor) -> torch.Tensor:
    return functional.layer_norm(
        x, x.shape[-1:], weights[f"{name}.weight"], weights[f"{name}.bias"], EPS
    )


def attend(q: torch.Tensor, k: torch.Tensor, v: torch.Tensor) -> torch.Tensor:
    """Scaled queries against keys, `[.., rows, width]`."""
    return torch.softmax((q * q.shape[-1] ** -0.5) @ k.transpose(-1, -2), -1) @ v


def class_attention(weights: dict, name: str, x: torch.Tensor, over_time: bool) -> torch.Tensor:
    """`[b, 1 + f p, d]`: the class token asks every token; a patch asks the class token and the
    patches of its position (over time) or of its frame."""
    b, n, d = x.shape
    f, heads = CONFIG["num_frames"], CONFIG["num_attention_heads"]
    qkv = affine(weights, f"{name}.attention.qkv", x)
    q, k, v = qkv.reshape(b, n, 3, heads, d // heads).permute(2, 0, 3, 1, 4)
    of_class = attend(q[:, :, :1], k, v)

    def groups(part: torch.Tensor) -> torch.Tensor:
        grid = part[:, :, 1:].reshape(b, heads, f, (n - 1) // f, d // heads)
        return grid.transpose(2, 3) if over_time else grid

    def with_class(part: torch.Tensor) -> torch.Tensor:
        grid = groups(part)
        first = part[:, :, None, :1].expand(-1, -1, grid.shape[2], -1, -1)
        return torch.cat([first, grid], 3)

    of_patches = attend(groups(q), with_class(k), with_class(v))
    if over_time:
        of_patches = of_patches.transpose(2, 3)
    of_patches = of_patches.reshape(b, heads, n - 1, d // heads)
    out = torch.cat([of_class, of_patches], 2).transpose(1, 2).reshape(b, n, d)
    return affine(weights, f"{name}.output.dense", out)


def forward(weights: dict, pixels: torch.Tensor) -> torch.Tensor:
    """All tokens after the last norm, the patches position by position."""
    b, f = pixels.shape[:2]
    d = CONFIG["hidden_size"]
    patches = functional.conv2d(
        pixels.flatten(0, 1),
        weights["embeddings.patch_embeddings.projection.weight"],
        weights["embeddings.patch_embeddings.projection.bias"],
        stride=CONFIG["patch_size"],
    )
    p = patches[0, 0].numel()
    patches = patches.flatten(2).transpose(1, 2).reshape(b, f, p, d)
    positions = weights["embeddings.position_embeddings"]
    times = weights["embeddings.time_embeddings"]
    patches = patches + positions[:, None, 1:] + times[:, :, None]
    first = (weights["embeddings.cls_token"] + positions[:, :1]).expand(b, -1, -1)
    x = torch.cat([first, patches.reshape(b, f * p, d)], 1)
    for layer in range(CONFIG["num_hidden_layers"]):
        at = f"encoder.layer.{layer}"
        normed = norm(weights, f"{at}.temporal_layernorm", x)
        timed = x + class_attention(weights, f"{at}.temporal_attention", normed, over_time=True)
        normed = norm(weights, f"{at}.layernorm_before", timed)
        # The sum starts again from what came in.
        x = x + class_attention(weights, f"{at}.attention", normed, over_time=False)
        hidden = affine(weights, f"{at}.intermediate.dense", norm(weights, f"{at}.layernorm_after", x))
        x = x + affine(weights, f"{at}.output.dense", functional.gelu(hidden))
    x = norm(weights, "layernorm", x)
    by_position = x[:, 1:].reshape(b, f, p, d).transpose(1, 2).reshape(b, f * p, d)
    return torch.cat([x[:, :1], by_position], 1)


def main() -> None:
    generator = torch.Generator().manual_seed(14)
    weights = random_weights(generator)
    out = folder("frozen")
    side = CONFIG["image_size"]
    pixels = random_normal((2, CONFIG["num_frames"], 3, side, side), generator, 1.0)
    hidden = forward(weights, pixels)
    backwards = forward(weights, pixels.flip(1))
    assert (hidden[:, 0] - backwards[:, 0]).abs().max() > 1e-2, "the order of frames must show"
    loss_weights = random_normal(hidden.shape, generator, 1.0)
    (hidden * loss_weights).sum().backward()
    gradients = {f"grad.{name}": weight.grad for name, weight in weights.items()}
    assert all(bool((g != 0).any()) for g in gradients.values())
    write_json(
        out / "config.json",
        {
            "about": "Written by reference/frozen.py; do not edit.",
            "model": CONFIG,
            "files": {
                "weights.safetensors": "names of Hugging Face's TimesformerModel, without "
                "temporal_dense",
                "activations.safetensors": "pixel_values [b,f,c,h,w], last_hidden_state "
                "[b,1+patches*f,d] (class token, then patch by patch with time fastest), "
                "loss_weights; grad.* of sum(last_hidden_state * loss_weights)",
            },
        },
    )
    write_tensors(out / "weights.safetensors", weights)
    write_tensors(
        out / "activations.safetensors",
        {
            "pixel_values": pixels,
            "last_hidden_state": hidden,
            "loss_weights": loss_weights,
            **gradients,
        },
    )
    print("cls", hidden[0, 0, :3].tolist())


if __name__ == "__main__":
    torch.set_num_threads(1)
    main()
